//! The functions that templates may call: Go's own and Prometheus'.

use std::collections::BTreeMap;
use std::sync::Arc;

use regex::Regex;

use super::Context;
use super::builtins;
use super::compare::{self, Order};
use super::convert;
use super::escape::{self, query_escape};
use super::host;
use super::humanize;
use super::printf;
use super::time::{Span, Time};
use super::value::{Sample, Value};

/// The type of a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Type {
    Any,
    Text,
    Samples,
    Sample,
}

impl Type {
    /// The name in Go, which error messages use.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Any => "interface {}",
            Self::Text => "string",
            Self::Samples => "template.queryResult",
            Self::Sample => "*template.sample",
        }
    }

    pub(super) fn can_be_nil(self) -> bool {
        matches!(self, Self::Any | Self::Samples | Self::Sample)
    }

    pub(super) fn accepts(self, value: &Value) -> bool {
        match (self, value) {
            (Self::Any, _)
            | (Self::Text, Value::Text(_))
            | (Self::Samples, Value::Samples(_))
            | (Self::Sample, Value::Sample(_)) => true,
            (wanted, Value::Missing | Value::Nil) => wanted.can_be_nil(),
            _ => false,
        }
    }
}

/// A function. It is called with arguments of its types only, as many as it wants.
pub(super) struct Function {
    name: &'static str,
    pub(super) params: &'static [Type],
    /// Whether the last parameter may stand any number of times.
    pub(super) variadic: bool,
    pub(super) call: fn(&[Value], &Context<'_>) -> Called,
}

/// Why a function gives no value.
#[derive(Debug)]
pub(super) enum Failure {
    Error(String),
    /// A query must be answered first.
    Ask(String),
}

impl<T: Into<String>> From<T> for Failure {
    fn from(message: T) -> Self {
        Self::Error(message.into())
    }
}

pub(super) type Called = Result<Value, Failure>;

/// The function of that name.
pub(super) fn find(name: &str) -> Option<&'static Function> {
    FUNCTIONS.iter().find(|function| function.name == name)
}

const fn fixed(
    name: &'static str,
    params: &'static [Type],
    call: fn(&[Value], &Context<'_>) -> Called,
) -> Function {
    Function {
        name,
        params,
        variadic: false,
        call,
    }
}

const fn variadic(
    name: &'static str,
    params: &'static [Type],
    call: fn(&[Value], &Context<'_>) -> Called,
) -> Function {
    Function {
        name,
        params,
        variadic: true,
        call,
    }
}

use Type::{Any, Text};

const FUNCTIONS: &[Function] = &[
    // Go's own. `and` and `or` are evaluated where they are called, as they need not all of their arguments.
    variadic("and", &[Any, Any], |_, _| Ok(Value::Missing)),
    variadic("or", &[Any, Any], |_, _| Ok(Value::Missing)),
    fixed("not", &[Any], |args, _| {
        Ok(Value::Bool(!arg(args, 0).is_true()))
    }),
    variadic("call", &[Any, Any], |args, _| match arg(args, 0) {
        Value::Missing | Value::Nil => Err("call of nil".into()),
        value => {
            let (shown, type_name) = (value.formatted(), value.type_name());
            Err(format!("non-function {shown} of type {type_name}").into())
        }
    }),
    fixed("len", &[Any], |args, _| Ok(builtins::len(arg(args, 0))?)),
    variadic("index", &[Any, Any], |args, _| Ok(builtins::index(args)?)),
    variadic("slice", &[Any, Any], |args, _| Ok(builtins::slice(args)?)),
    variadic("print", &[Any], |args, _| {
        Ok(Value::text(printf::print(args)))
    }),
    variadic("println", &[Any], |args, _| {
        Ok(Value::text(printf::println(args)))
    }),
    variadic("printf", &[Text, Any], |args, _| {
        let (format, args) = (text(args, 0), args.get(1..).unwrap_or_default());
        Ok(Value::text(printf::printf(format, args)))
    }),
    variadic("html", &[Any], |args, _| {
        Ok(escape::all(args, escape::html))
    }),
    variadic("js", &[Any], |args, _| Ok(escape::all(args, escape::js))),
    variadic("urlquery", &[Any], |args, _| {
        Ok(escape::all(args, query_escape))
    }),
    variadic("eq", &[Any, Any], |args, _| Ok(compare::equal(args)?)),
    fixed("ne", &[Any, Any], |args, _| Ok(compare::not_equal(args)?)),
    fixed("lt", &[Any, Any], |args, _| {
        Ok(compare::ordered(args, Order::Less)?)
    }),
    fixed("le", &[Any, Any], |args, _| {
        Ok(compare::ordered(args, Order::LessOrEqual)?)
    }),
    fixed("gt", &[Any, Any], |args, _| {
        Ok(compare::ordered(args, Order::Greater)?)
    }),
    fixed("ge", &[Any, Any], |args, _| {
        Ok(compare::ordered(args, Order::GreaterOrEqual)?)
    }),
    // Prometheus': about samples.
    fixed("query", &[Text], |args, context| {
        context.query(text(args, 0))
    }),
    fixed("first", &[Type::Samples], |args, _| first(arg(args, 0))),
    fixed("label", &[Text, Type::Sample], |args, _| {
        label(text(args, 0), arg(args, 1))
    }),
    fixed("value", &[Type::Sample], |args, _| {
        Ok(sample(arg(args, 0))?.value.clone())
    }),
    fixed("strvalue", &[Type::Sample], |args, _| {
        label("__value__", arg(args, 0))
    }),
    fixed("sortByLabel", &[Text, Type::Samples], |args, _| {
        Ok(sorted(text(args, 0), arg(args, 1)))
    }),
    // About text.
    variadic("args", &[Any], |args, _| Ok(named(args))),
    fixed("match", &[Text, Text], |args, _| {
        let regex = regex(text(args, 0))?;
        Ok(Value::Bool(regex.is_match(text(args, 1))))
    }),
    fixed("reReplaceAll", &[Text, Text, Text], |args, _| {
        let pattern = text(args, 0);
        let regex = regex(pattern).map_err(|e| format!("regexp: Compile(`{pattern}`): {e}"))?;
        let replaced = regex.replace_all(text(args, 2), text(args, 1));
        Ok(Value::text(replaced.as_ref()))
    }),
    fixed("title", &[Text], |args, _| {
        Ok(Value::text(escape::title(text(args, 0))))
    }),
    fixed("toUpper", &[Text], |args, _| {
        Ok(Value::text(text(args, 0).to_uppercase()))
    }),
    fixed("toLower", &[Text], |args, _| {
        Ok(Value::text(text(args, 0).to_lowercase()))
    }),
    fixed("safeHtml", &[Text], |args, _| {
        Ok(Value::Html(text(args, 0).into()))
    }),
    fixed("stripPort", &[Text], |args, _| {
        Ok(Value::text(host::strip_port(text(args, 0))))
    }),
    fixed("stripDomain", &[Text], |args, _| {
        Ok(Value::text(host::strip_domain(text(args, 0))))
    }),
    fixed("urlQueryEscape", &[Text], |args, _| {
        Ok(Value::text(query_escape(text(args, 0))))
    }),
    fixed("graphLink", &[Text], |args, _| {
        Ok(Value::text(graph_link(text(args, 0))))
    }),
    fixed("tableLink", &[Text], |args, _| {
        Ok(Value::text(table_link(text(args, 0))))
    }),
    fixed("pathPrefix", &[], |_, context| {
        Ok(Value::text(context.external_path))
    }),
    fixed("externalURL", &[], |_, context| {
        Ok(Value::text(context.external_url))
    }),
    // About numbers and time.
    fixed("humanize", &[Any], |args, _| {
        of_number(args, humanize::humanize)
    }),
    fixed("humanize1024", &[Any], |args, _| {
        of_number(args, humanize::humanize_1024)
    }),
    fixed("humanizeDuration", &[Any], |args, _| {
        of_number(args, humanize::duration)
    }),
    fixed("humanizePercentage", &[Any], |args, _| {
        of_number(args, humanize::percentage)
    }),
    fixed("humanizeTimestamp", &[Any], |args, _| {
        Ok(Value::text(humanize::timestamp(convert::float(arg(
            args, 0,
        ))?)?))
    }),
    fixed("toTime", &[Any], |args, _| {
        Ok(Value::Time(Time::from_seconds(convert::float(arg(
            args, 0,
        ))?)?))
    }),
    fixed("toDuration", &[Any], |args, _| {
        // Out of range becomes the nearest that is in range.
        Ok(Value::Duration(Span(
            (convert::float(arg(args, 0))? * 1e9) as i64,
        )))
    }),
    fixed("parseDuration", &[Text], |args, _| {
        let ms = narthex_model::parse_duration(text(args, 0)).map_err(|e| e.to_string())?;
        Ok(Value::Float(ms as f64 / 1000.0))
    }),
    fixed("now", &[], |_, context| {
        Ok(Value::Float(context.at as f64 / 1000.0))
    }),
];

/// An argument; the caller has checked that it is there.
fn arg(args: &[Value], at: usize) -> &Value {
    args.get(at).unwrap_or(&Value::Missing)
}

fn text(args: &[Value], at: usize) -> &str {
    arg(args, at).as_text().unwrap_or_default()
}

fn of_number(args: &[Value], show: fn(f64) -> String) -> Called {
    Ok(Value::text(show(convert::float(arg(args, 0))?)))
}

fn first(samples: &Value) -> Called {
    match samples {
        Value::Samples(samples) if !samples.is_empty() => Ok(samples
            .first()
            .map_or(Value::Missing, |sample| Value::Sample(sample.clone()))),
        _ => Err("first() called on vector with no elements".into()),
    }
}

fn sample(value: &Value) -> Result<&Sample, Failure> {
    match value {
        Value::Sample(sample) => Ok(sample),
        _ => Err("runtime error: invalid memory address or nil pointer dereference".into()),
    }
}

fn label(name: &str, value: &Value) -> Called {
    let found = sample(value)?.labels.get(name).cloned();
    Ok(Value::text(found.unwrap_or_default()))
}

fn sorted(by: &str, samples: &Value) -> Value {
    let Value::Samples(samples) = samples else {
        return samples.clone();
    };
    let mut sorted: Vec<_> = samples.as_ref().clone();
    sorted.sort_by(|a, b| {
        let key = |sample: &Arc<Sample>| sample.labels.get(by).cloned().unwrap_or_default();
        key(a).cmp(&key(b))
    });
    Value::Samples(Arc::new(sorted))
}

fn named(args: &[Value]) -> Value {
    let pairs = args.iter().enumerate();
    let named = pairs.map(|(i, value)| (format!("arg{i}"), value.clone()));
    Value::Args(Arc::new(named.collect::<BTreeMap<_, _>>()))
}

/// The largest compiled size of a regular expression, in bytes.
const REGEX_BYTES_MAX: usize = 1 << 20;

fn regex(pattern: &str) -> Result<Regex, String> {
    let built = regex::RegexBuilder::new(pattern)
        .size_limit(REGEX_BYTES_MAX)
        .build();
    built.map_err(|e| {
        let text = e.to_string();
        let last = text.lines().last().unwrap_or_default();
        let reason = match last.trim_start_matches("error: ") {
            "unclosed group" => "missing closing )",
            "unopened group" => "unexpected )",
            "unclosed character class" => "missing closing ]",
            reason => reason,
        };
        format!("error parsing regexp: {reason}: `{pattern}`")
    })
}

/// The path of the page that shows the graph of an expression.
fn graph_link(expr: &str) -> String {
    format!("/graph?g0.expr={}&g0.tab=0", query_escape(expr))
}

/// The path of the page that shows the values of an expression as a table.
pub(crate) fn table_link(expr: &str) -> String {
    format!("/graph?g0.expr={}&g0.tab=1", query_escape(expr))
}
