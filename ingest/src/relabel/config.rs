//! A relabelling rule as the configuration writes it.

use std::fmt;

use regex::{Regex, RegexBuilder};
use serde::{Deserialize, Deserializer, Serialize};

use narthex_settings::{FromText, text_serde};

/// The largest compiled size of a rule's regular expression, in bytes.
const REGEX_SIZE_BYTES_MAX: usize = 4 << 20;

/// What a rule does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// Sets the target label to the expanded replacement if the regex matches the source.
    #[default]
    Replace,
    /// Drops label sets whose source does not match.
    Keep,
    /// Drops label sets whose source matches.
    Drop,
    /// Drops label sets whose source differs from the target label.
    KeepEqual,
    /// Drops label sets whose source equals the target label.
    DropEqual,
    /// Sets the target label to the source's MD5, modulo the modulus.
    HashMod,
    /// Copies labels whose name matches to the name that the replacement gives.
    LabelMap,
    /// Removes labels whose name matches.
    LabelDrop,
    /// Removes labels whose name does not match.
    LabelKeep,
    /// Sets the target label to the source in lower case.
    Lowercase,
    /// Sets the target label to the source in upper case.
    Uppercase,
}

impl Action {
    /// The name in the configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Replace => "replace",
            Self::Keep => "keep",
            Self::Drop => "drop",
            Self::KeepEqual => "keepequal",
            Self::DropEqual => "dropequal",
            Self::HashMod => "hashmod",
            Self::LabelMap => "labelmap",
            Self::LabelDrop => "labeldrop",
            Self::LabelKeep => "labelkeep",
            Self::Lowercase => "lowercase",
            Self::Uppercase => "uppercase",
        }
    }
}

/// An element of `relabel_configs`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RelabelConfig {
    /// Labels whose values, joined by the separator, are the source.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_labels: Option<Vec<String>>,
    /// What stands between the values.
    pub separator: String,
    /// What the source, or a label's name, must match as a whole.
    pub regex: AnchoredRegex,
    /// The divisor of `hashmod`.
    #[serde(skip_serializing_if = "is_zero")]
    pub modulus: u64,
    /// The label that is set or compared.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub target_label: String,
    /// The new value, with `$1` and `${name}` for groups of the regex.
    pub replacement: String,
    /// What the rule does.
    #[serde(deserialize_with = "any_case")]
    pub action: Action,
}

impl RelabelConfig {
    /// The separator where nothing is said.
    pub const SEPARATOR: &'static str = ";";
    /// The replacement where nothing is said.
    pub const REPLACEMENT: &'static str = "$1";
}

impl Default for RelabelConfig {
    fn default() -> Self {
        Self {
            source_labels: None,
            separator: Self::SEPARATOR.to_owned(),
            regex: AnchoredRegex::default(),
            modulus: 0,
            target_label: String::new(),
            replacement: Self::REPLACEMENT.to_owned(),
            action: Action::Replace,
        }
    }
}

fn is_zero(n: &u64) -> bool {
    *n == 0
}

/// Actions may be written in any letter case.
fn any_case<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Action, D::Error> {
    struct AnyCase(Action);
    impl FromText for AnyCase {
        const EXPECTING: &'static str = "a relabelling action";

        fn from_text(text: &str) -> Result<Self, String> {
            let lower = serde_yaml::Value::String(text.to_lowercase());
            let unknown = |_| format!("unknown relabelling action \"{text}\"");
            serde_yaml::from_value(lower).map(Self).map_err(unknown)
        }
    }
    narthex_settings::text(deserializer).map(|AnyCase(action)| action)
}

/// A regular expression (RE2 syntax) that must match a whole text; `.` matches line ends too.
#[derive(Debug, Clone)]
pub struct AnchoredRegex {
    source: String,
    regex: Regex,
}

impl AnchoredRegex {
    /// The expression where nothing is said.
    pub const DEFAULT: &'static str = "(.*)";

    /// As written, without the anchors.
    pub fn as_str(&self) -> &str {
        &self.source
    }

    /// With the anchors.
    pub(crate) fn regex(&self) -> &Regex {
        &self.regex
    }
}

impl Default for AnchoredRegex {
    fn default() -> Self {
        Self::from_text(Self::DEFAULT).expect("the constant is a valid expression")
    }
}

impl PartialEq for AnchoredRegex {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

impl Eq for AnchoredRegex {}

impl FromText for AnchoredRegex {
    const EXPECTING: &'static str = "a regular expression";

    fn from_text(text: &str) -> Result<Self, String> {
        let built = RegexBuilder::new(&format!("^(?s:{text})$"))
            .size_limit(REGEX_SIZE_BYTES_MAX)
            .build();
        let regex =
            built.map_err(|e| format!("invalid regular expression \"{text}\": {}", reason(&e)))?;
        Ok(Self {
            source: text.to_owned(),
            regex,
        })
    }
}

/// The last line of the error: those before it draw the expression, with our anchors in it.
fn reason(error: &regex::Error) -> String {
    let text = error.to_string();
    let last = text.lines().last().unwrap_or_default();
    last.trim_start_matches("error: ")
        .trim_end_matches('.')
        .to_lowercase()
}

impl fmt::Display for AnchoredRegex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)
    }
}

text_serde!(AnchoredRegex);
