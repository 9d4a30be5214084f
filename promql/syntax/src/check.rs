//! Types and argument counts, checked as Prometheus does before a query runs.

use narthex_model::{METRIC_NAME, Matcher};

use crate::ast::{
    Aggregate, AggregateOp, Binary, Call, Cardinality, Expr, Extension, Node, Span, ValueType,
    VectorSelector,
};
use crate::parse::{Mistake, Parsed};
use crate::quote::Quoted;
use crate::signature::{Signature, signature};

/// The type of a checked expression's value.
pub fn value_type(expr: &Expr) -> ValueType {
    match &expr.node {
        Node::Number(_) => ValueType::Scalar,
        Node::String(_) => ValueType::String,
        Node::Vector(_) | Node::Aggregate(_) => ValueType::InstantVector,
        Node::Matrix(_) | Node::Subquery(_) => ValueType::RangeVector,
        Node::Call(call) => {
            signature(call.function).map_or(ValueType::InstantVector, |s| s.returns)
        }
        Node::Binary(binary) => of_binary(value_type(&binary.lhs), value_type(&binary.rhs)),
        Node::Unary(unary) => value_type(&unary.expr),
        Node::Paren(inner) => value_type(inner),
    }
}

fn of_binary(lhs: ValueType, rhs: ValueType) -> ValueType {
    match (lhs, rhs) {
        (ValueType::Scalar, ValueType::Scalar) => ValueType::Scalar,
        _ => ValueType::InstantVector,
    }
}

/// Checks a tree and completes its vector matching; the type of its value.
pub(crate) fn check(expr: &mut Expr) -> Parsed<ValueType> {
    let span = expr.span;
    match &mut expr.node {
        Node::Number(_) => Ok(ValueType::Scalar),
        Node::String(_) => Ok(ValueType::String),
        Node::Vector(vector) => vector_selector(vector, span).map(|()| ValueType::InstantVector),
        Node::Matrix(matrix) => {
            vector_selector(&matrix.vector, span).map(|()| ValueType::RangeVector)
        }
        Node::Subquery(subquery) => match check(&mut subquery.expr)? {
            ValueType::InstantVector => Ok(ValueType::RangeVector),
            other => {
                let message = format!(
                    "subquery is only allowed on instant vector, got {} instead",
                    short_name(other)
                );
                fail(span, message)
            }
        },
        Node::Call(call) => function_call(call, span),
        Node::Aggregate(aggregate) => aggregation(aggregate),
        Node::Binary(binary) => operation(binary, span),
        Node::Unary(unary) => match check(&mut unary.expr)? {
            found @ (ValueType::Scalar | ValueType::InstantVector) => Ok(found),
            other => {
                let allowed =
                    "unary expression only allowed on expressions of type scalar or instant vector";
                fail(span, format!("{allowed}, got {}", Quoted(other.as_str())))
            }
        },
        Node::Paren(inner) => check(inner),
    }
}

#[cold]
fn fail<T>(span: Span, message: impl Into<String>) -> Parsed<T> {
    Err(Mistake::new(span, message))
}

/// The name that Prometheus uses in code.
fn short_name(of: ValueType) -> &'static str {
    match of {
        ValueType::Scalar => "scalar",
        ValueType::InstantVector => "vector",
        ValueType::RangeVector => "matrix",
        ValueType::String => "string",
    }
}

fn vector_selector(vector: &VectorSelector, span: Span) -> Parsed<()> {
    if let (Some(name), Some((_, others))) = (&vector.name, vector.matchers.split_last()) {
        // The last matcher is that of the name before the braces.
        return match others.iter().find(|m| m.name() == METRIC_NAME) {
            Some(other) => {
                let (first, second) = (Quoted(name), Quoted(other.value()));
                fail(
                    span,
                    format!("metric name must not be set twice: {first} or {second}"),
                )
            }
            None => Ok(()),
        };
    }
    if vector.matchers.iter().all(Matcher::accepts_empty) {
        return fail(
            span,
            "vector selector must contain at least one non-empty matcher",
        );
    }
    Ok(())
}

fn aggregation(aggregate: &mut Aggregate) -> Parsed<ValueType> {
    expect(
        &mut aggregate.expr,
        ValueType::InstantVector,
        "aggregation expression",
    )?;
    if let Some(param) = &mut aggregate.param {
        let wanted = match aggregate.op {
            AggregateOp::CountValues => ValueType::String,
            _ => ValueType::Scalar,
        };
        expect(param, wanted, "aggregation parameter")?;
    }
    Ok(ValueType::InstantVector)
}

fn expect(expr: &mut Expr, wanted: ValueType, context: &str) -> Parsed<()> {
    let found = check(expr)?;
    if found == wanted {
        return Ok(());
    }
    fail(
        expr.span,
        format!(
            "expected type {} in {context}, got {}",
            wanted.as_str(),
            found.as_str()
        ),
    )
}

fn function_call(call: &mut Call, span: Span) -> Parsed<ValueType> {
    let Some(signature) = signature(call.function) else {
        return fail(
            span,
            format!("unknown function with name {}", Quoted(call.function)),
        );
    };
    argument_count(signature, call.args.len(), span)?;
    let context = format!("call to function {}", Quoted(signature.name));
    for (index, arg) in call.args.iter_mut().enumerate() {
        if signature.name == "info" && index == 1 {
            label_selectors(arg, span, &context)?;
        } else if let Some(wanted) = signature.argument_type(index) {
            expect(arg, wanted, &context)?;
        }
    }
    Ok(signature.returns)
}

fn argument_count(signature: &Signature, given: usize, span: Span) -> Parsed<()> {
    let (least, most) = signature.arguments();
    let expected = match most {
        Some(most) if most == least && given != most => format!("{most}"),
        Some(most) if given > most => format!("at most {most}"),
        _ if given < least => format!("at least {least}"),
        _ => return Ok(()),
    };
    let name = Quoted(signature.name);
    fail(
        span,
        format!("expected {expected} argument(s) in call to {name}, got {given}"),
    )
}

/// The second argument of `info`: matchers without a name. They may all accept the empty string.
fn label_selectors(arg: &mut Expr, call: Span, context: &str) -> Parsed<()> {
    let found = value_type(arg);
    if found != ValueType::InstantVector {
        let wanted = ValueType::InstantVector.as_str();
        return fail(
            call,
            format!(
                "expected type {wanted} in {context}, got {}",
                found.as_str()
            ),
        );
    }
    match &arg.node {
        Node::Vector(vector) if vector.name.is_none() => Ok(()),
        Node::Vector(_) => fail(
            arg.span,
            "expected label selectors only, got vector selector instead",
        ),
        _ => fail(arg.span, "expected label selectors only"),
    }
}

fn operation(binary: &mut Binary, span: Span) -> Parsed<ValueType> {
    let (lhs, rhs) = (check(&mut binary.lhs)?, check(&mut binary.rhs)?);
    let op = binary.op;
    if binary.return_bool && !op.is_comparison() {
        return fail(
            binary.op_span,
            "bool modifier can only be used on comparison operators",
        );
    }
    if op.is_comparison()
        && !binary.return_bool
        && (lhs, rhs) == (ValueType::Scalar, ValueType::Scalar)
    {
        return fail(
            binary.op_span,
            "comparisons between scalars must use BOOL modifier",
        );
    }
    on_and_group_are_disjoint(binary)?;
    for (side, found) in [(&binary.lhs, lhs), (&binary.rhs, rhs)] {
        if !matches!(found, ValueType::Scalar | ValueType::InstantVector) {
            return fail(
                side.span,
                "binary expression must contain only scalar and instant vector types",
            );
        }
    }
    if (lhs, rhs) == (ValueType::InstantVector, ValueType::InstantVector) {
        vector_matching(binary, span)?;
    } else {
        no_vector_matching(binary, span)?;
    }
    Ok(of_binary(lhs, rhs))
}

fn on_and_group_are_disjoint(binary: &Binary) -> Parsed<()> {
    let Some(matching) = binary.matching.as_ref().filter(|m| m.on) else {
        return Ok(());
    };
    match matching
        .labels
        .iter()
        .find(|label| matching.include.contains(label))
    {
        Some(label) => {
            let label = Quoted(label);
            fail(
                binary.op_span,
                format!("label {label} must not occur in ON and GROUP clause at once"),
            )
        }
        None => Ok(()),
    }
}

fn vector_matching(binary: &mut Binary, span: Span) -> Parsed<()> {
    let Some(matching) = binary.matching.as_mut().filter(|_| binary.op.is_set()) else {
        return Ok(());
    };
    if matches!(
        matching.cardinality,
        Cardinality::OneToMany | Cardinality::ManyToOne
    ) {
        return fail(
            span,
            format!(
                "no grouping allowed for {} operation",
                Quoted(binary.op.as_str())
            ),
        );
    }
    matching.cardinality = Cardinality::ManyToMany;
    if matching.fill_left.is_some() || matching.fill_right.is_some() {
        return fail(
            span,
            "filling in missing series not allowed for set operators",
        );
    }
    Ok(())
}

/// Matching is for two vectors; clauses without labels are let pass and forgotten.
fn no_vector_matching(binary: &mut Binary, span: Span) -> Parsed<()> {
    if let Some(matching) = binary.matching.take() {
        if !matching.labels.is_empty() {
            return fail(span, "vector matching only allowed between instant vectors");
        }
        if matching.fill_left.is_some() || matching.fill_right.is_some() {
            return fail(
                span,
                "filling in missing series only allowed between instant vectors",
            );
        }
    }
    if binary.op.is_set() {
        let op = Quoted(binary.op.as_str());
        return fail(
            span,
            format!("set operator {op} not allowed in binary scalar expression"),
        );
    }
    Ok(())
}

/// Checks that `anchored` and `smoothed` stand only where they mean something. Prometheus finds that out when the query runs,
/// so it is no parse error.
///
/// # Errors
/// `Invalid`, with the functions that would do.
pub fn check_extensions(expr: &Expr) -> narthex_model::Result<()> {
    let mut result = Ok(());
    expr.walk(&mut |expr| {
        let Node::Call(call) = &expr.node else { return };
        for arg in &call.args {
            if let Node::Matrix(matrix) = &arg.without_parens().node {
                let Some(extension) = matrix.vector.extension else {
                    continue;
                };
                let allowed = functions_with(extension);
                if result.is_ok() && !allowed.contains(&call.function) {
                    result = Err(misused(extension, allowed, call.function));
                }
            }
        }
    });
    result
}

fn functions_with(extension: Extension) -> &'static [&'static str] {
    match extension {
        Extension::Anchored => &["changes", "delta", "increase", "rate", "resets"],
        Extension::Smoothed => &["delta", "increase", "rate"],
    }
}

fn misused(extension: Extension, allowed: &[&str], function: &str) -> narthex_model::Error {
    let (name, allowed) = (extension.as_str(), allowed.join(", "));
    narthex_model::Error::invalid(format!(
        "{name} modifier can only be used with: {allowed} - not with {function}"
    ))
}
