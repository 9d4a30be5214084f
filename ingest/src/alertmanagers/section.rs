//! A section of the configuration with Alertmanagers that are told alike, ready to be used.

use std::sync::Arc;
use std::time::Duration;

use narthex_model::{Error, Labels, Result};
use reqwest::Url;

use crate::config::keys::HttpKeys;
use crate::config::{AlertmanagerConfig, Relabelling};
use crate::http::{Answers, HttpClient};
use crate::relabel::Rule;

/// A section, ready to be used.
pub(crate) struct Section {
    pub(super) config: AlertmanagerConfig,
    /// `relabel_configs`.
    pub(super) target_rules: Vec<Rule>,
    alert_rules: Option<Relabelling>,
    client: Arc<HttpClient>,
}

impl Section {
    /// Makes the section of a checked configuration.
    ///
    /// # Errors
    /// What cannot be used although it is well-formed: certificates, headers, a proxy.
    pub(super) fn new(config: &AlertmanagerConfig) -> Result<Self> {
        let rules = Rule::compile_all(&config.relabel_configs);
        let client = HttpClient::new(config.http(), &Answers::default())?;
        Ok(Self {
            config: config.clone(),
            target_rules: rules.map_err(Error::invalid)?,
            alert_rules: Relabelling::of(&config.alert_relabel_configs)?,
            client: Arc::new(client),
        })
    }

    /// Whether both say the same.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        self.config == other.config
    }
}

/// An Alertmanager that is to be told.
#[derive(Clone)]
pub struct FoundAlertmanager {
    /// Where alerts are sent to, as it is shown.
    pub shown: String,
    /// Where alerts are sent to.
    pub url: Url,
    pub(super) section: Arc<Section>,
}

impl FoundAlertmanager {
    /// Speaks to it.
    pub fn client(&self) -> Arc<HttpClient> {
        self.section.client.clone()
    }

    /// How long a request may take.
    pub fn timeout(&self) -> Duration {
        Duration::from_millis(self.section.config.timeout.0.unsigned_abs())
    }

    /// Whether alerts are relabelled for it.
    pub fn relabels(&self) -> bool {
        self.section.alert_rules.is_some()
    }

    /// The labels of an alert as it should hear them; `None` if it should not hear of the alert.
    pub fn relabel(&self, labels: &Labels) -> Option<Labels> {
        match &self.section.alert_rules {
            Some(rules) => rules.apply(labels),
            None => Some(labels.clone()),
        }
    }
}
