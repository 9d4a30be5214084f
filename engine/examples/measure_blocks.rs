//! Measures blocks: how many bytes each column takes per sample, and how fast samples are decoded, written and verified.
//!
//! ```text
//! cargo run --release -p narthex-engine --example measure_blocks -- DATA-FOLDER NEW-FOLDER
//! ```
//!
//! Every block of the data folder is decoded and written anew into the new folder: as one cut from the head, as a merged
//! one, and as blocks of two hours that a store then merges. They stay there to be looked at. Rates are per second of processor time, of all threads.

use std::error::Error;
use std::path::{Path, PathBuf};

use narthex_engine::block::{
    Block, BlockSource, BlockWriter, DecodedSamples, SeriesSamples, verify_block,
};
use narthex_engine::{Engine, Options};
use narthex_model::{Labels, TimeRange};
use parquet::file::metadata::{ColumnChunkMetaData, RowGroupMetaData};
use parquet::file::reader::{FileReader, SerializedFileReader};
use rustix::time::{ClockId, clock_gettime};
use ulid::Ulid;

/// Series that are decoded at once.
const SERIES_AT_ONCE: usize = 256;

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let mut arguments = std::env::args().skip(1);
    let store = arguments.next().ok_or("which data folder?")?;
    let folder = PathBuf::from(arguments.next().ok_or("which new folder?")?);
    std::fs::create_dir_all(&folder)?;
    let mut blocks = Vec::new();
    for entry in std::fs::read_dir(Path::new(&store).join("blocks"))? {
        blocks.push(entry?.path());
    }
    blocks.sort();
    for block in blocks {
        measure(&block, &folder)?;
    }
    Ok(())
}

fn measure(path: &Path, folder: &Path) -> Outcome<()> {
    let (block, labels) = Block::open(path)?;
    let meta = block.meta();
    let span = TimeRange::new(meta.span.start, meta.span.end);
    println!("block {}: {} samples", meta.ulid, meta.samples);
    print_block("as it is", path, &block)?;
    for (what, level) in [("as cut from the head", 1), ("as merged", 2)] {
        let read = decode(&block)?;
        let start = cpu_seconds();
        let written = write(&block, &labels, folder, level, span)?;
        let seconds = cpu_seconds() - start - read;
        println!("  written: {}", rate(meta.samples, seconds));
        print_block(what, &written, &Block::open(&written)?.0)?;
    }
    merge(
        &block,
        &labels,
        &folder.join(format!("{}-store", meta.ulid)),
    )
}

/// Cuts `block` into blocks of two hours, which are a store then, and has them merged.
fn merge(block: &Block, labels: &[Labels], folder: &Path) -> Outcome<()> {
    Engine::open(folder, Options::default(), None)?.close()?;
    let hours = 2 * 3_600_000;
    let span = block.meta().span;
    for start in (span.start..span.end).step_by(hours as usize) {
        let window = TimeRange::new(start, start + hours);
        write(block, labels, &folder.join("blocks"), 1, window)?;
    }
    println!(
        "in blocks of two hours: {:.4}",
        all_bytes(folder)? as f64 / block.meta().samples as f64
    );
    let engine = Engine::open(folder, Options::default(), None)?;
    let start = cpu_seconds();
    engine.compact()?;
    let seconds = cpu_seconds() - start;
    engine.close()?;
    let bytes = all_bytes(folder)? as f64 / block.meta().samples as f64;
    println!(
        "  merged: {}, read back; {bytes:.4} bytes per sample in all files",
        rate(block.meta().samples, seconds)
    );
    Ok(())
}

/// Bytes of all files below `folder`.
fn all_bytes(folder: &Path) -> Outcome<u64> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        bytes += match entry.metadata()? {
            m if m.is_dir() => all_bytes(&entry.path())?,
            m => m.len(),
        };
    }
    Ok(bytes)
}

/// Writes the samples of `block` in `span` anew.
fn write(
    block: &Block,
    labels: &[Labels],
    folder: &Path,
    level: u32,
    span: TimeRange,
) -> Outcome<PathBuf> {
    let ulid = Ulid::generate();
    let source = BlockSource {
        wal_through: None,
        deletes_through: 0,
        level,
        parents: Vec::new(),
    };
    let created = block.meta().created_ms;
    let mut writer = BlockWriter::create(folder, ulid, span, source, created)?;
    let mut samples = DecodedSamples::default();
    for (at, labels) in labels.chunks(SERIES_AT_ONCE).enumerate() {
        let first = (at * SERIES_AT_ONCE) as u32;
        let ordinals: Vec<u32> = (first..).take(labels.len()).collect();
        clear(&mut samples);
        block.read(&ordinals, span, &mut samples)?;
        let mut from = 0;
        for (labels, count) in labels.iter().zip(&samples.counts) {
            let rows = from..from + *count as usize;
            from = rows.end;
            if *count > 0 {
                writer.push(SeriesSamples {
                    labels: labels.as_ref(),
                    timestamps: &samples.timestamps[rows.clone()],
                    values: &samples.values[rows],
                })?;
            }
        }
    }
    writer.finish()?;
    Ok(folder.join(ulid.to_string()))
}

fn print_block(what: &str, path: &Path, block: &Block) -> Outcome<()> {
    let samples = block.meta().samples;
    let per_sample = |bytes: u64| bytes as f64 / samples as f64;
    let bytes: u64 = block.meta().files.values().map(|f| f.bytes).sum();
    println!("{what}: {:.4} bytes per sample", per_sample(bytes));
    for (name, file) in &block.meta().files {
        println!("  {name}: {:.4}", per_sample(file.bytes));
        let mut labels = 0;
        let reader = SerializedFileReader::new(std::fs::File::open(path.join(name))?)?;
        let groups = reader.metadata().row_groups();
        for column in 0..groups.first().map_or(0, RowGroupMetaData::num_columns) {
            let chunks = groups.iter().map(|group| group.column(column));
            let bytes: i64 = chunks.map(ColumnChunkMetaData::compressed_size).sum();
            let name = groups[0].column(column).column_path().string();
            if name.starts_with("labels.") {
                labels += bytes as u64;
            } else {
                println!("    {name}: {:.4}", per_sample(bytes as u64));
            }
        }
        println!("    labels: {:.4}", per_sample(labels));
        println!("    indexes and footer: {:.4}", per_sample(file.tail_bytes));
    }
    println!("  decoded: {}", rate(samples, decode(block)?));
    let each = scattered(block)?;
    println!("  one series after the other, every tenth: {each:.0} µs each");
    let start = cpu_seconds();
    if let Some(damage) = verify_block(path).into_iter().find_map(|c| c.damage) {
        return Err(damage.into());
    }
    println!("  verified: {}", rate(samples, cpu_seconds() - start));
    Ok(())
}

/// Seconds to decode all series: the best of three times.
fn decode(block: &Block) -> Outcome<f64> {
    let ordinals: Vec<u32> = (0..block.series_count() as u32).collect();
    let mut best = f64::INFINITY;
    let mut samples = DecodedSamples::default();
    for _ in 0..3 {
        let start = cpu_seconds();
        for ordinals in ordinals.chunks(SERIES_AT_ONCE) {
            clear(&mut samples);
            block.read(ordinals, TimeRange::ALL, &mut samples)?;
        }
        best = best.min(cpu_seconds() - start);
    }
    Ok(best)
}

/// Microseconds to read one series, on average.
fn scattered(block: &Block) -> Outcome<f64> {
    let ordinals: Vec<u32> = (0..block.series_count() as u32).step_by(10).collect();
    let mut samples = DecodedSamples::default();
    let start = cpu_seconds();
    for ordinal in &ordinals {
        clear(&mut samples);
        block.read(&[*ordinal], TimeRange::ALL, &mut samples)?;
    }
    Ok((cpu_seconds() - start) * 1e6 / ordinals.len().max(1) as f64)
}

/// Memory is used again: getting it from the system anew would be measured too.
fn clear(samples: &mut DecodedSamples) {
    samples.timestamps.clear();
    samples.values.clear();
    samples.counts.clear();
}

/// What the process has used.
fn cpu_seconds() -> f64 {
    let used = clock_gettime(ClockId::ProcessCPUTime);
    used.tv_sec as f64 + used.tv_nsec as f64 / 1e9
}

fn rate(samples: u64, seconds: f64) -> String {
    format!("{:.1} M samples/s", samples as f64 / seconds / 1e6)
}
