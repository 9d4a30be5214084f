//! Which bytes may stand where: one table, one load per byte.

pub(crate) const METRIC_BYTE: u8 = 1;
pub(crate) const LABEL_BYTE: u8 = 2;
pub(crate) const BLANK: u8 = 4;
pub(crate) const DIGIT: u8 = 8;

static CLASSES: [u8; 256] = classes();

const fn classes() -> [u8; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = match byte as u8 {
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => METRIC_BYTE | LABEL_BYTE,
            b'0'..=b'9' => METRIC_BYTE | LABEL_BYTE | DIGIT,
            b':' => METRIC_BYTE,
            b' ' | b'\t' => BLANK,
            _ => 0,
        };
        byte += 1;
    }
    table
}

/// Whether `byte` belongs to one of `classes`.
#[inline]
pub(crate) fn is_in(byte: u8, classes: u8) -> bool {
    CLASSES[usize::from(byte)] & classes != 0
}

/// Whether `name` needs no quotes as a metric name.
pub(crate) fn is_metric_name(name: &str) -> bool {
    is_name(name, METRIC_BYTE)
}

/// Whether `name` needs no quotes as a label name.
pub(crate) fn is_label_name(name: &str) -> bool {
    is_name(name, LABEL_BYTE)
}

fn is_name(name: &str, class: u8) -> bool {
    let first = name.bytes().next();
    first.is_some_and(|b| !is_in(b, DIGIT)) && name.bytes().all(|b| is_in(b, class))
}
