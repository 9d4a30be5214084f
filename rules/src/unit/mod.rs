//! Unit tests of rules: promtool's files, with its verdicts.

mod diff;
mod failure;
mod file;
mod run;

pub use failure::{Failure, show_labels};
pub use file::{
    AlertTest, ExpectedAlert, ExpectedSample, ExprTest, InputSeries, StartTime, TestFile, TestGroup,
};
pub use run::{Stage, run};

#[cfg(test)]
mod tests;
