//! How long and how often a request is tried, and which failures are worth another try.

use std::time::Duration;

use object_store::Error as StoreError;

/// How long the bucket is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// One attempt takes at most this long, its body included.
    pub attempt: Duration,
    /// No attempt begins, and none goes on, after this long in all.
    pub total: Duration,
    /// The wait after the first failure; it doubles from failure to failure.
    pub first_wait: Duration,
    /// No wait is longer.
    pub wait_max: Duration,
}

impl Patience {
    /// For queries: somebody is waiting.
    pub const READ: Self = Self {
        attempt: Duration::from_secs(10),
        total: Duration::from_secs(30),
        first_wait: Duration::from_millis(50),
        wait_max: Duration::from_secs(2),
    };

    /// For uploads: nobody is.
    pub const WRITE: Self = Self {
        attempt: Duration::from_secs(60),
        total: Duration::from_secs(300),
        first_wait: Duration::from_millis(200),
        wait_max: Duration::from_secs(20),
    };

    /// The wait after failure number `failures` (from 1 on). `jitter`, from 0 to 1, spreads those who failed together.
    pub(crate) fn wait(&self, failures: u32, jitter: f64) -> Duration {
        let doubled = self.first_wait.saturating_mul(
            1_u32
                .checked_shl(failures.saturating_sub(1))
                .unwrap_or(u32::MAX),
        );
        doubled
            .min(self.wait_max)
            .mul_f64(0.5 + jitter.clamp(0.0, 1.0) / 2.0)
    }
}

/// Whether the same request may succeed when it is sent again.
pub(crate) fn may_pass(error: &StoreError) -> bool {
    !matches!(
        error,
        StoreError::NotFound { .. }
            | StoreError::InvalidPath { .. }
            | StoreError::NotSupported { .. }
            | StoreError::NotImplemented { .. }
            | StoreError::PermissionDenied { .. }
            | StoreError::Unauthenticated { .. }
            | StoreError::UnknownConfigurationKey { .. }
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_bound_and_never_overflow() {
        let waits: Vec<_> = (1..=8)
            .map(|n| Patience::READ.wait(n, 1.0).as_millis())
            .collect();
        assert_eq!(waits, [50, 100, 200, 400, 800, 1600, 2000, 2000]);
        assert_eq!(Patience::READ.wait(u32::MAX, 0.0), Duration::from_secs(1));
        assert_eq!(Patience::READ.wait(0, 0.0), Duration::from_millis(25));
    }
}
