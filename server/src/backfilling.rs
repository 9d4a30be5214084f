//! Recording rules over the past, straight into blocks.
//!
//! Time is cut into the windows that compaction would make. In each window the stages of the rules are evaluated one after the
//! other, and what a stage records becomes one block, which the next stage sees. A block appears whole or not at all, and what is
//! done is noted, so that a run that was interrupted goes on where it stopped.

mod rule;
mod schedules;
mod work;

use narthex_engine::{Engine, backfill_windows};
use narthex_importer::Progress;
use narthex_model::{Error, Result, TimeRange};
use narthex_rules::backfill::{Recorded, stages};
use narthex_rules::eval::Settings;
use narthex_rules::file::GroupSpec;
use narthex_sql::Database;

use rule::Running;
use work::Work;

/// What is to be done.
pub(crate) struct Backfilling {
    stages: Vec<Vec<Running>>,
    range: TimeRange,
    notes: Vec<String>,
}

/// What becomes of what rules give.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// It is counted; rules that read what others record are not evaluated, since that is not there.
    Count,
    /// It is written.
    Write {
        /// Also where an earlier run has done so.
        again: bool,
        /// Also beside samples at other instants.
        mix_schedules: bool,
    },
}

/// What was done.
#[derive(Debug, Default)]
pub(crate) struct Report {
    /// The rules in the order of their evaluation.
    pub(crate) rules: Vec<RuleReport>,
    /// Blocks written.
    pub(crate) blocks: u64,
    /// Windows of rules that an earlier run has recorded.
    pub(crate) spans_skipped: u64,
    /// What a person should know: a sentence each.
    pub(crate) notes: Vec<String>,
}

/// What a rule has recorded.
#[derive(Debug)]
pub(crate) struct RuleReport {
    /// The name of its group.
    pub(crate) group: String,
    /// The metric.
    pub(crate) name: String,
    /// What there is of it.
    pub(crate) recorded: Recorded,
    /// Whether it was evaluated.
    pub(crate) is_counted: bool,
}

impl Backfilling {
    /// The recording rules of `groups` at all their instants in `range`.
    ///
    /// # Errors
    /// `Invalid` if rules read each other's results in a circle, or there is no recording rule.
    pub(crate) fn new(groups: &[GroupSpec], settings: &Settings, range: TimeRange) -> Result<Self> {
        let order = stages(groups)?;
        let mut stages: Vec<Vec<Running>> = Vec::new();
        for stage in order.stages {
            let rules = stage
                .into_iter()
                .filter_map(|at| Running::new(groups, at, settings, range, &stages));
            let rules = rules.collect();
            stages.push(rules);
        }
        if stages.is_empty() {
            return Err(Error::invalid("there is no recording rule in these files"));
        }
        Ok(Self {
            stages,
            range,
            notes: order.notes,
        })
    }

    /// Evaluates all rules.
    ///
    /// # Errors
    /// An expression cannot be evaluated; the store cannot be read or written; it has samples at other instants. What was written before
    /// stays, and is whole.
    pub(crate) async fn run(
        &mut self,
        engine: &Engine,
        database: &Database,
        mode: Mode,
        progress: &dyn Progress,
    ) -> Result<Report> {
        let evaluated = match mode {
            Mode::Count => 1,
            Mode::Write { mix_schedules, .. } => {
                let rules: Vec<_> = self.stages.iter().flatten().collect();
                if !mix_schedules {
                    schedules::check(engine, &rules, self.range)?;
                }
                self.stages.len()
            }
        };
        let rules = self.stages.iter().take(evaluated).flatten();
        progress.begin(rules.map(|rule| rule.instants.count()).sum());
        let mut work = Work::new(engine, database, mode, progress)?;
        for window in backfill_windows(self.range, engine.block_duration_ms())? {
            for stage in self.stages.iter_mut().take(evaluated) {
                work.stage(stage, window, self.range).await?;
            }
        }
        let numbered = self.stages.iter().enumerate();
        let rules = numbered.flat_map(|(at, s)| s.iter().map(move |r| r.report(at < evaluated)));
        Ok(Report {
            rules: rules.collect(),
            blocks: work.blocks,
            spans_skipped: work.spans_skipped,
            notes: self.notes.clone(),
        })
    }
}
