//! Whether the condition of a policy holds.

use narthex_model::{Result, TimeRange, TimestampMs};

use crate::budget::{Meter, PACE_MS, View};
use crate::spec::{BurnTier, Missing, Policy, Trigger, Window};
use crate::time::Periods;

/// What can be said of a condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It holds.
    Holds,
    /// It does not.
    HoldsNot,
    /// Too little was observed to say that it does not.
    Unmeasured,
}

/// What was looked at.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reading {
    /// What can be said.
    pub verdict: Verdict,
    /// The number that the condition is about: the burn rate of the long window of the tier that holds, or of the fastest; a
    /// fraction of the budget, or of time; milliseconds. NaN if nothing was counted.
    pub value: f64,
}

/// A policy that watches an SLO, or one group of it.
#[derive(Debug, Clone)]
pub struct Watch {
    trigger: Trigger,
    window: Budgeted,
    coverage_floor: f64,
}

/// The window whose budget is watched.
#[derive(Debug, Clone)]
enum Budgeted {
    Rolling(i64),
    /// The period last looked at is kept: most questions are of the same.
    Calendar(Periods, TimeRange),
}

impl Watch {
    /// The watch of a policy over the budget of `window`.
    ///
    /// # Errors
    /// If the window's zone is not known.
    pub fn new(policy: &Policy, window: &Window, missing: &Missing) -> Result<Self> {
        Ok(Self {
            trigger: scaled(&policy.trigger, window),
            window: match window {
                Window::Rolling(rolling) => Budgeted::Rolling(rolling.ms),
                Window::Calendar(calendar) => {
                    Budgeted::Calendar(Periods::new(calendar)?, TimeRange::new(0, 0))
                }
            },
            coverage_floor: missing.coverage_floor,
        })
    }

    /// What can be said at `at`, from the slices before it.
    pub fn read(&mut self, meter: &Meter, at: TimestampMs) -> Reading {
        let last = |ms: i64| meter.last(at, ms);
        // What holds by what was measured holds; that something does not is only said of what was measured.
        let judge = |holds: bool, value: f64, over: TimeRange| {
            let measured = || meter.judged(over, View::Adjusted) >= self.coverage_floor;
            let verdict = match holds {
                true => Verdict::Holds,
                false if measured() => Verdict::HoldsNot,
                false => Verdict::Unmeasured,
            };
            Reading { verdict, value }
        };
        match &self.trigger {
            Trigger::Burn { tiers, min_bad, .. } => {
                let (holds, value) = burns(meter, tiers, *min_bad, at);
                let short = tiers.iter().map(|tier| tier.short_ms).min().unwrap_or(0);
                judge(holds, value, last(short))
            }
            Trigger::Drop {
                fraction,
                within_ms,
            } => {
                let (fraction, within) = (*fraction, last(*within_ms));
                let spent =
                    meter.errors(within, View::Adjusted).0 / self.window.allowed(meter, at).1;
                judge(spent >= fraction, spent, within)
            }
            Trigger::Spent(fraction) => {
                let fraction = *fraction;
                let (bad, allowed) = self.window.allowed(meter, at);
                judge(bad / allowed > fraction, bad / allowed, last(PACE_MS))
            }
            Trigger::ExhaustedWithin(ms) => {
                let ms = *ms as f64;
                let (bad, allowed) = self.window.allowed(meter, at);
                let hour = last(PACE_MS);
                let bad_by_now = meter.errors(hour, View::Adjusted).0;
                let pace = bad_by_now / (hour.end - hour.start) as f64;
                let lasts = lasts(allowed - bad, pace);
                judge(lasts < ms, lasts, last(PACE_MS))
            }
            Trigger::Coverage { below, within_ms } => {
                let coverage = meter.coverage(last(*within_ms), View::Adjusted);
                let holds = coverage < *below;
                let verdict = if holds {
                    Verdict::Holds
                } else {
                    Verdict::HoldsNot
                };
                Reading {
                    verdict,
                    value: coverage,
                }
            }
        }
    }
}

impl Budgeted {
    /// What was bad of the budget at `at`, and how much may be, in events or stretches. Of a calendar period that is not over, what may be
    /// is that of the period before, or of what was counted so far if that is more.
    fn allowed(&mut self, meter: &Meter, at: TimestampMs) -> (f64, f64) {
        let target = meter.objective().target;
        let allowed = |all: f64| all - target * all;
        match self {
            Self::Rolling(ms) => {
                let (bad, all) = meter.errors(TimeRange::new(at - *ms, at), View::Adjusted);
                (bad, allowed(all))
            }
            Self::Calendar(periods, last) => {
                if !(last.contains(at - 1)) {
                    *last = periods.at(at - 1).unwrap_or(TimeRange::new(at, at));
                }
                let (bad, all) = meter.errors(TimeRange::new(last.start, at), View::Adjusted);
                let before = periods.at(last.start - 1).unwrap_or(TimeRange::new(at, at));
                let whole = meter.errors(before, View::Adjusted).1;
                (bad, allowed(all.max(whole)))
            }
        }
    }
}

/// How long what is left of a budget lasts at a pace: for ever where nothing is bad, even if nothing was counted and so nothing is left.
fn lasts(left: f64, pace: f64) -> f64 {
    match pace > 0.0 {
        _ if left < 0.0 => 0.0,
        true => left / pace,
        false => f64::INFINITY,
    }
}

/// Whether any tier burns in both of its windows, and the burn rate of that, or of the fastest.
fn burns(meter: &Meter, tiers: &[BurnTier], min_bad: f64, at: TimestampMs) -> (bool, f64) {
    let allowed = 1.0 - meter.objective().target;
    let mut fastest = f64::NAN;
    for tier in tiers {
        let (bad, all) = meter.errors(meter.last(at, tier.long_ms), View::Adjusted);
        if all <= 0.0 {
            continue;
        }
        let burn = bad / all / allowed;
        fastest = fastest.max(burn);
        if burn > tier.factor && bad >= min_bad {
            let now = meter.burn_rate(meter.last(at, tier.short_ms), View::Adjusted);
            if now.is_some_and(|now| now > tier.factor) {
                return (true, burn);
            }
        }
    }
    (false, fastest)
}

/// The trigger with factors for `window`.
fn scaled(trigger: &Trigger, window: &Window) -> Trigger {
    let mut trigger = trigger.clone();
    if let Trigger::Burn {
        tiers,
        scaled_from_ms: Some(meant),
        ..
    } = &mut trigger
    {
        for tier in tiers {
            tier.factor = tier.factor_at(window.nominal_ms(), Some(*meant));
        }
    }
    trigger
}
