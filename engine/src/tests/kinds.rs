//! Any sequence of writes of every kind of sample, flushes, merges and restarts reads as plain maps would.

use std::collections::{BTreeMap, BTreeSet};

use futures::executor::block_on;
use narthex_model::{
    Exemplar, Histogram, HistogramSample, Labels, Matcher, Metadata, MetadataEntry, Sink,
    TimeRange, WriteBatch,
};
use proptest::prelude::*;

use super::histograms::histogram;
use super::support::{labels, open};
use crate::{Engine, Snapshot};

/// A sample of either kind; a histogram with its start.
#[derive(Debug, Clone)]
enum Sample {
    Float(f64),
    Histogram(Histogram, Option<i64>),
}

/// By series and time one sample.
type Samples = BTreeMap<Labels, BTreeMap<i64, Sample>>;

/// What the engine should hold.
#[derive(Debug, Clone, Default)]
struct Model {
    samples: Samples,
    /// By series and time, each with the number of its trace.
    exemplars: BTreeSet<(Labels, i64, u8)>,
    /// By metric the help texts.
    metadata: BTreeMap<String, BTreeSet<String>>,
}

#[derive(Debug, Clone)]
enum Step {
    Write(Vec<(u32, i64, Sample)>),
    /// Series, time, trace.
    Exemplars(Vec<(u32, i64, u8)>),
    /// Metric and help text.
    Metadata(Vec<(u8, u8)>),
    /// Of one series, from a time on for so long.
    Delete(u32, i64, i64),
    Flush,
    Condense,
    Compact,
    Reopen,
    Close,
}

fn sample() -> impl Strategy<Value = Sample> {
    let start = prop::option::of(1..1000_i64);
    prop_oneof![
        (0..5_i32).prop_map(|v| Sample::Float(f64::from(v))),
        (histogram(), start).prop_map(|(h, start)| Sample::Histogram(h, start)),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let late = prop::collection::vec((0..4_u32, -2_000..4_000_i64, sample()), 1..30);
    let same_times = prop::collection::vec((0..2_u32, 0..6_i64, sample()), 1..10);
    let in_order = (0..3_000_i64, 0..4_u32, sample()).prop_map(|(start, series, sample)| {
        (0..60)
            .map(|i| (series, start + 7 * i, sample.clone()))
            .collect::<Vec<_>>()
    });
    prop_oneof![
        3 => late.prop_map(Step::Write),
        3 => same_times.prop_map(Step::Write),
        2 => in_order.prop_map(Step::Write),
        2 => prop::collection::vec((0..4_u32, -2_000..4_000_i64, 0..4_u8), 1..20).prop_map(Step::Exemplars),
        1 => prop::collection::vec((0..4_u8, 0..4_u8), 1..5).prop_map(Step::Metadata),
        1 => (0..4_u32, -2_000..4_000_i64, 1..2_000_i64).prop_map(|(s, from, len)| Step::Delete(s, from, len)),
        2 => Just(Step::Flush),
        2 => Just(Step::Condense),
        2 => Just(Step::Compact),
        1 => Just(Step::Reopen),
        1 => Just(Step::Close),
    ]
}

fn write(engine: &Engine, model: &mut Samples, samples: Vec<(u32, i64, Sample)>) {
    let mut batch = WriteBatch::new();
    let count = samples.len() as u64;
    let mut histograms = Vec::new();
    for (series, timestamp, sample) in samples {
        let position = batch.push_packed_series(labels(series).as_ref());
        match &sample {
            Sample::Float(value) => {
                batch.push_sample(position, timestamp, *value);
                let series = model.entry(labels(series)).or_default();
                series.insert(timestamp, sample);
            }
            Sample::Histogram(histogram, start_timestamp) => {
                batch.histograms.push(HistogramSample {
                    series: position,
                    timestamp,
                    histogram: histogram.clone(),
                    start_timestamp: *start_timestamp,
                });
                histograms.push((labels(series), timestamp, sample));
            }
        }
    }
    // Within a batch histograms come after floats.
    for (labels, timestamp, sample) in histograms {
        let series = model.entry(labels).or_default();
        series.insert(timestamp, sample);
    }
    let receipt = block_on(engine.write(batch)).expect("written");
    assert_eq!((receipt.stored, receipt.rejected), (count, 0));
}

fn trace(number: u8) -> Labels {
    Labels::new([("trace_id", number.to_string().as_str())]).expect("valid")
}

fn write_exemplars(engine: &Engine, model: &mut Model, exemplars: Vec<(u32, i64, u8)>) {
    let mut batch = WriteBatch::new();
    for (series, timestamp, number) in exemplars {
        let position = batch.push_packed_series(labels(series).as_ref());
        batch.exemplars.push(Exemplar {
            series: position,
            labels: trace(number).as_ref().as_bytes().to_vec(),
            value: f64::from(number),
            timestamp: Some(timestamp),
        });
        model.exemplars.insert((labels(series), timestamp, number));
    }
    block_on(engine.write(batch)).expect("written");
}

fn write_metadata(engine: &Engine, model: &mut Model, said: Vec<(u8, u8)>) {
    let mut batch = WriteBatch::new();
    for (metric, help) in said {
        let (metric, help) = (format!("metric_{metric}"), format!("says {help}"));
        batch.metadata.push(MetadataEntry {
            metric: metric.clone(),
            metadata: Metadata {
                help: help.clone(),
                ..Metadata::default()
            },
        });
        model.metadata.entry(metric).or_default().insert(help);
    }
    block_on(engine.write(batch)).expect("written");
}

fn check_extras(snapshot: &Snapshot, model: &Model, range: TimeRange) {
    let found = snapshot.exemplars(&[], range).expect("reads");
    let inside = |(_, t, _): &&(Labels, i64, u8)| range.contains(*t);
    let want: Vec<_> = model.exemplars.iter().filter(inside).cloned().collect();
    let got: Vec<_> = found
        .iter()
        .map(|e| (e.series.clone(), e.timestamp, e.value as u8))
        .collect();
    assert_eq!(got, want);
    assert!(found.iter().all(|e| e.labels == trace(e.value as u8)));
    let one = snapshot.exemplars(&[Matcher::equal("job", "job 1")], range);
    let of_one = want.iter().filter(|(l, ..)| *l == labels(1)).count();
    assert_eq!(one.expect("reads").len(), of_one);
}

fn check_metadata(engine: &Engine, model: &Model) {
    let texts = |(metric, all): (String, Vec<Metadata>)| {
        let helps: BTreeSet<_> = all.into_iter().map(|m| m.help).collect();
        (metric, helps)
    };
    let listed = engine.snapshot().metadata(None, usize::MAX);
    let listed: BTreeMap<_, _> = listed.into_iter().map(texts).collect();
    assert_eq!(listed, model.metadata);
}

fn delete(engine: &Engine, model: &mut Model, series: u32, range: TimeRange) {
    let matchers = vec![Matcher::equal("job", format!("job {series}"))];
    let receipt = engine.delete(&[matchers], range).expect("deletes");
    let mut gone = 0;
    model
        .exemplars
        .retain(|(l, t, _)| *l != labels(series) || !range.contains(*t));
    if let Some(samples) = model.samples.get_mut(&labels(series)) {
        let before = samples.len();
        samples.retain(|t, _| !range.contains(*t));
        gone = before - samples.len();
    }
    assert_eq!(receipt.samples, gone as u64);
}

fn check(snapshot: &Snapshot, model: &Model, range: TimeRange) {
    let selection = snapshot.select(&[], range).expect("selects");
    let floats = selection.read(0..selection.len()).expect("reads");
    let histograms = selection
        .read_histograms(0..selection.len())
        .expect("reads");
    assert_eq!(histograms.offsets.len(), selection.len() + 1);
    assert!(selection.has_histograms() || histograms.samples.is_empty());
    let mut seen = 0;
    for i in 0..selection.len() {
        let labels = selection.series(i).labels.to_owned();
        let want: Vec<_> = model
            .samples
            .get(&labels)
            .into_iter()
            .flatten()
            .filter(|(t, _)| range.contains(**t))
            .collect();
        let got: Vec<_> = floats
            .samples(i)
            .map(|(t, value)| (t, value.to_bits()))
            .collect();
        let want_floats: Vec<_> = want
            .iter()
            .filter_map(|(t, sample)| match sample {
                Sample::Float(value) => Some((**t, value.to_bits())),
                Sample::Histogram(..) => None,
            })
            .collect();
        assert_eq!(got, want_floats, "floats of {labels}");
        let mut rows = histograms.offsets[i] as usize..histograms.offsets[i + 1] as usize;
        assert!(rows.len() as u64 <= selection.histograms_max(i));
        for (t, sample) in &want {
            if let Sample::Histogram(histogram, start) = sample {
                let at = rows.next().expect("as many as in the model");
                let row = histograms.samples.get(at).expect("there");
                assert_eq!((row.0, row.1), (**t, start.unwrap_or(0)));
                assert!(row.2.same_bits(&histogram.as_ref()), "{:?}", row.2);
            }
        }
        assert_eq!(rows.next(), None, "histograms of {labels}");
        seen += usize::from(!want.is_empty());
    }
    let inside = |samples: &BTreeMap<i64, Sample>| samples.keys().any(|t| range.contains(*t));
    assert_eq!(seen, model.samples.values().filter(|s| inside(s)).count());
    check_extras(snapshot, model, range);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn reads_as_maps_would(steps in prop::collection::vec(step(), 1..14), from in -2_100..4_100_i64, len in 0..3_000_i64) {
        let folder = tempfile::tempdir().expect("made");
        let mut engine = open(folder.path());
        let mut model = Model::default();
        for step in steps {
            let before = (engine.snapshot(), model.clone());
            match step {
                Step::Write(samples) => write(&engine, &mut model.samples, samples),
                Step::Exemplars(exemplars) => write_exemplars(&engine, &mut model, exemplars),
                Step::Metadata(said) => write_metadata(&engine, &mut model, said),
                Step::Delete(series, from, len) => delete(&engine, &mut model, series, TimeRange::new(from, from + len)),
                Step::Condense => engine.condense().expect("condenses"),
                Step::Flush => engine.flush().expect("flushes"),
                Step::Compact => engine.compact().expect("merges"),
                Step::Reopen => {
                    drop(engine);
                    engine = open(folder.path());
                }
                Step::Close => {
                    engine.close().expect("closes");
                    drop(engine);
                    engine = open(folder.path());
                }
            }
            check(&before.0, &before.1, TimeRange::ALL);
            check(&engine.snapshot(), &model, TimeRange::ALL);
            check_metadata(&engine, &model);
        }
        check(&engine.snapshot(), &model, TimeRange::new(from, from + len));
        let reader = Engine::open_read_only(folder.path()).expect("opens");
        check(&reader.snapshot(), &model, TimeRange::ALL);
        check_metadata(&reader, &model);
        let bounds = engine.snapshot().time_bounds();
        let covered = |t: &i64| bounds.is_some_and(|(first, last)| (first..=last).contains(t));
        prop_assert!(model.samples.values().flat_map(BTreeMap::keys).all(covered));
        prop_assert_eq!(crate::verify(folder.path()).expect("reads").damaged, vec![]);
    }
}
