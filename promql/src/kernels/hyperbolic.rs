//! Hyperbolic functions that overflow where Prometheus' do: as half of an exponential.

/// Beyond this the other exponential is lost to rounding.
const LARGE: f64 = 21.0;

pub(crate) fn cosh(v: f64) -> f64 {
    if v.abs() > LARGE {
        v.abs().exp() * 0.5
    } else {
        v.cosh()
    }
}

pub(crate) fn sinh(v: f64) -> f64 {
    if v.abs() > LARGE {
        (v.abs().exp() * 0.5).copysign(v)
    } else {
        v.sinh()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_the_end_of_floats() {
        assert_eq!(
            [cosh(710.0), sinh(-710.0)],
            [f64::INFINITY, f64::NEG_INFINITY]
        );
        assert_eq!([cosh(-30.0), sinh(30.0)], [30_f64.exp() * 0.5; 2]);
        assert_eq!([cosh(0.0), sinh(-0.0)], [1.0, 0.0]);
        assert!(cosh(f64::NAN).is_nan() && sinh(f64::NAN).is_nan());
    }
}
