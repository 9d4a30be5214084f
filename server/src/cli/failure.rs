//! How an error looks to a person: what happened, then what to do.

use std::io::{IsTerminal, Write, stderr};

use narthex_model::{Error, ErrorKind};

/// Prints `error` to standard error, in colour on a terminal.
pub(crate) fn print(error: &Error) {
    let (red, dim, plain) = if stderr().is_terminal() {
        ("\x1b[1;31m", "\x1b[2m", "\x1b[0m")
    } else {
        ("", "", "")
    };
    // If standard error is closed there is nobody to tell.
    let _ = writeln!(
        stderr(),
        "{red}error:{plain} {error}\n{dim}next:{plain}  {}",
        next_step(error.kind())
    );
}

fn next_step(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Invalid => "correct what is named above; --help has examples",
        ErrorKind::NotFound => "check the path or address; `narthex serve` makes a new data folder",
        ErrorKind::Limit => "ask for less at once, or raise the limit named above",
        ErrorKind::Unavailable => "remove the obstacle named above, then run the command again",
        ErrorKind::Corrupt => {
            "run `narthex verify --storage.path DIR` to see what is damaged, `narthex repair` to keep what is good"
        }
        ErrorKind::Closed => {
            "the store is shutting down; run the command again once it has stopped"
        }
        ErrorKind::Internal => {
            "this is a bug in narthex: please report it with this message and the command"
        }
    }
}
