//! WAL records of exemplars and of metadata.

use std::sync::{Arc, LazyLock};

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type, UInt32Type};
use arrow_array::{ArrayRef, BinaryArray, Float64Array, Int64Array, StringArray, UInt32Array};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use narthex_model::{Labels, LabelsRef, Metadata, MetadataEntry, MetricType, Result, TimestampMs};

use super::record::{PayloadEncoder, decode};
use crate::metadata::KnownMetadata;

/// Exemplars or metadata of one record; a larger group is written as several records.
pub(super) const RECORD_EXTRAS_MAX: usize = 1 << 14;

/// An exemplar on its way into WAL and head.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ExemplarEntry {
    /// Of its series.
    pub(crate) ordinal: u32,
    pub(crate) timestamp: TimestampMs,
    pub(crate) value: f64,
    pub(crate) labels: Labels,
}

fn schema(fields: &[(&str, DataType)]) -> SchemaRef {
    let fields = fields.iter();
    let fields = fields.map(|(name, data_type)| Field::new(*name, data_type.clone(), false));
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

static EXEMPLARS: LazyLock<SchemaRef> = LazyLock::new(|| {
    schema(&[
        ("ref", DataType::UInt32),
        ("timestamp", DataType::Int64),
        ("value", DataType::Float64),
        ("labels", DataType::Binary),
    ])
});

static METADATA: LazyLock<SchemaRef> = LazyLock::new(|| {
    schema(&[
        ("timestamp", DataType::Int64),
        ("metric", DataType::Utf8),
        ("type", DataType::Utf8),
        ("help", DataType::Utf8),
        ("unit", DataType::Utf8),
    ])
});

/// Appends the payload of a record of exemplars.
pub(super) fn encode_exemplars(
    exemplars: &[ExemplarEntry],
    encoder: &mut PayloadEncoder,
    out: &mut Vec<u8>,
) -> Result<()> {
    let all = || exemplars.iter();
    let labels = all().map(|e| e.labels.as_ref().as_bytes());
    let columns: Vec<ArrayRef> = vec![
        Arc::new(UInt32Array::from_iter_values(all().map(|e| e.ordinal))),
        Arc::new(Int64Array::from_iter_values(all().map(|e| e.timestamp))),
        Arc::new(Float64Array::from_iter_values(all().map(|e| e.value))),
        Arc::new(BinaryArray::from_iter_values(labels)),
    ];
    encoder.batch(&EXEMPLARS, columns, out)
}

/// Reads a record of exemplars; `ordinal` is then the number that the series has in the segment. The error says what is
/// wrong.
pub(super) fn decode_exemplars(payload: &[u8]) -> Result<Vec<ExemplarEntry>, String> {
    let batch = decode(payload, &EXEMPLARS)?;
    let wrong = || "a column is of the wrong type".to_owned();
    let refs = batch.column(0).as_primitive_opt::<UInt32Type>();
    let times = batch.column(1).as_primitive_opt::<Int64Type>();
    let values = batch.column(2).as_primitive_opt::<Float64Type>();
    let labels = batch.column(3).as_binary_opt::<i32>().ok_or_else(wrong)?;
    let refs = refs.ok_or_else(wrong)?.values();
    let times = times.ok_or_else(wrong)?.values();
    let values = values.ok_or_else(wrong)?.values();
    let numbers = refs.iter().zip(times).zip(values);
    let entry = |(((ordinal, timestamp), value), labels): (((&u32, &i64), &f64), _)| {
        let labels: Option<&[u8]> = labels;
        let labels = labels.and_then(LabelsRef::checked);
        Ok(ExemplarEntry {
            ordinal: *ordinal,
            timestamp: *timestamp,
            value: *value,
            labels: labels
                .ok_or("the labels of an exemplar are damaged")?
                .to_owned(),
        })
    };
    numbers.zip(labels.iter()).map(entry).collect()
}

/// Appends the payload of a record of metadata.
pub(super) fn encode_metadata(
    known: &[KnownMetadata],
    encoder: &mut PayloadEncoder,
    out: &mut Vec<u8>,
) -> Result<()> {
    let all = || known.iter();
    let texts = |of: fn(&KnownMetadata) -> &str| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(all().map(of)))
    };
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Int64Array::from_iter_values(all().map(|k| k.since))),
        texts(|k| &k.entry.metric),
        texts(|k| k.entry.metadata.metric_type.as_str()),
        texts(|k| &k.entry.metadata.help),
        texts(|k| &k.entry.metadata.unit),
    ];
    encoder.batch(&METADATA, columns, out)
}

/// Reads a record of metadata; the error says what is wrong.
pub(super) fn decode_metadata(payload: &[u8]) -> Result<Vec<KnownMetadata>, String> {
    let batch = decode(payload, &METADATA)?;
    let wrong = || "a column is of the wrong type".to_owned();
    let times = batch.column(0).as_primitive_opt::<Int64Type>();
    let text = |at: usize| {
        let texts = batch.column(at).as_string_opt::<i32>();
        texts.ok_or_else(wrong)
    };
    let (metrics, types, helps, units) = (text(1)?, text(2)?, text(3)?, text(4)?);
    let times = times.ok_or_else(wrong)?.values().iter().enumerate();
    let known = times.map(|(i, since)| KnownMetadata {
        entry: MetadataEntry {
            metric: metrics.value(i).to_owned(),
            metadata: Metadata {
                metric_type: MetricType::named(types.value(i)).unwrap_or_default(),
                help: helps.value(i).to_owned(),
                unit: units.value(i).to_owned(),
            },
        },
        since: *since,
    });
    Ok(known.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn columns_come_back(
            exemplars in prop::collection::vec((any::<u32>(), any::<i64>(), 0.0..9.0_f64, "[a-z]{0,4}"), 0..20),
            texts in prop::collection::vec((any::<i64>(), "[a-z]{1,4}", ".{0,9}", 0..8_usize), 0..20),
            flip in any::<prop::sample::Index>(),
        ) {
            let exemplar = |(ordinal, timestamp, value, id): &(u32, i64, f64, String)| ExemplarEntry {
                ordinal: *ordinal,
                timestamp: *timestamp,
                value: *value,
                labels: Labels::new([("trace_id", id.as_str())]).expect("valid"),
            };
            let exemplars: Vec<_> = exemplars.iter().map(exemplar).collect();
            let said = |(since, metric, help, kind): &(i64, String, String, usize)| KnownMetadata {
                entry: MetadataEntry {
                    metric: metric.clone(),
                    metadata: Metadata { metric_type: MetricType::ALL[*kind], help: help.clone(), unit: metric.clone() },
                },
                since: *since,
            };
            let said: Vec<_> = texts.iter().map(said).collect();
            let mut encoder = PayloadEncoder::new().expect("options");
            let (mut first, mut second) = (Vec::new(), Vec::new());
            encode_exemplars(&exemplars, &mut encoder, &mut first).expect("encodes");
            encode_metadata(&said, &mut encoder, &mut second).expect("encodes");
            prop_assert_eq!(decode_exemplars(&first), Ok(exemplars));
            prop_assert_eq!(decode_metadata(&second), Ok(said));
            for mut payload in [first, second] {
                let at = flip.index(payload.len());
                let _ = decode_metadata(&payload[..at]);
                payload[at] ^= 0x11;
                let _ = (decode_exemplars(&payload), decode_metadata(&payload));
            }
        }
    }
}
