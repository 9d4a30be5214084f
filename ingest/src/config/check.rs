//! What must hold between the values of a configuration, beyond each being well-formed.

use std::collections::HashSet;

use narthex_model::Result;
use serde_yaml::Value;

use super::keys::{DiscoveryKeys, HttpKeys};
use super::protocol::ValidationScheme;
use super::scrape::ScrapeConfig;
use super::storage::StorageConfig;
use super::{Config, GlobalConfig, Warning, check_discovery, check_http};
use crate::relabel::{RelabelConfig, Rule};
use narthex_settings::{Source, Step};

/// Sections we do not act on: refused if ignoring them would lose something, else warned of. A section that says
/// nothing (`remote_write:` with comments below, as in the sample file of Prometheus) is fine.
pub(crate) fn sections(config: &Config, source: &Source<'_>) -> Result<Vec<Warning>> {
    let refused = [
        ("remote_write", &config.remote_write),
        ("remote_read", &config.remote_read),
    ];
    for (key, value) in refused {
        if !says_nothing(value) {
            return Err(source.error_at(
                &[Step::Key(key)],
                &format!("key \"{key}\" is not supported yet"),
            ));
        }
    }
    let ignored = [
        ("runtime", &config.runtime),
        ("tracing", &config.tracing),
        ("otlp", &config.otlp),
    ];
    let speaking = ignored
        .into_iter()
        .filter(|(_, value)| !says_nothing(value));
    let mut warnings: Vec<_> = speaking
        .map(|(key, _)| source.at(&[Step::Key(key)], "not supported yet, ignored"))
        .collect();
    warnings.extend(storage(&config.storage, source));
    Ok(warnings)
}

/// Keys of `storage` that have no effect yet.
fn storage(storage: &StorageConfig, source: &Source<'_>) -> Vec<Warning> {
    let tsdb = &storage.tsdb;
    let ignored = [
        (
            vec!["tsdb", "out_of_order_time_window"],
            &tsdb.out_of_order_time_window,
        ),
        (
            vec!["tsdb", "stale_series_compaction_threshold"],
            &tsdb.stale_series_compaction_threshold,
        ),
        (vec!["tsdb", "chunk_encoding"], &tsdb.chunk_encoding),
        (
            vec!["tsdb", "retention", "percentage"],
            &tsdb.retention.percentage,
        ),
    ];
    let speaking = ignored
        .into_iter()
        .filter(|(_, value)| !says_nothing(value));
    let at = |keys: Vec<&'static str>| {
        let keys = std::iter::once("storage").chain(keys);
        let path: Vec<_> = keys.map(Step::Key).collect();
        source.at(&path, "not supported yet, ignored")
    };
    speaking.map(|(keys, _)| at(keys)).collect()
}

/// Whether there is no scalar in it.
fn says_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Sequence(items) => items.iter().all(says_nothing),
        Value::Mapping(map) => map.values().all(says_nothing),
        _ => false,
    }
}

/// Keys of `global` that have no effect yet.
pub(crate) fn global(global: &GlobalConfig, source: &Source<'_>) -> Vec<Warning> {
    let logs = [
        ("query_log_file", &global.query_log_file),
        ("scrape_failure_log_file", &global.scrape_failure_log_file),
    ];
    let set = logs.into_iter().filter(|(_, value)| !value.is_empty());
    set.map(|(key, _)| {
        source.at(
            &[Step::Key("global"), Step::Key(key)],
            "not supported yet, ignored",
        )
    })
    .collect()
}

/// The path of `key` of the job at `index`.
pub(crate) fn job_key(index: usize, key: &'static str) -> [Step; 3] {
    [
        Step::Key("scrape_configs"),
        Step::Index(index),
        Step::Key(key),
    ]
}

/// Every job has its own name.
///
/// # Errors
/// The position of the first one whose name is taken, and the message.
pub(crate) fn unique_job_names(jobs: &[ScrapeConfig]) -> Result<(), (usize, String)> {
    let mut seen = HashSet::new();
    match jobs
        .iter()
        .position(|job| !seen.insert(job.job_name.as_str()))
    {
        None => Ok(()),
        Some(i) => {
            let name = jobs.get(i).map_or("", |job| job.job_name.as_str());
            Err((i, format!("another job is named \"{name}\" already")))
        }
    }
}

/// Checks the job at `index`, complete already.
pub(crate) fn job(job: &ScrapeConfig, index: usize, source: &Source<'_>) -> Result<Vec<Warning>> {
    if let Some((key, message)) = job_problems(job).first() {
        return Err(source.error_at(&job_key(index, key), message));
    }
    let path = [Step::Key("scrape_configs"), Step::Index(index)];
    shared(job, &path, source)?;
    let path = job_key(index, "metric_relabel_configs");
    relabelling(&job.metric_relabel_configs, &path, source)?;
    let at = |key| job_key(index, key);
    Ok(job_warnings(job)
        .into_iter()
        .map(|(key, message)| source.at(&at(key), message))
        .collect())
}

fn job_problems(job: &ScrapeConfig) -> Vec<(&'static str, String)> {
    let mut found = Vec::new();
    let mut problem = |wrong: bool, key, message: &str| {
        if wrong {
            found.push((key, message.to_owned()));
        }
    };
    problem(job.job_name.is_empty(), "job_name", "must not be empty");
    let (interval, timeout) = (job.interval(), job.timeout());
    problem(
        timeout > interval,
        "scrape_timeout",
        &format!("{timeout} is longer than the scrape interval {interval}"),
    );
    let legacy = job.metric_name_validation_scheme == Some(ValidationScheme::Legacy);
    problem(
        legacy,
        "metric_name_validation_scheme",
        "\"legacy\" is not supported yet",
    );
    let nhcb = job.convert_classic_histograms_to_nhcb == Some(true);
    problem(
        nhcb,
        "convert_classic_histograms_to_nhcb",
        "not supported yet",
    );
    let proto = job
        .fallback_scrape_protocol
        .is_some_and(|p| !p.0.is_supported());
    problem(
        proto,
        "fallback_scrape_protocol",
        "\"PrometheusProto\" is not supported yet",
    );
    found
}

fn job_warnings(job: &ScrapeConfig) -> Vec<(&'static str, &'static str)> {
    let asks_proto = job
        .scrape_protocols
        .iter()
        .flatten()
        .any(|p| !p.0.is_supported());
    let cases = [
        (
            asks_proto,
            "scrape_protocols",
            "\"PrometheusProto\" is not supported yet and not asked for",
        ),
        (
            job.scrape_native_histograms == Some(true),
            "scrape_native_histograms",
            "not supported yet, ignored",
        ),
        (
            job.scrape_failure_log_file.is_some(),
            "scrape_failure_log_file",
            "not supported yet, ignored",
        ),
        (
            job.native_histogram_bucket_limit.is_some(),
            "native_histogram_bucket_limit",
            "not supported yet, ignored",
        ),
        (
            job.native_histogram_min_bucket_factor.is_some(),
            "native_histogram_min_bucket_factor",
            "not supported yet, ignored",
        ),
    ];
    cases
        .into_iter()
        .filter(|c| c.0)
        .map(|c| (c.1, c.2))
        .collect()
}

/// What must hold between the keys that sections share; the section stands at `path`.
pub(super) fn shared<S: HttpKeys + DiscoveryKeys>(
    section: &S,
    path: &[Step],
    source: &Source<'_>,
) -> Result<()> {
    let discovery = section.discovery();
    let mistakes = check_http::mistakes(&section.http());
    let mistakes = mistakes
        .into_iter()
        .chain(check_discovery::mistakes(&discovery));
    if let Some((below, message)) = mistakes.into_iter().next() {
        return Err(source.error_at(&[path, &below].concat(), &message));
    }
    let path = [path, &[Step::Key("relabel_configs")]].concat();
    relabelling(&discovery.relabel_configs, &path, source)
}

/// Each rule can be used.
pub(super) fn relabelling(
    list: &[RelabelConfig],
    path: &[Step],
    source: &Source<'_>,
) -> Result<()> {
    for (i, config) in list.iter().enumerate() {
        Rule::compile(config).map_err(|message| {
            let path = [path, &[Step::Index(i)]].concat();
            source.error_at(&path, &message)
        })?;
    }
    Ok(())
}
