//! What changes the meaning of slices: a number that is another one whenever old slices are worth nothing.
//!
//! It is the XXH64, seed 0, of a text: lines of a word, a blank and a value, in the order that `canonical_text` writes them in. Selectors are written
//! with the name first and the other matchers sorted, lists of selectors and labels sorted, numbers in their shortest form. What is
//! applied when slices are read (targets, windows, exclusions, policies, what absent data mean) is not in it, nor what is for people.

use std::fmt;

use twox_hash::XxHash64;

use crate::promql::are_rates;
use crate::spec::{Comparison, Counted, FirstSample, Indicator, Selector, Slo, Which};

/// The first line; another number when slices are counted in another way.
const HEAD: &str = "narthex slices 1";

/// A generation of slices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Generation(pub u64);

/// As 16 hexadecimal digits.
impl fmt::Display for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// The generation of an SLO's slices.
pub fn generation(slo: &Slo) -> Generation {
    Generation(XxHash64::oneshot(0, canonical_text(slo).as_bytes()))
}

/// Everything that changes the meaning of slices.
fn canonical_text(slo: &Slo) -> String {
    let mut lines = vec![HEAD.to_owned(), format!("slice_ms {}", slo.slice_ms)];
    let first_sample = match slo.missing.first_sample {
        FirstSample::Zero => "zero",
        FirstSample::Ignore => "ignore",
    };
    lines.push(format!("first_sample {first_sample}"));
    let mut labels: Vec<_> = slo.group_by.iter().collect();
    labels.sort();
    lines.extend(labels.into_iter().map(|label| format!("group_by {label}")));
    indicator(&slo.indicator, &mut lines);
    lines.join("\n") + "\n"
}

fn indicator(indicator: &Indicator, lines: &mut Vec<String>) {
    let mut line = |word: &str, value: &dyn fmt::Display| lines.push(format!("{word} {value}"));
    match indicator {
        Indicator::Events { total, some, which } => {
            line("indicator", &"events");
            selectors("total", total, &mut line);
            selectors(name(*which), some, &mut line);
        }
        Indicator::Latency { buckets, threshold } => {
            line("indicator", &"latency");
            selectors("buckets", buckets, &mut line);
            line("threshold", threshold);
        }
        Indicator::NativeLatency {
            histograms,
            threshold,
        } => {
            line("indicator", &"native-latency");
            selectors("histograms", histograms, &mut line);
            line("threshold", threshold);
        }
        Indicator::Gauge {
            gauges,
            comparison,
            value,
            by_time,
        } => {
            line("indicator", &"gauge");
            selectors("gauges", gauges, &mut line);
            line(sign(*comparison), value);
            line("by_time", by_time);
        }
        Indicator::Queries { total, some, which } => {
            line("indicator", &"queries");
            line("total", total);
            line(name(*which), some);
            if are_rates(total, some) {
                line("times", &"seconds");
            }
        }
        Indicator::ErrorRatio { query } => {
            line("indicator", &"error-ratio");
            line("query", query);
        }
        Indicator::Composite { parts } => {
            line("indicator", &"composite");
            for part in parts {
                line(&format!("part {}", part.slo), &part.weight);
            }
        }
    }
}

fn selectors(word: &str, counted: &Counted, line: &mut impl FnMut(&str, &dyn fmt::Display)) {
    let texts = counted
        .0
        .iter()
        .map(|selector| Selector::new(selector.matchers.clone()).to_string());
    let mut texts: Vec<_> = texts.collect();
    texts.sort();
    texts.iter().for_each(|text| line(word, text));
}

fn name(which: Which) -> &'static str {
    match which {
        Which::Good => "good",
        Which::Bad => "bad",
    }
}

fn sign(comparison: Comparison) -> &'static str {
    match comparison {
        Comparison::Less => "<",
        Comparison::LessOrEqual => "<=",
        Comparison::Greater => ">",
        Comparison::GreaterOrEqual => ">=",
        Comparison::Equal => "==",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Options, Text, parse};

    fn read(text: &str) -> Slo {
        let text = Text { file: "a", text };
        let specs = parse(&[text], &Options::default()).expect("valid");
        specs.slos.into_iter().next().expect("one").slo
    }

    const SPEC: &str = "{name: a, objective: 99.9, window: 30d, group_by: [b, a], errors: ['y{c=\"d\"}', 'x{b=\"2\",a=\"1\"}'], total: t}";

    #[test]
    fn the_same_in_every_version() {
        let slo = read(SPEC);
        let expected = "narthex slices 1\nslice_ms 60000\nfirst_sample zero\ngroup_by a\ngroup_by b\nindicator events\n\
                        total t\nbad x{a=\"1\",b=\"2\"}\nbad y{c=\"d\"}\n";
        assert_eq!(canonical_text(&slo), expected);
        assert_eq!(generation(&slo).to_string(), "fc86fd8065617384");
    }

    #[test]
    fn rates_are_counted_in_another_way_than_before() {
        let text = |function: &str| {
            let query = format!("max({function}(x[{{{{.window}}}}]))");
            canonical_text(&read(&format!(
                "{{name: a, objective: 99, window: 30d, queries: {{errors: '{query}', total: '{query}'}}}}"
            )))
        };
        assert!(text("rate").ends_with("bad max(rate(x[{{.window}}]))\ntimes seconds\n"));
        assert!(text("increase").ends_with("bad max(increase(x[{{.window}}]))\n"));
    }

    #[test]
    fn what_is_applied_at_read_changes_nothing() {
        let before = generation(&read(SPEC));
        let same = [
            SPEC.replace("99.9", "95"),
            SPEC.replace("30d", "calendar-month"),
            SPEC.replace(
                "window",
                "policies: [pyrra], missing: {no_data: bad}, labels: {x: y}, window",
            ),
            SPEC.replace("[b, a]", "[a, b]"),
            SPEC.replace("name: a", "name: other"),
        ];
        for text in same {
            assert_eq!(generation(&read(&text)), before, "{text}");
        }
        let other = [
            SPEC.replace("[b, a]", "[a]"),
            SPEC.replace("errors", "good"),
            SPEC.replace("total: t", "total: u"),
            SPEC.replace("window", "slice: 5m, window"),
            SPEC.replace("window", "missing: {first_sample: ignore}, window"),
        ];
        for text in other {
            assert_ne!(generation(&read(&text)), before, "{text}");
        }
    }
}
