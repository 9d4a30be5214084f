//! `narthex check rules`: files of rules, with the lints, the words and the exit codes of `promtool check rules`.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use narthex_model::{Error, ErrorKind, Result};
use narthex_rules::file::{Duplicate, GroupSpec, LoadOptions, duplicates, load, parse};

use crate::cli::output::print;

pub(super) const EXAMPLES: &str = "Examples:
  narthex check rules rules/*.yml
  narthex check rules --lint-fatal < rules.yml

Exit codes: 0 all files are right, 1 one is wrong, 3 with --lint-fatal a lint found something.";

/// The exit code for what a lint found.
const LINT_CODE: u8 = 3;

/// What `check rules` takes.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The files; standard input, if none is given
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,

    /// What to look for besides mistakes, with commas between: all, duplicate-rules, none
    #[arg(long, value_name = "LINTS", default_value = "duplicate-rules")]
    lint: String,

    /// End with exit code 3 if a lint finds something
    #[arg(long)]
    lint_fatal: bool,

    /// Pass over keys that are not known; a server does not
    #[arg(long)]
    ignore_unknown_fields: bool,
}

/// What a file turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Verdict {
    Right,
    Linted,
    Wrong,
}

/// Runs the command.
///
/// # Errors
/// Nothing can be printed or read; a file is not there.
pub(super) fn run(arguments: &Arguments) -> Result<ExitCode> {
    if let Some(missing) = arguments.files.iter().find(|file| !file.exists()) {
        let message = format!("path '{}' does not exist", missing.display());
        return Err(Error::new(ErrorKind::NotFound, message));
    }
    let wants_duplicates = wants_duplicates(&arguments.lint)?;
    let options = LoadOptions {
        ignore_unknown_keys: arguments.ignore_unknown_fields,
        ..LoadOptions::default()
    };
    let mut worst = Verdict::Right;
    if arguments.files.is_empty() {
        print("Checking standard input\n")?;
        let mut text = String::new();
        let read = std::io::stdin().read_to_string(&mut text);
        read.map_err(|e| Error::unavailable("cannot read standard input").with_source(e))?;
        let read = parse(&text, "standard input", &options);
        worst = worst.max(tell(read, wants_duplicates)?);
    }
    for file in &arguments.files {
        print(&format!("Checking {}\n", file.display()))?;
        worst = worst.max(tell(load(file as &Path, &options), wants_duplicates)?);
    }
    Ok(match worst {
        Verdict::Wrong => ExitCode::FAILURE,
        Verdict::Linted if arguments.lint_fatal => ExitCode::from(LINT_CODE),
        _ => ExitCode::SUCCESS,
    })
}

/// Whether rules that stand twice are looked for. What is no lint is said, and is none.
fn wants_duplicates(lints: &str) -> Result<bool> {
    let mut wants = false;
    for lint in lints.split(',') {
        match lint.trim() {
            "all" | "duplicate-rules" => wants = true,
            "none" => {}
            other => print(&format!("WARNING: unknown lint option: {other:?}\n"))?,
        }
    }
    Ok(wants)
}

/// Says what a file turned out to be.
fn tell(
    read: std::result::Result<Vec<GroupSpec>, Vec<Error>>,
    wants_duplicates: bool,
) -> Result<Verdict> {
    let groups = match read {
        Ok(groups) => groups,
        Err(mistakes) => {
            eprintln!("  FAILED:");
            mistakes.iter().for_each(|mistake| eprintln!("{mistake}"));
            return Ok(Verdict::Wrong);
        }
    };
    let twice = match wants_duplicates {
        true => duplicates(&groups),
        false => Vec::new(),
    };
    if twice.is_empty() {
        let rules: usize = groups.iter().map(|group| group.rules.len()).sum();
        print(&format!("  SUCCESS: {rules} rules found\n\n"))?;
        return Ok(Verdict::Right);
    }
    eprintln!("  FAILED:\nlint error {}", linted(&twice));
    print("\n")?;
    Ok(Verdict::Linted)
}

fn linted(twice: &[Duplicate]) -> String {
    let mut text = format!("{} duplicate rule(s) found.\n", twice.len());
    for Duplicate { name, labels } in twice {
        text += &format!("Metric: {name}\nLabel(s):\n");
        let labels = labels.iter();
        text.extend(labels.map(|(name, value)| format!("\t{name}: {value}\n")));
    }
    text + "Might cause inconsistency while recording expressions"
}
