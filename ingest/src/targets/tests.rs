//! Targets of whole jobs.

use super::*;
use crate::config::Config;
use crate::discovery::TargetGroup;
use crate::relabel::Rule;

/// The targets of the only job of a configuration, as `url labels`, and the problems.
fn made(job: &str) -> (Vec<String>, Vec<String>) {
    let text = format!("scrape_configs:\n  - job_name: j\n{job}");
    let (config, _) = Config::parse(&text, "p.yml").expect(&text);
    let job = &config.scrape_configs[0];
    let rules = Rule::compile_all(&job.relabel_configs).expect("valid");
    let groups: Vec<_> = job
        .static_configs
        .iter()
        .map(|c| TargetGroup::new("static".to_owned(), c.clone()))
        .collect();
    let built = build(&Recipe { job, rules: &rules }, groups.iter());
    let mut shown: Vec<_> = built
        .active
        .iter()
        .map(|t| format!("{} {}", t.url, t.labels))
        .collect();
    shown.extend(
        built
            .dropped
            .iter()
            .map(|t| format!("dropped {}", t.discovered.get("__address__").unwrap_or(""))),
    );
    (shown, built.problems)
}

fn check(job: &str, want: &[&str]) {
    assert_eq!(
        made(job),
        (want.iter().map(|s| (*s).to_owned()).collect(), Vec::new()),
        "\n{job}"
    );
}

#[test]
fn defaults_and_labels() {
    check(
        "    static_configs: [{targets: ['a:1', 'b:2'], labels: {env: x, __meta_y: z}}]\n",
        &[
            "http://a:1/metrics {env=\"x\", instance=\"a:1\", job=\"j\"}",
            "http://b:2/metrics {env=\"x\", instance=\"b:2\", job=\"j\"}",
        ],
    );
    check(
        "    scheme: https\n    metrics_path: /m\n    static_configs: [{targets: ['a'], labels: {job: k, instance: i}}]\n",
        &["https://a/m {instance=\"i\", job=\"k\"}"],
    );
    check(
        "    static_configs: [{targets: ['a'], labels: {__scheme__: https, __metrics_path__: '/x?y=1'}}]\n",
        &["https://a/x?y=1 {instance=\"a\", job=\"j\"}"],
    );
}

#[test]
fn the_same_target_is_made_once() {
    check(
        "    static_configs: [{targets: ['a', 'a']}, {targets: ['a']}]\n",
        &["http://a/metrics {instance=\"a\", job=\"j\"}"],
    );
}

#[test]
fn relabelling_changes_everything() {
    let job = "    params: {module: [m, n], old: [o]}
    static_configs: [{targets: ['https://x.org/p']}, {targets: [bad]}]
    relabel_configs:
      - {source_labels: [__address__], regex: bad, action: drop}
      - {source_labels: [__address__], target_label: __param_target}
      - {source_labels: [__param_target], target_label: instance}
      - {target_label: __param_module, replacement: q}
      - {target_label: __address__, replacement: 'prober:9115'}
      - {target_label: __metrics_path__, replacement: /probe}
      - {target_label: __scrape_interval__, replacement: 30s}
";
    check(
        job,
        &[
            "http://prober:9115/probe?module=q&module=n&old=o&target=https%3A%2F%2Fx.org%2Fp {instance=\"https://x.org/p\", job=\"j\"}",
            "dropped bad",
        ],
    );
}

#[test]
fn targets_that_cannot_be_scraped() {
    let cases = [
        (
            "{targets: ['a/b']}",
            "{target_label: x}",
            "static: a/b: \"a/b\" is not a valid hostname",
        ),
        (
            "{targets: ['a:b']}",
            "",
            "static: a:b: \"a:b\" is not a valid address: invalid port number",
        ),
        (
            "{targets: [a]}",
            "{regex: __address__, action: labeldrop}",
            "static: a: no address after relabelling",
        ),
        (
            "{targets: [a], labels: {__scheme__: ftp}}",
            "",
            "static: a: scheme \"ftp\" is neither http nor https",
        ),
        (
            "{targets: [a], labels: {__scrape_interval__: 1s}}",
            "",
            "static: a: scrape timeout 10s is longer than the scrape interval 1s",
        ),
        (
            "{targets: [a], labels: {__scrape_timeout__: soon}}",
            "",
            "static: a: scrape timeout: not a valid duration string: \"soon\"",
        ),
    ];
    for (target, rule, problem) in cases {
        let (made, problems) = made(&format!(
            "    static_configs: [{target}]\n    relabel_configs: [{rule}]\n"
        ));
        assert_eq!((made, problems), (Vec::new(), vec![problem.to_owned()]));
    }
}
