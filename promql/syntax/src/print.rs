//! A tree as text, in the forms of Prometheus, that reads back as the same tree.

use std::borrow::Cow;
use std::fmt::{self, Display, Formatter, Write};

use narthex_model::{METRIC_NAME, MatchOp, Matcher, format_duration};

use crate::ast::{
    Aggregate, At, Binary, BinaryOp, Call, Cardinality, DurationExpr, Expr, Grouping, Matching,
    MatrixSelector, Modifiers, Node, NumberLiteral, Subquery, VectorSelector,
};
use crate::parse::{is_bare_metric_name, is_label_word};
use crate::quote::Quoted;

impl Display for Expr {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        Display::fmt(&self.node, f)
    }
}

impl Display for Node {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(literal) => Display::fmt(literal, f),
            Self::String(text) => Display::fmt(&Quoted(text), f),
            Self::Vector(vector) => vector_selector(f, vector),
            Self::Matrix(matrix) => matrix_selector(f, matrix),
            Self::Subquery(subquery) => Display::fmt(subquery, f),
            Self::Call(call) => Display::fmt(call, f),
            Self::Aggregate(aggregate) => Display::fmt(aggregate, f),
            Self::Binary(binary) => Display::fmt(binary, f),
            Self::Unary(unary) => write!(
                f,
                "{}{}",
                if unary.negative { '-' } else { '+' },
                unary.expr
            ),
            Self::Paren(inner) => write!(f, "({inner})"),
        }
    }
}

impl Display for NumberLiteral {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if self.is_duration {
            if self.value == 0.0 && self.value.is_sign_negative() {
                f.write_char('-')?;
            }
            return f.write_str(&format_duration((self.value * 1000.0).round() as i64));
        }
        number(f, self.value)
    }
}

/// Without exponent, in as few digits as tell it from its neighbours.
fn number(f: &mut Formatter<'_>, value: f64) -> fmt::Result {
    match value {
        f64::INFINITY => f.write_str("+Inf"),
        f64::NEG_INFINITY => f.write_str("-Inf"),
        _ => write!(f, "{value}"),
    }
}

fn vector_selector(f: &mut Formatter<'_>, vector: &VectorSelector) -> fmt::Result {
    series(f, vector)?;
    at(f, &vector.modifiers)?;
    extension(f, vector)?;
    offset(f, &vector.modifiers)
}

fn matrix_selector(f: &mut Formatter<'_>, matrix: &MatrixSelector) -> fmt::Result {
    series(f, &matrix.vector)?;
    write!(f, "[{}]", matrix.range)?;
    extension(f, &matrix.vector)?;
    at(f, &matrix.vector.modifiers)?;
    offset(f, &matrix.vector.modifiers)
}

/// The name and the matchers.
fn series(f: &mut Formatter<'_>, vector: &VectorSelector) -> fmt::Result {
    let name = vector
        .name
        .as_deref()
        .filter(|name| is_bare_metric_name(name));
    f.write_str(name.unwrap_or_default())?;
    let is_name = |m: &&Matcher| {
        m.name() == METRIC_NAME && m.op() == MatchOp::Equal && Some(m.value()) == name
    };
    let mut matchers: Vec<String> = vector
        .matchers
        .iter()
        .filter(|m| !is_name(m))
        .map(matcher_text)
        .collect();
    matchers.sort_unstable();
    if name.is_none() || !matchers.is_empty() {
        write!(f, "{{{}}}", matchers.join(","))?;
    }
    Ok(())
}

/// A matcher as it stands in braces; other than [`Matcher`]'s own form it reads back whatever the texts are.
pub(crate) fn matcher_text(matcher: &Matcher) -> String {
    let (op, value) = (matcher.op().as_str(), Quoted(matcher.value()));
    format!("{}{op}{value}", label_word(matcher.name()))
}

/// A label's name as it stands in braces: in quotes if it must be.
pub fn label_word(name: &str) -> Cow<'_, str> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let plain = !name.is_empty()
        && name.chars().all(is_plain)
        && !name.starts_with(|c: char| c.is_ascii_digit());
    if plain {
        Cow::Borrowed(name)
    } else {
        Cow::Owned(Quoted(name).to_string())
    }
}

fn extension(f: &mut Formatter<'_>, vector: &VectorSelector) -> fmt::Result {
    vector
        .extension
        .map_or(Ok(()), |extension| write!(f, " {}", extension.as_str()))
}

fn at(f: &mut Formatter<'_>, modifiers: &Modifiers) -> fmt::Result {
    match modifiers.at {
        None => Ok(()),
        Some(At::Start) => f.write_str(" @ start()"),
        Some(At::End) => f.write_str(" @ end()"),
        Some(At::Timestamp(ms)) => {
            let (sign, ms) = (if ms < 0 { "-" } else { "" }, ms.unsigned_abs());
            write!(f, " @ {sign}{}.{:03}", ms / 1000, ms % 1000)
        }
    }
}

fn offset(f: &mut Formatter<'_>, modifiers: &Modifiers) -> fmt::Result {
    match &modifiers.offset {
        None | Some(DurationExpr::Literal { ms: 0, .. }) => Ok(()),
        Some(offset) => write!(f, " offset {offset}"),
    }
}

impl Display for Subquery {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.expr, subquery_suffix(self))
    }
}

/// What follows the expression of a subquery: `[5m:1m] offset 1h`.
pub(crate) fn subquery_suffix(subquery: &Subquery) -> impl Display + '_ {
    fmt::from_fn(move |f| {
        write!(f, "[{}:", subquery.range)?;
        if let Some(step) = &subquery.step {
            write!(f, "{step}")?;
        }
        f.write_char(']')?;
        at(f, &subquery.modifiers)?;
        offset(f, &subquery.modifiers)
    })
}

impl Display for DurationExpr {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Literal { ms, .. } => f.write_str(&format_duration(*ms)),
            Self::Number { value, .. } => number(f, *value),
            Self::Step(_) => f.write_str("step()"),
            Self::Range(_) => f.write_str("range()"),
            Self::MinOf(a, b, _) => write!(f, "min_of({a}, {b})"),
            Self::MaxOf(a, b, _) => write!(f, "max_of({a}, {b})"),
            Self::Unary { negative, expr, .. } => {
                write!(f, "{}{expr}", if *negative { "-" } else { "" })
            }
            // A sign would take the whole power as its operand.
            Self::Binary {
                op: BinaryOp::Pow,
                lhs,
                rhs,
                ..
            } if lhs.is_negative() => write!(f, "({lhs}) ^ {rhs}"),
            Self::Binary { op, lhs, rhs, .. } => write!(f, "{lhs} {} {rhs}", op.as_str()),
            Self::Paren(expr, _) => write!(f, "({expr})"),
        }
    }
}

impl DurationExpr {
    /// Whether it is a literal with a `-`.
    fn is_negative(&self) -> bool {
        match self {
            Self::Literal { ms, .. } => *ms < 0,
            Self::Number { value, .. } => value.is_sign_negative(),
            _ => false,
        }
    }
}

impl Display for Call {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}(", self.function)?;
        for (index, arg) in self.args.iter().enumerate() {
            write!(f, "{}{arg}", if index == 0 { "" } else { ", " })?;
        }
        f.write_char(')')
    }
}

impl Display for Aggregate {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}(", aggregate_head(self))?;
        if let Some(param) = &self.param {
            write!(f, "{param}, ")?;
        }
        write!(f, "{})", self.expr)
    }
}

/// What stands before the bracket of an aggregation: `sum by (job) `.
pub(crate) fn aggregate_head(aggregate: &Aggregate) -> String {
    let op = aggregate.op.as_str();
    match &aggregate.grouping {
        Grouping::By(names) if !names.is_empty() => format!("{op} by ({}) ", labels(names)),
        Grouping::None | Grouping::By(_) => op.to_owned(),
        Grouping::Without(names) => format!("{op} without ({}) ", labels(names)),
    }
}

fn labels(names: &[String]) -> String {
    let quoted = |name: &String| {
        if is_label_word(name) {
            name.clone()
        } else {
            Quoted(name).to_string()
        }
    };
    names.iter().map(quoted).collect::<Vec<_>>().join(", ")
}

impl Display for Binary {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (left, operator) = (binary_left(self), operator_and_matching(self));
        write!(f, "{left} {operator} {}", self.rhs)
    }
}

/// The left operand of an operator.
pub(crate) fn binary_left(binary: &Binary) -> impl Display + '_ {
    fmt::from_fn(move |f| match &binary.lhs.node {
        // A sign would take the whole power as its operand.
        Node::Number(base) if binary.op == BinaryOp::Pow && base.value.is_sign_negative() => {
            write!(f, "({base})")
        }
        Node::Number(base) if binary.op == BinaryOp::Pow && base.value.is_infinite() => {
            f.write_str("Inf")
        }
        lhs => write!(f, "{lhs}"),
    })
}

/// The operator with what belongs to it: `== bool on (job)`.
pub(crate) fn operator_and_matching(binary: &Binary) -> impl Display + '_ {
    fmt::from_fn(move |f| {
        f.write_str(binary.op.as_str())?;
        if binary.return_bool {
            f.write_str(" bool")?;
        }
        let matching = binary.matching.as_ref();
        matching.map_or(Ok(()), |matching| write!(f, "{matching}"))
    })
}

/// The clauses, each with a blank before it.
impl Display for Matching {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let group = match self.cardinality {
            Cardinality::ManyToOne => Some("group_left"),
            Cardinality::OneToMany => Some("group_right"),
            Cardinality::OneToOne | Cardinality::ManyToMany => None,
        };
        if self.on || !self.labels.is_empty() || group.is_some() {
            write!(
                f,
                " {} ({})",
                if self.on { "on" } else { "ignoring" },
                labels(&self.labels)
            )?;
        }
        if let Some(group) = group {
            write!(f, " {group} ({})", labels(&self.include))?;
        }
        match (self.fill_left, self.fill_right) {
            (Some(left), Some(right)) if left.to_bits() == right.to_bits() => {
                fill(f, "fill", Some(left))
            }
            (left, right) => {
                fill(f, "fill_left", left)?;
                fill(f, "fill_right", right)
            }
        }
    }
}

fn fill(f: &mut Formatter<'_>, clause: &str, value: Option<f64>) -> fmt::Result {
    let Some(value) = value else { return Ok(()) };
    write!(f, " {clause} (")?;
    number(f, value)?;
    f.write_char(')')
}
