//! What functions on numbers take for a number.

use narthex_model::parse_float;
use narthex_syntax::Quoted;

use super::value::Value;

/// The number that a value is, or that its text says.
///
/// # Errors
/// It is none.
pub(super) fn float(value: &Value) -> Result<f64, String> {
    match value {
        Value::Float(value) => Ok(*value),
        Value::Int(value) => Ok(*value as f64),
        Value::Text(text) => parse(text),
        other => Err(format!("can't convert {} to float", other.type_name())),
    }
}

fn parse(text: &str) -> Result<f64, String> {
    let failed = |why| format!("strconv.ParseFloat: parsing {}: {why}", Quoted(text));
    let value = parse_float(text).ok_or_else(|| failed("invalid syntax"))?;
    let says_infinite = text.to_ascii_lowercase().contains("inf");
    if value.is_infinite() && !says_infinite {
        return Err(failed("value out of range"));
    }
    Ok(value)
}
