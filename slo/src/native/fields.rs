//! The keys of an SLO, and those of its document for what it does not say itself.

use narthex_settings::{Keys, Node};

use super::SHARED;

/// Where the keys of an SLO are looked for.
#[derive(Debug)]
pub(super) struct Fields<'d> {
    own: Keys<'d>,
    shared: Option<Keys<'d>>,
}

impl<'d> Fields<'d> {
    pub(super) fn new(own: Keys<'d>, shared: Option<&Keys<'d>>) -> Self {
        Self {
            own,
            shared: shared.cloned(),
        }
    }

    /// The keys of the SLO itself.
    pub(super) fn own(&self) -> &Keys<'d> {
        &self.own
    }

    /// Those of its document.
    pub(super) fn shared(&self) -> Option<&Keys<'d>> {
        self.shared.as_ref()
    }

    /// The value of a key.
    pub(super) fn get(&self, key: &'static str) -> Option<Node<'d>> {
        let shared = || {
            let shared = self.shared.as_ref().filter(|_| SHARED.contains(&key));
            shared.and_then(|keys| keys.get(key))
        };
        self.own.get(key).or_else(shared)
    }

    pub(super) fn text_or_empty(&self, key: &'static str) -> String {
        self.get(key)
            .and_then(|node| node.text())
            .unwrap_or_default()
    }
}
