//! Sample values: the stale marker, and how a float is written and read as text.

/// The bit pattern of the NaN that ends a series ("stale marker"), as Prometheus defines it.
pub const STALE_NAN_BITS: u64 = 0x7ff0_0000_0000_0002;

/// The NaN that ends a series.
pub fn stale_nan() -> f64 {
    f64::from_bits(STALE_NAN_BITS)
}

/// Whether `v` is the stale marker; an ordinary NaN is not.
pub fn is_stale(v: f64) -> bool {
    v.to_bits() == STALE_NAN_BITS
}

/// The shortest text that reads back as `v`, in the form Prometheus' API uses: plain decimals, an exponent
/// below 1e-6 and from 1e21 on, `NaN`, `+Inf`, `-Inf`.
pub fn format_float(v: f64) -> String {
    let mut text = Vec::new();
    push_float(v, &mut text);
    String::from_utf8(text).unwrap_or_default()
}

/// Appends to `out` what [`format_float`] gives.
pub fn push_float(v: f64, out: &mut Vec<u8>) {
    // In this range the fast printer writes plain decimals, too; outside, forms differ.
    if (1e-5..1e15).contains(&v.abs()) {
        let mut buffer = zmij::Buffer::new();
        let text = buffer.format_finite(v);
        let text = text.strip_suffix(".0").unwrap_or(text);
        return out.extend_from_slice(text.as_bytes());
    }
    if v == 0.0 {
        let zero: &[u8] = if v.is_sign_negative() { b"-0" } else { b"0" };
        return out.extend_from_slice(zero);
    }
    out.extend_from_slice(format_any(v).as_bytes());
}

/// Any float, by the slow printer of the standard library.
fn format_any(v: f64) -> String {
    if v.is_nan() {
        return "NaN".to_owned();
    }
    if v.is_infinite() {
        return if v > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    let magnitude = v.abs();
    if magnitude != 0.0 && !(1e-6..1e21).contains(&magnitude) {
        return go_exponent(&format!("{v:e}"));
    }
    format!("{v}")
}

/// `v` in Go's form with an exponent, as `1.5e+00`; `NaN`, `+Inf`, `-Inf`.
pub fn format_exponent(v: f64) -> String {
    if v.is_finite() {
        go_exponent(&format!("{v:e}"))
    } else {
        format_float(v)
    }
}

/// Rust writes `1e-7` where Go writes `1e-07`: at least two digits and always a sign.
fn go_exponent(text: &str) -> String {
    let Some((mantissa, exponent)) = text.split_once('e') else {
        return text.to_owned();
    };
    let (sign, digits) = match exponent.strip_prefix('-') {
        Some(digits) => ('-', digits),
        None => ('+', exponent),
    };
    format!("{mantissa}e{sign}{digits:0>2}")
}

/// Reads a float as Prometheus' formats write it: decimals with or without exponent, and `NaN`, `Inf`, `+Inf`,
/// `-Inf`, `Infinity` in any letter case. `None` if it is anything else.
pub fn parse_float(text: &str) -> Option<f64> {
    let body = text.strip_prefix(['+', '-']).unwrap_or(text);
    if body.starts_with(['+', '-']) {
        return None;
    }
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_fast_printer_writes_what_the_slow_one_writes(
            bits: u64, mantissa in -1_000_000_000_i64..1_000_000_000, power in -20..22_i32,
        ) {
            for v in [f64::from_bits(bits), mantissa as f64 * 10_f64.powi(power), mantissa as f64 / 10_f64.powi(power)] {
                prop_assert_eq!(format_float(v), format_any(v));
            }
        }
    }

    #[test]
    fn floats_read_as_in_prometheus() {
        let cases: &[(f64, &str)] = &[
            (0.0, "0"),
            (1e-5, "0.00001"),
            (1e15, "1000000000000000"),
            (999_999_999_999_999.9, "999999999999999.9"),
            (-0.0, "-0"),
            (1.5, "1.5"),
            (1e20, "100000000000000000000"),
            (1e21, "1e+21"),
            (1e-6, "0.000001"),
            (1.5e-7, "1.5e-07"),
            (f64::INFINITY, "+Inf"),
            (f64::NEG_INFINITY, "-Inf"),
            (f64::NAN, "NaN"),
            (1e300, "1e+300"),
        ];
        for (value, text) in cases {
            assert_eq!(format_float(*value), *text);
            let back = parse_float(text).expect(text);
            assert!(
                back == *value || (back.is_nan() && value.is_nan()),
                "{text}"
            );
        }
        assert!(
            parse_float("+-1").is_none()
                && parse_float("").is_none()
                && parse_float("1s").is_none()
        );
    }

    #[test]
    fn exponents_as_in_go() {
        let cases = [
            (1.0, "1e+00"),
            (0.25, "2.5e-01"),
            (-1234.5, "-1.2345e+03"),
            (f64::NEG_INFINITY, "-Inf"),
        ];
        for (value, text) in cases {
            assert_eq!(format_exponent(value), text);
        }
    }

    #[test]
    fn only_one_nan_is_stale() {
        assert!(is_stale(stale_nan()) && stale_nan().is_nan());
        assert!(!is_stale(f64::NAN));
    }
}
