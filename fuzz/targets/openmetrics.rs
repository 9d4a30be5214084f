//! OpenMetrics of a scraped target, or of a file to import.
#![no_main]

libfuzzer_sys::fuzz_target!(|body: &[u8]| narthex_formats::fuzz::openmetrics(body));
