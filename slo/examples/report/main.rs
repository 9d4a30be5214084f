//! Writes a report of made-up promises in every format: `cargo run -p narthex-slo --example report -- FOLDER`.

mod data;
mod outcomes;
mod pictures;
mod promises;
mod simulated;

use std::path::PathBuf;

use narthex_slo::report::{csv, html, json, markdown, openmetrics, parquet, table};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = PathBuf::from(std::env::args().nth(1).ok_or("usage: report FOLDER")?);
    let report = data::example();
    std::fs::create_dir_all(&folder)?;
    std::fs::write(folder.join("report.html"), html::write(&report))?;
    std::fs::write(folder.join("report.csv"), csv::write(&report)?)?;
    std::fs::write(folder.join("report.json"), json::write(&report)?)?;
    std::fs::write(folder.join("report.parquet"), parquet::write(&report)?)?;
    std::fs::write(folder.join("report.md"), markdown::write(&report))?;
    std::fs::write(folder.join("report.om"), openmetrics::write(&report))?;
    print!("{}", table::write(&report));
    Ok(())
}
