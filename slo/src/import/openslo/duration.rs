//! OpenSLO's durations: a number and one of m, h, d, w, M, Q, Y.

use narthex_settings::Node;

use crate::time::{DAY_MS, MINUTE_MS};

const EXPECTED: &str = "a number with m, h, d, w, M, Q or Y behind it, such as 4w or 1M";

/// A duration as it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Duration {
    pub(super) count: i64,
    pub(super) unit: char,
}

impl Duration {
    pub(super) fn read(node: &Node<'_>) -> Option<Self> {
        let text = node.text()?;
        let read = || {
            let unit = text
                .chars()
                .last()
                .filter(|unit| "mhdwMQY".contains(*unit))?;
            let count: i64 = text.strip_suffix(unit)?.parse().ok()?;
            // A thousand years are enough.
            (1..=500_000_000)
                .contains(&count)
                .then_some(Self { count, unit })
        };
        read().or_else(|| node.expected(EXPECTED))
    }

    /// Its length, and whether its unit always has the same.
    pub(super) fn ms(self) -> (i64, bool) {
        let (unit_ms, exact) = match self.unit {
            'm' => (MINUTE_MS, true),
            'h' => (60 * MINUTE_MS, true),
            'd' => (DAY_MS, true),
            'w' => (7 * DAY_MS, true),
            'M' => (30 * DAY_MS, false),
            'Q' => (91 * DAY_MS, false),
            _ => (365 * DAY_MS, false),
        };
        (self.count.saturating_mul(unit_ms), exact)
    }
}

/// A duration in milliseconds; that of a unit without a fixed length is said.
pub(super) fn length(node: &Node<'_>) -> Option<i64> {
    let (ms, exact) = Duration::read(node)?.ms();
    if !exact {
        let days = ms / DAY_MS;
        node.note(format_args!(
            "a rolling window of months is read as {days} days"
        ));
    }
    Some(ms)
}
