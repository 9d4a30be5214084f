//! When alerts that could not be sent are sent again.

/// How often alerts are sent in all before they are dropped. By then their rule sends them anew.
pub const ATTEMPTS_MAX: u32 = 6;

const FIRST_DELAY_MS: i64 = 1_000;
const DELAY_MS_MAX: i64 = 30_000;

/// How long to wait after `failed` attempts in a row; `None`: not at all, drop them.
pub fn delay_ms(failed: u32) -> Option<i64> {
    if failed >= ATTEMPTS_MAX {
        return None;
    }
    let doubled = FIRST_DELAY_MS << failed.saturating_sub(1);
    Some(doubled.min(DELAY_MS_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn longer_and_longer() {
        let delays: Vec<_> = (1..=ATTEMPTS_MAX).map(delay_ms).collect();
        let seconds = |s: i64| Some(s * 1000);
        assert_eq!(
            delays,
            [
                seconds(1),
                seconds(2),
                seconds(4),
                seconds(8),
                seconds(16),
                None
            ]
        );
    }
}
