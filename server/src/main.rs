//! The `narthex` program.

use std::process::ExitCode;

/// Faster than the system's allocator where many threads make and free columns.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    narthex_server::cli::main()
}
