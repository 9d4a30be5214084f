//! A PromQL expression.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &[u8]| narthex_syntax::fuzz::query(text));
