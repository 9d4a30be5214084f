//! Labels as columns: which columns a set of series has, and their values.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use arrow::array::{ArrayRef, StringViewBuilder};
use narthex_engine::Selection;
use narthex_model::METRIC_NAME;

/// One `Utf8View` array per name of `names` (sorted), one row per series of `positions`; NULL where a series lacks the label.
pub(crate) fn label_arrays(
    selection: &Selection,
    positions: Range<usize>,
    names: &[&str],
) -> Vec<ArrayRef> {
    let mut builders: Vec<_> = names
        .iter()
        .map(|_| StringViewBuilder::with_capacity(positions.len()))
        .collect();
    for position in positions {
        let mut labels = selection.series(position).labels.texts().peekable();
        for (name, builder) in names.iter().zip(&mut builders) {
            let name = name.as_bytes();
            while labels.next_if(|(have, _)| *have < name).is_some() {}
            let value = labels.next_if(|(have, _)| *have == name);
            builder.append_option(value.and_then(|(_, value)| str::from_utf8(value).ok()));
        }
    }
    builders
        .iter_mut()
        .map(|builder| Arc::new(builder.finish()) as ArrayRef)
        .collect()
}

/// Names of the label columns of a SQL table.
///
/// A column has the name of its label, except that a label called `timestamp` or `value` becomes `label_timestamp` or
/// `label_value`; should there be a label of that name too, `label_` is put before it once more.
#[derive(Debug, Clone, Default)]
pub struct ColumnNames {
    labels: Vec<String>,
    columns: Vec<String>,
}

impl ColumnNames {
    /// The column of sample times.
    pub const TIMESTAMP: &'static str = "timestamp";
    /// The column of sample values.
    pub const VALUE: &'static str = "value";

    /// Names for `labels`, in their order.
    pub fn new(labels: Vec<String>) -> Self {
        let mut taken: BTreeSet<String> = labels.iter().cloned().collect();
        let column = |label: &String| {
            let mut column = label.clone();
            if column == Self::TIMESTAMP || column == Self::VALUE {
                while taken.contains(&column) {
                    column.insert_str(0, "label_");
                }
                taken.insert(column.clone());
            }
            column
        };
        let columns = labels.iter().map(column).collect();
        Self { labels, columns }
    }

    /// As [`ColumnNames::new`], without the metric's name: it is the table's.
    pub fn without_metric_name(mut labels: Vec<String>) -> Self {
        labels.retain(|name| name != METRIC_NAME);
        Self::new(labels)
    }

    /// The labels.
    pub fn labels(&self) -> &[String] {
        &self.labels
    }

    /// For each label, its column.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// The label in column `column`, if it holds one.
    pub fn label(&self, column: &str) -> Option<&str> {
        let at = self.columns.iter().position(|c| c == column)?;
        self.labels.get(at).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clashes_get_a_prefix() {
        let labels = ["__name__", "job", "label_value", "timestamp", "value"]
            .map(str::to_owned)
            .to_vec();
        let names = ColumnNames::without_metric_name(labels);
        assert_eq!(
            names.columns(),
            ["job", "label_value", "label_timestamp", "label_label_value"]
        );
        assert_eq!(names.label("label_label_value"), Some("value"));
        assert_eq!(
            (names.label("value"), names.label("job")),
            (None, Some("job"))
        );
    }
}
