//! The long form as OpenMetrics, for a scraper or a push: a gauge per number, since what a window says may rise and fall. Without
//! timestamps: it is scraped when it is true.

use std::fmt::Write as _;

use narthex_model::format_float;

use crate::outcome::State;
use crate::report::parts::whole;
use crate::report::row::group;
use crate::report::{Report, Row, rows};

/// A gauge of each row.
struct Gauge {
    name: &'static str,
    help: &'static str,
    value: fn(&Row<'_>) -> Option<f64>,
}

const GAUGES: &[Gauge] = &[
    Gauge {
        name: "slo_objective_ratio",
        help: "The fraction that was promised to be good.",
        value: |r| Some(r.slo.slo.objective.target),
    },
    Gauge {
        name: "slo_attained_ratio",
        help: "The fraction that was good.",
        value: |r| r.outcome.attained,
    },
    Gauge {
        name: "slo_events",
        help: "Events in the window, exclusions left out.",
        value: |r| Some(r.outcome.counts.total),
    },
    Gauge {
        name: "slo_bad_events",
        help: "Bad events in the window, exclusions left out.",
        value: |r| Some(r.outcome.counts.bad),
    },
    Gauge {
        name: "slo_error_budget_remaining_ratio",
        help: "The fraction of the whole window's error budget that is left; negative when overspent.",
        value: |r| whole(r.outcome).remaining(),
    },
    Gauge {
        name: "slo_burn_rate_ratio",
        help: "How many times faster than allowed the budget burnt in the last hour.",
        value: |r| r.outcome.burn_rate,
    },
    Gauge {
        name: "slo_coverage_ratio",
        help: "The fraction of the window that was observed.",
        value: |r| Some(r.outcome.coverage),
    },
];

/// Writes a report.
pub fn write(report: &Report) -> String {
    let mut rows = rows(report);
    // Otherwise they would be twice.
    rows.retain(|row| row.excludes);
    let mut out = String::new();
    for gauge in GAUGES {
        head(gauge.name, gauge.help, &mut out);
        for row in &rows {
            if let Some(value) = (gauge.value)(row) {
                sample(gauge.name, row, None, value, &mut out);
            }
        }
    }
    head(
        "slo_state",
        "Whether the promise is in this state.",
        &mut out,
    );
    for row in &rows {
        for state in State::ALL {
            let value = f64::from(u8::from(row.outcome.state == state));
            sample("slo_state", row, Some(state), value, &mut out);
        }
    }
    out.push_str("# EOF\n");
    out
}

fn head(name: &str, help: &str, out: &mut String) {
    let _ = writeln!(out, "# TYPE {name} gauge\n# HELP {name} {help}");
}

fn sample(name: &str, row: &Row<'_>, state: Option<State>, value: f64, out: &mut String) {
    let _ = write!(
        out,
        "{name}{{slo=\"{}\",slo_service=\"{}\",slo_name=\"{}\",slo_group=\"{}\",slo_window=\"{}\",slo_method=\"{}\"",
        escaped(&row.slo.slo.id),
        escaped(&row.slo.slo.service),
        escaped(&row.slo.slo.name),
        escaped(&group(&row.outcome.group)),
        row.outcome.window,
        row.counting.name(),
    );
    if let Some(state) = state {
        let _ = write!(out, ",slo_state=\"{}\"", state.as_str());
    }
    let _ = writeln!(out, "}} {}", format_float(value));
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_texts_stay_inside_their_quotes() {
        assert_eq!(escaped("a\"} 1\n# EOF\\"), "a\\\"} 1\\n# EOF\\\\");
    }
}
