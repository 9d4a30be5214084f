//! Range functions over series that may have native histograms, window by window.
//!
//! `prom_mixed_rate(times, values, first_end, interval, steps, range[, lookback], histograms[, starts][, parameter], name)`; `lookback`
//! stands where a selector is `anchored` or `smoothed`, `starts` where floats say since when they count.

use std::borrow::Cow;

use arrow::array::ArrayRef;
use arrow::datatypes::DataType;
use datafusion::common::{Result, internal_err};
use narthex_model::is_stale;

use super::arguments::{ArgumentTypes, Arguments};
use super::operand::Operand;
use super::plan_function::PlanFunction;
use super::remarks::{HistogramRemarks, Remarks};
use super::series::{SampleLists, StartLists};
use crate::ast::Extension;
use crate::histogram::Point;
use crate::histogram::window::{self, Window};
use crate::kernels::extended::Reach;
use crate::kernels::windows::{BoundsCache, Windows};
use crate::mixed::{HistogramLists, MixedWriter, mixed_type};
use crate::notes::Speaker;
use crate::steps::step_type;

/// A range function over such series.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct MixedRange {
    /// PromQL's name; empty for an instant selector that is `smoothed`.
    pub(crate) name: &'static str,
    /// Whether the selector looks beyond its windows.
    pub(crate) extension: Option<Extension>,
    /// Whether there are start timestamps of floats.
    pub(crate) starts: bool,
    /// Whether start timestamps matter.
    pub(crate) heeds_starts: bool,
    /// Whether the function has a scalar argument.
    pub(crate) parameter: bool,
    /// Who says what there is to say.
    pub(crate) speaker: Speaker,
}

impl MixedRange {
    /// Whether a result may be a histogram.
    fn gives_histograms(&self) -> bool {
        let may = [
            "",
            "avg_over_time",
            "delta",
            "first_over_time",
            "idelta",
            "increase",
            "irate",
            "last_over_time",
            "rate",
            "sum_over_time",
        ];
        may.contains(&self.name)
    }
}

impl PlanFunction for MixedRange {
    fn plan_name(&self) -> Cow<'static, str> {
        match self.extension {
            None => format!("prom_mixed_{}", self.name).into(),
            Some(extension) => format!("prom_mixed_{}_{}", self.name, extension.as_str()).into(),
        }
    }

    fn returns(&self, types: &ArgumentTypes<'_>) -> Result<DataType> {
        let steps = types.window_steps()?;
        Ok(if self.gives_histograms() {
            mixed_type(steps)
        } else {
            step_type(steps)
        })
    }

    fn call(&self, arguments: &Arguments) -> Result<ArrayRef> {
        Run::read(self, arguments)?.vectors(arguments.rows())
    }
}

/// What to do with each window.
#[derive(Clone, Copy)]
enum Apply {
    Window(window::WindowFunction),
    Extended(window::ExtendedFunction, Extension),
    SmoothedInstant,
}

fn apply(function: &MixedRange) -> Result<Apply> {
    let name = function.name;
    let found = match function.extension {
        None => window::window_function(name).map(Apply::Window),
        Some(Extension::Smoothed) if name.is_empty() => Some(Apply::SmoothedInstant),
        Some(extension) => {
            window::extended_function(name).map(|apply| Apply::Extended(apply, extension))
        }
    };
    match found {
        Some(apply) => Ok(apply),
        None => internal_err!("{name} is not registered"),
    }
}

/// The samples of many series.
struct Samples {
    floats: SampleLists,
    histograms: HistogramLists,
    /// Since when the floats count.
    starts: StartLists,
    heeds_starts: bool,
}

/// The samples of one series, floats and histograms in the order of time, without stale markers.
#[derive(Default)]
struct Merged {
    times: Vec<i64>,
    points: Vec<Point>,
    /// When counters began, 0 where that is not known; empty if that does not matter.
    starts: Vec<i64>,
}

impl Samples {
    fn merged(&self, row: usize) -> Merged {
        let (times, values) = self.floats.row(row);
        let starts = self.starts.row(row);
        let start_of = |at: usize| starts.get(at).copied().unwrap_or(0);
        let floats = times.iter().zip(values).enumerate();
        let floats = floats.filter(|(_, (_, v))| !is_stale(**v));
        let floats = floats.map(|(at, (time, v))| (*time, Point::Float(*v), start_of(at)));
        let lists = &self.histograms;
        let histograms = lists.live(row).map(|(time, position)| {
            let histogram = Point::Histogram(lists.get(row, position));
            (time, histogram, lists.starts(row)[position])
        });
        let mut all: Vec<_> = floats.chain(histograms).collect();
        all.sort_by_key(|(time, _, _)| *time);
        let mut merged = Merged::default();
        for (time, point, start) in all {
            merged.times.push(time);
            merged.points.push(point);
            merged.starts.extend(self.heeds_starts.then_some(start));
        }
        merged
    }
}

/// One call.
struct Run<'a> {
    function: &'a MixedRange,
    apply: Apply,
    samples: Samples,
    windows: Windows,
    /// The samples that each window can see.
    near: BoundsCache,
    parameter: Operand,
    remarks: HistogramRemarks<'a>,
    float_remarks: Remarks<'a>,
}

impl<'a> Run<'a> {
    fn read(function: &'a MixedRange, arguments: &Arguments) -> Result<Self> {
        let windows = arguments.windows()?;
        let reach = match function.extension {
            Some(extension) => Some(Reach {
                extension,
                lookback: arguments.int(6)?,
            }),
            None => None,
        };
        let at = 6 + usize::from(reach.is_some());
        let parameter = match function.parameter {
            true => arguments.operand(at + 1 + usize::from(function.starts))?,
            false => Operand::NONE,
        };
        let floats = SampleLists::read(arguments)?;
        let starts = function.starts.then_some(at + 1);
        Ok(Self {
            function,
            apply: apply(function)?,
            samples: Samples {
                starts: StartLists::read(arguments, starts, &floats)?,
                floats,
                histograms: arguments.histograms(at)?,
                heeds_starts: function.heeds_starts,
            },
            near: BoundsCache::new(reach.map_or_else(|| windows.clone(), |r| r.around(&windows))),
            windows,
            parameter,
            remarks: HistogramRemarks::read(&function.speaker, arguments)?,
            float_remarks: Remarks::read(function.name, Some(&function.speaker), arguments)?,
        })
    }

    fn vectors(mut self, rows: usize) -> Result<ArrayRef> {
        let mut out = MixedWriter::new(rows, self.windows.steps);
        for row in 0..rows {
            let points = self.row(row);
            let is_float =
                |point: &Option<Point>| point.as_ref().is_some_and(|p| p.float().is_some());
            let floats: Vec<_> = points.iter().map(is_float).collect();
            self.float_remarks.after(row, &floats, &self.parameter);
            out.push_row(points);
        }
        if self.function.gives_histograms() {
            out.finish()
        } else {
            out.finish_floats()
        }
    }

    fn row(&mut self, row: usize) -> Vec<Option<Point>> {
        let merged = self.samples.merged(row);
        let (bounds, _) = self.near.bounds(&merged.times);
        let remarks = &mut self.remarks;
        let steps = bounds.iter().enumerate().map(|(step, (lo, hi))| {
            if lo == hi {
                return None;
            }
            let within = *lo as usize..*hi as usize;
            let window = Window {
                times: &merged.times[within.clone()],
                points: &merged.points[within.clone()],
                starts: merged.starts.get(within).unwrap_or_default(),
                start: self.windows.start(step),
                end: self.windows.end(step),
            };
            let mut say = |note| remarks.say(row, note);
            match self.apply {
                Apply::Window(apply) => apply(&window, self.parameter.at(row, step), &mut say),
                Apply::Extended(apply, extension) => apply(&window, extension, &mut say),
                Apply::SmoothedInstant => window::smoothed_instant(&window, &mut say),
            }
        });
        steps.collect()
    }
}
