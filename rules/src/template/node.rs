//! The tree of a template, and how error messages show its parts.

use std::fmt;

/// What stands between two delimiters, or around them.
#[derive(Debug, Clone)]
pub(super) enum Node {
    Text(String),
    /// Prints a value, or sets a variable.
    Action {
        pos: usize,
        pipe: Pipe,
    },
    If(Branch),
    With(Branch),
    Range(Branch),
    /// Calls another template.
    Template {
        pos: usize,
        name: String,
        pipe: Option<Pipe>,
    },
    Break,
    Continue,
}

/// What stands one after the other.
pub(super) type List = Vec<Node>;

/// `{{if …}} … {{else}} … {{end}}` and the like.
#[derive(Debug, Clone)]
pub(super) struct Branch {
    pub(super) pos: usize,
    pub(super) pipe: Pipe,
    pub(super) then: List,
    pub(super) otherwise: List,
}

/// `$a, $b := command | command`.
#[derive(Debug, Clone)]
pub(super) struct Pipe {
    pub(super) pos: usize,
    /// Whether variables are set that are there already.
    pub(super) is_assign: bool,
    pub(super) variables: Vec<String>,
    pub(super) commands: Vec<Command>,
}

/// `name argument argument`.
#[derive(Debug, Clone)]
pub(super) struct Command {
    pub(super) pos: usize,
    /// At least one.
    pub(super) args: Vec<Expr>,
}

/// A word of a command, and where it stands.
#[derive(Debug, Clone)]
pub(super) struct Expr {
    pub(super) pos: usize,
    pub(super) kind: ExprKind,
}

#[derive(Debug, Clone)]
pub(super) enum ExprKind {
    /// A function's name.
    Identifier(String),
    Dot,
    Nil,
    Bool(bool),
    Number(Number),
    /// As written, and what it says.
    String(String, String),
    /// `.a.b`
    Field(Vec<String>),
    /// `$x.a.b`: the variable with its `$`, and fields.
    Variable(String, Vec<String>),
    /// `(…).a.b`
    Chain(Box<Expr>, Vec<String>),
    /// `(…)`
    Pipe(Box<Pipe>),
}

/// A number as written, and what it may be.
#[derive(Debug, Clone)]
pub(super) struct Number {
    pub(super) text: String,
    pub(super) int: Option<i64>,
    pub(super) float: Option<f64>,
}

/// A part of the tree that an error can be about.
pub(super) trait Part: fmt::Display {
    /// Where it begins, in bytes.
    fn pos(&self) -> usize;
}

impl Part for Node {
    fn pos(&self) -> usize {
        match self {
            Self::Action { pos, .. } | Self::Template { pos, .. } => *pos,
            Self::If(branch) | Self::With(branch) | Self::Range(branch) => branch.pos,
            Self::Text(_) | Self::Break | Self::Continue => 0,
        }
    }
}

macro_rules! parts {
    ($($part:ty),+) => {$(
        impl Part for $part {
            fn pos(&self) -> usize {
                self.pos
            }
        }
    )+};
}
parts!(Pipe, Command, Expr);

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Action { pipe, .. } => write!(f, "{{{{{pipe}}}}}"),
            Self::If(branch) => branch.show("if", f),
            Self::With(branch) => branch.show("with", f),
            Self::Range(branch) => branch.show("range", f),
            Self::Template { name, pipe, .. } => {
                write!(f, "{{{{template {}", narthex_syntax::Quoted(name))?;
                if let Some(pipe) = pipe {
                    write!(f, " {pipe}")?;
                }
                f.write_str("}}")
            }
            Self::Break => f.write_str("{{break}}"),
            Self::Continue => f.write_str("{{continue}}"),
        }
    }
}

impl Branch {
    fn show(&self, keyword: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{{{{keyword} {}}}}}", self.pipe)?;
        self.then.iter().try_for_each(|node| write!(f, "{node}"))?;
        if !self.otherwise.is_empty() {
            f.write_str("{{else}}")?;
            self.otherwise
                .iter()
                .try_for_each(|node| write!(f, "{node}"))?;
        }
        f.write_str("{{end}}")
    }
}

impl fmt::Display for Pipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.variables.is_empty() {
            let sign = if self.is_assign { "=" } else { ":=" };
            write!(f, "{} {sign} ", self.variables.join(", "))?;
        }
        joined(&self.commands, " | ", f)
    }
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        joined(&self.args, " ", f)
    }
}

fn joined<T: fmt::Display>(items: &[T], between: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for (i, item) in items.iter().enumerate() {
        if i > 0 {
            f.write_str(between)?;
        }
        item.fmt(f)?;
    }
    Ok(())
}

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            ExprKind::Identifier(name) => f.write_str(name),
            ExprKind::Dot => f.write_str("."),
            ExprKind::Nil => f.write_str("nil"),
            ExprKind::Bool(value) => write!(f, "{value}"),
            ExprKind::Number(number) => f.write_str(&number.text),
            ExprKind::String(literal, _) => f.write_str(literal),
            ExprKind::Field(fields) => write!(f, ".{}", fields.join(".")),
            ExprKind::Variable(name, fields) => {
                f.write_str(name)?;
                fields.iter().try_for_each(|field| write!(f, ".{field}"))
            }
            ExprKind::Chain(inner, fields) => {
                inner.fmt(f)?;
                fields.iter().try_for_each(|field| write!(f, ".{field}"))
            }
            ExprKind::Pipe(pipe) => write!(f, "({pipe})"),
        }
    }
}
