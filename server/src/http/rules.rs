//! `/api/v1/rules` and `/api/v1/alerts`: rules, and what they found last.

use std::sync::Arc;

use axum::extract::State;
use narthex_model::{Matcher, format_exponent};
use narthex_rules::eval::{Alert, GroupStatus, RuleStatus};
use narthex_rules::file::RuleKind;
use serde_json::{Map, Value, json};

use super::answer::answer_value;
use super::matchers::selectors;
use super::params::Params;
use super::{ApiError, ApiResult};
use crate::App;
use crate::json::by_name;
use crate::times::{format_time, time_or_never};

/// Groups with the rules that the parameters choose; groups without any are left out if something was chosen.
pub(crate) async fn rules(State(app): State<Arc<App>>, params: Params) -> ApiResult {
    let wanted = Wanted::read(&params)?;
    let groups = app.store()?.ruling.groups();
    let shown = groups.iter().filter_map(|group| wanted.group(group));
    let (groups, next) = page(shown.collect(), &params)?;
    let mut answer = json!({ "groups": groups });
    if let Some(next) = next {
        answer["groupNextToken"] = next.into();
    }
    Ok(answer_value(&answer))
}

/// The alerts of all rules that are pending or firing.
pub(crate) async fn alerts(State(app): State<Arc<App>>) -> ApiResult {
    let groups = app.store()?.ruling.groups();
    let rules = groups.iter().flat_map(|group| &group.rules);
    let alerts: Vec<_> = rules.flat_map(|rule| &rule.alerts).map(alert).collect();
    Ok(answer_value(&json!({ "alerts": alerts })))
}

/// Who is told of alerts.
pub(crate) async fn alertmanagers(State(app): State<Arc<App>>) -> ApiResult {
    let ruling = &app.store()?.ruling;
    let shown = |urls: Vec<String>| -> Vec<_> {
        let urls = urls.into_iter();
        urls.map(|url| json!({ "url": url })).collect()
    };
    Ok(answer_value(&json!({
        "activeAlertmanagers": shown(ruling.alertmanagers()),
        "droppedAlertmanagers": shown(ruling.dropped_alertmanagers()),
    })))
}

/// The alerts of a group that are pending or firing.
pub(super) fn alerts_of_group(group: &GroupStatus) -> impl Iterator<Item = Value> + '_ {
    group.rules.iter().flat_map(|rule| &rule.alerts).map(alert)
}

/// A group as it is shown, and what it is called in pages.
struct Shown {
    token: String,
    json: Value,
}

/// At most `group_limit` groups from `group_next_token` on, and the token of the next page.
fn page(groups: Vec<Shown>, params: &Params) -> ApiResult<(Vec<Value>, Option<String>)> {
    let limit = params.count("group_limit")?;
    let first = match params.get("group_next_token") {
        None | Some("") => 0,
        Some(_) if limit == usize::MAX => {
            return Err(ApiError::bad_data(
                "group_limit needs to be provided along with group_next_token",
            ));
        }
        Some(token) => groups
            .iter()
            .position(|group| group.token == token)
            .ok_or_else(|| {
                ApiError::bad_data(format!(
                    "invalid group_next_token '{token}'. were rule groups changed?"
                ))
            })?,
    };
    let mut rest = groups.into_iter().skip(first);
    let shown = rest.by_ref().take(limit).map(|group| group.json).collect();
    Ok((shown, rest.next().map(|group| group.token)))
}

/// Which rules are wanted, and how much of them; empty lists choose all.
struct Wanted<'a> {
    alerting: bool,
    recording: bool,
    names: Vec<&'a str>,
    groups: Vec<&'a str>,
    files: Vec<&'a str>,
    selectors: Vec<Vec<Matcher>>,
    with_alerts: bool,
}

impl<'a> Wanted<'a> {
    fn read(params: &'a Params) -> ApiResult<Self> {
        let kind = params.get("type").unwrap_or("").to_ascii_lowercase();
        if !["", "alert", "record"].contains(&kind.as_str()) {
            let reason = format!("not supported value {kind:?}");
            return Err(ApiError::parameter("type", reason));
        }
        Ok(Self {
            alerting: kind != "record",
            recording: kind != "alert",
            names: params.all("rule_name[]").collect(),
            groups: params.all("rule_group[]").collect(),
            files: params.all("file[]").collect(),
            selectors: selectors(params)?,
            with_alerts: !params.flag("exclude_alerts"),
        })
    }

    fn group(&self, group: &GroupStatus) -> Option<Shown> {
        let among = |list: &[&str], text: &str| list.is_empty() || list.contains(&text);
        if !among(&self.groups, &group.name) || !among(&self.files, &group.file) {
            return None;
        }
        let rules = group.rules.iter().filter(|rule| {
            let is_alert = rule.spec.alert().is_some();
            let kind = if is_alert {
                self.alerting
            } else {
                self.recording
            };
            kind && among(&self.names, &rule.spec.name) && self.matches(rule)
        });
        let rules: Vec<_> = rules.map(|rule| self.rule(rule)).collect();
        let chosen = !self.names.is_empty() || !self.selectors.is_empty();
        if rules.is_empty() && (chosen || !(self.alerting && self.recording)) {
            return None;
        }
        Some(Shown {
            token: token(group),
            json: json!({
                "name": group.name,
                "file": group.file,
                "rules": rules,
                "interval": seconds(group.interval_ms),
                "limit": group.limit,
                "evaluationTime": group.evaluation_time.as_secs_f64(),
                "lastEvaluation": time_or_never(group.last_evaluation),
            }),
        })
    }

    /// Whether a selector accepts the rule's labels as they are written.
    fn matches(&self, rule: &RuleStatus) -> bool {
        let value = |name: &str| rule.spec.labels.get(name).map_or("", String::as_str);
        let accepts = |matchers: &Vec<Matcher>| matchers.iter().all(|m| m.accepts(value(m.name())));
        self.selectors.is_empty() || self.selectors.iter().any(accepts)
    }

    fn rule(&self, rule: &RuleStatus) -> Value {
        let mut shown = Map::new();
        let spec = &rule.spec;
        if let RuleKind::Alert(alerting) = &spec.kind {
            let state = rule.state.map_or("unknown", |state| state.as_str());
            shown.insert("state".to_owned(), state.into());
            shown.insert("duration".to_owned(), seconds(alerting.hold_ms).into());
            let keeps = seconds(alerting.keep_firing_ms);
            shown.insert("keepFiringFor".to_owned(), keeps.into());
            shown.insert("annotations".to_owned(), json!(alerting.annotations));
            if self.with_alerts {
                let alerts: Vec<_> = rule.alerts.iter().map(alert).collect();
                shown.insert("alerts".to_owned(), alerts.into());
            }
        }
        if spec.alert().is_some() || !spec.labels.is_empty() {
            shown.insert("labels".to_owned(), json!(spec.labels));
        }
        if let Some(error) = &rule.last_error {
            shown.insert("lastError".to_owned(), error.as_ref().into());
        }
        let kind = spec.alert().map_or("recording", |_| "alerting");
        for (name, value) in [
            ("name", Value::from(spec.name.as_str())),
            ("query", rule.query.as_ref().into()),
            ("health", rule.health.as_str().into()),
            ("evaluationTime", rule.evaluation_time.as_secs_f64().into()),
            ("lastEvaluation", time_or_never(rule.last_evaluation).into()),
            ("type", kind.into()),
        ] {
            shown.insert(name.to_owned(), value);
        }
        shown.into()
    }
}

fn alert(alert: &Alert) -> Value {
    let mut shown = json!({
        "labels": by_name(&alert.labels),
        "annotations": alert.annotations,
        "state": alert.state.as_str(),
        "activeAt": format_time(alert.active_at),
        "value": format_exponent(alert.value),
    });
    if let Some(since) = alert.keep_firing_since {
        shown["keepFiringSince"] = format_time(since).into();
    }
    shown
}

/// What a group is called in pages: file and name, in a form that nobody reads.
fn token(group: &GroupStatus) -> String {
    let text = format!("{};{}", group.file, group.name);
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}

fn seconds(ms: i64) -> f64 {
    ms as f64 / 1000.0
}
