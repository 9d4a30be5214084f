//! A block: `meta.json`, the Parquet files, their footers and pages.
#![no_main]

libfuzzer_sys::fuzz_target!(|files: &[u8]| narthex_engine::fuzz::block(files));
