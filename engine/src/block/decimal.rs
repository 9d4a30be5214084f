//! Decimals: floats kept as an integer mantissa and a power of ten, where that gives back the very same bits.
//!
//! A float `v` is the decimal `m` at scale `s` if dividing the doubles `m` and `10^s` yields the bits of `v`. Both are
//! exactly representable (|m| ≤ 2^53, s ≤ 22) and IEEE division rounds correctly, so every reader in every language
//! gets the same bits. NaN of any payload, infinities and -0.0 are no decimals.

/// The largest power of ten that a double represents exactly.
pub(crate) const SCALE_MAX: u8 = 22;

/// Mantissas beyond this are not all exact doubles.
const MANTISSA_MAX: u64 = 1 << 53;

/// Scales are searched among mantissas up to this: below it, `v * 10^s` is off by less than one half, so one trial
/// tells whether `v` is a decimal.
const SEARCH_MAX: f64 = (1_u64 << 50) as f64;

/// `10^0` to `10^22`, all exact.
const POWERS: [f64; SCALE_MAX as usize + 1] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
];

/// `10^scale`; a scale that is too large counts as the largest.
pub(crate) fn power(scale: u8) -> f64 {
    POWERS.get(usize::from(scale)).copied().unwrap_or(1e22)
}

/// The mantissa of `v` at a scale with power of ten `power`, if `v` is a decimal there.
#[inline]
fn mantissa(v: f64, power: f64) -> Option<i64> {
    // The cast saturates and turns NaN into 0; whatever goes wrong is found by dividing back.
    let scaled = v * power;
    let m = (scaled + 0.5_f64.copysign(scaled)) as i64;
    (m.unsigned_abs() <= MANTISSA_MAX && (m as f64 / power).to_bits() == v.to_bits()).then_some(m)
}

/// The whole number that `v` is, if it is one.
#[inline]
fn integer(v: f64) -> Option<i64> {
    let m = v as i64;
    (m.unsigned_abs() <= MANTISSA_MAX && (m as f64).to_bits() == v.to_bits()).then_some(m)
}

/// The mantissa of `v` at `scale`, if it is a decimal there.
#[inline]
pub(crate) fn mantissa_at(v: f64, scale: u8) -> Option<i64> {
    if scale == 0 {
        integer(v)
    } else {
        mantissa(v, power(scale))
    }
}

/// The smallest scale at which nearly all `values` are decimals; `None` if more than about an eighth are not, and
/// the series is better kept as doubles.
pub(super) fn choose_scale(values: &[f64]) -> Option<u8> {
    let misses_max = (values.len() / 8 + 1).min(values.len().saturating_sub(1));
    fitting_scale(values, SCALE_MAX, misses_max).or_else(|| {
        // One tiny value may have raised the scale so far that the large ones no longer fit: let it be the miss.
        let largest = values
            .iter()
            .map(|v| v.abs())
            .filter(|v| v.is_finite())
            .fold(0.0, f64::max);
        fitting_scale(values, largest_scale(largest), misses_max)
    })
}

/// The smallest scale, at most `cap`, that misses at most `misses_max` of `values`.
fn fitting_scale(values: &[f64], cap: u8, misses_max: usize) -> Option<u8> {
    let (mut scale, mut misses) = (0, 0);
    let mut rest = values;
    while let Some(at) = first_miss(rest, scale) {
        let (Some(&v), Some(tail)) = (rest.get(at), rest.get(at + 1..)) else {
            break;
        };
        match raised_scale(v, scale, cap) {
            Some(raised) => scale = raised,
            None => misses += 1,
        }
        if misses > misses_max {
            return None;
        }
        rest = tail;
    }
    // Raising the scale may have pushed earlier values out: count again.
    let missed = if scale == 0 {
        misses
    } else {
        values
            .iter()
            .filter(|v| mantissa_at(**v, scale).is_none())
            .count()
    };
    (missed <= misses_max).then_some(scale)
}

fn first_miss(values: &[f64], scale: u8) -> Option<usize> {
    if scale == 0 {
        return values.iter().position(|v| integer(*v).is_none());
    }
    let power = power(scale);
    values.iter().position(|v| mantissa(*v, power).is_none())
}

/// The smallest scale above `scale`, at most `cap`, where `v` is a decimal.
pub(crate) fn raised_scale(v: f64, scale: u8, cap: u8) -> Option<u8> {
    let largest = largest_scale(v.abs()).min(cap);
    // A decimal stays one at every larger scale, so one trial refuses noise.
    if largest <= scale || mantissa_at(v, largest).is_none() {
        return None;
    }
    (scale + 1..=largest).find(|s| mantissa_at(v, *s).is_some())
}

/// The largest scale at which mantissas up to `magnitude` stay within the range of the search.
fn largest_scale(magnitude: f64) -> u8 {
    let fits = POWERS
        .iter()
        .filter(|p| magnitude * **p <= SEARCH_MAX)
        .count();
    fits.saturating_sub(1) as u8
}

#[cfg(test)]
mod tests {
    use narthex_model::stale_nan;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn scales_of_known_series() {
        let cases: &[(&[f64], Option<u8>)] = &[
            (&[1.0, 2.0, 3.0], Some(0)),
            (&[1.0, 2.5, 3.25], Some(2)),
            (&[0.1, 0.2, 0.3], Some(1)),
            (&[0.1 + 0.2, 0.3 + 0.6000001, 1.0 / 3.0], None),
            (&[f64::NAN, f64::INFINITY], None),
            (&[5.5, stale_nan()], Some(1)),
            (&[-0.0], None),
            (&[1e-22], Some(22)),
            (&[1e300, 1e299, 1e298], None),
            (&[9_007_199_254_740_992.0, 9_007_199_254_740_993.0], Some(0)),
            (&[1e-15, 1234567.5, 1e9, 2e9, 3e9, 4e9, 5e9, 6e9], Some(1)),
        ];
        for (values, scale) in cases {
            assert_eq!(choose_scale(values), *scale, "{values:?}");
        }
    }

    proptest! {
        #[test]
        fn a_mantissa_gives_back_the_bits(bits in any::<u64>(), small in any::<f32>(), scale in 0..=SCALE_MAX) {
            for v in [f64::from_bits(bits), f64::from(small), bits as f64, bits as i64 as f64 / 1e4] {
                if let Some(m) = mantissa_at(v, scale) {
                    prop_assert_eq!((m as f64 / power(scale)).to_bits(), v.to_bits());
                    prop_assert!(m.unsigned_abs() <= MANTISSA_MAX);
                }
            }
        }

        #[test]
        fn fifteen_digits_are_always_decimals(digits in -999_999_999_999_999_i64..=999_999_999_999_999, scale in 0..=SCALE_MAX) {
            let v: f64 = format!("{digits}e-{scale}").parse().expect("a number");
            prop_assert_eq!(mantissa_at(v, scale), Some(digits));
            let chosen = choose_scale(&[v, v]).expect("a decimal");
            prop_assert!(chosen <= scale && mantissa_at(v, chosen).is_some());
            prop_assert!(chosen == 0 || mantissa_at(v, chosen - 1).is_none());
        }
    }
}
