//! Histogram chunks: all samples share a layout of buckets, and each writes its counts as differences to the one before.

use narthex_model::{Error, Histogram, ResetHint, Span, TimestampMs, is_stale, stale_nan};

use super::bits::{Bits, XorValue};
use super::bytes::Damage;
use super::chunk::Encoding;
use super::xor::sample_count;

/// The schema whose bounds are listed.
pub(super) const CUSTOM_BOUNDS_SCHEMA: i32 = -53;

/// Appends the samples of a chunk of native histograms, in the order they are stored.
///
/// Nothing is known of resets before the first sample, unless the chunk says that there was one; there is none before the
/// others. A stale marker is a histogram without buckets whose sum is the stale NaN.
///
/// # Errors
/// `Corrupt` if the chunk ends early or contradicts itself, or if it is a chunk of floats; samples before that may have
/// been appended.
pub fn decode_histograms(
    encoding: Encoding,
    data: &[u8],
    out: &mut Vec<(TimestampMs, Histogram)>,
) -> Result<(), Error> {
    let (count, data) = sample_count(data)?;
    let mut bits = Bits::new(data);
    let header = bits.bits(8)? >> 6;
    if count == 0 {
        return Ok(());
    }
    let layout = Layout::read(&mut bits, header)?;
    match encoding {
        Encoding::Xor => Err(Error::corrupt("floats stand where histograms belong")),
        Encoding::Histogram => Ok(read::<Integers>(&layout, count, &mut bits, out)?),
        Encoding::FloatHistogram => Ok(read::<Floats>(&layout, count, &mut bits, out)?),
    }
}

/// What all histograms of a chunk share.
struct Layout {
    /// Before the first sample.
    reset_hint: ResetHint,
    zero_threshold: f64,
    schema: i32,
    positive_spans: Vec<Span>,
    negative_spans: Vec<Span>,
    custom_values: Vec<f64>,
    positive_buckets: usize,
    negative_buckets: usize,
}

impl Layout {
    fn read(bits: &mut Bits<'_>, header: u64) -> Result<Self, Damage> {
        let zero_threshold = read_zero_threshold(bits)?;
        let schema = i32::try_from(bits.varbit_int()?)
            .map_err(|_| bits.damage("a histogram has an impossible schema"))?;
        let (positive_spans, positive_buckets) = read_spans(bits)?;
        let (negative_spans, negative_buckets) = read_spans(bits)?;
        let custom_values = match schema {
            CUSTOM_BOUNDS_SCHEMA => read_custom_values(bits)?,
            _ => Vec::new(),
        };
        let reset_hint = match header {
            0b11 => ResetHint::Gauge,
            0b10 => ResetHint::Reset,
            // Even where there was no reset: the chunk before may have gone.
            _ => ResetHint::Unknown,
        };
        Ok(Self {
            reset_hint,
            zero_threshold,
            schema,
            positive_spans,
            negative_spans,
            custom_values,
            positive_buckets,
            negative_buckets,
        })
    }

    fn histogram(&self, number: u16, counts: Counts) -> Histogram {
        let reset_hint = match self.reset_hint {
            ResetHint::Gauge => ResetHint::Gauge,
            first if number == 0 => first,
            _ => ResetHint::NotReset,
        };
        if is_stale(counts.sum) {
            return Histogram {
                sum: stale_nan(),
                reset_hint,
                ..Histogram::default()
            };
        }
        Histogram {
            schema: self.schema,
            zero_threshold: self.zero_threshold,
            zero_count: counts.zero_count,
            count: counts.count,
            sum: counts.sum,
            positive_spans: self.positive_spans.clone(),
            positive_buckets: counts.positive,
            negative_spans: self.negative_spans.clone(),
            negative_buckets: counts.negative,
            custom_values: self.custom_values.clone(),
            reset_hint,
        }
    }
}

fn read_zero_threshold(bits: &mut Bits<'_>) -> Result<f64, Damage> {
    match bits.bits(8)? {
        0 => Ok(0.0),
        255 => bits.double(),
        code => Ok(2_f64.powi(code as i32 - 244)),
    }
}

/// Spans, and how many buckets they hold.
fn read_spans(bits: &mut Bits<'_>) -> Result<(Vec<Span>, usize), Damage> {
    let count = read_count(bits)?;
    let (mut spans, mut buckets) = (Vec::with_capacity(count), 0);
    for _ in 0..count {
        let length = read_count(bits)?;
        let offset = i32::try_from(bits.varbit_int()?)
            .map_err(|_| bits.damage("a span has an impossible offset"))?;
        buckets += length;
        spans.push(Span {
            offset,
            // Below the number of bits of a chunk.
            length: length as u32,
        });
    }
    if buckets > bits.left() {
        return Err(bits.damage("a histogram has more buckets than bits"));
    }
    Ok((spans, buckets))
}

/// A number of things of which each takes a bit at least.
fn read_count(bits: &mut Bits<'_>) -> Result<usize, Damage> {
    let count = bits.varbit_uint()?;
    if count > bits.left() as u64 {
        return Err(bits.damage("a histogram has more parts than bits"));
    }
    Ok(count as usize)
}

fn read_custom_values(bits: &mut Bits<'_>) -> Result<Vec<f64>, Damage> {
    let count = read_count(bits)?;
    let value = |_| match bits.varbit_uint()? {
        0 => bits.double(),
        thousandths => Ok((thousandths - 1) as f64 / 1000.0),
    };
    (0..count).map(value).collect()
}

/// The numbers of a sample.
struct Counts {
    count: f64,
    zero_count: f64,
    sum: f64,
    positive: Vec<f64>,
    negative: Vec<f64>,
}

/// How samples are written.
trait Samples: Sized {
    fn first(bits: &mut Bits<'_>, layout: &Layout) -> Result<Self, Damage>;
    fn next(&mut self, bits: &mut Bits<'_>) -> Result<(), Damage>;
    fn counts(&self) -> Counts;
}

fn read<S: Samples>(
    layout: &Layout,
    count: u16,
    bits: &mut Bits<'_>,
    out: &mut Vec<(TimestampMs, Histogram)>,
) -> Result<(), Damage> {
    let mut t = Sums::new(bits.varbit_int()?);
    let mut samples = S::first(bits, layout)?;
    out.push((t.value, layout.histogram(0, samples.counts())));
    for number in 1..count {
        t.next(bits)?;
        samples.next(bits)?;
        out.push((t.value, layout.histogram(number, samples.counts())));
    }
    Ok(())
}

/// An integer written as difference of differences.
struct Sums {
    value: i64,
    delta: i64,
}

impl Sums {
    fn new(value: i64) -> Self {
        Self { value, delta: 0 }
    }

    fn next(&mut self, bits: &mut Bits<'_>) -> Result<(), Damage> {
        self.delta = self.delta.wrapping_add(bits.varbit_int()?);
        self.value = self.value.wrapping_add(self.delta);
        Ok(())
    }
}

/// Counts are integers; a bucket is written as its difference to the bucket below.
struct Integers {
    count: Sums,
    zero_count: Sums,
    sum: XorValue,
    positive: Vec<Sums>,
    negative: Vec<Sums>,
}

impl Samples for Integers {
    fn first(bits: &mut Bits<'_>, layout: &Layout) -> Result<Self, Damage> {
        let count = Sums::new(bits.varbit_uint()? as i64);
        let zero_count = Sums::new(bits.varbit_uint()? as i64);
        let sum = XorValue::new(bits.double()?);
        let mut buckets = |number: usize| -> Result<Vec<_>, Damage> {
            (0..number)
                .map(|_| bits.varbit_int().map(Sums::new))
                .collect()
        };
        Ok(Self {
            count,
            zero_count,
            sum,
            positive: buckets(layout.positive_buckets)?,
            negative: buckets(layout.negative_buckets)?,
        })
    }

    fn next(&mut self, bits: &mut Bits<'_>) -> Result<(), Damage> {
        self.count.next(bits)?;
        self.zero_count.next(bits)?;
        if is_stale(self.sum.next(bits)?) {
            return Ok(());
        }
        let mut buckets = self.positive.iter_mut().chain(&mut self.negative);
        buckets.try_for_each(|bucket| bucket.next(bits))
    }

    fn counts(&self) -> Counts {
        Counts {
            count: self.count.value as u64 as f64,
            zero_count: self.zero_count.value as u64 as f64,
            sum: self.sum.value(),
            positive: running_sums(&self.positive),
            negative: running_sums(&self.negative),
        }
    }
}

fn running_sums(differences: &[Sums]) -> Vec<f64> {
    let mut sum = 0_i64;
    let next = |bucket: &Sums| {
        sum = sum.wrapping_add(bucket.value);
        sum as f64
    };
    differences.iter().map(next).collect()
}

/// Counts are doubles, each for itself.
struct Floats {
    count: XorValue,
    zero_count: XorValue,
    sum: XorValue,
    positive: Vec<XorValue>,
    negative: Vec<XorValue>,
}

impl Samples for Floats {
    fn first(bits: &mut Bits<'_>, layout: &Layout) -> Result<Self, Damage> {
        let mut values = |number: usize| -> Result<Vec<_>, Damage> {
            (0..number)
                .map(|_| bits.double().map(XorValue::new))
                .collect()
        };
        let numbers = values(3)?;
        let &[count, zero_count, sum] = numbers.as_slice() else {
            return Err(bits.damage("a sample has too few numbers"));
        };
        Ok(Self {
            count,
            zero_count,
            sum,
            positive: values(layout.positive_buckets)?,
            negative: values(layout.negative_buckets)?,
        })
    }

    fn next(&mut self, bits: &mut Bits<'_>) -> Result<(), Damage> {
        self.count.next(bits)?;
        self.zero_count.next(bits)?;
        if is_stale(self.sum.next(bits)?) {
            return Ok(());
        }
        let mut buckets = self.positive.iter_mut().chain(&mut self.negative);
        buckets.try_for_each(|bucket| bucket.next(bits).map(drop))
    }

    fn counts(&self) -> Counts {
        let values = |values: &[XorValue]| values.iter().map(XorValue::value).collect();
        Counts {
            count: self.count.value(),
            zero_count: self.zero_count.value(),
            sum: self.sum.value(),
            positive: values(&self.positive),
            negative: values(&self.negative),
        }
    }
}
