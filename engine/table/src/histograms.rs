//! Native histograms as a column of series rows.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, Float64Array, Int32Array, Int64Array, ListArray, StructArray, UInt8Array,
};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{DataType, Field, Fields};
use datafusion::common::Result;
use datafusion::error::DataFusionError;
use narthex_engine::{HistogramColumns, HistogramRows};
use narthex_model::{HistogramRef, Span, histogram_item};

/// The type of the column.
pub(crate) fn column_type() -> DataType {
    DataType::List(Arc::new(item_field()))
}

fn item_field() -> Field {
    Field::new_list_field(histogram_item(), false)
}

/// One list per series.
pub(crate) fn column(histograms: HistogramColumns) -> Result<ArrayRef> {
    let HistogramColumns { offsets, samples } = histograms;
    let offsets = OffsetBuffer::new(offsets.into());
    let items = Arc::new(items(samples)?);
    let field = Arc::new(item_field());
    Ok(Arc::new(ListArray::try_new(field, offsets, items, None)?))
}

fn items(rows: HistogramRows) -> Result<StructArray> {
    let DataType::Struct(fields) = histogram_item() else {
        return Err(DataFusionError::Internal(
            "a histogram is a struct".to_owned(),
        ));
    };
    let each = || rows.histograms.iter();
    let number = |f: fn(HistogramRef<'_>) -> f64| -> ArrayRef {
        Arc::new(each().map(f).collect::<Float64Array>())
    };
    let (mut positive, mut negative) = (Side::default(), Side::default());
    for histogram in each() {
        positive.push(histogram.positive_spans, histogram.positive_buckets);
        negative.push(histogram.negative_spans, histogram.negative_buckets);
    }
    let bounds = each().map(|h| h.custom_values.len());
    let bounds = OffsetBuffer::from_lengths(bounds);
    let all_bounds = each().flat_map(|h| h.custom_values.iter().copied());
    let all_bounds: Float64Array = all_bounds.collect();
    let schemas: Int32Array = each().map(|h| h.schema).collect();
    let hints: UInt8Array = each().map(|h| h.reset_hint.code()).collect();
    let mut columns: Vec<ArrayRef> = vec![Arc::new(schemas), Arc::new(hints)];
    columns.extend([
        number(|h| h.zero_threshold),
        number(|h| h.zero_count),
        number(|h| h.count),
        number(|h| h.sum),
    ]);
    columns.extend(positive.finish(&fields, 8)?);
    columns.extend(negative.finish(&fields, 10)?);
    columns.push(list(&fields, 12, bounds, Arc::new(all_bounds))?);
    let times: [ArrayRef; 2] = [
        Arc::new(Int64Array::from(rows.timestamps)),
        Arc::new(Int64Array::from(rows.start_timestamps)),
    ];
    let columns = times.into_iter().chain(columns).collect();
    Ok(StructArray::try_new(fields, columns, None)?)
}

/// The buckets of one side of many histograms.
#[derive(Default)]
struct Side {
    lengths: Vec<usize>,
    indexes: Vec<i32>,
    counts: Vec<f64>,
}

impl Side {
    /// Buckets without observations stay if they were written.
    fn push(&mut self, spans: &[Span], counts: &[f64]) {
        let before = self.indexes.len();
        let mut next = 0_i32;
        let numbers = spans.iter().flat_map(|span| {
            let first = next.saturating_add(span.offset);
            next = first.saturating_add_unsigned(span.length);
            first..next
        });
        for (index, count) in numbers.zip(counts) {
            self.indexes.push(index);
            self.counts.push(*count);
        }
        self.lengths.push(self.indexes.len() - before);
    }

    fn finish(self, fields: &Fields, at: usize) -> Result<[ArrayRef; 2]> {
        let offsets = OffsetBuffer::from_lengths(self.lengths);
        let indexes = Arc::new(Int32Array::from(self.indexes));
        let counts = Arc::new(Float64Array::from(self.counts));
        Ok([
            list(fields, at, offsets.clone(), indexes)?,
            list(fields, at + 1, offsets, counts)?,
        ])
    }
}

/// The list column of the field at position `at`.
fn list(
    fields: &Fields,
    at: usize,
    offsets: OffsetBuffer<i32>,
    items: ArrayRef,
) -> Result<ArrayRef> {
    match fields.get(at).map(|f| f.data_type()) {
        Some(DataType::List(item)) => Ok(Arc::new(ListArray::try_new(
            item.clone(),
            offsets,
            items,
            None,
        )?)),
        _ => Err(DataFusionError::Internal(format!(
            "field {at} of a histogram is no list"
        ))),
    }
}
