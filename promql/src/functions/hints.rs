//! The hints of resets that native histograms are read with.
//!
//! `prom_read_hints(times, values, histograms)`: the histograms with hints that follow from the sample before each;
//! `prom_find_resets(…)`: where nothing is known, buckets say whether a reset lies before; then they go, for nobody will look.

use std::borrow::Cow;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, Float64Array, ListArray, StructArray, UInt8Array, new_empty_array,
};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{DataType, Field};
use datafusion::common::{Result, internal_err};
use narthex_model::{ResetHint, is_stale};

use super::arguments::{ArgumentTypes, Arguments};
use super::plan_function::PlanFunction;
use super::series::SampleLists;
use crate::histogram::FloatHistogram;
use crate::mixed::HistogramLists;

/// How much readers learn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Hints {
    /// What Prometheus' chunks tell.
    Read,
    /// And what buckets tell, which are left out.
    Found,
}

impl PlanFunction for Hints {
    fn plan_name(&self) -> Cow<'static, str> {
        let name = match self {
            Self::Read => "prom_read_hints",
            Self::Found => "prom_find_resets",
        };
        name.into()
    }

    fn returns(&self, types: &ArgumentTypes<'_>) -> Result<DataType> {
        types.at(2).cloned()
    }

    fn nullable(&self) -> bool {
        true
    }

    fn call(&self, arguments: &Arguments) -> Result<ArrayRef> {
        let floats = SampleLists::read(arguments)?;
        let histograms = arguments.column(2)?;
        let lists = HistogramLists::of(&histograms)?;
        let array = histograms.as_list::<i32>();
        let offsets = array.value_offsets();
        let mut codes = vec![ResetHint::Unknown.code(); array.values().len()];
        for row in 0..arguments.rows() {
            let hints = self.of_row(floats.row(row).0, &lists, row);
            let places = &mut codes[offsets[row] as usize..];
            let codes = places.iter_mut().zip(hints);
            codes.for_each(|(code, hint)| *code = hint.code());
        }
        let codes: ArrayRef = Arc::new(UInt8Array::from(codes));
        let changed = |field: &Field, column: &ArrayRef| match field.name().as_str() {
            "hint" => Ok(codes.clone()),
            _ if *self == Self::Found => without_buckets(field, column),
            _ => Ok(column.clone()),
        };
        with_columns(array, changed)
    }
}

impl Hints {
    fn of_row(self, float_times: &[i64], lists: &HistogramLists, row: usize) -> Vec<ResetHint> {
        let mut floats = float_times.iter().peekable();
        let mut hints = Vec::new();
        // The histogram just before, and the last one that is no stale marker, however long ago.
        let (mut before, mut live): (Option<FloatHistogram>, Option<FloatHistogram>) = (None, None);
        for (position, time) in lists.at(row).iter().enumerate() {
            while floats.next_if(|float| *float < time).is_some() {
                before = None;
            }
            let written = lists.get(row, position);
            let mut read = written.clone();
            read.hint = written.hint_when_read(before.as_ref());
            if self == Self::Found {
                read.hint = read.hint_by_buckets(live.as_ref());
            }
            hints.push(read.hint);
            if !is_stale(read.sum) {
                live = Some(read);
            }
            before = Some(written);
        }
        hints
    }
}

/// The same lists with the columns of their items `changed`.
fn with_columns(
    lists: &ListArray,
    changed: impl Fn(&Field, &ArrayRef) -> Result<ArrayRef>,
) -> Result<ArrayRef> {
    let DataType::List(field) = lists.data_type() else {
        return internal_err!("histograms are no lists");
    };
    let (fields, columns, nulls) = lists.values().as_struct().clone().into_parts();
    let columns = fields.iter().zip(&columns).map(|(f, c)| changed(f, c));
    let items = StructArray::try_new(fields.clone(), columns.collect::<Result<_>>()?, nulls)?;
    let offsets = lists.offsets().clone();
    let nulls = lists.nulls().cloned();
    Ok(Arc::new(ListArray::try_new(
        field.clone(),
        offsets,
        Arc::new(items),
        nulls,
    )?))
}

/// What is left of a column of histograms without buckets.
fn without_buckets(field: &Field, column: &ArrayRef) -> Result<ArrayRef> {
    match (field.name().as_str(), field.data_type()) {
        ("zero_threshold" | "zero_count", _) => {
            Ok(Arc::new(Float64Array::from(vec![0.0; column.len()])))
        }
        (_, DataType::List(item)) => Ok(Arc::new(ListArray::try_new(
            item.clone(),
            OffsetBuffer::new_zeroed(column.len()),
            new_empty_array(item.data_type()),
            None,
        )?)),
        _ => Ok(column.clone()),
    }
}
