//! A change as Markdown, for the comment of a pipeline on what is proposed.

use super::Diff;
use super::parts::{lead, tables};
use crate::report::markdown::{code, escaped};

/// Writes a change.
pub fn write(diff: &Diff) -> String {
    let mut out = format!("# SLO changes\n\n{}\n", lead(diff));
    for table in tables(diff) {
        out.push_str(&format!("\n## {}\n\n", escaped(&table.title)));
        let rules = vec!["---"; table.header.len()];
        line(&mut out, &table.header.join(" | "));
        line(&mut out, &rules.join(" | "));
        let is_code = table.header.contains(&"field");
        for row in &table.rows {
            let cells = row.iter().enumerate();
            let cells = cells.map(|(at, cell)| match is_code && at > 0 && cell != "–" {
                true => code(cell),
                false => escaped(cell),
            });
            line(&mut out, &cells.collect::<Vec<_>>().join(" | "));
        }
    }
    out
}

fn line(out: &mut String, cells: &str) {
    out.push_str(&format!("| {cells} |\n"));
}
