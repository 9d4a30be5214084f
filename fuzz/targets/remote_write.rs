//! A remote write message of anybody who may write: once as it is, once as what its snappy bytes hold.
#![no_main]

use narthex_formats::fuzz;

libfuzzer_sys::fuzz_target!(|body: &[u8]| {
    fuzz::remote_write_message(body);
    fuzz::remote_write(body);
});
