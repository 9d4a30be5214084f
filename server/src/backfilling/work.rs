//! One window of one stage after the other: evaluate, write, note that it is done.

use narthex_engine::block::SeriesSamples;
use narthex_engine::{Engine, HistogramRows, ImportLog};
use narthex_importer::Progress;
use narthex_model::{Result, TimeRange};
use narthex_rules::backfill::{Gathered, Series};
use narthex_sql::Database;

use super::Mode;
use super::rule::Running;

/// Samples that are gathered before they are written, if a window has more.
const SAMPLES_GATHERED_MAX: usize = 16 << 20;

/// What is being done, and what was.
pub(super) struct Work<'a> {
    engine: &'a Engine,
    database: &'a Database,
    mode: Mode,
    /// `None` if nothing is written.
    log: Option<ImportLog<'a>>,
    progress: &'a dyn Progress,
    /// Instants of rules that are done.
    reached: u64,
    /// Blocks written.
    pub(super) blocks: u64,
    /// Windows of rules that an earlier run has recorded.
    pub(super) spans_skipped: u64,
}

impl<'a> Work<'a> {
    /// Before the first window.
    pub(super) fn new(
        engine: &'a Engine,
        database: &'a Database,
        mode: Mode,
        progress: &'a dyn Progress,
    ) -> Result<Self> {
        let log = match mode {
            Mode::Count => None,
            Mode::Write { .. } => Some(engine.import_log()?),
        };
        Ok(Self {
            engine,
            database,
            mode,
            log,
            progress,
            reached: 0,
            blocks: 0,
            spans_skipped: 0,
        })
    }

    /// Evaluates the rules of a stage at their instants in `window` and `range`.
    pub(super) async fn stage(
        &mut self,
        stage: &mut [Running],
        window: TimeRange,
        range: TimeRange,
    ) -> Result<()> {
        let part = range.intersection(&window);
        let mut gathered = Gathered::default();
        let mut done = Vec::new();
        for rule in stage {
            if self.is_done(rule, part) {
                self.spans_skipped += 1;
                rule.recorder.leap();
                self.reach(rule.instants.within(part).count());
                continue;
            }
            self.rule(rule, part, window, &mut gathered).await?;
            done.push((rule.source.clone(), part));
        }
        self.write(window, gathered)?;
        match &mut self.log {
            Some(log) if !done.is_empty() => log.add(done),
            _ => Ok(()),
        }
    }

    /// Evaluates a rule at its instants in `part`, and gathers what it gives.
    async fn rule(
        &mut self,
        rule: &mut Running,
        part: TimeRange,
        window: TimeRange,
        gathered: &mut Gathered,
    ) -> Result<()> {
        self.progress.say(rule.name());
        let mut left = rule.instants.within(part);
        while left.count() > 0 {
            let (series, rest) = rule.step(self.database, left).await?;
            self.reach(left.count() - rest.count());
            left = rest;
            if self.log.is_some() {
                series.into_iter().for_each(|series| gathered.add(series));
            }
            if gathered.samples() > SAMPLES_GATHERED_MAX {
                self.write(window, std::mem::take(gathered))?;
            }
        }
        Ok(())
    }

    fn is_done(&self, rule: &Running, part: TimeRange) -> bool {
        let again = matches!(self.mode, Mode::Write { again: true, .. });
        let log = self.log.as_ref().filter(|_| !again);
        log.is_some_and(|log| log.covers(&rule.source, part))
    }

    fn reach(&mut self, more: u64) {
        self.reached += more;
        self.progress.reach(self.reached);
    }

    /// Makes a block of what was gathered for `window`.
    fn write(&mut self, window: TimeRange, gathered: Gathered) -> Result<()> {
        if gathered.samples() == 0 {
            return Ok(());
        }
        let mut backfill = self.engine.backfill(window)?;
        for series in gathered.into_series() {
            let samples = SeriesSamples {
                labels: series.labels.as_ref(),
                timestamps: &series.timestamps,
                values: &series.values,
            };
            backfill.push_with(samples, &rows(&series))?;
        }
        self.blocks += u64::from(backfill.finish()?.is_some());
        Ok(())
    }
}

fn rows(series: &Series) -> HistogramRows {
    let mut rows = HistogramRows::default();
    for (t, histogram) in &series.histograms {
        rows.push(*t, 0, &histogram.as_ref());
    }
    rows
}
