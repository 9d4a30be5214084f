//! Reads what stands between delimiters: pipelines, commands, operands.

use narthex_syntax::Quoted;

use super::literal;
use super::node::{Command, Expr, ExprKind, Pipe};
use super::parse::{Parsed, Parser};
use super::token::Kind;

impl Parser<'_> {
    pub(super) fn pipeline(&mut self, context: &str, end: Kind) -> Parsed<Pipe> {
        self.deeper()?;
        let mut pipe = Pipe {
            pos: self.peek_word().pos,
            is_assign: false,
            variables: Vec::new(),
            commands: Vec::new(),
        };
        self.declarations(&mut pipe, context)?;
        loop {
            let token = self.peek_word();
            if token.kind == end {
                self.next();
                self.check_pipeline(&pipe, context)?;
                self.depth -= 1;
                return Ok(pipe);
            }
            if !begins_operand(token.kind) {
                self.next();
                return self.unexpected(&token, context);
            }
            pipe.commands.push(self.command()?);
        }
    }

    fn declarations(&mut self, pipe: &mut Pipe, context: &str) -> Parsed<()> {
        while self.peek_word().kind == Kind::Variable {
            let back = self.at;
            let variable = self.next();
            let sign = self.peek_word();
            let is_comma = sign.kind == Kind::Char && sign.text == ",";
            if !is_comma && !matches!(sign.kind, Kind::Assign | Kind::Declare) {
                self.at = back;
                return Ok(());
            }
            self.next();
            pipe.variables.push(variable.text.clone());
            self.variables.push(variable.text);
            if !is_comma {
                pipe.is_assign = sign.kind == Kind::Assign;
                return Ok(());
            }
            if context != "range" || pipe.variables.len() >= 2 {
                return self.fail(format!("too many declarations in {context}"));
            }
            let next = self.peek_word().kind;
            if !matches!(next, Kind::Variable | Kind::RightDelim | Kind::RightParen) {
                return self.fail("range can only initialize variables");
            }
        }
        Ok(())
    }

    /// Only the first command may begin with something that cannot be called.
    fn check_pipeline(&self, pipe: &Pipe, context: &str) -> Parsed<()> {
        if pipe.commands.is_empty() {
            return self.fail(format!("missing value for {context}"));
        }
        let is_value = |command: &Command| {
            use ExprKind::{Bool, Dot, Nil, Number, String};
            let first = command.args.first().map(|arg| &arg.kind);
            matches!(first, Some(Bool(_) | Dot | Nil | Number(_) | String(..)))
        };
        match pipe.commands.iter().skip(1).position(is_value) {
            Some(i) => self.fail(format!(
                "non executable command in pipeline stage {}",
                i + 2
            )),
            None => Ok(()),
        }
    }

    fn command(&mut self) -> Parsed<Command> {
        let pos = self.peek_word().pos;
        let mut args = Vec::new();
        loop {
            self.skip_space();
            args.extend(self.operand()?);
            let token = self.next();
            match token.kind {
                Kind::Space => {}
                Kind::RightDelim | Kind::RightParen => {
                    self.at -= 1;
                    break;
                }
                Kind::Pipe => break,
                _ => return self.unexpected(&token, "operand"),
            }
        }
        if args.is_empty() {
            return self.fail("empty command");
        }
        Ok(Command { pos, args })
    }

    fn operand(&mut self) -> Parsed<Option<Expr>> {
        let Some(term) = self.term()? else {
            return Ok(None);
        };
        let pos = self.token(self.at).pos;
        let mut fields = Vec::new();
        while self.peek() == Kind::Field {
            fields.push(self.next().text.trim_start_matches('.').to_owned());
        }
        if fields.is_empty() {
            return Ok(Some(term));
        }
        let kind = match term.kind {
            ExprKind::Field(first) => ExprKind::Field([first, fields].concat()),
            ExprKind::Variable(name, _) => ExprKind::Variable(name, fields),
            ExprKind::Identifier(_) | ExprKind::Pipe(_) | ExprKind::Chain(..) => {
                ExprKind::Chain(Box::new(term), fields)
            }
            _ => {
                let term = term.to_string();
                return self.fail(format!("unexpected . after term {}", Quoted(&term)));
            }
        };
        Ok(Some(Expr { pos, kind }))
    }

    fn term(&mut self) -> Parsed<Option<Expr>> {
        let token = self.next_word();
        let kind = match token.kind {
            Kind::Identifier if !(self.is_function)(&token.text) => {
                return self.fail(format!("function {} not defined", Quoted(&token.text)));
            }
            Kind::Identifier => ExprKind::Identifier(token.text),
            Kind::Dot => ExprKind::Dot,
            Kind::Nil => ExprKind::Nil,
            Kind::Bool => ExprKind::Bool(token.text == "true"),
            Kind::Variable if !self.variables.contains(&token.text) => {
                return self.fail(format!("undefined variable {}", Quoted(&token.text)));
            }
            Kind::Variable => ExprKind::Variable(token.text, Vec::new()),
            Kind::Field => ExprKind::Field(vec![token.text.trim_start_matches('.').to_owned()]),
            Kind::Number | Kind::CharConstant => match literal::number(&token.text) {
                Ok(number) => ExprKind::Number(number),
                Err(message) => return self.fail(message),
            },
            Kind::LeftParen => {
                let pipe = self.pipeline("parenthesized pipeline", Kind::RightParen)?;
                ExprKind::Pipe(Box::new(pipe))
            }
            Kind::String | Kind::RawString => {
                let text = self.unquote(&token.text)?;
                ExprKind::String(token.text, text)
            }
            _ => {
                self.at -= 1;
                return Ok(None);
            }
        };
        let pos = token.pos;
        Ok(Some(Expr { pos, kind }))
    }
}

fn begins_operand(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Bool
            | Kind::CharConstant
            | Kind::Dot
            | Kind::Field
            | Kind::Identifier
            | Kind::Number
            | Kind::Nil
            | Kind::RawString
            | Kind::String
            | Kind::Variable
            | Kind::LeftParen
    )
}
