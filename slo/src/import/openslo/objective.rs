//! The objectives of an SLO.

use narthex_settings::{Keys, Node};

use super::duration::Duration;
use crate::import::common::{fraction, percent};
use crate::spec::{Budgeting, Comparison, Objective};
use crate::time::MINUTE_MS;

const KEYS: [&str; 10] = [
    "displayName",
    "op",
    "value",
    "target",
    "targetPercent",
    "timeSliceTarget",
    "timeSliceWindow",
    "indicator",
    "indicatorRef",
    "compositeWeight",
];

/// The methods by their names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    Occurrences,
    Timeslices,
    RatioTimeslices,
}

/// The value of `budgetingMethod`.
pub(super) fn method(spec: &Keys<'_>) -> Option<Method> {
    let node = spec.need_as(
        "budgetingMethod",
        "Occurrences, Timeslices or RatioTimeslices",
    )?;
    node.one_of(&[
        ("Occurrences", Method::Occurrences),
        ("Timeslices", Method::Timeslices),
        ("RatioTimeslices", Method::RatioTimeslices),
    ])
}

/// An objective that was opened.
#[derive(Debug)]
pub(super) struct Entry<'d> {
    pub(super) keys: Keys<'d>,
    pub(super) objective: Objective,
    pub(super) display_name: String,
    /// How a value is good, of a threshold.
    pub(super) good: Option<(Comparison, f64)>,
    pub(super) weight: f64,
}

/// Reads one.
pub(super) fn read<'d>(node: &Node<'d>, method: Method) -> Option<Entry<'d>> {
    let keys = node.keys(&KEYS)?;
    let target = match keys.exactly_one(&["target", "targetPercent"])? {
        "target" => fraction(&keys.get("target")?),
        _ => percent(&keys.get("targetPercent")?),
    };
    let budgeting = budgeting(&keys, method, None);
    let good = match keys.has("op") || keys.has("value") {
        true => Some(good(&keys)?),
        false => None,
    };
    let weight = match keys.get("compositeWeight") {
        Some(node) => match node.number()? {
            weight if weight > 0.0 => weight,
            _ => return node.expected("a number above 0"),
        },
        None => 1.0,
    };
    Some(Entry {
        objective: Objective {
            target: target?,
            budgeting: budgeting?,
        },
        display_name: keys.text_or_empty("displayName"),
        good,
        weight,
        keys,
    })
}

pub(super) fn good(keys: &Keys<'_>) -> Option<(Comparison, f64)> {
    let node = keys.need_as("op", "lte, gte, lt or gt")?;
    let comparison = node.one_of(&[
        ("lte", Comparison::LessOrEqual),
        ("gte", Comparison::GreaterOrEqual),
        ("lt", Comparison::Less),
        ("gt", Comparison::Greater),
    ]);
    // An operator without a value means nothing, and is written beside ratios all the same.
    let Some(value) = keys.get("value") else {
        node.note("not kept: there is no value to compare with");
        return comparison.map(|comparison| (comparison, f64::NAN));
    };
    Some((comparison?, value.number()?))
}

/// How it is counted; `usual_ms`: how long a slice is where none is said, if that may be.
pub(super) fn budgeting(
    keys: &Keys<'_>,
    method: Method,
    usual_ms: Option<i64>,
) -> Option<Budgeting> {
    let slice = |usual: Option<i64>| match (keys.get("timeSliceWindow"), usual) {
        (Some(node), _) => slice_ms(&node),
        (None, Some(ms)) => Some(ms),
        (None, None) => keys
            .need_as("timeSliceWindow", "minutes, or a duration such as 5m")
            .and(None),
    };
    match method {
        Method::Occurrences => {
            crate::import::common::lost(
                keys,
                &["timeSliceTarget", "timeSliceWindow"],
                "the method is Occurrences",
            );
            Some(Budgeting::Occurrences)
        }
        Method::RatioTimeslices => Some(Budgeting::RatioTimeslices {
            slice_ms: slice(Some(MINUTE_MS))?,
        }),
        Method::Timeslices => {
            let node = keys.need_as("timeSliceTarget", "a fraction above 0, at most 1")?;
            let good_from = node.number()?;
            if good_from <= 0.0 || good_from > 1.0 {
                return node.expected("a fraction above 0, at most 1");
            }
            Some(Budgeting::Timeslices {
                slice_ms: slice(usual_ms)?,
                good_from,
            })
        }
    }
}

/// Minutes, or a duration.
fn slice_ms(node: &Node<'_>) -> Option<i64> {
    let ms = match node.value().as_i64() {
        Some(minutes) if minutes > 0 => minutes.saturating_mul(MINUTE_MS),
        Some(_) => return node.expected("more than 0"),
        None => Duration::read(node)?.ms().0,
    };
    if ms > 24 * 60 * MINUTE_MS || 24 * 60 * MINUTE_MS % ms != 0 {
        return node.problem("expected minutes that divide a day, such as 1, 5 or 1h");
    }
    Some(ms)
}
