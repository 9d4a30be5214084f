//! How much is promised, in our own format.

use narthex_settings::{Keys, Node};

use super::value::fraction;
use crate::spec::{Budgeting, Objective, from_percent};

/// `objective: 99.9`, or a mapping.
pub(super) fn read(keys: &Keys<'_>, slice_ms: i64) -> Option<Objective> {
    let node = keys.need_as("objective", "a percentage such as 99.9")?;
    if !node.value().is_mapping() {
        return Some(Objective {
            target: target(&node)?,
            budgeting: Budgeting::Occurrences,
        });
    }
    let keys = node.keys(&["target", "budgeting", "slice", "good_from"])?;
    let target = keys
        .need_as("target", "a percentage such as 99.9")
        .and_then(|node| target(&node));
    let budgeting = budgeting(&keys, slice_ms);
    Some(Objective {
        target: target?,
        budgeting: budgeting?,
    })
}

/// A percentage, whether or not its sign stands behind it.
fn target(node: &Node<'_>) -> Option<f64> {
    let text = node.text()?;
    let percent: Option<f64> = text.trim().trim_end_matches('%').trim_end().parse().ok();
    match percent {
        Some(percent) if percent > 1.0 && percent < 100.0 => Some(from_percent(percent)),
        Some(fraction) if fraction > 0.0 && fraction <= 1.0 => node.problem(format_args!(
            "{text} % is hardly what is promised, expected a percentage such as 99.9, not a fraction"
        )),
        Some(100.0) => node.problem(
            "100 leaves no budget, expected a percentage above 1 and below 100, such as 99.9",
        ),
        _ => node.expected("a percentage above 1 and below 100, such as 99.9"),
    }
}

#[derive(Clone, Copy)]
enum Method {
    Occurrences,
    Timeslices,
    RatioTimeslices,
}

fn budgeting(keys: &Keys<'_>, slice_ms: i64) -> Option<Budgeting> {
    let words = [
        ("occurrences", Method::Occurrences),
        ("timeslices", Method::Timeslices),
        ("ratio-timeslices", Method::RatioTimeslices),
    ];
    let method = match keys.get("budgeting") {
        Some(node) => node.one_of(&words)?,
        None => Method::Occurrences,
    };
    let slice_ms = match keys.get("slice") {
        Some(node) => node.duration()?,
        None => slice_ms,
    };
    let unused = match method {
        Method::Occurrences => ["slice", "good_from"].as_slice(),
        Method::Timeslices => &[],
        Method::RatioTimeslices => &["good_from"],
    };
    if let Some(node) = unused.iter().find_map(|key| keys.get(key)) {
        return node.problem("means nothing with this budgeting, expected it with timeslices");
    }
    Some(match method {
        Method::Occurrences => Budgeting::Occurrences,
        Method::RatioTimeslices => Budgeting::RatioTimeslices { slice_ms },
        Method::Timeslices => {
            let node = keys.need_as(
                "good_from",
                "the fraction of good events that makes a slice good, such as 95%",
            )?;
            let good_from = fraction(&node)?;
            if good_from == 0.0 {
                return node.expected("a fraction above 0");
            }
            Budgeting::Timeslices {
                slice_ms,
                good_from,
            }
        }
    })
}
