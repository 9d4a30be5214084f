//! SLOs as a document of our own format, which reads back as the same SLOs.

mod indicator;
mod policy;

use narthex_model::format_duration;
use serde_yaml::{Mapping, Value};

use super::missing::{ABSENT, FIRST_SAMPLE};
use super::value::UTC;
use super::window::{DAYS, UNITS, calendar};
use crate::load::NATIVE_VERSION;
use crate::spec::{Budgeting, Calendar, Exclusion, Missing, Objective, Slo, Window, to_percent};
use crate::yaml::{map, number, texts, write as yaml};

/// The SLOs as YAML.
pub fn write(slos: &[Slo]) -> String {
    let slos = slos.iter().map(value);
    yaml(&map([
        ("version", Some(NATIVE_VERSION.into())),
        ("slos", Some(Value::Sequence(slos.collect()))),
    ]))
}

/// An SLO as a mapping.
pub(crate) fn value(slo: &Slo) -> Value {
    let usual = match slo.service.as_str() {
        "" => slo.name.clone(),
        service => format!("{service}-{}", slo.name),
    };
    let list = |values: Vec<Value>| (!values.is_empty()).then_some(Value::Sequence(values));
    let windows: Vec<_> = slo.windows.iter().map(window).collect();
    let (one, several) = match windows.as_slice() {
        [one] => (Some(one.clone()), None),
        _ => (None, Some(Value::Sequence(windows))),
    };
    let group_by = slo.group_by.iter().map(|label| label.as_str().into());
    let minute = 60_000;
    let text = |text: &str| (!text.is_empty()).then(|| Value::from(text));
    map([
        ("name", Some(slo.name.as_str().into())),
        ("id", (slo.id != usual).then(|| slo.id.as_str().into())),
        ("service", text(&slo.service)),
        ("description", text(&slo.description)),
        ("labels", texts(&slo.labels)),
        ("objective", Some(objective(&slo.objective))),
        ("window", one),
        ("windows", several),
        ("indicator", Some(indicator::indicator(&slo.indicator))),
        ("group_by", list(group_by.collect())),
        (
            "slice",
            (slo.slice_ms != minute).then(|| duration(slo.slice_ms)),
        ),
        ("missing", missing(&slo.missing)),
        (
            "exclusions",
            list(slo.exclusions.iter().map(exclusion).collect()),
        ),
        (
            "policies",
            list(slo.policies.iter().map(policy::policy).collect()),
        ),
    ])
}

fn duration(ms: i64) -> Value {
    format_duration(ms).into()
}

/// The word of a value.
fn word<T: PartialEq>(words: &[(&'static str, T)], value: &T) -> Value {
    let found = words.iter().find(|(_, known)| known == value);
    found.map_or(Value::Null, |(word, _)| (*word).into())
}

fn objective(objective: &Objective) -> Value {
    let target = number(to_percent(objective.target));
    let (method, slice, good_from) = match objective.budgeting {
        Budgeting::Occurrences => return target,
        Budgeting::Timeslices {
            slice_ms,
            good_from,
        } => ("timeslices", slice_ms, Some(number(good_from))),
        Budgeting::RatioTimeslices { slice_ms } => ("ratio-timeslices", slice_ms, None),
    };
    map([
        ("target", Some(target)),
        ("budgeting", Some(method.into())),
        ("slice", Some(duration(slice))),
        ("good_from", good_from),
    ])
}

fn window(window: &Window) -> Value {
    let Window::Calendar(period) = window else {
        return window.to_string().into();
    };
    if *period == calendar(period.unit, UTC) {
        return window.to_string().into();
    }
    let Calendar {
        unit,
        zone,
        week_start,
        first_month,
    } = period;
    let usual = calendar(*unit, zone);
    map([
        ("calendar", Some(word(&UNITS, unit))),
        ("zone", Some(zone.as_str().into())),
        (
            "week_start",
            (*week_start != usual.week_start).then(|| word(&DAYS, week_start)),
        ),
        (
            "first_month",
            (*first_month != usual.first_month).then(|| i64::from(*first_month).into()),
        ),
    ])
}

fn exclusion(exclusion: &Exclusion) -> Value {
    let text = |text: &str| (!text.is_empty()).then(|| Value::from(text));
    map([
        ("name", text(&exclusion.name)),
        ("start", text(&exclusion.start)),
        ("zone", text(&exclusion.zone)),
        ("duration", Some(duration(exclusion.duration_ms))),
        ("rrule", exclusion.rrule.as_deref().and_then(text)),
    ])
}

/// What differs from what is usual.
fn missing(missing: &Missing) -> Option<Value> {
    let usual = Missing::default();
    let all = map([
        (
            "no_traffic",
            (missing.no_traffic != usual.no_traffic).then(|| word(&ABSENT, &missing.no_traffic)),
        ),
        (
            "no_data",
            (missing.no_data != usual.no_data).then(|| word(&ABSENT, &missing.no_data)),
        ),
        (
            "coverage_floor",
            (missing.coverage_floor != usual.coverage_floor)
                .then(|| number(missing.coverage_floor)),
        ),
        (
            "first_sample",
            (missing.first_sample != usual.first_sample)
                .then(|| word(&FIRST_SAMPLE, &missing.first_sample)),
        ),
    ]);
    all.as_mapping()
        .is_some_and(|map: &Mapping| !map.is_empty())
        .then_some(all)
}
