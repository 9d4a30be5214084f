//! Label matchers: `=`, `!=`, `=~`, `!~`.

use std::fmt;

use regex::{Regex, RegexBuilder};

use crate::{Error, LabelsRef, Result};

/// The largest compiled size of one matcher's regular expression, in bytes.
const REGEX_SIZE_BYTES_MAX: usize = 4 << 20;

/// How a matcher compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum MatchOp {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `=~`, anchored at both ends
    Regex,
    /// `!~`, anchored at both ends
    NotRegex,
}

impl MatchOp {
    /// The operator as PromQL writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Regex => "=~",
            Self::NotRegex => "!~",
        }
    }
}

/// A condition on one label. An absent label counts as the empty string.
#[derive(Debug, Clone)]
pub struct Matcher {
    name: String,
    op: MatchOp,
    value: String,
    regex: Option<Regex>,
}

impl Matcher {
    /// A matcher on label `name`.
    ///
    /// # Errors
    /// `Invalid` if `value` is not a regular expression (RE2 syntax) where one is needed, or a too large one.
    pub fn new(name: impl Into<String>, op: MatchOp, value: impl Into<String>) -> Result<Self> {
        let (name, value) = (name.into(), value.into());
        let regex = match op {
            MatchOp::Equal | MatchOp::NotEqual => None,
            MatchOp::Regex | MatchOp::NotRegex => Some(anchored_regex(&value)?),
        };
        Ok(Self {
            name,
            op,
            value,
            regex,
        })
    }

    /// `name = value`.
    pub fn equal(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            op: MatchOp::Equal,
            value: value.into(),
            regex: None,
        }
    }

    /// The label's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How it compares.
    pub fn op(&self) -> MatchOp {
        self.op
    }

    /// The text compared with: a value, or the regular expression as written.
    pub fn value(&self) -> &str {
        &self.value
    }

    /// Whether the label value `value` (empty: absent) is accepted.
    pub fn accepts(&self, value: &str) -> bool {
        match (self.op, &self.regex) {
            (MatchOp::Equal, _) => value == self.value,
            (MatchOp::NotEqual, _) => value != self.value,
            (MatchOp::Regex, Some(regex)) => regex.is_match(value),
            (MatchOp::NotRegex, Some(regex)) => !regex.is_match(value),
            (MatchOp::Regex | MatchOp::NotRegex, None) => false,
        }
    }

    /// Whether series without the label are accepted.
    pub fn accepts_empty(&self) -> bool {
        self.accepts("")
    }

    /// What every value begins with that is accepted; empty if that is not known, or if the matcher is no positive one.
    pub fn prefix(&self) -> &str {
        match self.op {
            MatchOp::Equal => &self.value,
            MatchOp::Regex => literal_prefix(&self.value),
            MatchOp::NotEqual | MatchOp::NotRegex => "",
        }
    }

    /// All values that are accepted, where a positive matcher names each.
    pub fn literals(&self) -> Option<Vec<&str>> {
        match self.op {
            MatchOp::Equal => Some(vec![&self.value]),
            MatchOp::Regex => {
                let is_plain = !self.value.contains(|c| c != '|' && is_special(c));
                is_plain.then(|| self.value.split('|').collect())
            }
            MatchOp::NotEqual | MatchOp::NotRegex => None,
        }
    }

    /// Whether the series with these labels is accepted.
    pub fn accepts_labels(&self, labels: LabelsRef<'_>) -> bool {
        self.accepts(labels.get(&self.name).unwrap_or(""))
    }
}

/// Whether a character may mean another than itself in a regular expression.
fn is_special(c: char) -> bool {
    r"\.+*?()|[]{}^$".contains(c)
}

/// The characters at the start of a regular expression that stand for themselves, once and always.
fn literal_prefix(pattern: &str) -> &str {
    if pattern.contains('|') {
        return "";
    }
    let end = pattern.find(is_special).unwrap_or(pattern.len());
    let (prefix, rest) = pattern.split_at(end);
    if !rest.starts_with(['*', '?', '{', '+']) {
        return prefix;
    }
    // What is repeated may be missing.
    let last = prefix.char_indices().last();
    last.and_then(|(at, _)| prefix.get(..at)).unwrap_or("")
}

/// A regular expression as labels are matched by: anchored at both ends, and `.` matches newline too, as in Prometheus 3.
///
/// # Errors
/// `Invalid` if `pattern` by itself is no regular expression, or a too large one.
pub fn anchored_regex(pattern: &str) -> Result<Regex> {
    let build = |whole: &str| {
        let built = RegexBuilder::new(whole)
            .size_limit(REGEX_SIZE_BYTES_MAX)
            .build();
        built.map_err(|e| {
            Error::invalid(format!("invalid regular expression \"{pattern}\"")).with_source(e)
        })
    };
    // By itself first: `a)|(b` must not borrow the parentheses around it.
    build(pattern)?;
    build(&format!("^(?s:{pattern})$"))
}

impl PartialEq for Matcher {
    fn eq(&self, other: &Self) -> bool {
        (&self.name, self.op, &self.value) == (&other.name, other.op, &other.value)
    }
}

impl Eq for Matcher {}

impl std::hash::Hash for Matcher {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        (&self.name, self.op, &self.value).hash(state);
    }
}

impl fmt::Display for Matcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}{:?}", self.name, self.op.as_str(), self.value)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_known_of_accepted_values() {
        let known = |op, value: &str| {
            let matcher = Matcher::new("a", op, value).expect("valid");
            let literals = matcher.literals().map(|all| all.join(" "));
            (matcher.prefix().to_owned(), literals)
        };
        let of =
            |prefix: &str, literals: Option<&str>| (prefix.to_owned(), literals.map(str::to_owned));
        assert_eq!(known(MatchOp::Equal, "x.y"), of("x.y", Some("x.y")));
        assert_eq!(known(MatchOp::Regex, "host.*"), of("host", None));
        assert_eq!(known(MatchOp::Regex, "hosts?é*"), of("host", None));
        assert_eq!(known(MatchOp::Regex, "aé*"), of("a", None));
        assert_eq!(known(MatchOp::Regex, "a|b c|"), of("", Some("a b c ")));
        assert_eq!(known(MatchOp::Regex, "ab"), of("ab", Some("ab")));
        assert_eq!(known(MatchOp::Regex, "(?i)ab"), of("", None));
        assert_eq!(known(MatchOp::NotRegex, "ab"), of("", None));
    }

    proptest! {
        #[test]
        fn prefixes_and_literals_hold(pattern in "[ab.*?+|(){2}-]{0,6}", value in "[ab]{0,5}") {
            let Ok(matcher) = Matcher::new("a", MatchOp::Regex, pattern) else { return Ok(()) };
            if matcher.accepts(&value) {
                prop_assert!(value.starts_with(matcher.prefix()));
            }
            if let Some(literals) = matcher.literals() {
                prop_assert_eq!(literals.contains(&value.as_str()), matcher.accepts(&value));
            }
        }
    }

    #[test]
    fn anchored_and_absent() {
        let m = Matcher::new("a", MatchOp::Regex, "b|c.*").expect("valid");
        assert!(m.accepts("b") && m.accepts("c\nd") && !m.accepts("xb") && !m.accepts_empty());
        let m = Matcher::new("a", MatchOp::NotEqual, "").expect("valid");
        assert!(m.accepts("x") && !m.accepts_empty());
        assert!(Matcher::new("a", MatchOp::Regex, "(").is_err());
        assert!(Matcher::new("a", MatchOp::Regex, "x)|(y").is_err());
        assert!(Matcher::new("a", MatchOp::Regex, "(a{1000}){1000}").is_err());
    }
}
