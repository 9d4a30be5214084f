//! A question about the past: which other targets would have been met?

use narthex_model::{Error, Result, TimeRange, TimestampMs};
use narthex_slo::backtest::what_if;
use narthex_slo::budget::Book;
use narthex_slo::spec::{Window, from_percent};
use serde::{Deserialize, Serialize};

const HOUR_MS: i64 = 3_600_000;

/// What is asked.
#[derive(Debug, Clone)]
pub(crate) struct WhatIf {
    /// Percentages.
    targets: Vec<f64>,
    /// Windows in place of those of the specs, if there are any.
    windows: Vec<Window>,
    /// Windows end here at the latest.
    until: TimestampMs,
}

/// How a window of an SLO went, each time that it was looked at.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Looked {
    /// The SLO's id.
    pub(crate) slo: String,
    pub(crate) window_name: String,
    /// How often it was looked at.
    pub(crate) windows: usize,
    /// The least that was attained, which is the tightest target that would always have been met.
    pub(crate) worst: Option<f64>,
    pub(crate) median: Option<f64>,
    /// Target by target.
    pub(crate) targets: Vec<Met>,
}

/// How often a target would have been met.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Met {
    pub(crate) percent: f64,
    /// In so many windows.
    pub(crate) met: usize,
}

impl WhatIf {
    /// Asks for these targets, in percent.
    ///
    /// # Errors
    /// `Invalid` if one is no percentage.
    pub(crate) fn new(
        targets: Vec<f64>,
        windows: Vec<Window>,
        until: Option<TimestampMs>,
    ) -> Result<Self> {
        if targets.iter().any(|t| !(*t > 0.0 && *t < 100.0)) {
            return Err(Error::invalid(
                "targets are percentages between 0 and 100, such as 99.9",
            ));
        }
        Ok(Self {
            targets,
            windows,
            until: until.unwrap_or(i64::MAX),
        })
    }

    /// How each window of an SLO went.
    ///
    /// # Errors
    /// If a zone is not known.
    pub(crate) fn over(&self, book: &Book) -> Result<Vec<Looked>> {
        let windows = match self.windows.is_empty() {
            true => &book.slo().windows,
            false => &self.windows,
        };
        windows.iter().map(|w| self.of(book, w)).collect()
    }

    fn of(&self, book: &Book, window: &Window) -> Result<Looked> {
        let (slo, known) = (book.slo(), book.all().known());
        let span = TimeRange::new(known.start, known.end.min(self.until).max(known.start));
        let floor = slo.missing.coverage_floor;
        let found = what_if(book.all(), window, span, HOUR_MS, floor)?;
        let met = |percent: &f64| Met {
            percent: *percent,
            met: found.met(from_percent(*percent)),
        };
        Ok(Looked {
            slo: slo.id.clone(),
            window_name: window.to_string(),
            windows: found.attained.len(),
            worst: found.quantile(0.0),
            median: found.quantile(0.5),
            targets: self.targets.iter().map(met).collect(),
        })
    }
}
