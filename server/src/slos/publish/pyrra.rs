//! Series under Pyrra's names, for its dashboards; the numbers are those of the ledger.

use narthex_model::{Labels, TimeRange};
use narthex_slo::budget::{Meter, View};
use narthex_slo::rules::pyrra_burn_rates;
use narthex_slo::spec::Window;

use super::{DAY_MS, LabelMap, MINUTE_MS, Series, with_group};
use crate::slos::Known;

/// Everything about one SLO: each group, or all together if there are none.
pub(super) fn push(known: &Known, series: &mut Series) {
    let slo = &known.placed.slo;
    let mut own: LabelMap = slo.labels.clone();
    own.insert("slo".to_owned(), slo.id.clone());
    let window_ms = slo.windows.first().map_or(28 * DAY_MS, Window::nominal_ms);
    series.push("pyrra_objective", &own, &[], slo.objective.target);
    series.push("pyrra_window", &own, &[], (window_ms / 1000) as f64);
    match known.book.groups() {
        [] => push_group(known, &own, &Labels::empty(), known.book.all(), series),
        groups => {
            for (group, meter) in groups {
                push_group(known, &own, group, meter, series);
            }
        }
    }
}

fn push_group(known: &Known, own: &LabelMap, group: &Labels, meter: &Meter, series: &mut Series) {
    let slo = &known.placed.slo;
    let labels = with_group(own, group);
    let last = |ms: i64| TimeRange::new(known.at - ms, known.at);
    let window_ms = slo.windows.first().map_or(28 * DAY_MS, Window::nominal_ms);
    if let Some(attained) = meter.attained(last(window_ms), View::Adjusted) {
        series.push("pyrra_availability", &labels, &[], attained);
    }
    let counts = meter.counts(last(5 * MINUTE_MS), View::Adjusted);
    let per_second = |count: f64| count / 300.0;
    series.push(
        "pyrra_requests:rate5m",
        &labels,
        &[],
        per_second(counts.total),
    );
    series.push("pyrra_errors:rate5m", &labels, &[], per_second(counts.bad));
    let Some(rates) = pyrra_burn_rates(slo) else {
        return;
    };
    let mut labels = rates.labels;
    labels.extend(with_group(own, group));
    for ms in rates.windows_ms {
        if let Some(attained) = meter.attained(last(ms), View::Adjusted) {
            let window = narthex_model::format_duration(ms);
            let name = format!("{}:burnrate{window}", rates.metric);
            series.push(&name, &labels, &[], 1.0 - attained);
        }
    }
}
