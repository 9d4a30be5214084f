//! `narthex.slo_slices` and `narthex.slo_status`: what is known of SLOs, for SQL.

use std::sync::{Arc, Weak};

use arrow::array::{ArrayRef, Float64Array, RecordBatch, StringArray, TimestampMillisecondArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use narthex_model::{Error, Result, TimeRange};
use narthex_slo::ledger::Track;
use narthex_slo::report::parquet;
use narthex_sql::MadeTable;

use super::keeper::Keeping;
use super::kept::Kept;
use super::standing;

/// The tables over what is kept.
pub(super) fn all(keeping: &Arc<Keeping>) -> Vec<Arc<dyn MadeTable>> {
    // The database belongs to what is kept, not the other way round.
    let slices = SlicesTable(Arc::downgrade(keeping));
    let status = StatusTable(Arc::downgrade(keeping));
    vec![Arc::new(slices), Arc::new(status)]
}

fn there(keeping: &Weak<Keeping>) -> Result<Arc<Keeping>> {
    let there = keeping.upgrade();
    there.ok_or_else(|| Error::unavailable("the server is stopping"))
}

/// A row per SLO, window and group: the long form of reports.
struct StatusTable(Weak<Keeping>);

impl MadeTable for StatusTable {
    fn name(&self) -> &'static str {
        "slo_status"
    }

    fn schema(&self) -> SchemaRef {
        parquet::schema()
    }

    fn rows(&self) -> Result<Vec<RecordBatch>> {
        let books = there(&self.0)?.books();
        let report = standing(&books, |_| true)?;
        Ok(vec![parquet::batch(&report)?])
    }
}

/// A row per SLO, group and slice of time.
struct SlicesTable(Weak<Keeping>);

impl MadeTable for SlicesTable {
    fn name(&self) -> &'static str {
        "slo_slices"
    }

    fn schema(&self) -> SchemaRef {
        let utc = Some("UTC".into());
        let text = |name| Field::new(name, DataType::Utf8, false);
        let number = |name| Field::new(name, DataType::Float64, false);
        let time = DataType::Timestamp(TimeUnit::Millisecond, utc);
        Arc::new(Schema::new(vec![
            text("slo"),
            text("generation"),
            text("group"),
            Field::new("slice_start", time, false),
            number("good"),
            number("total"),
            number("bad"),
            number("good_low"),
            number("good_high"),
            number("coverage"),
            text("method"),
        ]))
    }

    fn rows(&self) -> Result<Vec<RecordBatch>> {
        let keeping = there(&self.0)?;
        let mut batches = Vec::new();
        for one in keeping.kept().iter().filter(|one| !one.is_composite()) {
            let Some(ledger) = keeping.shelf.read(one.slo())? else {
                continue;
            };
            let span = ledger.span().unwrap_or(TimeRange::new(0, 0));
            for track in ledger.load(span)?.tracks {
                batches.push(batch(self.schema(), one, &track)?);
            }
        }
        Ok(batches)
    }
}

fn batch(schema: SchemaRef, one: &Kept, track: &Track) -> Result<RecordBatch> {
    let slices = &track.slices;
    let (grid, len) = (slices.grid, slices.grid.len);
    let text = |text: &str| -> ArrayRef { Arc::new(StringArray::from(vec![text; len])) };
    let numbers = |of: &[f64]| -> ArrayRef { Arc::new(Float64Array::from(of.to_vec())) };
    let group = match track.group.as_ref().is_empty() {
        true => String::new(),
        false => track.group.to_string(),
    };
    let starts = TimestampMillisecondArray::from_iter_values((0..len).map(|at| grid.edge(at)));
    let observed = slices.observed_ms.iter();
    let coverage: Vec<f64> = observed
        .map(|ms| (ms / grid.step as f64).min(1.0))
        .collect();
    let bounds = slices.bounds.as_ref();
    let columns = vec![
        text(&one.slo().id),
        text(&one.generation),
        text(&group),
        Arc::new(starts.with_timezone("UTC")),
        numbers(&slices.good),
        numbers(&slices.total),
        numbers(&slices.bad),
        numbers(bounds.map_or(&slices.good, |bounds| &bounds.low)),
        numbers(bounds.map_or(&slices.good, |bounds| &bounds.high)),
        numbers(&coverage),
        text(slices.method.as_str()),
    ];
    let failed = |e| Error::internal("slices do not fit their table").with_source(e);
    RecordBatch::try_new(schema, columns).map_err(failed)
}
