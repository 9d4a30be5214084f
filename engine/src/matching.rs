//! How matchers find series: metric names first, then label by label on packed bytes.

use std::collections::BTreeMap;

use narthex_model::{LabelsRef, MatchOp, Matcher};

/// The entries of `by_name` whose name all matchers accept, in order of name. A matcher for one name costs one lookup.
pub(crate) fn name_candidates<'a, T>(
    by_name: &'a BTreeMap<Box<str>, T>,
    matchers: &[&Matcher],
) -> Vec<&'a T> {
    if let Some(equal) = matchers.iter().find(|m| m.op() == MatchOp::Equal) {
        let found = by_name
            .get(equal.value())
            .filter(|_| matchers.iter().all(|m| m.accepts(equal.value())));
        return found.into_iter().collect();
    }
    let accepted = by_name
        .iter()
        .filter(|(name, _)| matchers.iter().all(|m| m.accepts(name)));
    accepted.map(|(_, entry)| entry).collect()
}

/// A matcher on one label, prepared for many series.
pub(crate) struct LabelFilter<'a> {
    matcher: &'a Matcher,
}

impl<'a> LabelFilter<'a> {
    pub(crate) fn new(matcher: &'a Matcher) -> Self {
        Self { matcher }
    }

    /// Whether the series with these labels is accepted.
    pub(crate) fn accepts(&self, labels: LabelsRef<'_>) -> bool {
        let value = value_bytes(labels.as_bytes(), self.matcher.name().as_bytes());
        match self.matcher.op() {
            MatchOp::Equal => value == self.matcher.value().as_bytes(),
            MatchOp::NotEqual => value != self.matcher.value().as_bytes(),
            MatchOp::Regex | MatchOp::NotRegex => {
                self.matcher.accepts(str::from_utf8(value).unwrap_or(""))
            }
        }
    }
}

/// The value of label `name`, empty if absent, without looking at the text of the others.
pub(crate) fn text_of<'a>(labels: LabelsRef<'a>, name: &str) -> &'a str {
    str::from_utf8(value_bytes(labels.as_bytes(), name.as_bytes())).unwrap_or("")
}

/// As [`text_of`], on the packed form that `narthex_model::labels` describes.
fn value_bytes<'a>(mut packed: &'a [u8], name: &[u8]) -> &'a [u8] {
    while let Some((label, rest)) = split_text(packed) {
        let Some((value, rest)) = split_text(rest) else {
            break;
        };
        if label == name {
            return value;
        }
        packed = rest;
    }
    &[]
}

#[inline]
fn split_text(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (&first, rest) = bytes.split_first()?;
    if first < 255 {
        return rest.split_at_checked(usize::from(first));
    }
    let ([a, b, c], rest) = rest.split_first_chunk::<3>()?;
    rest.split_at_checked(usize::from(*a) | usize::from(*b) << 8 | usize::from(*c) << 16)
}

#[cfg(test)]
mod tests {
    use super::*;
    use narthex_model::Labels;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn filters_agree_with_matchers(
            labels in prop::collection::btree_map("[a-c]", "[ab]{0,2}|x{300}", 0..4),
            name in "[a-c]", value in "[ab]{0,2}|x{300}",
        ) {
            let labels = Labels::new(labels.iter().map(|(n, v)| (n.as_str(), v.as_str()))).expect("valid");
            for op in [MatchOp::Equal, MatchOp::NotEqual, MatchOp::Regex, MatchOp::NotRegex] {
                let matcher = Matcher::new(name.as_str(), op, value.as_str()).expect("valid");
                let accepted = LabelFilter::new(&matcher).accepts(labels.as_ref());
                prop_assert_eq!(accepted, matcher.accepts_labels(labels.as_ref()));
            }
        }
    }
}
