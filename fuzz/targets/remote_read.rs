//! Remote reads, requests and answers, and lines of an export. The first byte chooses.
#![no_main]

use narthex_formats::fuzz;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| match bytes.split_first() {
    Some((0, rest)) => fuzz::export_line(rest),
    Some((_, rest)) => fuzz::remote_read(rest),
    None => {}
});
