//! Label sets in one packed, canonical form.
//!
//! A label set is a byte string: for each label, in order of its name, the length and bytes of the name, then of the
//! value. A length below 255 is one byte; a longer one is the byte 255 and three bytes, little endian. This is the
//! layout Prometheus hashes, so `limit_ratio` keeps the same series, and equal sets are equal bytes.
//!
//! Invariants: names are strictly increasing (bytewise), no value is empty (an empty label is an absent one), both are UTF-8.

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use twox_hash::XxHash64;

/// The label that holds the metric's name.
pub const METRIC_NAME: &str = "__name__";

/// The longest name or value that the packed form can say, in bytes.
const TEXT_BYTES_MAX: usize = (1 << 24) - 1;

/// A label's name and value.
pub type Label<'a> = (&'a str, &'a str);

/// Why labels cannot form a set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LabelError {
    /// The name stands twice.
    #[error("label \"{0}\" stands twice")]
    Duplicate(String),
    /// A label has no name.
    #[error("a label has an empty name")]
    EmptyName,
    /// Longer than the packed form can say.
    #[error("label \"{0}\" is longer than 16 MiB")]
    TooLong(String),
}

/// Packs `labels` onto the end of `out` and leaves them sorted; labels with an empty value are left out.
///
/// # Errors
/// A name that is empty, stands twice, or a text that is too long; `out` is then unchanged.
pub fn push_canonical(labels: &mut [Label<'_>], out: &mut Vec<u8>) -> Result<(), LabelError> {
    if !labels.is_sorted_by(|a, b| a.0 < b.0) {
        labels.sort_unstable_by_key(|l| l.0);
    }
    let mut previous: Option<&str> = None;
    for (name, value) in labels.iter() {
        if name.is_empty() {
            return Err(LabelError::EmptyName);
        }
        if previous == Some(name) {
            return Err(LabelError::Duplicate((*name).to_owned()));
        }
        if name.len().max(value.len()) > TEXT_BYTES_MAX {
            return Err(LabelError::TooLong(name.chars().take(64).collect()));
        }
        previous = Some(name);
    }
    for (name, value) in labels.iter().filter(|l| !l.1.is_empty()) {
        push_text(name, out);
        push_text(value, out);
    }
    Ok(())
}

fn push_text(text: &str, out: &mut Vec<u8>) {
    match u8::try_from(text.len()) {
        Ok(len) if len < 255 => out.push(len),
        _ => {
            let [a, b, c, ..] = (text.len() as u64).to_le_bytes();
            out.extend_from_slice(&[255, a, b, c]);
        }
    }
    out.extend_from_slice(text.as_bytes());
}

/// A borrowed label set.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct LabelsRef<'a>(&'a [u8]);

impl<'a> LabelsRef<'a> {
    /// The empty set.
    pub const EMPTY: Self = LabelsRef(&[]);

    /// Takes bytes that [`push_canonical`] wrote, unchecked: reading others gives wrong labels, never a panic.
    /// Bytes from disk go through [`LabelsRef::checked`].
    pub fn from_canonical(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Takes bytes if they are a label set in canonical form.
    pub fn checked(bytes: &'a [u8]) -> Option<Self> {
        let mut rest = bytes;
        let mut previous: Option<&[u8]> = None;
        while !rest.is_empty() {
            let (name, tail) = split_bytes(rest)?;
            let (value, tail) = split_bytes(tail)?;
            let ordered = previous.is_none_or(|p| p < name);
            if !ordered || name.is_empty() || value.is_empty() {
                return None;
            }
            std::str::from_utf8(name).ok()?;
            std::str::from_utf8(value).ok()?;
            previous = Some(name);
            rest = tail;
        }
        Some(Self(bytes))
    }

    /// The packed form.
    pub fn as_bytes(&self) -> &'a [u8] {
        self.0
    }

    /// Whether there is no label.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The labels in order of their names.
    pub fn iter(&self) -> LabelsIter<'a> {
        LabelsIter { rest: self.0 }
    }

    /// As [`LabelsRef::iter`], without a look at what the texts say.
    pub fn texts(&self) -> impl Iterator<Item = (&'a [u8], &'a [u8])> + use<'a> {
        let mut rest = self.0;
        std::iter::from_fn(move || {
            let (name, after) = split_bytes(rest)?;
            let (value, after) = split_bytes(after)?;
            rest = after;
            Some((name, value))
        })
    }

    /// The value of label `name`, `None` if absent.
    pub fn get(&self, name: &str) -> Option<&'a str> {
        for (n, v) in self.texts() {
            match n.cmp(name.as_bytes()) {
                Ordering::Less => {}
                Ordering::Equal => return std::str::from_utf8(v).ok(),
                Ordering::Greater => return None,
            }
        }
        None
    }

    /// The metric's name, empty if it has none.
    pub fn metric_name(&self) -> &'a str {
        self.get(METRIC_NAME).unwrap_or("")
    }

    /// The series id: xxHash64 (seed 0) of the packed form, the same in every process and version.
    pub fn id(&self) -> u64 {
        XxHash64::oneshot(0, self.0)
    }

    /// An owned copy.
    pub fn to_owned(&self) -> Labels {
        Labels::from(Arc::<[u8]>::from(self.0))
    }
}

#[inline]
fn split_bytes(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (&first, rest) = bytes.split_first()?;
    if first < 255 {
        return rest.split_at_checked(usize::from(first));
    }
    let ([a, b, c], rest) = rest.split_first_chunk::<3>()?;
    rest.split_at_checked(usize::from(*a) | usize::from(*b) << 8 | usize::from(*c) << 16)
}

fn split_text(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let (text, rest) = split_bytes(bytes)?;
    Some((std::str::from_utf8(text).ok()?, rest))
}

/// Labels in order of their names.
#[derive(Debug, Clone)]
pub struct LabelsIter<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for LabelsIter<'a> {
    type Item = Label<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        let (name, rest) = split_text(self.rest)?;
        let (value, rest) = split_text(rest)?;
        self.rest = rest;
        Some((name, value))
    }
}

/// Label sets sort by their labels in turn: name, then value, bytewise; a set that is a prefix comes first.
impl Ord for LabelsRef<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        // UTF-8 sorts as its bytes do.
        self.texts().cmp(other.texts())
    }
}

impl PartialOrd for LabelsRef<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// `name{a="b",c="d"}`.
impl fmt::Display for LabelsRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.metric_name())?;
        let mut others = self.iter().filter(|l| l.0 != METRIC_NAME).peekable();
        if others.peek().is_none() && !self.metric_name().is_empty() {
            return Ok(());
        }
        f.write_str("{")?;
        for (i, (name, value)) in others.enumerate() {
            let comma = if i == 0 { "" } else { ", " };
            write!(f, "{comma}{name}={value:?}")?;
        }
        f.write_str("}")
    }
}

impl fmt::Debug for LabelsRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// An owned label set; cloning shares it.
#[derive(Clone)]
pub struct Labels {
    /// Bytes of this set, and perhaps of others.
    shared: Arc<[u8]>,
    start: u32,
    len: u32,
}

impl From<Arc<[u8]>> for Labels {
    fn from(shared: Arc<[u8]>) -> Self {
        let (start, len) = (0, shared.len() as u32);
        Self { shared, start, len }
    }
}

impl Labels {
    /// The set of these labels, in any order; empty values are left out.
    ///
    /// # Errors
    /// An empty name, a name that stands twice, a text that is too long.
    pub fn new<'a>(labels: impl IntoIterator<Item = Label<'a>>) -> Result<Self, LabelError> {
        let mut labels: Vec<_> = labels.into_iter().collect();
        let mut bytes = Vec::new();
        push_canonical(&mut labels, &mut bytes)?;
        Ok(Self::from(Arc::<[u8]>::from(bytes)))
    }

    /// The empty set.
    pub fn empty() -> Self {
        Self::from(Arc::<[u8]>::from(&[][..]))
    }

    /// The set whose packed form is `len` bytes from `start` on, unchecked as in [`LabelsRef::from_canonical`]; many sets may
    /// lie in one allocation. Bytes that are not there give the empty set.
    pub fn shared(shared: Arc<[u8]>, start: u32, len: u32) -> Self {
        Self { shared, start, len }
    }

    /// The same set, borrowed.
    pub fn as_ref(&self) -> LabelsRef<'_> {
        let start = self.start as usize;
        LabelsRef(
            self.shared
                .get(start..start + self.len as usize)
                .unwrap_or(&[]),
        )
    }

    /// The labels in order of their names.
    pub fn iter(&self) -> LabelsIter<'_> {
        self.as_ref().iter()
    }

    /// The value of label `name`, `None` if absent.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.as_ref().get(name)
    }
}

impl PartialEq for Labels {
    fn eq(&self, other: &Self) -> bool {
        self.as_ref() == other.as_ref()
    }
}

impl Eq for Labels {}

impl std::hash::Hash for Labels {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.as_ref().hash(state);
    }
}

impl Ord for Labels {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_ref().cmp(&other.as_ref())
    }
}

impl PartialOrd for Labels {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_ref().fmt(f)
    }
}

impl fmt::Debug for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_ref().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn order_and_absence() {
        let labels = Labels::new([("b", "2"), ("__name__", "m"), ("a", "")]).expect("valid");
        assert_eq!(labels.to_string(), "m{b=\"2\"}");
        assert_eq!((labels.get("a"), labels.get("b")), (None, Some("2")));
        assert!(Labels::new([("a", "1"), ("a", "2")]).is_err());
        assert!(Labels::new([("", "1")]).is_err());
        assert_eq!(Labels::empty().to_string(), "{}");
    }

    #[test]
    fn id_is_stable() {
        let labels = Labels::new([("__name__", "up"), ("job", "node")]).expect("valid");
        assert_eq!(
            labels.as_ref().as_bytes(),
            b"\x08__name__\x02up\x03job\x04node"
        );
        assert_eq!(
            labels.as_ref().id(),
            XxHash64::oneshot(0, b"\x08__name__\x02up\x03job\x04node")
        );
    }

    proptest! {
        #[test]
        fn like_a_sorted_map(pairs in prop::collection::btree_map("[a-z_é]{1,300}", ".{0,300}", 0..6), other in prop::collection::btree_map("[a-b]{1,2}", "[a-b]{1,2}", 0..3)) {
            let labels = Labels::new(pairs.iter().rev().map(|(n, v)| (n.as_str(), v.as_str()))).expect("valid");
            let want: BTreeMap<_, _> = pairs.iter().filter(|(_, v)| !v.is_empty()).map(|(n, v)| (n.as_str(), v.as_str())).collect();
            prop_assert_eq!(labels.iter().collect::<BTreeMap<_, _>>(), want.clone());
            prop_assert_eq!(LabelsRef::checked(labels.as_ref().as_bytes()), Some(labels.as_ref()));
            let second = Labels::new(other.iter().map(|(n, v)| (n.as_str(), v.as_str()))).expect("valid");
            prop_assert_eq!(labels.cmp(&second), want.into_iter().collect::<Vec<_>>().cmp(&second.iter().collect()));
        }

        #[test]
        fn any_bytes_are_safe(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            let _ = LabelsRef::checked(&bytes);
            let _ = LabelsRef::from_canonical(&bytes).iter().count();
        }
    }
}
