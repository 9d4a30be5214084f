//! How fast are the hot paths, alone, on one core? `cargo bench --workspace --bench rates`, or with a name behind it.
//!
//! What ends in the WAL needs several threads: the example `measure_ingest` counts their processor time.

#[allow(dead_code, reason = "each program takes some of the paths")]
#[path = "../paths/mod.rs"]
mod paths;

use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};
use narthex_engine::block::DecodedSamples;

use paths::data::Feed;
use paths::exposition;
use paths::remote_write::RemoteWrite;
use paths::stored::{Place, Stored, decode};

const HOSTS: usize = 20;
/// Two hours.
const SCRAPES: i64 = 480;
const STEPS: i64 = 240;

/// As in the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    divan::main();
}

#[divan::bench]
fn parse_exposition(bencher: Bencher<'_, '_>) {
    let mut feed = Feed::new(HOSTS);
    let text = exposition::text(&mut feed);
    bencher
        .counter(BytesCount::of_str(&text))
        .counter(ItemsCount::new(feed.samples()))
        .bench_local(|| exposition::parse(&text));
}

#[divan::bench]
fn parse_remote_write(bencher: Bencher<'_, '_>) {
    let mut path = RemoteWrite::new(HOSTS);
    let body = path.body();
    bencher
        .counter(BytesCount::of_slice(&body))
        .counter(ItemsCount::new(path.samples()))
        .bench_local(|| RemoteWrite::read(&body));
}

#[divan::bench]
fn decode_block(bencher: Bencher<'_, '_>) {
    let stored = Stored::new(HOSTS, SCRAPES, Place::Block);
    let blocks = stored.blocks();
    let mut memory = DecodedSamples::default();
    let mut decode = || -> u64 { blocks.iter().map(|b| decode(b, &mut memory)).sum() };
    let samples = decode();
    bencher
        .counter(ItemsCount::new(samples))
        .bench_local(decode);
}

#[divan::bench]
fn read_head(bencher: Bencher<'_, '_>) {
    let stored = Stored::new(HOSTS, SCRAPES, Place::Head);
    let samples = stored.read();
    bencher
        .counter(ItemsCount::new(samples))
        .bench_local(|| stored.read());
}

/// Samples that a range query takes from a block to its answer: a function over 240 steps, its planning included.
#[divan::bench(args = [
    "sum(rate(node_cpu_seconds_total[5m]))",
    "sum by (mode) (rate(node_cpu_seconds_total[5m]))",
    "sum(avg_over_time(node_cpu_seconds_total[5m]))",
    "sum(max_over_time(node_cpu_seconds_total[5m]))",
    "sum(quantile_over_time(0.95, node_cpu_seconds_total[5m]))",
    "sum(node_cpu_seconds_total)",
])]
fn range_query(bencher: Bencher<'_, '_>, query: &str) {
    const SERIES: usize = 32 * HOSTS;
    let stored = Stored::new(HOSTS, SCRAPES, Place::Block);
    bencher
        .counter(ItemsCount::new(SERIES * SCRAPES as usize))
        .bench_local(|| stored.query_range(query, 1.0, STEPS));
}
