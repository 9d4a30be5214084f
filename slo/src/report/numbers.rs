//! Numbers as people read them. All rounding of reports is here.

use crate::outcome::Unit;

/// What stands where there is no number.
pub const NONE: &str = "–";

/// Keeps a number and its unit on one line.
const NBSP: char = '\u{a0}';

const MINUTE: f64 = 60.0;
const HOUR: f64 = 60.0 * MINUTE;
const DAY: f64 = 24.0 * HOUR;

/// A fraction that was attained: `99.951 %`. Has as many digits as tell it from perfection, and is never rounded up: what is short of a
/// promise must not look kept.
pub fn attained(fraction: f64) -> String {
    if !fraction.is_finite() {
        return NONE.to_owned();
    }
    let missing = (1.0 - fraction) * 100.0;
    let decimals = if missing <= 0.0 {
        0
    } else {
        (1.0 - missing.log10().floor()).clamp(1.0, 6.0) as usize
    };
    format!("{}{NBSP}%", cut(fraction.min(1.0) * 100.0, decimals))
}

/// `value` with so many decimals, cut rather than rounded; but what is short of them by the dust of floats is not short.
fn cut(value: f64, decimals: usize) -> String {
    let text = format!("{value:.10}");
    let point = text.find('.').unwrap_or(text.len());
    let end = if decimals == 0 {
        point
    } else {
        point + 1 + decimals
    };
    text.get(..end).unwrap_or(&text).to_owned()
}

/// A fraction that was promised, with all its digits: `99.9 %`.
pub fn target(fraction: f64) -> String {
    let text = format!("{:.8}", fraction * 100.0);
    format!(
        "{}{NBSP}%",
        text.trim_end_matches('0').trim_end_matches('.')
    )
}

/// A share of something: `38 %`, `−12 %`, `0.4 %`.
pub fn share(fraction: f64) -> String {
    let percent = fraction * 100.0;
    let size = percent.abs();
    let digits = if !percent.is_finite() {
        return NONE.to_owned();
    } else if size >= 1000.0 {
        count(size)
    } else if size >= 10.0 || size == 0.0 {
        format!("{size:.0}")
    } else if size >= 0.05 {
        format!("{size:.1}")
    } else {
        return format!(
            "{}0.05{NBSP}%",
            if percent < 0.0 {
                ">\u{a0}−"
            } else {
                "<\u{a0}"
            }
        );
    };
    format!("{}{digits}{NBSP}%", sign(percent))
}

/// A share that may be unknown.
pub fn share_or_none(fraction: Option<f64>) -> String {
    fraction.map_or_else(|| NONE.to_owned(), share)
}

/// The sign that people write.
fn sign(value: f64) -> &'static str {
    if value < 0.0 { "−" } else { "" }
}

/// How many: `43`, `5,312`, `1.23 M`.
pub fn count(value: f64) -> String {
    let size = value.abs();
    let text = if !value.is_finite() {
        return NONE.to_owned();
    } else if size >= 999_500_000_000.0 {
        format!("{}{NBSP}tn", three_digits(size / 1e12))
    } else if size >= 999_500_000.0 {
        format!("{}{NBSP}bn", three_digits(size / 1e9))
    } else if size >= 999_500.0 {
        format!("{}{NBSP}M", three_digits(size / 1e6))
    } else if size >= 100.0 || size.fract() == 0.0 {
        thousands(size.round() as u64)
    } else {
        three_digits(size)
    };
    format!("{}{text}", sign(value))
}

fn three_digits(size: f64) -> String {
    let decimals = if size >= 100.0 {
        0
    } else if size >= 10.0 {
        1
    } else {
        2
    };
    let text = format!("{size:.decimals$}");
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    }
}

fn thousands(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// How many times as fast: `14.4×`.
pub fn factor(value: f64) -> String {
    if !value.is_finite() {
        return NONE.to_owned();
    }
    match value.abs() {
        size if size >= 100.0 => format!("{}×", count(value)),
        size if size >= 0.05 || size == 0.0 => {
            let text = format!("{value:.1}");
            format!("{}×", text.strip_suffix(".0").unwrap_or(&text))
        }
        _ => format!("<{NBSP}0.1×"),
    }
}

/// How long: `12 s`, `43 min`, `2 h 5 min`, `3 d 4 h`.
pub fn duration(ms: f64) -> String {
    if !ms.is_finite() {
        return NONE.to_owned();
    }
    let seconds = (ms / 1000.0).abs();
    let text = if seconds == 0.0 {
        format!("0{NBSP}min")
    } else if seconds >= 730.0 * DAY {
        format!("{}{NBSP}years", three_digits(seconds / (365.25 * DAY)))
    } else if seconds >= 23.992 * HOUR {
        two((seconds / HOUR).round(), 24.0, "d", "h")
    } else if seconds >= 59.5 * MINUTE {
        two((seconds / MINUTE).round(), 60.0, "h", "min")
    } else if seconds >= 10.0 * MINUTE {
        format!("{:.0}{NBSP}min", seconds / MINUTE)
    } else if seconds >= 59.5 {
        two(seconds.round(), 60.0, "min", "s")
    } else if seconds >= 0.95 {
        format!("{seconds:.0}{NBSP}s")
    } else {
        return format!("<{NBSP}1{NBSP}s");
    };
    format!("{}{text}", sign(ms))
}

/// Whole units and what remains in smaller ones, of which `each` make one.
fn two(smaller: f64, each: f64, large: &str, small: &str) -> String {
    let (whole, rest) = ((smaller / each).floor(), smaller % each);
    if rest == 0.0 {
        format!("{whole}{NBSP}{large}")
    } else {
        format!("{whole}{NBSP}{large}{NBSP}{rest}{NBSP}{small}")
    }
}

/// Part of a budget, with its unit: `43 min`, `1.2 M events`.
pub fn amount(value: f64, unit: Unit) -> String {
    match unit {
        Unit::Events if value == 1.0 => format!("1{NBSP}event"),
        Unit::Events => format!("{}{NBSP}events", count(value)),
        Unit::Minutes => duration(value * 60_000.0),
    }
}

/// The same in a column whose header says the unit: `43 min`, `1.2 M`.
pub fn amount_alone(value: f64, unit: Unit) -> String {
    match unit {
        Unit::Events => count(value),
        Unit::Minutes => duration(value * 60_000.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// With spaces that can be told from others here.
    fn plain(text: &str) -> String {
        text.replace(NBSP, " ")
    }

    #[test]
    fn an_attained_fraction_is_never_flattered() {
        let cases = [
            (0.99951, "99.951 %"),
            (0.999_499_9, "99.949 %"),
            (0.999_999_999_9, "99.999999 %"),
            (1.0, "100 %"),
            (0.9, "90.0 %"),
            (0.5, "50.0 %"),
            (0.0, "0.0 %"),
            (0.992_1, "99.21 %"),
            (f64::NAN, "–"),
        ];
        for (fraction, want) in cases {
            assert_eq!(plain(&attained(fraction)), want);
        }
    }

    #[test]
    fn a_target_has_all_its_digits() {
        assert_eq!(plain(&target(0.999)), "99.9 %");
        assert_eq!(plain(&target(0.9995)), "99.95 %");
        assert_eq!(plain(&target(0.9)), "90 %");
        assert_eq!(plain(&target(0.99999)), "99.999 %");
    }

    #[test]
    fn shares_keep_their_sign() {
        let cases = [
            (0.384, "38 %"),
            (-0.12, "−12 %"),
            (0.004, "0.4 %"),
            (0.0, "0 %"),
            (1.0, "100 %"),
            (-53.12, "−5,312 %"),
            (0.000_01, "< 0.05 %"),
            (-0.000_01, "> −0.05 %"),
        ];
        for (fraction, want) in cases {
            assert_eq!(plain(&share(fraction)), want);
        }
    }

    #[test]
    fn counts_have_three_digits_or_thousands() {
        let cases = [
            (0.0, "0"),
            (43.0, "43"),
            (2.5, "2.5"),
            (5_312.0, "5,312"),
            (999_499.0, "999,499"),
            (999_600.0, "1 M"),
            (1_234_567.0, "1.23 M"),
            (1_200_000_000.0, "1.2 bn"),
            (120_000_000.0, "120 M"),
            (-7.0, "−7"),
        ];
        for (value, want) in cases {
            assert_eq!(plain(&count(value)), want);
        }
    }

    #[test]
    fn durations_have_two_units() {
        let cases = [
            (43.2 * 60.0, "43 min"),
            (12.0, "12 s"),
            (75.0, "1 min 15 s"),
            (7_500.0, "2 h 5 min"),
            (7_200.0, "2 h"),
            (273_600.0, "3 d 4 h"),
            (86_399.0, "1 d"),
            (-120.0, "−2 min"),
            (0.0, "0 min"),
            (0.2, "< 1 s"),
            (3.0 * 365.25 * 86_400.0, "3 years"),
        ];
        for (seconds, want) in cases {
            assert_eq!(plain(&duration(seconds * 1000.0)), want);
        }
    }

    #[test]
    fn burn_rates_are_factors() {
        let cases = [
            (14.4, "14.4×"),
            (1.0, "1×"),
            (0.01, "< 0.1×"),
            (0.0, "0×"),
            (1000.0, "1,000×"),
        ];
        for (value, want) in cases {
            assert_eq!(plain(&factor(value)), want);
        }
    }
}
