//! `start_timestamp` of a selector: since when the newest sample in the lookback counts, in seconds; 0 where that is not known.
//!
//! `prom_start_timestamp(times, values, first_end, interval, steps, lookback[, histograms][, starts])`.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{Result, internal_err};
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
};
use narthex_model::is_stale;

use super::arguments::{SampleLists, StartLists, any_signature, column, planned_int};
use super::range::windows;
use crate::kernels::windows::BoundsCache;
use crate::mixed::HistogramLists;
use crate::steps::{StepWriter, step_type};

/// The function for plans; which of the last two arguments it has.
pub(crate) fn start_timestamp(histograms: bool, starts: bool) -> Arc<ScalarUDF> {
    Arc::new(ScalarUDF::new_from_impl(StartUdf {
        histograms,
        starts,
        signature: any_signature(),
    }))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct StartUdf {
    histograms: bool,
    starts: bool,
    signature: Signature,
}

impl ScalarUDFImpl for StartUdf {
    fn name(&self) -> &str {
        "prom_start_timestamp"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        internal_err!("the number of steps is needed")
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        let steps = planned_int(&args, 4)? as usize;
        Ok(Arc::new(Field::new(self.name(), step_type(steps), false)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let rows = args.number_rows;
        let args = &args.args;
        let windows = windows(args)?;
        let list = |there: bool, at: usize| there.then(|| column(args, at, rows)).transpose();
        let histograms = list(self.histograms, 6)?.map(|lists| HistogramLists::of(&lists));
        let starts = self.starts.then_some(6 + usize::from(self.histograms));
        let floats = SampleLists::read(args, rows)?;
        let samples = Samples {
            starts: StartLists::read(args, starts, &floats)?,
            floats,
            histograms: histograms.transpose()?,
        };
        let mut out = StepWriter::new(rows, windows.steps);
        let mut cache = BoundsCache::new(windows);
        for row in 0..rows {
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
        Ok(ColumnarValue::Array(out.finish().into_array()?))
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
