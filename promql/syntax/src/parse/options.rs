//! Which parts of the language are on.

/// The features that Prometheus has behind flags.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ParseOptions {
    /// Experimental functions, and the aggregations `limitk` and `limit_ratio`.
    pub experimental_functions: bool,
    /// Computed durations, such as `[5m * 2]`.
    pub duration_expressions: bool,
    /// `anchored` and `smoothed`.
    pub extended_range_selectors: bool,
    /// `fill`, `fill_left`, `fill_right`.
    pub binop_fill_modifiers: bool,
}

impl ParseOptions {
    /// Everything on.
    pub const fn all() -> Self {
        Self {
            experimental_functions: true,
            duration_expressions: true,
            extended_range_selectors: true,
            binop_fill_modifiers: true,
        }
    }
}

/// As Prometheus 3.14 without feature flags.
impl Default for ParseOptions {
    fn default() -> Self {
        Self {
            experimental_functions: false,
            duration_expressions: true,
            extended_range_selectors: false,
            binop_fill_modifiers: false,
        }
    }
}
