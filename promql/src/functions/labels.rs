//! Functions that rewrite labels: `label_replace` and `label_join`.
//!
//! `prom_label_replace(destination, source, replacement, regex)` and `prom_label_join(separator, source, …)` give the new text
//! of the destination label; NULL where it becomes absent. `prom_label_matches(source, regex)` says where a regex matches.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, StringViewArray, StringViewBuilder};
use arrow::datatypes::DataType;
use datafusion::common::{DataFusionError, Result};
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
};
use narthex_model::anchored_regex;
use regex::Regex;

use super::arguments::{any_signature, column, text};

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

impl Rewrite {
    /// The function for plans.
    pub(crate) fn udf(self) -> Arc<ScalarUDF> {
        Arc::new(ScalarUDF::new_from_impl(RewriteUdf {
            function: self,
            signature: any_signature(),
        }))
    }
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct RewriteUdf {
    function: Rewrite,
    signature: Signature,
}

impl ScalarUDFImpl for RewriteUdf {
    fn name(&self) -> &str {
        match self.function {
            Rewrite::Replace => "prom_label_replace",
            Rewrite::Join => "prom_label_join",
            Rewrite::Matches => "prom_label_matches",
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(match self.function {
            Rewrite::Matches => DataType::Boolean,
            Rewrite::Replace | Rewrite::Join => DataType::Utf8View,
        })
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let rows = args.number_rows;
        let args = &args.args;
        let out = match self.function {
            Rewrite::Matches => {
                let regex = regex(text(args, 1)?)?;
                let source = texts(&column(args, 0, rows)?);
                let matches = (0..rows).map(|row| Some(regex.is_match(at(&source, row))));
                let matches: BooleanArray = matches.collect();
                return Ok(ColumnarValue::Array(Arc::new(matches)));
            }
            Rewrite::Replace => {
                let regex = regex(text(args, 3)?)?;
                replace(
                    &texts(&column(args, 0, rows)?),
                    &texts(&column(args, 1, rows)?),
                    text(args, 2)?,
                    &regex,
                )
            }
            Rewrite::Join => {
                let sources = (1..args.len())
                    .map(|i| column(args, i, rows))
                    .collect::<Result<Vec<_>>>()?;
                join(
                    &sources.iter().map(texts).collect::<Vec<_>>(),
                    text(args, 0)?,
                    rows,
                )
            }
        };
        Ok(ColumnarValue::Array(Arc::new(out)))
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

fn push(out: &mut StringViewBuilder, text: &str) {
    out.append_option((!text.is_empty()).then_some(text));
}

fn replace(
    destination: &StringViewArray,
    source: &StringViewArray,
    replacement: &str,
    regex: &Regex,
) -> StringViewArray {
    let mut out = StringViewBuilder::new();
    let mut text = String::new();
    for row in 0..destination.len() {
        match regex.captures(at(source, row)) {
            None => push(&mut out, at(destination, row)),
            Some(captures) => {
                text.clear();
                captures.expand(replacement, &mut text);
                push(&mut out, &text);
            }
        }
    }
    out.finish()
}

fn join(sources: &[StringViewArray], separator: &str, rows: usize) -> StringViewArray {
    let mut out = StringViewBuilder::new();
    for row in 0..rows {
        let parts: Vec<_> = sources.iter().map(|s| at(s, row)).collect();
        push(&mut out, &parts.join(separator));
    }
    out.finish()
}
