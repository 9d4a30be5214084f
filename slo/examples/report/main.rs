//! Writes a report of made-up promises in every format: `cargo run -p narthex-slo --example report -- FOLDER`.

mod data;
mod outcomes;
mod pictures;
mod promises;
mod simulated;

use std::path::PathBuf;

use narthex_slo::report::{Format, table};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = PathBuf::from(std::env::args().nth(1).ok_or("usage: report FOLDER")?);
    let report = data::example();
    std::fs::create_dir_all(&folder)?;
    for format in Format::ALL {
        let file = folder.join("report").with_extension(format.extension());
        std::fs::write(file, format.write(&report)?)?;
    }
    print!("{}", table::write(&report));
    Ok(())
}
