//! How series become rows of a table: the names of the columns.
//!
//! A table of series rows has one text column per label and columns that carry vectors. Labels may have any name, so the
//! names of the latter begin with `#`, and a label whose own name begins with `#` gets one more.

use std::borrow::Cow;

/// The column of sample times: lists of milliseconds.
pub const TIMESTAMPS_COLUMN: &str = "#timestamps";
/// The column of sample values: lists of floats, one per time.
pub const VALUES_COLUMN: &str = "#values";

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
