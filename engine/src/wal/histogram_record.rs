//! WAL records of native histograms: a row per sample, spans and buckets as lists.

use std::sync::{Arc, LazyLock};

use arrow_array::cast::AsArray;
use arrow_array::types::{Int64Type, UInt32Type};
use arrow_array::{ArrayRef, Int64Array, UInt32Array};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use narthex_model::{Error, HistogramRef, Result, TimestampMs};

use super::record::{PayloadEncoder, decode};
use crate::histogram_arrays;
use crate::histograms::HistogramRows;

static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
    let own = [
        ("ref", DataType::UInt32),
        ("timestamp", DataType::Int64),
        ("start_timestamp", DataType::Int64),
    ];
    let own = own.map(|(name, data_type)| Field::new(name, data_type, false));
    let fields: Vec<_> = own.into_iter().chain(histogram_arrays::fields()).collect();
    Arc::new(Schema::new(fields))
});

/// A native histogram on its way into WAL and head.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HistogramEntry<'a> {
    pub(crate) ordinal: u32,
    pub(crate) timestamp: TimestampMs,
    /// 0 if it is not known.
    pub(crate) start: TimestampMs,
    pub(crate) histogram: HistogramRef<'a>,
}

/// Native histograms of series, as they stand in a record.
#[derive(Debug, Default)]
pub(super) struct HistogramRecord {
    series: Vec<u32>,
    rows: HistogramRows,
}

impl HistogramRecord {
    /// The first of `entries`, as many as shall be in one record: at least one, if there is one.
    pub(super) fn of(entries: &[HistogramEntry<'_>], values_max: usize) -> Self {
        let mut record = Self::default();
        for entry in entries {
            record.series.push(entry.ordinal);
            record
                .rows
                .push(entry.timestamp, entry.start, &entry.histogram);
            if record.rows.histograms.value_count() + record.len() >= values_max {
                break;
            }
        }
        record
    }

    pub(super) fn len(&self) -> usize {
        self.series.len()
    }

    /// The samples in turn; `ordinal` is the number that the series has in the segment.
    pub(super) fn iter(&self) -> impl Iterator<Item = HistogramEntry<'_>> {
        let rows = (0..).map_while(|at| self.rows.get(at));
        let entry = |(ordinal, (timestamp, start, histogram)): (&u32, _)| HistogramEntry {
            ordinal: *ordinal,
            timestamp,
            start,
            histogram,
        };
        self.series.iter().zip(rows).map(entry)
    }

    /// Appends the payload.
    pub(super) fn encode(self, encoder: &mut PayloadEncoder, out: &mut Vec<u8>) -> Result<()> {
        let mut columns: Vec<ArrayRef> = vec![
            Arc::new(UInt32Array::from(self.series)),
            Arc::new(Int64Array::from(self.rows.timestamps)),
            Arc::new(Int64Array::from(self.rows.start_timestamps)),
        ];
        let histograms = histogram_arrays::into_arrays(self.rows.histograms);
        columns.extend(histograms.map_err(Error::internal)?);
        encoder.batch(&SCHEMA, columns, out)
    }

    /// Reads a payload; the error says what is wrong.
    pub(super) fn decode(payload: &[u8]) -> Result<Self, String> {
        let batch = decode(payload, &SCHEMA)?;
        let series = batch.column(0).as_primitive_opt::<UInt32Type>();
        let mut record = Self {
            series: series
                .ok_or("ref is no column of numbers")?
                .values()
                .to_vec(),
            rows: HistogramRows::default(),
        };
        for (at, times) in [
            (1, &mut record.rows.timestamps),
            (2, &mut record.rows.start_timestamps),
        ] {
            let column = batch.column(at).as_primitive_opt::<Int64Type>();
            times.extend_from_slice(column.ok_or("a column has no times")?.values());
        }
        histogram_arrays::append(&batch, &mut record.rows.histograms)?;
        for histogram in record.rows.histograms.iter() {
            histogram.check().map_err(|e| e.as_str().to_owned())?;
        }
        Ok(record)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::histograms::histogram;
    use narthex_model::Histogram;
    use proptest::prelude::*;

    fn rows() -> impl Strategy<Value = Vec<(u32, i64, i64, Histogram)>> {
        let row = (any::<u32>(), any::<i64>(), any::<i64>(), histogram());
        prop::collection::vec(row, 0..40)
    }

    proptest! {
        #[test]
        fn columns_come_back(rows in rows(), values_max in 1..400_usize, flip in any::<prop::sample::Index>()) {
            let entry = |(ordinal, timestamp, start, histogram): &'_ (u32, i64, i64, Histogram)| (*ordinal, *timestamp, *start, histogram.clone());
            let owned: Vec<_> = rows.iter().map(entry).collect();
            let entries: Vec<_> = owned.iter().map(|(ordinal, timestamp, start, histogram)| HistogramEntry {
                ordinal: *ordinal, timestamp: *timestamp, start: *start, histogram: histogram.as_ref(),
            }).collect();
            let mut encoder = PayloadEncoder::new().expect("options");
            let mut from = 0;
            while from < entries.len() {
                let record = HistogramRecord::of(&entries[from..], values_max);
                let len = record.len();
                let mut payload = Vec::new();
                record.encode(&mut encoder, &mut payload).expect("encodes");
                let back = HistogramRecord::decode(&payload).expect("decodes");
                prop_assert_eq!(back.len(), len);
                for (got, want) in back.iter().zip(&entries[from..]) {
                    prop_assert_eq!((got.ordinal, got.timestamp, got.start), (want.ordinal, want.timestamp, want.start));
                    prop_assert!(got.histogram.same_bits(&want.histogram));
                }
                from += len;
                let at = flip.index(payload.len());
                payload[at] ^= 0x10;
                let _ = HistogramRecord::decode(&payload);
                let _ = HistogramRecord::decode(&payload[..at]);
            }
        }
    }
}
