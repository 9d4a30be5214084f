//! What a query loads and makes, counted against the limit on samples before anything is read.

use std::cell::Cell;

use narthex_model::{Error, Result};

/// Samples, and points of vectors, which take as much room.
#[derive(Debug)]
pub(super) struct Charges {
    so_far: Cell<u64>,
    most: u64,
}

impl Charges {
    /// Nothing yet, at most so many samples.
    pub(super) fn new(most: u64) -> Self {
        Self {
            so_far: Cell::new(0),
            most,
        }
    }

    /// Counts `samples` more.
    ///
    /// # Errors
    /// They are too many.
    pub(super) fn add(&self, samples: u64) -> Result<()> {
        self.so_far.set(self.so_far.get().saturating_add(samples));
        if self.so_far.get() > self.most {
            return Err(Error::limit(format!(
                "query processing would load too many samples into memory in query execution: up to {} of at most {} \
                 (narrow the selectors or the time range, or raise --query.max-samples)",
                self.so_far.get(),
                self.most
            )));
        }
        Ok(())
    }

    /// Counts a vector of `width` floats for each of `series` series: it takes as much room as the samples it is made of.
    ///
    /// # Errors
    /// As [`Charges::add`].
    pub(super) fn add_vectors(&self, series: usize, width: usize) -> Result<()> {
        self.add((series as u64).saturating_mul(width as u64))
    }
}
