//! A label set while it is being changed.

use narthex_model::{LabelError, Labels};

/// Labels in the order they were set; no name twice, no empty value (an empty label is an absent one).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LabelSet(Vec<(String, String)>);

impl LabelSet {
    /// The empty set.
    pub fn new() -> Self {
        Self::default()
    }

    /// The value of `name`, empty if absent.
    pub fn get(&self, name: &str) -> &str {
        self.0.iter().find(|l| l.0 == name).map_or("", |l| &l.1)
    }

    /// Whether `name` is there.
    pub fn contains(&self, name: &str) -> bool {
        self.0.iter().any(|l| l.0 == name)
    }

    /// Gives `name` a value; an empty one removes it.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        let value = value.into();
        if value.is_empty() {
            return self.remove(name);
        }
        match self.0.iter_mut().find(|l| l.0 == name) {
            Some(label) => label.1 = value,
            None => self.0.push((name.to_owned(), value)),
        }
    }

    /// Removes `name` if it is there.
    pub fn remove(&mut self, name: &str) {
        self.0.retain(|l| l.0 != name);
    }

    /// Keeps the labels whose name is accepted.
    pub fn retain(&mut self, mut accept: impl FnMut(&str) -> bool) {
        self.0.retain(|l| accept(&l.0));
    }

    /// The labels, in no particular order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(n, v)| (n.as_str(), v.as_str()))
    }

    /// Number of labels.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The packed form.
    ///
    /// # Errors
    /// An empty name, or a text that is too long.
    pub fn pack(&self) -> Result<Labels, LabelError> {
        Labels::new(self.iter())
    }
}

/// Later labels win over earlier ones of the same name.
impl<N: AsRef<str>, V: Into<String>> FromIterator<(N, V)> for LabelSet {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(labels: I) -> Self {
        let mut set = Self::new();
        for (name, value) in labels {
            set.set(name.as_ref(), value);
        }
        set
    }
}
