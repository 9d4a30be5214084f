//! Does the tree keep its own rules? Checks that need no network and no built binary, run by plain `cargo test`.
//!
//! A check is a function from the tree to faults; each fault says where it is and what to do.

pub mod layers;
pub mod tidy;
mod tree;

pub use tree::Tree;

use std::fmt;
use std::path::PathBuf;

/// A rule that is broken somewhere.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    /// The file, relative to the root of the tree.
    pub path: PathBuf,
    /// The line, counted from 1; 0 if the fault is the whole file's.
    pub line: usize,
    /// What is wrong and what to do.
    pub message: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.path.display())?;
        if self.line > 0 {
            write!(f, "{}:", self.line)?;
        }
        write!(f, " {}", self.message)
    }
}

/// All faults as one text, for the message of a failed test.
pub fn listed(faults: &[Fault]) -> String {
    let lines: Vec<_> = faults.iter().map(|fault| format!("\n  {fault}")).collect();
    format!("{} faults:{}", faults.len(), lines.concat())
}
