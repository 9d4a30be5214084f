//! `load_with_nhcb`: classic histograms become native ones with custom buckets beside them.

use std::collections::BTreeMap;

use narthex_model::{Histogram, Labels, METRIC_NAME, Span};

use super::histogram::Literal;
use super::series::{SeriesLine, Slot};

/// The schema whose bounds are listed.
const CUSTOM_BOUNDS_SCHEMA: i32 = -53;

/// What was read of a classic histogram at one step.
#[derive(Default)]
struct Classic {
    /// Upper bound and cumulative count.
    buckets: Vec<(f64, f64)>,
    count: Option<f64>,
    sum: f64,
}

/// The series of histograms that the buckets, counts and sums among `lines` make.
///
/// # Errors
/// The buckets of one contradict each other.
pub(super) fn histograms(lines: &[SeriesLine]) -> Result<Vec<SeriesLine>, String> {
    let mut families: BTreeMap<Labels, BTreeMap<usize, Classic>> = BTreeMap::new();
    for line in lines {
        let Some((family, part)) = part(line)? else {
            continue;
        };
        let family = families.entry(family).or_default();
        for (step, slot) in line.slots.iter().enumerate() {
            if let Slot::Float(v) = slot {
                part.put(*v, family.entry(step).or_default());
            }
        }
    }
    let mut out = Vec::new();
    for (labels, steps) in families {
        let len = steps.last_key_value().map_or(0, |(step, _)| step + 1);
        let mut slots = vec![Slot::Omitted; len];
        for (step, classic) in steps {
            let literal = Literal {
                histogram: classic.native()?,
                hint_given: false,
            };
            slots[step] = Slot::Histogram(Box::new(literal));
        }
        out.push(SeriesLine {
            labels,
            slots,
            starts: Vec::new(),
        });
    }
    Ok(out)
}

/// What a classic series tells.
enum Part {
    Bucket(f64),
    Count,
    Sum,
}

impl Part {
    fn put(&self, v: f64, classic: &mut Classic) {
        match self {
            Self::Bucket(bound) if classic.buckets.iter().all(|(b, _)| b != bound) => {
                classic.buckets.push((*bound, v));
            }
            Self::Bucket(_) => {}
            Self::Count => classic.count = Some(v),
            Self::Sum => classic.sum = v,
        }
    }
}

/// The family a series belongs to, and its part there.
fn part(line: &SeriesLine) -> Result<Option<(Labels, Part)>, String> {
    let name = line.labels.get(METRIC_NAME).unwrap_or("");
    let (base, part) = if let Some(base) = name.strip_suffix("_bucket") {
        let bound = line.labels.get("le").ok_or("a bucket without le")?;
        match narthex_model::parse_float(bound) {
            Some(bound) if !bound.is_nan() => (base, Part::Bucket(bound)),
            _ => return Ok(None),
        }
    } else if let Some(base) = name.strip_suffix("_count") {
        (base, Part::Count)
    } else if let Some(base) = name.strip_suffix("_sum") {
        (base, Part::Sum)
    } else {
        return Ok(None);
    };
    let labels = line.labels.as_ref().iter().filter(|(n, _)| *n != "le");
    let labels = labels.map(|(n, v)| (n, if n == METRIC_NAME { base } else { v }));
    let labels = Labels::new(labels).map_err(|e| e.to_string())?;
    Ok(Some((labels, part)))
}

impl Classic {
    fn native(mut self) -> Result<Histogram, String> {
        self.buckets.sort_by(|a, b| a.0.total_cmp(&b.0));
        let highest = self.buckets.last().map_or(0.0, |(_, count)| *count);
        let count = self.count.unwrap_or(highest);
        if self
            .buckets
            .last()
            .is_none_or(|(bound, _)| *bound != f64::INFINITY)
        {
            self.buckets.push((f64::INFINITY, count));
        }
        let counts = self.buckets.iter().map(|(_, count)| *count);
        let before = std::iter::once(0.0).chain(counts.clone());
        let each: Vec<f64> = counts
            .zip(before)
            .map(|(count, before)| count - before)
            .collect();
        if each.iter().any(|c| *c < 0.0) || self.buckets.last().is_some_and(|(_, c)| *c != count) {
            return Err("the buckets of a classic histogram contradict each other".to_owned());
        }
        let bounds = self.buckets.iter().map(|(bound, _)| *bound);
        Ok(Histogram {
            schema: CUSTOM_BOUNDS_SCHEMA,
            count,
            sum: self.sum,
            positive_spans: vec![Span {
                offset: 0,
                length: each.len() as u32,
            }],
            positive_buckets: each,
            custom_values: bounds.filter(|bound| bound.is_finite()).collect(),
            ..Histogram::default()
        })
    }
}
