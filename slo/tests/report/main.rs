//! The report of the example in every format, compared with what is kept in `tests/report/golden`.
//!
//! `NARTHEX_UPDATE_GOLDEN=1 cargo test -p narthex-slo --test report` writes what is kept; read the diff.

mod asked;
#[path = "../../examples/report/data.rs"]
mod data;
mod formats;
mod golden;
mod hostile;
mod measured;
#[path = "../../examples/report/outcomes.rs"]
mod outcomes;
#[path = "../../examples/report/pictures.rs"]
mod pictures;
mod pipelines;
#[path = "../../examples/report/promises.rs"]
mod promises;
#[path = "../../examples/report/simulated.rs"]
mod simulated;

use narthex_slo::report::Report;

/// The example, short enough to be kept: two promises, a point every five days, two days of hours.
fn short() -> Report {
    let mut report = data::example();
    report.slos.truncate(3);
    report.slos.remove(1);
    for slo in &mut report.slos {
        for down in &mut slo.burn_downs {
            down.down.points = down.down.points.iter().step_by(120).copied().collect();
        }
        if let Some(map) = &mut slo.heat_map {
            map.days.truncate(2);
        }
    }
    report
}
