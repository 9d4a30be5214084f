//! A segment of the write-ahead log.
#![no_main]

use std::path::PathBuf;
use std::sync::LazyLock;

/// Each process has a file of its own, in memory where there is a place for that.
static SEGMENT: LazyLock<PathBuf> = LazyLock::new(|| {
    let memory = PathBuf::from("/dev/shm");
    let folder = if memory.is_dir() { memory } else { std::env::temp_dir() };
    folder.join(format!("narthex-fuzz-{}.wal", std::process::id()))
});

libfuzzer_sys::fuzz_target!(
    init: {
        // As in the target `block`: panics of Arrow become errors.
        std::panic::set_hook(Box::new(|_| {}));
    },
    |bytes: &[u8]| {
        narthex_engine::fuzz::wal_segment(&SEGMENT, bytes);
        let _ = std::fs::remove_file(&*SEGMENT);
    }
);
