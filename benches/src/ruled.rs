//! What rules cost: the fleet is sent live to systems that evaluate them, and their processor time is taken.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures::future::try_join_all;
use narthex_datasets::send::{SendOptions, send};
use narthex_datasets::{Fleet, FleetOptions};
use narthex_model::{Error, Result, TimestampMs};
use serde::Deserialize;

use crate::peers::{Kind, Place, System};

/// Samples from before the time that is measured: as long as the longest window, which is an hour.
const BEFORE_MS: i64 = 3_600_000;
/// Nothing is measured until the systems have taken those in and have evaluated every group.
const SETTLE_MS: i64 = 45_000;

/// The file of rules, as templates.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Templates {
    windows: Vec<String>,
    regions: Vec<String>,
    rule: Vec<Template>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Template {
    record: Option<String>,
    alert: Option<String>,
    expr: String,
}

/// So many rules, as a rule file.
pub(crate) fn rules(path: &Path, count: usize) -> Result<String> {
    let unreadable = |e| Error::invalid(format!("cannot read {}", path.display())).with_source(e);
    let text = std::fs::read_to_string(path).map_err(unreadable)?;
    let templates: Templates =
        toml::from_str(&text).map_err(|e| Error::invalid("bad list of rules").with_source(e))?;
    let mut out = String::from("groups:\n");
    let each = templates.rule.len().max(1);
    for group in 0..count.div_ceil(each) {
        let window = &templates.windows[group % templates.windows.len()];
        let region = &templates.regions[group / templates.windows.len() % templates.regions.len()];
        let team = format!("team-{group}");
        // Writing to a string cannot fail.
        let _ = writeln!(
            out,
            "- name: {team}\n  interval: 15s\n  labels: {{team: {team}}}\n  rules:"
        );
        for template in templates.rule.iter().take(count - group * each) {
            let expr = template.expr.replace("$region", region);
            let expr = expr.replace("$window", window).replace("$team", &team);
            let (kind, name) = match (&template.record, &template.alert) {
                (Some(name), _) => ("record", name),
                (None, name) => ("alert", name.as_ref().unwrap_or(&team)),
            };
            let expr = serde_json::Value::String(expr);
            let _ = writeln!(out, "  - {kind}: {name}\n    expr: {expr}");
        }
    }
    Ok(out)
}

/// What a system spent.
#[derive(Debug)]
struct Spent {
    kind: Kind,
    cpu_seconds: f64,
    resident: u64,
    evaluations: f64,
    missed: f64,
    failed: f64,
}

/// The fleet as it is sent live: from before now until what is measured `for_ms` is over.
pub(crate) fn live_fleet(shape: &FleetOptions, for_ms: i64) -> Result<Fleet> {
    let span = BEFORE_MS + SETTLE_MS + for_ms + 2 * shape.interval_ms;
    Fleet::new(FleetOptions {
        start_ms: now_ms() - BEFORE_MS,
        scrapes: usize::try_from(span / shape.interval_ms).unwrap_or(0),
        ..*shape
    })
}

/// Sends the fleet live to each place, and tells as Markdown what `for_ms` of that cost. All run at the same time.
pub(crate) async fn ruled(places: &[Place], fleet: &Fleet, for_ms: i64) -> Result<String> {
    let all = places.iter().map(|place| measured(place, fleet, for_ms));
    Ok(table(&try_join_all(all).await?, for_ms))
}

async fn measured(place: &Place, fleet: &Fleet, for_ms: i64) -> Result<Spent> {
    let system = place.start().await?;
    let options = SendOptions {
        url: system.write_url(),
        connections: 1,
        hosts_per_request: 20,
        retries: 10,
        timeout: Duration::from_secs(60),
        live: true,
    };
    let sending = send(fleet, &options, Arc::new(|_| ()));
    let measuring = async {
        sleep(SETTLE_MS).await;
        let (cpu_before, counts_before) = (system.process.cpu_seconds(), counts(&system).await?);
        sleep(for_ms).await;
        let (cpu_after, counts_after) = (system.process.cpu_seconds(), counts(&system).await?);
        let [evaluations, missed, failed] =
            [0, 1, 2].map(|at| counts_after[at] - counts_before[at]);
        Ok(Spent {
            kind: system.kind(),
            cpu_seconds: cpu_after - cpu_before,
            resident: system.process.memory().resident,
            evaluations,
            missed,
            failed,
        })
    };
    let (sent, spent) = tokio::join!(sending, measuring);
    sent.and(spent)
}

/// Evaluations so far, those that there was no time for, and those that failed.
async fn counts(system: &System) -> Result<[f64; 3]> {
    let page = system.client.get("/metrics").await?;
    let names = [
        "prometheus_rule_evaluations_total",
        "prometheus_rule_group_iterations_missed_total",
        "prometheus_rule_evaluation_failures_total",
    ];
    Ok(names.map(|name| crate::peers::metric_sum(&page, name) as f64 / 1000.0))
}

fn table(all: &[Spent], for_ms: i64) -> String {
    let mut out = String::from(
        "| | CPU seconds | of a core | rules evaluated | groups' turns missed | rules failed | resident MB |\n|---|---|---|---|---|---|---|\n",
    );
    for spent in all {
        let of_core = spent.cpu_seconds / (for_ms as f64 / 1000.0) * 100.0;
        let _ = writeln!(
            out,
            "| {} | {:.2} | {of_core:.1} % | {} | {} | {} | {} |",
            spent.kind.name(),
            spent.cpu_seconds,
            spent.evaluations,
            spent.missed,
            spent.failed,
            spent.resident / 1_000_000,
        );
    }
    out
}

async fn sleep(ms: i64) {
    tokio::time::sleep(Duration::from_millis(ms.unsigned_abs())).await;
}

fn now_ms() -> TimestampMs {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(0, |now| now.as_millis() as TimestampMs)
}
