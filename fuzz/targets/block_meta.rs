//! `meta.json` of a block.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &[u8]| narthex_engine::fuzz::block_meta(text));
