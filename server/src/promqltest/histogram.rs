//! Native histograms in scripts: `{{schema:0 sum:5 count:4 buckets:[1 2 1]}}`, and whether two are the same.

use narthex_model::{Histogram, ResetHint, Span, format_float, parse_float};
use narthex_promql::histograms;

use super::compare::almost_equal;

/// A histogram as written.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Literal {
    pub(crate) histogram: Histogram,
    /// Whether the reset hint is written, and so compared.
    pub(crate) hint_given: bool,
}

/// Reads `{{…}}`.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn parse(text: &str) -> Result<Literal, String> {
    let inside = text
        .strip_prefix("{{")
        .and_then(|t| t.strip_suffix("}}"))
        .ok_or_else(|| format!("\"{text}\" is no histogram"))?;
    let mut literal = Literal {
        histogram: Histogram::default(),
        hint_given: false,
    };
    let (mut offset, mut n_offset) = (0, 0);
    let mut seen = Vec::new();
    let mut rest = inside.trim();
    while !rest.is_empty() {
        let (key, tail) = rest
            .split_once(':')
            .ok_or_else(|| format!("expected \"key:value\" at \"{rest}\""))?;
        let end = match tail.strip_prefix('[') {
            Some(_) => tail.find(']').ok_or("expected \"]\"")? + 1,
            None => tail.find([' ', '\t']).unwrap_or(tail.len()),
        };
        let (value, tail) = tail.split_at(end);
        let key = key.to_lowercase();
        if seen.contains(&key) {
            return Err(format!("duplicate key \"{key}\" in histogram"));
        }
        match key.as_str() {
            "offset" => offset = integer(value)?,
            "n_offset" => n_offset = integer(value)?,
            _ => set(&mut literal, &key, value)?,
        }
        seen.push(key);
        rest = tail.trim_start();
    }
    let histogram = &mut literal.histogram;
    histogram.positive_spans = span(offset, &histogram.positive_buckets);
    histogram.negative_spans = span(n_offset, &histogram.negative_buckets);
    Ok(literal)
}

fn set(literal: &mut Literal, key: &str, value: &str) -> Result<(), String> {
    let histogram = &mut literal.histogram;
    match key {
        "schema" => histogram.schema = integer(value)?,
        "sum" => histogram.sum = number(value)?,
        "count" => histogram.count = number(value)?,
        "z_bucket" => histogram.zero_count = number(value)?,
        "z_bucket_w" => histogram.zero_threshold = number(value)?,
        "buckets" => histogram.positive_buckets = numbers(value)?,
        "n_buckets" => histogram.negative_buckets = numbers(value)?,
        "custom_values" => histogram.custom_values = numbers(value)?,
        "counter_reset_hint" => {
            histogram.reset_hint = hint(value)?;
            literal.hint_given = true;
        }
        _ => return Err(format!("unknown key \"{key}\" in histogram")),
    }
    Ok(())
}

fn hint(text: &str) -> Result<ResetHint, String> {
    Ok(match text {
        "unknown" => ResetHint::Unknown,
        "reset" => ResetHint::Reset,
        "not_reset" => ResetHint::NotReset,
        "gauge" => ResetHint::Gauge,
        _ => return Err(format!("unknown reset hint \"{text}\"")),
    })
}

fn span(offset: i32, buckets: &[f64]) -> Vec<Span> {
    let length = buckets.len() as u32;
    let span = Span { offset, length };
    (length > 0).then_some(span).into_iter().collect()
}

fn integer(text: &str) -> Result<i32, String> {
    text.parse()
        .map_err(|_| format!("\"{text}\" is no integer"))
}

fn number(text: &str) -> Result<f64, String> {
    parse_float(text).ok_or_else(|| format!("\"{text}\" is no number"))
}

fn numbers(text: &str) -> Result<Vec<f64>, String> {
    let inside = text.trim_start_matches('[').trim_end_matches(']');
    inside.split_whitespace().map(number).collect()
}

/// `a`, `a + b`, `a + b + b`, …: `count` more than one.
///
/// # Errors
/// They cannot be added.
pub(super) fn series(
    a: &Literal,
    b: &Literal,
    subtract: bool,
    count: usize,
) -> Result<Vec<Literal>, String> {
    if a.histogram.schema > b.histogram.schema {
        let (from, to) = (b.histogram.schema, a.histogram.schema);
        return Err(format!("cannot merge from schema {from} to {to}"));
    }
    let combine = if subtract {
        histograms::sub
    } else {
        histograms::add
    };
    let mut all = vec![Literal {
        hint_given: b.hint_given,
        ..a.clone()
    }];
    let mut last = a.histogram.clone();
    for _ in 0..count {
        last = combine(&last, &b.histogram).ok_or("the histograms cannot be added")?;
        all.push(Literal {
            histogram: last.clone(),
            hint_given: b.hint_given,
        });
    }
    Ok(all)
}

/// Writes what [`parse`] reads, without what says nothing.
pub(crate) fn write(histogram: &Histogram) -> String {
    let compact = histograms::compact(histogram);
    let mut parts = Vec::new();
    let mut number = |key: &str, value: f64| {
        if value != 0.0 {
            parts.push(format!("{key}:{}", format_float(value)));
        }
    };
    number("schema", f64::from(compact.schema));
    number("count", compact.count);
    number("sum", compact.sum);
    number("z_bucket", compact.zero_count);
    number("z_bucket_w", compact.zero_threshold);
    if !compact.custom_values.is_empty() {
        parts.push(format!("custom_values:{}", list(&compact.custom_values)));
    }
    match compact.reset_hint {
        ResetHint::Unknown => {}
        ResetHint::Reset => parts.push("counter_reset_hint:reset".to_owned()),
        ResetHint::NotReset => parts.push("counter_reset_hint:not_reset".to_owned()),
        ResetHint::Gauge => parts.push("counter_reset_hint:gauge".to_owned()),
    }
    for (prefix, spans, buckets) in [
        ("", &compact.positive_spans, &compact.positive_buckets),
        ("n_", &compact.negative_spans, &compact.negative_buckets),
    ] {
        let Some(offset) = spans.first().map(|span| span.offset) else {
            continue;
        };
        if offset != 0 {
            parts.push(format!("{prefix}offset:{offset}"));
        }
        parts.push(format!("{prefix}buckets:{}", list(&filled(spans, buckets))));
    }
    format!("{{{{{}}}}}", parts.join(" "))
}

/// The counts with those of the gaps between spans, which are 0.
fn filled(spans: &[Span], buckets: &[f64]) -> Vec<f64> {
    let mut out = Vec::new();
    let mut rest = buckets.iter().copied();
    for (at, span) in spans.iter().enumerate() {
        let gap = if at == 0 { 0 } else { span.offset.max(0) };
        out.resize(out.len() + gap as usize, 0.0);
        out.extend(rest.by_ref().take(span.length as usize));
    }
    out
}

fn list(values: &[f64]) -> String {
    let texts: Vec<_> = values.iter().map(|v| format_float(*v)).collect();
    format!("[{}]", texts.join(" "))
}

/// Whether `got` is what is expected.
pub(super) fn same(want: &Literal, got: &Histogram) -> bool {
    let hint = !want.hint_given || want.histogram.reset_hint == got.reset_hint;
    let (want, got) = (
        histograms::compact(&want.histogram),
        histograms::compact(got),
    );
    let all = |a: &[f64], b: &[f64]| {
        a.len() == b.len() && a.iter().zip(b).all(|(a, b)| almost_equal(*a, *b))
    };
    hint && want.schema == got.schema
        && want.custom_values == got.custom_values
        && want.zero_threshold == got.zero_threshold
        && want.positive_spans == got.positive_spans
        && want.negative_spans == got.negative_spans
        && all(
            &[want.count, want.sum, want.zero_count],
            &[got.count, got.sum, got.zero_count],
        )
        && all(&want.positive_buckets, &got.positive_buckets)
        && all(&want.negative_buckets, &got.negative_buckets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals() {
        let literal = parse(
            "{{schema:1 sum:-0.3 count:3.1 z_bucket:7.1 z_bucket_w:0.05 buckets:[5.1 10 7 ] offset:-3 n_buckets:[4.1 5] n_offset:-5 counter_reset_hint:gauge}}",
        );
        let literal = literal.expect("valid");
        assert!(literal.hint_given);
        let histogram = literal.histogram;
        assert_eq!((histogram.schema, histogram.sum), (1, -0.3));
        assert_eq!(
            histogram.positive_spans,
            [Span {
                offset: -3,
                length: 3
            }]
        );
        assert_eq!(histogram.negative_buckets, [4.1, 5.0]);
        assert_eq!(
            parse("{{}}").expect("valid").histogram,
            Histogram::default()
        );
        assert!(parse("{{sum:1 sum:2}}").is_err() && parse("{{x:1}}").is_err());
    }

    #[test]
    fn the_same_up_to_empty_buckets_and_rounding() {
        let a = parse("{{count:3 sum:1 buckets:[0 1 0 2] offset:-1}}").expect("valid");
        let b = parse("{{count:3 sum:1.00000001 buckets:[1 0 2 0 0]}}").expect("valid");
        let c = parse("{{count:3 sum:1 buckets:[1 0 2] offset:1}}").expect("valid");
        assert!(same(&a, &b.histogram) && !same(&a, &c.histogram));
    }
}
