//! The methods of times and spans that templates may call: `(toTime $value).Year`.

use super::functions::Type;
use super::layout;
use super::time::Time;
use super::value::Value;

/// A method.
pub(super) struct Method {
    name: &'static str,
    pub(super) params: &'static [Type],
    pub(super) call: fn(&Value, &[Value]) -> Result<Value, String>,
}

const fn plain(name: &'static str, call: fn(&Value, &[Value]) -> Result<Value, String>) -> Method {
    Method {
        name,
        params: &[],
        call,
    }
}

const OF_TIMES: &[Method] = &[
    Method {
        name: "Format",
        params: &[Type::Text],
        call: |value, args| {
            let layout = args.first().and_then(Value::as_text).unwrap_or_default();
            of_time(value, |time| Value::text(layout::format(time, layout)))
        },
    },
    plain("String", |v, _| of_time(v, |t| Value::text(t.to_string()))),
    plain("Unix", |v, _| {
        of_time(v, |t| Value::Int(t.0.div_euclid(1000)))
    }),
    plain("UnixMilli", |v, _| of_time(v, |t| Value::Int(t.0))),
    plain("UnixNano", |v, _| {
        of_time(v, |t| Value::Int(t.0.saturating_mul(1_000_000)))
    }),
    plain("UTC", |v, _| of_time(v, Value::Time)),
    plain("Year", |v, _| of_time(v, |t| Value::Int(t.parts().year))),
    plain("Month", |v, _| {
        of_time(v, |t| Value::text(t.parts().month_name()))
    }),
    plain("Day", |v, _| of_time(v, |t| Value::Int(t.parts().day))),
    plain("Hour", |v, _| of_time(v, |t| Value::Int(t.parts().hour))),
    plain("Minute", |v, _| {
        of_time(v, |t| Value::Int(t.parts().minute))
    }),
    plain("Second", |v, _| {
        of_time(v, |t| Value::Int(t.parts().second))
    }),
    plain("YearDay", |v, _| {
        of_time(v, |t| Value::Int(t.parts().day_of_year))
    }),
    plain("Weekday", |v, _| {
        of_time(v, |t| Value::text(t.parts().weekday_name()))
    }),
];

const OF_SPANS: &[Method] = &[
    plain("String", |v, _| {
        of_span(v, |ns| Value::text(super::time::Span(ns).to_string()))
    }),
    plain("Hours", |v, _| {
        of_span(v, |ns| Value::Float(ns as f64 / 3.6e12))
    }),
    plain("Minutes", |v, _| {
        of_span(v, |ns| Value::Float(ns as f64 / 6e10))
    }),
    plain("Seconds", |v, _| {
        of_span(v, |ns| Value::Float(ns as f64 / 1e9))
    }),
    plain("Milliseconds", |v, _| {
        of_span(v, |ns| Value::Int(ns / 1_000_000))
    }),
    plain("Microseconds", |v, _| {
        of_span(v, |ns| Value::Int(ns / 1_000))
    }),
    plain("Nanoseconds", |v, _| of_span(v, Value::Int)),
];

/// The method of that name, if the value has one.
pub(super) fn find(value: &Value, name: &str) -> Option<&'static Method> {
    let methods = match value {
        Value::Time(_) => OF_TIMES,
        Value::Duration(_) => OF_SPANS,
        _ => return None,
    };
    methods.iter().find(|method| method.name == name)
}

fn of_time(value: &Value, method: impl FnOnce(Time) -> Value) -> Result<Value, String> {
    match value {
        Value::Time(time) => Ok(method(*time)),
        other => Err(format!("{} is no time", other.type_name())),
    }
}

fn of_span(value: &Value, method: impl FnOnce(i64) -> Value) -> Result<Value, String> {
    match value {
        Value::Duration(span) => Ok(method(span.0)),
        other => Err(format!("{} is no duration", other.type_name())),
    }
}
