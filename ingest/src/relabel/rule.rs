//! A rule, checked and ready to be applied.

use md5::{Digest, Md5};

use super::config::{Action, AnchoredRegex, RelabelConfig};
use super::label_set::LabelSet;
use super::template::Template;

/// A rule, checked and ready to be applied.
#[derive(Debug, Clone)]
pub struct Rule {
    config: RelabelConfig,
    target: Template,
    replacement: Template,
}

impl Rule {
    /// Checks a rule and takes its templates apart.
    ///
    /// # Errors
    /// A message if keys do not go together with the action.
    pub fn compile(config: &RelabelConfig) -> Result<Self, String> {
        let regex = config.regex.regex();
        let rule = Self {
            target: Template::new(&config.target_label, regex),
            replacement: Template::new(&config.replacement, regex),
            config: config.clone(),
        };
        rule.check_modulus()?;
        rule.check_target()?;
        rule.check_superfluous()?;
        Ok(rule)
    }

    /// Compiles a list.
    ///
    /// # Errors
    /// That of the first wrong one.
    pub fn compile_all(configs: &[RelabelConfig]) -> Result<Vec<Self>, String> {
        configs.iter().map(Self::compile).collect()
    }

    /// Applies the rule; `false` if it dropped the label set.
    pub fn apply(&self, labels: &mut LabelSet) -> bool {
        let config = &self.config;
        let regex = config.regex.regex();
        let source = self.source(labels);
        match config.action {
            Action::Drop => return !regex.is_match(&source),
            Action::Keep => return regex.is_match(&source),
            Action::DropEqual => return labels.get(&config.target_label) != source,
            Action::KeepEqual => return labels.get(&config.target_label) == source,
            Action::Replace => self.replace(labels, &source),
            Action::Lowercase => labels.set(&config.target_label, source.to_lowercase()),
            Action::Uppercase => labels.set(&config.target_label, source.to_uppercase()),
            Action::HashMod => {
                let modulus = config.modulus.max(1);
                labels.set(&config.target_label, (hash(&source) % modulus).to_string());
            }
            Action::LabelMap => self.map_names(labels),
            Action::LabelDrop => labels.retain(|name| !regex.is_match(name)),
            Action::LabelKeep => labels.retain(|name| regex.is_match(name)),
        }
        true
    }

    fn source(&self, labels: &LabelSet) -> String {
        let mut out = String::new();
        for (i, name) in self.config.source_labels.iter().flatten().enumerate() {
            if i > 0 {
                out.push_str(&self.config.separator);
            }
            out.push_str(labels.get(name));
        }
        out
    }

    fn replace(&self, labels: &mut LabelSet, source: &str) {
        let Some(captures) = self.config.regex.regex().captures(source) else {
            return;
        };
        let target = self.target.expand(&captures);
        if !target.is_empty() {
            labels.set(&target, self.replacement.expand(&captures));
        }
    }

    fn map_names(&self, labels: &mut LabelSet) {
        let regex = self.config.regex.regex();
        let renamed = |(name, value): (&str, &str)| {
            let captures = regex.captures(name)?;
            Some((self.replacement.expand(&captures), value.to_owned()))
        };
        let copies: Vec<_> = labels.iter().filter_map(renamed).collect();
        for (name, value) in copies.into_iter().filter(|c| !c.0.is_empty()) {
            labels.set(&name, value);
        }
    }

    fn check_modulus(&self) -> Result<(), String> {
        match (self.config.action, self.config.modulus) {
            (Action::HashMod, 0) => Err("action hashmod needs a modulus above 0".to_owned()),
            _ => Ok(()),
        }
    }

    fn check_target(&self) -> Result<(), String> {
        let action = self.config.action;
        let wants_target = matches!(
            action,
            Action::Replace
                | Action::HashMod
                | Action::Lowercase
                | Action::Uppercase
                | Action::KeepEqual
                | Action::DropEqual
        );
        if wants_target && self.config.target_label.is_empty() {
            return Err(format!("action {} needs a target_label", action.as_str()));
        }
        if action == Action::LabelMap && self.config.replacement.is_empty() {
            return Err("action labelmap needs a replacement".to_owned());
        }
        Ok(())
    }

    fn check_superfluous(&self) -> Result<(), String> {
        let config = &self.config;
        let action = config.action.as_str();
        let set = [
            ("regex", config.regex.as_str() != AnchoredRegex::DEFAULT),
            ("source_labels", config.source_labels.is_some()),
            ("separator", config.separator != RelabelConfig::SEPARATOR),
            ("modulus", config.modulus != 0),
            ("target_label", !config.target_label.is_empty()),
            (
                "replacement",
                config.replacement != RelabelConfig::REPLACEMENT,
            ),
        ];
        let refused: &[&str] = match config.action {
            Action::Lowercase | Action::Uppercase => &["replacement"],
            Action::KeepEqual | Action::DropEqual => {
                &["regex", "separator", "modulus", "replacement"]
            }
            Action::LabelDrop | Action::LabelKeep => &[
                "source_labels",
                "separator",
                "modulus",
                "target_label",
                "replacement",
            ],
            _ => &[],
        };
        match set
            .iter()
            .find(|(key, is_set)| *is_set && refused.contains(key))
        {
            Some((key, _)) => Err(format!("action {action} takes no {key}")),
            None => Ok(()),
        }
    }
}

/// The last 8 bytes of the MD5, big endian.
fn hash(text: &str) -> u64 {
    let digest = Md5::digest(text.as_bytes());
    digest
        .iter()
        .skip(8)
        .fold(0, |hash, byte| hash << 8 | u64::from(*byte))
}
