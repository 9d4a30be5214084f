//! Every function, operator and aggregation at least once.

use narthex_promql::ast::ValueType;
use narthex_promql::signature::{SIGNATURES, Signature};

/// Selectors that say something about most functions.
const VECTORS: [&str; 4] = ["load", "requests_total", "native", "{job=\"api\"}"];
/// The same with windows.
const WINDOWS: [&str; 5] = [
    "load[5m]",
    "requests_total[12m] offset 3m",
    "native[7m]",
    "{job=\"api\"}[10m]",
    "born_total[6m]",
];
const AGGREGATIONS: [&str; 8] = [
    "sum", "avg", "min", "max", "count", "group", "stddev", "stdvar",
];
const OPERATORS: [&str; 13] = [
    "+", "-", "*", "/", "%", "^", "atan2", "==", "!=", "<", "<=", ">", ">=",
];

/// What no pattern makes.
const OTHERS: &[&str] = &[
    "load",
    "{__name__=~\".+\"}",
    "both",
    "weird @ end() offset -5m",
    "requests_total{code=\"500\"}[5m]",
    "native[5m]",
    "born_total[3m]",
    "max_over_time((sum by (job) (requests_total))[20m:90s])",
    "increase(requests_total[10m:])",
    "rate(requests_total[5m] smoothed)",
    "increase(requests_total[5m] anchored)",
    "load smoothed",
    "requests_total / on (job, host) group_left load",
    "load * on (job, host) group_right () requests_total",
    "requests_total{code=\"500\"} / ignoring (code) requests_total{code=\"200\"}",
    "load + on (job, host) fill (3) temperature{job=\"api\"}",
    "load and on (host) weird > 3",
    "load or requests_total",
    "load unless on (job) target_info",
    "(load and temperature) or both",
    "load * on (job, host) group_left (version) target_info",
    "info(load)",
    "info(load, {version=~\"1.*\"})",
    "topk(3, load)",
    "bottomk by (job) (1, weird)",
    "limitk(4, {job=\"db\"})",
    "limitk by (__name__) (1, {job=\"api\"})",
    "limit_ratio(0.4, {host=\"a\"})",
    "quantile by (host) (0.3, temperature)",
    "quantile(scalar(solo) / 10, load)",
    "count_values(\"v\", weird)",
    "count_values by (job) (\"v\", {__name__=~\"native|solo|weird\"})",
    "sum by (job) (native)",
    "avg(native_custom)",
    "sum(rate(native[5m]))",
    "histogram_quantile(0.9, sum by (le) (rate(latency_bucket[5m])))",
    "histogram_quantile(0.5, rate(native[5m]))",
    "histogram_fraction(0, 0.5, rate(latency_bucket[9m]))",
    "native >/ 0.5",
    "native </ 0.5",
    "native * 2 + native",
    "native == native offset 2m",
    "sort(load)",
    "sort_desc(weird)",
    "sort_by_label({job=\"api\"}, \"host\", \"__name__\", \"code\", \"le\")",
    "label_replace(load, \"x\", \"$1-$2\", \"host\", \"(.)(.*)\")",
    "label_replace({job=\"api\"}, \"job\", \"\", \"job\", \".*\")",
    "label_join(requests_total, \"x\", \"/\", \"job\", \"code\", \"nope\")",
    "absent(nothing{job=\"x\"})",
    "absent_over_time(load{host=\"a\"}[1m])",
    "load + load",
    "sum(load) + sum(load)",
    "requests_total / on (job) load",
    "label_replace(load, \"host\", \"\", \"\", \"\")",
    "vector(time()) + on () group_right load",
    "-load ^ 2",
    "scalar(sum(requests_total{code=\"200\"})) * load",
];

/// Expressions, a few for each word of the language.
pub(crate) fn listed() -> Vec<String> {
    let mut out: Vec<String> = OTHERS.iter().map(|&q| q.to_owned()).collect();
    for function in SIGNATURES {
        out.extend(calls(function));
    }
    for op in AGGREGATIONS {
        out.push(format!("{op}({{job=\"api\"}})"));
        out.push(format!("{op} by (job, le) ({{host=~\"a|b\"}})"));
        out.push(format!("{op} without (host) (weird)"));
    }
    for op in OPERATORS {
        out.push(format!("load {op} 2"));
        out.push(format!(
            "3.5 {op} {}weird",
            if op.contains(['=', '<', '>']) {
                "bool "
            } else {
                ""
            }
        ));
        out.push(format!(
            "{{job=\"api\",__name__=~\"load|native|weird\"}} {op} on (host, job) load"
        ));
        out.push(format!("native {op} native_gauge"));
    }
    out
}

/// A call for each kind of its first vector.
fn calls(function: &Signature) -> Vec<String> {
    let texts: &[&str] = match function.name {
        "label_replace" => &["host", "$1!", "job", "(.).*"],
        "label_join" => &["joined", "-", "job", "host"],
        "histogram_quantiles" => &["q"],
        _ => &["host", "code"],
    };
    let kinds = match function.args.contains(&ValueType::RangeVector) {
        true => WINDOWS.len(),
        false if function.args.contains(&ValueType::InstantVector) => VECTORS.len(),
        false => 1,
    };
    (0..kinds).map(|kind| call(function, kind, texts)).collect()
}

fn call(function: &Signature, kind: usize, texts: &[&str]) -> String {
    let mut texts = texts.iter();
    let mut numbers = ["0.3", "0.7"].iter().cycle();
    let (fewest, _) = function.arguments();
    let wanted = function.args.len().max(fewest);
    let wanted = if function.name == "info" { 1 } else { wanted };
    let argument = |at| match function.argument_type(at) {
        Some(ValueType::RangeVector) => WINDOWS[kind].to_owned(),
        Some(ValueType::Scalar) => (*numbers.next().unwrap_or(&"1")).to_owned(),
        Some(ValueType::String) => format!("{:?}", texts.next().unwrap_or(&"x")),
        _ => VECTORS[kind].to_owned(),
    };
    let arguments: Vec<String> = (0..wanted).map(argument).collect();
    format!("{}({})", function.name, arguments.join(", "))
}
