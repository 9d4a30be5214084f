//! The label sets of rows: their order and hash, from columns in order of the labels' names, and how messages show them.

use std::cmp::Ordering;
use std::fmt::{self, Display, Formatter};

use arrow::array::{Array, ArrayRef, StringViewArray};
use narthex_model::LabelsRef;
use narthex_syntax::{Quoted, label_word};

use super::labels::texts;

/// A column per label; NULL is an absent label.
pub(crate) struct LabelSets {
    columns: Vec<StringViewArray>,
}

impl LabelSets {
    /// Of `columns`, which are in order of the labels' names.
    pub(crate) fn of(columns: &[ArrayRef]) -> Self {
        Self {
            columns: columns.iter().map(texts).collect(),
        }
    }

    /// The rows from 0 on, in the order of their label sets.
    pub(crate) fn order(&self, rows: usize) -> Vec<usize> {
        let mut order: Vec<_> = (0..rows).collect();
        order.sort_by(|a, b| self.compare(*a, *b));
        order
    }

    /// The order of two rows' label sets: label by label, name before value, the shorter first.
    fn compare(&self, a: usize, b: usize) -> Ordering {
        for (i, column) in self.columns.iter().enumerate() {
            let order = match (column.is_valid(a), column.is_valid(b)) {
                (false, false) => Ordering::Equal,
                (true, true) => column.value(a).cmp(column.value(b)),
                // Its next label, if there is one, has a greater name.
                (true, false) => self.after(i, b),
                (false, true) => self.after(i, a).reverse(),
            };
            if order != Ordering::Equal {
                return order;
            }
        }
        Ordering::Equal
    }

    /// How a row with label `i` compares with `row`, which lacks it and has the same labels before.
    fn after(&self, i: usize, row: usize) -> Ordering {
        if self.columns[i..].iter().any(|c| c.is_valid(row)) {
            Ordering::Less
        } else {
            Ordering::Greater
        }
    }

    /// xxHash64 of the label set of `row`, as Prometheus computes it. `names` are those of the columns; `scratch` is reused.
    pub(crate) fn hash(&self, names: &[&str], row: usize, scratch: &mut Vec<u8>) -> u64 {
        let there = names
            .iter()
            .zip(&self.columns)
            .filter(|(_, c)| c.is_valid(row));
        let mut labels: Vec<_> = there.map(|(name, c)| (*name, c.value(row))).collect();
        scratch.clear();
        // What cannot be packed could not have been stored either; it counts as no labels.
        if narthex_model::push_canonical(&mut labels, scratch).is_err() {
            scratch.clear();
        }
        LabelsRef::from_canonical(scratch).id()
    }
}

/// The labels of one row by name, as messages show them: `{job="api", zone="a"}`.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct LabelSet<'a>(Vec<(&'a str, &'a str)>);

impl<'a> LabelSet<'a> {
    /// What `row` has of the labels whose names and columns are given.
    pub(crate) fn of_row(
        columns: impl Iterator<Item = (&'a str, &'a StringViewArray)>,
        row: usize,
    ) -> Self {
        let there = columns.filter(|(_, column)| column.is_valid(row));
        let mut labels: Vec<_> = there.map(|(name, c)| (name, c.value(row))).collect();
        labels.sort_unstable();
        Self(labels)
    }
}

impl Display for LabelSet<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("{")?;
        for (i, (name, value)) in self.0.iter().enumerate() {
            let comma = if i == 0 { "" } else { ", " };
            write!(f, "{comma}{}={}", label_word(name), Quoted(value))?;
        }
        f.write_str("}")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use narthex_model::Labels;
    use proptest::prelude::*;

    use super::*;

    const NAMES: [&str; 3] = ["a", "b", "c"];

    proptest! {
        #[test]
        fn like_the_packed_form(
            rows in prop::collection::vec(prop::collection::vec(prop::option::of("[xy]{1,2}"), 3), 1..12),
        ) {
            let column = |i: usize| -> ArrayRef {
                Arc::new(rows.iter().map(|row| row[i].as_deref()).collect::<StringViewArray>())
            };
            let sets = LabelSets::of(&[column(0), column(1), column(2)]);
            let packed: Vec<_> = rows
                .iter()
                .map(|row| {
                    let there = NAMES.iter().zip(row).filter_map(|(n, v)| Some((*n, v.as_deref()?)));
                    Labels::new(there).expect("sound labels")
                })
                .collect();
            let mut scratch = Vec::new();
            for (row, labels) in packed.iter().enumerate() {
                prop_assert_eq!(sets.hash(&NAMES, row, &mut scratch), labels.as_ref().id());
            }
            let order = sets.order(rows.len());
            prop_assert!(order.windows(2).all(|pair| packed[pair[0]] <= packed[pair[1]]));
        }
    }
}
