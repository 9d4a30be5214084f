//! Fills in what a job does not say: from `global`, from the interval, from the folder of the file.

use std::path::Path;

use narthex_model::Result;

use super::global::{GlobalConfig, SCRAPE_INTERVAL, SCRAPE_TIMEOUT};
use super::keys::{DiscoveryKeys, HttpKeys};
use super::scrape::ScrapeConfig;
use narthex_settings::Source;
use narthex_settings::Step;
use narthex_settings::{DurationMs, resolve_path};

/// Completes `global`. Zero durations count as not set.
pub(crate) fn global(global: &mut GlobalConfig, source: &Source<'_>) -> Result<()> {
    for interval in [&mut global.scrape_interval, &mut global.evaluation_interval] {
        if interval.0 == 0 {
            *interval = SCRAPE_INTERVAL;
        }
    }
    if global.scrape_timeout.0 == 0 {
        global.scrape_timeout = SCRAPE_TIMEOUT.min(global.scrape_interval);
    }
    if global.scrape_timeout > global.scrape_interval {
        let message = format!(
            "{} is longer than the scrape interval {}",
            global.scrape_timeout, global.scrape_interval
        );
        return Err(source.error_at(
            &[Step::Key("global"), Step::Key("scrape_timeout")],
            &message,
        ));
    }
    Ok(())
}

/// Completes a job from `global`.
pub(crate) fn job(job: &mut ScrapeConfig, global: &GlobalConfig) {
    let set = |d: Option<DurationMs>| d.filter(|d| d.0 > 0);
    let interval = set(job.scrape_interval).unwrap_or(global.scrape_interval);
    job.scrape_interval = Some(interval);
    job.scrape_timeout =
        Some(set(job.scrape_timeout).unwrap_or(global.scrape_timeout.min(interval)));
    if !global.scrape_protocols.is_empty() {
        job.scrape_protocols
            .get_or_insert_with(|| global.scrape_protocols.clone());
    }
    fill(
        &mut job.scrape_native_histograms,
        global.scrape_native_histograms,
    );
    fill(
        &mut job.convert_classic_histograms_to_nhcb,
        global.convert_classic_histograms_to_nhcb,
    );
    fill(
        &mut job.always_scrape_classic_histograms,
        global.always_scrape_classic_histograms,
    );
    fill(&mut job.extra_scrape_metrics, global.extra_scrape_metrics);
    fill(
        &mut job.metric_name_validation_scheme,
        global.metric_name_validation_scheme,
    );
    fill(
        &mut job.metric_name_escaping_scheme,
        global.metric_name_escaping_scheme,
    );
    fill(&mut job.body_size_limit, global.body_size_limit);
    fill(&mut job.sample_limit, global.sample_limit);
    fill(&mut job.label_limit, global.label_limit);
    fill(
        &mut job.label_name_length_limit,
        global.label_name_length_limit,
    );
    fill(
        &mut job.label_value_length_limit,
        global.label_value_length_limit,
    );
    fill(&mut job.target_limit, global.target_limit);
    fill(&mut job.keep_dropped_targets, global.keep_dropped_targets);
}

fn fill<T>(value: &mut Option<T>, inherited: T) {
    value.get_or_insert(inherited);
}

/// Makes the paths of the keys that sections share independent of the folder we were started in.
pub(super) fn shared_paths<S: HttpKeys + DiscoveryKeys>(section: &mut S, folder: &Path) {
    http_paths(section, folder);
    let mut discovery = section.discovery();
    let files = discovery.file_sd_configs.iter_mut();
    files
        .flat_map(|config| &mut config.files)
        .for_each(|path| resolve_path(path, folder));
    let servers = discovery.http_sd_configs.iter_mut();
    servers.for_each(|server| http_paths(server, folder));
    section.set_discovery(discovery);
}

fn http_paths<S: HttpKeys>(section: &mut S, folder: &Path) {
    let mut http = section.http();
    http.paths().for_each(|path| resolve_path(path, folder));
    section.set_http(http);
}
