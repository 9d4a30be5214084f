//! What is known of resets when histograms are added to or subtracted from each other.

use narthex_model::ResetHint;

/// The hint of a sum or difference, and whether the hints contradict each other: one part says that a reset lies before
/// it, the other that none does.
pub(super) fn combine(a: ResetHint, b: ResetHint) -> (ResetHint, bool) {
    use ResetHint::{Gauge, Unknown};
    match (a, b) {
        (a, b) if a == b => (a, false),
        (Gauge, _) | (_, Gauge) => (Gauge, false),
        (Unknown, _) | (_, Unknown) => (Unknown, false),
        _ => (Unknown, true),
    }
}

/// Watches the hints of histograms that are added up.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct SeenHints {
    pub(super) reset: bool,
    pub(super) not_reset: bool,
}

impl SeenHints {
    /// One more.
    pub(super) fn see(&mut self, hint: ResetHint) {
        self.reset |= hint == ResetHint::Reset;
        self.not_reset |= hint == ResetHint::NotReset;
    }

    /// Whether some contradict each other.
    pub(super) fn collide(self) -> bool {
        self.reset && self.not_reset
    }
}

#[cfg(test)]
mod tests {
    use ResetHint::{Gauge, NotReset, Reset, Unknown};

    use super::*;

    #[test]
    fn the_less_certain_wins() {
        assert_eq!(combine(NotReset, NotReset), (NotReset, false));
        assert_eq!(combine(Reset, Reset), (Reset, false));
        assert_eq!(combine(NotReset, Gauge), (Gauge, false));
        assert_eq!(combine(Unknown, Gauge), (Gauge, false));
        assert_eq!(combine(Reset, Unknown), (Unknown, false));
        assert_eq!(combine(Unknown, NotReset), (Unknown, false));
        assert_eq!(combine(Reset, NotReset), (Unknown, true));
        assert_eq!(combine(NotReset, Reset), (Unknown, true));
    }
}
