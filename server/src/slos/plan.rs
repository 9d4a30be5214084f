//! What spec files want: SLOs, and the rules that tell people of them.

use std::collections::BTreeMap;

use narthex_model::{Error, ErrorKind, Result, format_duration};
use narthex_promql::ParseOptions;
use narthex_rules::file::{self, GroupSpec, LoadOptions};
use narthex_slo::spec::{Policy, Slo, Trigger};
use narthex_slo::{Options, Placed, load};
use serde_json::{Value, json};

use super::SloFlags;

/// What spec files want.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    /// The SLOs.
    pub(crate) slos: Vec<Placed>,
    /// What could not be kept of specs of other formats.
    pub(crate) notes: Vec<String>,
    /// Their alerts, a group for each SLO.
    pub(crate) groups: Vec<GroupSpec>,
}

impl Plan {
    /// Reads the files that flags name; none if they name none.
    ///
    /// # Errors
    /// Every mistake with file, line and field.
    pub(super) fn read(flags: &SloFlags, language: ParseOptions) -> Result<Self> {
        if flags.files.is_empty() {
            return Ok(Self::default());
        }
        let specs = load(&flags.files, &Options::default()).map_err(|all| together(&all))?;
        for note in &specs.notes {
            tracing::info!(note, "slo");
        }
        let options = LoadOptions {
            language,
            ..LoadOptions::default()
        };
        let mut groups = Vec::new();
        for placed in &specs.slos {
            groups.extend(group(placed, flags, &options)?);
        }
        Ok(Self {
            slos: specs.slos,
            notes: specs.notes,
            groups,
        })
    }
}

/// Several mistakes as one, a line each.
pub(crate) fn together(errors: &[Error]) -> Error {
    let kind = errors.first().map_or(ErrorKind::Invalid, Error::kind);
    let lines: Vec<_> = errors.iter().map(ToString::to_string).collect();
    Error::new(kind, lines.join("\n"))
}

/// The alerts of an SLO as a group of rules.
fn group(placed: &Placed, flags: &SloFlags, options: &LoadOptions) -> Result<Vec<GroupSpec>> {
    let slo = &placed.slo;
    if slo.policies.is_empty() {
        return Ok(Vec::new());
    }
    let rules: Vec<_> = slo.policies.iter().map(|p| rule(slo, p)).collect();
    let interval = i64::try_from(flags.interval().as_millis()).unwrap_or(i64::MAX);
    let group = json!({
        "name": format!("slo {}", slo.id),
        "interval": format_duration(interval),
        "rules": rules,
    });
    let text = json!({ "groups": [group] }).to_string();
    // JSON is YAML.
    file::parse(&text, source_file(placed), options).map_err(|errors| {
        let error = together(&errors);
        error.context(format!("{}: the alerts of SLO {}", placed.place, slo.id))
    })
}

/// The file of `file:line:column`.
fn source_file(placed: &Placed) -> &str {
    let mut parts = placed.place.rsplitn(3, ':');
    parts.nth(2).unwrap_or(&placed.place)
}

fn rule(slo: &Slo, policy: &Policy) -> Value {
    let mut labels: BTreeMap<&str, &str> = BTreeMap::new();
    labels.extend(slo.labels.iter().map(|(name, value)| (&**name, &**value)));
    labels.extend(
        policy
            .labels
            .iter()
            .map(|(name, value)| (&**name, &**value)),
    );
    labels.insert("severity", &policy.severity);
    let mut annotations = policy.annotations.clone();
    annotations
        .entry("summary".to_owned())
        .or_insert_with(|| summary(&policy.trigger).to_owned());
    if !policy.consequence.is_empty() {
        annotations
            .entry("consequence".to_owned())
            .or_insert_with(|| policy.consequence.clone());
    }
    if !slo.description.is_empty() {
        annotations
            .entry("description".to_owned())
            .or_insert_with(|| slo.description.clone());
    }
    let quoted = |text: &str| Value::from(text).to_string();
    let selector = format!(
        "{{slo={},policy={}}}",
        quoted(&slo.id),
        quoted(&policy.name)
    );
    json!({
        "alert": policy.alert,
        "expr": format!("narthex_slo_condition_value{selector} and narthex_slo_condition{selector} == 1"),
        "for": format_duration(policy.for_ms),
        "keep_firing_for": format_duration(policy.keep_firing_ms),
        "labels": labels,
        "annotations": annotations,
    })
}

/// What is the matter, for people: a template over the condition's value.
fn summary(trigger: &Trigger) -> &'static str {
    match trigger {
        Trigger::Burn { .. } => {
            "{{ $labels.slo }}: the error budget burns {{ printf \"%.1f\" $value }} times as fast as allowed"
        }
        Trigger::Spent(_) => {
            "{{ $labels.slo }}: {{ $value | humanizePercentage }} of the error budget is spent"
        }
        Trigger::Drop { .. } => {
            "{{ $labels.slo }}: {{ $value | humanizePercentage }} of the error budget was spent at once"
        }
        Trigger::ExhaustedWithin(_) => "{{ $labels.slo }}: the error budget will be spent soon",
        Trigger::Coverage { .. } => {
            "{{ $labels.slo }}: only {{ $value | humanizePercentage }} of the time is measured"
        }
    }
}
