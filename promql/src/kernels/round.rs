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

/// `v` kept between `min` and `max`; NaN if a bound is NaN, unless the other is infinite and wins.
pub(crate) fn clamp(v: f64, min: f64, max: f64) -> f64 {
    greater(min, lesser(max, v))
}

/// The lesser of two: -Inf beats NaN, NaN beats all else, -0 is less than 0.
pub(crate) fn lesser(a: f64, b: f64) -> f64 {
    if a == f64::NEG_INFINITY || b == f64::NEG_INFINITY {
        f64::NEG_INFINITY
    } else if a.is_nan() || b.is_nan() {
        f64::NAN
    } else if a == 0.0 && b == 0.0 {
        if a.is_sign_negative() { a } else { b }
    } else {
        a.min(b)
    }
}

/// The greater of two: Inf beats NaN, NaN beats all else, 0 is greater than -0.
pub(crate) fn greater(a: f64, b: f64) -> f64 {
    -lesser(-a, -b)
}
