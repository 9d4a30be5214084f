//! A remote write request that is laid out once: from scrape to scrape only times and values change, in place.
//!
//! The message is `WriteRequest { repeated TimeSeries timeseries = 1 }`, `TimeSeries { repeated Label labels = 1;
//! repeated Sample samples = 2 }`, `Label { string name = 1; string value = 2 }`, `Sample { double value = 1; int64
//! timestamp = 2 }`. Milliseconds of the years 1972 to 2099 take six bytes as a varint, so nothing moves.

use narthex_model::{Labels, TimestampMs};

/// Tags: field number, and wire type 0 (varint), 1 (eight bytes) or 2 (length and bytes).
const FIELD_1_BYTES: u8 = 0x0a;
const FIELD_2_BYTES: u8 = 0x12;
const FIELD_1_DOUBLE: u8 = 0x09;
const FIELD_2_VARINT: u8 = 0x10;

const TIME_BYTES: usize = 6;
/// A sample: tag and double, tag and time.
const SAMPLE_BYTES: usize = 1 + 8 + 1 + TIME_BYTES;

/// A request with one sample for each of its series.
#[derive(Debug, Clone, Default)]
pub(crate) struct Template {
    bytes: Vec<u8>,
    /// Where each series' value stands; its time follows after a tag.
    value_starts: Vec<usize>,
}

impl Template {
    /// Adds a series with room for its sample.
    pub(crate) fn push_series(&mut self, labels: &Labels) {
        let mut series = Vec::with_capacity(256);
        for (name, value) in labels.iter() {
            let label_len = text_len(name) + text_len(value);
            series.push(FIELD_1_BYTES);
            push_varint(label_len as u64, &mut series);
            push_text(FIELD_1_BYTES, name, &mut series);
            push_text(FIELD_2_BYTES, value, &mut series);
        }
        series.extend_from_slice(&[FIELD_2_BYTES, SAMPLE_BYTES as u8, FIELD_1_DOUBLE]);
        let value_start = series.len();
        series.extend_from_slice(&[0; 8]);
        series.push(FIELD_2_VARINT);
        series.extend_from_slice(&[0; TIME_BYTES]);

        self.bytes.push(FIELD_1_BYTES);
        push_varint(series.len() as u64, &mut self.bytes);
        self.value_starts.push(self.bytes.len() + value_start);
        self.bytes.extend_from_slice(&series);
    }

    /// Writes a scrape into the series from `first_series` on, as many as there are values.
    pub(crate) fn fill(&mut self, first_series: usize, time: TimestampMs, values: &[f64]) {
        let time = six_byte_varint(time);
        for (start, value) in self.value_starts[first_series..].iter().zip(values) {
            let slot = &mut self.bytes[*start..start + SAMPLE_BYTES - 1];
            slot[..8].copy_from_slice(&value.to_le_bytes());
            slot[9..].copy_from_slice(&time);
        }
    }

    /// The protobuf message.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

fn text_len(text: &str) -> usize {
    1 + varint_len(text.len() as u64) + text.len()
}

fn push_text(tag: u8, text: &str, out: &mut Vec<u8>) {
    out.push(tag);
    push_varint(text.len() as u64, out);
    out.extend_from_slice(text.as_bytes());
}

fn varint_len(value: u64) -> usize {
    (64 - (value | 1).leading_zeros() as usize).div_ceil(7)
}

fn push_varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn six_byte_varint(time: TimestampMs) -> [u8; TIME_BYTES] {
    debug_assert_eq!(
        varint_len(time as u64),
        TIME_BYTES,
        "the fleet's range of times sees to it"
    );
    let mut bytes = [0; TIME_BYTES];
    for (i, byte) in bytes.iter_mut().enumerate() {
        let more = if i + 1 < TIME_BYTES { 0x80 } else { 0 };
        *byte = (time >> (7 * i)) as u8 & 0x7f | more;
    }
    bytes
}

#[cfg(test)]
mod tests {
    use narthex_formats::remote_write::decode_message;

    use super::*;
    use crate::SERIES_PER_HOST;
    use crate::fleet::DEFAULT_START_MS;
    use crate::{Fleet, FleetOptions};

    #[test]
    fn the_message_reads_back() {
        let options = FleetOptions {
            kind: crate::HostKind::default(),
            hosts: 2,
            seed: 1,
            start_ms: DEFAULT_START_MS,
            interval_ms: 15_000,
            scrapes: 2,
        };
        let fleet = Fleet::new(options).expect("valid");
        let mut template = Template::default();
        let sets = [fleet.series(0), fleet.series(1)].concat();
        sets.iter().for_each(|labels| template.push_series(labels));
        let mut hosts = [fleet.host(0), fleet.host(1)];
        let mut values = Vec::new();
        for _ in 0..2 {
            let mut want = Vec::new();
            for (i, host) in hosts.iter_mut().enumerate() {
                let time = host.scrape(&mut values);
                template.fill(i * SERIES_PER_HOST, time, &values);
                want.extend(values.iter().map(|value| (time, *value)));
            }
            let batch = decode_message(template.bytes()).expect("a message").batch;
            assert_eq!(batch.sample_count(), 2 * SERIES_PER_HOST);
            let times = batch.timestamps().iter().copied();
            assert!(times.zip(batch.values().iter().copied()).eq(want));
            for (series, labels) in batch.sample_series().iter().zip(&sets) {
                assert_eq!(batch.labels(*series), labels.as_ref());
            }
        }
    }
}
