//! Prometheus' own YAML configuration, as far as it concerns how samples come in and who is told of alerts.
//!
//! The types here are the file: every key of it, `deny_unknown_fields`. Loading fills in what jobs inherit, resolves
//! paths, and checks the rest, so a loaded [`Config`] is complete and can be printed as the effective one; secrets print
//! as `<secret>`.

mod alerting;
mod check;
mod check_discovery;
mod check_http;
mod discovery;
mod environment;
mod global;
pub(crate) mod http;
mod inherit;
pub(crate) mod keys;
mod known;
mod oauth2;
mod protocol;
mod scrape;
mod storage;

use std::path::{Path, PathBuf};

use narthex_model::{Error, Result};
use serde::{Deserialize, Serialize};
use serde_yaml::Value;

pub use alerting::{AlertingConfig, AlertmanagerConfig, ApiVersion, Relabelling};
pub use discovery::{
    DiscoveryOptions, DnsSdConfig, FileSdConfig, HttpSdConfig, RecordType, StaticConfig,
};
pub use global::GlobalConfig;
pub use http::{
    Authorization, BasicAuth, HeaderValues, HttpHeaders, HttpOptions, Scheme, ShownUrl, TlsConfig,
    TlsVersion,
};
pub use narthex_settings::{ByteSize, DurationMs, Secret};
pub use oauth2::OAuth2;
pub use protocol::{EscapingScheme, ScrapeProtocol, ValidationScheme};
pub use scrape::ScrapeConfig;
pub use storage::{ExemplarsConfig, RetentionRule, StorageConfig, StoreRetention, TsdbConfig};

use narthex_settings::Source;
use narthex_settings::or_default;

/// Something in the file that has no effect: `file:line:column: path: message`.
pub type Warning = String;

/// The configuration.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// What jobs inherit.
    #[serde(deserialize_with = "or_default")]
    pub global: GlobalConfig,
    /// Files with further jobs; the last part of a path may contain one `*`.
    #[serde(deserialize_with = "or_default", skip_serializing_if = "Vec::is_empty")]
    pub scrape_config_files: Vec<PathBuf>,
    /// Jobs; after [`Config::load`] those of `scrape_config_files` too.
    #[serde(deserialize_with = "or_default", skip_serializing_if = "Vec::is_empty")]
    pub scrape_configs: Vec<ScrapeConfig>,
    /// The store.
    #[serde(
        deserialize_with = "or_default",
        skip_serializing_if = "StorageConfig::says_nothing"
    )]
    pub storage: StorageConfig,
    /// How long samples of some series are kept, in place of `storage.tsdb.retention.time`.
    #[serde(deserialize_with = "or_default", skip_serializing_if = "Vec::is_empty")]
    pub retention: Vec<RetentionRule>,
    /// Files of rules; the last part of a path may contain one `*`.
    #[serde(deserialize_with = "or_default", skip_serializing_if = "Vec::is_empty")]
    pub rule_files: Vec<PathBuf>,
    /// Who is told of alerts.
    #[serde(
        deserialize_with = "or_default",
        skip_serializing_if = "AlertingConfig::says_nothing"
    )]
    pub alerting: AlertingConfig,
    /// Sections we do not act on yet.
    #[serde(skip_serializing)]
    remote_write: Value,
    #[serde(skip_serializing)]
    remote_read: Value,
    #[serde(skip_serializing)]
    runtime: Value,
    #[serde(skip_serializing)]
    tracing: Value,
    #[serde(skip_serializing)]
    otlp: Value,
}

/// A file of `scrape_config_files`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct ScrapeConfigFile {
    #[serde(deserialize_with = "or_default")]
    scrape_configs: Vec<ScrapeConfig>,
}

impl Config {
    /// Reads and checks the file at `path`, and the files it names in `scrape_config_files`.
    ///
    /// # Errors
    /// `NotFound` or `Unavailable` if a file cannot be read; `Invalid` with file, line, column and key if it is wrong.
    pub fn load(path: &Path) -> Result<(Self, Vec<Warning>)> {
        let (mut config, mut warnings) = Self::parse(&read(path)?, &path.to_string_lossy())?;
        for pattern in &config.scrape_config_files {
            for file in crate::discovery::glob(pattern)? {
                let (jobs, more) =
                    parse_jobs(&read(&file)?, &file.to_string_lossy(), &config.global)?;
                config.scrape_configs.extend(jobs);
                warnings.extend(more);
            }
        }
        check::unique_job_names(&config.scrape_configs)
            .map_err(|(_, message)| Error::invalid(message).context(path.display()))?;
        Ok((config, warnings))
    }

    /// Reads and checks a text; `file_name` is used in messages, and paths in the text are relative to its folder.
    ///
    /// # Errors
    /// `Invalid` with file, line, column and key.
    pub fn parse(text: &str, file_name: &str) -> Result<(Self, Vec<Warning>)> {
        let source = Source {
            file: file_name,
            text,
            is_known_elsewhere: known::is_known_elsewhere,
        };
        // A file of comments only is the empty configuration.
        let config: Option<Self> = serde_yaml::from_str(text).map_err(|e| source.yaml_error(&e))?;
        let mut config = config.unwrap_or_default();
        let mut warnings = check::sections(&config, &source)?;
        inherit::global(&mut config.global, &source)?;
        warnings.extend(environment::expand(
            &mut config.global.external_labels,
            &source,
        ));
        warnings.extend(check::global(&config.global, &source));
        let folder = folder_of(file_name);
        config.alerting.finish(&source, folder)?;
        let patterns = config.scrape_config_files.iter_mut();
        for pattern in patterns.chain(&mut config.rule_files) {
            narthex_settings::resolve_path(pattern, folder);
        }
        warnings.extend(finish_jobs(
            &mut config.scrape_configs,
            &config.global,
            &source,
            folder,
        )?);
        Ok((config, warnings))
    }

    /// The files that `rule_files` means, as they are now.
    ///
    /// # Errors
    /// `Unavailable` if a folder cannot be read.
    pub fn rule_paths(&self) -> Result<Vec<PathBuf>> {
        let mut paths = Vec::new();
        for pattern in &self.rule_files {
            paths.extend(crate::discovery::glob(pattern)?);
        }
        Ok(paths)
    }

    /// The effective configuration as YAML, secrets hidden.
    ///
    /// # Errors
    /// `Internal` if a value cannot be written, which does not happen.
    pub fn to_yaml(&self) -> Result<String> {
        serde_yaml::to_string(self)
            .map_err(|e| Error::internal("cannot print the configuration").with_source(e))
    }
}

fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).map_err(|e| {
        crate::io::error(&e).context(format!("cannot read configuration {}", path.display()))
    })
}

fn folder_of(file_name: &str) -> &Path {
    Path::new(file_name).parent().unwrap_or(Path::new(""))
}

fn parse_jobs(
    text: &str,
    file_name: &str,
    global: &GlobalConfig,
) -> Result<(Vec<ScrapeConfig>, Vec<Warning>)> {
    let source = Source {
        file: file_name,
        text,
        is_known_elsewhere: known::is_known_elsewhere,
    };
    let file: Option<ScrapeConfigFile> =
        serde_yaml::from_str(text).map_err(|e| source.yaml_error(&e))?;
    let mut jobs = file.unwrap_or_default().scrape_configs;
    let warnings = finish_jobs(&mut jobs, global, &source, folder_of(file_name))?;
    Ok((jobs, warnings))
}

/// Fills in, resolves and checks the jobs of one file.
fn finish_jobs(
    jobs: &mut [ScrapeConfig],
    global: &GlobalConfig,
    source: &Source<'_>,
    folder: &Path,
) -> Result<Vec<Warning>> {
    let mut warnings = Vec::new();
    for (i, job) in jobs.iter_mut().enumerate() {
        inherit::job(job, global);
        inherit::shared_paths(job, folder);
        warnings.extend(check::job(job, i, source)?);
    }
    check::unique_job_names(jobs)
        .map_err(|(i, message)| source.error_at(&check::job_key(i, "job_name"), &message))?;
    Ok(warnings)
}

#[cfg(test)]
mod tests;
