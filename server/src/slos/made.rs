//! Reports by this program.

use narthex_model::{Result, TimestampMs};
use narthex_slo::ledger::Damage;
use narthex_slo::report::{Report, SloReport};
use narthex_slo::spec::Slo;
use narthex_slo::time::zone;

use crate::times::{format_time, now_ms};

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

/// What a report says where it is asked for a time that is not counted yet.
pub(crate) fn told_until(whose: &str, at: TimestampMs, last: TimestampMs) -> String {
    let (at, last) = (format_time(at), format_time(last));
    format!("{whose}: counted up to {last} and told of as of then, not of {at}")
}

/// What a report says of files of a ledger that cannot be read.
pub(crate) fn damaged(slo: &Slo, damage: &[Damage]) -> impl Iterator<Item = String> {
    let said = |Damage { file, reason, .. }: &Damage| {
        format!("{}: {file} of its ledger cannot be read: {reason}", slo.id)
    };
    damage.iter().map(said)
}
