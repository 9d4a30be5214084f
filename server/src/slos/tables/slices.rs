//! `narthex.slo_slices`: what was counted in each slice of time.

use std::sync::{Arc, Weak};

use arrow::array::{
    ArrayRef, AsArray, DictionaryArray, Float64Array, RecordBatch, RecordBatchOptions, StringArray,
};
use arrow::compute::kernels::zip::zip;
use arrow::compute::{cast, is_not_null};
use arrow::datatypes::{DataType, Field, Float64Type, Int32Type, Schema, SchemaRef, TimeUnit};
use arrow::error::ArrowError;
use narthex_model::{Error, ErrorKind, Labels, Result};
use narthex_slo::ledger::{self, Ledger};
use narthex_slo::report;
use narthex_sql::{MadeRows, MadeTable, Sieve, Wanted};

use super::there;
use crate::slos::keeper::Keeping;
use crate::slos::kept::Kept;

/// The columns, and of which of the ledger's each is made.
const COLUMNS: [(&str, &[&str]); 11] = [
    ("slo", &[]),
    ("generation", &[]),
    ("group", &["group"]),
    ("slice_start", &["slice_start"]),
    ("good", &["good"]),
    ("total", &["total"]),
    ("bad", &["bad"]),
    ("good_low", &["good_low", "good"]),
    ("good_high", &["good_high", "good"]),
    ("coverage", &["observed_ms"]),
    ("method", &["method"]),
];

/// A row per SLO, group and slice of which something is known.
pub(super) struct SlicesTable(pub(super) Weak<Keeping>);

impl MadeTable for SlicesTable {
    fn name(&self) -> &'static str {
        "slo_slices"
    }

    fn schema(&self) -> SchemaRef {
        let time = DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into()));
        let fields = COLUMNS.map(|(name, _)| match name {
            "slo" | "generation" | "group" | "method" => Field::new(name, DataType::Utf8, false),
            "slice_start" => Field::new(name, time.clone(), false),
            _ => Field::new(name, DataType::Float64, false),
        });
        Arc::new(Schema::new(fields.to_vec()))
    }

    fn sieve(&self) -> Sieve {
        Sieve {
            time: Some("slice_start"),
            texts: &["slo", "generation", "group"],
        }
    }

    fn rows(&self, wanted: Wanted) -> Result<MadeRows> {
        let keeping = there(&self.0)?;
        let schema = self.schema().project(&wanted.columns);
        let schema = Arc::new(schema.map_err(misfit)?);
        let kept = keeping.kept();
        let kept: Vec<_> = kept
            .iter()
            .filter(|one| !one.is_composite())
            .cloned()
            .collect();
        let of_one = move |one: Arc<Kept>| rows_of(&keeping, one, &wanted, &schema);
        let rows = kept.into_iter().flat_map(move |one| {
            of_one(one).unwrap_or_else(|error| Box::new(std::iter::once(Err(error))))
        });
        Ok(Box::new(rows))
    }
}

/// The rows of one SLO.
fn rows_of(
    keeping: &Keeping,
    one: Arc<Kept>,
    wanted: &Wanted,
    schema: &SchemaRef,
) -> Result<MadeRows> {
    let known = [("slo", &*one.slo().id), ("generation", &*one.generation)];
    let ledger = match wanted.accepts(&known)? {
        true => keeping.shelf.read(one.slo())?,
        false => None,
    };
    let Some(ledger) = ledger else {
        return Ok(Box::new(std::iter::empty()));
    };
    let shown = Shown {
        columns: wanted.columns.clone(),
        schema: schema.clone(),
        step: ledger.slice_ms() as f64,
        one,
    };
    let rows = stored(ledger, &shown, wanted);
    Ok(Box::new(rows.map(move |rows| {
        let rows = rows.inspect_err(|error| shown.take_note(error))?;
        shown.batch(&rows).map_err(misfit)
    })))
}

/// What the ledger has of it.
fn stored(ledger: Ledger, shown: &Shown, wanted: &Wanted) -> ledger::Rows {
    let (one, conditions) = (shown.one.clone(), wanted.clone());
    let group = move |group: &Labels| {
        let group = report::group(group);
        let known = [
            ("slo", &*one.slo().id),
            ("generation", &*one.generation),
            ("group", &*group),
        ];
        conditions.accepts(&known)
    };
    let columns = wanted.columns.iter().flat_map(|column| COLUMNS[*column].1);
    ledger.rows(ledger::Wanted {
        span: wanted.span,
        group: Arc::new(group),
        columns: columns.copied().collect(),
    })
}

/// How the rows of one SLO are shown.
struct Shown {
    one: Arc<Kept>,
    /// The length of a slice, in milliseconds.
    step: f64,
    columns: Vec<usize>,
    schema: SchemaRef,
}

impl Shown {
    fn batch(&self, rows: &RecordBatch) -> Result<RecordBatch, ArrowError> {
        let columns = self.columns.iter();
        let columns = columns.map(|column| self.column(COLUMNS[*column].0, rows));
        let columns = columns.collect::<Result<Vec<_>, _>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(rows.num_rows()));
        RecordBatch::try_new_with_options(self.schema.clone(), columns, &options)
    }

    fn column(&self, name: &str, rows: &RecordBatch) -> Result<ArrayRef, ArrowError> {
        let len = rows.num_rows();
        let same = |text: &str| -> ArrayRef { Arc::new(StringArray::from(vec![text; len])) };
        Ok(match name {
            "slo" => same(&self.one.slo().id),
            "generation" => same(&self.one.generation),
            "group" => groups(&rows[name])?,
            "method" => cast(&rows[name], &DataType::Utf8)?,
            "good_low" | "good_high" => or_good(&rows[name], &rows["good"])?,
            "coverage" => {
                let observed = rows["observed_ms"].as_primitive::<Float64Type>();
                let share: Float64Array = observed.unary(|ms| (ms / self.step).min(1.0));
                Arc::new(share)
            }
            _ => rows[name].clone(),
        })
    }

    /// What cannot be read is counted anew, as far as there are samples of it.
    fn take_note(&self, error: &Error) {
        if error.kind() == ErrorKind::Corrupt {
            self.one.suspect();
        }
    }
}

/// The groups of rows as texts.
fn groups(stored: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    let stored = stored.as_dictionary::<Int32Type>();
    let values = stored.values().as_string::<i32>().iter();
    let texts = values.map(|value| {
        let group = ledger::group_of_json(value.unwrap_or_default());
        group.map(|group| Some(report::group(&group)))
    });
    let texts = texts.collect::<Result<StringArray>>();
    let texts = texts.map_err(|e| ArrowError::ExternalError(Box::new(e)))?;
    let shown = DictionaryArray::try_new(stored.keys().clone(), Arc::new(texts))?;
    cast(&shown, &DataType::Utf8)
}

/// Bounds; where there are none, what is good lies there exactly.
fn or_good(bounds: &ArrayRef, good: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    zip(&is_not_null(bounds)?, bounds, good)
}

fn misfit(error: ArrowError) -> Error {
    Error::internal("slices do not fit their table").with_source(error)
}
