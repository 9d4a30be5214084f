//! The series of a sample line: a name and labels in braces.

use std::borrow::Cow;

use super::Cursor;
use crate::error::Fault;
use crate::event::LabelText;

/// A series, its memory reused from line to line.
#[derive(Debug, Default)]
pub(crate) struct SeriesBuffer<'a> {
    pub(crate) name: Cow<'a, str>,
    pub(crate) labels: Vec<LabelText<'a>>,
}

/// Reads `name`, `name{a="b"}` or `{"name", a="b"}` into `out` and returns it as it stands in the line.
#[inline]
pub(crate) fn read_series<'a>(
    cursor: &mut Cursor<'a>,
    out: &mut SeriesBuffer<'a>,
) -> Result<&'a str, Fault> {
    let start = cursor.at();
    let name = cursor.metric_name();
    out.name = Cow::Borrowed(name);
    out.labels.clear();
    let mut end = cursor.since(start);
    let blanks = cursor.skip_blanks();
    if cursor.eat(b'{') {
        read_labels(cursor, &mut out.labels, Some(&mut out.name))?;
        end = cursor.since(start);
    } else if !name.is_empty() && !blanks {
        return Err(cursor.fault("expected a blank or an opening brace after the metric name"));
    }
    if out.name.is_empty() {
        return Err(Fault {
            at: start,
            expected: "expected a metric name",
        });
    }
    Ok(end)
}

/// Reads the labels up to and with the closing brace. A quoted text without a value is the metric's name and goes to
/// `name` if that is still empty.
#[inline]
pub(crate) fn read_labels<'a>(
    cursor: &mut Cursor<'a>,
    labels: &mut Vec<LabelText<'a>>,
    mut name: Option<&mut Cow<'a, str>>,
) -> Result<(), Fault> {
    cursor.skip_blanks();
    while !cursor.eat(b'}') {
        let start = cursor.at();
        let quoted = cursor.peek() == Some(b'"');
        let label = if quoted {
            cursor.quoted()?
        } else {
            Cow::Borrowed(cursor.label_name())
        };
        if label.is_empty() {
            return Err(Fault {
                at: start,
                expected: "expected a label name or a closing brace",
            });
        }
        cursor.skip_blanks();
        if cursor.eat(b'=') {
            cursor.skip_blanks();
            labels.push((label, cursor.quoted()?));
        } else {
            match name.as_deref_mut() {
                Some(name) if quoted && name.is_empty() => *name = label,
                _ => return Err(cursor.fault("expected an equals sign after the label name")),
            }
        }
        cursor.skip_blanks();
        if !cursor.eat(b',') && cursor.peek() != Some(b'}') {
            return Err(cursor.fault("expected a comma or a closing brace"));
        }
        cursor.skip_blanks();
    }
    Ok(())
}
