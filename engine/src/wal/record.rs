//! Payloads of WAL records: Arrow IPC record batches, lz4, without their schema.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, LazyLock};

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type, UInt32Type};
use arrow_array::{
    Array, ArrayRef, ArrowPrimitiveType, BinaryArray, Float64Array, Int64Array, PrimitiveArray,
    RecordBatch, UInt32Array,
};
use arrow_buffer::Buffer;
use arrow_ipc::reader::read_record_batch;
use arrow_ipc::writer::{DictionaryTracker, IpcDataGenerator, IpcWriteOptions, write_message};
use arrow_ipc::{
    Buffer as IpcBuffer, CompressionType, MetadataVersion, RecordBatch as IpcBatch, root_as_message,
};
use arrow_schema::{ArrowError, DataType, Field, Schema, SchemaRef};
use narthex_model::{Error, LabelsRef, Result};

/// A byte of an LZ4 frame stands for no more bytes than this.
const LZ4_RATIO_MAX: i64 = 256;

/// What a record holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RecordKind {
    /// Which labels a series number of this segment stands for.
    Series = 1,
    /// Samples of series defined earlier in this segment.
    Samples = 2,
    /// Native histograms of series defined earlier in this segment.
    Histograms = 3,
    /// Exemplars of series defined earlier in this segment.
    Exemplars = 4,
    /// What metrics say of themselves.
    Metadata = 5,
    /// As samples, some of which say since when they count.
    StartedSamples = 6,
    /// Samples sorted by series and compressed as in the head.
    Runs = 7,
}

impl RecordKind {
    pub(super) fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            1 => Some(Self::Series),
            2 => Some(Self::Samples),
            3 => Some(Self::Histograms),
            4 => Some(Self::Exemplars),
            5 => Some(Self::Metadata),
            6 => Some(Self::StartedSamples),
            7 => Some(Self::Runs),
            _ => None,
        }
    }
}

static SERIES_SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
    let labels = Field::new("labels", DataType::Binary, false);
    Arc::new(Schema::new(vec![
        Field::new("ref", DataType::UInt32, false),
        labels,
    ]))
});

static SAMPLES_SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| samples_schema(&[]));

static STARTED_SCHEMA: LazyLock<SchemaRef> =
    LazyLock::new(|| samples_schema(&[("start_timestamp", DataType::Int64)]));

fn samples_schema(more: &[(&str, DataType)]) -> SchemaRef {
    let fields = [
        ("ref", DataType::UInt32),
        ("timestamp", DataType::Int64),
        ("value", DataType::Float64),
    ];
    let fields = fields.iter().chain(more);
    let fields = fields.map(|(name, data_type)| Field::new(*name, data_type.clone(), false));
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

/// Samples as columns: the series, the time and the value of each.
#[derive(Debug, Clone)]
pub(crate) struct Samples {
    pub(crate) series: UInt32Array,
    pub(crate) timestamps: Int64Array,
    pub(crate) values: Float64Array,
    /// Since when each counts, 0 where that is not known; left out if it is known of none.
    pub(crate) starts: Option<Int64Array>,
}

impl Samples {
    /// The rows in turn.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u32, i64, f64)> {
        let (series, timestamps) = (self.series.values().iter(), self.timestamps.values().iter());
        series
            .zip(timestamps)
            .zip(self.values.values())
            .map(|((s, t), v)| (*s, *t, *v))
    }

    pub(crate) fn len(&self) -> usize {
        self.values.len()
    }

    /// `len` rows from `offset` on, sharing memory.
    pub(crate) fn slice(&self, offset: usize, len: usize) -> Self {
        Self {
            series: self.series.slice(offset, len),
            timestamps: self.timestamps.slice(offset, len),
            values: self.values.slice(offset, len),
            starts: self.starts.as_ref().map(|s| s.slice(offset, len)),
        }
    }
}

/// Rows without starts.
impl FromIterator<(u32, i64, f64)> for Samples {
    fn from_iter<I: IntoIterator<Item = (u32, i64, f64)>>(rows: I) -> Self {
        let (mut series, mut timestamps, mut values) = (Vec::new(), Vec::new(), Vec::new());
        for (one, t, value) in rows {
            series.push(one);
            timestamps.push(t);
            values.push(value);
        }
        Self {
            series: series.into(),
            timestamps: timestamps.into(),
            values: values.into(),
            starts: None,
        }
    }
}

/// Series definitions: numbers and labels.
#[derive(Debug, Clone)]
pub(crate) struct Definitions {
    refs: UInt32Array,
    labels: BinaryArray,
}

impl Definitions {
    pub(super) fn new(refs: Vec<u32>, labels: BinaryArray) -> Self {
        Self {
            refs: refs.into(),
            labels,
        }
    }

    /// The definitions in turn; `None` in place of labels that are no label set.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, Option<LabelsRef<'_>>)> {
        let labels = self
            .labels
            .iter()
            .map(|bytes| bytes.and_then(LabelsRef::checked));
        self.refs.values().iter().copied().zip(labels)
    }
}

/// Appends a record batch to bytes.
type EncodeBatch = dyn FnMut(&RecordBatch, &mut Vec<u8>) -> Result<(), ArrowError> + Send;

/// Writes payloads; keeps what Arrow's compression can use again.
pub(super) struct PayloadEncoder {
    encode: Box<EncodeBatch>,
}

impl PayloadEncoder {
    pub(super) fn new() -> Result<Self> {
        Self::with(Some(CompressionType::LZ4_FRAME))
    }

    /// For columns that are compressed already.
    pub(super) fn uncompressed() -> Result<Self> {
        Self::with(None)
    }

    fn with(compression: Option<CompressionType>) -> Result<Self> {
        let options = IpcWriteOptions::try_new(8, false, MetadataVersion::V5);
        let options = options.and_then(|o| o.try_with_compression(compression));
        let options = options.map_err(encoding_bug)?;
        let mut dictionaries = DictionaryTracker::new(false);
        // Arrow does not let its type be named, so a closure holds it.
        let mut context = Default::default();
        let encode = move |batch: &RecordBatch, out: &mut Vec<u8>| {
            let generator = IpcDataGenerator::default();
            let (_, message) =
                generator.encode(batch, &mut dictionaries, &options, &mut context)?;
            write_message(out, message, &options).map(|_| ())
        };
        Ok(Self {
            encode: Box::new(encode),
        })
    }

    /// Appends the payload of a series record.
    pub(super) fn definitions(
        &mut self,
        definitions: Definitions,
        out: &mut Vec<u8>,
    ) -> Result<()> {
        let columns: Vec<ArrayRef> = vec![Arc::new(definitions.refs), Arc::new(definitions.labels)];
        self.batch(&SERIES_SCHEMA, columns, out)
    }

    /// Appends the payload of a samples record.
    pub(super) fn samples(&mut self, samples: Samples, out: &mut Vec<u8>) -> Result<()> {
        let mut columns: Vec<ArrayRef> = vec![
            Arc::new(samples.series),
            Arc::new(samples.timestamps),
            Arc::new(samples.values),
        ];
        let Some(starts) = samples.starts else {
            return self.batch(&SAMPLES_SCHEMA, columns, out);
        };
        columns.push(Arc::new(starts));
        self.batch(&STARTED_SCHEMA, columns, out)
    }

    /// Appends a record batch.
    pub(super) fn batch(
        &mut self,
        schema: &SchemaRef,
        columns: Vec<ArrayRef>,
        out: &mut Vec<u8>,
    ) -> Result<()> {
        let batch = RecordBatch::try_new(schema.clone(), columns);
        batch
            .and_then(|batch| (self.encode)(&batch, out))
            .map_err(encoding_bug)
    }
}

fn encoding_bug(error: ArrowError) -> Error {
    Error::internal("encode wal record").with_source(error)
}

/// Reads the payload of a series record; the error says what is wrong.
pub(super) fn decode_definitions(payload: &[u8]) -> Result<Definitions, String> {
    let batch = decode(payload, &SERIES_SCHEMA)?;
    let refs = batch
        .column(0)
        .as_primitive_opt::<UInt32Type>()
        .ok_or("ref is no column of numbers")?
        .clone();
    let labels = batch
        .column(1)
        .as_binary_opt::<i32>()
        .ok_or("labels is no column of bytes")?
        .clone();
    Ok(Definitions { refs, labels })
}

/// Reads the payload of a record of samples, with or without start timestamps; the error says what is wrong.
pub(super) fn decode_samples(payload: &[u8], kind: RecordKind) -> Result<Samples, String> {
    let is_started = kind == RecordKind::StartedSamples;
    let schema = if is_started {
        &STARTED_SCHEMA
    } else {
        &SAMPLES_SCHEMA
    };
    let batch = decode(payload, schema)?;
    Ok(Samples {
        series: column::<UInt32Type>(&batch, 0, "ref is no column of numbers")?,
        timestamps: column::<Int64Type>(&batch, 1, "timestamp is no column of times")?,
        values: column::<Float64Type>(&batch, 2, "value is no column of floats")?,
        starts: is_started
            .then(|| column::<Int64Type>(&batch, 3, "start_timestamp is no column of times"))
            .transpose()?,
    })
}

fn column<T: ArrowPrimitiveType>(
    batch: &RecordBatch,
    at: usize,
    otherwise: &str,
) -> Result<PrimitiveArray<T>, String> {
    let column = batch.columns().get(at);
    let column = column.and_then(|c| c.as_primitive_opt::<T>());
    column.cloned().ok_or_else(|| otherwise.to_owned())
}

/// A record batch in a payload: `ffffffff`, the length of its flatbuffer, the flatbuffer, the body.
pub(super) struct Message<'a> {
    version: MetadataVersion,
    pub(super) batch: IpcBatch<'a>,
    body: &'a [u8],
}

impl<'a> Message<'a> {
    /// Finds the parts, and sees to it that no column says a size that its bytes cannot hold; the error says what is wrong.
    pub(super) fn split(payload: &'a [u8]) -> Result<Self, String> {
        let (start, rest) = payload
            .split_first_chunk::<8>()
            .ok_or("the payload is shorter than its header")?;
        let [a, b, c, d, len @ ..] = *start;
        if [a, b, c, d] != [255; 4] {
            return Err("the payload is no arrow message".to_owned());
        }
        let len = u32::from_le_bytes(len) as usize;
        let (head, body) = rest
            .split_at_checked(len)
            .ok_or("the message header is longer than the payload")?;
        let message =
            root_as_message(head).map_err(|e| format!("the message header is damaged: {e}"))?;
        let version = message.version();
        let batch = message
            .header_as_record_batch()
            .ok_or("the message is no record batch")?;
        let found = Self {
            version,
            batch,
            body,
        };
        found.check().map(|()| found)
    }

    fn check(&self) -> Result<(), String> {
        let mut buffers = self.batch.buffers().into_iter().flatten();
        let sound = |bytes: &[u8]| !self.is_compressed() || is_sound(bytes);
        if !buffers.all(|b| self.bytes_of(b).is_some_and(sound)) {
            return Err("a column lies outside the payload or is larger than it can be".to_owned());
        }
        // No column has nulls; where damage pretends that one has, the decoder of structs would panic.
        let mut nodes = self.batch.nodes().into_iter().flatten();
        if nodes.any(|n| n.null_count() != 0 || n.length() < 0) {
            return Err("a column has nulls".to_owned());
        }
        Ok(())
    }

    /// Whether each column begins with its size before compression.
    pub(super) fn is_compressed(&self) -> bool {
        self.batch.compression().is_some()
    }

    /// The number of rows, if there are just so many columns and each has as many rows.
    pub(super) fn rows(&self, columns: usize) -> Option<usize> {
        let nodes = self.batch.nodes()?;
        let rows = nodes.iter().next()?.length();
        let fits = nodes.len() == columns && nodes.iter().all(|n| n.length() == rows);
        usize::try_from(rows).ok().filter(|_| fits)
    }

    /// Where a column lies.
    pub(super) fn bytes_of(&self, buffer: &IpcBuffer) -> Option<&'a [u8]> {
        let start = usize::try_from(buffer.offset()).ok()?;
        let end = start.checked_add(usize::try_from(buffer.length()).ok()?)?;
        self.body.get(start..end)
    }
}

/// Reads a payload; the error says what is wrong.
pub(super) fn decode(payload: &[u8], schema: &SchemaRef) -> Result<RecordBatch, String> {
    let message = Message::split(payload)?;
    let body = Buffer::from(message.body);
    let decode = || {
        read_record_batch(
            &body,
            message.batch,
            schema.clone(),
            &HashMap::new(),
            None,
            &message.version,
        )
    };
    // Arrow answers most damage with an error and some with a panic.
    let decoded = catch_unwind(AssertUnwindSafe(decode));
    let decoded = decoded.map_err(|_| "the columns contradict themselves".to_owned())?;
    let decoded = decoded.map_err(|e| format!("the columns cannot be decoded: {e}"))?;
    if decoded.columns().iter().any(|c| c.null_count() > 0) {
        return Err("a column has nulls".to_owned());
    }
    Ok(decoded)
}

/// Whether a compressed buffer says no size that its bytes cannot hold: so much would be allocated. It begins with its size, or
/// -1 if it is not compressed.
fn is_sound(bytes: &[u8]) -> bool {
    match bytes.split_first_chunk::<8>() {
        Some((size, rest)) => i64::from_le_bytes(*size) <= (rest.len() as i64 + 1) * LZ4_RATIO_MAX,
        None => true,
    }
}

#[cfg(test)]
mod tests {
    use super::super::columns::Columns;
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn columns_come_back(
            rows in prop::collection::vec((any::<u32>(), any::<i64>(), any::<u64>()), 0..300),
            (same, started) in any::<(bool, bool)>(),
        ) {
            // What repeats is compressed.
            let row = |(i, row): (usize, (u32, i64, u64))| match same {
                true => (i as u32 % 7, 15_000, row.2 % 3),
                false => row,
            };
            let rows: Vec<_> = rows.into_iter().enumerate().map(row).collect();
            let mut encoder = PayloadEncoder::new().expect("options");
            let samples = Samples {
                series: rows.iter().map(|r| r.0).collect::<Vec<_>>().into(),
                timestamps: rows.iter().map(|r| r.1).collect::<Vec<_>>().into(),
                values: rows.iter().map(|r| f64::from_bits(r.2)).collect::<Vec<_>>().into(),
                starts: started.then(|| rows.iter().map(|r| r.1 / 7).collect::<Vec<_>>().into()),
            };
            let kind = if started { RecordKind::StartedSamples } else { RecordKind::Samples };
            let mut payload = Vec::new();
            encoder.samples(samples.slice(rows.len() / 2, rows.len() - rows.len() / 2), &mut payload).expect("encodes");
            let back = decode_samples(&payload, kind).expect("decodes");
            let wanted_starts = rows[rows.len() / 2..].iter().map(|r| r.1 / 7);
            let starts_of = |s: &Samples| s.starts.as_ref().map(|s| s.values().to_vec());
            prop_assert_eq!(starts_of(&back), started.then(|| wanted_starts.collect()));
            let starts = starts_of(&back).unwrap_or_default();
            let back: Vec<_> = back.iter().map(|(s, t, v)| (s, t, v.to_bits())).collect();
            prop_assert_eq!(&back, &rows[rows.len() / 2..]);
            let mut columns = Columns::default();
            for _ in 0..2 {
                columns.push(&payload, kind).expect("unpacks");
            }
            let unpacked = columns.finish();
            for half in [unpacked.slice(0, back.len()), unpacked.slice(back.len(), back.len())] {
                prop_assert_eq!(&starts_of(&half).unwrap_or_default(), &starts);
                let half: Vec<_> = half.iter().map(|(s, t, v)| (s, t, v.to_bits())).collect();
                prop_assert_eq!(&half, &back);
            }
            for cut in 0..payload.len().min(40) {
                prop_assert!(decode_samples(&payload[..cut], kind).is_err());
                prop_assert!(Columns::default().push(&payload[..cut], kind).is_err());
            }
            let _ = decode_definitions(&payload);
        }
    }
}
