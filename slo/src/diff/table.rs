//! A change as tables for the terminal.

use comfy_table::{Table, presets};

use super::Diff;
use super::parts::{lead, tables};

/// Writes a change.
pub fn write(diff: &Diff) -> String {
    let mut out = format!("{}\n", lead(diff));
    for part in tables(diff) {
        let mut table = Table::new();
        table.load_preset(presets::NOTHING).set_header(part.header);
        for row in &part.rows {
            table.add_row(row.iter().map(|text| plain(text)));
        }
        out.push_str(&format!("\n{}\n", part.title));
        for line in table.lines() {
            out.push_str(&format!(" {}\n", line.trim_end()));
        }
    }
    out
}

/// A text that does nothing to a terminal.
fn plain(text: &str) -> String {
    let plain = |c: char| if c.is_control() { '\u{fffd}' } else { c };
    text.chars().map(plain).collect()
}
