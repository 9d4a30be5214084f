//! Import of a data folder of Prometheus.
//!
//! Time is cut into the spans that compaction would make; for each span the blocks with samples in it are walked side by
//! side and one block is written. One series is in memory at a time. The newest samples, which are in no block yet, are read from
//! the write-ahead logs, and written like any that come in.

mod block;
mod cursor;
mod folder;
mod head;
mod head_sinks;
#[cfg(test)]
mod head_tests;
mod merge;
mod plan;
mod samples;
#[cfg(test)]
mod tests;

pub use folder::{FoundBlock, find_blocks};
pub use head::{Segment, find_segments, run_head};
pub use plan::{Plan, Step};

use narthex_engine::block::SeriesSamples;
use narthex_engine::{Backfill, Engine, ImportLog};
use narthex_model::{Result, TimeRange};

use crate::{Progress, Report};
use block::Block;
use merge::Merge;
use samples::Samples;

/// Does what `plan` says.
///
/// # Errors
/// `Corrupt` if a file of Prometheus is damaged; `NotFound` if one has gone, which a running Prometheus may do; what the
/// engine says. Spans that were imported before the error stay, and are not imported again.
pub fn run_blocks(
    engine: &Engine,
    log: &mut ImportLog<'_>,
    plan: &Plan,
    progress: &dyn Progress,
) -> Result<Report> {
    let mut report = Report::default();
    progress.begin(plan.samples());
    let mut reached = 0;
    for step in &plan.steps {
        if step.is_done {
            report.spans_skipped += 1;
        } else {
            let watch = Watch { progress, reached };
            import_step(engine, log, step, &watch, &mut report)?;
        }
        reached += step.samples;
        progress.reach(reached);
    }
    Ok(report)
}

/// The progress of a step inside that of the whole.
struct Watch<'a> {
    progress: &'a dyn Progress,
    /// Where the step begins.
    reached: u64,
}

fn import_step(
    engine: &Engine,
    log: &mut ImportLog<'_>,
    step: &Step,
    watch: &Watch<'_>,
    report: &mut Report,
) -> Result<()> {
    let opened = step.blocks.iter().map(|b| Block::open(&b.folder));
    let blocks = opened.collect::<Result<Vec<_>>>()?;
    let mut backfill = engine.backfill(step.range)?;
    let samples = copy(&blocks, step, &mut backfill, watch)?;
    report.samples += samples;
    report.blocks += u64::from(backfill.finish()?.is_some());
    note_done(log, step)
}

/// Copies the samples of a span, and counts them.
fn copy(
    blocks: &[Block],
    step: &Step,
    backfill: &mut Backfill<'_>,
    watch: &Watch<'_>,
) -> Result<u64> {
    let mut merge = Merge::new(blocks)?;
    let (mut samples, mut count) = (Samples::default(), 0);
    while let Some(labels) = merge.next(step.range, &mut samples)? {
        if samples.len() == 0 {
            continue;
        }
        let floats = SeriesSamples {
            labels,
            timestamps: &samples.timestamps,
            values: &samples.values,
        };
        backfill.push_with(floats, &samples.histograms)?;
        count += samples.len() as u64;
        watch
            .progress
            .reach(watch.reached + count.min(step.samples));
    }
    Ok(count)
}

fn note_done(log: &mut ImportLog<'_>, step: &Step) -> Result<()> {
    let done: Vec<(String, TimeRange)> = step
        .blocks
        .iter()
        .flat_map(|b| {
            let inside = b.meta.range.intersection(&step.range);
            plan::source_names(b).map(move |name| (name, inside))
        })
        .collect();
    log.add(done)
}
