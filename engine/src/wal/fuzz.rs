//! Segments of any bytes.

use std::path::Path;

use super::record::RecordKind;
use super::segment::{RECORD_HEADER_BYTES, RecordHeader, SegmentFile, find_damage, segment_header};

/// A segment, written to the file at `path`: a good header and a record whose checksum is right, then the bytes again as they
/// are. The first byte chooses what the record claims to hold.
pub fn wal_segment(path: &Path, bytes: &[u8]) {
    let kind = bytes.first().and_then(|b| RecordKind::from_byte(b % 8));
    let mut segment = segment_header(1, true);
    let start = segment.len();
    segment.resize(start + RECORD_HEADER_BYTES, 0);
    segment.extend_from_slice(bytes.get(1..).unwrap_or(&[]));
    let header = RecordHeader {
        kind: kind.unwrap_or(RecordKind::Samples),
        group: 1,
        ends_group: true,
        after_unsynced: false,
    };
    header.seal(segment.get_mut(start..).unwrap_or(&mut []));
    segment.extend_from_slice(bytes);
    if std::fs::write(path, &segment).is_err() {
        return;
    }
    let file = SegmentFile {
        number: 1,
        path: path.to_owned(),
        bytes: segment.len() as u64,
    };
    let _ = find_damage(&file, true);
}
