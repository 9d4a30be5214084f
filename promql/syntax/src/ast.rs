//! The typed syntax tree of PromQL, with positions in the source text.
//!
//! Positions are byte offsets into the query. The tree says what was written (a duration expression stays one);
//! nothing here evaluates. Printing is in `print.rs`, reading in `parse/`, types and argument checks in `check.rs`.

use narthex_model::Matcher;

/// A piece of the query text, `start` included, `end` excluded, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// First byte after.
    pub end: usize,
}

/// An expression and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Expr {
    /// Which kind of expression.
    pub node: Node,
    /// Where it stands.
    pub span: Span,
}

/// The kinds of expression.
#[derive(Debug, Clone, PartialEq)]
pub enum Node {
    /// `1.5`, `0x1f`, `5m` (a duration is a number of seconds).
    Number(NumberLiteral),
    /// `"text"`.
    String(String),
    /// `name{label="value"}` with its modifiers.
    Vector(VectorSelector),
    /// `name{label="value"}[5m]` with its modifiers.
    Matrix(MatrixSelector),
    /// `expr[1h:1m]` with its modifiers.
    Subquery(Box<Subquery>),
    /// `rate(x[5m])`.
    Call(Call),
    /// `sum by (job) (x)`.
    Aggregate(Box<Aggregate>),
    /// `a / on (job) b`.
    Binary(Box<Binary>),
    /// `-x`, `+x`.
    Unary(Box<Unary>),
    /// `(x)`.
    Paren(Box<Expr>),
}

/// A number as a value, and whether it was written as a duration.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NumberLiteral {
    /// The value; of a duration, in seconds.
    pub value: f64,
    /// Whether it was written as a duration (`5m`), and is printed as one.
    pub is_duration: bool,
}

/// The types of PromQL values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ValueType {
    /// One number per step.
    Scalar,
    /// One sample per series and step.
    InstantVector,
    /// A window of samples per series and step.
    RangeVector,
    /// A text.
    String,
}

impl ValueType {
    /// The name in error messages: `scalar`, `instant vector`, `range vector`, `string`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Scalar => "scalar",
            Self::InstantVector => "instant vector",
            Self::RangeVector => "range vector",
            Self::String => "string",
        }
    }
}

/// `name{matchers} anchored|smoothed @ T offset D`.
#[derive(Debug, Clone, PartialEq)]
pub struct VectorSelector {
    /// The name before the braces, if any; it is also the last matcher. A name inside the braces is only a matcher.
    pub name: Option<String>,
    /// All matchers as written, then the one of the name before the braces; they are printed sorted.
    pub matchers: Vec<Matcher>,
    /// `offset` and `@`.
    pub modifiers: Modifiers,
    /// `anchored` or `smoothed`.
    pub extension: Option<Extension>,
}

/// `vector[range]`; the modifiers are those of the vector selector.
#[derive(Debug, Clone, PartialEq)]
pub struct MatrixSelector {
    /// Which series, and the modifiers.
    pub vector: VectorSelector,
    /// The length of the window.
    pub range: DurationExpr,
}

/// `expr[range:step] @ T offset D`.
#[derive(Debug, Clone, PartialEq)]
pub struct Subquery {
    /// The inner expression, an instant vector (or scalar promoted by the parser's rules).
    pub expr: Expr,
    /// The length of the window.
    pub range: DurationExpr,
    /// The resolution; `None` means the default.
    pub step: Option<DurationExpr>,
    /// `offset` and `@`.
    pub modifiers: Modifiers,
}

/// When a selector or subquery looks.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Modifiers {
    /// `offset D`; positive looks back.
    pub offset: Option<DurationExpr>,
    /// `@ T`.
    pub at: Option<At>,
}

/// The instant of an `@` modifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    /// Milliseconds since the epoch.
    Timestamp(i64),
    /// `@ start()`
    Start,
    /// `@ end()`
    End,
}

/// How samples at the edges of a window count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Extension {
    /// The edges are the samples at or before them.
    Anchored,
    /// The edges are interpolated.
    Smoothed,
}

/// A duration, possibly computed.
#[derive(Debug, Clone, PartialEq)]
pub enum DurationExpr {
    /// `5m`, or `300` and `1.5` where they are the whole duration: milliseconds; may be negative (offsets).
    Literal {
        /// Milliseconds.
        ms: i64,
        /// Where it stands.
        span: Span,
    },
    /// `step()`
    Step(Span),
    /// `range()`
    Range(Span),
    /// `min_of(a, b)`
    MinOf(Box<Self>, Box<Self>, Span),
    /// `max_of(a, b)`
    MaxOf(Box<Self>, Box<Self>, Span),
    /// `-a`; the parser drops a `+`
    Unary {
        /// Whether it is `-`.
        negative: bool,
        /// The operand.
        expr: Box<Self>,
        /// Where it stands.
        span: Span,
    },
    /// `a + b` and the other arithmetic operators.
    Binary {
        /// `+ - * / % ^`
        op: BinaryOp,
        /// Left operand.
        lhs: Box<Self>,
        /// Right operand.
        rhs: Box<Self>,
        /// Where it stands.
        span: Span,
    },
    /// `(a)`
    Paren(Box<Self>, Span),
    /// A plain number inside a computed duration, such as the 2 of `5m * 2`, in seconds if a duration is what it means.
    Number {
        /// The number.
        value: f64,
        /// Where it stands.
        span: Span,
    },
}

/// A function call.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// The function's name, known to `signature.rs`.
    pub function: &'static str,
    /// Arguments, checked against the signature.
    pub args: Vec<Expr>,
}

/// An aggregation.
#[derive(Debug, Clone, PartialEq)]
pub struct Aggregate {
    /// `sum`, `topk`, …
    pub op: AggregateOp,
    /// The parameter of `topk`, `bottomk`, `quantile`, `count_values`, `limitk`, `limit_ratio`.
    pub param: Option<Expr>,
    /// What is aggregated.
    pub expr: Expr,
    /// `by`, `without`, or all into one group.
    pub grouping: Grouping,
}

/// The aggregation operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // each is the operator of that name
pub enum AggregateOp {
    Sum,
    Avg,
    Count,
    Min,
    Max,
    Group,
    Stddev,
    Stdvar,
    Topk,
    Bottomk,
    CountValues,
    Quantile,
    Limitk,
    LimitRatio,
}

/// The labels that make a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Grouping {
    /// Neither clause: one group.
    None,
    /// `by (…)`
    By(Vec<String>),
    /// `without (…)`
    Without(Vec<String>),
}

/// A binary operation.
#[derive(Debug, Clone, PartialEq)]
pub struct Binary {
    /// The operator.
    pub op: BinaryOp,
    /// Left operand.
    pub lhs: Expr,
    /// Right operand.
    pub rhs: Expr,
    /// Whether a comparison gives 0 or 1 instead of filtering.
    pub return_bool: bool,
    /// How series are matched, if both sides are vectors.
    pub matching: Option<Matching>,
    /// Where the operator stands.
    pub op_span: Span,
}

/// The binary operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // each is named after its sign
pub enum BinaryOp {
    Add,
    Sub,
    Mul,
    Div,
    Mod,
    Pow,
    Atan2,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    And,
    Or,
    Unless,
    /// `</`
    TrimUpper,
    /// `>/`
    TrimLower,
}

/// How the series of two vectors are matched.
#[derive(Debug, Clone, PartialEq)]
pub struct Matching {
    /// Which side may have several series per match.
    pub cardinality: Cardinality,
    /// `on (…)` if true, else `ignoring (…)`.
    pub on: bool,
    /// The labels of that clause.
    pub labels: Vec<String>,
    /// The labels inside `group_left (…)` or `group_right (…)`.
    pub include: Vec<String>,
    /// `fill`, `fill_left`: the value for a missing left partner.
    pub fill_left: Option<f64>,
    /// `fill`, `fill_right`: the value for a missing right partner.
    pub fill_right: Option<f64>,
}

/// How many series may match one on the other side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cardinality {
    /// One on each side.
    OneToOne,
    /// `group_left`: many on the left.
    ManyToOne,
    /// `group_right`: many on the right.
    OneToMany,
    /// Set operators.
    ManyToMany,
}

/// A sign before an expression.
#[derive(Debug, Clone, PartialEq)]
pub struct Unary {
    /// Whether it is `-`; `+` changes nothing.
    pub negative: bool,
    /// What it applies to.
    pub expr: Expr,
}
