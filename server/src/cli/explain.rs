//! An explanation of a query as text: the expression, the logical plan, the physical plan with its numbers, sums.

use std::fmt::{Display, Write};

use narthex_model::format_duration;
use narthex_sql::explain::{
    Actual, ActualTotals, EstimatedTotals, Explanation, LogicalNode, Operator, Steps,
};

use crate::times::format_time;

/// What is not known.
const UNKNOWN: &str = "?";

/// The whole text.
pub(crate) fn text(explanation: &Explanation) -> String {
    let mut out = String::from("Expression\n");
    for line in explanation.expression.lines() {
        push_line(&mut out, 1, &[line.to_owned()]);
    }
    let steps = steps(&explanation.steps);
    push_line(&mut out, 0, &[format!("\nLogical plan, {steps}")]);
    push_node(&explanation.logical, 1, &mut out);
    push_line(&mut out, 0, &["\nPhysical plan".to_owned()]);
    match &explanation.physical {
        Some(plan) => push_plan(plan, &mut out),
        None => push_line(
            &mut out,
            1,
            &["nothing to run: the answer is known".to_owned()],
        ),
    }
    out.push('\n');
    push_line(&mut out, 0, &[estimated(&explanation.estimate)]);
    if let Some(actual) = &explanation.actual {
        push_actual(actual, &mut out);
    }
    out
}

fn push_line(out: &mut String, depth: usize, cells: &[String]) {
    out.push_str(&"  ".repeat(depth));
    out.push_str(cells.join("  ").trim_end());
    out.push('\n');
}

fn steps(steps: &Steps) -> String {
    let time = |seconds: f64| format_time(milliseconds(seconds));
    if steps.count == 1 {
        return format!("at {}", time(steps.start));
    }
    let interval = format_duration(milliseconds(steps.interval));
    let (start, end) = (time(steps.start), time(steps.end));
    format!("{} steps of {interval} from {start} to {end}", steps.count)
}

fn milliseconds(seconds: f64) -> i64 {
    (seconds * 1_000.0).round() as i64
}

fn push_node(node: &LogicalNode, depth: usize, out: &mut String) {
    let mut cells = vec![node.node.clone()];
    if let Some(chosen) = &node.selected {
        cells.push(format!(
            "{}, up to {}",
            count(chosen.series, "series", "series"),
            count(chosen.samples_max, "sample", "samples")
        ));
        let (start, end) = (milliseconds(chosen.start), milliseconds(chosen.end));
        cells.push(format!(
            "from {} to {}",
            format_time(start),
            format_time(end)
        ));
    }
    cells.extend(node.steps.as_ref().map(steps));
    if !node.remarks.is_empty() {
        cells.push(format!("({})", node.remarks.join("; ")));
    }
    push_line(out, depth, &cells);
    let inputs = node.inputs.iter();
    inputs.for_each(|input| push_node(input, depth + 1, out));
}

/// A line of the table that the physical plan is: numbers, then the operator, indented.
struct Row {
    cells: Vec<String>,
    operator: String,
}

fn push_plan(plan: &Operator, out: &mut String) {
    let header: &[&str] = match plan.actual {
        None => &["series", "samples", "read", "memory"],
        Some(_) => &["expected", "series", "samples", "read", "memory", "time"],
    };
    let mut rows = vec![Row {
        cells: header.iter().map(|h| (*h).to_owned()).collect(),
        operator: "operator".to_owned(),
    }];
    gather(plan, 0, &mut rows);
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.cells.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..header.len()).map(width).collect();
    for row in &rows {
        let cells = row.cells.iter().zip(&widths);
        let mut cells: Vec<_> = cells
            .map(|(cell, width)| format!("{cell:>width$}"))
            .collect();
        cells.push(row.operator.clone());
        push_line(out, 1, &cells);
    }
}

fn gather(operator: &Operator, depth: usize, rows: &mut Vec<Row>) {
    let expected = match operator.estimate.rows {
        Some(rows) if operator.estimate.exact => rows.to_string(),
        Some(rows) => format!("~{rows}"),
        None => UNKNOWN.to_owned(),
    };
    let cells = match &operator.actual {
        None => {
            let memory = operator.estimate.bytes.map(|b| format!("~{}", bytes(b)));
            let read = |name: &str| operator.estimate.reads.get(name).copied();
            vec![
                expected,
                read("samples").map_or_else(String::new, |n| format!("~{n}")),
                read("bytes_read").map_or_else(String::new, |n| format!("~{}", bytes(n))),
                memory.unwrap_or_else(|| UNKNOWN.to_owned()),
            ]
        }
        Some(actual) => {
            let read = |name: &str| actual.counts.get(name).copied();
            vec![
                expected,
                actual.rows.to_string(),
                read("samples").map_or_else(String::new, |n| n.to_string()),
                read("bytes_read").map_or_else(String::new, bytes),
                bytes(actual.bytes),
                milliseconds_text(actual.seconds),
            ]
        }
    };
    let mut text = format!("{}{}", "  ".repeat(depth), operator.operator);
    for part in [operator.detail.clone(), reads(operator)] {
        if !part.is_empty() {
            let _ = write!(
                text,
                "{} {part}",
                if text.contains(": ") { "," } else { ":" }
            );
        }
    }
    rows.push(Row {
        cells,
        operator: text,
    });
    let inputs = operator.inputs.iter();
    inputs.for_each(|input| gather(input, depth + 1, rows));
}

/// What a reader reads, where it is not in a column: expected, or as it was.
fn reads(operator: &Operator) -> String {
    let mut parts = Vec::new();
    let mut push = |name: &str, value: Option<u64>| {
        let value = value.filter(|v| *v > 0);
        parts.extend(value.map(|v| format!("{name}={v}")));
    };
    let estimated = |name: &str| operator.estimate.reads.get(name).copied();
    push("blocks", estimated("blocks"));
    push("row_groups", estimated("row_groups"));
    push("head_windows", estimated("head_windows"));
    match &operator.actual {
        None => push("pages", estimated("pages")),
        Some(Actual { counts, .. }) => {
            for name in [
                "pages",
                "cache_hits",
                "cache_misses",
                "spill_count",
                "spilled_bytes",
            ] {
                push(name, counts.get(name).copied());
            }
        }
    }
    parts.join(", ")
}

fn estimated(totals: &EstimatedTotals) -> String {
    let parts = [
        count(totals.series, "series", "series"),
        format!("up to {}", count(totals.samples_max, "sample", "samples")),
        format!(
            "{} in {}",
            bytes(totals.bytes_read),
            count(totals.pages, "page", "pages")
        ),
        format!(
            "{} of {}",
            count(totals.row_groups, "row group", "row groups"),
            count(totals.blocks, "block", "blocks")
        ),
        count(
            totals.head_windows,
            "window of the head",
            "windows of the head",
        ),
    ];
    format!("Expected  {}", parts.join(", "))
}

fn push_actual(totals: &ActualTotals, out: &mut String) {
    let mut read = vec![
        count(totals.series, "series", "series"),
        count(totals.samples, "sample", "samples"),
        format!(
            "{} in {}",
            bytes(totals.bytes_read),
            count(totals.pages, "page", "pages")
        ),
    ];
    if totals.cache_hits + totals.cache_misses > 0 {
        read.push(count(totals.cache_hits, "cache hit", "cache hits"));
        read.push(count(totals.cache_misses, "cache miss", "cache misses"));
    }
    let result = [
        count(totals.result_series, "series", "series"),
        count(totals.result_samples, "point", "points"),
    ];
    let time = [
        format!("{} to plan", milliseconds_text(totals.planning_seconds)),
        format!("{} to run", milliseconds_text(totals.running_seconds)),
        format!("{} to decode", milliseconds_text(totals.decoding_seconds)),
        format!(
            "operators {} over all cores",
            milliseconds_text(totals.operator_seconds)
        ),
    ];
    let mut memory = vec![format!(
        "at most {} reserved",
        bytes(totals.memory_peak_bytes)
    )];
    if totals.spilled_bytes > 0 {
        memory.push(format!("{} put aside on disk", bytes(totals.spilled_bytes)));
    }
    let lines = [
        ("Read", read.as_slice()),
        ("Answer", &result),
        ("Time", &time),
        ("Memory", &memory),
    ];
    for (name, parts) in lines {
        push_line(out, 0, &[format!("{name:<8}"), parts.join(", ")]);
    }
}

fn count(number: u64, one: impl Display, many: impl Display) -> String {
    match number {
        1 => format!("1 {one}"),
        _ => format!("{number} {many}"),
    }
}

fn milliseconds_text(seconds: f64) -> String {
    format!("{:.3} ms", seconds * 1_000.0)
}

/// With three digits at least, in decimal units.
fn bytes(bytes: u64) -> String {
    let mut value = bytes as f64;
    let mut units = ["B", "kB", "MB", "GB", "TB"].into_iter().peekable();
    while let Some(unit) = units.next() {
        if value < 1_000.0 || units.peek().is_none() {
            let digits = if unit == "B" { 0 } else { 1 };
            return format!("{value:.digits$} {unit}");
        }
        value /= 1_000.0;
    }
    bytes.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts() {
        let texts = [0, 999, 1_000, 12_345_678, 5_000_000_000_000_000].map(bytes);
        assert_eq!(texts, ["0 B", "999 B", "1.0 kB", "12.3 MB", "5000.0 TB"]);
        assert_eq!(count(1, "page", "pages"), "1 page");
        assert_eq!(milliseconds_text(0.001_5), "1.500 ms");
    }
}
