//! A block: `meta.json`, the Parquet files, their footers and pages.
#![no_main]

libfuzzer_sys::fuzz_target!(
    init: {
        // The engine turns panics of the Parquet crate into errors; the fuzzer's hook would take each for a failure before that.
        // One that nothing catches still ends the run.
        std::panic::set_hook(Box::new(|_| {}));
    },
    |files: &[u8]| narthex_engine::fuzz::block(files)
);
