//! Golden SQL: runs every file of `tests/slt` against one small store.
//!
//! `NARTHEX_UPDATE_GOLDEN=1 cargo test -p narthex-sql --test slt` writes the answers into the files instead; read the diff.

mod support;

use std::path::PathBuf;

use sqllogictest::{Runner, default_column_validator, default_normalizer, default_validator};
use support::connection::Connection;
use support::store::Store;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn golden_files() {
    let store = Store::fill().await;
    let update = std::env::var_os("NARTHEX_UPDATE_GOLDEN").is_some();
    for file in files() {
        let mut runner = Runner::new(|| async { Ok(Connection::new(store.database())) });
        if update {
            let updated = runner
                .update_test_file(
                    &file,
                    " ",
                    default_validator,
                    default_normalizer,
                    default_column_validator,
                )
                .await;
            updated.unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        } else {
            let result = runner.run_file_async(&file).await;
            result.unwrap_or_else(|e| panic!("{}", e.display(false)));
        }
    }
}

fn files() -> Vec<PathBuf> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/slt");
    let entries = std::fs::read_dir(&folder).expect("the folder of golden files");
    let mut files: Vec<PathBuf> = entries.map(|e| e.expect("an entry").path()).collect();
    files.retain(|path| path.extension().is_some_and(|e| e == "slt"));
    files.sort();
    assert!(!files.is_empty(), "no golden file in {}", folder.display());
    files
}
