//! Numbers as Go formats them.

/// `%v` of a float: the shortest text that reads back, with an exponent if there are more than six digits before the point or four zeros behind it.
pub(super) fn float(value: f64) -> String {
    general(value, None)
}

/// `%g` with so many significant digits, or as many as are needed.
pub(super) fn general(value: f64, precision: Option<usize>) -> String {
    if let Some(text) = special(value) {
        return text.to_owned();
    }
    let shortest = precision.is_none();
    let digits = precision.map(|p| p.max(1));
    // `d.ddde±x` tells both the digits and where the point is.
    let scientific = match digits {
        Some(digits) => format!("{value:.*e}", digits - 1),
        None => format!("{value:e}"),
    };
    let (mantissa, exponent) = split(&scientific);
    let limit = if shortest {
        SHORTEST_DIGITS
    } else {
        digits.unwrap_or(1) as i32
    };
    let mantissa = trim_zeros(mantissa);
    if exponent < -4 || exponent >= limit {
        return with_exponent(mantissa, exponent, 'e');
    }
    let used = mantissa.chars().filter(char::is_ascii_digit).count() as i32;
    let decimals = (used - 1 - exponent).max(0) as usize;
    match digits {
        Some(_) => format!("{value:.decimals$}"),
        None => format!("{value}"),
    }
}

/// The shortest form has an exponent from here on.
const SHORTEST_DIGITS: i32 = 6;

/// `%e` with so many digits after the point, or as many as are needed.
pub(super) fn exponential(value: f64, precision: Option<usize>) -> String {
    if let Some(text) = special(value) {
        return text.to_owned();
    }
    let scientific = match precision {
        Some(precision) => format!("{value:.precision$e}"),
        None => format!("{value:e}"),
    };
    let (mantissa, exponent) = split(&scientific);
    with_exponent(mantissa, exponent, 'e')
}

/// `%f` with so many digits after the point.
pub(super) fn fixed(value: f64, precision: usize) -> String {
    match special(value) {
        Some(text) => text.to_owned(),
        None => format!("{value:.precision$}"),
    }
}

fn special(value: f64) -> Option<&'static str> {
    match value {
        v if v.is_nan() => Some("NaN"),
        f64::INFINITY => Some("+Inf"),
        f64::NEG_INFINITY => Some("-Inf"),
        _ => None,
    }
}

fn split(scientific: &str) -> (&str, i32) {
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((scientific, "0"));
    (mantissa, exponent.parse().unwrap_or(0))
}

fn trim_zeros(mantissa: &str) -> &str {
    if mantissa.contains('.') {
        mantissa.trim_end_matches('0').trim_end_matches('.')
    } else {
        mantissa
    }
}

fn with_exponent(mantissa: &str, exponent: i32, letter: char) -> String {
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}{letter}{sign}{:02}", exponent.unsigned_abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_go_writes_them() {
        for (value, text) in [
            (1.0, "1"),
            (0.1, "0.1"),
            (-0.0, "-0"),
            (123456.0, "123456"),
            (1234567.0, "1.234567e+06"),
            (1e21, "1e+21"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (f64::INFINITY, "+Inf"),
            (f64::NAN, "NaN"),
        ] {
            assert_eq!(float(value), text);
        }
        for (value, text) in [
            (1234.5678, "1235"),
            (12345.678, "1.235e+04"),
            (0.5, "0.5"),
            (999.96, "1000"),
            (100.0, "100"),
            (0.00012345, "0.0001234"),
            (99999.0, "1e+05"),
            (f64::NEG_INFINITY, "-Inf"),
        ] {
            assert_eq!(general(value, Some(4)), text);
        }
        assert_eq!(exponential(1500.0, Some(2)), "1.50e+03");
        assert_eq!(fixed(1.005, 1), "1.0");
    }
}
