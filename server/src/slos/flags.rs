//! The settings of SLOs.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::flags::Millis;

/// Which SLOs are kept, and what is told of them.
#[derive(Debug, Clone, Args)]
pub(crate) struct SloFlags {
    /// Files, folders or patterns with SLOs: ours, or those of Sloth, Pyrra, OpenSLO or slo-generator; may stand several times
    #[arg(long = "slo.files", value_name = "PATH")]
    pub(crate) files: Vec<PathBuf>,

    /// How often what is new is counted, and results are written as series
    #[arg(long = "slo.interval", value_name = "DURATION", default_value = "30s")]
    interval: Millis,

    /// Whose names results have besides our own, so that those dashboards work; comma-separated
    #[arg(
        long = "slo.publish",
        value_name = "LIST",
        value_enum,
        value_delimiter = ','
    )]
    pub(crate) publish: Vec<Names>,
}

/// Names of series that other tools' dashboards know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Names {
    /// Those of Sloth.
    Sloth,
    /// Those of Pyrra.
    Pyrra,
}

impl SloFlags {
    /// How often a round begins.
    pub(crate) fn interval(&self) -> Duration {
        self.interval.as_std().max(Duration::from_millis(100))
    }
}
