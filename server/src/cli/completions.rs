//! `narthex completions`: a shell learns the commands and flags.

use clap::Args;
use clap_complete::Shell;
use narthex_model::Result;

use super::output::Output;

pub(crate) const EXAMPLES: &str = "Example:
  narthex completions bash > /etc/bash_completion.d/narthex";

/// What `completions` takes.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The shell
    shell: Shell,
}

/// Runs the command.
///
/// # Errors
/// Nothing can be printed.
pub(crate) fn run(arguments: &Arguments, command: &mut clap::Command) -> Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, command, "narthex", &mut script);
    let mut output = Output::open(None)?;
    output.write(&script)?;
    output.finish()
}
