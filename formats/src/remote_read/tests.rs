//! Frames in pieces, requests as another decoder reads them, hostile bytes.

use narthex_model::{MatchOp, Matcher, TimeRange, WriteBatch};
use proptest::prelude::*;

use super::*;
use crate::fuzz;
use crate::remote_write::Limits;
use crate::remote_write::wire::{Message, Value, push_varint};

fn frame(message: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    push_varint(&mut out, message.len() as u64);
    out.extend_from_slice(&crc32c::crc32c(message).to_be_bytes());
    out.extend_from_slice(message);
    out
}

#[test]
fn a_request_says_what_is_wanted() {
    let matchers = [Matcher::equal("job", "a")];
    let range = TimeRange::new(1000, 2000);
    let body = encode_request(&[Query {
        matchers: &matchers,
        range,
    }])
    .expect("short");
    let message = snap::raw::Decoder::new()
        .decompress_vec(&body)
        .expect("snappy");
    let mut message = Message::new(&message);
    let Ok(Some((1, Value::Bytes(mut query)))) = message.field() else {
        panic!("a query comes first");
    };
    assert_eq!(query.field(), Ok(Some((1, Value::Varint(1000)))));
    assert_eq!(query.field(), Ok(Some((2, Value::Varint(1999)))));
    let Ok(Some((3, Value::Bytes(matcher)))) = query.field() else {
        panic!("then a matcher");
    };
    assert_eq!(matcher.bytes(), b"\x08\x00\x12\x03job\x1a\x01a");
}

#[test]
fn both_sides_understand_each_other() {
    let matchers = [
        Matcher::new("a", MatchOp::NotRegex, "x|y").expect("a regex"),
        Matcher::new("b", MatchOp::NotEqual, "").expect("a matcher"),
    ];
    let range = TimeRange::new(-5, 2000);
    let body = encode_request(&[Query {
        matchers: &matchers,
        range,
    }])
    .expect("short");
    let queries = decode_request(&body, &Limits::default()).expect("good");
    let [query] = queries.as_slice() else {
        panic!("one query");
    };
    assert_eq!(query.range, range);
    let told = |m: &Matcher| (m.name().to_owned(), m.op(), m.value().to_owned());
    let found: Vec<_> = query.matchers.iter().map(told).collect();
    assert_eq!(found, matchers.iter().map(told).collect::<Vec<_>>());

    let mut batch = WriteBatch::new();
    let series = batch.push_series(&mut [("__name__", "up")]).expect("a set");
    batch.push_sample(series, 7, 1.5);
    let body = encode_response(&[batch, WriteBatch::new()]).expect("short");
    let answer = read_samples(&body, &Limits::default()).expect("good");
    assert_eq!(
        (answer.len(), answer[0].timestamps(), answer[0].values()),
        (2, &[7][..], &[1.5][..])
    );
    assert_eq!(answer[0].labels(0).to_string(), "up");
}

#[test]
fn a_chunk_of_a_frame_becomes_samples() {
    // One sample at 1000 ms, 1.5.
    let mut data = vec![0, 1, 0xd0, 0x0f];
    data.extend_from_slice(&1.5_f64.to_be_bytes());
    let mut chunk = vec![0x18, 1, 0x22, data.len() as u8];
    chunk.extend_from_slice(&data);
    let mut series = b"\x0a\x0d\x0a\x08__name__\x12\x01a".to_vec();
    series.extend_from_slice(&[0x12, chunk.len() as u8]);
    series.extend_from_slice(&chunk);
    let mut message = vec![0x0a, series.len() as u8];
    message.extend_from_slice(&series);
    for (range, count) in [(TimeRange::new(0, 1001), 1), (TimeRange::new(0, 1000), 0)] {
        let mut batch = WriteBatch::new();
        read_frame(&message, range, &mut batch).expect("good");
        assert_eq!(batch.labels(0).to_string(), "a");
        assert_eq!(batch.values(), &[1.5][..count]);
    }
}

proptest! {
    #[test]
    fn frames_come_whole_however_they_arrive(messages in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..6), piece in 1..50_usize) {
        let bytes: Vec<u8> = messages.iter().flat_map(|m| frame(m)).collect();
        let (mut frames, mut found) = (Frames::default(), Vec::new());
        for part in bytes.chunks(piece) {
            frames.push(part);
            while let Some(message) = frames.next_frame().expect("good") {
                found.push(message.to_vec());
            }
        }
        prop_assert!(!frames.is_torn());
        prop_assert_eq!(found, messages);
    }

    #[test]
    fn any_bytes_are_safe(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        fuzz::remote_read(&bytes);
        fuzz::remote_read(&frame(&bytes));
        fuzz::export_line(&bytes);
    }
}
