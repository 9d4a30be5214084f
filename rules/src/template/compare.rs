//! `eq`, `ne`, `lt`, `le`, `gt`, `ge`: only values of one kind can be compared, a float with no whole number.

use std::cmp::Ordering;

use super::value::Value;

const BAD_TYPE: &str = "invalid type for comparison";

/// An ordering that is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// A value that can be compared.
enum Basic<'a> {
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(&'a str),
}

fn is_nil(value: &Value) -> bool {
    matches!(value, Value::Missing | Value::Nil)
}

fn basic(value: &Value) -> Option<Basic<'_>> {
    match value {
        Value::Bool(value) => Some(Basic::Bool(*value)),
        Value::Int(value) => Some(Basic::Int(*value)),
        Value::Float(value) => Some(Basic::Float(*value)),
        value => value.as_text().map(Basic::Text),
    }
}

/// Whether the first equals any of the others.
pub(super) fn equal(args: &[Value]) -> Result<Value, String> {
    let Some((first, others)) = args.split_first() else {
        return Ok(Value::Bool(false));
    };
    if others.is_empty() {
        return Err("missing argument for comparison".to_owned());
    }
    for other in others {
        if are_equal(first, other)? {
            return Ok(Value::Bool(true));
        }
    }
    Ok(Value::Bool(false))
}

pub(super) fn not_equal(args: &[Value]) -> Result<Value, String> {
    Ok(Value::Bool(!equal(args)?.is_true()))
}

fn are_equal(a: &Value, b: &Value) -> Result<bool, String> {
    match (basic(a), basic(b)) {
        (Some(Basic::Bool(a)), Some(Basic::Bool(b))) => Ok(a == b),
        (Some(Basic::Int(a)), Some(Basic::Int(b))) => Ok(a == b),
        (Some(Basic::Float(a)), Some(Basic::Float(b))) => Ok(a == b),
        (Some(Basic::Text(a)), Some(Basic::Text(b))) => Ok(a == b),
        _ if is_nil(a) || is_nil(b) => Ok(is_nil(a) == is_nil(b)),
        (None, None) => {
            let (shown, type_name) = (a.formatted(), a.type_name());
            Err(format!("non-comparable type {shown}: {type_name}"))
        }
        _ => Err(different(a, b)),
    }
}

#[cold]
fn different(a: &Value, b: &Value) -> String {
    let (a, b) = (a.type_name(), b.type_name());
    format!("incompatible types for comparison: {a} and {b}")
}

/// Whether the first stands in that order to the second.
pub(super) fn ordered(args: &[Value], wanted: Order) -> Result<Value, String> {
    let (Some(a), Some(b)) = (args.first(), args.get(1)) else {
        return Err(BAD_TYPE.to_owned());
    };
    let order = match (basic(a), basic(b)) {
        (None, _) | (_, None) => return Err(BAD_TYPE.to_owned()),
        (Some(Basic::Int(a)), Some(Basic::Int(b))) => Some(a.cmp(&b)),
        (Some(Basic::Float(a)), Some(Basic::Float(b))) => a.partial_cmp(&b),
        (Some(Basic::Text(a)), Some(Basic::Text(b))) => Some(a.cmp(b)),
        (Some(Basic::Bool(_)), Some(Basic::Bool(_))) => return Err(BAD_TYPE.to_owned()),
        _ => return Err(different(a, b)),
    };
    let (less, equal) = (
        order == Some(Ordering::Less),
        order == Some(Ordering::Equal),
    );
    // NaN is neither less nor equal, so it counts as greater.
    Ok(Value::Bool(match wanted {
        Order::Less => less,
        Order::LessOrEqual => less || equal,
        Order::Greater => !(less || equal),
        Order::GreaterOrEqual => !less,
    }))
}
