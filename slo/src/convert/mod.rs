//! SLOs in the formats of other tools, and what those cannot say.

mod openslo;
mod policies;
mod pyrra;
mod sloth;

use serde_yaml::Value;

use crate::lost::{Losses, Lost};
use crate::native;
use crate::spec::{Missing, Slo};
use crate::yaml::write;

/// A format that is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// Ours.
    Native,
    /// OpenSLO v1.
    OpenSlo,
    /// Sloth's `prometheus/v1`.
    Sloth,
    /// Pyrra's resource.
    Pyrra,
}

/// Specs in another format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Converted {
    /// YAML, of several documents where the format wants them.
    pub text: String,
    /// What was lost.
    pub lost: Vec<Lost>,
}

/// The SLOs in another format. What it cannot express at all is left out, and said.
pub fn convert(slos: &[Slo], target: Target) -> Converted {
    let mut lost = Vec::new();
    let text = match target {
        Target::Native => native::write(slos),
        Target::OpenSlo => yaml_of(&openslo::documents(slos, &mut lost)),
        Target::Sloth => yaml_of(&sloth::documents(slos, &mut lost)),
        Target::Pyrra => yaml_of(&pyrra::documents(slos, &mut lost)),
    };
    Converted { text, lost }
}

fn yaml_of(documents: &[Value]) -> String {
    let texts: Vec<_> = documents.iter().map(write).collect();
    texts.join("---\n")
}

/// What none of the other formats says.
fn common_losses(slo: &Slo, losses: &mut Losses<'_>) {
    losses.say_if(slo.windows.len() > 1, "windows", "only the first is kept");
    let excluded = !slo.exclusions.is_empty();
    losses.say_if(excluded, "exclusions", "not kept");
    losses.say_if(slo.missing != Missing::default(), "missing", "not kept");
}

/// A text, if there is one.
fn text(text: &str) -> Option<Value> {
    (!text.is_empty()).then(|| text.into())
}

#[cfg(test)]
mod tests;
