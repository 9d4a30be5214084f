//! What the text formats share: lines, and the words in a line.

mod bytes;
mod cursor;
mod lines;
mod number;
mod series;

pub(crate) use bytes::{is_label_name, is_metric_name};
pub(crate) use cursor::{Cursor, unescape};
pub(crate) use lines::Lines;
pub(crate) use number::{parse_float, parse_millis, parse_seconds};
pub(crate) use series::{SeriesBuffer, read_labels, read_series};
