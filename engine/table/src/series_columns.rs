//! Which columns a scan of series gives, whichever the series are.

use arrow::datatypes::SchemaRef;
use datafusion::common::Result;
use narthex_engine::block::Wanted;
use narthex_model::HISTOGRAMS_COLUMN;

/// A column of series rows.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Column {
    /// The label at this position among those read.
    Label(usize),
    Timestamps,
    Values,
    Markers,
    Histograms,
    Starts,
}

/// All that is known of a scan but its series.
#[derive(Debug)]
pub(crate) struct SeriesColumns {
    /// That of the table among those of a query.
    pub(crate) number: usize,
    /// At most so many rows are given at once.
    pub(crate) batch_rows: usize,
    /// At most so many partitions.
    pub(crate) partitions: usize,
    pub(crate) schema: SchemaRef,
    /// Labels that are read, sorted.
    pub(crate) labels: Vec<String>,
    pub(crate) columns: Vec<Column>,
}

impl SeriesColumns {
    /// The columns at `projection` of a table with that schema, of which the labels come first.
    pub(crate) fn of(
        label_names: &[String],
        schema: &SchemaRef,
        projection: &[usize],
    ) -> Result<Self> {
        let has_histograms = schema.column_with_name(HISTOGRAMS_COLUMN).is_some();
        let mut wanted: Vec<usize> = projection
            .iter()
            .copied()
            .filter(|&i| i < label_names.len())
            .collect();
        wanted.sort_unstable();
        wanted.dedup();
        let column = |&index: &usize| match wanted.binary_search(&index) {
            Ok(at) => Column::Label(at),
            Err(_) => match index - label_names.len() {
                0 => Column::Timestamps,
                1 => Column::Values,
                2 => Column::Markers,
                3 if has_histograms => Column::Histograms,
                _ => Column::Starts,
            },
        };
        Ok(Self {
            number: 0,
            batch_rows: usize::MAX,
            partitions: 1,
            schema: schema.project(projection)?.into(),
            columns: projection.iter().map(column).collect(),
            labels: wanted
                .iter()
                .filter_map(|&i| label_names.get(i).cloned())
                .collect(),
        })
    }

    /// What of samples is needed for them.
    pub(crate) fn wanted(&self) -> Wanted {
        let any = |wanted: fn(&Column) -> bool| self.columns.iter().any(wanted);
        let values = any(|c| matches!(c, Column::Values));
        let starts = any(|c| matches!(c, Column::Starts));
        let times = any(|c| matches!(c, Column::Timestamps | Column::Markers));
        Wanted {
            floats: times || values || starts,
            values,
            starts,
            histograms: any(|c| matches!(c, Column::Histograms)),
        }
    }
}
