//! Series under Sloth's names, for its dashboards; the numbers are those of the ledger.

use narthex_model::{TimeRange, format_duration};
use narthex_slo::budget::View;
use narthex_slo::spec::{Window, complement, to_percent};

use super::{DAY_MS, LabelMap, MINUTE_MS, Series, WINDOWS};
use crate::slos::Known;

/// Everything about one SLO, all groups together: Sloth knows none.
pub(super) fn push(known: &Known, series: &mut Series) {
    let slo = &known.placed.slo;
    let mut labels: LabelMap = slo.labels.clone();
    for (name, value) in [
        ("sloth_id", &slo.id),
        ("sloth_service", &slo.service),
        ("sloth_slo", &slo.name),
    ] {
        labels.insert(name.to_owned(), value.clone());
    }
    let (target, allowed) = (slo.objective.target, complement(slo.objective.target));
    let period_ms = slo.windows.first().map_or(30 * DAY_MS, Window::nominal_ms);
    let errors = |ms: i64| {
        let span = TimeRange::new(known.at - ms, known.at);
        let attained = known.book.all().attained(span, View::Adjusted);
        attained.map(|attained| 1.0 - attained)
    };
    let period = format_duration(period_ms);
    let windows = WINDOWS.iter().map(|(name, ms)| (*name, *ms));
    for (window, ms) in windows.chain([(&*period, period_ms)]) {
        if let Some(ratio) = errors(ms) {
            let name = format!("slo:sli_error:ratio_rate{window}");
            series.push(&name, &labels, &[("sloth_window", window)], ratio);
        }
    }
    let burn = |ms| errors(ms).map(|ratio| ratio / allowed);
    let numbers = [
        ("slo:objective:ratio", Some(target)),
        ("slo:error_budget:ratio", Some(allowed)),
        (
            "slo:time_period:days",
            Some(period_ms as f64 / DAY_MS as f64),
        ),
        ("slo:current_burn_rate:ratio", burn(5 * MINUTE_MS)),
        ("slo:period_burn_rate:ratio", burn(period_ms)),
        (
            "slo:period_error_budget_remaining:ratio",
            burn(period_ms).map(|burn| 1.0 - burn),
        ),
    ];
    for (name, value) in numbers {
        if let Some(value) = value {
            series.push(name, &labels, &[], value);
        }
    }
    let objective = to_percent(target).to_string();
    let info = [
        ("sloth_mode", "narthex"),
        ("sloth_spec", "prometheus/v1"),
        ("sloth_version", env!("CARGO_PKG_VERSION")),
        ("sloth_objective", &*objective),
    ];
    series.push("sloth_slo_info", &labels, &info, 1.0);
}
