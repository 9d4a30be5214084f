//! The timelines that series of a batch share.

use std::collections::HashMap;

use crate::count::{Grid, Timeline};
use crate::store::Samples;

/// Of some series, how their times lie on a grid.
pub(super) struct Timelines {
    laid: Vec<Timeline>,
    /// By series, its place in `laid`.
    places: Vec<Option<usize>>,
}

impl Timelines {
    /// Lays the times of `len` series. Those that are of one series alone are not worth it.
    pub(super) fn lay(samples: &dyn Samples, len: usize, grid: &Grid) -> Self {
        // Times at the same place in memory are the same.
        let place = |at: usize| {
            let times = samples.series(at).0;
            (times.as_ptr().addr(), times.len())
        };
        let mut found: HashMap<(usize, usize), (usize, Option<usize>)> = HashMap::new();
        for at in 0..len {
            found.entry(place(at)).or_default().0 += 1;
        }
        let mut laid = Vec::new();
        let places = (0..len).map(|at| {
            let (series, known) = found.get_mut(&place(at))?;
            if *series > 1 && known.is_none() {
                laid.push(Timeline::lay(samples.series(at).0, *grid));
                *known = Some(laid.len() - 1);
            }
            *known
        });
        Self {
            places: places.collect(),
            laid,
        }
    }

    /// That of the series at a place in the batch, if it shares one.
    pub(super) fn of(&self, at: usize) -> Option<&Timeline> {
        self.laid.get((*self.places.get(at)?)?)
    }
}
