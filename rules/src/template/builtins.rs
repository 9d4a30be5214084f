//! Go's functions on lists, maps and texts: `len`, `index`, `slice`.

use super::value::Value;

/// The number of elements.
pub(super) fn len(value: &Value) -> Result<Value, String> {
    match (value.len(), value) {
        (Some(len), _) => Ok(Value::Int(len as i64)),
        (None, Value::Missing | Value::Nil) => {
            Err("reflect: call of reflect.Value.Type on zero Value".to_owned())
        }
        (None, value) => Err(format!("len of type {}", shown_type(value))),
    }
}

/// A pointer is followed before its type is told.
fn shown_type(value: &Value) -> &'static str {
    value.type_name().trim_start_matches('*')
}

/// `index x 1 2` is `x[1][2]`.
pub(super) fn index(args: &[Value]) -> Result<Value, String> {
    let Some((item, indexes)) = args.split_first() else {
        return Err("index of untyped nil".to_owned());
    };
    if matches!(item, Value::Missing) {
        return Err("index of untyped nil".to_owned());
    }
    let mut item = item.clone();
    for index in indexes {
        item = element(&item, index)?;
    }
    Ok(item)
}

fn element(item: &Value, index: &Value) -> Result<Value, String> {
    match item {
        Value::Missing | Value::Nil => Err("index of nil pointer".to_owned()),
        Value::Text(text) | Value::Html(text) => {
            let at = position(index, text.len())?;
            let byte = text.as_bytes().get(at).copied();
            Ok(Value::Int(i64::from(byte.unwrap_or_default())))
        }
        Value::Samples(samples) => {
            let at = position(index, samples.len())?;
            let sample = samples.get(at).cloned();
            Ok(sample.map_or(Value::Missing, Value::Sample))
        }
        Value::Labels(labels) => {
            let value = labels.get(key(index)?).cloned();
            Ok(Value::text(value.unwrap_or_default()))
        }
        Value::Args(args) => Ok(args.get(key(index)?).cloned().unwrap_or(Value::Missing)),
        other => Err(format!("can't index item of type {}", shown_type(other))),
    }
}

fn key(index: &Value) -> Result<&str, String> {
    match index {
        Value::Text(text) => Ok(text),
        Value::Missing => Err("value is nil; should be of type string".to_owned()),
        other => Err(format!(
            "value has type {}; should be string",
            other.type_name()
        )),
    }
}

/// An index that lies below `len`.
fn position(index: &Value, len: usize) -> Result<usize, String> {
    match index {
        Value::Int(at) => usize::try_from(*at)
            .ok()
            .filter(|at| *at < len)
            .ok_or_else(|| format!("index out of range: {at}")),
        Value::Missing => Err("cannot index slice/array with nil".to_owned()),
        other => Err(format!(
            "cannot index slice/array with type {}",
            other.type_name()
        )),
    }
}

/// `slice x 1 2` is `x[1:2]`.
pub(super) fn slice(args: &[Value]) -> Result<Value, String> {
    let (item, bounds) = match args.split_first() {
        Some((item, bounds)) if !matches!(item, Value::Missing) => (item, bounds),
        _ => return Err("slice of untyped nil".to_owned()),
    };
    if bounds.len() > 3 {
        return Err(format!("too many slice indexes: {}", bounds.len()));
    }
    let (Value::Text(_) | Value::Html(_) | Value::Samples(_)) = item else {
        return Err(format!("can't slice item of type {}", item.type_name()));
    };
    if bounds.len() == 3 && item.as_text().is_some() {
        return Err("cannot 3-index slice a string".to_owned());
    }
    let len = item.len().unwrap_or(0);
    let bound = |at: usize, default| match bounds.get(at) {
        Some(index) => position(index, len + 1),
        None => Ok(default),
    };
    let (start, end) = (bound(0, 0)?, bound(1, len)?);
    if start > end {
        return Err(format!("invalid slice index: {start} > {end}"));
    }
    Ok(part(item, start, end))
}

fn part(item: &Value, start: usize, end: usize) -> Value {
    match item {
        Value::Samples(samples) => {
            let part = samples.get(start..end).unwrap_or_default().to_vec();
            Value::Samples(part.into())
        }
        // A cut inside a character leaves a replacement character.
        item => {
            let text = item.as_text().unwrap_or_default();
            let bytes = text.as_bytes().get(start..end).unwrap_or_default();
            Value::text(String::from_utf8_lossy(bytes).as_ref())
        }
    }
}
