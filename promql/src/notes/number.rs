//! Floats in notes and histograms: Go's `%g`, with an exponent from 1e+06 and below 1e-04 on.

use std::fmt::{self, Display, Formatter};

/// A float in as few digits as tell it from its neighbours, or in at most so many.
pub(crate) struct General {
    value: f64,
    digits: Option<usize>,
}

impl General {
    pub(crate) fn shortest(value: f64) -> Self {
        Self {
            value,
            digits: None,
        }
    }

    pub(super) fn of_digits(value: f64, digits: usize) -> Self {
        Self {
            value,
            digits: Some(digits),
        }
    }

    /// The decimal exponent from which on an exponent is written, for a number of so many digits.
    fn exponent_max(&self, written: usize, exponent: i32) -> i32 {
        let written = written as i32;
        match self.digits {
            None => 6,
            Some(most) if most as i32 > written && written > exponent => written,
            Some(most) => most as i32,
        }
    }
}

impl Display for General {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if !self.value.is_finite() || self.value == 0.0 {
            return f.write_str(&narthex_model::format_float(self.value));
        }
        let text = match self.digits {
            None => format!("{:e}", self.value),
            Some(digits) => format!("{:.*e}", digits.saturating_sub(1), self.value),
        };
        let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let mantissa = match mantissa.contains('.') {
            true => mantissa.trim_end_matches('0').trim_end_matches('.'),
            false => mantissa,
        };
        let exponent: i32 = exponent.parse().unwrap_or(0);
        let written = mantissa.bytes().filter(u8::is_ascii_digit).count();
        if exponent < -4 || exponent >= self.exponent_max(written, exponent) {
            let sign = if exponent < 0 { '-' } else { '+' };
            return write!(f, "{mantissa}e{sign}{:02}", exponent.abs());
        }
        // The digits are few enough to come back as they are.
        let rounded: f64 = text.parse().unwrap_or(self.value);
        write!(f, "{rounded}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_go_writes_them() {
        let cases = [
            (1.1, "1.1"),
            (-2.0, "-2"),
            (123_456.0, "123456"),
            (1_234_567.0, "1.234567e+06"),
            (0.0001, "0.0001"),
            (0.000_012, "1.2e-05"),
            (f64::INFINITY, "+Inf"),
            (f64::NAN, "NaN"),
            (0.0, "0"),
            (1e100, "1e+100"),
        ];
        for (value, text) in cases {
            assert_eq!(General::shortest(value).to_string(), text);
        }
        let rounded = [
            (10.0, "10"),
            (5.5, "5.5"),
            (123.0, "1.2e+02"),
            (0.126, "0.13"),
            (99.9, "1e+02"),
        ];
        for (value, text) in rounded {
            assert_eq!(General::of_digits(value, 2).to_string(), text);
        }
    }
}
