//! How long samples are kept, and how many exemplars: flags, and the configuration, which has the last word.

use narthex_engine::{Options, Retention, RetentionRule};
use narthex_ingest::Config;
use narthex_model::{Result, format_duration};

use crate::flags::ServeFlags;
use crate::selectors::parse_selector;

/// The retention that flags and configuration ask for.
///
/// # Errors
/// `Invalid` if a selector cannot be read.
pub(crate) fn retention(flags: &ServeFlags, config: &Config) -> Result<Retention> {
    let of_flags = (
        flags.retention_time.map(|t| t.0),
        flags.retention_size.map(|s| s.0 as u64),
    );
    let of_file = &config.storage.tsdb.retention;
    Ok(Retention {
        time_ms: of_file.time.map(|t| t.0).or(of_flags.0).filter(|t| *t > 0),
        size_bytes: of_file.size.map(|s| s.0).or(of_flags.1).filter(|s| *s > 0),
        rules: rules(config)?,
    })
}

/// How many exemplars are kept before they are in blocks.
pub(crate) fn exemplars_max(config: &Config) -> usize {
    let by_default = Options::default().exemplars_max;
    let of_file = config.storage.exemplars.max_exemplars;
    of_file.map_or(by_default, |max| usize::try_from(max).unwrap_or(0))
}

/// The rules of the configuration.
///
/// # Errors
/// `Invalid` with the position of the rule whose selector cannot be read.
pub(crate) fn rules(config: &Config) -> Result<Vec<RetentionRule>> {
    let rule = |(at, rule): (usize, &narthex_ingest::RetentionRule)| {
        let matchers = parse_selector(&rule.selector)
            .map_err(|e| e.context(format!("retention[{at}].match")))?;
        Ok(RetentionRule {
            matchers,
            time_ms: Some(rule.time.0).filter(|t| *t > 0),
        })
    };
    config.retention.iter().enumerate().map(rule).collect()
}

/// The retention in words, as `/api/v1/status/runtimeinfo` shows it; empty if everything is kept for ever.
pub(crate) fn shown(retention: &Retention) -> String {
    let time = retention.time_ms.map(format_duration);
    let size = retention.size_bytes.map(|bytes| format!("{bytes}B"));
    let rules = retention.rules.len();
    let rules = (rules > 0).then(|| format!("{rules} rules by selector"));
    let parts: Vec<String> = [time, size, rules].into_iter().flatten().collect();
    parts.join(" or ")
}

/// Says in the log what is kept.
pub(crate) fn log(retention: &Retention) {
    if *retention == Retention::default() {
        tracing::info!(
            "samples are kept for ever; --storage.tsdb.retention.time and .size set bounds"
        );
    } else {
        tracing::info!(retention = shown(retention), "samples are kept so long");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flags::Settings;

    #[test]
    fn the_configuration_has_the_last_word() {
        let settings = Settings::parse([
            "--storage.tsdb.retention.time=30d",
            "--storage.tsdb.retention.size=10GB",
        ]);
        let flags = settings.expect("valid").flags;
        let of = |text: &str| {
            let (config, _) = Config::parse(text, "p.yml").expect("valid");
            retention(&flags, &config)
        };
        let kept = of("{}").expect("valid");
        assert_eq!(shown(&kept), "30d or 10737418240B");
        let exemplars = |text: &str| {
            let (config, _) = Config::parse(text, "p.yml").expect("valid");
            exemplars_max(&config)
        };
        assert_eq!(exemplars("{}"), 100_000);
        assert_eq!(exemplars("storage: {exemplars: {max_exemplars: 7}}"), 7);
        assert_eq!(exemplars("storage: {exemplars: {max_exemplars: -1}}"), 0);
        let kept = of("storage: {tsdb: {retention: {time: 1d, size: 0}}}").expect("valid");
        assert_eq!((kept.time_ms, kept.size_bytes), (Some(86_400_000), None));
        let kept = of("retention: [{match: '{job=\"debug\"}', for: 3d}, {match: up, for: 0s}]");
        let kept = kept.expect("valid");
        let times: Vec<_> = kept.rules.iter().map(|r| r.time_ms).collect();
        assert_eq!(times, [Some(3 * 86_400_000), None]);
        let error = of("retention: [{match: '{', for: 3d}]").expect_err("no selector");
        assert!(
            error.to_string().starts_with("retention[0].match: "),
            "{error}"
        );
    }
}
