//! Prometheus text of a scraped target.
#![no_main]

libfuzzer_sys::fuzz_target!(|body: &[u8]| narthex_formats::fuzz::text(body));
