//! The series of several rules, put together.

use std::collections::HashMap;

use narthex_model::{Labels, is_stale};

use super::Series;

/// Series on their way into the store. Of several samples with the same time the first one that was added stays; the end of a series
/// gives way to a value, since another rule goes on with it.
#[derive(Debug, Default)]
pub struct Gathered {
    series: HashMap<Labels, Held>,
    samples: usize,
}

#[derive(Debug)]
struct Held {
    series: Series,
    /// Whether what was added came in order of time.
    is_sorted: bool,
}

impl Gathered {
    /// Adds a series.
    pub fn add(&mut self, more: Series) {
        self.samples += more.len();
        let Some(held) = self.series.get_mut(&more.labels) else {
            let held = Held {
                is_sorted: true,
                series: more,
            };
            self.series.insert(held.series.labels.clone(), held);
            return;
        };
        let newest = held.series.times().max();
        held.is_sorted &= more.times().min() > newest;
        held.series.timestamps.extend(more.timestamps);
        held.series.values.extend(more.values);
        held.series.histograms.extend(more.histograms);
    }

    /// How many samples were added.
    pub fn samples(&self) -> usize {
        self.samples
    }

    /// The series, sorted by labels.
    pub fn into_series(self) -> Vec<Series> {
        let mut all: Vec<_> = self.series.into_values().map(Held::sorted).collect();
        all.sort_unstable_by(|a, b| a.labels.cmp(&b.labels));
        all
    }
}

impl Held {
    fn sorted(self) -> Series {
        let mut series = self.series;
        if self.is_sorted {
            return series;
        }
        let floats = series.timestamps.into_iter().zip(series.values);
        let mut floats: Vec<_> = floats.collect();
        series.histograms.sort_by_key(|(t, _)| *t);
        series.histograms.dedup_by_key(|(t, _)| *t);
        let is_histogram = |t| series.histograms.binary_search_by_key(&t, |h| h.0).is_ok();
        floats.retain(|(t, value)| !is_stale(*value) || !is_histogram(*t));
        floats.sort_by_key(|(t, value)| (*t, is_stale(*value)));
        floats.dedup_by_key(|(t, _)| *t);
        let is_float = |t| floats.binary_search_by_key(&t, |f| f.0).is_ok();
        series.histograms.retain(|(t, _)| !is_float(*t));
        (series.timestamps, series.values) = floats.into_iter().unzip();
        series
    }
}

#[cfg(test)]
mod tests {
    use narthex_model::{Histogram, stale_nan};

    use super::*;

    fn series(name: &str, floats: &[(i64, f64)], histograms: &[(i64, f64)]) -> Series {
        let histogram = |(t, count): &(i64, f64)| {
            let histogram = Histogram {
                count: *count,
                ..Histogram::default()
            };
            (*t, histogram)
        };
        Series {
            labels: Labels::new([("__name__", name)]).expect("valid"),
            timestamps: floats.iter().map(|f| f.0).collect(),
            values: floats.iter().map(|f| f.1).collect(),
            histograms: histograms.iter().map(histogram).collect(),
        }
    }

    #[test]
    fn first_come_first_kept_but_ends_give_way() {
        let mut all = Gathered::default();
        all.add(series("b", &[(1, 1.0), (2, 2.0)], &[]));
        all.add(series("a", &[(1, 7.0), (3, stale_nan())], &[]));
        all.add(series("b", &[(3, 3.0)], &[]));
        all.add(series("a", &[(1, 8.0), (3, 9.0)], &[(2, 1.0)]));
        all.add(series("a", &[(2, stale_nan())], &[(1, 4.0), (4, 5.0)]));
        assert_eq!(all.samples(), 11);
        let found = all.into_series();
        let expected = [
            series("a", &[(1, 7.0), (3, 9.0)], &[(2, 1.0), (4, 5.0)]),
            series("b", &[(1, 1.0), (2, 2.0), (3, 3.0)], &[]),
        ];
        assert_eq!(found, expected);
    }
}
