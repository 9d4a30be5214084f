//! Footnotes of an SLO: how its numbers came about and how far they can be trusted.

use narthex_model::format_float;

use crate::outcome::Outcome;
use crate::report::times::Times;
use crate::report::{SloReport, numbers};
use crate::spec::{Absent, Budgeting, Comparison, FirstSample, Indicator, Selector, Slo, Which};

/// All that apply, in their order.
pub(crate) fn footnotes(report: &SloReport, times: Times<'_>) -> Vec<String> {
    let slo = &report.slo;
    let mut notes = vec![measured(&slo.indicator), method(slo)];
    notes.extend(born(slo));
    notes.extend(bounds(report, times));
    notes.push(coverage(report, times));
    notes.push(absent(slo));
    notes.extend(excluded(report, times));
    notes.extend(projected(report, times));
    notes.push(origin(report, times));
    notes.extend(report.notes.iter().cloned());
    notes
}

fn measured(indicator: &Indicator) -> String {
    match indicator {
        Indicator::Events { total, some, which } => format!(
            "Events are counted by {}; {} ones by {}.",
            selectors(&total.0),
            which_word(*which),
            selectors(&some.0)
        ),
        Indicator::Latency { buckets, threshold } => format!(
            "Events are those of the histogram {}; good are those that took at most {}.",
            selectors(&buckets.0),
            format_float(*threshold)
        ),
        Indicator::NativeLatency {
            histograms,
            threshold,
        } => format!(
            "Events are those of the native histogram {}; good are those that took at most {}.",
            selectors(&histograms.0),
            format_float(*threshold)
        ),
        Indicator::Gauge {
            gauges,
            comparison,
            value,
            by_time,
        } => format!(
            "Each sample of {} is an event, good if {} {}; it counts {}.",
            selectors(&gauges.0),
            comparison_words(*comparison),
            format_float(*value),
            if *by_time {
                "for the time until the next one"
            } else {
                "once"
            }
        ),
        Indicator::Queries { total, some, which } => format!(
            "Events of each slice are the answer of `{total}`; {} ones that of `{some}`.",
            which_word(*which)
        ),
        Indicator::ErrorRatio { query } => format!(
            "The fraction of errors of each slice is the answer of `{query}`. It says nothing of how many events there were, so each slice \
             weighs the same."
        ),
        Indicator::Composite { parts } => {
            let parts = parts
                .iter()
                .map(|p| format!("{} × {}", format_float(p.weight), p.slo));
            format!("A composite of {}.", parts.collect::<Vec<_>>().join(", "))
        }
    }
}

fn which_word(which: Which) -> &'static str {
    match which {
        Which::Good => "good",
        Which::Bad => "bad",
    }
}

fn comparison_words(comparison: Comparison) -> &'static str {
    match comparison {
        Comparison::Less => "less than",
        Comparison::LessOrEqual => "at most",
        Comparison::Greater => "more than",
        Comparison::GreaterOrEqual => "at least",
        Comparison::Equal => "equal to",
    }
}

/// As PromQL would have them.
fn selectors(selectors: &[Selector]) -> String {
    let written = selectors.iter().map(|selector| format!("`{selector}`"));
    written.collect::<Vec<_>>().join(" and ")
}

fn method(slo: &Slo) -> String {
    let counting = match slo.indicator {
        Indicator::Events { .. } | Indicator::Latency { .. } | Indicator::NativeLatency { .. } => {
            "Every stored sample is counted: what counters grew by between samples, restarts recognised, nothing extrapolated, so that parts \
             add up to the whole."
        }
        Indicator::Gauge { .. } => "Every stored sample is looked at, nothing is extrapolated.",
        Indicator::Queries { .. } | Indicator::ErrorRatio { .. } => {
            "The queries are evaluated slice by slice, with all that PromQL's functions extrapolate."
        }
        Indicator::Composite { .. } => "It is as exact as its parts.",
    };
    let method = match slo.objective.budgeting {
        Budgeting::Occurrences => {
            "Attained is good events divided by all events; the budget is the share of events that may be bad."
        }
        Budgeting::Timeslices { .. } => {
            "Attained is good stretches of time divided by all that count; the budget is the time that may be bad."
        }
        Budgeting::RatioTimeslices { .. } => {
            "Attained is the mean of the good fractions of stretches of time, whether busy or quiet; it differs from good events divided by \
             all events."
        }
    };
    format!("{counting} {method}")
}

/// Counters that appear.
fn born(slo: &Slo) -> Option<String> {
    let counters = matches!(
        slo.indicator,
        Indicator::Events { .. } | Indicator::Latency { .. } | Indicator::NativeLatency { .. }
    );
    let rule = match slo.missing.first_sample {
        FirstSample::Zero => {
            "A counter that first appears on a target that was being watched began at zero, so that a first error is counted."
        }
        FirstSample::Ignore => {
            "The first sample of a counter that appears is not counted: a first error may be missing."
        }
    };
    counters.then(|| rule.to_owned())
}

fn bounds(report: &SloReport, times: Times<'_>) -> Option<String> {
    let outcome = report.totals().find(|o| o.bounds.is_some())?;
    let (low, high) = outcome.bounds?;
    Some(format!(
        "The threshold falls between two buckets of the histogram, so that what was attained is known to lie between {} and {} ({}); the \
         number shown is interpolated.",
        numbers::attained(low),
        numbers::attained(high),
        times.window(outcome)
    ))
}

fn coverage(report: &SloReport, times: Times<'_>) -> String {
    let floor = numbers::target(report.slo.missing.coverage_floor);
    let gaps: Vec<&Outcome> = report.totals().filter(|o| o.coverage < 0.9995).collect();
    if gaps.is_empty() {
        return format!(
            "All of the time was observed. Below {floor} a state would be called unknown."
        );
    }
    let gaps = gaps.into_iter().map(|o| {
        let (seen, time) = (numbers::attained(o.coverage), o.span);
        let lost = (1.0 - o.coverage) * time.end.saturating_sub(time.start) as f64;
        let lost = numbers::duration(lost);
        format!(
            "{seen} of {} was observed ({lost} was not)",
            times.window(o)
        )
    });
    format!(
        "Coverage: {}. Below {floor} a state is called unknown.",
        gaps.collect::<Vec<_>>().join("; ")
    )
}

fn absent(slo: &Slo) -> String {
    format!(
        "Time without events {}; time that nobody observed {}.",
        absent_words(slo.missing.no_traffic),
        absent_words(slo.missing.no_data)
    )
}

fn absent_words(absent: Absent) -> &'static str {
    match absent {
        Absent::Exclude => "does not count",
        Absent::Good => "counts as good",
        Absent::Bad => "counts as bad",
        Absent::Hold => "counts as what was before it",
    }
}

/// Raw beside adjusted.
fn excluded(report: &SloReport, times: Times<'_>) -> Option<String> {
    let names: Vec<&str> = (report.slo.exclusions.iter())
        .map(|e| e.name.as_str())
        .collect();
    let main = report.main()?;
    if names.is_empty() || main.attained.is_none() {
        return None;
    }
    let raw = main
        .raw_attained
        .map_or_else(|| numbers::NONE.to_owned(), numbers::attained);
    Some(format!(
        "Nothing is promised during: {}. With that time counted as well, {} has {raw} instead of {}.",
        names.join(", "),
        times.window(main),
        main.attained
            .map_or_else(|| numbers::NONE.to_owned(), numbers::attained),
    ))
}

/// What "so far" means.
fn projected(report: &SloReport, times: Times<'_>) -> Option<String> {
    let outcome = report.totals().find(|o| o.projected.is_some())?;
    let projected = outcome.projected?;
    Some(format!(
        "{}: by what was allowed so far, {} of the budget is left; by what the whole period will allow, with traffic as in those before \
         it ({}), {}.",
        times.window(outcome),
        numbers::share_or_none(outcome.budget.remaining()),
        numbers::amount(projected.allowed, projected.unit),
        numbers::share_or_none(projected.remaining()),
    ))
}

fn origin(report: &SloReport, times: Times<'_>) -> String {
    let data = match report.data {
        Some(data) => format!("Data from {}", times.span(data)),
        None => "No data were found; see whether the selectors match anything".to_owned(),
    };
    format!("{data}. Generation of the ledger: {}.", report.generation)
}
