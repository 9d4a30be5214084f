//! The series of a fleet in the order in which a block has them.

use narthex_datasets::Fleet;
use narthex_model::Labels;

/// A series, and where its samples come from.
#[derive(Debug)]
pub(crate) struct FleetSeries {
    pub(crate) labels: Labels,
    /// Number of its host.
    pub(crate) host: usize,
    /// Position of its value in a scrape of the host.
    pub(crate) position: usize,
}

/// All series, sorted by labels.
pub(crate) struct SeriesList(Vec<FleetSeries>);

impl SeriesList {
    /// Those of `fleet`.
    pub(crate) fn of(fleet: &Fleet) -> Self {
        let of_host = |host| {
            let sets = fleet.series(host).into_iter().enumerate();
            sets.map(move |(position, labels)| FleetSeries {
                labels,
                host,
                position,
            })
        };
        let mut all: Vec<_> = (0..fleet.options().hosts).flat_map(of_host).collect();
        all.sort_unstable_by(|a, b| a.labels.cmp(&b.labels));
        Self(all)
    }

    /// Cut into runs of at most `len`, at least 1.
    pub(crate) fn runs(&self, len: usize) -> impl Iterator<Item = &[FleetSeries]> {
        self.0.chunks(len.max(1))
    }
}
