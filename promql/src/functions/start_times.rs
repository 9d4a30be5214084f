//! `start_timestamp` of a selector: since when the newest sample in the lookback counts, in seconds; 0 where that is not known.
//!
//! `prom_start_timestamp(times, values, first_end, interval, steps, lookback[, histograms][, starts])`.

use std::borrow::Cow;

use arrow::array::ArrayRef;
use arrow::datatypes::DataType;
use datafusion::common::Result;
use narthex_model::is_stale;

use super::arguments::{ArgumentTypes, Arguments};
use super::plan_function::PlanFunction;
use super::series::{SampleLists, StartLists};
use crate::kernels::windows::BoundsCache;
use crate::mixed::HistogramLists;
use crate::steps::{StepWriter, step_type};

/// The function; which of the last two arguments it has.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct StartTimestamp {
    /// Native histograms.
    pub(crate) histograms: bool,
    /// Start timestamps of floats.
    pub(crate) starts: bool,
}

impl PlanFunction for StartTimestamp {
    fn plan_name(&self) -> Cow<'static, str> {
        "prom_start_timestamp".into()
    }

    fn returns(&self, types: &ArgumentTypes<'_>) -> Result<DataType> {
        types.window_steps().map(step_type)
    }

    fn call(&self, arguments: &Arguments) -> Result<ArrayRef> {
        let windows = arguments.windows()?;
        let histograms = self.histograms.then(|| arguments.histograms(6));
        let starts = self.starts.then_some(6 + usize::from(self.histograms));
        let floats = SampleLists::read(arguments)?;
        let samples = Samples {
            starts: StartLists::read(arguments, starts, &floats)?,
            floats,
            histograms: histograms.transpose()?,
        };
        let mut out = StepWriter::new(arguments.rows(), windows.steps);
        let mut cache = BoundsCache::new(windows);
        for row in 0..arguments.rows() {
            let all = samples.of(row);
            let times: Vec<_> = all.iter().map(|sample| sample.time).collect();
            let mut points = out.row_mut(row);
            for (step, (lo, hi)) in cache.bounds(&times).0.iter().enumerate() {
                let newest = all[*lo as usize..*hi as usize].last();
                if let Some(sample) = newest.filter(|sample| !sample.stale) {
                    points.set(step, sample.start as f64 / 1000.0);
                }
            }
        }
        out.finish().into_array()
    }
}

struct Samples {
    floats: SampleLists,
    histograms: Option<HistogramLists>,
    starts: StartLists,
}

/// What matters of a sample.
struct Sample {
    time: i64,
    start: i64,
    stale: bool,
}

impl Samples {
    /// The samples of a row by time.
    fn of(&self, row: usize) -> Vec<Sample> {
        let (times, values) = self.floats.row(row);
        let starts = self.starts.row(row);
        let floats = times.iter().zip(values).enumerate();
        let floats = floats.map(|(at, (time, v))| Sample {
            time: *time,
            start: starts.get(at).copied().unwrap_or(0),
            stale: is_stale(*v),
        });
        let histograms = self.histograms.iter().flat_map(|lists| {
            let samples = lists
                .at(row)
                .iter()
                .zip(lists.starts(row))
                .zip(lists.sums(row));
            samples.map(|((time, start), sum)| Sample {
                time: *time,
                start: *start,
                stale: is_stale(*sum),
            })
        });
        let mut all: Vec<_> = floats.chain(histograms).collect();
        all.sort_by_key(|sample| sample.time);
        all
    }
}
