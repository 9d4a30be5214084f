//! Labels as nearly every sender writes them, repacked without looking at each text.
//!
//! On the wire a label is `0a n 0a a <name> 12 b <value>`, packed it is `a <name> b <value>`. While lengths are below 128 and texts
//! are ASCII, all packed bytes are ASCII, which one pass tells. Whatever is otherwise is left to the general way.

use narthex_model::{LabelsRef, METRIC_NAME};

use super::wire::Message;

/// The labels of a series, packed into `out`, and the message behind them; `None` if they are not in order, or unusual
/// in any other way.
#[inline]
pub(super) fn repack_labels<'a, 'o>(
    message: Message<'a>,
    out: &'o mut Vec<u8>,
) -> Option<(LabelsRef<'o>, Message<'a>)> {
    out.clear();
    let bytes = message.bytes();
    let (mut rest, mut previous, mut named) = (bytes, &[][..], false);
    while let [0x0a, ..] = rest {
        let (name, value, after) = split_label(rest)?;
        if name <= previous || value.is_empty() {
            return None;
        }
        named |= name == METRIC_NAME.as_bytes();
        out.push(name.len() as u8);
        out.extend_from_slice(name);
        out.push(value.len() as u8);
        out.extend_from_slice(value);
        (previous, rest) = (name, after);
    }
    // Labels may follow samples; then they are not all of them.
    let samples = message.skipped(bytes.len() - rest.len())?;
    let all = named && out.is_ascii() && !has_labels(samples);
    all.then(|| (LabelsRef::from_canonical(out), samples))
}

/// Name and value of the label that `bytes` begins with, and what follows it.
#[inline]
fn split_label(bytes: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let (&[0x0a, len, 0x0a, name_len], rest) = bytes.split_first_chunk()? else {
        return None;
    };
    let (name, rest) = rest.split_at_checked(usize::from(name_len))?;
    let (&[0x12, value_len], rest) = rest.split_first_chunk()? else {
        return None;
    };
    let (value, rest) = rest.split_at_checked(usize::from(value_len))?;
    let whole = 4 + name.len() + value.len();
    (len < 128 && name_len < 128 && value_len < 128 && usize::from(len) == whole)
        .then_some((name, value, rest))
}

/// Whether there is a label among the fields of a message, or damage.
#[inline]
fn has_labels(mut message: Message<'_>) -> bool {
    loop {
        match message.field() {
            Ok(None) => return false,
            Ok(Some((1, _))) | Err(_) => return true,
            Ok(Some(_)) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use narthex_model::WriteBatch;
    use proptest::prelude::*;

    use super::*;
    use crate::remote_write::{Encoder, decode_message};

    proptest! {
        #[test]
        fn usual_labels_are_repacked(labels in prop::collection::btree_map("[a-z]{1,9}", "[a-z]{1,9}|[x]{126,130}|é", 0..6)) {
            let mut batch = WriteBatch::new();
            let mut set: Vec<_> = labels.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
            set.push((METRIC_NAME, "m"));
            let series = batch.push_series(&mut set).expect("valid");
            batch.push_sample(series, 5, 1.5);
            let mut encoder = Encoder::new();
            let message = encoder.encode_message(&batch).to_vec();
            let decoded = decode_message(&message).expect("decodes").batch;
            prop_assert_eq!(decoded.labels(0), batch.labels(0));
            let inner = Message::new(&message).field().expect("whole").expect("a series").1;
            let super::super::wire::Value::Bytes(inner) = inner else { panic!("a message") };
            let mut out = Vec::new();
            let usual = labels.values().all(|v| v.is_ascii() && v.len() < 110);
            let repacked = repack_labels(inner, &mut out);
            if usual {
                let (labels, rest) = repacked.expect("usual");
                prop_assert_eq!((labels, rest.bytes().len()), (batch.labels(0), 13));
            }
        }

        #[test]
        fn any_bytes_are_safe(bytes in prop::collection::vec(prop_oneof![Just(0x0a), Just(0x12), 0..9_u8, any::<u8>()], 0..40)) {
            if let Some((labels, _)) = repack_labels(Message::new(&bytes), &mut Vec::new()) {
                prop_assert!(LabelsRef::checked(labels.as_bytes()).is_some());
            }
        }
    }
}
