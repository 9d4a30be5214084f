//! Sloth's `prometheus/v1`: a document per service.

use std::collections::BTreeMap;

use narthex_model::format_duration;
use serde_yaml::Value;

use super::policies::{self, same_burn};
use super::{common_losses, text};
use crate::lost::{Losses, Lost};
use crate::policies::google;
use crate::promql::WINDOW;
use crate::rules::{Measured, indicator_losses, measured};
use crate::spec::{Budgeting, Indicator, Policy, Slo, Trigger, Window, to_percent};
use crate::yaml::{map, number, texts};

pub(super) fn documents(slos: &[Slo], lost: &mut Vec<Lost>) -> Vec<Value> {
    let mut by_service: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
    for slo in slos {
        let mut losses = Losses::new(&slo.id, lost);
        let service = match slo.service.as_str() {
            "" => {
                losses.say("service", "Sloth needs one: default");
                "default"
            }
            service => service,
        };
        if let Some(written) = written(slo, service, &mut losses) {
            by_service.entry(service).or_default().push(written);
        }
    }
    let documents = by_service.into_iter().map(|(service, slos)| {
        map([
            ("version", Some("prometheus/v1".into())),
            ("service", Some(service.into())),
            ("slos", Some(Value::Sequence(slos))),
        ])
    });
    documents.collect()
}

fn written(slo: &Slo, service: &str, losses: &mut Losses<'_>) -> Option<Value> {
    let sli = sli(slo, losses)?;
    common_losses(slo, losses);
    own_losses(slo, service, losses);
    Some(map([
        ("name", Some(slo.name.as_str().into())),
        ("objective", Some(number(to_percent(slo.objective.target)))),
        ("description", text(&slo.description)),
        ("labels", texts(&slo.labels)),
        ("sli", Some(sli)),
        ("alerting", Some(alerting(slo, losses))),
    ]))
}

fn own_losses(slo: &Slo, service: &str, losses: &mut Losses<'_>) {
    if slo.id != format!("{service}-{}", slo.name) {
        losses.say("id", format_args!("becomes {service}-{}", slo.name));
    }
    if let Some(Window::Calendar(_)) = slo.windows.first() {
        losses.say("windows", "Sloth has no calendar");
    }
    let ms = slo.window_ms();
    if ms != 30 * 86_400_000 {
        let days = ms / 86_400_000;
        losses.say(
            "windows",
            format_args!("start Sloth with --default-slo-period={days}d"),
        );
    }
    let is_ratio = matches!(slo.indicator, Indicator::ErrorRatio { .. });
    let is_kept = match slo.objective.budgeting {
        Budgeting::Occurrences => true,
        Budgeting::RatioTimeslices { .. } => is_ratio,
        Budgeting::Timeslices { .. } => false,
    };
    losses.say_if(
        !is_kept,
        "objective.budgeting",
        "Sloth takes the mean of the ratios of 5m",
    );
    let usual_ms = match slo.indicator {
        Indicator::Queries { .. } | Indicator::ErrorRatio { .. } => 300_000,
        _ => 60_000,
    };
    if slo.slice_ms != usual_ms {
        losses.say(
            "slice",
            format_args!("{} is not kept", format_duration(slo.slice_ms)),
        );
    }
}

fn sli(slo: &Slo, losses: &mut Losses<'_>) -> Option<Value> {
    indicator_losses(slo, losses);
    let Some(measured) = measured(slo, WINDOW) else {
        losses.say("indicator", "Sloth has no composites: left out");
        return None;
    };
    Some(match measured {
        Measured::Events { bad, total, .. } => {
            let events = map([
                ("error_query", Some(bad.into())),
                ("total_query", Some(total.into())),
            ]);
            map([("events", Some(events))])
        }
        Measured::Ratio(query) if query.contains(WINDOW) => {
            let raw = map([("error_ratio_query", Some(query.into()))]);
            map([("raw", Some(raw))])
        }
        Measured::Ratio(_) => {
            losses.say(
                "indicator.error_ratio",
                "Sloth demands {{.window}} in it: left out",
            );
            return None;
        }
    })
}

/// A policy that pages and one that makes a ticket; whatever else there is is lost.
fn alerting(slo: &Slo, losses: &mut Losses<'_>) -> Value {
    let of = |severity: &str| {
        slo.policies
            .iter()
            .find(|policy| policy.severity == severity && is_burn(policy))
    };
    let (page, ticket) = (of("page"), of("ticket"));
    for policy in &slo.policies {
        let is_kept = [page, ticket]
            .into_iter()
            .flatten()
            .any(|kept| kept == policy);
        losses.policy_if(!is_kept, policy, "Sloth has no such alert");
    }
    for policy in [page, ticket].into_iter().flatten() {
        policy_losses(policy, losses);
    }
    let name = [page, ticket]
        .into_iter()
        .flatten()
        .map(|policy| policy.alert.as_str())
        .next();
    if let (Some(page), Some(ticket)) = (page, ticket)
        && page.alert != ticket.alert
    {
        let called = format_args!("the alert is called {}", page.alert);
        losses.policy_if(true, ticket, called);
    }
    map([
        ("name", name.map(Into::into)),
        ("page_alert", Some(alert(page))),
        ("ticket_alert", Some(alert(ticket))),
    ])
}

fn is_burn(policy: &Policy) -> bool {
    matches!(policy.trigger, Trigger::Burn { .. })
}

fn policy_losses(policy: &Policy, losses: &mut Losses<'_>) {
    let usual = google()
        .into_iter()
        .find(|usual| usual.severity == policy.severity);
    let is_usual = usual.is_some_and(|usual| same_burn(&usual.trigger, &policy.trigger));
    let windows = "its windows go into Sloth's file of AlertWindows, which is not written";
    losses.policy_if(!is_usual, policy, windows);
    policies::losses(policy, losses);
    losses.policy_if(policy.for_ms > 0, policy, "for is not kept");
    let is_renamed = policy.name != policy.severity;
    losses.policy_if(is_renamed, policy, "its name is not kept");
}

fn alert(policy: Option<&Policy>) -> Value {
    let Some(policy) = policy else {
        return map([("disable", Some(true.into()))]);
    };
    let mut annotations = policy.annotations.clone();
    if !policy.consequence.is_empty() {
        annotations
            .entry("consequence".to_owned())
            .or_insert_with(|| policy.consequence.clone());
    }
    map([
        ("labels", texts(&policy.labels)),
        ("annotations", texts(&annotations)),
    ])
}
