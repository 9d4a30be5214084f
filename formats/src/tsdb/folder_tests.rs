//! A data folder that Prometheus wrote: blocks and logs together hold what was sent, histograms included.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use narthex_model::{Error, Histogram, Label, Labels, ResetHint, Span, TimeRange, format_float};

use super::tests::{blocks_in, for_each_chunk, sorted_paths};
use super::*;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/prometheus-folder")
}

/// Samples as texts, by series and time.
type Texts = BTreeMap<(String, i64), String>;

fn float_text(value: f64) -> String {
    format!("{:016x}", value.to_bits())
}

fn histogram_text(h: &Histogram) -> String {
    let list = |values: &[f64]| {
        let texts: Vec<_> = values.iter().map(|v| format_float(*v)).collect();
        format!("[{}]", texts.join(","))
    };
    let side = |spans: &[Span], buckets: &[f64]| {
        let spans: Vec<_> = spans
            .iter()
            .map(|s| format!("[{},{}]", s.offset, s.length))
            .collect();
        format!("[[{}],{}]", spans.join(","), list(buckets))
    };
    let numbers = [
        f64::from(h.schema),
        h.zero_threshold,
        h.zero_count,
        h.count,
        h.sum,
    ];
    let positive = side(&h.positive_spans, &h.positive_buckets);
    let negative = side(&h.negative_spans, &h.negative_buckets);
    format!(
        "[{},{positive},{negative},{}]",
        list(&numbers),
        list(&h.custom_values)
    )
}

/// What the blocks hold.
fn in_blocks() -> (Texts, Vec<(String, ResetHint)>) {
    let (mut texts, mut hints) = (Texts::new(), Vec::new());
    for block in blocks_in(&folder()) {
        for_each_chunk(&block, |labels, _, chunk| {
            let (mut timestamps, mut values, mut histograms) = (Vec::new(), Vec::new(), Vec::new());
            match chunk.encoding {
                Encoding::Xor => {
                    decode_floats(chunk.data, &mut timestamps, &mut values).expect("samples");
                }
                encoding => {
                    decode_histograms(encoding, chunk.data, &mut histograms).expect("samples");
                }
            }
            for (t, value) in timestamps.iter().zip(values) {
                texts.insert((labels.to_string(), *t), float_text(value));
            }
            for (t, histogram) in histograms {
                texts.insert((labels.to_string(), t), histogram_text(&histogram));
                hints.push((labels.to_string(), histogram.reset_hint));
            }
        });
    }
    (texts, hints)
}

/// Gathers what logs hold.
#[derive(Default)]
struct Gathered {
    labels: HashMap<u64, String>,
    texts: Texts,
    exemplars: Vec<String>,
    deleted: Vec<(String, TimeRange)>,
}

impl Gathered {
    fn name(&self, reference: u64) -> String {
        self.labels
            .get(&reference)
            .expect("a series before its samples")
            .clone()
    }
}

impl WalSink for Gathered {
    fn series(&mut self, reference: u64, labels: &mut [Label<'_>]) -> Result<(), Error> {
        let labels = Labels::new(labels.iter().copied()).expect("a set");
        self.labels.insert(reference, labels.to_string());
        Ok(())
    }

    fn sample(&mut self, reference: u64, t: i64, value: f64) {
        let name = self.name(reference);
        self.texts.insert((name, t), float_text(value));
    }

    fn histogram(&mut self, reference: u64, t: i64, histogram: Histogram) {
        let name = self.name(reference);
        self.texts.insert((name, t), histogram_text(&histogram));
    }

    fn exemplar(&mut self, reference: u64, exemplar: WalExemplar<'_>) -> Result<(), Error> {
        let WalExemplar {
            labels,
            timestamp,
            value,
        } = exemplar;
        let text = format!("{} {labels:?} {value} {timestamp}", self.name(reference));
        self.exemplars.push(text);
        Ok(())
    }

    fn tombstone(&mut self, reference: u64, range: TimeRange) {
        self.deleted.push((self.name(reference), range));
    }
}

fn in_logs() -> Gathered {
    let mut gathered = Gathered::default();
    for log in ["wal", "wbl"] {
        for path in sorted_paths(&folder().join(log)) {
            let bytes = std::fs::read(&path).expect("a segment");
            let mut pages = WalPages::default();
            for page in bytes.chunks(WAL_PAGE_BYTES) {
                let mut read = |record: &[u8]| read_wal_record(record, &mut gathered);
                pages.page(page, &mut read).expect("a page");
            }
            assert!(!pages.is_torn(), "{}", path.display());
        }
    }
    gathered
}

#[test]
fn blocks_and_logs_hold_what_was_sent() {
    let text = std::fs::read_to_string(folder().join("samples.txt")).expect("the text");
    let want: BTreeSet<&str> = text.lines().collect();
    let mut found = in_blocks().0;
    found.extend(in_logs().texts);
    let found: BTreeSet<String> = found
        .into_iter()
        .map(|((series, t), value)| format!("{series} {t} {value}"))
        .collect();
    let missing: Vec<_> = want.iter().filter(|line| !found.contains(**line)).collect();
    assert_eq!(missing, Vec::<&&str>::new());
    let deleted = |line: &&String| !want.contains(line.as_str());
    let more: Vec<_> = found.iter().filter(deleted).collect();
    assert!(
        more.iter().all(|line| line.starts_with("load{host=\"c\"")),
        "{more:?}"
    );
}

#[test]
fn the_log_has_deletes_and_exemplars() {
    let gathered = in_logs();
    assert!(!gathered.deleted.is_empty());
    let of_c = |d: &(String, TimeRange)| d.0 == "load{host=\"c\", job=\"web\"}";
    assert!(gathered.deleted.iter().all(of_c), "{:?}", gathered.deleted);
    let first = gathered.exemplars.first().expect("an exemplar");
    let want = "requests_total{host=\"a\", job=\"web\"} [(\"trace_id\", \"a0\")] 0.5 17356896000";
    assert!(first.starts_with(want), "{first}");
}

#[test]
fn hints_are_those_of_the_chunks() {
    for (series, hint) in in_blocks().1 {
        let is_gauge = series.starts_with("queue_gauge");
        assert_eq!(hint == ResetHint::Gauge, is_gauge, "{series}");
    }
}
