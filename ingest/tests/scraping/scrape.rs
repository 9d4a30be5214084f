//! Scrapes of real HTTP targets: what is written, when all is well and when it is not.

use crate::support::{INTERVAL_MS, Reply, Rig, Target, http, job, split, text};
use narthex_ingest::{Health, ScrapeManager};

const OPENMETRICS: &str =
    "Content-Type: application/openmetrics-text; version=1.0.0; charset=utf-8\r\n";

/// A target, a rig that scrapes it, and an answer.
async fn start(options: &str, answer: Reply) -> (Target, Rig) {
    let target = Target::start().await;
    target.answers(answer);
    let rig = Rig::new();
    rig.apply(&job(&target, options)).await;
    (target, rig)
}

/// The error a target shows.
fn last_error(manager: &ScrapeManager) -> String {
    let snapshot = manager.targets();
    let [status] = snapshot.active.as_slice() else {
        panic!("one target: {snapshot:?}")
    };
    assert_eq!(status.health, Health::Down);
    status.last_error.clone().expect("an error")
}

#[tokio::test]
async fn samples_and_report() {
    let (target, mut rig) = start("", text("# TYPE a counter\na{x=\"y\"} 1\nb 2.5\n")).await;
    let (samples, report) = rig.scrape_all().await;
    assert_eq!(
        samples,
        [
            "a{instance=\"i\", job=\"j\", x=\"y\"} 1",
            "b{instance=\"i\", job=\"j\"} 2.5"
        ]
    );
    assert_eq!(
        report,
        [
            "scrape_duration_seconds{instance=\"i\", job=\"j\"} 0",
            "scrape_samples_post_metric_relabeling{instance=\"i\", job=\"j\"} 2",
            "scrape_samples_scraped{instance=\"i\", job=\"j\"} 2",
            "scrape_series_added{instance=\"i\", job=\"j\"} 2",
            "up{instance=\"i\", job=\"j\"} 1",
        ]
    );
    let (_, report) = rig.scrape_all().await;
    assert!(report.contains(&"scrape_series_added{instance=\"i\", job=\"j\"} 0".to_owned()));
    let request = target.requests.lock()[0].to_lowercase();
    for header in [
        "get /metrics http/1.1",
        "accept: application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,",
        "accept-encoding: gzip",
        &format!("user-agent: narthex/{}", env!("CARGO_PKG_VERSION")),
        "x-prometheus-scrape-timeout-seconds: 5",
    ] {
        assert!(request.contains(header), "{header} in {request}");
    }
    let status = &rig.manager.targets().active[0];
    assert_eq!(
        (status.health, status.last_error.as_deref(), &*status.job),
        (Health::Up, None, "j")
    );
}

#[tokio::test]
async fn timestamps_lie_on_the_schedule() {
    let (_target, mut rig) = start("", text("a 1\n")).await;
    let mut times = Vec::new();
    for _ in 0..3 {
        rig.clock.until_sleeping(1).await;
        rig.clock.advance(INTERVAL_MS);
        let batch = rig.batch().await;
        assert!(
            batch
                .timestamps()
                .iter()
                .all(|t| *t == batch.timestamps()[0])
        );
        times.push(batch.timestamps()[0]);
    }
    assert_eq!([times[1] - times[0], times[2] - times[1]], [INTERVAL_MS; 2]);
}

#[tokio::test]
async fn openmetrics_with_exemplar_and_metadata() {
    let body = "# TYPE h histogram\n# HELP h How long.\nh_bucket{le=\"1\"} 2 # {trace_id=\"t\"} 0.5\nh_bucket{le=\"+Inf\"} 2\n# EOF\n";
    let (_target, mut rig) = start("", http("200 OK", OPENMETRICS, body.as_bytes())).await;
    rig.clock.until_sleeping(1).await;
    rig.clock.advance(INTERVAL_MS);
    let batch = rig.batch().await;
    let (samples, _) = split(&batch);
    assert!(
        samples[1].starts_with("h_bucket{instance=\"i\", job=\"j\", le=\"1.0\"}"),
        "{samples:?}"
    );
    assert_eq!((batch.exemplars.len(), batch.exemplars[0].value), (1, 0.5));
    assert_eq!(
        (
            batch.metadata.len(),
            batch.metadata[0].metadata.help.as_str()
        ),
        (1, "How long.")
    );
    rig.clock.until_sleeping(1).await;
    rig.clock.advance(INTERVAL_MS);
    assert!(
        rig.batch().await.metadata.is_empty(),
        "metadata is told once"
    );
}

#[tokio::test]
async fn series_that_vanish_become_stale() {
    let (target, mut rig) = start("", text("a 1\nb 1\n")).await;
    rig.scrape().await;
    target.answers(text("b 2\n"));
    assert_eq!(
        rig.scrape().await,
        [
            "a{instance=\"i\", job=\"j\"} stale",
            "b{instance=\"i\", job=\"j\"} 2"
        ]
    );
    assert_eq!(rig.scrape().await, ["b{instance=\"i\", job=\"j\"} 2"]);
    target.answers(text("b 3\na 3\n"));
    assert_eq!(rig.scrape().await.len(), 2);
}

#[tokio::test]
async fn a_failed_scrape_makes_everything_stale_once() {
    let (target, mut rig) = start("", text("a 1\n")).await;
    rig.scrape().await;
    target.answers(http("500 Internal Server Error", "", b""));
    let (samples, report) = rig.scrape_all().await;
    assert_eq!(samples, ["a{instance=\"i\", job=\"j\"} stale"]);
    assert_eq!(
        report.last().map(String::as_str),
        Some("up{instance=\"i\", job=\"j\"} 0")
    );
    assert_eq!(
        last_error(&rig.manager),
        "server returned HTTP status 500 Internal Server Error"
    );
    assert!(rig.scrape().await.is_empty());
    target.answers(text("a 2\n"));
    assert_eq!(rig.scrape().await, ["a{instance=\"i\", job=\"j\"} 2"]);
}

#[tokio::test]
async fn own_timestamps() {
    let body = "a 1 123000\nb 1\nfuture 1 9000000000000\n";
    let (target, mut rig) = start("", text(body)).await;
    rig.clock.until_sleeping(1).await;
    rig.clock.advance(INTERVAL_MS);
    let batch = rig.batch().await;
    assert_eq!(batch.timestamps()[0], 123_000);
    assert_eq!(
        split(&batch).0.len(),
        2,
        "a sample far in the future is left out"
    );
    target.answers(text(""));
    assert_eq!(rig.scrape().await, ["b{instance=\"i\", job=\"j\"} stale"]);

    let (_target, mut rig) = start("    honor_timestamps: false\n", text("a 1 123000\n")).await;
    rig.clock.until_sleeping(1).await;
    rig.clock.advance(INTERVAL_MS);
    let batch = rig.batch().await;
    assert!(batch.timestamps()[0] > 1_000_000_000);

    let (target, mut rig) = start(
        "    track_timestamps_staleness: true\n",
        text("a 1 123000\n"),
    )
    .await;
    rig.scrape().await;
    target.answers(text(""));
    assert_eq!(rig.scrape().await, ["a{instance=\"i\", job=\"j\"} stale"]);
}

#[tokio::test]
async fn clashing_labels() {
    let body = "a{job=\"x\",exported_job=\"y\"} 1\n";
    let (_target, mut rig) = start("", text(body)).await;
    let own = "a{exported_exported_job=\"x\", exported_job=\"y\", instance=\"i\", job=\"j\"} 1";
    assert_eq!(rig.scrape().await, [own]);
    let (_target, mut rig) = start("    honor_labels: true\n", text(body)).await;
    assert_eq!(
        rig.scrape().await,
        ["a{exported_job=\"y\", instance=\"i\", job=\"x\"} 1"]
    );
}

#[tokio::test]
async fn series_are_relabelled() {
    let rules = "    metric_relabel_configs:
      - {source_labels: [__name__], regex: 'drop_.*', action: drop}
      - {regex: x, action: labeldrop}
";
    let (target, mut rig) = start(rules, text("drop_a 1\nb{x=\"1\"} 1\n")).await;
    let (samples, report) = rig.scrape_all().await;
    assert_eq!(samples, ["b{instance=\"i\", job=\"j\"} 1"]);
    assert_eq!(
        report[1],
        "scrape_samples_post_metric_relabeling{instance=\"i\", job=\"j\"} 1"
    );
    assert_eq!(
        report[2],
        "scrape_samples_scraped{instance=\"i\", job=\"j\"} 2"
    );
    // The same series by another line is not stale.
    target.answers(text("b{x=\"2\"} 2\n"));
    assert_eq!(rig.scrape().await, ["b{instance=\"i\", job=\"j\"} 2"]);
}

#[tokio::test]
async fn gzip_is_unpacked_and_bounded() {
    use std::io::Write;
    let body = format!("a 1\n{}", "# padding\n".repeat(10_000));
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(body.as_bytes()).expect("in memory");
    let packed = encoder.finish().expect("in memory");
    let headers = "Content-Type: text/plain\r\nContent-Encoding: gzip\r\n";
    assert!(packed.len() < 10_000);
    let (target, mut rig) = start(
        "    extra_scrape_metrics: true\n",
        http("200 OK", headers, &packed),
    )
    .await;
    let (samples, report) = rig.scrape_all().await;
    assert_eq!(samples, ["a{instance=\"i\", job=\"j\"} 1"]);
    assert_eq!(
        report[0],
        "scrape_body_size_bytes{instance=\"i\", job=\"j\"} 100004"
    );
    target.answers(http("200 OK", headers, &packed[..packed.len() / 2]));
    assert_eq!(rig.scrape().await, ["a{instance=\"i\", job=\"j\"} stale"]);

    let options = "    body_size_limit: 10KB\n    extra_scrape_metrics: true\n";
    let (_target, mut rig) = start(options, http("200 OK", headers, &packed)).await;
    let (samples, report) = rig.scrape_all().await;
    assert!(samples.is_empty());
    assert_eq!(
        report[0],
        "scrape_body_size_bytes{instance=\"i\", job=\"j\"} -1"
    );
    assert_eq!(
        last_error(&rig.manager),
        "body size limit exceeded: more than 10KiB"
    );
}

#[tokio::test]
async fn limits_fail_the_whole_scrape() {
    let cases = [
        (
            "sample_limit: 1",
            "sample limit exceeded: 2 samples, the limit is 1",
        ),
        (
            "label_limit: 3",
            "b: label limit exceeded: 4 labels, the limit is 3",
        ),
        (
            "label_name_length_limit: 9",
            "b: name of label \"long_label\" is too long: 10 bytes, the limit is 9",
        ),
        (
            "label_value_length_limit: 5",
            "b: value of label \"long_label\" is too long: 6 bytes, the limit is 5",
        ),
    ];
    for (limit, message) in cases {
        let (target, mut rig) = start(&format!("    {limit}\n"), text("a 1\n")).await;
        assert_eq!(rig.scrape().await.len(), 1, "{limit}");
        target.answers(text("a 1\nb{long_label=\"valuee\"} 1\n"));
        let (samples, report) = rig.scrape_all().await;
        assert_eq!(samples, ["a{instance=\"i\", job=\"j\"} stale"], "{limit}");
        assert_eq!(
            report.last().map(String::as_str),
            Some("up{instance=\"i\", job=\"j\"} 0")
        );
        assert_eq!(last_error(&rig.manager), message);
        target.answers(text("a 1\n"));
        assert_eq!(
            rig.scrape().await,
            ["a{instance=\"i\", job=\"j\"} 1"],
            "{limit}"
        );
    }
}

#[tokio::test]
async fn answers_that_are_no_metrics() {
    let cases = [
        (http("200 OK", "", b"a 1\n"), "no content type"),
        (
            http("200 OK", "Content-Type: text/html\r\n", b"<html>"),
            "content type \"text/html\"",
        ),
        (text("a 1\nthis is { not a metric\n"), "line 2"),
        (
            http("200 OK", "Content-Type: text/plain\r\n", b"\xff\xfe\0 1\n"),
            "line 1",
        ),
        (http("200 OK", OPENMETRICS, b"a 1\n"), "# EOF"),
        (text("a{x=\"1\",x=\"2\"} 1\n"), "stands twice"),
        (
            Reply::Bytes(b"SSH-2.0-OpenSSH\r\n".to_vec()),
            "error sending request",
        ),
        (Reply::Bytes(Vec::new()), "error sending request"),
    ];
    for (answer, message) in cases {
        let (_target, mut rig) = start("", answer).await;
        let (samples, report) = rig.scrape_all().await;
        assert!(samples.is_empty(), "{samples:?}");
        assert_eq!(
            report.last().map(String::as_str),
            Some("up{instance=\"i\", job=\"j\"} 0")
        );
        let error = last_error(&rig.manager);
        assert!(error.contains(message), "{error}");
    }
    let (_target, mut rig) = start(
        "    fallback_scrape_protocol: PrometheusText0.0.4\n",
        http("200 OK", "", b"a 1\n"),
    )
    .await;
    assert_eq!(rig.scrape().await.len(), 1);
}

#[tokio::test]
async fn a_silent_target_times_out() {
    let (_target, mut rig) = start("    scrape_timeout: 50ms\n", Reply::Silence).await;
    rig.scrape().await;
    assert_eq!(last_error(&rig.manager), "no complete answer within 50ms");
}

#[tokio::test]
async fn credentials_and_headers() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("token");
    std::fs::write(&file, "first\n").expect("written");
    let token = format!(
        "    authorization: {{credentials_file: '{}'}}\n",
        file.display()
    );
    let (target, mut rig) = start(&token, text("")).await;
    rig.scrape().await;
    std::fs::write(&file, "second\n").expect("written");
    rig.scrape().await;
    std::fs::remove_file(&file).expect("removed");
    rig.scrape().await;
    assert!(last_error(&rig.manager).contains("cannot read"));
    let seen: Vec<_> = target
        .requests
        .lock()
        .iter()
        .map(|r| r.to_lowercase())
        .collect();
    assert!(
        seen[0].contains("authorization: bearer first")
            && seen[1].contains("authorization: bearer second")
    );

    let options = "    basic_auth: {username: me, password: you}
    http_headers: {X-Tenant: {values: [blue]}}
    enable_compression: false
    params: {q: ['a b']}
";
    let (target, mut rig) = start(options, text("")).await;
    rig.scrape().await;
    let request = target.requests.lock()[0].to_lowercase();
    for part in [
        "get /metrics?q=a+b ",
        "authorization: basic bwu6ew91",
        "x-tenant: blue",
        "accept-encoding: identity",
    ] {
        assert!(request.contains(part), "{part} in {request}");
    }
}

#[tokio::test]
async fn redirects() {
    let other = Target::start().await;
    other.answers(text("a 1\n"));
    let location = format!("Location: http://{}/metrics\r\n", other.address);
    let (_target, mut rig) = start("", http("302 Found", &location, b"")).await;
    assert_eq!(rig.scrape().await.len(), 1);
    let (_target, mut rig) = start(
        "    follow_redirects: false\n",
        http("302 Found", &location, b""),
    )
    .await;
    rig.scrape().await;
    assert_eq!(
        last_error(&rig.manager),
        "server returned HTTP status 302 Found"
    );
}

#[tokio::test]
async fn a_full_disk_is_shown() {
    let (_target, mut rig) = start("", text("a 1\n")).await;
    rig.disk_is_full(true);
    rig.scrape().await;
    let error = rig.manager.targets().active[0].last_error.clone();
    assert_eq!(
        error.as_deref(),
        Some("cannot store samples: the disk is full")
    );
    rig.disk_is_full(false);
    assert_eq!(rig.scrape().await, ["a{instance=\"i\", job=\"j\"} 1"]);
    assert_eq!(rig.manager.targets().active[0].last_error, None);
}
