//! From tokens to trees: one per `define`, and the one around them.

use std::collections::BTreeMap;

use narthex_syntax::Quoted;

use super::lex::lex;
use super::literal;
use super::node::{Branch, List, Node};
use super::token::{Kind, Token};

/// How deep blocks and parentheses may lie inside each other. Whoever walks a tree by recursion may rely on it.
const DEPTH_MAX: usize = 50;

/// The trees of a text, by name.
pub(super) type Trees = BTreeMap<String, List>;

/// Reads the template `text` that is called `name`.
///
/// # Errors
/// The first mistake, as Go words it: `template: name:line: what is wrong`.
pub(super) fn parse(
    name: &str,
    text: &str,
    is_function: &dyn Fn(&str) -> bool,
) -> Result<Trees, String> {
    let mut parser = Parser {
        name,
        tokens: lex(text),
        at: 0,
        furthest: 0,
        action_line: None,
        variables: vec!["$".to_owned()],
        range_depth: 0,
        depth: 0,
        trees: Trees::new(),
        is_function,
    };
    let root = parser.root()?;
    parser.add(name.to_owned(), root)?;
    Ok(parser.trees)
}

pub(super) struct Parser<'a> {
    name: &'a str,
    /// The last one is the end or an error, and is given again and again.
    tokens: Vec<Token>,
    pub(super) at: usize,
    /// The furthest token looked at: errors are at its line.
    furthest: usize,
    /// The line of the action that is being read.
    action_line: Option<usize>,
    /// Those defined so far.
    pub(super) variables: Vec<String>,
    range_depth: usize,
    pub(super) depth: usize,
    trees: Trees,
    pub(super) is_function: &'a dyn Fn(&str) -> bool,
}

pub(super) type Parsed<T> = Result<T, String>;

/// What ends a list.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ending {
    End,
    Else,
}

impl Ending {
    fn shown(self) -> &'static str {
        match self {
            Self::End => "{{end}}",
            Self::Else => "{{else}}",
        }
    }
}

/// A part of a list, or what ends it.
enum Item {
    Node(Node),
    Ending(Ending),
}

impl Parser<'_> {
    pub(super) fn token(&mut self, at: usize) -> Token {
        let at = at.min(self.tokens.len() - 1);
        self.furthest = self.furthest.max(at);
        self.tokens[at].clone()
    }

    pub(super) fn next(&mut self) -> Token {
        let token = self.token(self.at);
        self.at = (self.at + 1).min(self.tokens.len());
        token
    }

    pub(super) fn peek(&mut self) -> Kind {
        self.token(self.at).kind
    }

    pub(super) fn skip_space(&mut self) {
        while self.peek() == Kind::Space {
            self.at += 1;
        }
    }

    pub(super) fn next_word(&mut self) -> Token {
        self.skip_space();
        self.next()
    }

    pub(super) fn peek_word(&mut self) -> Token {
        self.skip_space();
        self.token(self.at)
    }

    pub(super) fn fail<T>(&self, message: impl std::fmt::Display) -> Parsed<T> {
        let line = self.tokens.get(self.furthest).map_or(1, |t| t.line);
        Err(format!("template: {}:{line}: {message}", self.name))
    }

    pub(super) fn unexpected<T>(&self, token: &Token, context: &str) -> Parsed<T> {
        if token.kind != Kind::Error {
            return self.fail(format!("unexpected {token} in {context}"));
        }
        match self.action_line.filter(|line| *line != token.line) {
            // "unclosed action started at", not "unclosed action in action started at".
            Some(line) if token.text.ends_with(" action") => {
                self.fail(format!("{token} started at {}:{line}", self.name))
            }
            Some(line) => self.fail(format!("{token} in action started at {}:{line}", self.name)),
            None => self.fail(token),
        }
    }

    fn expect(&mut self, kind: Kind, context: &str) -> Parsed<Token> {
        let token = self.next_word();
        if token.kind == kind {
            return Ok(token);
        }
        self.unexpected(&token, context)
    }

    fn add(&mut self, name: String, tree: List) -> Parsed<()> {
        let is_empty = |tree: &List| {
            tree.iter()
                .all(|node| matches!(node, Node::Text(text) if text.trim().is_empty()))
        };
        match self.trees.get(&name) {
            Some(old) if !is_empty(old) => {
                if !is_empty(&tree) {
                    return self.fail(format!(
                        "template: multiple definition of template {}",
                        Quoted(&name)
                    ));
                }
            }
            _ => {
                self.trees.insert(name, tree);
            }
        }
        Ok(())
    }

    fn root(&mut self) -> Parsed<List> {
        let mut list = List::new();
        while self.peek() != Kind::Eof {
            if self.peek() == Kind::LeftDelim {
                let back = self.at;
                self.next();
                if self.next_word().kind == Kind::Define {
                    self.definition()?;
                    continue;
                }
                self.at = back;
            }
            match self.text_or_action()? {
                Item::Node(node) => list.push(node),
                Item::Ending(ending) => {
                    return self.fail(format!("unexpected {}", ending.shown()));
                }
            }
        }
        Ok(list)
    }

    fn definition(&mut self) -> Parsed<()> {
        const CONTEXT: &str = "define clause";
        let token = self.next_word();
        let name = self.template_name(&token, CONTEXT)?;
        self.expect(Kind::RightDelim, CONTEXT)?;
        let tree = self.separate(CONTEXT)?;
        self.add(name, tree)
    }

    /// The tree of a template inside another: it has its own variables.
    fn separate(&mut self, context: &str) -> Parsed<List> {
        let outer = std::mem::replace(&mut self.variables, vec!["$".to_owned()]);
        let range_depth = std::mem::take(&mut self.range_depth);
        let (tree, ending) = self.list()?;
        if ending != Ending::End {
            return self.fail(format!("unexpected {} in {context}", ending.shown()));
        }
        self.variables = outer;
        self.range_depth = range_depth;
        Ok(tree)
    }

    fn list(&mut self) -> Parsed<(List, Ending)> {
        self.deeper()?;
        let mut list = List::new();
        while self.peek_word().kind != Kind::Eof {
            match self.text_or_action()? {
                Item::Node(node) => list.push(node),
                Item::Ending(ending) => {
                    self.depth -= 1;
                    return Ok((list, ending));
                }
            }
        }
        self.fail("unexpected EOF")
    }

    pub(super) fn deeper(&mut self) -> Parsed<()> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return self.fail("max expression depth exceeded");
        }
        Ok(())
    }

    fn text_or_action(&mut self) -> Parsed<Item> {
        let token = self.next_word();
        match token.kind {
            Kind::Text => Ok(Item::Node(Node::Text(token.text))),
            Kind::LeftDelim => {
                self.action_line = Some(token.line);
                let item = self.action();
                self.action_line = None;
                item
            }
            _ => self.unexpected(&token, "input"),
        }
    }

    fn action(&mut self) -> Parsed<Item> {
        let token = self.peek_word();
        let node = match token.kind {
            Kind::Else => return self.else_(),
            Kind::End => {
                self.next();
                self.expect(Kind::RightDelim, "end")?;
                return Ok(Item::Ending(Ending::End));
            }
            Kind::Block => self.block()?,
            Kind::Break | Kind::Continue => self.jump()?,
            Kind::If => Node::If(self.branch("if")?),
            Kind::Range => Node::Range(self.branch("range")?),
            Kind::With => Node::With(self.branch("with")?),
            Kind::Template => self.template()?,
            _ => {
                let pipe = self.pipeline("command", Kind::RightDelim)?;
                let pos = token.pos;
                Node::Action { pos, pipe }
            }
        };
        Ok(Item::Node(node))
    }

    fn else_(&mut self) -> Parsed<Item> {
        self.next();
        // `else if` and `else with` begin a block whose end is that of this one.
        if !matches!(self.peek_word().kind, Kind::If | Kind::With) {
            self.expect(Kind::RightDelim, "else")?;
        }
        Ok(Item::Ending(Ending::Else))
    }

    fn jump(&mut self) -> Parsed<Node> {
        let keyword = self.next();
        let shown = format!("{{{{{}}}}}", keyword.text);
        self.expect(Kind::RightDelim, &shown)?;
        if self.range_depth == 0 {
            return self.fail(format!("{shown} outside {{{{range}}}}"));
        }
        Ok(match keyword.kind {
            Kind::Break => Node::Break,
            _ => Node::Continue,
        })
    }

    fn branch(&mut self, keyword: &str) -> Parsed<Branch> {
        self.next();
        let outer = self.variables.len();
        let is_range = usize::from(keyword == "range");
        let pipe = self.pipeline(keyword, Kind::RightDelim)?;
        self.range_depth += is_range;
        let (then, ending) = self.list()?;
        self.range_depth -= is_range;
        let otherwise = match ending {
            Ending::End => List::new(),
            Ending::Else => self.otherwise(keyword)?,
        };
        self.variables.truncate(outer);
        Ok(Branch {
            pos: pipe.pos,
            pipe,
            then,
            otherwise,
        })
    }

    fn otherwise(&mut self, keyword: &str) -> Parsed<List> {
        self.deeper()?;
        let chained = match (keyword, self.peek()) {
            ("if", Kind::If) => Some(Node::If(self.branch("if")?)),
            ("with", Kind::With) => Some(Node::With(self.branch("with")?)),
            _ => None,
        };
        self.depth -= 1;
        if let Some(node) = chained {
            return Ok(vec![node]);
        }
        match self.list()? {
            (list, Ending::End) => Ok(list),
            (_, Ending::Else) => self.fail("expected end; found {{else}}"),
        }
    }

    fn block(&mut self) -> Parsed<Node> {
        const CONTEXT: &str = "block clause";
        self.next();
        let token = self.next_word();
        let name = self.template_name(&token, CONTEXT)?;
        let pipe = self.pipeline(CONTEXT, Kind::RightDelim)?;
        let tree = self.separate(CONTEXT)?;
        self.add(name.clone(), tree)?;
        Ok(Node::Template {
            pos: token.pos,
            name,
            pipe: Some(pipe),
        })
    }

    fn template(&mut self) -> Parsed<Node> {
        const CONTEXT: &str = "template clause";
        self.next();
        let token = self.next_word();
        let name = self.template_name(&token, CONTEXT)?;
        let pipe = if self.peek_word().kind == Kind::RightDelim {
            self.next();
            None
        } else {
            Some(self.pipeline(CONTEXT, Kind::RightDelim)?)
        };
        let pos = token.pos;
        Ok(Node::Template { pos, name, pipe })
    }

    fn template_name(&mut self, token: &Token, context: &str) -> Parsed<String> {
        match token.kind {
            Kind::String | Kind::RawString => self.unquote(&token.text),
            _ => self.unexpected(token, context),
        }
    }

    pub(super) fn unquote(&self, literal: &str) -> Parsed<String> {
        match literal::text(literal) {
            Some(text) => Ok(text),
            None => self.fail("invalid syntax"),
        }
    }
}

#[cfg(test)]
mod tests;
