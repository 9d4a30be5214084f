//! Native histograms as Arrow arrays, and back: the columns they have in WAL records and in blocks.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int32Type};
use arrow_array::{Array, ArrayRef, Float64Array, Int32Array, ListArray, RecordBatch, StructArray};
use arrow_buffer::OffsetBuffer;
use arrow_schema::{DataType, Field, FieldRef, Fields};
use narthex_model::{ResetHint, Span};

use crate::histograms::{Histograms, Lists};

/// The columns of histograms, none with nulls.
pub(crate) fn fields() -> Vec<Field> {
    let number = |name: &str| Field::new(name, DataType::Float64, false);
    let list = |name: &str, item: FieldRef| Field::new(name, DataType::List(item), false);
    vec![
        Field::new("schema", DataType::Int32, false),
        Field::new("reset_hint", DataType::Int32, false),
        number("zero_threshold"),
        number("zero_count"),
        number("count"),
        number("sum"),
        list("positive_spans", span_field()),
        list("positive_buckets", double_field()),
        list("negative_spans", span_field()),
        list("negative_buckets", double_field()),
        list("custom_values", double_field()),
    ]
}

fn double_field() -> FieldRef {
    Arc::new(Field::new("element", DataType::Float64, false))
}

fn span_fields() -> Fields {
    let number = |name: &str| Field::new(name, DataType::Int32, false);
    Fields::from(vec![number("offset"), number("length")])
}

fn span_field() -> FieldRef {
    Arc::new(Field::new(
        "element",
        DataType::Struct(span_fields()),
        false,
    ))
}

/// The arrays of [`fields`]; the error says what does not fit.
pub(crate) fn into_arrays(histograms: Histograms) -> Result<Vec<ArrayRef>, String> {
    let hints = histograms.reset_hints.iter();
    let hints = Int32Array::from_iter_values(hints.map(|hint| i32::from(hint.code())));
    let numbers = |column: Vec<f64>| Arc::new(Float64Array::from(column)) as ArrayRef;
    Ok(vec![
        Arc::new(Int32Array::from(histograms.schemas)),
        Arc::new(hints),
        numbers(histograms.zero_thresholds),
        numbers(histograms.zero_counts),
        numbers(histograms.counts),
        numbers(histograms.sums),
        span_lists(&histograms.positive_spans)?,
        double_lists(histograms.positive_buckets)?,
        span_lists(&histograms.negative_spans)?,
        double_lists(histograms.negative_buckets)?,
        double_lists(histograms.custom_values)?,
    ])
}

fn span_lists(lists: &Lists<Span>) -> Result<ArrayRef, String> {
    let lengths = lists.items.iter().map(|span| i32::try_from(span.length));
    let lengths: Result<Vec<_>, _> = lengths.collect();
    let lengths = lengths.map_err(|_| "a span is too long".to_owned())?;
    let offsets = Int32Array::from_iter_values(lists.items.iter().map(|span| span.offset));
    let columns: Vec<ArrayRef> = vec![Arc::new(offsets), Arc::new(Int32Array::from(lengths))];
    let spans = StructArray::try_new(span_fields(), columns, None).map_err(|e| e.to_string())?;
    list_array(span_field(), &lists.ends, Arc::new(spans))
}

fn double_lists(lists: Lists<f64>) -> Result<ArrayRef, String> {
    let items = Float64Array::from(lists.items);
    list_array(double_field(), &lists.ends, Arc::new(items))
}

fn list_array(field: FieldRef, ends: &[usize], items: ArrayRef) -> Result<ArrayRef, String> {
    if i32::try_from(items.len()).is_err() {
        return Err("histograms have too many buckets for one batch".to_owned());
    }
    let mut offsets = Vec::with_capacity(ends.len() + 1);
    offsets.push(0);
    offsets.extend(ends.iter().map(|end| *end as i32));
    let array = ListArray::try_new(field, OffsetBuffer::new(offsets.into()), items, None);
    Ok(Arc::new(array.map_err(|e| e.to_string())?))
}

/// Appends the histograms of a batch with the columns of [`fields`], found by name; the error says what is wrong. `out` may
/// then have columns of unequal length.
pub(crate) fn append(batch: &RecordBatch, out: &mut Histograms) -> Result<(), String> {
    out.schemas
        .extend_from_slice(integers(column(batch, "schema")?)?);
    for code in integers(column(batch, "reset_hint")?)? {
        let hint = u8::try_from(*code).ok().and_then(ResetHint::of_code);
        out.reset_hints
            .push(hint.ok_or_else(|| format!("reset hint {code} is unknown"))?);
    }
    for (name, numbers) in [
        ("zero_threshold", &mut out.zero_thresholds),
        ("zero_count", &mut out.zero_counts),
        ("count", &mut out.counts),
        ("sum", &mut out.sums),
    ] {
        numbers.extend_from_slice(doubles(column(batch, name)?)?);
    }
    for (name, lists) in [
        ("positive_buckets", &mut out.positive_buckets),
        ("negative_buckets", &mut out.negative_buckets),
        ("custom_values", &mut out.custom_values),
    ] {
        append_lists(column(batch, name)?, lists, |items, out| {
            out.extend_from_slice(doubles(items)?);
            Ok(())
        })?;
    }
    append_lists(
        column(batch, "positive_spans")?,
        &mut out.positive_spans,
        append_spans,
    )?;
    append_lists(
        column(batch, "negative_spans")?,
        &mut out.negative_spans,
        append_spans,
    )
}

fn append_spans(items: &ArrayRef, out: &mut Vec<Span>) -> Result<(), String> {
    let spans = items.as_struct_opt().ok_or("spans are no structs")?;
    let member = |name: &str| spans.column_by_name(name).ok_or("a span lacks a member");
    let offsets = integers(member("offset")?)?;
    let lengths = integers(member("length")?)?;
    for (offset, length) in offsets.iter().zip(lengths) {
        let length = u32::try_from(*length).map_err(|_| "a span has a negative length")?;
        out.push(Span {
            offset: *offset,
            length,
        });
    }
    Ok(())
}

fn append_lists<T: Copy>(
    array: &ArrayRef,
    out: &mut Lists<T>,
    append_items: impl FnOnce(&ArrayRef, &mut Vec<T>) -> Result<(), String>,
) -> Result<(), String> {
    let lists = array.as_list_opt::<i32>().ok_or("a column has no lists")?;
    let offsets = lists.value_offsets();
    let (Some(first), Some(last)) = (offsets.first(), offsets.last()) else {
        return Err("a column of lists has no offsets".to_owned());
    };
    if lists.null_count() > 0 {
        return Err("a column has nulls".to_owned());
    }
    let base = out.items.len();
    let items = lists
        .values()
        .slice(*first as usize, (*last - *first) as usize);
    append_items(&items, &mut out.items)?;
    let ends = offsets.iter().skip(1);
    out.ends
        .extend(ends.map(|end| base + (*end - *first) as usize));
    Ok(())
}

fn column<'a>(batch: &'a RecordBatch, name: &str) -> Result<&'a ArrayRef, String> {
    batch
        .column_by_name(name)
        .ok_or_else(|| format!("column {name} is missing"))
}

fn integers(array: &ArrayRef) -> Result<&[i32], String> {
    let numbers = array.as_primitive_opt::<Int32Type>();
    let numbers = numbers.filter(|a| a.null_count() == 0);
    Ok(numbers.ok_or("a column has no integers")?.values())
}

fn doubles(array: &ArrayRef) -> Result<&[f64], String> {
    let numbers = array.as_primitive_opt::<Float64Type>();
    let numbers = numbers.filter(|a| a.null_count() == 0);
    Ok(numbers.ok_or("a column has no floats")?.values())
}
