//! A job, ready to scrape: client, compiled rules, limits.

use std::sync::Arc;

use narthex_formats::Protocol;
use narthex_model::{Error, Labels, Result};

use super::append::Appender;
use super::cache::SeriesCache;
use super::client::ScrapeClient;
use super::family::Families;
use super::limits::Limits;
use super::series::SeriesLabels;
use crate::config::ScrapeConfig;
use crate::relabel::Rule;

/// A job, ready to scrape.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) name: Arc<str>,
    pub(crate) config: ScrapeConfig,
    pub(crate) limits: Limits,
    pub(crate) client: ScrapeClient,
    /// `relabel_configs`.
    pub(crate) target_rules: Vec<Rule>,
    /// `metric_relabel_configs`.
    series_rules: Arc<[Rule]>,
}

impl Job {
    /// Makes the job of a checked configuration.
    ///
    /// # Errors
    /// What cannot be used although it is well-formed: certificates, headers, a proxy.
    pub(crate) fn new(config: &ScrapeConfig) -> Result<Self> {
        let name = config.job_name.as_str();
        let rules = |list| {
            Rule::compile_all(list)
                .map_err(|e| Error::invalid(e).context(format!("job \"{name}\"")))
        };
        Ok(Self {
            name: name.into(),
            limits: Limits::new(config),
            client: ScrapeClient::new(config).map_err(|e| e.context(format!("job \"{name}\"")))?,
            target_rules: rules(&config.relabel_configs)?,
            series_rules: rules(&config.metric_relabel_configs)?.into(),
            config: config.clone(),
        })
    }

    /// The format of answers that name none.
    pub(crate) fn fallback(&self) -> Option<Protocol> {
        self.config.fallback_scrape_protocol.map(|p| p.0)
    }

    /// The appender of a target, which ends the `inherited` series unless its first scrape has them.
    pub(crate) fn appender(&self, target: &Labels, inherited: Vec<Labels>) -> Appender {
        Appender {
            series: SeriesLabels {
                target: target.clone(),
                honor_labels: self.config.honor_labels,
                rules: self.series_rules.clone(),
                limits: self.limits,
            },
            cache: SeriesCache::inheriting(inherited),
            families: Families::default(),
            honor_timestamps: self.config.honor_timestamps,
            track_timestamps: self.config.track_timestamps_staleness,
        }
    }
}
