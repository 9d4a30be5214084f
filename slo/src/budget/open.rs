//! Books by the ids of their SLOs: those of composites are made of the books of their parts.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::sync::Arc;

use narthex_model::{Error, ErrorKind, Result, TimestampMs};

use super::Book;
use crate::spec::{Part, Slo};

/// A book, and up to when its slices were counted; of a composite, up to when those of all its parts were.
#[derive(Debug, Clone)]
pub struct OpenBook {
    /// The book.
    pub book: Arc<Book>,
    /// Up to when.
    pub counted_until: TimestampMs,
}

/// Opens books as they are asked for, each once.
#[derive(Debug)]
pub struct OpenBooks<'a, S, F> {
    slos: HashMap<&'a str, &'a S>,
    own: F,
    open: HashMap<&'a str, OpenBook>,
}

impl<'a, S, F> OpenBooks<'a, S, F>
where
    S: Borrow<Slo>,
    F: FnMut(&'a S) -> Result<OpenBook>,
{
    /// Those of `slos`; `own` opens the book of one that is not made of others.
    pub fn new(slos: impl IntoIterator<Item = &'a S>, own: F) -> Self {
        let by_id = |of: &'a S| (Borrow::<Slo>::borrow(of).id.as_str(), of);
        Self {
            slos: slos.into_iter().map(by_id).collect(),
            own,
            open: HashMap::new(),
        }
    }

    /// The book with that id.
    ///
    /// # Errors
    /// Whatever `own` says; `NotFound` if there is no such SLO; `Invalid` for a composite that lacks a part, or is a part of itself.
    pub fn open(&mut self, id: &str) -> Result<OpenBook> {
        if let Some(open) = self.open.get(id) {
            return Ok(open.clone());
        }
        // Away while its parts are opened, so that one that is made of itself lacks a part.
        let Some((id, of)) = self.slos.remove_entry(id) else {
            let message = format!("there is no SLO {id:?}");
            return Err(Error::new(ErrorKind::NotFound, message));
        };
        let slo: &Slo = of.borrow();
        let open = match slo.parts() {
            [] => (self.own)(of),
            parts => self.composite(slo, parts),
        };
        self.slos.insert(id, of);
        let open = open?;
        self.open.insert(id, open.clone());
        Ok(open)
    }

    fn composite(&mut self, slo: &Slo, parts: &[Part]) -> Result<OpenBook> {
        let mut open = Vec::with_capacity(parts.len());
        for part in parts {
            if !self.slos.contains_key(part.slo.as_str()) {
                return Err(lacks(slo, part));
            }
            open.push((self.open(&part.slo)?, part.weight));
        }
        let books: Vec<_> = open
            .iter()
            .map(|(of, weight)| (of.book.clone(), *weight))
            .collect();
        let counted = open.iter().map(|(of, _)| of.counted_until).min();
        Ok(OpenBook {
            book: Arc::new(Book::composite(slo, &books)?),
            counted_until: counted.unwrap_or(TimestampMs::MIN),
        })
    }
}

fn lacks(slo: &Slo, part: &Part) -> Error {
    let (id, part) = (&slo.id, &part.slo);
    Error::invalid(format!(
        "SLO {id}: its part {part:?} is in no spec, or is made of it; give the files of all parts"
    ))
}
