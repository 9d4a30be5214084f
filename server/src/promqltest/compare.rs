//! Whether an answer is what a case expects.

use narthex_model::{format_float, is_stale};
use narthex_promql::{QueryOutput, QueryValue, RangeSeries, SampleValue};

use super::histogram::same;
use super::script::{Annotation, Eval, Expected, When};
use super::series::{SeriesLine, Slot};

/// Values may differ by this much, relative to the sum of their magnitudes.
const TOLERANCE: f64 = 1e-6;

/// Whether two values count as equal: a stale marker only equals a stale marker, NaN equals NaN.
pub(super) fn almost_equal(a: f64, b: f64) -> bool {
    if is_stale(a) || is_stale(b) {
        return is_stale(a) && is_stale(b);
    }
    if a == b || (a.is_nan() && b.is_nan()) {
        return true;
    }
    let (sum, difference) = (a.abs() + b.abs(), (a - b).abs());
    if a == 0.0 || b == 0.0 || sum < f64::MIN_POSITIVE {
        return difference < TOLERANCE * f64::MIN_POSITIVE;
    }
    difference / sum.min(f64::MAX) < TOLERANCE
}

/// Checks annotations and value.
pub(super) fn check(eval: &Eval, output: &QueryOutput) -> Result<(), String> {
    annotations("warning", &eval.warn, &output.warnings)?;
    annotations("info", &eval.info, &output.infos)?;
    match (&eval.expected, &output.value) {
        (Expected::Scalar(want), QueryValue::Scalar { value, .. }) => number("{}", *want, *value),
        (Expected::String(want), QueryValue::String { value, .. }) if want == value => Ok(()),
        (Expected::Series(want), QueryValue::Vector(_)) => {
            vector(want, &output.value, eval.ordered)
        }
        (Expected::Series(want), QueryValue::Matrix(got)) => match eval.when {
            When::Range { start, step, .. } => matrix(want, got, start, step),
            When::Instant(_) => Err(format!(
                "expected an instant vector, got {}",
                describe(&output.value)
            )),
        },
        (
            Expected::RangeVector {
                start,
                step,
                series,
            },
            QueryValue::Matrix(got),
        ) => matrix(series, got, *start, *step),
        (want, got) => Err(format!("expected {want:?}, got {}", describe(got))),
    }
}

/// Checks the points of a matrix at instant `at` against an instant case.
pub(super) fn check_at(eval: &Eval, matrix: &[RangeSeries], at: i64) -> Result<(), String> {
    match &eval.expected {
        Expected::Scalar(want) => {
            let got = matrix.first().and_then(|s| s.at(at));
            let got = got.ok_or("no point at the instant")?;
            value("{}", &Slot::Float(*want), &got)
        }
        Expected::Series(want) => {
            let got = matrix
                .iter()
                .filter_map(|s| Some((s.labels.clone(), s.at(at)?)))
                .collect::<Vec<_>>();
            instant(want, &got)
        }
        _ => Ok(()),
    }
}

fn annotations(what: &str, rule: &Annotation, got: &[String]) -> Result<(), String> {
    if rule.forbidden && !got.is_empty() {
        return Err(format!("expected no {what}, got {got:?}"));
    }
    for want in &rule.wanted {
        if !got.iter().any(|text| want.accepts(text)) {
            return Err(format!("expected {what} {want:?}, got {got:?}"));
        }
    }
    match got
        .iter()
        .find(|text| !rule.wanted.is_empty() && !rule.wanted.iter().any(|want| want.accepts(text)))
    {
        Some(other) => Err(format!("unexpected {what} {other:?}")),
        None => Ok(()),
    }
}

fn number(of: &str, want: f64, got: f64) -> Result<(), String> {
    if almost_equal(want, got) {
        return Ok(());
    }
    Err(format!(
        "{of}: expected {}, got {}",
        format_float(want),
        format_float(got)
    ))
}

/// Whether a value is what a slot says.
fn value(of: &str, want: &Slot, got: &SampleValue) -> Result<(), String> {
    match (want, got) {
        (Slot::Float(want), SampleValue::Float(got)) => number(of, *want, *got),
        (Slot::Histogram(want), SampleValue::Histogram(got)) if same(want, got) => Ok(()),
        (want, got) => Err(format!("{of}: expected {want:?}, got {got:?}")),
    }
}

fn vector(want: &[SeriesLine], got: &QueryValue, ordered: bool) -> Result<(), String> {
    let QueryValue::Vector(samples) = got else {
        return Err("expected an instant vector".to_owned());
    };
    let got: Vec<_> = samples
        .iter()
        .map(|s| (s.labels.clone(), s.value.clone()))
        .collect();
    if ordered {
        let got_order: Vec<_> = got.iter().map(|(labels, _)| labels).collect();
        let want_order: Vec<_> = want.iter().map(|s| &s.labels).collect();
        if got_order != want_order {
            return Err(format!(
                "expected the order {want_order:?}, got {got_order:?}"
            ));
        }
    }
    instant(want, &got)
}

fn instant(
    want: &[SeriesLine],
    got: &[(narthex_model::Labels, SampleValue)],
) -> Result<(), String> {
    for (labels, sample) in got {
        let line = want.iter().find(|s| s.labels == *labels);
        let line =
            line.ok_or_else(|| format!("unexpected series {labels} with value {sample:?}"))?;
        match line.slots.as_slice() {
            [want] => value(&labels.to_string(), want, sample)?,
            other => return Err(format!("{labels}: expected {other:?}, got {sample:?}")),
        }
    }
    match want
        .iter()
        .find(|line| !got.iter().any(|(labels, _)| *labels == line.labels))
    {
        Some(missing) => Err(format!(
            "expected series {} {:?}, got {} others",
            missing.labels,
            missing.slots,
            got.len()
        )),
        None => Ok(()),
    }
}

fn matrix(want: &[SeriesLine], got: &[RangeSeries], start: i64, step: i64) -> Result<(), String> {
    if !got.is_sorted_by(|a, b| a.labels < b.labels) {
        return Err("the matrix is not sorted by labels".to_owned());
    }
    for series in got {
        let line = want.iter().find(|s| s.labels == series.labels);
        let line = line.ok_or_else(|| {
            format!(
                "unexpected series {} with {:?}",
                series.labels, series.values
            )
        })?;
        points(line, series, start, step)?;
    }
    let empty = |line: &&SeriesLine| line.slots.iter().all(|s| *s == Slot::Omitted);
    match want
        .iter()
        .filter(|l| !empty(l))
        .find(|line| !got.iter().any(|s| s.labels == line.labels))
    {
        Some(missing) => Err(format!(
            "expected series {}, got {} others",
            missing.labels,
            got.len()
        )),
        None => Ok(()),
    }
}

fn points(line: &SeriesLine, series: &RangeSeries, start: i64, step: i64) -> Result<(), String> {
    let slots = line.slots.iter().enumerate();
    let slots = slots.filter(|(_, s)| **s != Slot::Omitted);
    let want: Vec<_> = slots.map(|(i, s)| (start + i as i64 * step, s)).collect();
    let times: Vec<_> = want.iter().map(|(t, _)| *t).collect();
    let histograms = series.histograms.iter().map(|(t, _)| *t);
    let mut got: Vec<_> = series
        .timestamps
        .iter()
        .copied()
        .chain(histograms)
        .collect();
    got.sort_unstable();
    if times != got {
        return Err(format!(
            "{}: expected points at {times:?}, got {got:?}",
            series.labels
        ));
    }
    for (t, slot) in want {
        let got = series.at(t).ok_or("no point")?;
        value(&format!("{} at {t}", series.labels), slot, &got)?;
    }
    Ok(())
}

fn describe(value: &QueryValue) -> String {
    match value {
        QueryValue::Scalar { value, .. } => format!("the scalar {}", format_float(*value)),
        QueryValue::String { value, .. } => format!("the string {value:?}"),
        QueryValue::Vector(samples) => format!("an instant vector of {} series", samples.len()),
        QueryValue::Matrix(series) => format!("a matrix of {} series", series.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tolerance() {
        assert!(almost_equal(1.0, 1.0 + 1e-7) && !almost_equal(1.0, 1.0 + 1e-5));
        assert!(!almost_equal(0.0, 1e-12) && almost_equal(f64::NAN, f64::NAN));
        assert!(!almost_equal(narthex_model::stale_nan(), f64::NAN));
    }
}
