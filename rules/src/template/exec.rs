//! Walks a tree and writes what it says.

use std::sync::Arc;

use narthex_syntax::{Quoted, line_and_column};

use super::Context;
use super::node::{Branch, List, Node, Part};
use super::parse::Trees;
use super::value::Value;

/// How deep templates, blocks and parentheses may lie inside each other while a template runs.
const DEPTH_MAX: usize = 100;

/// How many steps a template may take: nodes, arguments, turns of a loop, and every so many bytes of text.
pub(super) const STEPS_MAX: usize = 500_000;

/// A step for so many bytes of text.
const BYTES_PER_STEP: usize = 64;

/// How long the result of a template, or a text inside it, may be, in bytes.
pub(super) const TEXT_BYTES_MAX: usize = 1 << 20;

/// Why a walk ends early.
#[derive(Debug)]
pub(super) enum Stop {
    /// It cannot go on.
    Error(String),
    /// The answer of a query is wanted first.
    Ask(String),
    Break,
    Continue,
}

pub(super) type Walked<T> = Result<T, Stop>;

/// A template that is being run.
pub(super) struct Run<'t> {
    /// The name that places of errors begin with.
    name: &'t str,
    text: &'t str,
    trees: &'t Trees,
    pub(super) context: &'t Context<'t>,
    /// The tree that is being walked.
    tree: &'t str,
    out: String,
    /// Those in scope, the innermost last.
    variables: Vec<(&'t str, Value)>,
    /// What is being looked at, for errors.
    at: Option<&'t dyn Part>,
    depth: usize,
    /// Steps that are left.
    steps: usize,
}

impl<'t> Run<'t> {
    pub(super) fn new(
        name: &'t str,
        text: &'t str,
        trees: &'t Trees,
        context: &'t Context<'t>,
        steps: usize,
    ) -> Self {
        Self {
            name,
            text,
            trees,
            context,
            tree: name,
            out: String::new(),
            variables: Vec::new(),
            at: None,
            depth: 0,
            steps,
        }
    }

    /// Walks the outermost tree; gives the steps that are left, too.
    pub(super) fn run(mut self, dot: &Value) -> (Walked<String>, usize) {
        self.variables.push(("$", dot.clone()));
        let walked = match self.trees.get(self.name) {
            Some(root) => self.list(root, dot),
            None => Ok(()),
        };
        (walked.map(|()| self.out), self.steps)
    }

    pub(super) fn at(&mut self, part: &'t dyn Part) {
        self.at = Some(part);
    }

    /// An error about what is being looked at.
    pub(super) fn fail<T>(&self, message: impl std::fmt::Display) -> Walked<T> {
        let Some(part) = self.at else {
            return Err(Stop::Error(format!("template: {}: {message}", self.name)));
        };
        let (line, column) = line_and_column(self.text, part.pos());
        Err(Stop::Error(format!(
            "template: {}:{line}:{}: executing {} at <{part}>: {message}",
            self.name,
            column - 1,
            Quoted(self.tree)
        )))
    }

    /// Takes a step.
    pub(super) fn step(&mut self) -> Walked<()> {
        self.spend(1)
    }

    fn spend(&mut self, steps: usize) -> Walked<()> {
        match self.steps.checked_sub(steps) {
            Some(left) => self.steps = left,
            None => {
                self.steps = 0;
                return self.fail("it takes too many steps");
            }
        }
        Ok(())
    }

    /// Takes the steps that a text costs.
    pub(super) fn spend_text(&mut self, bytes: usize) -> Walked<()> {
        if bytes > TEXT_BYTES_MAX {
            return self.fail(format!("a text of more than {TEXT_BYTES_MAX} bytes"));
        }
        self.spend(bytes / BYTES_PER_STEP)
    }

    /// Goes one level down.
    pub(super) fn deeper<T>(&mut self, walk: impl FnOnce(&mut Self) -> Walked<T>) -> Walked<T> {
        if self.depth == DEPTH_MAX {
            return self.fail(format!("exceeded maximum template depth ({DEPTH_MAX})"));
        }
        self.depth += 1;
        let walked = walk(self);
        self.depth -= 1;
        walked
    }

    fn write(&mut self, text: &str) -> Walked<()> {
        self.spend_text(text.len())?;
        if self.out.len() + text.len() > TEXT_BYTES_MAX {
            return self.fail(format!("a result of more than {TEXT_BYTES_MAX} bytes"));
        }
        self.out.push_str(text);
        Ok(())
    }

    /// The value of the innermost variable of that name.
    pub(super) fn variable(&self, name: &str) -> Walked<Value> {
        match self.variables.iter().rev().find(|v| v.0 == name) {
            Some((_, value)) => Ok(value.clone()),
            None => self.fail(format!("undefined variable: {name}")),
        }
    }

    pub(super) fn declare(&mut self, name: &'t str, value: Value) {
        self.variables.push((name, value));
    }

    pub(super) fn assign(&mut self, name: &str, value: Value) -> Walked<()> {
        match self.variables.iter_mut().rev().find(|v| v.0 == name) {
            Some(variable) => variable.1 = value,
            None => return self.fail(format!("undefined variable: {name}")),
        }
        Ok(())
    }

    fn list(&mut self, list: &'t List, dot: &Value) -> Walked<()> {
        list.iter().try_for_each(|node| self.node(node, dot))
    }

    fn node(&mut self, node: &'t Node, dot: &Value) -> Walked<()> {
        self.step()?;
        match node {
            Node::Text(text) => self.write(text),
            Node::Break => Err(Stop::Break),
            Node::Continue => Err(Stop::Continue),
            Node::Action { pipe, .. } => {
                self.at(node);
                let value = self.pipe(pipe, dot)?;
                self.at(node);
                if pipe.variables.is_empty() {
                    self.write(&value.printed())?;
                }
                Ok(())
            }
            Node::Template { name, pipe, .. } => {
                self.at(node);
                if !self.trees.contains_key(name) {
                    return self.fail(format!("template {} not defined", Quoted(name)));
                }
                let dot = match pipe {
                    Some(pipe) => self.pipe(pipe, dot)?,
                    None => Value::Missing,
                };
                self.deeper(|run| run.template(name, &dot))
            }
            Node::If(branch) => self.scoped(|run| run.if_or_with(node, branch, dot, false)),
            Node::With(branch) => self.scoped(|run| run.if_or_with(node, branch, dot, true)),
            Node::Range(branch) => self.scoped(|run| run.range(node, branch, dot)),
        }
    }

    /// Goes one level down, and forgets the variables declared there.
    fn scoped(&mut self, walk: impl FnOnce(&mut Self) -> Walked<()>) -> Walked<()> {
        let outer = self.variables.len();
        let walked = self.deeper(walk);
        self.variables.truncate(outer);
        walked
    }

    /// A template sees no variables but its own dot.
    fn template(&mut self, name: &'t str, dot: &Value) -> Walked<()> {
        let Some(tree) = self.trees.get(name) else {
            return Ok(());
        };
        let caller = std::mem::replace(&mut self.variables, vec![("$", dot.clone())]);
        let caller_tree = std::mem::replace(&mut self.tree, name);
        let walked = self.list(tree, dot);
        self.variables = caller;
        if walked.is_ok() {
            self.tree = caller_tree;
        }
        walked
    }

    fn if_or_with(
        &mut self,
        node: &'t Node,
        branch: &'t Branch,
        dot: &Value,
        is_with: bool,
    ) -> Walked<()> {
        self.at(node);
        let value = self.pipe(&branch.pipe, dot)?;
        match value.is_true() {
            true if is_with => self.list(&branch.then, &value),
            true => self.list(&branch.then, dot),
            false => self.list(&branch.otherwise, dot),
        }
    }

    fn range(&mut self, node: &'t Node, branch: &'t Branch, dot: &Value) -> Walked<()> {
        self.at(node);
        let value = self.pipe(&branch.pipe, dot)?;
        let mut ran = false;
        for (index, element) in self.elements(branch, &value)? {
            ran = true;
            match self.turn(branch, index, &element) {
                Err(Stop::Break) => break,
                Ok(()) | Err(Stop::Continue) => {}
                Err(stop) => return Err(stop),
            }
        }
        if ran {
            return Ok(());
        }
        self.list(&branch.otherwise, dot)
    }

    /// What a loop goes through: keys and elements.
    fn elements(
        &self,
        branch: &Branch,
        value: &Value,
    ) -> Walked<Box<dyn Iterator<Item = (Value, Value)>>> {
        match value {
            Value::Missing => Ok(Box::new(std::iter::empty())),
            Value::Int(_) if branch.pipe.variables.len() > 1 => self.fail(format!(
                "can't use {} to iterate over more than one variable",
                value.formatted()
            )),
            Value::Int(count) => {
                let all = (0..*count).map(|i| (Value::Int(i), Value::Int(i)));
                Ok(Box::new(all))
            }
            Value::Samples(samples) => {
                let samples: Vec<_> = samples.iter().cloned().collect();
                let all = samples.into_iter().enumerate();
                Ok(Box::new(all.map(|(i, sample)| {
                    (Value::Int(i as i64), Value::Sample(sample))
                })))
            }
            Value::Labels(labels) => {
                let pair =
                    |(name, value): (String, String)| (Value::text(name), Value::text(value));
                Ok(Box::new(owned(labels).into_iter().map(pair)))
            }
            Value::Args(args) => {
                let pair = |(name, value): (String, Value)| (Value::text(name), value);
                Ok(Box::new(owned(args).into_iter().map(pair)))
            }
            value => self.fail(format!("range can't iterate over {}", value.formatted())),
        }
    }

    fn turn(&mut self, branch: &'t Branch, index: Value, element: &Value) -> Walked<()> {
        self.step()?;
        let mark = self.variables.len();
        let names: Vec<&str> = branch.pipe.variables.iter().map(String::as_str).collect();
        let values = match names.len() {
            2 => vec![index, element.clone()],
            1 => vec![element.clone()],
            _ => Vec::new(),
        };
        for (name, value) in names.into_iter().zip(values) {
            self.assign(name, value)?;
        }
        let walked = self.list(&branch.then, element);
        self.variables.truncate(mark);
        walked
    }
}

fn owned<T: Clone>(map: &Arc<T>) -> T {
    T::clone(map)
}
