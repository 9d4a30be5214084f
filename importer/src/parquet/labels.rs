//! Labels of rows: from columns of texts, and from maps and structs of texts.

use std::collections::HashMap;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, RecordBatch, StringArray};
use arrow_schema::DataType;
use narthex_model::{Error, Label, LabelsRef, METRIC_NAME, Result, WriteBatch, push_canonical};

use super::Columns;
use super::columns::converted;

/// The columns that say of which series a row is.
pub(super) struct LabelColumns<'a> {
    columns: Vec<LabelColumn>,
    /// Where no column says it.
    metric_name: Option<&'a str>,
}

enum LabelColumn {
    /// A label by the name of the column.
    Text { name: String, values: StringArray },
    /// Labels by keys; those of row `i` lie at `offsets[i]..offsets[i + 1]`.
    Map {
        offsets: Vec<i32>,
        keys: StringArray,
        values: StringArray,
        column: ArrayRef,
    },
}

impl<'a> LabelColumns<'a> {
    /// All columns of `batch` but those of time and value.
    ///
    /// # Errors
    /// `Invalid` if a column cannot mean labels.
    pub(super) fn new(batch: &RecordBatch, wanted: &'a Columns) -> Result<Self> {
        let mut columns = Vec::new();
        for (field, column) in batch.schema().fields().iter().zip(batch.columns()) {
            let name = field.name();
            if *name == wanted.timestamp || *name == wanted.value {
                continue;
            }
            let is_metric = wanted.metric.as_ref() == Some(name);
            let label = if is_metric { METRIC_NAME } else { name };
            push_column(&mut columns, label, column)?;
        }
        Ok(Self {
            columns,
            metric_name: wanted.metric_name.as_deref(),
        })
    }

    /// Finds the series of rows.
    pub(super) fn series(&self) -> RowSeries<'_> {
        RowSeries {
            columns: self,
            packed: Vec::new(),
            last: None,
            known: HashMap::new(),
        }
    }

    fn labels_of(&self, row: usize) -> Vec<Label<'_>> {
        let mut labels = Vec::with_capacity(self.columns.len() + 1);
        for column in &self.columns {
            column.push(row, &mut labels);
        }
        // As everywhere, an empty label is an absent one.
        labels.retain(|(_, value)| !value.is_empty());
        let has_name = labels.iter().any(|(name, _)| *name == METRIC_NAME);
        match self.metric_name {
            Some(name) if !has_name => labels.push((METRIC_NAME, name)),
            _ => {}
        }
        labels
    }
}

fn push_column(columns: &mut Vec<LabelColumn>, name: &str, column: &ArrayRef) -> Result<()> {
    match column.data_type() {
        DataType::Map(_, _) => {
            let map = column.as_map();
            columns.push(LabelColumn::Map {
                offsets: map.offsets().to_vec(),
                keys: texts(map.keys(), name)?,
                values: texts(map.values(), name)?,
                column: column.clone(),
            });
        }
        DataType::Struct(fields) => {
            let parts = column.as_struct();
            for (field, part) in fields.iter().zip(parts.columns()) {
                let values = texts(part, field.name())?;
                columns.push(LabelColumn::Text {
                    name: field.name().clone(),
                    values,
                });
            }
        }
        _ => columns.push(LabelColumn::Text {
            name: name.to_owned(),
            values: texts(column, name)?,
        }),
    }
    Ok(())
}

fn texts(column: &ArrayRef, name: &str) -> Result<StringArray> {
    let texts = converted(column, name, &DataType::Utf8)?;
    Ok(texts.as_string::<i32>().clone())
}

impl LabelColumn {
    fn push<'s>(&'s self, row: usize, labels: &mut Vec<Label<'s>>) {
        match self {
            Self::Text { name, values } => {
                if values.is_valid(row) {
                    labels.push((name, values.value(row)));
                }
            }
            Self::Map {
                offsets,
                keys,
                values,
                column,
            } => {
                let place = offsets.get(row).zip(offsets.get(row + 1));
                let (Some((start, end)), true) = (place, column.is_valid(row)) else {
                    return;
                };
                let items = (*start as usize)..(*end as usize);
                let is_whole = |at: &usize| keys.is_valid(*at) && values.is_valid(*at);
                let items = items.filter(is_whole);
                labels.extend(items.map(|at| (keys.value(at), values.value(at))));
            }
        }
    }
}

/// Finds the series of rows; rows of one series often follow each other.
pub(super) struct RowSeries<'a> {
    columns: &'a LabelColumns<'a>,
    packed: Vec<u8>,
    last: Option<(Vec<u8>, u32)>,
    known: HashMap<Vec<u8>, u32>,
}

impl RowSeries<'_> {
    /// The position in `batch` of the series of `row`.
    ///
    /// # Errors
    /// `Invalid` if the labels form no set or have no name of a metric.
    pub(super) fn of_row(&mut self, row: usize, batch: &mut WriteBatch) -> Result<u32> {
        self.packed.clear();
        let mut labels = self.columns.labels_of(row);
        push_canonical(&mut labels, &mut self.packed)
            .map_err(|e| Error::invalid(format!("row {row} of a batch")).with_source(e))?;
        if let Some((packed, position)) = &self.last
            && *packed == self.packed
        {
            return Ok(*position);
        }
        let position = match self.known.get(&self.packed) {
            Some(position) => *position,
            None => self.add(batch)?,
        };
        self.last = Some((self.packed.clone(), position));
        Ok(position)
    }

    fn add(&mut self, batch: &mut WriteBatch) -> Result<u32> {
        let labels = LabelsRef::from_canonical(&self.packed);
        if labels.metric_name().is_empty() {
            return Err(Error::invalid(format!(
                "a row with labels {labels} has no name of a metric: name the column that has it, or say a name for all"
            )));
        }
        let position = batch.push_packed_series(labels);
        self.known.insert(self.packed.clone(), position);
        Ok(position)
    }
}
