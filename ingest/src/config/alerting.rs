//! The `alerting` section: who is told of alerts.

use narthex_model::{Labels, LabelsRef, Result};
use narthex_settings::{DurationMs, Source, Step, or_default};
use serde::{Deserialize, Serialize};

use super::check;
use super::http::Scheme;
use super::scrape::StaticConfig;
use crate::relabel::{LabelSet, RelabelConfig, Rule};

/// How long a request may take where nothing is said.
const TIMEOUT: DurationMs = DurationMs(10_000);

/// Who is told of alerts, and how these are changed before.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AlertingConfig {
    /// Applied to the labels of each alert.
    #[serde(deserialize_with = "or_default", skip_serializing_if = "Vec::is_empty")]
    pub alert_relabel_configs: Vec<RelabelConfig>,
    /// The Alertmanagers.
    #[serde(deserialize_with = "or_default", skip_serializing_if = "Vec::is_empty")]
    pub alertmanagers: Vec<AlertmanagerConfig>,
}

/// Alertmanagers that are asked alike.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AlertmanagerConfig {
    /// Where they are.
    #[serde(deserialize_with = "or_default")]
    pub static_configs: Vec<StaticConfig>,
    /// `http` or `https`.
    pub scheme: Scheme,
    /// What stands before `/api/v2/alerts`.
    pub path_prefix: String,
    /// How long a request may take.
    pub timeout: DurationMs,
    /// Only `v2` is spoken.
    pub api_version: String,
    /// Applied to the labels of each alert for these, after those of all.
    #[serde(deserialize_with = "or_default", skip_serializing_if = "Vec::is_empty")]
    pub alert_relabel_configs: Vec<RelabelConfig>,
}

impl Default for AlertmanagerConfig {
    fn default() -> Self {
        Self {
            static_configs: Vec::new(),
            scheme: Scheme::default(),
            path_prefix: String::new(),
            timeout: TIMEOUT,
            api_version: "v2".to_owned(),
            alert_relabel_configs: Vec::new(),
        }
    }
}

impl AlertingConfig {
    /// Whether there is nothing in it.
    pub(super) fn says_nothing(&self) -> bool {
        *self == Self::default()
    }

    /// What must hold beyond each value being well-formed.
    pub(super) fn check(&self, source: &Source<'_>) -> Result<()> {
        let root = [Step::Key("alerting")];
        let of_all = [&root[..], &[Step::Key("alert_relabel_configs")]].concat();
        check::relabelling(&self.alert_relabel_configs, &of_all, source)?;
        for (at, managers) in self.alertmanagers.iter().enumerate() {
            let path = [&root[..], &[Step::Key("alertmanagers"), Step::Index(at)]].concat();
            let own = [&path[..], &[Step::Key("alert_relabel_configs")]].concat();
            check::relabelling(&managers.alert_relabel_configs, &own, source)?;
            if managers.api_version != "v2" {
                let path = [&path[..], &[Step::Key("api_version")]].concat();
                return Err(source.error_at(&path, "only v2 is spoken"));
            }
        }
        Ok(())
    }
}

impl AlertmanagerConfig {
    /// Where alerts are sent to.
    pub fn urls(&self) -> Vec<String> {
        let targets = self.static_configs.iter().flat_map(|group| &group.targets);
        let prefix = match self.path_prefix.trim_matches('/') {
            "" => String::new(),
            prefix => format!("/{prefix}"),
        };
        let scheme = self.scheme.as_str();
        targets
            .map(|target| format!("{scheme}://{target}{prefix}/api/v2/alerts"))
            .collect()
    }
}

/// Rules that labels of alerts go through.
#[derive(Debug, Clone)]
pub struct Relabelling(Vec<Rule>);

impl Relabelling {
    /// Those of a checked list; none if it is empty.
    ///
    /// # Errors
    /// `Invalid` if a rule cannot be used, which the check of the configuration has told before.
    pub fn of(configs: &[RelabelConfig]) -> Result<Option<Self>> {
        let rules = Rule::compile_all(configs).map_err(narthex_model::Error::invalid)?;
        Ok(Some(Self(rules)).filter(|rules| !rules.0.is_empty()))
    }

    /// The labels after all rules; `None` if one drops them.
    pub fn apply(&self, labels: &Labels) -> Option<Labels> {
        let labels: LabelsRef<'_> = labels.as_ref();
        let mut set: LabelSet = labels.iter().collect();
        let keeps = self.0.iter().all(|rule| rule.apply(&mut set));
        keeps.then(|| set.pack().ok()).flatten()
    }
}
