//! Files of a Prometheus that are imported: parts of blocks, the samples of a chunk, a log. The first byte chooses.
#![no_main]

use narthex_formats::fuzz;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| match bytes.split_first() {
    Some((0, rest)) => fuzz::tsdb_block(rest),
    Some((1, rest)) => fuzz::tsdb_wal(rest),
    Some((_, rest)) => fuzz::tsdb_chunk(rest),
    None => {}
});
