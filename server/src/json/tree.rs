//! A syntax tree as JSON, with the keys of Prometheus' `/api/v1/parse_query`.

use narthex_model::Matcher;
use narthex_promql::ast::{
    Aggregate, At, Binary, Call, Cardinality, DurationExpr, Expr, Extension, Grouping, Matching,
    MatrixSelector, Modifiers, Node, NumberLiteral, Subquery, Unary, ValueType, VectorSelector,
};
use narthex_promql::signature::signature;
use serde_json::{Map, Value, json};

/// The tree of `expr`.
pub(crate) fn tree(expr: &Expr) -> Value {
    match &expr.node {
        Node::Number(number) => number_literal(number),
        Node::String(text) => json!({"type": "stringLiteral", "val": text}),
        Node::Vector(selector) => vector_selector(selector),
        Node::Matrix(selector) => matrix_selector(selector),
        Node::Subquery(node) => subquery(node),
        Node::Call(node) => call(node),
        Node::Aggregate(node) => aggregation(node),
        Node::Binary(node) => binary(node),
        Node::Unary(node) => unary(node),
        Node::Paren(inner) => json!({"type": "parenExpr", "expr": tree(inner)}),
    }
}

/// Durations are numbers of seconds here.
fn number_literal(number: &NumberLiteral) -> Value {
    json!({"type": "numberLiteral", "val": number_text(number.value)})
}

fn number_text(v: f64) -> String {
    match v {
        f64::INFINITY => "+Inf".to_owned(),
        f64::NEG_INFINITY => "-Inf".to_owned(),
        _ => v.to_string(),
    }
}

fn vector_selector(selector: &VectorSelector) -> Value {
    Value::Object(selected("vectorSelector", selector))
}

fn matrix_selector(selector: &MatrixSelector) -> Value {
    let mut object = selected("matrixSelector", &selector.vector);
    put_duration(&mut object, "range", Some(&selector.range));
    Value::Object(object)
}

fn selected(kind: &str, selector: &VectorSelector) -> Map<String, Value> {
    let mut object = Map::new();
    object.insert("type".to_owned(), kind.into());
    let name = selector.name.as_deref().unwrap_or("");
    object.insert("name".to_owned(), name.into());
    let matchers = selector.matchers.iter().map(matcher).collect();
    object.insert("matchers".to_owned(), Value::Array(matchers));
    for (key, extension) in [
        ("anchored", Extension::Anchored),
        ("smoothed", Extension::Smoothed),
    ] {
        let is_it = selector.extension == Some(extension);
        object.insert(key.to_owned(), is_it.into());
    }
    put_modifiers(&mut object, &selector.modifiers);
    object
}

fn matcher(matcher: &Matcher) -> Value {
    json!({"name": matcher.name(), "type": matcher.op().as_str(), "value": matcher.value()})
}

fn put_modifiers(object: &mut Map<String, Value>, modifiers: &Modifiers) {
    put_duration(object, "offset", modifiers.offset.as_ref());
    let (timestamp, edge) = match modifiers.at {
        None => (Value::Null, Value::Null),
        Some(At::Timestamp(ms)) => (ms.into(), Value::Null),
        Some(At::Start) => (Value::Null, "start".into()),
        Some(At::End) => (Value::Null, "end".into()),
    };
    object.insert("timestamp".to_owned(), timestamp);
    object.insert("startOrEnd".to_owned(), edge);
}

/// Milliseconds, 0 if there is none; a computed one has its expression beside it.
fn put_duration(object: &mut Map<String, Value>, key: &str, duration: Option<&DurationExpr>) {
    let ms = match duration {
        Some(DurationExpr::Literal { ms, .. }) => *ms,
        _ => 0,
    };
    object.insert(key.to_owned(), ms.into());
    match duration {
        None | Some(DurationExpr::Literal { .. }) => {}
        Some(computed) => {
            object.insert(format!("{key}Expr"), duration_tree(computed));
        }
    }
}

fn duration_tree(duration: &DurationExpr) -> Value {
    let operation = |op: &str, lhs: Option<&DurationExpr>, rhs: Option<&DurationExpr>, wrapped| {
        json!({
            "type": "durationExpr", "op": op, "wrapped": wrapped,
            "lhs": lhs.map(duration_tree), "rhs": rhs.map(duration_tree),
        })
    };
    match duration {
        DurationExpr::Literal { ms, .. } => {
            json!({"type": "numberLiteral", "val": number_text(*ms as f64 / 1000.0)})
        }
        DurationExpr::Number { value, .. } => {
            json!({"type": "numberLiteral", "val": number_text(*value)})
        }
        DurationExpr::Step(_) => operation("step", None, None, false),
        DurationExpr::Range(_) => operation("range", None, None, false),
        DurationExpr::MinOf(a, b, _) => operation("min_of", Some(a), Some(b), false),
        DurationExpr::MaxOf(a, b, _) => operation("max_of", Some(a), Some(b), false),
        DurationExpr::Unary { negative, expr, .. } => {
            operation(if *negative { "-" } else { "+" }, None, Some(expr), false)
        }
        DurationExpr::Binary { op, lhs, rhs, .. } => {
            operation(op.as_str(), Some(lhs), Some(rhs), false)
        }
        DurationExpr::Paren(inner, _) => {
            let mut inner = duration_tree(inner);
            inner["wrapped"] = true.into();
            inner
        }
    }
}

fn subquery(node: &Subquery) -> Value {
    let mut object = Map::new();
    object.insert("type".to_owned(), "subquery".into());
    object.insert("expr".to_owned(), tree(&node.expr));
    put_duration(&mut object, "range", Some(&node.range));
    put_duration(&mut object, "step", node.step.as_ref());
    put_modifiers(&mut object, &node.modifiers);
    Value::Object(object)
}

fn call(node: &Call) -> Value {
    let args: Vec<_> = node.args.iter().map(tree).collect();
    let function = signature(node.function).map(|signature| {
        let types: Vec<_> = signature.args.iter().copied().map(type_name).collect();
        json!({
            "name": signature.name, "argTypes": types, "variadic": signature.variadic,
            "returnType": type_name(signature.returns),
        })
    });
    json!({"type": "call", "func": function, "args": args})
}

fn type_name(value_type: ValueType) -> &'static str {
    match value_type {
        ValueType::Scalar => "scalar",
        ValueType::InstantVector => "vector",
        ValueType::RangeVector => "matrix",
        ValueType::String => "string",
    }
}

fn aggregation(node: &Aggregate) -> Value {
    let (grouping, without) = match &node.grouping {
        Grouping::None => (&[][..], false),
        Grouping::By(labels) => (&labels[..], false),
        Grouping::Without(labels) => (&labels[..], true),
    };
    json!({
        "type": "aggregation", "op": node.op.as_str(), "expr": tree(&node.expr),
        "param": node.param.as_ref().map(tree), "grouping": grouping, "without": without,
    })
}

fn binary(node: &Binary) -> Value {
    json!({
        "type": "binaryExpr", "op": node.op.as_str(), "lhs": tree(&node.lhs), "rhs": tree(&node.rhs),
        "matching": node.matching.as_ref().map(matching), "bool": node.return_bool,
    })
}

fn matching(matching: &Matching) -> Value {
    let cardinality = match matching.cardinality {
        Cardinality::OneToOne => "one-to-one",
        Cardinality::ManyToOne => "many-to-one",
        Cardinality::OneToMany => "one-to-many",
        Cardinality::ManyToMany => "many-to-many",
    };
    json!({
        "card": cardinality, "labels": matching.labels, "on": matching.on, "include": matching.include,
        "fillValues": {"lhs": matching.fill_left, "rhs": matching.fill_right},
    })
}

fn unary(node: &Unary) -> Value {
    let op = if node.negative { "-" } else { "+" };
    json!({"type": "unaryExpr", "op": op, "expr": tree(&node.expr)})
}
