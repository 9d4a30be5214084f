//! The top of a remote write message: series and metadata.

use narthex_model::{Error, Metadata, MetadataEntry, MetricType};

use super::Decoded;
use super::series::{Scratch, read_series};
use super::wire::{Malformed, Message, Value};

/// Reads a whole request.
pub(super) fn read_request(message: &[u8], decoded: &mut Decoded) -> Result<(), Error> {
    let mut message = Message::new(message);
    let mut scratch = Scratch::default();
    while let Some((number, value)) = message.field()? {
        match (number, value) {
            (1, Value::Bytes(series)) => {
                let is_valid = read_series(series, &mut scratch, &mut decoded.batch)?;
                decoded.skipped_series += u64::from(!is_valid);
            }
            (3, Value::Bytes(metadata)) => decoded.batch.metadata.push(read_metadata(metadata)?),
            _ => {}
        }
    }
    Ok(())
}

fn read_metadata(mut message: Message<'_>) -> Result<MetadataEntry, Malformed> {
    let mut entry = MetadataEntry {
        metric: String::new(),
        metadata: Metadata::default(),
    };
    while let Some((number, value)) = message.field()? {
        match (number, value) {
            (1, Value::Varint(code)) => entry.metadata.metric_type = MetricType::from_code(code),
            (2, Value::Bytes(text)) => entry.metric = owned(text),
            (4, Value::Bytes(text)) => entry.metadata.help = owned(text),
            (5, Value::Bytes(text)) => entry.metadata.unit = owned(text),
            _ => {}
        }
    }
    Ok(entry)
}

/// Metadata is for people: what is not UTF-8 is replaced, not refused.
fn owned(text: Message<'_>) -> String {
    String::from_utf8_lossy(text.bytes()).into_owned()
}
