//! Lists of native histograms as a column: reading and writing [`histogram_item`]s.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, Float64Array, Int32Array, Int64Array, ListArray, PrimitiveArray,
    StructArray, UInt8Array,
};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{
    ArrowPrimitiveType, DataType, Field, Float64Type, Int32Type, Int64Type, UInt8Type,
};
use datafusion::common::{DataFusionError, Result};
use narthex_model::{ResetHint, histogram_item, is_stale};

use crate::histogram::{Buckets, FloatHistogram};

/// The type of the column.
pub(crate) fn histogram_lists_type() -> DataType {
    DataType::List(Arc::new(item_field()))
}

fn item_field() -> Field {
    Field::new_list_field(histogram_item(), false)
}

/// A column of such lists.
#[derive(Debug)]
pub(crate) struct HistogramLists {
    offsets: OffsetBuffer<i32>,
    at: Int64Array,
    start: Int64Array,
    schema: Int32Array,
    hint: UInt8Array,
    zero_threshold: Float64Array,
    zero_count: Float64Array,
    count: Float64Array,
    sum: Float64Array,
    positive: Side,
    negative: Side,
    bounds: Items<Float64Type>,
}

#[derive(Debug)]
struct Side {
    index: Items<Int32Type>,
    count: Items<Float64Type>,
}

/// A list column whose items are numbers.
#[derive(Debug)]
struct Items<T: ArrowPrimitiveType> {
    offsets: OffsetBuffer<i32>,
    values: PrimitiveArray<T>,
}

impl<T: ArrowPrimitiveType> Items<T> {
    fn of(column: &dyn Array) -> Option<Self> {
        let list = column.as_list_opt::<i32>()?;
        Some(Self {
            offsets: list.offsets().clone(),
            values: list.values().as_primitive_opt()?.clone(),
        })
    }

    fn get(&self, row: usize) -> &[T::Native] {
        &self.values.values()[self.offsets[row] as usize..self.offsets[row + 1] as usize]
    }
}

impl Side {
    fn get(&self, row: usize) -> Buckets {
        Buckets {
            index: self.index.get(row).to_vec(),
            count: self.count.get(row).to_vec(),
        }
    }
}

impl HistogramLists {
    /// Borrows the buffers of a column.
    pub(crate) fn of(column: &dyn Array) -> Result<Self> {
        Self::read(column).ok_or_else(|| {
            let found = column.data_type();
            DataFusionError::Internal(format!("expected lists of histograms, got {found}"))
        })
    }

    fn read(column: &dyn Array) -> Option<Self> {
        let lists = column.as_list_opt::<i32>()?;
        let items = lists.values().as_struct_opt()?;
        let field = |name: &str| items.column_by_name(name).map(AsRef::as_ref);
        Some(Self {
            offsets: lists.offsets().clone(),
            at: numbers::<Int64Type>(field("at")?)?,
            start: numbers::<Int64Type>(field("start")?)?,
            schema: numbers::<Int32Type>(field("schema")?)?,
            hint: numbers::<UInt8Type>(field("hint")?)?,
            zero_threshold: numbers::<Float64Type>(field("zero_threshold")?)?,
            zero_count: numbers::<Float64Type>(field("zero_count")?)?,
            count: numbers::<Float64Type>(field("count")?)?,
            sum: numbers::<Float64Type>(field("sum")?)?,
            positive: Side {
                index: Items::of(field("positive_index")?)?,
                count: Items::of(field("positive_count")?)?,
            },
            negative: Side {
                index: Items::of(field("negative_index")?)?,
                count: Items::of(field("negative_count")?)?,
            },
            bounds: Items::of(field("bounds")?)?,
        })
    }

    /// Where the histograms of `row` lie.
    fn span(&self, row: usize) -> std::ops::Range<usize> {
        self.offsets[row] as usize..self.offsets[row + 1] as usize
    }

    /// When the histograms of `row` are: milliseconds, or steps.
    pub(crate) fn at(&self, row: usize) -> &[i64] {
        &self.at.values()[self.span(row)]
    }

    /// Since when the histograms of `row` count, in milliseconds; 0 where that is not known.
    pub(crate) fn starts(&self, row: usize) -> &[i64] {
        &self.start.values()[self.span(row)]
    }

    /// The sums of the histograms of `row`; the stale NaN marks a stale sample.
    pub(crate) fn sums(&self, row: usize) -> &[f64] {
        &self.sum.values()[self.span(row)]
    }

    /// Times and positions of the histograms of `row` that are no stale markers.
    pub(crate) fn live(&self, row: usize) -> impl Iterator<Item = (i64, usize)> {
        let samples = self.at(row).iter().zip(self.sums(row)).enumerate();
        let live = samples.filter(|(_, (_, sum))| !is_stale(**sum));
        live.map(|(position, (time, _))| (*time, position))
    }

    /// A copy of histogram `position` of `row`.
    pub(crate) fn get(&self, row: usize, position: usize) -> FloatHistogram {
        let at = self.offsets[row] as usize + position;
        FloatHistogram {
            schema: self.schema.value(at),
            hint: ResetHint::of_code(self.hint.value(at)).unwrap_or_default(),
            zero_threshold: self.zero_threshold.value(at),
            zero_count: self.zero_count.value(at),
            count: self.count.value(at),
            sum: self.sum.value(at),
            positive: self.positive.get(at),
            negative: self.negative.get(at),
            bounds: self.bounds.get(at).into(),
        }
    }
}

fn numbers<T: ArrowPrimitiveType>(column: &dyn Array) -> Option<PrimitiveArray<T>> {
    column.as_primitive_opt::<T>().cloned()
}

/// Such a column under construction, row after row.
#[derive(Default)]
pub(crate) struct HistogramListWriter {
    /// Histograms of each finished row.
    lengths: Vec<usize>,
    finished: usize,
    at: Vec<i64>,
    schema: Vec<i32>,
    hint: Vec<u8>,
    /// Zero threshold, zero count, count, sum.
    numbers: [Vec<f64>; 4],
    sides: [SideWriter; 2],
    bounds: (Vec<usize>, Vec<f64>),
}

#[derive(Default)]
struct SideWriter {
    lengths: Vec<usize>,
    index: Vec<i32>,
    count: Vec<f64>,
}

impl SideWriter {
    fn push(&mut self, buckets: &Buckets) {
        self.index.extend(&buckets.index);
        self.count.extend(&buckets.count);
        self.lengths.push(buckets.index.len());
    }

    fn finish(self) -> Result<[ArrayRef; 2]> {
        Ok([
            list(&self.lengths, Arc::new(Int32Array::from(self.index)))?,
            list(&self.lengths, Arc::new(Float64Array::from(self.count)))?,
        ])
    }
}

impl HistogramListWriter {
    /// Adds a histogram to the row that is being written.
    pub(crate) fn push(&mut self, at: i64, histogram: &FloatHistogram) {
        self.at.push(at);
        self.schema.push(histogram.schema);
        self.hint.push(histogram.hint.code());
        let numbers = [
            histogram.zero_threshold,
            histogram.zero_count,
            histogram.count,
            histogram.sum,
        ];
        for (column, number) in self.numbers.iter_mut().zip(numbers) {
            column.push(number);
        }
        let [positive, negative] = &mut self.sides;
        positive.push(&histogram.positive);
        negative.push(&histogram.negative);
        self.bounds.0.push(histogram.bounds.len());
        self.bounds.1.extend(histogram.bounds.iter());
    }

    /// Ends a row.
    pub(crate) fn end_row(&mut self) {
        self.lengths.push(self.at.len() - self.finished);
        self.finished = self.at.len();
    }

    /// The column.
    pub(crate) fn finish(self) -> Result<ArrayRef> {
        let DataType::Struct(fields) = histogram_item() else {
            return Err(DataFusionError::Internal(
                "a histogram is a struct".to_owned(),
            ));
        };
        let starts = vec![0; self.at.len()];
        let mut columns: Vec<ArrayRef> = vec![
            Arc::new(Int64Array::from(self.at)),
            Arc::new(Int64Array::from(starts)),
            Arc::new(Int32Array::from(self.schema)),
            Arc::new(UInt8Array::from(self.hint)),
        ];
        for numbers in self.numbers {
            columns.push(Arc::new(Float64Array::from(numbers)));
        }
        for side in self.sides {
            columns.extend(side.finish()?);
        }
        columns.push(list(
            &self.bounds.0,
            Arc::new(Float64Array::from(self.bounds.1)),
        )?);
        let items = StructArray::try_new(fields, columns, None)?;
        let offsets = OffsetBuffer::from_lengths(self.lengths);
        let lists = ListArray::try_new(Arc::new(item_field()), offsets, Arc::new(items), None)?;
        Ok(Arc::new(lists))
    }
}

fn list(lengths: &[usize], items: ArrayRef) -> Result<ArrayRef> {
    let field = Arc::new(Field::new_list_field(items.data_type().clone(), false));
    let offsets = OffsetBuffer::from_lengths(lengths.iter().copied());
    Ok(Arc::new(ListArray::try_new(field, offsets, items, None)?))
}
