//! The Markdown that a run prints.

use std::fmt::Write as _;

use crate::compare::{Agreement, Row};
use crate::load::Load;
use crate::peers::Kind;
use crate::process::Memory;

/// What was found of one system besides its queries.
#[derive(Debug)]
pub(crate) struct Column {
    pub(crate) kind: Kind,
    pub(crate) version: String,
    pub(crate) load: Load,
    pub(crate) samples_found: u64,
    pub(crate) memory_after_queries: Memory,
}

/// The whole report.
pub(crate) fn report(dataset: &str, command: &str, columns: &[Column], rows: &[Row]) -> String {
    let versions: Vec<_> = columns
        .iter()
        .map(|column| column.version.clone())
        .collect();
    let mut out = head(&versions, dataset, command);
    // Writing to a string cannot fail.
    let _ = write!(
        out,
        "## Load\n\n{}\n## Queries\n\n{}\n{}",
        load_table(columns),
        query_table(columns, rows),
        remarks(columns, rows),
    );
    out
}

/// On which machine, with which programs, data and command.
pub(crate) fn head(versions: &[String], dataset: &str, command: &str) -> String {
    format!(
        "Machine: {}\nVersions: {}\nData: {dataset}\nCommand: `{command}`\n\n",
        machine(),
        versions.join("; "),
    )
}

fn machine() -> String {
    let read = |path| std::fs::read_to_string(path).unwrap_or_default();
    let (cpu, memory) = (read("/proc/cpuinfo"), read("/proc/meminfo"));
    let model = cpu.lines().find(|line| line.starts_with("model name"));
    let model = model
        .and_then(|line| line.split(": ").nth(1))
        .unwrap_or("unknown processor");
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let kilobytes = memory
        .split_whitespace()
        .nth(1)
        .and_then(|text| text.parse::<f64>().ok());
    format!(
        "{model}, {cores} cores, {:.0} GiB",
        kilobytes.unwrap_or(0.0) / 1_048_576.0
    )
}

/// A table row: a heading and one cell for each column.
fn line(heading: &str, cells: impl Iterator<Item = String>) -> String {
    format!(
        "| {heading} | {} |\n",
        cells.collect::<Vec<_>>().join(" | ")
    )
}

fn load_table(columns: &[Column]) -> String {
    let mut out = line("", columns.iter().map(|c| c.kind.name().to_owned()));
    out += &format!("|---|{}\n", "---|".repeat(columns.len()));
    let mut row = |heading: &str, cell: &dyn Fn(&Column) -> String| {
        out += &line(heading, columns.iter().map(cell));
    };
    row("samples sent", &|c| grouped(c.load.samples as f64));
    row("samples found", &|c| grouped(c.samples_found as f64));
    row("samples/s, wall", &|c| {
        grouped(c.load.samples as f64 / c.load.seconds)
    });
    row("CPU seconds", &|c| format!("{:.1}", c.load.cpu_seconds));
    row("samples per CPU second", &|c| {
        grouped(c.load.samples as f64 / c.load.cpu_seconds)
    });
    row("CPU seconds afterwards, to rest", &|c| {
        format!("{:.1}", c.load.settle_cpu_seconds)
    });
    row("resident after the load, peak", &|c| {
        megabytes(c.load.memory)
    });
    row("resident after the queries, peak", &|c| {
        megabytes(c.memory_after_queries)
    });
    row("bytes/sample on disk", &|c| {
        format!("{:.3}", c.load.disk_bytes as f64 / c.load.samples as f64)
    });
    out
}

fn megabytes(memory: Memory) -> String {
    format!(
        "{:.0} MB, {:.0} MB",
        memory.resident as f64 / 1e6,
        memory.peak as f64 / 1e6
    )
}

/// Digits in groups of three.
fn grouped(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Seconds of each system and, for Narthex, how many times quicker it is than each peer.
fn query_table(columns: &[Column], rows: &[Row]) -> String {
    let peers = peers(columns);
    let own = position(columns, Kind::Narthex);
    let ratios = || {
        own.iter()
            .flat_map(|own| peers.iter().map(move |peer| (*own, *peer)))
    };
    let mut out = String::from("| query | points |");
    for column in columns {
        let _ = write!(out, " {0}, s | CPU s | first, s |", column.kind.name());
    }
    for (_, peer) in ratios() {
        let _ = write!(out, " × {} |", columns[peer].kind.name());
    }
    let width = 2 + 3 * columns.len() + ratios().count();
    let _ = write!(out, "\n|{}\n", "---|".repeat(width));
    for row in rows {
        let timings: Vec<_> = row.cells.iter().map(|cell| cell.timing.as_ref()).collect();
        let points = timings
            .iter()
            .flatten()
            .map(|t| t.answer.point_count())
            .next();
        let _ = write!(
            out,
            "| {} | {} |",
            row.query.name,
            grouped(points.unwrap_or(0) as f64)
        );
        for timing in &timings {
            let cell =
                timing.map(|t| format!(" {:.4} | {:.3} | {:.4} |", t.median, t.cpu, t.first));
            out += &cell.unwrap_or_else(|| " failed | | |".to_owned());
        }
        for (own, peer) in ratios() {
            out += &ratio(row, own, peer).map_or(" |".to_owned(), |r| format!(" {r:.2} |"));
        }
        out.push('\n');
    }
    if own.is_some() && !peers.is_empty() {
        let _ = write!(
            out,
            "| geometric mean | |{}",
            " | | |".repeat(columns.len())
        );
        for (own, peer) in ratios() {
            let all: Vec<_> = rows
                .iter()
                .filter_map(|row| ratio(row, own, peer))
                .collect();
            let _ = write!(out, " **{:.2}** |", geometric_mean(&all));
        }
        out.push('\n');
    }
    out
}

fn position(columns: &[Column], kind: Kind) -> Option<usize> {
    columns.iter().position(|column| column.kind == kind)
}

fn peers(columns: &[Column]) -> Vec<usize> {
    (0..columns.len())
        .filter(|i| columns[*i].kind != Kind::Narthex)
        .collect()
}

/// The peer's time over our own: above 1 we are quicker.
fn ratio(row: &Row, own: usize, peer: usize) -> Option<f64> {
    let median = |i: usize| Some(row.cells.get(i)?.timing.as_ref()?.median);
    Some(median(peer)? / median(own)?)
}

fn geometric_mean(values: &[f64]) -> f64 {
    (values.iter().map(|value| value.ln()).sum::<f64>() / values.len() as f64).exp()
}

/// Which answers agree, and what is wrong with the others.
fn remarks(columns: &[Column], rows: &[Row]) -> String {
    let mut out = String::new();
    for (i, column) in columns
        .iter()
        .enumerate()
        .filter(|(_, c)| c.kind != Kind::Prometheus)
    {
        let cells = || rows.iter().filter_map(|row| Some((row, row.cells.get(i)?)));
        let same = cells()
            .filter(|(_, cell)| cell.agreement == Agreement::Same)
            .count();
        let name = column.kind.name();
        let _ = writeln!(
            out,
            "{name}: {same} of {} answers are Prometheus' within 1e-9.\n",
            rows.len()
        );
        for (row, cell) in cells() {
            let _ = match &cell.agreement {
                Agreement::Same => Ok(()),
                Agreement::NotComparable(why) => {
                    writeln!(out, "- {}: not compared: {why}", row.query.name)
                }
                Agreement::Differs(how) => {
                    writeln!(out, "- {}: **differs**: {how}", row.query.name)
                }
                Agreement::Failed(why) => writeln!(out, "- {}: **failed**: {why}", row.query.name),
            };
        }
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!(
            (grouped(62_208_000.0).as_str(), grouped(999.0).as_str()),
            ("62,208,000", "999")
        );
        assert!((geometric_mean(&[1.0, 4.0]) - 2.0).abs() < 1e-12);
        assert!(machine().contains("cores"));
    }
}
