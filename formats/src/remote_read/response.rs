//! What is answered.

use narthex_model::{Error, HistogramSample, Label, TimeRange, WriteBatch};

use crate::remote_write::wire::{Malformed, Message, Value};
use crate::remote_write::{self, Limits};
use crate::tsdb::{Encoding, decode_floats, decode_histograms};

/// Reads an answer of samples: a batch for each result.
///
/// # Errors
/// `Limit` if it is larger than `limits` allow, `Invalid` if it is damaged.
pub fn read_samples(body: &[u8], limits: &Limits) -> Result<Vec<WriteBatch>, Error> {
    let message = remote_write::decompress(body, limits)?;
    let mut message = Message::new(&message);
    let mut batches = Vec::new();
    while let Some((number, value)) = message.field().map_err(malformed)? {
        if let (1, Value::Bytes(result)) = (number, value) {
            // A result is a list of series, and so is a remote write request.
            batches.push(remote_write::decode_message(result.bytes())?.batch);
        }
    }
    Ok(batches)
}

/// Adds the samples of a frame of a streamed answer that lie in `range` to `batch`: chunks may reach beyond what was asked
/// for.
///
/// # Errors
/// `Invalid` if the message is damaged or a chunk has an unknown type, `Corrupt` if a chunk is damaged.
pub fn read_frame(frame: &[u8], range: TimeRange, batch: &mut WriteBatch) -> Result<(), Error> {
    let mut message = Message::new(frame);
    while let Some((number, value)) = message.field().map_err(malformed)? {
        if let (1, Value::Bytes(series)) = (number, value) {
            read_series(series, range, batch)?;
        }
    }
    Ok(())
}

/// An error of the wire format.
pub(super) fn malformed(error: Malformed) -> Error {
    Error::invalid(format!(
        "malformed remote read message: {} at byte {}",
        error.what, error.offset
    ))
}

fn read_series(
    mut message: Message<'_>,
    range: TimeRange,
    batch: &mut WriteBatch,
) -> Result<(), Error> {
    let (mut labels, mut chunks) = (Vec::new(), Vec::new());
    while let Some(field) = message.field().map_err(malformed)? {
        match field {
            (1, Value::Bytes(label)) => labels.push(read_label(label)?),
            (2, Value::Bytes(chunk)) => chunks.push(read_chunk(chunk).map_err(malformed)?),
            _ => {}
        }
    }
    let series = batch
        .push_series(&mut labels)
        .map_err(|e| Error::invalid("the labels of a series form no set").with_source(e))?;
    chunks
        .into_iter()
        .try_for_each(|(code, data)| push_chunk(code, data, series, range, batch))
}

fn read_label(mut message: Message<'_>) -> Result<Label<'_>, Error> {
    let mut label: Label<'_> = ("", "");
    while let Some(field) = message.field().map_err(malformed)? {
        let text = |text: Message<'_>| {
            let error = text.malformed("a text is not UTF-8");
            malformed(error)
        };
        match field {
            (1, Value::Bytes(name)) => {
                label.0 = std::str::from_utf8(name.bytes()).map_err(|_| text(name))?;
            }
            (2, Value::Bytes(value)) => {
                label.1 = std::str::from_utf8(value.bytes()).map_err(|_| text(value))?;
            }
            _ => {}
        }
    }
    Ok(label)
}

/// Type and data.
fn read_chunk(mut message: Message<'_>) -> Result<(u64, &[u8]), Malformed> {
    let (mut code, mut data): (u64, &[u8]) = (0, &[]);
    while let Some(field) = message.field()? {
        match field {
            (3, Value::Varint(value)) => code = value,
            (4, Value::Bytes(bytes)) => data = bytes.bytes(),
            _ => {}
        }
    }
    Ok((code, data))
}

fn push_chunk(
    code: u64,
    data: &[u8],
    series: u32,
    range: TimeRange,
    batch: &mut WriteBatch,
) -> Result<(), Error> {
    let encoding = Encoding::from_code(u8::try_from(code).unwrap_or(u8::MAX))?;
    if encoding == Encoding::Xor {
        let (mut timestamps, mut values) = (Vec::new(), Vec::new());
        decode_floats(data, &mut timestamps, &mut values)?;
        for (t, value) in timestamps.into_iter().zip(values) {
            if range.contains(t) {
                batch.push_sample(series, t, value);
            }
        }
        return Ok(());
    }
    let mut histograms = Vec::new();
    decode_histograms(encoding, data, &mut histograms)?;
    let inside = histograms.into_iter().filter(|(t, _)| range.contains(*t));
    let samples = inside.map(|(timestamp, histogram)| HistogramSample {
        series,
        timestamp,
        histogram,
        start_timestamp: None,
    });
    batch.histograms.extend(samples);
    Ok(())
}
