//! The floats of many series, and the one loop that range functions run over them.

use arrow::array::{Array, ArrayRef, AsArray, ListArray};
use arrow::buffer::{OffsetBuffer, ScalarBuffer};
use arrow::datatypes::{Float64Type, Int64Type};
use datafusion::common::{Result, internal_err};
use narthex_model::is_stale;

use super::arguments::Arguments;
use crate::kernels::Series;
use crate::kernels::windows::{Timeline, Timelines, Windows};
use crate::steps::{StepRow, StepWriter};

/// So many values are looked at together for stale markers.
const STRIDE: usize = 128;

/// Sample lists: flat times, which series may share, and flat values.
pub(crate) struct SampleLists {
    times: ScalarBuffer<i64>,
    /// Where the times of each series begin.
    times_at: ScalarBuffer<i32>,
    values: ScalarBuffer<f64>,
    offsets: OffsetBuffer<i32>,
}

impl SampleLists {
    /// The lists at arguments 0 (times) and 1 (values).
    pub(super) fn read(arguments: &Arguments) -> Result<Self> {
        Self::of(&arguments.column(0)?, &arguments.column(1)?)
    }

    /// The lists of `times` and `values`.
    pub(crate) fn of(times: &dyn Array, values: &dyn Array) -> Result<Self> {
        let Some(values) = values.as_list_opt::<i32>() else {
            return internal_err!("values must be lists, got {}", values.data_type());
        };
        let (times_at, times, as_many) = match (times.as_list_view_opt(), times.as_list_opt()) {
            (Some(views), _) => {
                let sizes = views.sizes().iter().map(|size| *size as usize);
                let as_many = sizes.eq(values.offsets().lengths());
                (views.offsets().clone(), views.values(), as_many)
            }
            (_, Some(lists)) => {
                let as_many = lists.offsets() == values.offsets();
                (lists.offsets().inner().clone(), lists.values(), as_many)
            }
            _ => return internal_err!("times must be lists, got {}", times.data_type()),
        };
        if !as_many {
            return internal_err!("there must be as many times as values");
        }
        Ok(Self {
            times: times.as_primitive::<Int64Type>().values().clone(),
            times_at,
            values: values
                .values()
                .as_primitive::<Float64Type>()
                .values()
                .clone(),
            offsets: values.offsets().clone(),
        })
    }

    /// Number of series.
    fn len(&self) -> usize {
        self.offsets.len() - 1
    }

    /// Times and values of the series at `row`.
    pub(crate) fn row(&self, row: usize) -> (&[i64], &[f64]) {
        let span = self.offsets[row] as usize..self.offsets[row + 1] as usize;
        let times_at = self.times_at[row] as usize;
        let times = &self.times[times_at..times_at + span.len()];
        (times, &self.values[span])
    }

    /// Step vectors over `windows` whose rows `fill` fills, one series after the other; it never sees stale markers.
    pub(super) fn vectors(
        &self,
        windows: &Windows,
        mut fill: impl FnMut(usize, &Series<'_>, &mut StepRow<'_>) -> Result<()>,
    ) -> Result<ArrayRef> {
        let mut out = StepWriter::new(self.len(), windows.steps);
        let mut timelines = Timelines::new(windows);
        let mut live = LiveSamples::default();
        for row in 0..self.len() {
            let (timestamps, values) = self.row(row);
            let own;
            let (timestamps, values, timeline) = match live.of(timestamps, values) {
                Some((timestamps, values)) => {
                    own = Timeline::lay(windows, timestamps);
                    (timestamps, values, &own)
                }
                None => (timestamps, values, timelines.of(timestamps)),
            };
            let series = Series {
                timestamps,
                values,
                bounds: &timeline.bounds,
                windows,
                extensions: &timeline.extensions,
            };
            fill(row, &series, &mut out.row_mut(row))?;
        }
        out.finish().into_array()
    }
}

/// Leaves out stale markers.
#[derive(Default)]
struct LiveSamples {
    timestamps: Vec<i64>,
    values: Vec<f64>,
}

impl LiveSamples {
    /// A copy of the samples without stale markers, if there are any.
    fn of(&mut self, timestamps: &[i64], values: &[f64]) -> Option<(&[i64], &[f64])> {
        // Without a branch per value first: most series have no NaN at all.
        let any_nan = |values: &[f64]| values.iter().fold(false, |any, v| any | v.is_nan());
        let has_nan = values.chunks(STRIDE).any(any_nan);
        if !has_nan || !values.iter().any(|v| is_stale(*v)) {
            return None;
        }
        self.timestamps.clear();
        self.values.clear();
        let samples = timestamps.iter().zip(values);
        for (t, v) in samples.filter(|(_, v)| !is_stale(**v)) {
            self.timestamps.push(*t);
            self.values.push(*v);
        }
        Some((&self.timestamps, &self.values))
    }
}

/// Since when the floats of many series count, in milliseconds.
pub(super) struct StartLists(Option<ListArray>);

impl StartLists {
    /// The lists at `position`, which belong to `floats`; without one, nothing is known.
    pub(super) fn read(
        arguments: &Arguments,
        position: Option<usize>,
        floats: &SampleLists,
    ) -> Result<Self> {
        let Some(position) = position else {
            return Ok(Self(None));
        };
        match arguments.column(position)?.as_list_opt::<i32>() {
            Some(lists) if *lists.offsets() == floats.offsets => Ok(Self(Some(lists.clone()))),
            _ => internal_err!("start timestamps must have the same offsets as values"),
        }
    }

    /// One per sample of `row`, 0 where it is not known; empty if it is known of none.
    pub(super) fn row(&self, row: usize) -> &[i64] {
        let Some(lists) = &self.0 else {
            return &[];
        };
        let offsets = lists.offsets();
        let span = offsets[row] as usize..offsets[row + 1] as usize;
        &lists.values().as_primitive::<Int64Type>().values()[span]
    }
}
