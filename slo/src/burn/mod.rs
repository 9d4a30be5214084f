//! When somebody is told that a budget burns: the conditions of policies, evaluated from the ledger at any instant.

mod life;
#[cfg(test)]
pub(crate) mod tests;
mod watch;

pub use life::{AlertLife, Phase};
pub use watch::{Reading, Verdict, Watch};
