//! Blocks that Prometheus wrote, chunks that a small encoder wrote, and hostile bytes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use narthex_model::{Labels, TimeRange};
use proptest::prelude::*;

use super::*;
use crate::{Protocol, fuzz, write_batch};

type Samples = BTreeMap<Labels, Vec<(i64, u64)>>;

fn fixture() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/prometheus-blocks")
}

fn blocks() -> Vec<PathBuf> {
    blocks_in(&fixture())
}

pub(super) fn blocks_in(folder: &Path) -> Vec<PathBuf> {
    let mut paths = sorted_paths(folder);
    paths.retain(|p| p.join("meta.json").exists());
    assert_eq!(paths.len(), 2);
    paths
}

pub(super) fn sorted_paths(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a folder");
    let mut paths: Vec<_> = entries.map(|e| e.expect("an entry").path()).collect();
    paths.sort();
    paths
}

/// A block as its parts give it, tombstones left aside: labels, and chunks with their samples.
pub(super) fn for_each_chunk(folder: &Path, mut each: impl FnMut(&Labels, &ChunkMeta, Chunk<'_>)) {
    let index = std::fs::read(folder.join("index")).expect("an index");
    let (header, table) = (
        &index[..Toc::HEADER_BYTES],
        &index[index.len() - Toc::BYTES..],
    );
    let toc = Toc::decode(header, table, index.len() as u64).expect("a table");
    let range = |r: &std::ops::Range<u64>| r.start as usize..r.end as usize;
    let section = &index[range(&toc.symbols)];
    let symbols = Symbols::decode(section, toc.version, toc.symbols.start).expect("symbols");
    let chunks = std::fs::read(folder.join("chunks/000001")).expect("chunks");
    check_chunk_file(&chunks).expect("a header");
    let (mut entry, mut labels) = (SeriesEntry::default(), Vec::new());
    let mut at = toc.series.start as usize;
    while at < toc.series.end as usize {
        if index[at] == 0 {
            at += 1;
            continue;
        }
        assert_eq!(at as u64 % toc.series_alignment(), 0);
        entry.decode(&index[at..]).expect("a series");
        entry.labels(&symbols, &mut labels).expect("labels");
        let labels = Labels::new(labels.iter().copied()).expect("a set");
        for meta in &entry.chunks {
            assert_eq!(meta.file(), 0);
            let chunk = chunk_at(&chunks[meta.offset() as usize..]).expect("a chunk");
            each(&labels, meta, chunk);
        }
        at += SeriesEntry::bytes(&index[at..]).expect("a length");
    }
}

fn read_block(folder: &Path) -> Samples {
    let mut samples = Samples::new();
    for_each_chunk(folder, |labels, meta, chunk| {
        assert_eq!(chunk.encoding, Encoding::Xor);
        let (mut timestamps, mut values) = (Vec::new(), Vec::new());
        decode_floats(chunk.data, &mut timestamps, &mut values).expect("samples");
        assert_eq!(timestamps.last(), Some(&meta.max_time));
        let bits = values.iter().map(|v| v.to_bits());
        let of_series = samples.entry(labels.clone()).or_default();
        of_series.extend(timestamps.into_iter().zip(bits));
    });
    samples
}

#[test]
fn blocks_of_prometheus_hold_what_was_written() {
    let text = std::fs::read(fixture().join("samples.om")).expect("the text");
    let batch = write_batch(Protocol::OpenMetricsText1_0_0, &text, 0).expect("a batch");
    let mut want = Samples::new();
    for ((series, t), value) in batch
        .sample_series()
        .iter()
        .zip(batch.timestamps())
        .zip(batch.values())
    {
        let labels = batch.labels(*series).to_owned();
        want.entry(labels).or_default().push((*t, value.to_bits()));
    }
    let mut found = Samples::new();
    for (labels, samples) in blocks().iter().flat_map(|b| read_block(b)) {
        found.entry(labels).or_default().extend(samples);
    }
    // Go has another NaN than Rust.
    for samples in want.values_mut().chain(found.values_mut()) {
        samples.retain(|s| !f64::from_bits(s.1).is_nan());
    }
    assert_eq!(found, want);
}

#[test]
fn tombstones_and_meta_of_prometheus() {
    for (i, block) in blocks().iter().enumerate() {
        let file = std::fs::read(block.join("tombstones")).expect("tombstones");
        let tombstones = read_tombstones(&file).expect("read");
        assert_eq!(tombstones.len(), 1);
        // Prometheus keeps what overlaps the samples of the series.
        let deleted = [
            TimeRange::inclusive(1_735_690_000_000, 1_735_696_320_000),
            TimeRange::inclusive(1_735_696_800_000, 1_735_698_000_000),
        ];
        assert_eq!(tombstones[0].range, deleted[i]);
        let file = std::fs::read(block.join("meta.json")).expect("meta.json");
        let meta = BlockMeta::decode(&file).expect("read");
        assert_eq!(meta.sources, std::slice::from_ref(&meta.ulid));
        assert_eq!(meta.stats.num_samples, [60, 68][i]);
    }
}

#[test]
fn every_flipped_bit_of_an_entry_or_chunk_is_found() {
    let block = &blocks()[0];
    let chunks = std::fs::read(block.join("chunks/000001")).expect("chunks");
    let first = CHUNK_FILE_HEADER_BYTES;
    let chunk = &chunks[first..first + chunk_bytes(&chunks[first..]).expect("a length")];
    every_flip(chunk, |bytes| chunk_at(bytes).is_err());
    let tombstones = std::fs::read(block.join("tombstones")).expect("tombstones");
    every_flip(&tombstones, |bytes| read_tombstones(bytes).is_err());
    let index = std::fs::read(block.join("index")).expect("an index");
    let table = &index[index.len() - Toc::BYTES..];
    every_flip(table, |bytes| {
        Toc::decode(&index[..5], bytes, index.len() as u64).is_err()
    });
}

fn every_flip(good: &[u8], is_found: impl Fn(&[u8]) -> bool) {
    assert!(!is_found(good));
    for at in 0..good.len() * 8 {
        let mut bad = good.to_vec();
        bad[at / 8] ^= 1 << (at % 8);
        assert!(is_found(&bad), "bit {at}");
    }
}

#[test]
fn unknown_encodings_are_named() {
    let content = [9_u8, 0, 0];
    let mut bytes = vec![2];
    bytes.extend_from_slice(&content);
    bytes.extend_from_slice(&crc32c::crc32c(&content).to_be_bytes());
    let error = chunk_at(&bytes).expect_err("unknown").to_string();
    assert!(error.contains("encoding 9"), "{error}");
}

/// Writes bits, highest first.
#[derive(Default)]
struct BitWriter {
    bytes: Vec<u8>,
    free: u32,
}

impl BitWriter {
    fn push(&mut self, value: u64, width: u32) {
        for at in (0..width).rev() {
            if self.free == 0 {
                self.bytes.push(0);
                self.free = 8;
            }
            self.free -= 1;
            *self.bytes.last_mut().expect("a byte") |= ((value >> at & 1) as u8) << self.free;
        }
    }

    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.push(value & 0x7f | 0x80, 8);
            value >>= 7;
        }
        self.push(value, 8);
    }

    fn time_change(&mut self, value: i64) {
        let fits = |width: u32| -(1 << (width - 1)) < value && value <= 1 << (width - 1);
        match value {
            0 => self.push(0, 1),
            _ if fits(14) => self.prefixed(0b10, 2, value, 14),
            _ if fits(17) => self.prefixed(0b110, 3, value, 17),
            _ if fits(20) => self.prefixed(0b1110, 4, value, 20),
            _ => self.prefixed(0b1111, 4, value, 64),
        }
    }

    fn prefixed(&mut self, prefix: u64, prefix_width: u32, value: i64, width: u32) {
        self.push(prefix, prefix_width);
        self.push(value as u64, width);
    }

    /// Always says anew where the bits lie.
    fn xor(&mut self, before: f64, value: f64) {
        let difference = before.to_bits() ^ value.to_bits();
        if difference == 0 {
            return self.push(0, 1);
        }
        let leading = difference.leading_zeros().min(31);
        let trailing = difference.trailing_zeros();
        let width = 64 - leading - trailing;
        self.push(0b11, 2);
        self.push(u64::from(leading), 5);
        self.push(u64::from(width & 63), 6);
        self.push(difference >> trailing, width);
    }
}

fn encode_floats(samples: &[(i64, f64)]) -> Vec<u8> {
    let mut out = BitWriter::default();
    out.push(samples.len() as u64, 16);
    let mut before = (0_i64, 0_i64, 0.0);
    for (number, &(t, value)) in samples.iter().enumerate() {
        let delta = t.wrapping_sub(before.0);
        match number {
            0 => {
                out.varint((t << 1 ^ t >> 63) as u64);
                out.push(value.to_bits(), 64);
            }
            1 => out.varint(delta as u64),
            _ => out.time_change(delta.wrapping_sub(before.1)),
        }
        if number > 0 {
            out.xor(before.2, value);
        }
        before = (t, if number > 0 { delta } else { 0 }, value);
    }
    out.bytes
}

proptest! {
    #[test]
    fn floats_round_trip(start in any::<i32>(), steps in prop::collection::vec((1..10_000_000_i64, any::<u64>(), any::<bool>()), 0..80)) {
        let (mut t, mut samples) = (i64::from(start), Vec::new());
        for (step, bits, round) in steps {
            t += if round { 15_000 } else { step };
            let value = if round { (bits % 100) as f64 } else { f64::from_bits(bits) };
            samples.push((t, value));
        }
        let (mut timestamps, mut values) = (Vec::new(), Vec::new());
        decode_floats(&encode_floats(&samples), &mut timestamps, &mut values).expect("good");
        prop_assert_eq!(timestamps, samples.iter().map(|s| s.0).collect::<Vec<_>>());
        let bits: Vec<_> = values.iter().map(|v| v.to_bits()).collect();
        prop_assert_eq!(bits, samples.iter().map(|s| s.1.to_bits()).collect::<Vec<_>>());
    }

    #[test]
    fn any_bytes_are_safe(bytes in prop::collection::vec(any::<u8>(), 0..200), count in 0..300_u16) {
        fuzz::tsdb_block(&bytes);
        fuzz::tsdb_chunk(&bytes);
        fuzz::tsdb_wal(&bytes);
        let counted = [&count.to_be_bytes(), bytes.as_slice()].concat();
        fuzz::tsdb_chunk(&counted);
    }

    #[test]
    fn damaged_files_are_safe(at in any::<prop::sample::Index>(), byte in any::<u8>(), name in prop::sample::select(vec!["index", "chunks/000001", "meta.json", "tombstones"])) {
        let mut bytes = std::fs::read(blocks()[1].join(name)).expect("a file");
        let at = at.index(bytes.len());
        bytes[at] = byte;
        fuzz::tsdb_block(&bytes);
        fuzz::tsdb_block(&bytes[at..]);
        fuzz::tsdb_chunk(&bytes[at..]);
    }
}
