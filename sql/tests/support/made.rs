//! A table that is made when it is read: pages that were read of books on shelves, one of which cannot be looked at.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, RecordBatch, StringArray, TimestampMillisecondArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use narthex_model::{Error, Result};
use narthex_sql::{MadeRows, MadeTable, Sieve, Wanted};

/// 2026-01-01T00:00:00Z.
const START_MS: i64 = 1_767_225_600_000;
const HOUR_MS: i64 = 3_600_000;
const SHELVES: [(&str, &[&str]); 3] = [
    ("high", &["atlas", "bible"]),
    ("low", &["atlas", "comics"]),
    ("burnt", &["diary"]),
];

/// `narthex.pages`.
pub(crate) struct Pages;

impl MadeTable for Pages {
    fn name(&self) -> &'static str {
        "pages"
    }

    fn schema(&self) -> SchemaRef {
        let time = DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into()));
        Arc::new(Schema::new(vec![
            Field::new("shelf", DataType::Utf8, false),
            Field::new("book", DataType::Utf8, false),
            Field::new("hour", time, false),
            Field::new("pages", DataType::Float64, false),
        ]))
    }

    fn sieve(&self) -> Sieve {
        Sieve {
            time: Some("hour"),
            texts: &["shelf", "book"],
        }
    }

    fn rows(&self, wanted: Wanted) -> Result<MadeRows> {
        let schema = self.schema();
        let shelves = SHELVES.iter().map(move |(shelf, books)| {
            let (mut names, mut hours) = (Vec::new(), Vec::new());
            if wanted.accepts(&[("shelf", shelf)])? {
                look_at(shelf)?;
                for book in *books {
                    if wanted.accepts(&[("shelf", shelf), ("book", book)])? {
                        let times = (0..24).map(|hour| START_MS + hour * HOUR_MS);
                        let times: Vec<i64> = times.filter(|t| wanted.span.contains(*t)).collect();
                        names.extend(std::iter::repeat_n(*book, times.len()));
                        hours.extend(times);
                    }
                }
            }
            let pages = hours.iter().map(|t| ((t - START_MS) / HOUR_MS) as f64);
            let columns: [ArrayRef; 4] = [
                Arc::new(StringArray::from(vec![*shelf; hours.len()])),
                Arc::new(StringArray::from(names)),
                Arc::new(TimestampMillisecondArray::from(hours.clone()).with_timezone("UTC")),
                Arc::new(Float64Array::from_iter_values(pages)),
            ];
            let all = RecordBatch::try_new(schema.clone(), columns.to_vec()).expect("columns fit");
            Ok(all.project(&wanted.columns).expect("columns of the table"))
        });
        let shelves: Vec<Result<RecordBatch>> = shelves.collect();
        Ok(Box::new(shelves.into_iter()))
    }
}

fn look_at(shelf: &str) -> Result<()> {
    match shelf {
        "burnt" => Err(Error::unavailable("the shelf is burnt")),
        _ => Ok(()),
    }
}
