//! The words and signs of PromQL.

use crate::ast::{AggregateOp, BinaryOp, Span};
use crate::quote::Quoted;

/// A word or sign and where it stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    pub(super) span: Span,
}

/// The kinds of words and signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TokenKind {
    /// The end of the text.
    End,
    /// Something that is no word or sign; the lexer keeps the message.
    Error,
    /// A name that may be a metric, label or function.
    Identifier,
    /// A name with a colon: a metric.
    MetricIdentifier,
    Keyword(Keyword),
    Number,
    Duration,
    String,
    LeftParen,
    RightParen,
    LeftBrace,
    RightBrace,
    LeftBracket,
    RightBracket,
    Comma,
    Colon,
    /// `=`
    Assign,
    /// `=~`
    EqualRegex,
    /// `!~`
    NotRegex,
    /// `@`
    At,
    /// An operator that is a sign; operators that are words are keywords.
    Sign(BinaryOp),
}

/// Words with a meaning. Nearly all may also be names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keyword {
    Operator(BinaryOp),
    Aggregate(AggregateOp),
    Anchored,
    Bool,
    By,
    Fill,
    FillLeft,
    FillRight,
    GroupLeft,
    GroupRight,
    Ignoring,
    Offset,
    On,
    Smoothed,
    Without,
    /// Also functions, as are the others below.
    Start,
    End,
    Step,
    Range,
    MinOf,
    MaxOf,
}

/// All keywords, lower case. In a query any case will do.
const KEYWORDS: [(&str, Keyword); 33] = [
    ("and", Keyword::Operator(BinaryOp::And)),
    ("or", Keyword::Operator(BinaryOp::Or)),
    ("unless", Keyword::Operator(BinaryOp::Unless)),
    ("atan2", Keyword::Operator(BinaryOp::Atan2)),
    ("sum", Keyword::Aggregate(AggregateOp::Sum)),
    ("avg", Keyword::Aggregate(AggregateOp::Avg)),
    ("count", Keyword::Aggregate(AggregateOp::Count)),
    ("min", Keyword::Aggregate(AggregateOp::Min)),
    ("max", Keyword::Aggregate(AggregateOp::Max)),
    ("group", Keyword::Aggregate(AggregateOp::Group)),
    ("stddev", Keyword::Aggregate(AggregateOp::Stddev)),
    ("stdvar", Keyword::Aggregate(AggregateOp::Stdvar)),
    ("topk", Keyword::Aggregate(AggregateOp::Topk)),
    ("bottomk", Keyword::Aggregate(AggregateOp::Bottomk)),
    ("count_values", Keyword::Aggregate(AggregateOp::CountValues)),
    ("quantile", Keyword::Aggregate(AggregateOp::Quantile)),
    ("limitk", Keyword::Aggregate(AggregateOp::Limitk)),
    ("limit_ratio", Keyword::Aggregate(AggregateOp::LimitRatio)),
    ("anchored", Keyword::Anchored),
    ("bool", Keyword::Bool),
    ("by", Keyword::By),
    ("fill", Keyword::Fill),
    ("fill_left", Keyword::FillLeft),
    ("fill_right", Keyword::FillRight),
    ("group_left", Keyword::GroupLeft),
    ("group_right", Keyword::GroupRight),
    ("ignoring", Keyword::Ignoring),
    ("offset", Keyword::Offset),
    ("on", Keyword::On),
    ("smoothed", Keyword::Smoothed),
    ("without", Keyword::Without),
    ("start", Keyword::Start),
    ("end", Keyword::End),
];

/// Keywords that are written as functions, in durations too.
const DURATION_KEYWORDS: [(&str, Keyword); 4] = [
    ("step", Keyword::Step),
    ("range", Keyword::Range),
    ("min_of", Keyword::MinOf),
    ("max_of", Keyword::MaxOf),
];

impl Keyword {
    /// The keyword that `word` is, in any case.
    pub(super) fn find(word: &str) -> Option<Self> {
        lookup(&KEYWORDS, word).or_else(|| lookup(&DURATION_KEYWORDS, word))
    }

    /// The keyword that `word` is inside the brackets of a range.
    pub(super) fn find_in_duration(word: &str) -> Option<Self> {
        lookup(&DURATION_KEYWORDS, word)
    }

    /// Whether it may stand for a metric outside braces and quotes.
    pub(super) fn is_metric_name(self) -> bool {
        !matches!(
            self,
            Self::Bool
                | Self::On
                | Self::Ignoring
                | Self::GroupLeft
                | Self::GroupRight
                | Self::Fill
                | Self::FillLeft
                | Self::FillRight
                | Self::Operator(BinaryOp::Atan2)
        )
    }

    /// Whether it is a function when a parenthesis follows.
    pub(super) fn is_function(self) -> bool {
        matches!(
            self,
            Self::Start | Self::End | Self::Step | Self::Range | Self::MinOf | Self::MaxOf
        )
    }

    pub(super) fn is_fill(self) -> bool {
        matches!(self, Self::Fill | Self::FillLeft | Self::FillRight)
    }
}

fn lookup(table: &[(&str, Keyword)], word: &str) -> Option<Keyword> {
    table
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(word))
        .map(|(_, keyword)| *keyword)
}

impl Token {
    /// The token as error messages name it; `text` is what stands there.
    pub(super) fn describe(self, text: &str) -> String {
        match self.kind {
            TokenKind::End | TokenKind::Error => "end of input".to_owned(),
            TokenKind::Identifier => format!("identifier {}", Quoted(text)),
            TokenKind::MetricIdentifier => format!("metric identifier {}", Quoted(text)),
            TokenKind::Number => format!("number {}", shortened(text)),
            TokenKind::Duration => format!("duration {}", shortened(text)),
            TokenKind::String => format!("string {}", shortened(text)),
            TokenKind::Keyword(Keyword::Aggregate(_)) => format!("<aggr:{text}>"),
            TokenKind::Keyword(Keyword::Operator(_)) | TokenKind::Sign(_) => format!("<op:{text}>"),
            TokenKind::EqualRegex | TokenKind::NotRegex | TokenKind::At => format!("<op:{text}>"),
            TokenKind::Keyword(keyword) if !keyword.is_function() => format!("<{text}>"),
            _ => Quoted(text).to_string(),
        }
    }
}

/// At most ten characters of `text`, in quotes.
fn shortened(text: &str) -> String {
    match text.char_indices().nth(10) {
        Some((end, _)) if text.len() > 10 => {
            format!("{}...", Quoted(text.get(..end).unwrap_or(text)))
        }
        _ => Quoted(text).to_string(),
    }
}

/// Whether `name` may stand for a metric outside braces.
pub(crate) fn is_bare_metric_name(name: &str) -> bool {
    is_word(name, true) && Keyword::find(name).is_none_or(|k| k.is_metric_name() || k.is_fill())
}

/// Whether `name` may stand in a list of labels without quotes.
pub(crate) fn is_label_word(name: &str) -> bool {
    is_word(name, false)
}

/// Letters, digits, underscores and possibly colons, no digit first, and not a number (`Inf`, `NaN`).
fn is_word(name: &str, colons: bool) -> bool {
    let is_letter = |c: char| c.is_ascii_alphabetic() || c == '_' || (colons && c == ':');
    name.starts_with(is_letter)
        && name.chars().all(|c| is_letter(c) || c.is_ascii_digit())
        && !name.eq_ignore_ascii_case("inf")
        && !name.eq_ignore_ascii_case("nan")
}
