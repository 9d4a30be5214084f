//! Functions that rewrite labels: `label_replace` and `label_join`.
//!
//! `prom_label_replace(destination, source, replacement, regex)` and `prom_label_join(separator, source, …)` give the new text
//! of the destination label; NULL where it becomes absent. `prom_label_matches(source, regex)` says where a regex matches.

use std::borrow::Cow;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, StringViewArray, StringViewBuilder};
use arrow::datatypes::DataType;
use datafusion::common::{DataFusionError, Result};
use narthex_model::{Error, anchored_regex};
use regex::Regex;

use super::arguments::{ArgumentTypes, Arguments};
use super::plan_function::PlanFunction;

/// The functions of this file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Rewrite {
    /// `label_replace`
    Replace,
    /// `label_join`
    Join,
    /// Whether `label_replace` replaces anything.
    Matches,
}

impl PlanFunction for Rewrite {
    fn plan_name(&self) -> Cow<'static, str> {
        let name = match self {
            Self::Replace => "prom_label_replace",
            Self::Join => "prom_label_join",
            Self::Matches => "prom_label_matches",
        };
        name.into()
    }

    fn returns(&self, _: &ArgumentTypes<'_>) -> Result<DataType> {
        Ok(match self {
            Self::Matches => DataType::Boolean,
            Self::Replace | Self::Join => DataType::Utf8View,
        })
    }

    fn nullable(&self) -> bool {
        true
    }

    fn call(&self, arguments: &Arguments) -> Result<ArrayRef> {
        let rows = arguments.rows();
        Ok(match self {
            Self::Matches => {
                let source = arguments.labels(0)?;
                let regex = regex(arguments.text(1)?)?;
                let matches = (0..rows).map(|row| Some(regex.is_match(at(&source, row))));
                Arc::new(matches.collect::<BooleanArray>())
            }
            Self::Replace => {
                let (destination, source) = (arguments.labels(0)?, arguments.labels(1)?);
                let regex = regex(arguments.text(3)?)?;
                let replacement = arguments.text(2)?;
                Arc::new(replace(&destination, &source, replacement, &regex)?)
            }
            Self::Join => {
                let sources = (1..arguments.len()).map(|i| arguments.labels(i));
                let sources = sources.collect::<Result<Vec<_>>>()?;
                Arc::new(join(&sources, arguments.text(0)?, rows)?)
            }
        })
    }
}

fn regex(pattern: &str) -> Result<Regex> {
    anchored_regex(pattern).map_err(|e| DataFusionError::Plan(format!("{e} in label_replace()")))
}

/// A label column; of any other type, one of absent labels.
pub(super) fn texts(array: &ArrayRef) -> StringViewArray {
    match array.data_type() {
        DataType::Utf8View => array.as_string_view().clone(),
        _ => StringViewArray::new_null(array.len()),
    }
}

fn at(array: &StringViewArray, row: usize) -> &str {
    if array.is_valid(row) {
        array.value(row)
    } else {
        ""
    }
}

/// Bytes of a label's value: it doubles with each `label_join` of a label with itself.
const VALUE_BYTES_MAX: usize = 64 << 10;

fn push(out: &mut StringViewBuilder, text: &str) -> Result<()> {
    if text.len() > VALUE_BYTES_MAX {
        let message = format!(
            "label_replace() and label_join() make values of at most {VALUE_BYTES_MAX} bytes"
        );
        return Err(DataFusionError::External(Box::new(Error::limit(message))));
    }
    out.append_option((!text.is_empty()).then_some(text));
    Ok(())
}

fn replace(
    destination: &StringViewArray,
    source: &StringViewArray,
    replacement: &str,
    regex: &Regex,
) -> Result<StringViewArray> {
    let mut out = StringViewBuilder::new();
    let mut text = String::new();
    for row in 0..destination.len() {
        match regex.captures(at(source, row)) {
            None => push(&mut out, at(destination, row))?,
            Some(captures) => {
                text.clear();
                captures.expand(replacement, &mut text);
                push(&mut out, &text)?;
            }
        }
    }
    Ok(out.finish())
}

fn join(sources: &[StringViewArray], separator: &str, rows: usize) -> Result<StringViewArray> {
    let mut out = StringViewBuilder::new();
    for row in 0..rows {
        let parts: Vec<_> = sources.iter().map(|s| at(s, row)).collect();
        push(&mut out, &parts.join(separator))?;
    }
    Ok(out.finish())
}
