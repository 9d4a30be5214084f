//! Whether a configuration that is well-formed can be used.

use std::sync::Arc;

use narthex_model::Error;

use crate::config::Config;
use crate::discovery::Context;
use crate::{SystemClock, alertmanagers, manager};

/// What would keep `config` from being put into force: certificates that cannot be read, headers that are none, and the
/// like.
pub fn unusable(config: &Config) -> Vec<Error> {
    let context = Context {
        clock: Arc::new(SystemClock::new()),
        metrics: Arc::default(),
    };
    let jobs = config.scrape_configs.iter();
    let jobs = jobs.filter_map(|job| manager::ready(job, &context).err());
    let told = config.alerting.alertmanagers.iter().enumerate();
    let told = told.filter_map(|(at, section)| alertmanagers::ready(at, section, &context).err());
    jobs.chain(told).collect()
}
