//! From text to tokens: text outside of `{{ }}`, words, numbers, quoted texts and signs inside.

use narthex_syntax::Quoted;

use super::token::{KEYWORDS, Kind, Token};

const LEFT: &str = "{{";
const RIGHT: &str = "}}";
const SPACES: [char; 4] = [' ', '\t', '\r', '\n'];

/// The tokens of a template; the last one is the end or an error.
pub(super) fn lex(input: &str) -> Vec<Token> {
    let mut lexer = Lexer {
        input,
        pos: 0,
        start: 0,
        line: 1,
        parens: 0,
        tokens: Vec::new(),
    };
    if let Err(message) = lexer.run() {
        lexer.push(Kind::Error, message);
    }
    lexer.tokens
}

struct Lexer<'a> {
    input: &'a str,
    pos: usize,
    start: usize,
    /// The line of `start`.
    line: usize,
    parens: usize,
    tokens: Vec<Token>,
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        self.input.get(self.pos..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.pos += c.len_utf8();
        Some(c)
    }

    fn accept(&mut self, valid: &str) -> bool {
        let found = self.peek().is_some_and(|c| valid.contains(c));
        if found {
            self.next();
        }
        found
    }

    fn accept_word_character(&mut self) {
        if self.peek().is_some_and(is_alphanumeric) {
            self.next();
        }
    }

    fn accept_run(&mut self, valid: &str) {
        while self.accept(valid) {}
    }

    fn push(&mut self, kind: Kind, text: String) {
        let (pos, line) = (self.start, self.line);
        self.tokens.push(Token {
            kind,
            pos,
            line,
            text,
        });
    }

    /// A token of everything since the last one.
    fn emit(&mut self, kind: Kind) {
        let text = self.input.get(self.start..self.pos).unwrap_or_default();
        self.push(kind, text.to_owned());
        self.skip();
    }

    /// Leaves out everything since the last token.
    fn skip(&mut self) {
        let text = self.input.get(self.start..self.pos).unwrap_or_default();
        self.line += text.bytes().filter(|b| *b == b'\n').count();
        self.start = self.pos;
    }

    fn run(&mut self) -> Result<(), String> {
        while let Some(at) = self.rest().find(LEFT) {
            let text = self.rest().get(..at).unwrap_or_default();
            let after = self.rest().get(at + LEFT.len()..).unwrap_or_default();
            let trims = after.starts_with('-') && after.get(1..).is_some_and(begins_with_space);
            let kept = if trims {
                text.trim_end_matches(SPACES)
            } else {
                text
            };
            self.text(kept.len());
            self.pos = self.start + (text.len() - kept.len());
            self.skip();
            self.action(trims)?;
        }
        self.text(self.rest().len());
        self.emit(Kind::Eof);
        Ok(())
    }

    fn text(&mut self, length: usize) {
        self.pos += length;
        if length > 0 {
            self.emit(Kind::Text);
        }
    }

    /// An action or a comment, from its left delimiter on.
    fn action(&mut self, trims: bool) -> Result<(), String> {
        let marker = if trims { 2 } else { 0 };
        let inside = self.rest().get(LEFT.len() + marker..).unwrap_or_default();
        if inside.starts_with("/*") {
            self.pos += LEFT.len() + marker;
            return self.comment();
        }
        self.pos += LEFT.len();
        self.emit(Kind::LeftDelim);
        self.pos += marker;
        self.skip();
        self.parens = 0;
        while !self.right_delim()? {
            self.inside()?;
        }
        Ok(())
    }

    fn comment(&mut self) -> Result<(), String> {
        let end = self.rest().find("*/").ok_or("unclosed comment")?;
        self.pos += end + 2;
        let Some(trims) = self.at_right_delim() else {
            return Err("comment ends before closing delimiter".to_owned());
        };
        self.pos += RIGHT.len() + if trims { 2 } else { 0 };
        self.after_action(trims);
        Ok(())
    }

    /// Whether the action ends here, and then whether it trims the text behind it.
    fn at_right_delim(&self) -> Option<bool> {
        let rest = self.rest();
        let marked = begins_with_space(rest) && rest.get(1..).is_some_and(|r| r.starts_with("-}}"));
        if marked {
            return Some(true);
        }
        rest.starts_with(RIGHT).then_some(false)
    }

    fn right_delim(&mut self) -> Result<bool, String> {
        let Some(trims) = self.at_right_delim() else {
            return Ok(false);
        };
        if self.parens > 0 {
            return Err("unclosed left paren".to_owned());
        }
        if trims {
            self.pos += 2;
            self.skip();
        }
        self.pos += RIGHT.len();
        self.emit(Kind::RightDelim);
        self.after_action(trims);
        Ok(true)
    }

    fn after_action(&mut self, trims: bool) {
        if trims {
            let rest = self.rest();
            self.pos += rest.len() - rest.trim_start_matches(SPACES).len();
        }
        self.skip();
    }

    /// One token inside an action.
    fn inside(&mut self) -> Result<(), String> {
        let Some(c) = self.next() else {
            return Err("unclosed action".to_owned());
        };
        match c {
            _ if SPACES.contains(&c) => self.space(),
            '=' => self.emit(Kind::Assign),
            ':' if self.accept("=") => self.emit(Kind::Declare),
            ':' => return Err("expected :=".to_owned()),
            '|' => self.emit(Kind::Pipe),
            '"' => self.quoted('"', Kind::String, "unterminated quoted string")?,
            '\'' => self.quoted('\'', Kind::CharConstant, "unterminated character constant")?,
            '`' => self.raw()?,
            '$' => self.name(Kind::Variable)?,
            '.' if !self.peek().is_some_and(|c| c.is_ascii_digit()) => self.name(Kind::Field)?,
            '.' | '+' | '-' | '0'..='9' => {
                self.pos -= 1;
                self.number()?;
            }
            _ if is_alphanumeric(c) => self.word()?,
            '(' => {
                self.emit(Kind::LeftParen);
                self.parens += 1;
            }
            ')' => {
                self.parens = self.parens.checked_sub(1).ok_or("unexpected right paren")?;
                self.emit(Kind::RightParen);
            }
            _ if c.is_ascii_graphic() => self.emit(Kind::Char),
            _ => {
                return Err(format!(
                    "unrecognized character in action: {}",
                    code_point(c)
                ));
            }
        }
        Ok(())
    }

    fn space(&mut self) {
        while self.peek().is_some_and(|c| SPACES.contains(&c)) {
            self.next();
        }
        // The last space may belong to a marker that trims.
        if self.rest().starts_with("-}}") {
            self.pos -= 1;
        }
        if self.pos > self.start {
            self.emit(Kind::Space);
        }
    }

    fn quoted(&mut self, quote: char, kind: Kind, message: &str) -> Result<(), String> {
        loop {
            match self.next() {
                Some('\\') if self.next().is_some_and(|c| c != '\n') => {}
                None | Some('\\' | '\n') => return Err(message.to_owned()),
                Some(c) if c == quote => break,
                Some(_) => {}
            }
        }
        self.emit(kind);
        Ok(())
    }

    fn raw(&mut self) -> Result<(), String> {
        let end = self
            .rest()
            .find('`')
            .ok_or("unterminated raw quoted string")?;
        self.pos += end + 1;
        self.emit(Kind::RawString);
        Ok(())
    }

    /// What follows `$` or `.`.
    fn name(&mut self, kind: Kind) -> Result<(), String> {
        if self.at_terminator() {
            let is_dot = kind == Kind::Field;
            self.emit(if is_dot { Kind::Dot } else { kind });
            return Ok(());
        }
        self.rest_of_word()?;
        self.emit(kind);
        Ok(())
    }

    fn word(&mut self) -> Result<(), String> {
        self.rest_of_word()?;
        let word = self.input.get(self.start..self.pos).unwrap_or_default();
        let keyword = KEYWORDS.iter().find(|k| k.0 == word);
        let kind = match (keyword, word) {
            (Some(keyword), _) => keyword.1,
            (None, "true" | "false") => Kind::Bool,
            _ => Kind::Identifier,
        };
        self.emit(kind);
        Ok(())
    }

    fn rest_of_word(&mut self) -> Result<(), String> {
        while self.peek().is_some_and(is_alphanumeric) {
            self.next();
        }
        match self.peek() {
            Some(c) if !self.at_terminator() => Err(format!("bad character {}", code_point(c))),
            _ => Ok(()),
        }
    }

    /// Whether what comes next may follow a word.
    fn at_terminator(&self) -> bool {
        let ends = |c| SPACES.contains(&c) || matches!(c, '.' | ',' | '|' | ':' | ')' | '(' | '}');
        self.peek().is_none_or(ends)
    }

    fn number(&mut self) -> Result<(), String> {
        self.accept("+-");
        let mut digits = "0123456789_";
        if self.accept("0") {
            if self.accept("xX") {
                digits = "0123456789abcdefABCDEF_";
            } else if self.accept("oO") {
                digits = "01234567_";
            } else if self.accept("bB") {
                digits = "01_";
            }
        }
        self.accept_run(digits);
        if self.accept(".") {
            self.accept_run(digits);
        }
        if digits.len() == 11 && self.accept("eE") || digits.len() == 23 && self.accept("pP") {
            self.accept("+-");
            self.accept_run("0123456789_");
        }
        // Go has complex numbers here; nobody needs them in an alert.
        let is_sum = self.accept("+-");
        if is_sum {
            self.accept_run(digits);
        }
        if is_sum || self.peek().is_some_and(is_alphanumeric) {
            self.accept_word_character();
            let text = self.input.get(self.start..self.pos).unwrap_or_default();
            return Err(format!("bad number syntax: {}", Quoted(text)));
        }
        self.emit(Kind::Number);
        Ok(())
    }
}

fn begins_with_space(text: &str) -> bool {
    text.starts_with(SPACES)
}

fn is_alphanumeric(c: char) -> bool {
    c == '_' || c.is_alphabetic() || c.is_numeric()
}

/// `U+0024 '$'`.
fn code_point(c: char) -> String {
    if c.is_control() {
        return format!("U+{:04X}", u32::from(c));
    }
    format!("U+{:04X} '{c}'", u32::from(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        let tokens = lex(text).into_iter().filter(|t| t.kind != Kind::Space);
        let texts: Vec<_> = tokens.map(|t| format!("{:?}:{}", t.kind, t.text)).collect();
        texts.join(" ")
    }

    #[test]
    fn tokens() {
        let cases = [
            (
                "a{{.B.C}}",
                "Text:a LeftDelim:{{ Field:.B Field:.C RightDelim:}} Eof:",
            ),
            (
                "a {{- $x := 1 -}} b",
                "Text:a LeftDelim:{{ Variable:$x Declare::= Number:1 RightDelim:}} Text:b Eof:",
            ),
            ("{{/* c */}}x", "Text:x Eof:"),
            ("a {{- /* c */ -}} b", "Text:a Text:b Eof:"),
            ("{{-1}}", "LeftDelim:{{ Number:-1 RightDelim:}} Eof:"),
            (
                "{{ \"a\\\"}}\" }}",
                "LeftDelim:{{ String:\"a\\\"}}\" RightDelim:}} Eof:",
            ),
            ("{{ if . }}", "LeftDelim:{{ If:if Dot:. RightDelim:}} Eof:"),
            (
                "{{ (1) | f , `r` }}",
                "LeftDelim:{{ LeftParen:( Number:1 RightParen:) Pipe:| Identifier:f Char:, RawString:`r` RightDelim:}} Eof:",
            ),
            ("{{ 1", "LeftDelim:{{ Number:1 Error:unclosed action"),
            ("{{ $a%b }}", "LeftDelim:{{ Error:bad character U+0025 '%'"),
            ("{{ 3k }}", "LeftDelim:{{ Error:bad number syntax: \"3k\""),
            (
                "{{ \u{1} }}",
                "LeftDelim:{{ Error:unrecognized character in action: U+0001",
            ),
            (
                "{{ (1 }}",
                "LeftDelim:{{ LeftParen:( Number:1 Error:unclosed left paren",
            ),
            ("{{/* x", "Error:unclosed comment"),
        ];
        for (text, want) in cases {
            assert_eq!(shown(text), want, "{text}");
        }
    }

    #[test]
    fn lines_are_counted() {
        let tokens = lex("a\n{{\n.b\n}}\nc");
        let lines: Vec<_> = tokens.iter().map(|t| t.line).collect();
        assert_eq!(lines, [1, 2, 2, 3, 3, 4, 4, 5]);
    }
}
