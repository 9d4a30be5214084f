//! What hot paths allocate: it must not grow unnoticed. Counts do not depend on how busy the machine is, times do.
//!
//! `benches/allocations.toml` holds what is expected. `NARTHEX_UPDATE_GOLDEN=1 cargo test --workspace --test allocations` writes
//! what was counted into it instead; read the diff. All threads are counted, so everything is one test.

mod cases;
mod count;
mod expected;
#[path = "../../paths/mod.rs"]
mod paths;

use expected::Expected;

#[test]
fn hot_paths_allocate_what_is_expected() {
    let counted = cases::all();
    if std::env::var_os("NARTHEX_UPDATE_GOLDEN").is_some() {
        Expected::update(&counted);
    }
    let complaints = Expected::read().complaints(&counted);
    assert!(
        complaints.is_empty(),
        "\n{}\n\nIf this is meant, NARTHEX_UPDATE_GOLDEN=1 cargo test --workspace --test allocations writes {}; its diff belongs \
         to the change.",
        complaints.join("\n"),
        expected::FILE
    );
}
