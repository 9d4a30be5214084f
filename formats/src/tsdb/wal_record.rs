//! Records of the write-ahead log: series, their samples, and what was deleted.

use narthex_model::{
    Error, Histogram, Label, Metadata, MetricType, ResetHint, Span, TimeRange, TimestampMs,
};

use super::bytes::{Bytes, Damage};
use super::histogram::CUSTOM_BOUNDS_SCHEMA;

/// Takes what records hold, in their order. Series are named by references, which a series record explains before they
/// are used; a series may have several. What a sink does not ask for is passed by.
pub trait WalSink {
    /// The series that `reference` stands for from now on.
    ///
    /// # Errors
    /// Labels that cannot be used.
    fn series(&mut self, reference: u64, labels: &mut [Label<'_>]) -> Result<(), Error> {
        let _ = (reference, labels);
        Ok(())
    }
    /// A float.
    fn sample(&mut self, reference: u64, t: TimestampMs, value: f64) {
        let _ = (reference, t, value);
    }
    /// A native histogram.
    fn histogram(&mut self, reference: u64, t: TimestampMs, histogram: Histogram) {
        let _ = (reference, t, histogram);
    }
    /// An exemplar.
    ///
    /// # Errors
    /// Labels that cannot be used.
    fn exemplar(&mut self, reference: u64, exemplar: WalExemplar<'_>) -> Result<(), Error> {
        let _ = (reference, exemplar);
        Ok(())
    }
    /// What the metric of a series says of itself.
    fn metadata(&mut self, reference: u64, metadata: Metadata) {
        let _ = (reference, metadata);
    }
    /// What was deleted of a series.
    fn tombstone(&mut self, reference: u64, range: TimeRange) {
        let _ = (reference, range);
    }
}

/// An exemplar as the log has it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WalExemplar<'a> {
    /// Its labels.
    pub labels: &'a [Label<'a>],
    /// When.
    pub timestamp: TimestampMs,
    /// The observed value.
    pub value: f64,
}

/// Gives what `record` holds to `sink`.
///
/// # Errors
/// `Corrupt` if the record is damaged, `Invalid` if its type is not known; what `sink` says.
pub fn read_wal_record(record: &[u8], sink: &mut dyn WalSink) -> Result<(), Error> {
    let mut bytes = Bytes::new(record);
    match bytes.byte()? {
        1 => series(&mut bytes, sink),
        2 => samples(&mut bytes, |reference, t, bytes| {
            sink.sample(reference, t, double(bytes)?);
            Ok(())
        }),
        3 => Ok(tombstones(&mut bytes, sink)?),
        4 => exemplars(&mut bytes, sink),
        // Marks which chunks lie in files, where nothing is that is not in the log, too.
        5 => Ok(()),
        6 => metadata(&mut bytes, sink),
        7 | 9 => samples(&mut bytes, |reference, t, bytes| {
            sink.histogram(reference, t, histogram(bytes)?);
            Ok(())
        }),
        8 | 10 => samples(&mut bytes, |reference, t, bytes| {
            sink.histogram(reference, t, float_histogram(bytes)?);
            Ok(())
        }),
        kind => Err(Error::invalid(format!(
            "a record has type {kind}, known are 1 to 10: it was written by a newer Prometheus"
        ))),
    }
}

fn series(bytes: &mut Bytes<'_>, sink: &mut dyn WalSink) -> Result<(), Error> {
    let mut labels = Vec::new();
    while !bytes.is_empty() {
        let reference = bytes.be64()?;
        read_labels(bytes, &mut labels)?;
        sink.series(reference, &mut labels)?;
    }
    Ok(())
}

fn read_labels<'a>(bytes: &mut Bytes<'a>, labels: &mut Vec<Label<'a>>) -> Result<(), Damage> {
    labels.clear();
    for _ in 0..bytes.uvarint()? {
        labels.push((text(bytes)?, text(bytes)?));
    }
    Ok(())
}

fn text<'a>(bytes: &mut Bytes<'a>) -> Result<&'a str, Damage> {
    let at = *bytes;
    std::str::from_utf8(bytes.text_bytes()?).map_err(|_| at.damage("a text is not UTF-8"))
}

/// Samples whose references and times are differences to those the record begins with.
fn samples(
    bytes: &mut Bytes<'_>,
    mut each: impl FnMut(u64, TimestampMs, &mut Bytes<'_>) -> Result<(), Error>,
) -> Result<(), Error> {
    if bytes.is_empty() {
        return Ok(());
    }
    let (first_reference, first_time) = (bytes.be64()?, bytes.be64()? as i64);
    while !bytes.is_empty() {
        let reference = first_reference.wrapping_add_signed(bytes.varint()?);
        let t = first_time.wrapping_add(bytes.varint()?);
        each(reference, t, bytes)?;
    }
    Ok(())
}

fn double(bytes: &mut Bytes<'_>) -> Result<f64, Damage> {
    bytes.be64().map(f64::from_bits)
}

fn tombstones(bytes: &mut Bytes<'_>, sink: &mut dyn WalSink) -> Result<(), Damage> {
    while !bytes.is_empty() {
        let reference = bytes.be64()?;
        let range = TimeRange::inclusive(bytes.varint()?, bytes.varint()?);
        sink.tombstone(reference, range);
    }
    Ok(())
}

fn exemplars(bytes: &mut Bytes<'_>, sink: &mut dyn WalSink) -> Result<(), Error> {
    samples(bytes, |reference, timestamp, bytes| {
        let value = double(bytes)?;
        let mut labels = Vec::new();
        read_labels(bytes, &mut labels)?;
        let exemplar = WalExemplar {
            labels: &labels,
            timestamp,
            value,
        };
        sink.exemplar(reference, exemplar)
    })
}

fn metadata(bytes: &mut Bytes<'_>, sink: &mut dyn WalSink) -> Result<(), Error> {
    while !bytes.is_empty() {
        let reference = bytes.uvarint()?;
        let code = u64::from(bytes.byte()?);
        let mut metadata = Metadata {
            metric_type: MetricType::from_code(code),
            ..Metadata::default()
        };
        for _ in 0..bytes.uvarint()? {
            // Metadata is for people: what is not UTF-8 is replaced.
            let name = bytes.text_bytes()?;
            let text = String::from_utf8_lossy(bytes.text_bytes()?).into_owned();
            match name {
                b"UNIT" => metadata.unit = text,
                b"HELP" => metadata.help = text,
                _ => {}
            }
        }
        sink.metadata(reference, metadata);
    }
    Ok(())
}

/// Counts are integers; a bucket is written as its difference to the bucket below.
fn histogram(bytes: &mut Bytes<'_>) -> Result<Histogram, Damage> {
    let mut h = begin(bytes)?;
    h.zero_count = bytes.uvarint()? as f64;
    h.count = bytes.uvarint()? as f64;
    h.sum = double(bytes)?;
    h.positive_spans = spans(bytes)?;
    h.negative_spans = spans(bytes)?;
    let mut running_sums = || {
        let mut sum = 0_i64;
        list(bytes, |bytes| {
            sum = sum.wrapping_add(bytes.varint()?);
            Ok(sum as f64)
        })
    };
    h.positive_buckets = running_sums()?;
    h.negative_buckets = running_sums()?;
    end(bytes, h)
}

fn float_histogram(bytes: &mut Bytes<'_>) -> Result<Histogram, Damage> {
    let mut h = begin(bytes)?;
    h.zero_count = double(bytes)?;
    h.count = double(bytes)?;
    h.sum = double(bytes)?;
    h.positive_spans = spans(bytes)?;
    h.negative_spans = spans(bytes)?;
    h.positive_buckets = list(bytes, double)?;
    h.negative_buckets = list(bytes, double)?;
    end(bytes, h)
}

fn begin(bytes: &mut Bytes<'_>) -> Result<Histogram, Damage> {
    let reset_hint = match bytes.byte()? {
        1 => ResetHint::Reset,
        2 => ResetHint::NotReset,
        3 => ResetHint::Gauge,
        _ => ResetHint::Unknown,
    };
    let schema = i32::try_from(bytes.varint()?)
        .map_err(|_| bytes.damage("a histogram has an impossible schema"))?;
    Ok(Histogram {
        schema,
        zero_threshold: double(bytes)?,
        reset_hint,
        ..Histogram::default()
    })
}

/// A histogram with custom buckets ends with their bounds.
fn end(bytes: &mut Bytes<'_>, mut h: Histogram) -> Result<Histogram, Damage> {
    if h.schema == CUSTOM_BOUNDS_SCHEMA {
        h.custom_values = list(bytes, double)?;
    }
    Ok(h)
}

fn spans(bytes: &mut Bytes<'_>) -> Result<Vec<Span>, Damage> {
    list(bytes, |bytes| {
        let at = *bytes;
        let offset = i32::try_from(bytes.varint()?)
            .map_err(|_| at.damage("a span has an impossible offset"))?;
        let length = bytes.uvarint32()?;
        Ok(Span { offset, length })
    })
}

/// A number of things, then the things, of which each takes a byte at least.
fn list<T>(
    bytes: &mut Bytes<'_>,
    mut read: impl FnMut(&mut Bytes<'_>) -> Result<T, Damage>,
) -> Result<Vec<T>, Damage> {
    let count = bytes.uvarint()?;
    if count > bytes.rest().len() as u64 {
        return Err(bytes.damage("a list is longer than the record"));
    }
    let mut out = Vec::with_capacity(count as usize);
    for _ in 0..count {
        out.push(read(bytes)?);
    }
    Ok(out)
}
