//! From a discovered address to a target: special labels before relabelling, URL and labels after it. Pure.

use std::collections::HashSet;

use narthex_model::{Labels, parse_duration};
use reqwest::Url;

use super::address::base_url;
use super::target::{DroppedTarget, Target};
use crate::config::{DurationMs, ScrapeConfig};
use crate::discovery::TargetGroup;
use crate::relabel::{LabelSet, Rule, apply};

/// How a job makes targets.
pub(crate) struct Recipe<'a> {
    /// The job.
    pub(crate) job: &'a ScrapeConfig,
    /// Its `relabel_configs`, compiled.
    pub(crate) rules: &'a [Rule],
}

/// What came of the groups of a job.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Built {
    /// Targets to scrape, none twice.
    pub(crate) active: Vec<Target>,
    /// Targets that relabelling dropped.
    pub(crate) dropped: Vec<DroppedTarget>,
    /// Targets that cannot be scraped, and why.
    pub(crate) problems: Vec<String>,
}

/// Makes the targets of all groups.
pub(crate) fn build<'a>(
    recipe: &Recipe<'_>,
    groups: impl Iterator<Item = &'a TargetGroup>,
) -> Built {
    let mut built = Built::default();
    let mut seen = HashSet::new();
    for group in groups {
        for address in &group.addresses {
            match recipe.target(address, group) {
                Ok(Made::Target(target)) if seen.insert(target.key()) => built.active.push(*target),
                Ok(Made::Target(_)) => {}
                Ok(Made::Dropped(dropped)) => built.dropped.push(dropped),
                Err(problem) => built
                    .problems
                    .push(format!("{}: {address}: {problem}", group.source)),
            }
        }
    }
    built
}

enum Made {
    Target(Box<Target>),
    Dropped(DroppedTarget),
}

impl Recipe<'_> {
    fn target(&self, address: &str, group: &TargetGroup) -> Result<Made, String> {
        let mut labels = self.special_labels(address, group);
        let discovered = labels.pack().map_err(|e| e.to_string())?;
        if !apply(self.rules, &mut labels) {
            return Ok(Made::Dropped(DroppedTarget { discovered }));
        }
        let url = self.url(&labels)?;
        let (interval, timeout) = timing(&labels)?;
        let instance = labels.get("__address__").to_owned();
        labels.retain(|name| !name.starts_with("__"));
        if !labels.contains("instance") {
            labels.set("instance", instance);
        }
        let labels: Labels = labels.pack().map_err(|e| e.to_string())?;
        Ok(Made::Target(Box::new(Target {
            labels,
            discovered,
            url,
            interval,
            timeout,
        })))
    }

    /// The group's labels win over the job's: a target file may set `__scheme__` or `job`.
    fn special_labels(&self, address: &str, group: &TargetGroup) -> LabelSet {
        let job = self.job;
        let mut labels = LabelSet::new();
        labels.set("job", &job.job_name);
        labels.set("__scrape_interval__", job.interval().to_string());
        labels.set("__scrape_timeout__", job.timeout().to_string());
        labels.set("__metrics_path__", &job.metrics_path);
        labels.set("__scheme__", job.scheme.as_str());
        for (name, values) in &job.params {
            if let Some(first) = values.first() {
                labels.set(&format!("__param_{name}"), first);
            }
        }
        for (name, value) in &group.labels {
            labels.set(name, value);
        }
        labels.set("__address__", address);
        labels
    }

    fn url(&self, labels: &LabelSet) -> Result<Url, String> {
        let mut url = base_url(labels)?;
        // A path may bring its own query, as Prometheus allows.
        let (path, query) = labels.get("__metrics_path__").split_once('?').unzip();
        url.set_path(path.unwrap_or_else(|| labels.get("__metrics_path__")));
        url.set_query(query);
        self.set_params(labels, &mut url);
        Ok(url)
    }

    /// The job's parameters, the first value of each as relabelling left it, and those that relabelling added.
    fn set_params(&self, labels: &LabelSet, url: &mut Url) {
        let mut pairs: Vec<(&str, &str)> = Vec::new();
        let mut added: Vec<_> = labels
            .iter()
            .filter_map(|(n, v)| Some((n.strip_prefix("__param_")?, v)))
            .collect();
        for (name, values) in &self.job.params {
            let relabelled = added.iter().find(|(n, _)| n == name).map(|(_, v)| *v);
            let first = relabelled.or(values.first().map(String::as_str));
            let others = values.iter().skip(1).map(String::as_str);
            pairs.extend(first.into_iter().chain(others).map(|v| (name.as_str(), v)));
        }
        added.retain(|(name, _)| !self.job.params.contains_key(*name));
        pairs.extend(added);
        if !pairs.is_empty() {
            pairs.sort_by_key(|p| p.0);
            url.query_pairs_mut().extend_pairs(pairs);
        }
    }
}

/// Interval and timeout, which relabelling may have changed.
fn timing(labels: &LabelSet) -> Result<(DurationMs, DurationMs), String> {
    let read = |name: &str, what: &str| match parse_duration(labels.get(name)) {
        Ok(0) => Err(format!("scrape {what} must not be 0")),
        Ok(ms) => Ok(DurationMs(ms)),
        Err(e) => Err(format!("scrape {what}: {e}")),
    };
    let interval = read("__scrape_interval__", "interval")?;
    let timeout = read("__scrape_timeout__", "timeout")?;
    if timeout > interval {
        return Err(format!(
            "scrape timeout {timeout} is longer than the scrape interval {interval}"
        ));
    }
    Ok((interval, timeout))
}
