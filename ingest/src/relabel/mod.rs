//! Relabelling: rules that rewrite, keep or drop label sets, exactly as Prometheus applies them.

mod config;
mod label_set;
mod rule;
mod template;

pub use config::{Action, AnchoredRegex, RelabelConfig};
pub use label_set::LabelSet;
pub use rule::Rule;

/// Applies `rules` in order; `false` if one of them dropped the label set.
pub fn apply(rules: &[Rule], labels: &mut LabelSet) -> bool {
    rules.iter().all(|rule| rule.apply(labels))
}

#[cfg(test)]
mod tests;
