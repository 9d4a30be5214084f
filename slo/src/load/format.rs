//! Which format a document is of, by what it says of itself.

use narthex_settings::Node;
use serde_yaml::Value;

/// A format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// Ours.
    Native,
    /// Sloth's own.
    Sloth,
    /// The same as a resource of Kubernetes.
    SlothResource,
    /// Sloth's windows of alerts.
    SlothWindows,
    /// Pyrra's resource.
    Pyrra,
    /// OpenSLO v1.
    OpenSlo,
    /// OpenSLO v1alpha.
    OpenSloAlpha,
    /// slo-generator's SLO.
    SloGenerator,
    /// slo-generator's configuration, for its error budget policies.
    SloGeneratorConfig,
}

/// What a document of ours may say of itself.
pub(crate) const NATIVE_VERSION: &str = "narthex/v1";

const KNOWN: &str = "narthex/v1, prometheus/v1, sloth.slok.dev/v1, pyrra.dev/v1alpha1, openslo/v1, openslo/v1alpha, sre.google.com/v2";

/// The format; what is wrong is noted. Without a word of itself a document is ours.
pub(crate) fn format_of(root: &Node<'_>) -> Option<Format> {
    let text = |key: &str| root.value().get(key).and_then(Value::as_str);
    let kind = text("kind").unwrap_or_default();
    if let Some(version) = text("apiVersion") {
        return match (version, kind) {
            ("sloth.slok.dev/v1", "PrometheusServiceLevel") => Some(Format::SlothResource),
            ("sloth.slok.dev/v1", "AlertWindows") => Some(Format::SlothWindows),
            ("pyrra.dev/v1alpha1", "ServiceLevelObjective") => Some(Format::Pyrra),
            ("openslo/v1", _) => Some(Format::OpenSlo),
            ("openslo/v1alpha", _) => Some(Format::OpenSloAlpha),
            ("sre.google.com/v2", "ServiceLevelObjective") => Some(Format::SloGenerator),
            ("sloth.slok.dev/v1" | "pyrra.dev/v1alpha1" | "sre.google.com/v2", _) => {
                unknown_kind(root, version, kind)
            }
            _ => unknown(root, "apiVersion", version),
        };
    }
    match text("version") {
        Some(NATIVE_VERSION) => Some(Format::Native),
        Some("prometheus/v1") => Some(Format::Sloth),
        Some(version) => unknown(root, "version", version),
        None if root.value().get("error_budget_policies").is_some() => {
            Some(Format::SloGeneratorConfig)
        }
        None => Some(Format::Native),
    }
}

fn unknown_kind(root: &Node<'_>, version: &str, kind: &str) -> Option<Format> {
    let expected = match version {
        "sloth.slok.dev/v1" => "PrometheusServiceLevel or AlertWindows",
        _ => "ServiceLevelObjective",
    };
    let node = root.any_keys()?.get("kind");
    let message = format!("\"{kind}\" is no kind of {version}, expected {expected}");
    node.as_ref().unwrap_or(root).problem(message)
}

fn unknown(root: &Node<'_>, key: &'static str, version: &str) -> Option<Format> {
    let node = root.any_keys()?.get(key)?;
    node.problem(format_args!(
        "\"{version}\" is not known, expected one of {KNOWN}"
    ))
}
