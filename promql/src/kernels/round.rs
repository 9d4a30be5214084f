//! Rounding, signs and bounds of single values.

/// -1, 0, 1 or NaN.
pub(crate) fn sgn(v: f64) -> f64 {
    if v > 0.0 {
        1.0
    } else if v < 0.0 {
        -1.0
    } else {
        v
    }
}

/// The nearest multiple of `to`, ties up.
pub(crate) fn round(v: f64, to: f64) -> f64 {
    let inverse = 1.0 / to;
    (v * inverse + 0.5).floor() / inverse
}

/// `v` kept between `min` and `max`; NaN if a bound is NaN.
pub(crate) fn clamp(v: f64, min: f64, max: f64) -> f64 {
    if min.is_nan() || max.is_nan() {
        return f64::NAN;
    }
    if v < min {
        min
    } else if v > max {
        max
    } else {
        v
    }
}
