//! Cuts a query into words and signs.
//!
//! What a word means depends on where it stands: inside braces there are no keywords, inside brackets only those of durations.

use super::error::{Mistake, Parsed};
use super::number::{self, Scan};
use super::token::{Keyword, Token, TokenKind};
use crate::ast::{BinaryOp, Span};
use crate::quote::{self, Quoted, QuotedChar};

/// All tokens of a query; the last is always [`TokenKind::End`], or [`TokenKind::Error`] explained by `mistake`.
pub(super) struct Lexed {
    pub(super) tokens: Vec<Token>,
    pub(super) mistake: Option<Mistake>,
}

/// Cuts the whole of `text`, up to the first piece that is nothing.
pub(super) fn lex(text: &str) -> Lexed {
    let mut lexer = Lexer {
        text,
        at: 0,
        tokens: Vec::new(),
        parens: 0,
        braces: false,
        brackets: None,
    };
    let mistake = loop {
        match lexer.step() {
            Ok(true) => {}
            Ok(false) => break None,
            Err(mistake) => break Some(*mistake),
        }
    };
    let (kind, span) = match &mistake {
        Some(mistake) => (TokenKind::Error, mistake.span),
        None => (
            TokenKind::End,
            Span {
                start: text.len(),
                end: text.len(),
            },
        ),
    };
    lexer.tokens.push(Token { kind, span });
    Lexed {
        tokens: lexer.tokens,
        mistake,
    }
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    tokens: Vec<Token>,
    parens: usize,
    braces: bool,
    brackets: Option<Brackets>,
}

/// What was seen since the bracket was opened.
#[derive(Clone, Copy, Default)]
struct Brackets {
    literal: bool,
    colon: bool,
}

impl<'a> Lexer<'a> {
    /// Takes one token or a run of blanks or a comment; false at the end.
    fn step(&mut self) -> Parsed<bool> {
        let Some(c) = self.rest().chars().next() else {
            return self.end();
        };
        match c {
            ' ' | '\t' | '\n' | '\r' => self.at += 1,
            '#' => self.at += self.rest().find(['\n', '\r']).unwrap_or(self.rest().len()),
            _ if self.braces => self.in_braces(c)?,
            _ if self.brackets.is_some() && is_name_char(c, true) && !c.is_ascii_digit() => {
                self.word_in_brackets(c)?;
            }
            '0'..='9' => self.number()?,
            '.' if self.byte(1).is_ascii_digit() => self.number()?,
            '"' | '\'' | '`' if self.brackets.is_none() => self.string()?,
            'a'..='z' | 'A'..='Z' | '_' | ':' => self.word(),
            _ => self.sign(c)?,
        }
        Ok(true)
    }

    fn end(&mut self) -> Parsed<bool> {
        let message = if self.braces {
            "unexpected end of input inside braces"
        } else if self.parens > 0 {
            "unclosed left parenthesis"
        } else if self.brackets.is_some_and(|b| !b.literal) {
            "unexpected end of input in duration expression"
        } else if self.brackets.is_some() {
            "unclosed left bracket"
        } else {
            return Ok(false);
        };
        self.fail(0, message)
    }

    fn in_braces(&mut self, c: char) -> Parsed<()> {
        match (c, self.byte(1)) {
            ('a'..='z' | 'A'..='Z' | '_', _) => {
                self.push(TokenKind::Identifier, name_len(self.rest(), false));
            }
            ('"' | '\'' | '`', _) => return self.string(),
            (',', _) => self.push(TokenKind::Comma, 1),
            ('=', b'~') => self.push(TokenKind::EqualRegex, 2),
            ('=', _) => self.push(TokenKind::Assign, 1),
            ('!', b'~') => self.push(TokenKind::NotRegex, 2),
            ('!', b'=') => self.push(TokenKind::Sign(BinaryOp::NotEqual), 2),
            ('!', _) => {
                let next = self.shown(1);
                return self.fail(
                    2,
                    format!("unexpected character after '!' inside braces: {next}"),
                );
            }
            ('{', _) => return self.fail(1, "unexpected left brace '{'"),
            ('}', _) => {
                self.push(TokenKind::RightBrace, 1);
                self.braces = false;
            }
            _ => {
                return self.fail(
                    c.len_utf8(),
                    format!("unexpected character inside braces: {}", QuotedChar(c)),
                );
            }
        }
        Ok(())
    }

    fn word_in_brackets(&mut self, c: char) -> Parsed<()> {
        let brackets = self.brackets.unwrap_or_default();
        if c == ':' {
            return self.colon(brackets);
        }
        let len = name_len(self.rest(), false);
        if let Some(keyword) = self.rest().get(..len).and_then(Keyword::find_in_duration) {
            self.push(TokenKind::Keyword(keyword), len);
            self.brackets = Some(Brackets {
                literal: true,
                ..brackets
            });
            return Ok(());
        }
        let message = if brackets.literal {
            format!("unexpected character: {}, expected ':'", QuotedChar(c))
        } else {
            format!(
                "unexpected character in duration expression: {}",
                QuotedChar(c)
            )
        };
        self.fail(1, message)
    }

    fn colon(&mut self, brackets: Brackets) -> Parsed<()> {
        if !brackets.literal {
            return self.fail(1, "unexpected colon before duration in duration expression");
        }
        if brackets.colon {
            return self.fail(1, "unexpected colon ':'");
        }
        self.push(TokenKind::Colon, 1);
        self.brackets = Some(Brackets {
            colon: true,
            ..brackets
        });
        Ok(())
    }

    fn number(&mut self) -> Parsed<()> {
        let (kind, len) = match number::scan(self.rest().as_bytes()) {
            Scan::Number(len) => (TokenKind::Number, len),
            Scan::Duration(len) => (TokenKind::Duration, len),
            Scan::Bad(len) => {
                let shown = self.rest().get(..len).unwrap_or_default();
                return self.fail(
                    len,
                    format!("bad number or duration syntax: {}", Quoted(shown)),
                );
            }
        };
        self.push(kind, len);
        if let Some(brackets) = &mut self.brackets {
            brackets.literal = true;
        }
        Ok(())
    }

    fn string(&mut self) -> Parsed<()> {
        match quote::literal_end(self.rest()) {
            Ok(len) => self.push(TokenKind::String, len),
            Err(message) => return self.fail(1, message),
        }
        Ok(())
    }

    fn word(&mut self) {
        let len = name_len(self.rest(), true);
        let word = self.rest().get(..len).unwrap_or_default();
        let kind = match Keyword::find(word) {
            Some(keyword) if !keyword.is_fill() || self.paren_follows(len) => {
                TokenKind::Keyword(keyword)
            }
            _ if word.eq_ignore_ascii_case("inf") || word.eq_ignore_ascii_case("nan") => {
                TokenKind::Number
            }
            _ if word.contains(':') => TokenKind::MetricIdentifier,
            _ => TokenKind::Identifier,
        };
        self.push(kind, len);
    }

    fn paren_follows(&self, len: usize) -> bool {
        let after = self.rest().get(len..).unwrap_or_default();
        after
            .trim_start_matches([' ', '\t', '\n', '\r'])
            .starts_with('(')
    }

    fn sign(&mut self, c: char) -> Parsed<()> {
        let (kind, len) = match (c, self.byte(1)) {
            ('(' | ')' | '{' | '[' | ']', _) => return self.bracket(c),
            (',', _) => (TokenKind::Comma, 1),
            ('@', _) => (TokenKind::At, 1),
            ('=', b'~') => return self.fail(1, "unexpected character after '=': '~'"),
            ('!', next) if next != b'=' => {
                let next = self.shown(1);
                return self.fail(2, format!("unexpected character after '!': {next}"));
            }
            ('=', next) if next != b'=' => (TokenKind::Assign, 1),
            _ => match operator(c, self.byte(1)) {
                Some((op, len)) => (TokenKind::Sign(op), len),
                None => return self.unexpected_char(c),
            },
        };
        self.push(kind, len);
        Ok(())
    }

    fn unexpected_char(&self, c: char) -> Parsed<()> {
        let place = if self.brackets.is_some_and(|b| !b.literal) {
            " in duration expression"
        } else {
            ""
        };
        self.fail(
            c.len_utf8(),
            format!("unexpected character{place}: {}", QuotedChar(c)),
        )
    }

    /// Parentheses, brackets and braces: they change what the words inside mean.
    fn bracket(&mut self, c: char) -> Parsed<()> {
        match c {
            '(' => {
                self.push(TokenKind::LeftParen, 1);
                self.parens += 1;
            }
            ')' => match self.parens.checked_sub(1) {
                Some(parens) => {
                    self.push(TokenKind::RightParen, 1);
                    self.parens = parens;
                }
                None => {
                    self.at += 1;
                    return self.fail(0, "unexpected right parenthesis ')'");
                }
            },
            '{' if self.brackets.is_none() => {
                self.push(TokenKind::LeftBrace, 1);
                self.braces = true;
            }
            '[' if self.brackets.is_none() => {
                self.push(TokenKind::LeftBracket, 1);
                self.brackets = Some(Brackets::default());
            }
            ']' if self.brackets.is_some() => {
                self.push(TokenKind::RightBracket, 1);
                self.brackets = None;
            }
            ']' => return self.fail(1, "unexpected right bracket ']'"),
            '[' if self.brackets.is_some_and(|b| b.literal) => {
                return self.fail(1, "unexpected left bracket '['");
            }
            _ => return self.unexpected_char(c),
        }
        Ok(())
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn byte(&self, ahead: usize) -> u8 {
        self.text
            .as_bytes()
            .get(self.at + ahead)
            .copied()
            .unwrap_or(0)
    }

    /// The character `ahead` bytes on, as messages show it.
    fn shown(&self, ahead: usize) -> String {
        let next = self
            .rest()
            .get(ahead..)
            .and_then(|rest| rest.chars().next());
        next.map_or_else(|| "end of input".to_owned(), |c| QuotedChar(c).to_string())
    }

    fn push(&mut self, kind: TokenKind, len: usize) {
        let span = Span {
            start: self.at,
            end: self.at + len,
        };
        self.tokens.push(Token { kind, span });
        self.at = span.end;
    }

    #[cold]
    fn fail<T>(&self, len: usize, message: impl Into<String>) -> Parsed<T> {
        let end = (self.at + len).min(self.text.len());
        Err(Mistake::new(
            Span {
                start: self.at.min(end),
                end,
            },
            message,
        ))
    }
}

/// The operator that begins with `c`, followed by `next`, and its length.
fn operator(c: char, next: u8) -> Option<(BinaryOp, usize)> {
    Some(match (c, next) {
        ('=', b'=') => (BinaryOp::Equal, 2),
        ('!', b'=') => (BinaryOp::NotEqual, 2),
        ('<', b'=') => (BinaryOp::LessOrEqual, 2),
        ('<', b'/') => (BinaryOp::TrimUpper, 2),
        ('<', _) => (BinaryOp::Less, 1),
        ('>', b'=') => (BinaryOp::GreaterOrEqual, 2),
        ('>', b'/') => (BinaryOp::TrimLower, 2),
        ('>', _) => (BinaryOp::Greater, 1),
        ('+', _) => (BinaryOp::Add, 1),
        ('-', _) => (BinaryOp::Sub, 1),
        ('*', _) => (BinaryOp::Mul, 1),
        ('/', _) => (BinaryOp::Div, 1),
        ('%', _) => (BinaryOp::Mod, 1),
        ('^', _) => (BinaryOp::Pow, 1),
        _ => return None,
    })
}

fn name_len(text: &str, colons: bool) -> usize {
    text.find(|c| !is_name_char(c, colons))
        .unwrap_or(text.len())
}

fn is_name_char(c: char, colons: bool) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || (colons && c == ':')
}
