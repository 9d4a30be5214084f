//! Looks up in a store what only data tell.

use narthex_model::{Matcher, Result, TimeRange, TimestampMs};

use super::observed::{Events, Matched, Observed, questions};
use crate::budget::aggregate;
use crate::fill::FillOptions;
use crate::keep::known;
use crate::promql::Template;
use crate::spec::{Indicator, Selector, Slo};
use crate::store::{Chosen, Store};

/// What is evaluated slice by slice is only asked for so long.
const QUERIED_MS: i64 = 86_400_000;

/// Samples of so long tell how far they are apart.
const NEWEST_MS: i64 = 3_600_000;

/// Answers what should be looked up for an SLO; nothing, if the store is empty.
///
/// # Errors
/// Whatever the store says.
pub fn ask(store: &dyn Store, slo: &Slo, options: FillOptions) -> Result<Observed> {
    let Some(span) = store.span() else {
        return Ok(Observed::default());
    };
    let questions = questions(slo);
    let mut observed = Observed::default();
    for selector in &questions.series {
        observed.series.push(matched(store, selector, span)?);
    }
    for selector in questions.boundaries_of.iter().flat_map(|of| &of.0) {
        let chosen = store.select(&selector.matchers, span)?;
        let boundaries = each_label(chosen.as_ref(), "le");
        let boundaries = boundaries.filter_map(|le| le.parse::<f64>().ok());
        observed.boundaries.extend(boundaries);
    }
    if let Some(first) = questions.series.first() {
        observed.interval_ms = interval(store, first, span.end)?;
    }
    let asked = TimeRange::new(span.end.saturating_sub(questions.events_in_ms), span.end);
    observed.events = events(store, slo, asked.intersection(&span), options)?;
    Ok(observed)
}

/// The selectors of a query with `{{.window}}` in it.
pub(super) fn selectors(query: &str) -> Vec<Selector> {
    let mut all = Vec::new();
    if let Ok(template) = Template::parse(query) {
        template.expr.walk(&mut |part| {
            use narthex_syntax::ast::Node;
            let vector = match &part.node {
                Node::Vector(vector) => vector,
                Node::Matrix(matrix) => &matrix.vector,
                _ => return,
            };
            let selector = Selector::new(vector.matchers.clone());
            if !all.contains(&selector) {
                all.push(selector);
            }
        });
    }
    all
}

fn matched(store: &dyn Store, selector: &Selector, span: TimeRange) -> Result<Matched> {
    let mut matched = Matched {
        series: store.select(&selector.matchers, span)?.len(),
        ..Matched::default()
    };
    if let Some(name) = selector.metric().filter(|_| matched.series == 0) {
        let metric = [Matcher::equal(narthex_model::METRIC_NAME, name)];
        let all = store.select(&metric, span)?;
        matched.of_metric = all.len();
        matched.at_fault = at_fault(all.as_ref(), selector);
    }
    Ok(matched)
}

/// The first label of which no series has a value that is accepted, and the values there are.
fn at_fault(all: &dyn Chosen, selector: &Selector) -> Option<(String, Vec<String>)> {
    let refuses = |matcher: &&Matcher| {
        (0..all.len()).all(|at| !matcher.accepts(all.labels(at).get(matcher.name()).unwrap_or("")))
    };
    let matcher = selector.label_matchers().find(refuses)?;
    let mut values: Vec<_> = each_label(all, matcher.name()).map(str::to_owned).collect();
    values.sort();
    values.dedup();
    Some((matcher.name().to_owned(), values))
}

fn each_label<'c>(chosen: &'c dyn Chosen, name: &'c str) -> impl Iterator<Item = &'c str> {
    (0..chosen.len()).filter_map(move |at| chosen.labels(at).get(name))
}

/// How far the newest samples of a series are apart as a rule.
fn interval(store: &dyn Store, selector: &Selector, end: TimestampMs) -> Result<Option<i64>> {
    let newest = TimeRange::new(end.saturating_sub(NEWEST_MS), end);
    let chosen = store.select(&selector.matchers, newest)?;
    if chosen.is_empty() {
        return Ok(None);
    }
    let middle = u32::try_from(chosen.len() / 2).unwrap_or(0);
    let one = chosen.only(&[middle]);
    let samples = one.read(0..1)?;
    let mut times = samples.series(0).0.to_vec();
    if times.is_empty() {
        one.read_histograms(0, &mut |t, _| times.push(t))?;
    }
    let mut gaps: Vec<i64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    gaps.sort_unstable();
    Ok(gaps.get(gaps.len() / 2).copied())
}

fn events(
    store: &dyn Store,
    slo: &Slo,
    span: TimeRange,
    options: FillOptions,
) -> Result<Option<Events>> {
    let span = match &slo.indicator {
        Indicator::ErrorRatio { .. }
        | Indicator::Composite { .. }
        | Indicator::Gauge { by_time: true, .. } => return Ok(None),
        Indicator::Queries { .. } => {
            let start = span.start.max(span.end.saturating_sub(QUERIED_MS));
            TimeRange::new(start, span.end)
        }
        _ => span,
    };
    let known = known(store, slo, None, span, options)?;
    let Some(slices) = aggregate(&known.tracks) else {
        return Ok(None);
    };
    let over_ms: f64 = slices.observed_ms.iter().sum();
    Ok((over_ms > 0.0).then(|| Events {
        total: slices.total.iter().sum(),
        bad: slices.bad.iter().sum(),
        over_ms,
    }))
}
