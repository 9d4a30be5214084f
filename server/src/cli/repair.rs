//! `narthex repair`: keeps what is good of a damaged data folder, and moves the rest aside.

use std::path::PathBuf;

use clap::Args;
use narthex_engine::Repair;
use narthex_model::Result;

use super::output::print;

pub(crate) const EXAMPLES: &str = "Examples:
  narthex repair --dry-run --storage.path ./narthex-data    say what is damaged, and change nothing
  narthex repair --storage.path ./narthex-data

No server may be running on the folder. Nothing is thrown away: what is damaged is moved to the folder `damaged` in the
data folder, and stays there until you remove it.";

/// What `repair` takes.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The data folder
    #[arg(
        long = "storage.path",
        value_name = "DIR",
        default_value = "./narthex-data"
    )]
    storage_path: PathBuf,

    /// Only say what would be done
    #[arg(long)]
    dry_run: bool,
}

/// Runs the command.
///
/// # Errors
/// There is no store, another process uses it, or the disk is full or failing.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let repairs = narthex_engine::repair(&arguments.storage_path, arguments.dry_run)?;
    for repair in &repairs {
        print(&described(repair, arguments.dry_run))?;
    }
    let folder = arguments.storage_path.display();
    let next = match (repairs.len(), arguments.dry_run) {
        (0, _) => "nothing is damaged\n".to_owned(),
        (n, true) => format!(
            "{n} damaged, nothing was changed; next: narthex repair --storage.path {folder}\n"
        ),
        (n, false) => {
            format!("{n} repaired; next: narthex serve --storage.path {folder}\n")
        }
    };
    print(&next)
}

fn described(repair: &Repair, dry_run: bool) -> String {
    let would = if dry_run { "would have " } else { "" };
    let mut text = format!(
        "{}\n  damage: {}\n  {would}{}\n",
        repair.path.display(),
        repair.damage,
        repair.done
    );
    if let Some(path) = &repair.moved_to {
        text += &format!("  damaged bytes: {}\n", path.display());
    }
    text
}
