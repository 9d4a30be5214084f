//! The life of an alert whose condition may be unknown for a while.

use narthex_model::TimestampMs;

use super::Verdict;

/// An alert on its way through time. As the alerts of rules, it fires once its condition has held for a while, and goes on for a
/// while after; besides, where nothing can be said it stays as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AlertLife {
    for_ms: i64,
    keep_firing_ms: i64,
    phase: Phase,
    /// Since when the condition does not hold while it fires.
    calm_since: Option<TimestampMs>,
}

/// How far an alert is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Its condition does not hold.
    Inactive,
    /// It holds, since then, but not for long enough.
    Pending(TimestampMs),
    /// It fires since then.
    Firing(TimestampMs),
}

impl AlertLife {
    /// An alert that is not active.
    pub fn new(for_ms: i64, keep_firing_ms: i64) -> Self {
        Self {
            for_ms,
            keep_firing_ms,
            phase: Phase::Inactive,
            calm_since: None,
        }
    }

    /// Takes in what is said at `at`, later than before. Returns how far it is now.
    pub fn step(&mut self, at: TimestampMs, verdict: Verdict) -> Phase {
        match (verdict, self.phase) {
            (Verdict::Unmeasured, phase) => return phase,
            (Verdict::Holds, Phase::Inactive) => self.pend(at, at),
            (Verdict::Holds, Phase::Pending(since)) => self.pend(since, at),
            (Verdict::Holds, Phase::Firing(_)) => self.calm_since = None,
            (Verdict::HoldsNot, Phase::Firing(_)) => self.calm(at),
            (Verdict::HoldsNot, _) => self.phase = Phase::Inactive,
        }
        self.phase
    }

    fn pend(&mut self, since: TimestampMs, at: TimestampMs) {
        self.phase = if at - since >= self.for_ms {
            Phase::Firing(at)
        } else {
            Phase::Pending(since)
        };
    }

    fn calm(&mut self, at: TimestampMs) {
        let since = *self.calm_since.get_or_insert(at);
        if at - since >= self.keep_firing_ms {
            self.phase = Phase::Inactive;
            self.calm_since = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What becomes of an alert: `+` holds, `-` does not, `?` unmeasured; `.` inactive, `p` pending, `F` firing.
    fn life(for_ms: i64, keep_firing_ms: i64, said: &str) -> String {
        let mut life = AlertLife::new(for_ms, keep_firing_ms);
        let steps = said.chars().enumerate().map(|(at, c)| {
            let verdict = match c {
                '+' => Verdict::Holds,
                '-' => Verdict::HoldsNot,
                _ => Verdict::Unmeasured,
            };
            match life.step(i64::try_from(at).expect("small"), verdict) {
                Phase::Inactive => '.',
                Phase::Pending(_) => 'p',
                Phase::Firing(_) => 'F',
            }
        });
        steps.collect()
    }

    #[test]
    fn waits_fires_keeps_on_and_holds() {
        assert_eq!(life(0, 0, "-+-"), ".F.");
        assert_eq!(life(2, 0, "+-+++-"), "p.ppF.");
        assert_eq!(life(0, 2, "+-+---+"), "FFFFF.F");
        assert_eq!(life(0, 0, "?+??-?"), ".FFF..");
        assert_eq!(life(2, 0, "+??+"), "pppF");
    }
}
