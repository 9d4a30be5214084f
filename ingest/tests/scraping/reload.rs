//! Changes while loops run: targets that come and go, jobs that change, shutdown.

use crate::support::{INTERVAL_MS, Rig, Target, config, job, split, text};
use narthex_ingest::{Config, ScrapeManager};

async fn target(body: &str) -> Target {
    let target = Target::start().await;
    target.answers(text(body));
    target
}

#[tokio::test]
async fn a_removed_job_ends_its_series_one_interval_later() {
    let target = target("a 1\n").await;
    let mut rig = Rig::new();
    rig.apply(&job(&target, "")).await;
    rig.scrape().await;
    rig.apply(&Config::default()).await;
    assert!(rig.manager.targets().active.is_empty() && !rig.has_batch());
    rig.clock.until_sleeping(1).await;
    rig.clock.advance(INTERVAL_MS);
    let (samples, report) = split(&rig.batch().await);
    assert_eq!(samples, ["a{instance=\"i\", job=\"j\"} stale"]);
    assert!(
        report.len() == 5 && report.iter().all(|s| s.ends_with(" stale")),
        "{report:?}"
    );
}

#[tokio::test]
async fn a_job_that_comes_back_in_time_keeps_its_series() {
    let target = target("a 1\nb 1\n").await;
    let mut rig = Rig::new();
    rig.apply(&job(&target, "")).await;
    rig.scrape().await;
    rig.apply(&Config::default()).await;
    rig.apply(&job(&target, "")).await;
    target.answers(text("a 2\n"));
    assert_eq!(
        rig.scrape().await,
        [
            "a{instance=\"i\", job=\"j\"} 2",
            "b{instance=\"i\", job=\"j\"} stale"
        ]
    );
}

#[tokio::test]
async fn a_changed_job_goes_on_with_its_series() {
    let target = target("a 1\nb 1\n").await;
    let mut rig = Rig::new();
    rig.apply(&job(&target, "")).await;
    rig.scrape().await;
    let rule =
        "    metric_relabel_configs: [{source_labels: [__name__], regex: b, action: drop}]\n";
    rig.apply(&job(&target, rule)).await;
    assert_eq!(rig.manager.targets().active[0].last_error, None);
    assert_eq!(
        rig.scrape().await,
        [
            "a{instance=\"i\", job=\"j\"} 1",
            "b{instance=\"i\", job=\"j\"} stale"
        ]
    );
}

#[tokio::test]
async fn a_target_that_a_changed_job_lost_ends_too() {
    let (kept, lost) = (target("a 1\n").await, target("a 1\n").await);
    let both = |addresses: &str| {
        config(&format!(
            "    static_configs: [{{targets: [{addresses}]}}]\n"
        ))
    };
    let mut rig = Rig::new();
    rig.apply(&both(&format!("'{}', '{}'", kept.address, lost.address)))
        .await;
    rig.clock.until_sleeping(2).await;
    rig.clock.advance(INTERVAL_MS);
    rig.batch().await;
    rig.batch().await;
    rig.clock.until_sleeping(2).await;
    rig.apply(&both(&format!("'{}'", kept.address))).await;
    rig.clock.until_sleeping(2).await;
    rig.clock.advance(INTERVAL_MS);
    let mut stale = Vec::new();
    for _ in 0..2 {
        stale.extend(
            split(&rig.batch().await)
                .0
                .into_iter()
                .filter(|s| s.ends_with("stale")),
        );
    }
    assert_eq!(
        stale,
        [format!(
            "a{{instance=\"{}\", job=\"j\"}} stale",
            lost.address
        )]
    );
}

#[tokio::test]
async fn a_configuration_that_cannot_be_used_changes_nothing() {
    let target = target("a 1\n").await;
    let mut rig = Rig::new();
    rig.apply(&job(&target, "")).await;
    let bad = job(&target, "    tls_config: {ca_file: no-such-file.pem}\n");
    let error = rig
        .manager
        .apply(&bad)
        .await
        .expect_err("no such file")
        .to_string();
    assert!(
        error.starts_with("job \"j\": tls_config: cannot read ca_file no-such-file.pem: "),
        "{error}"
    );
    assert_eq!(rig.scrape().await.len(), 1);
}

#[tokio::test]
async fn shutdown_leaves_series_alone() {
    let target = target("a 1\n").await;
    let mut rig = Rig::new();
    rig.apply(&job(&target, "")).await;
    rig.scrape().await;
    rig.manager.shutdown().await;
    rig.clock.until_sleeping(0).await;
    assert!(!rig.has_batch());
    assert!(rig.manager.apply(&Config::default()).await.is_err());
}

#[tokio::test]
async fn too_many_targets_fail_all() {
    let (one, two) = (target("a 1\n").await, target("a 1\n").await);
    let targets = format!(
        "    static_configs: [{{targets: ['{}', '{}']}}]\n",
        one.address, two.address
    );
    let mut rig = Rig::new();
    rig.apply(&config(&format!("{targets}    target_limit: 1\n")))
        .await;
    rig.clock.until_sleeping(2).await;
    rig.clock.advance(INTERVAL_MS);
    for _ in 0..2 {
        let (samples, report) = split(&rig.batch().await);
        assert!(
            samples.is_empty()
                && report
                    .iter()
                    .any(|s| s.starts_with("up{") && s.ends_with(" 0"))
        );
    }
    rig.clock.until_sleeping(2).await;
    let errors: Vec<_> = rig
        .manager
        .targets()
        .active
        .into_iter()
        .filter_map(|s| s.last_error)
        .collect();
    assert_eq!(
        errors,
        ["target limit exceeded: 2 targets, the limit is 1"; 2]
    );
    assert!(one.requests.lock().is_empty());
}

/// Waits until the manager has so many targets; the change comes from the file system, not from our clock.
async fn until_active(manager: &ScrapeManager, count: usize) {
    let arrived = async {
        while manager.targets().active.len() != count {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(30), arrived)
        .await
        .expect("the change is seen");
}

#[tokio::test]
async fn target_files_are_watched() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("t.json");
    std::fs::write(&file, "[{\"targets\": [\"127.0.0.1:1\"]}]").expect("written");
    let rig = Rig::new();
    rig.apply(&config(&format!(
        "    file_sd_configs: [{{files: ['{}/*.json']}}]\n",
        folder.path().display()
    )))
    .await;
    assert_eq!(rig.manager.targets().active.len(), 1);
    std::fs::write(&file, "[{\"targets\": [\"127.0.0.1:1\", \"127.0.0.1:2\"]}]").expect("written");
    until_active(&rig.manager, 2).await;
    // The refresh interval finds changes too.
    std::fs::write(
        folder.path().join("u.json"),
        "[{\"targets\": [\"127.0.0.1:3\"]}]",
    )
    .expect("written");
    rig.clock.advance(300_000);
    until_active(&rig.manager, 3).await;
    let target = &rig.manager.targets().active[0].target;
    assert_eq!(target.discovered.get("__meta_filepath"), file.to_str());
}

#[tokio::test]
async fn dropped_targets_are_shown() {
    let rules = "    relabel_configs: [{source_labels: [__address__], regex: 'a:.*', action: drop}]\n    keep_dropped_targets: 1\n";
    let rig = Rig::new();
    rig.apply(&config(&format!(
        "    static_configs: [{{targets: ['a:1', 'a:2', 'b:1', 'x/y']}}]\n{rules}"
    )))
    .await;
    let snapshot = rig.manager.targets();
    assert_eq!(
        (
            snapshot.active.len(),
            snapshot.dropped.len(),
            snapshot.pools[0].dropped_count
        ),
        (1, 1, 2)
    );
    assert_eq!(
        snapshot.dropped[0].1.discovered.get("__address__"),
        Some("a:1")
    );
    assert_eq!(
        snapshot.pools[0].problems,
        ["static_configs[0]: x/y: \"x/y\" is not a valid hostname"]
    );
}
