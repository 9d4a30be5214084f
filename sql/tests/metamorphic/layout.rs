//! The same samples, stored in other ways.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures::executor::block_on;
use narthex_engine::{Engine, Options};
use narthex_model::{HistogramSample, MatchOp, Matcher, Sink, TimeRange, WriteBatch};
use rand::Rng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use tempfile::TempDir;

use super::world::{
    END_MS, Point, SILENCE_END_MS, SILENCE_START_MS, START_MS, Series, Value, labels,
};

/// Several blocks, which compaction merges into one.
const SHORT_MS: i64 = 20 * 60_000;
/// One block for all.
const LONG_MS: i64 = 24 * 3_600_000;

/// How samples come to lie where they lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layout {
    /// All in the head.
    Head,
    /// All in the head, written in no order.
    HeadShuffled,
    /// Everything was sent twice.
    Twice,
    /// One block.
    OneBlock,
    /// A block for each twenty minutes.
    ManyBlocks,
    /// Those, merged.
    Compacted,
    /// Blocks until a random instant, the head from there on.
    HalfAndHalf,
    /// Blocks that overlap, because samples came in no order.
    Overlapping,
    /// Those, merged.
    OverlappingCompacted,
    /// More was written and deleted, before it left the head.
    DeletedInHead,
    /// More was written and deleted, once it was in blocks.
    DeletedInBlocks,
    /// As before, and then merged.
    DeletedAndCompacted,
    /// Half and half, then opened from a copy for queries alone: the log is replayed.
    Replayed,
    /// Half and half, then closed and opened again.
    Reopened,
}

impl Layout {
    /// Each of them.
    pub(crate) const ALL: [Self; 14] = [
        Self::Head,
        Self::HeadShuffled,
        Self::Twice,
        Self::OneBlock,
        Self::ManyBlocks,
        Self::Compacted,
        Self::HalfAndHalf,
        Self::Overlapping,
        Self::OverlappingCompacted,
        Self::DeletedInHead,
        Self::DeletedInBlocks,
        Self::DeletedAndCompacted,
        Self::Replayed,
        Self::Reopened,
    ];

    /// A store with the samples of `world`.
    pub(crate) fn store(self, world: &[Series], rng: &mut ChaCha8Rng) -> Store {
        let folder = TempDir::new().expect("a temporary folder");
        let length = if self == Self::OneBlock {
            LONG_MS
        } else {
            SHORT_MS
        };
        let engine = open(folder.path(), length);
        let engine = self.fill(engine, folder.path(), world, rng);
        Store {
            engine,
            _folder: folder,
        }
    }

    fn fill(
        self,
        engine: Arc<Engine>,
        folder: &Path,
        world: &[Series],
        rng: &mut ChaCha8Rng,
    ) -> Arc<Engine> {
        let cut = rng.random_range(START_MS..END_MS);
        match self {
            Self::Head => write(&engine, world, |_| true),
            Self::HeadShuffled => write_shuffled(&engine, world, rng, || {}),
            Self::Twice => {
                write(&engine, world, |at| at < cut);
                engine.flush().expect("flushed");
                write(&engine, world, |_| true);
            }
            Self::OneBlock | Self::ManyBlocks | Self::Compacted => {
                write(&engine, world, |_| true);
                engine.flush().expect("flushed");
            }
            Self::HalfAndHalf | Self::Replayed | Self::Reopened => {
                write(&engine, world, |at| at < cut);
                engine.flush().expect("flushed");
                write(&engine, world, |at| at >= cut);
            }
            Self::Overlapping | Self::OverlappingCompacted => {
                write_shuffled(&engine, world, rng, || engine.flush().expect("flushed"));
            }
            Self::DeletedInHead | Self::DeletedInBlocks | Self::DeletedAndCompacted => {
                write(&engine, &rubbish(world), |_| true);
                write(&engine, world, |_| true);
                if self != Self::DeletedInHead {
                    engine.flush().expect("flushed");
                }
                delete_rubbish(&engine);
            }
        }
        if matches!(
            self,
            Self::Compacted | Self::OverlappingCompacted | Self::DeletedAndCompacted
        ) {
            engine.compact().expect("compacted");
            assert!(engine.blocks().len() < 4, "{:?}", engine.blocks().len());
        }
        match self {
            Self::Replayed => Engine::open_read_only(folder).expect("opens"),
            Self::Reopened => {
                drop(engine);
                open(folder, SHORT_MS)
            }
            _ => engine,
        }
    }
}

/// A store, in a folder that goes with it.
pub(crate) struct Store {
    pub(crate) engine: Arc<Engine>,
    _folder: TempDir,
}

fn open(folder: &Path, block_duration_ms: i64) -> Arc<Engine> {
    let options = Options {
        block_duration_ms,
        out_of_order_window_ms: i64::MAX / 4,
        flush_interval: Duration::from_secs(3600),
        scrub_interval_ms: 0,
        now: || END_MS,
        ..Options::default()
    };
    Engine::open(folder, options, None).expect("opens")
}

/// Writes what was measured when `wanted` says so, in order.
fn write(engine: &Engine, world: &[Series], wanted: impl Fn(i64) -> bool) {
    let mut batch = WriteBatch::new();
    for series in world {
        let points = series.points.iter().filter(|p| wanted(p.at));
        push(&mut batch, series, points);
    }
    send(engine, batch);
}

/// Writes all in several goes of samples chosen at random.
fn write_shuffled(engine: &Engine, world: &[Series], rng: &mut ChaCha8Rng, after_each: impl Fn()) {
    let mut batches = vec![WriteBatch::new(); 3];
    for series in world {
        let mut points: Vec<&Point> = series.points.iter().collect();
        points.shuffle(rng);
        let size = points.len().div_ceil(batches.len()).max(1);
        for (batch, points) in batches.iter_mut().zip(points.chunks(size)) {
            push(batch, series, points.iter().copied());
        }
    }
    for batch in batches {
        send(engine, batch);
        after_each();
    }
}

fn push<'a>(batch: &mut WriteBatch, series: &Series, points: impl Iterator<Item = &'a Point>) {
    let position = batch.push_packed_series(series.labels.as_ref());
    for point in points {
        match &point.value {
            Value::Float(v) => batch.push_sample_with_start(position, point.at, *v, point.since),
            Value::Histogram(histogram) => batch.histograms.push(HistogramSample {
                series: position,
                timestamp: point.at,
                histogram: histogram.clone(),
                start_timestamp: None,
            }),
        }
    }
}

fn send(engine: &Engine, batch: WriteBatch) {
    let receipt = block_on(engine.write(batch)).expect("written");
    assert_eq!(receipt.rejected, 0, "{:?}", receipt.examples);
}

/// A host that is there no more, and samples of all series where there should be none.
fn rubbish(world: &[Series]) -> Vec<Series> {
    let mut out = Vec::new();
    for series in world {
        let mut moved = series.clone();
        let points = moved.points.iter_mut();
        moved.points = points
            .filter(|p| (SILENCE_START_MS - 300_000..SILENCE_START_MS).contains(&p.at))
            .map(|p| Point {
                at: p.at + 300_000,
                ..p.clone()
            })
            .collect();
        out.push(moved);
        let rest: Vec<_> = series
            .labels
            .iter()
            .filter(|(n, _)| *n == "job" || *n == "le")
            .collect();
        let name = series.labels.as_ref().metric_name();
        let labels = labels(name, &[rest.as_slice(), &[("host", "gone")]].concat());
        if !out.iter().any(|s: &Series| s.labels == labels) {
            out.push(Series {
                labels,
                points: series.points.clone(),
            });
        }
    }
    out
}

fn delete_rubbish(engine: &Engine) {
    let gone = vec![Matcher::equal("host", "gone")];
    engine.delete(&[gone], TimeRange::ALL).expect("deleted");
    let any = Matcher::new("__name__", MatchOp::Regex, ".+").expect("valid");
    let silence = TimeRange::new(SILENCE_START_MS, SILENCE_END_MS);
    engine.delete(&[vec![any]], silence).expect("deleted");
}
