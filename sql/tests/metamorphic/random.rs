//! Random well-typed expressions over the series of `world.rs`.
//!
//! What adds rounded numbers of several series stands at the top alone: the order of such an addition is not defined, and
//! a comparison or a difference above it would make much of the last bit.

use rand::Rng;
use rand::seq::IndexedRandom;
use rand_chacha::ChaCha8Rng;

const FLOATS: [&str; 8] = [
    "load",
    "temperature",
    "weird",
    "requests_total",
    "latency_bucket",
    "latency_count",
    "target_info",
    "born_total",
];
const NATIVE: [&str; 4] = ["native", "native_custom", "native_gauge", "both"];
const MATCHERS: [&str; 6] = [
    "job=\"api\"",
    "job!=\"api\"",
    "host=~\"a|b\"",
    "host!~\"b.*\"",
    "code=\"500\"",
    "le=\"\"",
];
const RANGES: [&str; 6] = ["45s", "2m", "5m", "7m30s", "20m", "1h"];
const OVER_TIME: [&str; 20] = [
    "avg_over_time",
    "min_over_time",
    "max_over_time",
    "sum_over_time",
    "count_over_time",
    "stddev_over_time",
    "stdvar_over_time",
    "last_over_time",
    "first_over_time",
    "present_over_time",
    "mad_over_time",
    "deriv",
    "delta",
    "idelta",
    "rate",
    "increase",
    "irate",
    "changes",
    "resets",
    "ts_of_max_over_time",
];
const ELEMENTWISE: [&str; 14] = [
    "abs",
    "ceil",
    "floor",
    "exp",
    "ln",
    "sqrt",
    "sgn",
    "sin",
    "atan",
    "timestamp",
    "hour",
    "histogram_count",
    "histogram_sum",
    "-",
];
const LABELS: [&str; 4] = ["job", "host", "code", "le"];
/// Those whose result does not depend on the order of the series.
const EXACT: [&str; 4] = ["min", "max", "count", "group"];
/// Those whose result does, in the last bits.
const ROUNDED: [&str; 4] = ["sum", "avg", "stddev", "stdvar"];

/// Makes expressions.
pub(crate) struct Generator<'a>(pub(crate) &'a mut ChaCha8Rng);

impl Generator<'_> {
    /// The next one.
    pub(crate) fn query(&mut self) -> String {
        let depth = self.0.random_range(1..4);
        let inner = self.vector(depth);
        match self.0.random_range(0..10) {
            0 | 1 => format!("{}{} ({inner})", self.any(&ROUNDED), self.grouping()),
            2 => format!(
                "histogram_quantile({}, {})",
                self.any(&["0.1", "0.9", "1"]),
                self.buckets()
            ),
            3 => format!("sort{}({inner})", self.any(&["", "_desc"])),
            _ => inner,
        }
    }

    fn any(&mut self, of: &[&'static str]) -> &'static str {
        of.choose(self.0).copied().unwrap_or("")
    }

    fn maybe(&mut self, chance: f64, text: &'static str) -> &'static str {
        if self.0.random_bool(chance) { text } else { "" }
    }

    fn modifiers(&mut self) -> String {
        let at = self.any(&[" @ start()", " @ end()", " @ 1767230000.5"]);
        let offset = self.any(&[" offset 30s", " offset 11m", " offset -2m"]);
        format!("{}{}", self.maybe(0.05, at), self.maybe(0.2, offset))
    }

    fn selector(&mut self) -> String {
        let native = self.0.random_bool(0.25);
        let name = if native {
            self.any(&NATIVE)
        } else {
            self.any(&FLOATS)
        };
        let count = *[0, 0, 1, 2].choose(self.0).unwrap_or(&0);
        let matchers: Vec<_> = MATCHERS.choose_multiple(self.0, count).copied().collect();
        if self.0.random_bool(0.1) {
            return format!("{{__name__=~\"{name}|load|both\",{}}}", matchers.join(","));
        }
        format!("{name}{{{}}}", matchers.join(","))
    }

    fn window(&mut self, depth: u32) -> String {
        let range = self.any(&RANGES);
        let modifiers = self.modifiers();
        if depth > 1 && self.0.random_bool(0.25) {
            let step = self.any(&["", "30s", "47s"]);
            return format!("({})[{range}:{step}]{modifiers}", self.vector(depth - 1));
        }
        format!("{}[{range}]{modifiers}", self.selector())
    }

    fn grouping(&mut self) -> String {
        let word = self.any(&["by", "without"]);
        let count = self.0.random_range(0..3);
        let labels: Vec<_> = LABELS.choose_multiple(self.0, count).copied().collect();
        format!("{word} ({})", labels.join(", "))
    }

    fn matching(&mut self, sets: bool) -> String {
        let word = self.any(&["on", "ignoring"]);
        let count = self.0.random_range(1..3);
        let labels: Vec<_> = LABELS.choose_multiple(self.0, count).copied().collect();
        let group = if sets {
            ""
        } else {
            self.any(&["", "group_left", "group_right", "group_left (code)"])
        };
        match self.0.random_bool(0.4) {
            true => String::new(),
            false => format!("{word} ({}) {group}", labels.join(", ")),
        }
    }

    fn buckets(&mut self) -> String {
        let grouping = self.any(&["(job, le)", "(le)", "(host, le, job)"]);
        match self.0.random_range(0..3) {
            0 => format!(
                "sum by {grouping} (rate(latency_bucket[{}]))",
                self.any(&RANGES)
            ),
            1 => "latency_bucket".to_owned(),
            _ => format!("rate(native[{}])", self.any(&RANGES)),
        }
    }

    fn vector(&mut self, depth: u32) -> String {
        if depth == 0 {
            return format!("{}{}", self.selector(), self.modifiers());
        }
        match self.0.random_range(0..12) {
            0..3 => format!("{}({})", self.any(&OVER_TIME), self.window(depth)),
            3 | 4 => format!("{}({})", self.any(&ELEMENTWISE), self.vector(depth - 1)),
            5 => format!(
                "{} {} ({})",
                self.any(&EXACT),
                self.grouping(),
                self.vector(depth - 1)
            ),
            6 => self.ranked(depth),
            7 => self.with_number(depth),
            8 => {
                let op = self.any(&["and", "or", "unless"]);
                let (left, right) = (self.vector(depth - 1), self.vector(depth - 1));
                format!("({left} {op} {} {right})", self.matching(true))
            }
            9 => self.labelled(depth),
            _ => {
                let op = self.any(&["+", "-", "*", "/", "%", "==", "!=", ">", "<= bool"]);
                let (left, right) = (self.vector(depth - 1), self.vector(depth - 1));
                format!("({left} {op} {} {right})", self.matching(false))
            }
        }
    }

    fn ranked(&mut self, depth: u32) -> String {
        let op = self.any(&[
            "topk(2, ",
            "bottomk(1, ",
            "limitk(3, ",
            "limit_ratio(-0.6, ",
            "quantile(0.3, ",
            "count_values(\"v\", ",
        ]);
        format!("{op}{})", self.vector(depth - 1))
    }

    fn with_number(&mut self, depth: u32) -> String {
        let op = self.any(&["+", "*", "/", "^", ">", "== bool", "%"]);
        let number = self.any(&["2", "-0.5", "Inf", "time()", "scalar(solo)"]);
        format!("({} {op} {number})", self.vector(depth - 1))
    }

    fn labelled(&mut self, depth: u32) -> String {
        let inner = self.vector(depth - 1);
        let rest = self.any(&[
            "\"new\", \"$1\", \"host\", \"(.*)\"",
            "\"host\", \"x\", \"job\", \"a.*\"",
            "\"__name__\", \"$1\", \"job\", \"(.*)\"",
        ]);
        format!("label_replace({inner}, {rest})")
    }
}
