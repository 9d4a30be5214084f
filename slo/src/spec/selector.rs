//! Selectors as text and back: what PromQL writes, with the matchers in one order.

use std::fmt;

use narthex_model::{LabelsRef, METRIC_NAME, MatchOp, Matcher};
use narthex_syntax::ast::{Expr, Modifiers, Node, Span, VectorSelector};
use narthex_syntax::{ParseOptions, parse};

use super::{Counted, Selector};

impl Selector {
    /// With the name first and the other matchers sorted, each once.
    pub fn new(mut matchers: Vec<Matcher>) -> Self {
        matchers.sort_by_cached_key(|m| {
            let (name, value) = (m.name().to_owned(), m.value().to_owned());
            (m.name() != METRIC_NAME, name, m.op(), value)
        });
        matchers.dedup();
        Self { matchers }
    }

    /// Reads `name{label="value"}`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let expr = parse(text, &ParseOptions::all()).map_err(|e| e.to_string())?;
        match expr.without_parens() {
            Expr {
                node: Node::Vector(vector),
                ..
            } => Self::of(vector).ok_or_else(|| "has an offset, @ or another modifier".to_owned()),
            _ => Err("is an expression".to_owned()),
        }
    }

    /// The series of a selector without modifiers.
    pub fn of(vector: &VectorSelector) -> Option<Self> {
        let plain = vector.modifiers == Modifiers::default() && vector.extension.is_none();
        plain.then(|| Self::new(vector.matchers.clone()))
    }

    /// Whether it selects a series.
    pub fn accepts(&self, labels: LabelsRef<'_>) -> bool {
        self.matchers.iter().all(|m| m.accepts_labels(labels))
    }

    /// The metric's name, where one is demanded.
    pub fn metric(&self) -> Option<&str> {
        let name = self.matchers.iter().find(|m| m.name() == METRIC_NAME)?;
        (name.op() == MatchOp::Equal).then(|| name.value())
    }

    /// The matchers of all labels but that of the name.
    pub fn label_matchers(&self) -> impl Iterator<Item = &Matcher> {
        self.matchers.iter().filter(|m| m.name() != METRIC_NAME)
    }

    /// The same labels of another metric.
    #[must_use]
    pub fn with_metric(&self, metric: &str) -> Self {
        let matchers = self.label_matchers().cloned();
        let name = Matcher::equal(METRIC_NAME, metric);
        Self::new(matchers.chain([name]).collect())
    }

    /// The same without a label's matchers.
    #[must_use]
    pub fn without(&self, label: &str) -> Self {
        let matchers = self.matchers.iter().filter(|m| m.name() != label);
        Self::new(matchers.cloned().collect())
    }

    /// The same with another matcher.
    #[must_use]
    pub fn with(&self, matcher: Matcher) -> Self {
        let matchers = self.matchers.iter().cloned();
        Self::new(matchers.chain([matcher]).collect())
    }
}

impl Counted {
    /// The only selector, if it says which metric.
    pub fn one(&self) -> Option<&Selector> {
        match self.0.as_slice() {
            [one] if one.metric().is_some() => Some(one),
            _ => None,
        }
    }

    /// With the selectors sorted, so that equal sums are equal.
    pub fn new(mut selectors: Vec<Selector>) -> Self {
        selectors.sort_by_cached_key(ToString::to_string);
        Self(selectors)
    }
}

/// As PromQL writes it.
impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let node = Node::Vector(VectorSelector {
            name: self.metric().map(str::to_owned),
            matchers: self.matchers.clone(),
            modifiers: Modifiers::default(),
            extension: None,
        });
        let expr = Expr {
            node,
            span: Span::default(),
        };
        expr.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_text_for_equal_selectors() {
        let a = Selector::parse(r#"x{b="1",a=~"2|3"}"#).expect("valid");
        let b = Selector::parse(r#"({a=~"2|3",__name__="x",b="1",b="1"})"#).expect("valid");
        assert_eq!(a, b);
        assert_eq!(a.to_string(), r#"x{a=~"2|3",b="1"}"#);
        assert_eq!(Selector::parse(&a.to_string()), Ok(a));
        assert!(Selector::parse("x offset 5m").is_err());
        assert!(Selector::parse("x + 1").is_err());
    }

    #[test]
    fn names_that_are_matched_otherwise() {
        let text = r#"{__name__=~"a|b",job="x"}"#;
        let selector = Selector::parse(text).expect("valid");
        assert_eq!(
            (selector.metric(), selector.to_string().as_str()),
            (None, text)
        );
    }
}
