//! What metric families say of themselves, passed on only when it changes.

use std::collections::HashMap;

use narthex_formats::Event;
use narthex_model::{Metadata, MetadataEntry};

/// Families remembered of a target; beyond it all are forgotten, and told again.
const FAMILIES_MAX: usize = 100_000;

/// The metadata of a target.
#[derive(Debug, Default)]
pub(crate) struct Families {
    known: HashMap<String, Metadata>,
    /// The family that is being described.
    family: String,
    described: Metadata,
}

impl Families {
    /// Takes what `event` says of a family; `changed` gets the family before it if that one said something new.
    pub(crate) fn take(&mut self, event: &Event<'_>, changed: &mut Vec<MetadataEntry>) {
        let family = match event {
            Event::Type { family, .. }
            | Event::Help { family, .. }
            | Event::Unit { family, .. } => family,
            Event::Sample(_) | Event::Eof => return,
        };
        if *family != self.family {
            self.finish(changed);
            self.family.push_str(family);
        }
        match event {
            Event::Type { metric_type, .. } => self.described.metric_type = *metric_type,
            Event::Help { text, .. } => text.as_ref().clone_into(&mut self.described.help),
            Event::Unit { unit, .. } => (*unit).clone_into(&mut self.described.unit),
            Event::Sample(_) | Event::Eof => {}
        }
    }

    /// Ends the family being described, at the end of a body too.
    pub(crate) fn finish(&mut self, changed: &mut Vec<MetadataEntry>) {
        if !self.family.is_empty() && self.known.get(&self.family) != Some(&self.described) {
            if self.known.len() >= FAMILIES_MAX {
                self.known.clear();
            }
            self.known
                .insert(self.family.clone(), self.described.clone());
            changed.push(MetadataEntry {
                metric: self.family.clone(),
                metadata: self.described.clone(),
            });
        }
        self.family.clear();
        self.described = Metadata::default();
    }

    /// Forgets everything: what was told may not have been stored.
    pub(crate) fn forget(&mut self) {
        *self = Self::default();
    }
}
