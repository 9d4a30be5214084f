//! One spelling for bucket bounds: `le="1"` and `le="1.0"` are the same bucket.
//!
//! Targets spell the bounds of classic histograms and the quantiles of summaries as they like, and change the spelling
//! with the format. Like Prometheus, the parsers rewrite them as OpenMetrics asks for, where the type is known.

use std::borrow::Cow;

use narthex_model::MetricType;

use crate::event::LabelText;
use crate::lexer::parse_float;

/// Rewrites the bound among the labels of a sample whose family has type `metric_type`.
#[inline]
pub(crate) fn normalise(metric_type: MetricType, labels: &mut [LabelText<'_>]) {
    let bound = match metric_type {
        MetricType::Histogram | MetricType::GaugeHistogram => "le",
        MetricType::Summary => "quantile",
        _ => return,
    };
    let found = labels.iter_mut().find(|(name, _)| name == bound);
    if let Some((_, value)) = found
        && !is_canonical(value)
        && let Some(number) = parse_float(value)
    {
        *value = Cow::Owned(canonical(number));
    }
}

/// Whether `text` is surely in canonical form. Bounds mostly are, and then nothing is parsed or copied.
fn is_canonical(text: &str) -> bool {
    if text == "+Inf" {
        return true;
    }
    let Some((whole, fraction)) = text.split_once('.') else {
        return false;
    };
    let all_digits = whole
        .bytes()
        .chain(fraction.bytes())
        .all(|b| b.is_ascii_digit());
    let whole_ok = whole == "0" || (!whole.starts_with('0') && (1..=6).contains(&whole.len()));
    let fraction_ok =
        fraction == "0" || (!fraction.ends_with('0') && (1..=8).contains(&fraction.len()));
    all_digits && whole_ok && fraction_ok && !(whole == "0" && fraction.starts_with("0000"))
}

/// The shortest text that reads back as `number`, with `.0` behind whole numbers, and with an exponent from 1e6 on and
/// below 1e-4.
fn canonical(number: f64) -> String {
    let magnitude = number.abs();
    if number.is_nan() {
        "NaN".to_owned()
    } else if number.is_infinite() {
        if number > 0.0 { "+Inf" } else { "-Inf" }.to_owned()
    } else if magnitude != 0.0 && !(1e-4..1e6).contains(&magnitude) {
        with_exponent(number)
    } else {
        let text = number.to_string();
        if text.contains('.') {
            text
        } else {
            text + ".0"
        }
    }
}

/// `1e+06`: an exponent with a sign and at least two digits.
fn with_exponent(number: f64) -> String {
    let text = format!("{number:e}");
    match text.split_once('e') {
        Some((mantissa, exponent)) => match exponent.strip_prefix('-') {
            Some(digits) => format!("{mantissa}e-{digits:0>2}"),
            None => format!("{mantissa}e+{exponent:0>2}"),
        },
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn spellings() {
        let cases = [
            ("1", "1.0"),
            ("0", "0.0"),
            ("0.10", "0.1"),
            ("5e-3", "0.005"),
            ("1e6", "1e+06"),
            ("1000000.0", "1e+06"),
            ("999999", "999999.0"),
            ("0.00001", "1e-05"),
            ("2.5e-7", "2.5e-07"),
            ("inf", "+Inf"),
            ("+Inf", "+Inf"),
            ("0.5", "0.5"),
            ("many", "many"),
        ];
        for (text, want) in cases {
            let mut labels = [(Cow::Borrowed("le"), Cow::Borrowed(text))];
            normalise(MetricType::Histogram, &mut labels);
            assert_eq!(labels[0].1, want, "{text}");
            let mut untouched = [(Cow::Borrowed("le"), Cow::Borrowed(text))];
            normalise(MetricType::Gauge, &mut untouched);
            assert_eq!(untouched[0].1, text);
        }
    }

    proptest! {
        #[test]
        fn the_shortcut_agrees(text in "[0-9]{1,7}\\.[0-9]{1,9}") {
            if is_canonical(&text) {
                prop_assert_eq!(canonical(text.parse().expect("a float")), text);
            }
        }
    }
}
