//! The one place that knows how rules are started, changed, stopped and asked about.

mod direct;
mod flags;
mod query;
mod sender;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Weak};

use narthex_ingest::{
    AlertmanagerPlan, Alertmanagers, Config, DiscoveryMetrics, FoundAlertmanager, Relabelling,
    SystemClock,
};
use narthex_model::{Error, Reading, Result, Sink};
use narthex_promql::ParseOptions;
use narthex_rules::eval::{GroupStatus, Manager, Settings, World};
use narthex_rules::file::{self, GroupSpec, LoadOptions};
use narthex_rules::notify::{Alertmanager, Notifier, Relabel};

use crate::App;
use crate::flags::ServeFlags;
pub(crate) use direct::Direct;
pub(crate) use flags::RuleFlags;
use query::RuleQueries;
pub(crate) use query::samples;
use sender::HttpSender;

/// Running rules.
pub(crate) struct Ruling {
    manager: Manager,
    notifier: Arc<Notifier>,
    alertmanagers: Alertmanagers,
    settings: Settings,
    language: ParseOptions,
    /// Whether alerts that wait are sent before the server stops.
    drains: bool,
}

/// What rules are connected with.
pub(crate) struct Wiring {
    /// Queries run on its threads.
    pub(crate) app: Weak<App>,
    /// What rules give goes here.
    pub(crate) sink: Arc<dyn Sink>,
    /// Discovery of Alertmanagers is counted here.
    pub(crate) discovery: Arc<DiscoveryMetrics>,
}

/// What a configuration wants of rules.
pub(crate) struct Plan {
    groups: Vec<GroupSpec>,
    relabel: Option<Relabel>,
    alertmanagers: AlertmanagerPlan,
}

impl Ruling {
    /// Nothing runs before [`Ruling::apply`]. The server listens on `address`.
    pub(crate) fn new(wiring: Wiring, flags: &ServeFlags, address: SocketAddr) -> Self {
        let clock = Arc::new(SystemClock::new());
        let notifier = Arc::new(Notifier::new(flags.rules.notifier(), clock.clone()));
        let told = notifier.clone();
        let heard = move |found| told.set_alertmanagers(alertmanagers(found));
        let manager = Manager::new(World {
            query: Arc::new(RuleQueries::new(wiring.app)),
            sink: wiring.sink,
            notify: notifier.clone(),
            clock: clock.clone(),
            metrics: Arc::default(),
        });
        Self {
            manager,
            notifier,
            alertmanagers: Alertmanagers::new(clock, wiring.discovery, heard),
            settings: flags.rules.settings(&address.to_string()),
            language: flags.language(),
            drains: flags.rules.drains(),
        }
    }

    /// Reads the rule files that `config` names, and whom it wants to be told; nothing changes yet. `more` are groups besides.
    ///
    /// # Errors
    /// A file cannot be read, or is wrong: every mistake with file, line, group and rule.
    pub(crate) fn read(&self, config: &Config, more: Vec<GroupSpec>) -> Result<Plan> {
        let options = LoadOptions {
            language: self.language,
            ..LoadOptions::default()
        };
        let mut groups = load_all(&config.rule_paths()?, &options)?;
        groups.extend(more);
        Ok(Plan {
            groups,
            relabel: Relabelling::of(&config.alerting.alert_relabel_configs)?
                .map(|rules| -> Relabel { Arc::new(move |labels| rules.apply(labels)) }),
            alertmanagers: self.alertmanagers.plan(&config.alerting)?,
        })
    }

    /// Goes over to `plan`, with what else `config` says; rules that stay keep their state.
    pub(crate) async fn apply(&self, plan: Plan, config: &Config) {
        let global = &config.global;
        let settings = Settings {
            evaluation_interval_ms: global.evaluation_interval.0,
            query_offset_ms: global.rule_query_offset.0,
            external_labels: global.external_labels.clone(),
            ..self.settings.clone()
        };
        self.notifier
            .configure(global.external_labels.clone(), plan.relabel);
        self.alertmanagers.apply(plan.alertmanagers).await;
        self.manager.update(plan.groups, settings).await;
    }

    /// The groups after their last evaluations, by file and name.
    pub(crate) fn groups(&self) -> Vec<Arc<GroupStatus>> {
        self.manager.groups()
    }

    /// The URLs of those who are told of alerts.
    pub(crate) fn alertmanagers(&self) -> Vec<String> {
        self.notifier.alertmanagers()
    }

    /// The URLs of those who were found and are not told.
    pub(crate) fn dropped_alertmanagers(&self) -> Vec<String> {
        self.alertmanagers.dropped()
    }

    /// What rules tell of themselves.
    pub(crate) fn readings(&self) -> Vec<Reading> {
        let mut readings = self.manager.readings();
        readings.extend(self.notifier.readings());
        readings
    }

    /// Ends all rules, after the evaluations under way.
    pub(crate) async fn stop(&self) {
        self.manager.stop().await;
        self.alertmanagers.stop().await;
        self.notifier.stop(self.drains).await;
    }
}

/// The groups of all files.
///
/// # Errors
/// One of them cannot be read, or is wrong: every mistake of all, a line each.
pub(crate) fn load_all(paths: &[PathBuf], options: &LoadOptions) -> Result<Vec<GroupSpec>> {
    let mut groups = Vec::new();
    let mut mistakes = Vec::new();
    for path in paths {
        match file::load(path, options) {
            Ok(found) => groups.extend(found),
            Err(errors) => mistakes.extend(errors),
        }
    }
    if mistakes.is_empty() {
        return Ok(groups);
    }
    let lines: Vec<_> = mistakes.iter().map(ToString::to_string).collect();
    Err(Error::invalid(lines.join("\n")))
}

/// Those who were found, as they are told.
fn alertmanagers(found: Vec<FoundAlertmanager>) -> Vec<Alertmanager> {
    found.into_iter().map(alertmanager).collect()
}

fn alertmanager(found: FoundAlertmanager) -> Alertmanager {
    let sender = Arc::new(HttpSender::new(&found));
    let url = found.shown.clone();
    let relabel = found
        .relabels()
        .then(|| -> Relabel { Arc::new(move |labels| found.relabel(labels)) });
    Alertmanager {
        url,
        relabel,
        sender,
    }
}

#[cfg(test)]
mod alert_cases;
