//! Which targets would have been met.

use narthex_model::{Result, TimeRange};

use crate::budget::{Meter, View};
use crate::spec::Window;
use crate::time::Periods;

/// How a window went, at each time that it was looked at.
#[derive(Debug, Clone, PartialEq)]
pub struct WhatIf {
    /// Which window.
    pub window: Window,
    /// What was attained, in order of time.
    pub attained: Vec<Attained>,
}

/// What was attained in a window.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Attained {
    /// Its time.
    pub span: TimeRange,
    /// The fraction that was good.
    pub attained: f64,
}

/// What was attained in all windows that lie whole in `span`: rolling ones that end every `every_ms`, or calendar periods. Those
/// of which less than `coverage_floor` was observed are left out.
///
/// # Errors
/// If the window's zone is not known.
pub fn what_if(
    meter: &Meter,
    window: &Window,
    span: TimeRange,
    every_ms: i64,
    coverage_floor: f64,
) -> Result<WhatIf> {
    let spans = match window {
        Window::Rolling(rolling) => rolling_spans(rolling.ms, span, every_ms),
        Window::Calendar(calendar) => periods(&Periods::new(calendar)?, span)?,
    };
    let known = |span: &TimeRange| meter.judged(*span, View::Adjusted) >= coverage_floor;
    let attained = |span: TimeRange| {
        let attained = meter.attained(span, View::Adjusted)?;
        Some(Attained { span, attained })
    };
    Ok(WhatIf {
        window: window.clone(),
        attained: spans
            .into_iter()
            .filter(known)
            .filter_map(attained)
            .collect(),
    })
}

fn rolling_spans(ms: i64, span: TimeRange, every_ms: i64) -> Vec<TimeRange> {
    let every = usize::try_from(every_ms.max(1)).unwrap_or(usize::MAX);
    let ends = (span.start.saturating_add(ms)..=span.end).step_by(every);
    ends.map(|end| TimeRange::new(end - ms, end)).collect()
}

fn periods(periods: &Periods, span: TimeRange) -> Result<Vec<TimeRange>> {
    let mut whole = Vec::new();
    let mut period = periods.at(span.start)?;
    while period.end <= span.end {
        if period.start >= span.start {
            whole.push(period);
        }
        period = periods.at(period.end)?;
    }
    Ok(whole)
}

impl WhatIf {
    /// In how many of the windows a target would have been met.
    pub fn met(&self, target: f64) -> usize {
        self.attained
            .iter()
            .filter(|a| a.attained >= target)
            .count()
    }

    /// The tightest target that would have been met in all windows; `None` without windows.
    pub fn always_met(&self) -> Option<f64> {
        self.quantile(0.0)
    }

    /// What was attained in the fraction `q` of windows or less: 0 the worst, 0.5 the median, 1 the best. `None` without windows.
    pub fn quantile(&self, q: f64) -> Option<f64> {
        let mut sorted: Vec<f64> = self.attained.iter().map(|a| a.attained).collect();
        sorted.sort_by(f64::total_cmp);
        let last = sorted.len().checked_sub(1)?;
        let at = (q.clamp(0.0, 1.0) * last as f64).round();
        sorted.get(at as usize).copied()
    }
}
