//! How series become rows of a table: the names of the columns.
//!
//! A table of series rows has one text column per label and columns that carry vectors. Labels may have any name, so the
//! names of the latter begin with `#`, and a label whose own name begins with `#` gets one more.

use std::borrow::Cow;
use std::sync::Arc;

use arrow_schema::{DataType, Field, Fields};

/// The column of sample times: lists of milliseconds.
pub const TIMESTAMPS_COLUMN: &str = "#timestamps";
/// The column of sample values: lists of floats, one per time.
pub const VALUES_COLUMN: &str = "#values";

/// The column of stale markers: as [`VALUES_COLUMN`], but any number may stand for a value that is no stale marker. Reading it
/// takes less time.
pub const MARKERS_COLUMN: &str = "#markers";

/// The column of native histograms: lists of [`histogram_item`]. A table has it only if a series may have some.
pub const HISTOGRAMS_COLUMN: &str = "#histograms";

/// The column of the start timestamps of sample values: lists of milliseconds, one per value, 0 where it is not known since when
/// the value counts. A table has it only if that may be known of some value.
pub const STARTS_COLUMN: &str = "#starts";

/// A native histogram in a column, in this order: `at` (when: milliseconds among samples, the step among step vectors),
/// `start` (its start timestamp, 0 where it is not known), `schema`, `hint` (0 unknown, 1 reset, 2 not reset, 3 gauge), `zero_threshold`,
/// `zero_count`, `count`, `sum` (the stale NaN marks a stale sample); then the buckets that lie in spans: `positive_index` and
/// `positive_count`, `negative_index` and `negative_count`, indexes increasing; `bounds` (of schema -53). Nothing is null.
pub fn histogram_item() -> DataType {
    let list = |item| DataType::List(Arc::new(Field::new_list_field(item, false)));
    let field = |(name, data_type)| Field::new(name, data_type, false);
    let fields = [
        ("at", DataType::Int64),
        ("start", DataType::Int64),
        ("schema", DataType::Int32),
        ("hint", DataType::UInt8),
        ("zero_threshold", DataType::Float64),
        ("zero_count", DataType::Float64),
        ("count", DataType::Float64),
        ("sum", DataType::Float64),
        ("positive_index", list(DataType::Int32)),
        ("positive_count", list(DataType::Float64)),
        ("negative_index", list(DataType::Int32)),
        ("negative_count", list(DataType::Float64)),
        ("bounds", list(DataType::Float64)),
    ];
    DataType::Struct(fields.into_iter().map(field).collect::<Fields>())
}

/// The column that holds label `name`.
pub fn label_column(name: &str) -> Cow<'_, str> {
    if name.starts_with('#') {
        Cow::Owned(format!("#{name}"))
    } else {
        Cow::Borrowed(name)
    }
}

/// The label that column `name` holds; `None` if it is no label's column.
pub fn column_label(name: &str) -> Option<&str> {
    match name.strip_prefix('#') {
        None => Some(name),
        Some(rest) if rest.starts_with('#') => Some(rest),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_never_clash_with_vectors() {
        for name in ["job", "#values", "##", "#"] {
            assert_eq!(column_label(&label_column(name)), Some(name));
        }
        assert_eq!(column_label(VALUES_COLUMN), None);
    }
}
