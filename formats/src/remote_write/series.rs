//! One series of a remote write message, straight into the columns of a batch.

use narthex_model::{
    Error, Exemplar, HistogramSample, Label, METRIC_NAME, TimestampMs, WriteBatch, push_canonical,
};

use super::histogram::read_histogram;
use super::packed::repack_labels;
use super::wire::{Malformed, Message, Value};

/// Working memory of a request.
#[derive(Default)]
pub(super) struct Scratch<'a> {
    labels: Vec<Label<'a>>,
    packed: Vec<u8>,
}

/// Reads a series and its samples; `false` if its labels are invalid and it was left out.
pub(super) fn read_series<'a>(
    message: Message<'a>,
    scratch: &mut Scratch<'a>,
    batch: &mut WriteBatch,
) -> Result<bool, Error> {
    let Scratch { labels, packed } = scratch;
    if let Some((found, samples)) = repack_labels(message, packed) {
        let series = batch.push_packed_series(found);
        read_samples(samples, series, labels, batch)?;
        return Ok(true);
    }
    labels.clear();
    let Some(samples) = read_labels(message, labels)? else {
        return Ok(false);
    };
    if !labels
        .iter()
        .any(|(name, value)| *name == METRIC_NAME && !value.is_empty())
    {
        return Ok(false);
    }
    let Ok(series) = batch.push_series(labels) else {
        return Ok(false);
    };
    read_samples(samples, series, labels, batch)?;
    Ok(true)
}

/// Reads the labels, wherever they stand, and returns the message from the first other field on; `None` if one is not
/// UTF-8. All fields are walked either way, so a length that runs over the end is found.
fn read_labels<'a>(
    mut message: Message<'a>,
    labels: &mut Vec<Label<'a>>,
) -> Result<Option<Message<'a>>, Malformed> {
    let mut samples = None;
    let mut valid = true;
    loop {
        let before = message;
        match message.field()? {
            None => break,
            Some((1, Value::Bytes(label))) => match read_label(label)? {
                Some(label) => labels.push(label),
                None => valid = false,
            },
            Some(_) => samples = samples.or(Some(before)),
        }
    }
    Ok(valid.then_some(samples.unwrap_or(message)))
}

/// Reads a label; `None` if it is not UTF-8.
#[inline]
fn read_label<'a>(mut message: Message<'a>) -> Result<Option<Label<'a>>, Malformed> {
    let (mut name, mut value): (&[u8], &[u8]) = (&[], &[]);
    while let Some(field) = message.field()? {
        match field {
            (1, Value::Bytes(text)) => name = text.bytes(),
            (2, Value::Bytes(text)) => value = text.bytes(),
            _ => {}
        }
    }
    Ok(std::str::from_utf8(name)
        .ok()
        .zip(std::str::from_utf8(value).ok()))
}

fn read_samples<'a>(
    mut message: Message<'a>,
    series: u32,
    labels: &mut Vec<Label<'a>>,
    batch: &mut WriteBatch,
) -> Result<(), Error> {
    while let Some(field) = message.field()? {
        match field {
            (2, Value::Bytes(sample)) => {
                let (value, timestamp) = read_sample(sample)?;
                batch.push_sample(series, timestamp, value);
            }
            (3, Value::Bytes(exemplar)) => batch
                .exemplars
                .extend(read_exemplar(exemplar, series, labels)?),
            (4, Value::Bytes(histogram)) => {
                let (timestamp, histogram) = read_histogram(histogram)?;
                batch.histograms.push(HistogramSample {
                    series,
                    timestamp,
                    histogram,
                    start_timestamp: None,
                });
            }
            _ => {}
        }
    }
    Ok(())
}

#[inline]
fn read_sample(mut message: Message<'_>) -> Result<(f64, TimestampMs), Malformed> {
    let (mut value, mut timestamp) = (0.0, 0);
    while let Some(field) = message.field()? {
        match field {
            (1, Value::Fixed64(bits)) => value = f64::from_bits(bits),
            (2, Value::Varint(millis)) => timestamp = millis as i64,
            _ => {}
        }
    }
    Ok((value, timestamp))
}

/// Reads an exemplar; `None` if its labels are invalid: it is not worth its series.
fn read_exemplar<'a>(
    mut message: Message<'a>,
    series: u32,
    labels: &mut Vec<Label<'a>>,
) -> Result<Option<Exemplar>, Malformed> {
    labels.clear();
    let mut valid = true;
    let mut exemplar = Exemplar {
        series,
        labels: Vec::new(),
        value: 0.0,
        timestamp: None,
    };
    while let Some(field) = message.field()? {
        match field {
            (1, Value::Bytes(label)) => match read_label(label)? {
                Some(label) => labels.push(label),
                None => valid = false,
            },
            (2, Value::Fixed64(bits)) => exemplar.value = f64::from_bits(bits),
            (3, Value::Varint(millis)) => exemplar.timestamp = Some(millis as i64),
            _ => {}
        }
    }
    valid &= push_canonical(labels, &mut exemplar.labels).is_ok();
    Ok(valid.then_some(exemplar))
}
