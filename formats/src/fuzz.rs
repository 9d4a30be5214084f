//! One function per reader of foreign bytes, for fuzz targets: each reads all of its input and must not panic.

use narthex_model::{TimeRange, WriteBatch};

use crate::remote_read;
use crate::remote_write::{self, Limits};
use crate::tsdb::{self, Encoding, WalSink};
use crate::{ExpositionParser, Protocol, negotiate, parser_for, read_export_line, write_batch};

/// Prometheus text.
pub fn text(body: &[u8]) {
    exposition(Protocol::PrometheusText1_0_0, body);
}

/// OpenMetrics.
pub fn openmetrics(body: &[u8]) {
    exposition(Protocol::OpenMetricsText1_0_0, body);
}

/// A remote write body, compressed.
pub fn remote_write(body: &[u8]) {
    if let Ok(decoded) = remote_write::decode(body, &Limits::default()) {
        consume(&decoded.batch);
    }
}

/// A remote write message, not compressed.
pub fn remote_write_message(message: &[u8]) {
    if let Ok(decoded) = remote_write::decode_message(message) {
        consume(&decoded.batch);
    }
}

/// `Content-Type` and `Accept`.
pub fn headers(text: &str) {
    let _ = parser_for(Some(text), None);
    let _ = negotiate(Some(text));
}

/// Both kinds of answers to a remote read.
pub fn remote_read(body: &[u8]) {
    let _ = remote_read::decode_request(body, &Limits::default());
    let _ = remote_read::read_samples(body, &Limits::default());
    let mut frames = remote_read::Frames::default();
    frames.push(body);
    while let Ok(Some(frame)) = frames.next_frame() {
        let _ = remote_read::read_frame(frame, TimeRange::ALL, &mut WriteBatch::new());
    }
    let _ = remote_read::read_frame(body, TimeRange::ALL, &mut WriteBatch::new());
}

/// A line of exported series.
pub fn export_line(line: &[u8]) {
    let _ = read_export_line(line, &mut WriteBatch::new());
}

/// Any file of a TSDB block: each reader gets the bytes.
pub fn tsdb_block(bytes: &[u8]) {
    let _ = tsdb::BlockMeta::decode(bytes);
    let _ = tsdb::Toc::decode(bytes, bytes, bytes.len() as u64);
    let _ = tsdb::Symbols::decode(bytes, 1, 0);
    let _ = tsdb::read_tombstones(bytes);
    let _ = tsdb::SeriesEntry::bytes(bytes);
    let _ = tsdb::SeriesEntry::default().decode(bytes);
    let _ = tsdb::chunk_bytes(bytes);
    let _ = tsdb::chunk_at(bytes);
}

/// A segment of a TSDB write-ahead log, and a record of one.
pub fn tsdb_wal(bytes: &[u8]) {
    let mut pages = tsdb::WalPages::default();
    for page in bytes.chunks(tsdb::WAL_PAGE_BYTES) {
        let read = |record: &[u8]| tsdb::read_wal_record(record, &mut Ignored);
        if pages.page(page, &mut { read }).is_err() {
            break;
        }
    }
    let _ = tsdb::read_wal_record(bytes, &mut Ignored);
}

struct Ignored;

impl WalSink for Ignored {}

/// The samples of a TSDB chunk.
pub fn tsdb_chunk(data: &[u8]) {
    let _ = tsdb::decode_floats(data, &mut Vec::new(), &mut Vec::new());
    for encoding in [Encoding::Histogram, Encoding::FloatHistogram] {
        let _ = tsdb::decode_histograms(encoding, data, &mut Vec::new());
    }
}

fn exposition(protocol: Protocol, body: &[u8]) {
    if let Ok(mut parser) = ExpositionParser::new(protocol, body) {
        while parser.next_event().is_some() {}
    }
    if let Ok(batch) = write_batch(protocol, body, 0) {
        consume(&batch);
    }
}

/// Looks at every label, so that a batch that cannot be read is noticed.
fn consume(batch: &WriteBatch) {
    for series in batch.sample_series() {
        assert!(
            !batch.labels(*series).metric_name().is_empty(),
            "a series without a name"
        );
    }
}
