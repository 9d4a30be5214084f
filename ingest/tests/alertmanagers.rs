//! Alertmanagers that are found in files and by asking, through changes of both and of the configuration.

use std::path::Path;
use std::sync::Arc;

use narthex_ingest::{
    Alertmanagers, Config, DiscoveryMetrics, FoundAlertmanager, SystemClock, unusable,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::watch;

/// Nothing in these tests takes this long; it only keeps a broken one from hanging.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(30);

/// What was told, and everything around it.
struct Rig {
    alertmanagers: Alertmanagers,
    metrics: Arc<DiscoveryMetrics>,
    told: watch::Receiver<Vec<FoundAlertmanager>>,
    /// Every list that was told, to see that nobody was away in between.
    history: Arc<parking_lot::Mutex<Vec<Vec<String>>>>,
    folder: tempfile::TempDir,
}

impl Rig {
    fn new() -> Self {
        let (teller, told) = watch::channel(Vec::new());
        let metrics = Arc::<DiscoveryMetrics>::default();
        let history = Arc::<parking_lot::Mutex<Vec<_>>>::default();
        let log = history.clone();
        let listener = move |found: Vec<FoundAlertmanager>| {
            log.lock().push(urls(&found));
            teller.send_replace(found);
        };
        let clock = Arc::new(SystemClock::new());
        Self {
            alertmanagers: Alertmanagers::new(clock, metrics.clone(), listener),
            metrics,
            told,
            history,
            folder: tempfile::tempdir().expect("a folder"),
        }
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    fn write(&self, name: &str, text: &str) {
        // Renamed into place, so that nobody reads half of it.
        let draft = self.folder.path().join("draft");
        std::fs::write(&draft, text).expect("written");
        std::fs::rename(draft, Path::new(&self.path(name))).expect("renamed");
    }

    /// Applies sections, each as a line of YAML.
    async fn apply(&self, sections: &[&str]) {
        let sections: String = sections.iter().map(|s| format!("    - {s}\n")).collect();
        let text = format!("alerting:\n  alertmanagers:\n{sections}");
        let (config, _) = Config::parse(&text, "p.yml").expect(&text);
        let plan = self.alertmanagers.plan(&config.alerting).expect("usable");
        self.alertmanagers.apply(plan).await;
    }

    fn urls(&self) -> Vec<String> {
        urls(&self.told.borrow())
    }

    async fn until(&mut self, want: &[&str]) {
        let there = self.told.wait_for(|found| urls(found) == want);
        let in_time = tokio::time::timeout(PATIENCE, there).await.is_ok();
        assert!(in_time, "{:?} are not {want:?}", self.urls());
    }

    fn reading(&self, name: &str, label: &str) -> f64 {
        let readings = self.metrics.readings();
        let is_it = |labels: &[(&str, String)]| labels.iter().any(|l| l.1 == label);
        let found = readings.iter().find(|r| r.name == name && is_it(&r.labels));
        found.map_or(f64::NAN, |reading| reading.value)
    }
}

fn urls(found: &[FoundAlertmanager]) -> Vec<String> {
    found.iter().map(|found| found.shown.clone()).collect()
}

/// A server that gives the same answer to everybody, and the request to the test.
async fn server(body: &'static str) -> (String, watch::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("bound").to_string();
    let (seen, requests) = watch::channel(String::new());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                match stream.read_u8().await {
                    Ok(byte) => request.push(byte),
                    Err(_) => break,
                }
            }
            seen.send_replace(String::from_utf8_lossy(&request).to_lowercase());
            let length = body.len();
            let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n";
            let answer = format!("{head}Content-Length: {length}\r\n\r\n{body}");
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    (address, requests)
}

#[tokio::test]
async fn relabelling_makes_urls_and_drops() {
    let rig = Rig::new();
    rig.apply(&[
        "{path_prefix: am, static_configs: [{targets: ['a:80', 'b:1', 'b:1', 'c:1']}], relabel_configs: [{source_labels: [__address__], regex: 'c:.*', action: drop}, {source_labels: [__address__], regex: '(b):.*', target_label: __address__, replacement: '$1:9'}, {source_labels: [__address__], regex: 'b:9', target_label: __alerts_path__, replacement: x/y}, {source_labels: [__address__], regex: 'b:9', target_label: __scheme__, replacement: https}]}",
        "{static_configs: [{targets: ['a:80', 'd:1'], labels: {__scheme__: https}}]}",
        "{scheme: https, static_configs: [{targets: ['a:80']}]}",
    ])
    .await;
    assert_eq!(
        rig.urls(),
        [
            "http://a:80/am/api/v2/alerts",
            "https://b:9/x/y",
            "https://a:80/api/v2/alerts",
            "https://d:1/api/v2/alerts",
            "https://a:80/api/v2/alerts",
        ]
    );
    assert_eq!(rig.alertmanagers.dropped(), ["http://c:1/am/api/v2/alerts"]);
    let urls: Vec<_> = rig
        .told
        .borrow()
        .iter()
        .map(|f| f.url.to_string())
        .collect();
    assert_eq!(urls[..2], ["http://a/am/api/v2/alerts", "https://b:9/x/y"]);
    let found = "prometheus_sd_discovered_targets";
    assert_eq!(rig.reading(found, "config-0"), 4.0);
    assert_eq!(rig.reading(found, "config-2"), 1.0);
    rig.apply(&[]).await;
    assert!(rig.urls().is_empty() && rig.alertmanagers.dropped().is_empty());
    assert!(rig.reading(found, "config-0").is_nan());
}

#[tokio::test]
async fn files_may_change_while_it_runs() {
    let mut rig = Rig::new();
    rig.write("am.yml", "- targets: ['a:1']\n");
    let section = format!(
        "{{file_sd_configs: [{{files: ['{}']}}]}}",
        rig.path("*.yml")
    );
    rig.apply(&[&section]).await;
    assert_eq!(rig.urls(), ["http://a:1/api/v2/alerts"]);
    rig.write("am.yml", "- targets: ['b:1', 'a:1']\n");
    rig.until(&["http://b:1/api/v2/alerts", "http://a:1/api/v2/alerts"])
        .await;
    rig.write("am.yml", "- targets: ['b:1'\n");
    rig.write("other.yml", "- targets: ['c:1']\n");
    rig.until(&[
        "http://b:1/api/v2/alerts",
        "http://a:1/api/v2/alerts",
        "http://c:1/api/v2/alerts",
    ])
    .await;
    let errors = rig.metrics.readings();
    let errors = errors
        .iter()
        .find(|r| r.name == "prometheus_sd_file_read_errors_total");
    assert!(errors.is_some_and(|r| r.value > 0.0));
}

#[tokio::test]
async fn a_server_tells_of_them() {
    let mut rig = Rig::new();
    let (address, requests) =
        server("[{\"targets\": [\"a:1\"], \"labels\": {\"zone\": \"x\"}}]").await;
    let section = format!(
        "{{http_sd_configs: [{{url: 'http://u:pw@{address}/sd', refresh_interval: 90s}}], relabel_configs: [{{source_labels: [__meta_url, zone], target_label: __alerts_path__, regex: '.*/(.*;x)', replacement: '/$1'}}]}}"
    );
    rig.apply(&[&section]).await;
    rig.until(&["http://a:1/sd;x"]).await;
    let request = requests.borrow().clone();
    for header in [
        "get /sd http/1.1",
        "x-prometheus-refresh-interval-seconds: 90\r\n",
        "accept: application/json\r\n",
        "authorization: basic dtpwdw==\r\n",
    ] {
        assert!(request.contains(header), "{header} in {request}");
    }
    assert_eq!(
        rig.reading("prometheus_sd_refresh_duration_seconds_count", "http"),
        1.0
    );
    assert_eq!(
        rig.reading("prometheus_sd_refresh_failures_total", "http"),
        0.0
    );
}

#[tokio::test]
async fn whoever_stays_is_told_all_the_time() {
    let mut rig = Rig::new();
    let (address, _) = server("[{\"targets\": [\"a:1\"]}]").await;
    let asked = format!("{{http_sd_configs: [{{url: 'http://{address}/'}}]}}");
    let other = format!("{{http_sd_configs: [{{url: 'http://{address}/other'}}]}}");
    let fixed = "{static_configs: [{targets: ['b:1']}]}";
    rig.apply(&[&asked, fixed]).await;
    let both = ["http://a:1/api/v2/alerts", "http://b:1/api/v2/alerts"];
    rig.until(&both).await;
    rig.history.lock().clear();
    // The same in another order, then with others of which one must ask first.
    rig.apply(&[fixed, &asked]).await;
    rig.apply(&[&other, fixed]).await;
    rig.apply(&[fixed, &asked, &other]).await;
    rig.until(&[both[1], both[0], both[0]]).await;
    let history = rig.history.lock();
    let complete = |told: &Vec<String>| both.iter().all(|url| told.contains(&(*url).to_owned()));
    assert!(history.iter().all(complete), "{history:?}");
}

#[tokio::test]
async fn what_cannot_be_used_is_told_before_anything_changes() {
    let rig = Rig::new();
    rig.apply(&["{static_configs: [{targets: ['a:1']}]}"]).await;
    for (section, want) in [
        (
            "tls_config: {ca_file: /no/ca.pem}",
            "alerting.alertmanagers[0]: tls_config: cannot read ca_file /no/ca.pem: ",
        ),
        (
            "http_sd_configs: [{url: 'http://x', tls_config: {cert: x}}]",
            "alerting.alertmanagers[0]: http_sd_configs: http://x: tls_config: cert and key must be given together",
        ),
    ] {
        let text = format!("alerting:\n  alertmanagers:\n    - {section}\n");
        let (config, _) = Config::parse(&text, "p.yml").expect(&text);
        let told: Vec<_> = unusable(&config).iter().map(ToString::to_string).collect();
        assert!(
            matches!(&told[..], [told] if told.starts_with(want)),
            "{told:?}"
        );
        let error = rig.alertmanagers.plan(&config.alerting).err();
        let error = error.expect("it cannot be used").to_string();
        assert!(error.starts_with(want), "{error}");
    }
    assert_eq!(rig.urls(), ["http://a:1/api/v2/alerts"]);
}
