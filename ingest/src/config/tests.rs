//! Whole files, good and bad; the messages are tested to the letter.

use super::*;

fn error_of(text: &str) -> String {
    Config::parse(text, "p.yml").expect_err(text).to_string()
}

#[test]
fn messages_name_file_line_column_and_key() {
    let job = "scrape_configs:\n  - job_name: a\n";
    let cases = [
        (
            format!("{job}    scrape_intervall: 5s\n"),
            "p.yml:3:5: scrape_configs[0]: unknown key \"scrape_intervall\", did you mean \"scrape_interval\"?",
        ),
        (
            "colour: red\n".to_owned(),
            "p.yml:1:1: unknown key \"colour\"",
        ),
        (
            "global:\n  scrape_interval: 5x\n".to_owned(),
            "p.yml:2:20: global.scrape_interval: not a valid duration string: \"5x\"",
        ),
        (
            "global:\n  scrape_interval: 5s\n  scrape_timeout: 6s\n".to_owned(),
            "p.yml:3:3: global.scrape_timeout: 6s is longer than the scrape interval 5s",
        ),
        (
            format!("{job}    scrape_timeout: 2m\n"),
            "p.yml:3:5: scrape_configs[0].scrape_timeout: 2m is longer than the scrape interval 1m",
        ),
        (
            format!("{job}  - job_name: a\n"),
            "p.yml:3:5: scrape_configs[1].job_name: another job is named \"a\" already",
        ),
        (
            "scrape_configs:\n  - scheme: http\n".to_owned(),
            "p.yml:2:5: scrape_configs[0]: key \"job_name\" is missing",
        ),
        (
            "scrape_configs:\n  - job_name: ''\n".to_owned(),
            "p.yml:2:5: scrape_configs[0].job_name: must not be empty",
        ),
        (
            format!("{job}    body_size_limit: 10 megs\n"),
            "p.yml:3:22: scrape_configs[0].body_size_limit: not a valid size: \"10 megs\", write it like 512KB or 10MB",
        ),
        (
            format!("{job}    scheme: ftp\n"),
            "p.yml:3:13: scrape_configs[0].scheme: unknown value \"ftp\", expected \"http\" or \"https\"",
        ),
        (
            format!("{job}    kubernetes_sd_configs: []\n"),
            "p.yml:3:5: scrape_configs[0]: key \"kubernetes_sd_configs\" is not supported yet",
        ),
        (
            format!("{job}    oauth2: {{client_id: '', token_url: 'http://a'}}\n"),
            "p.yml:3:5: scrape_configs[0].oauth2: client_id is missing",
        ),
        (
            format!("{job}    oauth2: {{client_id: a, token_url: 'a:1'}}\n"),
            "p.yml:3:5: scrape_configs[0].oauth2: token_url: \"a:1\" must begin with http:// or https:// and name a host",
        ),
        (
            format!("{job}    proxy_connect_header: {{}}\n"),
            "p.yml:3:5: scrape_configs[0]: key \"proxy_connect_header\" is not supported yet",
        ),
        (
            "remote_write:\n  - url: a\n".to_owned(),
            "p.yml:1:1: remote_write: key \"remote_write\" is not supported yet",
        ),
        (
            format!("{job}    job_name: b\n"),
            "p.yml:2:5: scrape_configs[0]: key \"job_name\" stands twice",
        ),
        (
            format!("{job}    relabel_configs:\n      - regex: 'a('\n        target_label: x\n"),
            "p.yml:4:16: scrape_configs[0].relabel_configs[0].regex: invalid regular expression \"a(\": unclosed group",
        ),
        (
            format!(
                "{job}    metric_relabel_configs:\n      - action: keep\n      - action: hashmod\n        target_label: x\n"
            ),
            "p.yml:5:9: scrape_configs[0].metric_relabel_configs[1]: action hashmod needs a modulus above 0",
        ),
        (
            format!("{job}    relabel_configs:\n      - action: shift\n"),
            "p.yml:4:17: scrape_configs[0].relabel_configs[0].action: unknown relabelling action \"shift\"",
        ),
        (
            format!("{job}    file_sd_configs:\n      - files: ['a*/b.json']\n"),
            "p.yml:3:5: scrape_configs[0].file_sd_configs: \"a*/b.json\" must end in .json, .yml or .yaml and may have one \"*\", in its last part",
        ),
        (
            format!("{job}    sample_limit: lots\n"),
            "p.yml:3:19: scrape_configs[0].sample_limit: invalid type: string \"lots\", expected a whole number",
        ),
        (
            format!(
                "{job}    basic_auth: {{username: u}}\n    authorization: {{credentials: c}}\n"
            ),
            "p.yml:4:5: scrape_configs[0].authorization: at most one of basic_auth, authorization, oauth2 and bearer_token may be given",
        ),
        (
            format!("{job}    scrape_protocols: [JSON]\n"),
            "p.yml:3:24: scrape_configs[0].scrape_protocols[0]: unknown format \"JSON\", there are PrometheusProto, OpenMetricsText1.0.0, OpenMetricsText0.0.1, PrometheusText1.0.0, PrometheusText0.0.4",
        ),
        (
            "global: []\n".to_owned(),
            "p.yml:1:9: global: invalid type: a list, expected a mapping",
        ),
        (
            "global:\n  scrape_interval: 5s\n\tx: y\n".to_owned(),
            "p.yml:3:1: found a tab character that violates indentation, while scanning a plain scalar at line 2 column 20",
        ),
    ];
    for (text, message) in cases {
        assert_eq!(error_of(&text), message, "\n{text}");
    }
}

#[test]
fn jobs_inherit() {
    let text = "
global:
  scrape_interval: 5s
  sample_limit: 100
scrape_configs:
  - job_name: a
  - job_name: b
    scrape_interval: 30s
    scrape_timeout: 20s
    sample_limit: 0
";
    let (config, warnings) = Config::parse(text, "p.yml").expect("valid");
    let timing: Vec<_> = config
        .scrape_configs
        .iter()
        .map(|j| (j.interval().0, j.timeout().0, j.sample_limit))
        .collect();
    assert_eq!(
        timing,
        [(5_000, 5_000, Some(100)), (30_000, 20_000, Some(0))]
    );
    assert!(warnings.is_empty());
}

#[test]
fn what_has_no_effect_is_warned_of() {
    let text = "storage: {tsdb: {}}\nruntime: {gogc: 50}\nrule_files:\n";
    let (_, warnings) = Config::parse(text, "p.yml").expect("valid");
    assert_eq!(warnings, ["p.yml:2:1: runtime: not supported yet, ignored"]);
}

#[test]
fn empty_files_are_empty_configurations() {
    for text in ["", "# nothing\n", "global:\nscrape_configs:\n"] {
        let (config, _) = Config::parse(text, "p.yml").expect(text);
        assert!(config.scrape_configs.is_empty());
    }
}

#[test]
fn the_effective_form_reads_back_and_hides_secrets() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/prometheus.yml");
    let (config, warnings) = Config::load(&path).expect("the sample is valid");
    assert_eq!(
        (config.scrape_configs.len(), warnings.as_slice()),
        (4, &[][..])
    );
    let yaml = config.to_yaml().expect("printable");
    assert!(
        yaml.contains("password: <secret>") && !yaml.contains("hunter2"),
        "{yaml}"
    );
    let (back, _) = Config::parse(&yaml, "effective.yml").expect("readable");
    assert_eq!(back.to_yaml().expect("printable"), yaml);
}

#[test]
fn paths_are_relative_to_the_file() {
    let text = "scrape_configs:\n  - job_name: a\n    file_sd_configs: [{files: ['t/*.yml']}]\n    tls_config: {ca_file: ca.pem}\n";
    let (config, _) = Config::parse(text, "conf/p.yml").expect("valid");
    let job = &config.scrape_configs[0];
    assert_eq!(job.file_sd_configs[0].files, [Path::new("conf/t/*.yml")]);
    assert_eq!(
        job.tls_config.as_ref().and_then(|t| t.ca_file.as_deref()),
        Some(Path::new("conf/ca.pem"))
    );
}

#[test]
fn jobs_in_further_files() {
    let folder = tempfile::tempdir().expect("a folder");
    let write =
        |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("written");
    write(
        "p.yml",
        "scrape_config_files: ['jobs-*.yml']\nscrape_configs:\n  - job_name: a\n",
    );
    write("jobs-1.yml", "scrape_configs:\n  - job_name: b\n");
    let path = folder.path().join("p.yml");
    let (config, _) = Config::load(&path).expect("valid");
    assert_eq!(
        config
            .scrape_configs
            .iter()
            .map(|j| j.job_name.as_str())
            .collect::<Vec<_>>(),
        ["a", "b"]
    );
    write("jobs-2.yml", "scrape_configs:\n  - job_name: a\n");
    let error = Config::load(&path).expect_err("twice").to_string();
    assert!(
        error.ends_with("p.yml: another job is named \"a\" already"),
        "{error}"
    );
    write("jobs-2.yml", "scrape_configs:\n  - jobname: a\n");
    let error = Config::load(&path).expect_err("misspelt").to_string();
    assert!(
        error.contains("jobs-2.yml:2:5: scrape_configs[0]: unknown key \"jobname\", did you mean"),
        "{error}"
    );
    let error = Config::load(&folder.path().join("none.yml")).expect_err("missing");
    assert_eq!(error.kind(), narthex_model::ErrorKind::NotFound);
}

#[test]
fn passwords_in_urls_are_hidden() {
    let text = "scrape_configs:\n  - job_name: a\n    proxy_url: http://me:hunter2@proxy:8080\n";
    let yaml = Config::parse(text, "p.yml")
        .expect("valid")
        .0
        .to_yaml()
        .expect("printable");
    assert!(yaml.contains("http://me:xxxxx@proxy:8080/"), "{yaml}");
}

#[test]
fn alertmanagers() {
    let text = "alerting:\n  alert_relabel_configs:\n    - {action: labeldrop, regex: replica}\n  alertmanagers:\n    - path_prefix: /am/\n      timeout: 3s\n      static_configs: [{targets: ['a:1', 'b:2']}]\n      file_sd_configs: [{files: ['am/*.yml']}]\n      http_sd_configs: [{url: 'http://u:hunter2@x/y', tls_config: {ca_file: ca.pem}}]\n      basic_auth: {username: me, password: hunter2}\n";
    let (config, warnings) = Config::parse(text, "conf/p.yml").expect("valid");
    assert!(warnings.is_empty());
    let alerting = &config.alerting;
    let managers = &alerting.alertmanagers[0];
    assert_eq!(managers.path(), "/am/api/v2/alerts");
    assert_eq!(managers.timeout.0, 3_000);
    assert_eq!(
        managers.file_sd_configs[0].files,
        [Path::new("conf/am/*.yml")]
    );
    let tls = managers.http_sd_configs[0].tls_config.as_ref();
    assert_eq!(
        tls.and_then(|t| t.ca_file.as_deref()),
        Some(Path::new("conf/ca.pem"))
    );
    let relabelling = Relabelling::of(&alerting.alert_relabel_configs).expect("compiles");
    let labels = narthex_model::Labels::new([("alertname", "a"), ("replica", "1")]).expect("valid");
    let kept = relabelling.expect("one rule").apply(&labels);
    assert_eq!(kept, narthex_model::Labels::new([("alertname", "a")]).ok());
    let yaml = config.to_yaml().expect("printable");
    assert!(!yaml.contains("hunter2"), "{yaml}");
    let (back, _) = Config::parse(&yaml, "effective.yml").expect("readable");
    assert_eq!(back.to_yaml().expect("printable"), yaml);
}

#[test]
fn mistakes_in_alertmanagers() {
    let cases = [
        (
            "api_version: v1",
            "20: alerting.alertmanagers[0].api_version: v1 is gone from Alertmanagers since 0.27, write v2",
        ),
        (
            "api_version: v3",
            "20: alerting.alertmanagers[0].api_version: unknown version \"v3\", there is v2",
        ),
        (
            "file_sd_config: []",
            "7: alerting.alertmanagers[0]: unknown key \"file_sd_config\", did you mean \"file_sd_configs\"?",
        ),
        (
            "consul_sd_configs: []",
            "7: alerting.alertmanagers[0]: key \"consul_sd_configs\" is not supported yet",
        ),
        (
            "sigv4: {}",
            "7: alerting.alertmanagers[0]: key \"sigv4\" is not supported yet",
        ),
        (
            "static_configs: [{targets: ['http://a:1']}]",
            "35: alerting.alertmanagers[0].static_configs[0].targets[0]: \"http://a:1\" is not a valid hostname",
        ),
        (
            "basic_auth: {password: a, password_file: b}",
            "7: alerting.alertmanagers[0].basic_auth: give a value or a file with it, not both",
        ),
        (
            "relabel_configs: [{action: shift}]",
            "34: alerting.alertmanagers[0].relabel_configs[0].action: unknown relabelling action \"shift\"",
        ),
        (
            "relabel_configs: [{action: hashmod, target_label: a}]",
            "25: alerting.alertmanagers[0].relabel_configs[0]: action hashmod needs a modulus above 0",
        ),
        (
            "http_sd_configs: [{url: 'ftp://x'}]",
            "26: alerting.alertmanagers[0].http_sd_configs[0].url: \"ftp://x\" must begin with http:// or https:// and name a host",
        ),
        (
            "http_sd_configs: [{}]",
            "25: alerting.alertmanagers[0].http_sd_configs[0]: key \"url\" is missing",
        ),
        (
            "http_sd_configs: [{url: 'http://x', authorization: {type: basic}}]",
            "43: alerting.alertmanagers[0].http_sd_configs[0].authorization: type must not be \"basic\", use basic_auth instead",
        ),
        (
            "dns_sd_configs: [{type: A, port: 1}]",
            "24: alerting.alertmanagers[0].dns_sd_configs[0].names: must name somebody",
        ),
        (
            "dns_sd_configs: [{names: [a], type: aaaa}]",
            "24: alerting.alertmanagers[0].dns_sd_configs[0].port: must be given: only SRV records bring their own",
        ),
        (
            "dns_sd_configs: [{names: [a], type: TXT}]",
            "43: alerting.alertmanagers[0].dns_sd_configs[0].type: unknown record type \"TXT\", there are SRV, A, AAAA, MX, NS",
        ),
        (
            "dns_sd_configs: [{names: [a], type: A, port: 99999}]",
            "52: alerting.alertmanagers[0].dns_sd_configs[0].port: invalid value: integer \"99999\", expected a whole number up to 65535",
        ),
        (
            "tls_config: {ca_fil: x}",
            "20: alerting.alertmanagers[0].tls_config: unknown key \"ca_fil\", did you mean \"ca_file\"?",
        ),
    ];
    for (line, message) in cases {
        let text = format!("alerting:\n  alertmanagers:\n    - {line}\n");
        assert_eq!(error_of(&text), format!("p.yml:3:{message}"), "\n{text}");
    }
}
