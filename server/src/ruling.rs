//! The one place that knows how rules are started, changed, stopped and asked about.

mod direct;
mod flags;
mod query;
mod sender;

use std::path::PathBuf;
use std::sync::{Arc, Weak};
use std::time::Duration;

use narthex_ingest::{AlertingConfig, Config, RelabelConfig, Relabelling, SystemClock};
use narthex_model::{Error, Reading, Result, Sink};
use narthex_promql::ParseOptions;
use narthex_rules::eval::{GroupStatus, Manager, Settings, World};
use narthex_rules::file::{self, GroupSpec, LoadOptions};
use narthex_rules::notify::{Alertmanager, Notifier, NotifierOptions, Relabel};

use crate::App;
pub(crate) use direct::Direct;
pub(crate) use flags::RuleFlags;
use query::RuleQueries;
pub(crate) use query::samples;
use sender::HttpSender;

/// Running rules.
pub(crate) struct Ruling {
    manager: Manager,
    notifier: Arc<Notifier>,
    settings: Settings,
    language: ParseOptions,
}

/// What a configuration wants of rules.
pub(crate) struct Plan {
    groups: Vec<GroupSpec>,
    relabel: Option<Relabel>,
    alertmanagers: Vec<Alertmanager>,
}

impl Ruling {
    /// Nothing runs before [`Ruling::apply`]. What rules give goes to `sink`; queries run on the query threads of `app`; expressions
    /// are in `language`.
    pub(crate) fn new(
        app: Weak<App>,
        sink: Arc<dyn Sink>,
        settings: Settings,
        language: ParseOptions,
    ) -> Self {
        let clock = Arc::new(SystemClock::new());
        let notifier = Arc::new(Notifier::new(NotifierOptions::default(), clock.clone()));
        let manager = Manager::new(World {
            query: Arc::new(RuleQueries::new(app)),
            sink,
            notify: notifier.clone(),
            clock,
            metrics: Arc::default(),
        });
        Self {
            manager,
            notifier,
            settings,
            language,
        }
    }

    /// Reads the rule files that `config` names, and whom it wants to be told; nothing changes yet.
    ///
    /// # Errors
    /// A file cannot be read, or is wrong: every mistake with file, line, group and rule.
    pub(crate) fn read(&self, config: &Config) -> Result<Plan> {
        let options = LoadOptions {
            language: self.language,
            ..LoadOptions::default()
        };
        Ok(Plan {
            groups: load_all(&config.rule_paths()?, &options)?,
            relabel: relabel(&config.alerting.alert_relabel_configs)?,
            alertmanagers: alertmanagers(&config.alerting)?,
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
        self.notifier.set_alertmanagers(plan.alertmanagers);
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

    /// What rules tell of themselves.
    pub(crate) fn readings(&self) -> Vec<Reading> {
        let mut readings = self.manager.readings();
        readings.extend(self.notifier.readings());
        readings
    }

    /// Ends all rules, after the evaluations under way.
    pub(crate) async fn stop(&self) {
        self.manager.stop().await;
        self.notifier.stop(true).await;
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

fn alertmanagers(config: &AlertingConfig) -> Result<Vec<Alertmanager>> {
    let client = reqwest::Client::builder()
        .user_agent(concat!("narthex/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|e| Error::internal("cannot make an HTTP client").with_source(e))?;
    let mut all = Vec::new();
    for alike in &config.alertmanagers {
        let own = relabel(&alike.alert_relabel_configs)?;
        let timeout = Duration::from_millis(alike.timeout.0.unsigned_abs());
        all.extend(alike.urls().into_iter().map(|url| Alertmanager {
            url: url.clone(),
            relabel: own.clone(),
            sender: Arc::new(HttpSender::new(client.clone(), url, timeout)),
        }));
    }
    Ok(all)
}

fn relabel(configs: &[RelabelConfig]) -> Result<Option<Relabel>> {
    let rules = Relabelling::of(configs)?;
    Ok(rules.map(|rules| -> Relabel { Arc::new(move |labels| rules.apply(labels)) }))
}
