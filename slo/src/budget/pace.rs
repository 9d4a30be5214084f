//! How long a budget will last.

use narthex_model::TimeRange;

use super::{Meter, View};
use crate::outcome::Budget;
use crate::time::{HOUR_MS, WindowSpan};

/// What is taken for the present pace: that of the last hour.
pub(crate) const PACE_MS: i64 = HOUR_MS;

/// At so many times the future is looked at.
const LOOKS: i64 = 512;

/// How long what is left will last if it goes on as in the last hour, in milliseconds; 0 if nothing is left; `None` if it lasts: for a
/// calendar period to its end, for a window that rolls for another length of it. `whole` is the budget of the whole window.
pub(super) fn exhausted_in(meter: &Meter, time: WindowSpan, whole: &Budget) -> Option<i64> {
    let WindowSpan { span, ends_at } = time;
    if whole.spent > whole.allowed {
        return Some(0);
    }
    let hour = meter.last(span.end, PACE_MS);
    let (bad, all) = meter.errors(hour, View::Adjusted);
    let hour_ms = (hour.end - hour.start) as f64;
    if bad <= 0.0 {
        return None;
    }
    if time.is_open() {
        let bad_ms = meter.budget_of(bad, all).spent / hour_ms;
        let left = (whole.allowed - whole.spent) / bad_ms;
        return (left < (ends_at - span.end) as f64).then_some(left as i64);
    }
    rolls_out(meter, span, (bad / hour_ms, all / hour_ms))
}

/// The same for a window that rolls on: old errors leave it while new ones come in at the pace of so many bad, of so many in all, in a
/// millisecond.
fn rolls_out(meter: &Meter, span: TimeRange, pace: (f64, f64)) -> Option<i64> {
    let is_out = |later: i64| {
        let rest = TimeRange::new(span.start + later, span.end);
        let (bad, all) = meter.errors(rest, View::Adjusted);
        let later = later as f64;
        let budget = meter.budget_of(bad + pace.0 * later, all + pace.1 * later);
        // Exactly as fast as allowed lasts for ever.
        budget.spent > budget.allowed * (1.0 + 1e-9)
    };
    let length = span.end - span.start;
    let first = (1..=LOOKS).find(|i| is_out(length * i / LOOKS))?;
    // Between two looks, by halves.
    let (mut lasts, mut out) = (length * (first - 1) / LOOKS, length * first / LOOKS);
    while out - lasts > 60_000 {
        let middle = lasts + (out - lasts) / 2;
        if is_out(middle) {
            out = middle;
        } else {
            lasts = middle;
        }
    }
    Some(out)
}
