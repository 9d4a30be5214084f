//! The `alerting` section: who is told of alerts.

use std::fmt;
use std::path::Path;

use narthex_model::{Labels, LabelsRef, Result};
use narthex_settings::{DurationMs, FromText, Source, Step, or_default, text_serde};
use serde::{Deserialize, Serialize};

use super::http::Scheme;
use super::keys::with_discovery_keys;
use super::{check, inherit};
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

with_discovery_keys! {
    /// Alertmanagers that are told alike.
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    pub struct AlertmanagerConfig {
        /// `http` or `https`.
        #[serde(default)]
        pub scheme: Scheme,
        /// What stands before `/api/v2/alerts`.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        pub path_prefix: String,
        /// How long a request may take.
        #[serde(default = "timeout")]
        pub timeout: DurationMs,
        /// The only one there is.
        #[serde(default)]
        pub api_version: ApiVersion,
        /// Applied to the labels of each alert for these, after those of all.
        #[serde(default, deserialize_with = "or_default", skip_serializing_if = "Vec::is_empty")]
        pub alert_relabel_configs: Vec<RelabelConfig>,
    }
}

fn timeout() -> DurationMs {
    TIMEOUT
}

/// A version of the API of Alertmanagers: the second is the only one that is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ApiVersion;

impl FromText for ApiVersion {
    const EXPECTING: &'static str = "a version of the API: v2";

    fn from_text(text: &str) -> std::result::Result<Self, String> {
        match text {
            "v2" => Ok(Self),
            "v1" => Err("v1 is gone from Alertmanagers since 0.27, write v2".to_owned()),
            other => Err(format!("unknown version \"{other}\", there is v2")),
        }
    }
}

impl fmt::Display for ApiVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("v2")
    }
}

text_serde!(ApiVersion);

impl AlertingConfig {
    /// Whether there is nothing in it.
    pub(super) fn says_nothing(&self) -> bool {
        *self == Self::default()
    }

    /// Makes its paths independent of the folder we were started in, and checks what must hold beyond each value being
    /// well-formed.
    pub(super) fn finish(&mut self, source: &Source<'_>, folder: &Path) -> Result<()> {
        let root = [Step::Key("alerting")];
        let of_all = [&root[..], &[Step::Key("alert_relabel_configs")]].concat();
        check::relabelling(&self.alert_relabel_configs, &of_all, source)?;
        for (at, managers) in self.alertmanagers.iter_mut().enumerate() {
            let path = [&root[..], &[Step::Key("alertmanagers"), Step::Index(at)]].concat();
            inherit::shared_paths(managers, folder);
            let own = [&path[..], &[Step::Key("alert_relabel_configs")]].concat();
            check::relabelling(&managers.alert_relabel_configs, &own, source)?;
            check::shared(managers, &path, source)?;
        }
        Ok(())
    }
}

impl AlertmanagerConfig {
    /// The path that alerts are sent to.
    pub fn path(&self) -> String {
        match self.path_prefix.trim_matches('/') {
            "" => "/api/v2/alerts".to_owned(),
            prefix => format!("/{prefix}/api/v2/alerts"),
        }
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
        let keeps = crate::relabel::apply(&self.0, &mut set);
        keeps.then(|| set.pack().ok()).flatten()
    }
}
