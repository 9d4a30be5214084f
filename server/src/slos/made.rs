//! Reports by this program.

use narthex_model::{Result, TimestampMs};
use narthex_slo::ledger::Damage;
use narthex_slo::report::{Report, SloReport};
use narthex_slo::spec::Slo;
use narthex_slo::time::zone;

use crate::times::now_ms;

/// A report of these SLOs as they were `at` that instant, made now.
///
/// # Errors
/// If the zone is not known.
pub(crate) fn made(
    title: &str,
    at: TimestampMs,
    zone_name: &str,
    slos: Vec<SloReport>,
) -> Result<Report> {
    let data = slos.iter().filter_map(|slo| slo.data);
    Ok(Report {
        title: title.to_owned(),
        made_at: now_ms(),
        at,
        zone: zone(zone_name)?,
        engine: concat!("narthex ", env!("CARGO_PKG_VERSION")).to_owned(),
        data: data.reduce(|a, b| a.union(&b)),
        slos,
        notes: Vec::new(),
    })
}

/// What a report says of files of a ledger that cannot be read.
pub(crate) fn damaged(slo: &Slo, damage: &[Damage]) -> impl Iterator<Item = String> {
    let said = |Damage { file, reason, .. }: &Damage| {
        format!("{}: {file} of its ledger cannot be read: {reason}", slo.id)
    };
    damage.iter().map(said)
}
