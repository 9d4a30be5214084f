//! The hints of resets that native histograms are read with.
//!
//! `prom_read_hints(times, values, histograms)`: the histograms with hints that follow from the sample before each;
//! `prom_find_resets(…)`: where nothing is known, buckets say whether a reset lies before.

use std::borrow::Cow;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, ListArray, StructArray, UInt8Array};
use arrow::datatypes::DataType;
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
    /// And what buckets tell, for functions that will not look at them.
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
        with_hints(array, codes)
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

/// The same lists with other hints.
fn with_hints(lists: &ListArray, codes: Vec<u8>) -> Result<ArrayRef> {
    let DataType::List(field) = lists.data_type() else {
        return internal_err!("histograms are no lists");
    };
    let (fields, mut columns, nulls) = lists.values().as_struct().clone().into_parts();
    match fields.iter().position(|f| f.name() == "hint") {
        Some(at) => columns[at] = Arc::new(UInt8Array::from(codes)),
        None => return internal_err!("histograms have no hints"),
    }
    let items = StructArray::try_new(fields, columns, nulls)?;
    let offsets = lists.offsets().clone();
    let nulls = lists.nulls().cloned();
    Ok(Arc::new(ListArray::try_new(
        field.clone(),
        offsets,
        Arc::new(items),
        nulls,
    )?))
}
