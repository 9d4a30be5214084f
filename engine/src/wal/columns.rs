//! The samples of many records, unpacked one after the other into the same columns.

use arrow_array::{Float64Array, Int64Array, UInt32Array};
use arrow_buffer::MutableBuffer;
use arrow_ipc::Buffer as IpcBuffer;

use super::lz4::unpack;
use super::record::{Message, RecordKind, Samples, decode_samples};

/// In place of the size of a column: it did not become smaller, and stands as it is.
const UNCOMPRESSED: i64 = -1;

/// Columns of samples that grow.
#[derive(Debug, Default)]
pub(super) struct Columns {
    series: MutableBuffer,
    timestamps: MutableBuffer,
    values: MutableBuffer,
    /// Empty, or one per sample.
    starts: MutableBuffer,
}

impl Columns {
    /// With room for so many samples.
    pub(super) fn with_capacity(samples: usize) -> Self {
        Self {
            series: MutableBuffer::new(samples * size_of::<u32>()),
            timestamps: MutableBuffer::new(samples * size_of::<i64>()),
            values: MutableBuffer::new(samples * size_of::<f64>()),
            starts: MutableBuffer::default(),
        }
    }

    /// Number of samples.
    pub(super) fn len(&self) -> usize {
        self.values.len() / size_of::<f64>()
    }

    /// Adds the samples of a record; the error says what is wrong.
    pub(super) fn push(&mut self, payload: &[u8], kind: RecordKind) -> Result<(), String> {
        let before = self.len();
        let is_started = kind == RecordKind::StartedSamples;
        if is_started {
            self.starts.resize(before * size_of::<i64>(), 0);
        }
        if self.unpack(payload, is_started).is_none() {
            self.truncate(before);
            // Whatever is unusual, Arrow decodes or knows what is wrong.
            self.extend(&decode_samples(payload, kind)?);
        }
        if !is_started && !self.starts.is_empty() {
            self.starts.resize(self.len() * size_of::<i64>(), 0);
        }
        Ok(())
    }

    fn extend(&mut self, samples: &Samples) {
        self.series.extend_from_slice(samples.series.values());
        self.timestamps
            .extend_from_slice(samples.timestamps.values());
        self.values.extend_from_slice(samples.values.values());
        if let Some(starts) = &samples.starts {
            self.starts.extend_from_slice(starts.values());
        }
    }

    fn unpack(&mut self, payload: &[u8], is_started: bool) -> Option<()> {
        let message = Message::split(payload).ok()?;
        message.is_compressed().then_some(())?;
        let rows = message.rows(if is_started { 4 } else { 3 })?;
        let mut buffers = message.batch.buffers()?.iter();
        let mut next = || buffers.nth(1);
        append::<u32>(&message, next()?, rows, &mut self.series)?;
        append::<i64>(&message, next()?, rows, &mut self.timestamps)?;
        append::<f64>(&message, next()?, rows, &mut self.values)?;
        if is_started {
            append::<i64>(&message, next()?, rows, &mut self.starts)?;
        }
        Some(())
    }

    fn truncate(&mut self, len: usize) {
        self.series.truncate(len * size_of::<u32>());
        self.timestamps.truncate(len * size_of::<i64>());
        self.values.truncate(len * size_of::<f64>());
        self.starts.truncate(len * size_of::<i64>());
    }

    /// The samples.
    pub(super) fn finish(self) -> Samples {
        Samples {
            series: UInt32Array::new(self.series.into(), None),
            timestamps: Int64Array::new(self.timestamps.into(), None),
            values: Float64Array::new(self.values.into(), None),
            starts: (!self.starts.is_empty()).then(|| Int64Array::new(self.starts.into(), None)),
        }
    }
}

/// Appends a column of `rows` rows; `None` if it holds anything else.
fn append<T>(
    message: &Message<'_>,
    buffer: &IpcBuffer,
    rows: usize,
    to: &mut MutableBuffer,
) -> Option<()> {
    let (size, packed) = message.bytes_of(buffer)?.split_first_chunk::<8>()?;
    let (size, bytes) = (i64::from_le_bytes(*size), rows.checked_mul(size_of::<T>())?);
    if size == UNCOMPRESSED && packed.len() == bytes {
        to.extend_from_slice(packed);
        return Some(());
    }
    if size != i64::try_from(bytes).ok()? {
        return None;
    }
    let start = to.len();
    to.resize(start.checked_add(bytes)?, 0);
    unpack(packed, to.as_slice_mut().get_mut(start..)?)
}
