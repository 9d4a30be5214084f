//! The commands of a script: `clear`, `load`, `eval`.

use narthex_model::parse_duration;
use narthex_promql::ParseOptions;
use narthex_promql::ast::Node;
use regex::Regex;

use super::series::{self, SeriesLine};
use super::starts;

/// A command and the line it begins at (from 1).
#[derive(Debug, Clone)]
pub(super) struct Command {
    pub(super) line: usize,
    pub(super) kind: CommandKind,
}

#[derive(Debug, Clone)]
pub(super) enum CommandKind {
    Clear,
    Load {
        step_ms: i64,
        series: Vec<SeriesLine>,
        histograms_too: bool,
    },
    Eval(Eval),
}

/// A query and what it must answer.
#[derive(Debug, Clone)]
pub(super) struct Eval {
    pub(super) query: String,
    pub(super) when: When,
    pub(super) ordered: bool,
    pub(super) fail: Option<Text>,
    pub(super) warn: Annotation,
    pub(super) info: Annotation,
    pub(super) expected: Expected,
}

/// When a query is evaluated, in milliseconds.
#[derive(Debug, Clone, Copy)]
pub(super) enum When {
    Instant(i64),
    Range { start: i64, end: i64, step: i64 },
}

#[derive(Debug, Clone)]
pub(super) enum Expected {
    Series(Vec<SeriesLine>),
    Scalar(f64),
    String(String),
    RangeVector {
        start: i64,
        step: i64,
        series: Vec<SeriesLine>,
    },
}

/// What an error or annotation must say.
#[derive(Debug, Clone)]
pub(super) enum Text {
    Any,
    Exactly(String),
    Matching(Regex),
}

/// What is said of one kind of annotation.
#[derive(Debug, Clone, Default)]
pub(super) struct Annotation {
    pub(super) forbidden: bool,
    pub(super) wanted: Vec<Text>,
}

impl Text {
    pub(super) fn accepts(&self, text: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Exactly(want) => text == want,
            Self::Matching(regex) => regex.is_match(text),
        }
    }
}

/// Reads a whole script.
///
/// # Errors
/// The first bad line, as `line: what is wrong`.
pub(super) fn parse(text: &str) -> Result<Vec<Command>, String> {
    let lines: Vec<&str> = text
        .lines()
        .map(str::trim)
        .map(|l| if l.starts_with('#') { "" } else { l })
        .collect();
    let mut commands = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        let line = at + 1;
        if lines[at].is_empty() {
            at += 1;
            continue;
        }
        let (kind, next) = command(&lines, at).map_err(|e| format!("line {line}: {e}"))?;
        commands.push(Command { line, kind });
        at = next;
    }
    Ok(commands)
}

/// The command at `at`, and where the next one may begin.
fn command(lines: &[&str], at: usize) -> Result<(CommandKind, usize), String> {
    let first = lines[at]
        .split([' ', '\t'])
        .next()
        .unwrap_or("")
        .to_lowercase();
    let end = (at + 1..lines.len())
        .find(|i| lines[*i].is_empty())
        .unwrap_or(lines.len());
    let body = &lines[at + 1..end];
    if first == "clear" {
        return Ok((CommandKind::Clear, at + 1));
    }
    if first.starts_with("load") {
        return Ok((load(lines[at], body)?, end));
    }
    if first.starts_with("eval") {
        let (eval, used) = eval(lines[at], body)?;
        return Ok((CommandKind::Eval(eval), at + 1 + used));
    }
    Err(format!("invalid command {:?}", lines[at]))
}

fn regex(pattern: &str) -> Result<Regex, String> {
    Regex::new(pattern).map_err(|e| e.to_string())
}

fn duration(text: &str) -> Result<i64, String> {
    parse_duration(text).map_err(|e| e.to_string())
}

fn load(head: &str, body: &[&str]) -> Result<CommandKind, String> {
    let form = regex(r"^load(?:_(with_nhcb))?\s+(.+?)$")?;
    let parts = form.captures(head).ok_or("invalid load command")?;
    let mut series: Vec<SeriesLine> = Vec::new();
    let mut starts = None;
    for line in body {
        if let Some((metric, items)) = starts::split(line) {
            starts = Some(starts::parse(metric, items)?);
            continue;
        }
        let mut line = series::parse(line)?;
        if let Some((of, starts)) = starts.take() {
            if of.labels != line.labels || starts.len() != line.slots.len() {
                return Err(format!("start timestamps of {} that do not fit", of.labels));
            }
            line.starts = starts;
        }
        series.retain(|s| s.labels != line.labels);
        series.push(line);
    }
    if starts.is_some() {
        return Err("start timestamps without samples".to_owned());
    }
    Ok(CommandKind::Load {
        step_ms: duration(&parts[2])?,
        series,
        histograms_too: parts.get(1).is_some(),
    })
}

/// An eval, and how many lines of the body belong to it.
fn eval(head: &str, body: &[&str]) -> Result<(Eval, usize), String> {
    let (when, query, suffix) = head_of_eval(head)?;
    let mut eval = Eval {
        query,
        when,
        ordered: suffix == "ordered",
        fail: (suffix == "fail").then_some(Text::Any),
        warn: Annotation {
            forbidden: false,
            wanted: if suffix == "warn" {
                vec![Text::Any]
            } else {
                Vec::new()
            },
        },
        info: Annotation {
            forbidden: false,
            wanted: if suffix == "info" {
                vec![Text::Any]
            } else {
                Vec::new()
            },
        },
        expected: Expected::Series(Vec::new()),
    };
    for (i, line) in body.iter().enumerate() {
        if body_line(line, &mut eval)? {
            return Ok((eval, i + 1));
        }
    }
    Ok((eval, body.len()))
}

fn head_of_eval(head: &str) -> Result<(When, String, String), String> {
    let instant =
        regex(r"^eval(?:_(fail|warn|ordered|info))?\s+instant\s+(?:at\s+(.+?))?\s+(.+)$")?;
    let range = regex(
        r"^eval(?:_(fail|warn|info))?\s+range\s+from\s+(.+)\s+to\s+(.+)\s+step\s+(.+?)\s+(.+)$",
    )?;
    let text = |parts: &regex::Captures<'_>, i: usize| {
        parts
            .get(i)
            .map_or(String::new(), |m| m.as_str().to_owned())
    };
    if let Some(parts) = instant.captures(head) {
        return Ok((
            When::Instant(duration(&text(&parts, 2))?),
            text(&parts, 3),
            text(&parts, 1),
        ));
    }
    let parts = range.captures(head).ok_or("invalid eval command")?;
    let (start, end) = (duration(&text(&parts, 2))?, duration(&text(&parts, 3))?);
    if end < start {
        return Err("the end lies before the start".to_owned());
    }
    let when = When::Range {
        start,
        end,
        step: duration(&text(&parts, 4))?,
    };
    Ok((when, text(&parts, 5), text(&parts, 1)))
}

/// Reads one line of the body; true if it ends the block.
fn body_line(line: &str, eval: &mut Eval) -> Result<bool, String> {
    if let Some(text) = line.strip_prefix("expected_fail_message") {
        eval.fail = Some(Text::Exactly(text.trim().to_owned()));
        return Ok(true);
    }
    if let Some(text) = line.strip_prefix("expected_fail_regexp") {
        eval.fail = Some(Text::Matching(regex(text.trim())?));
        return Ok(true);
    }
    if let Some(rest) = line.strip_prefix("expect range vector ") {
        return expect_range_vector(rest, eval).map(|()| false);
    }
    if let Some(rest) = line.strip_prefix("expect string ") {
        eval.expected = Expected::String(string(rest)?);
        return Ok(false);
    }
    if line.split(' ').next() == Some("expect") {
        return expect(line, eval).map(|()| false);
    }
    if let Some(v) = scalar(line) {
        eval.expected = Expected::Scalar(v);
        return Ok(true);
    }
    let line = series::parse(line)?;
    match &mut eval.expected {
        Expected::Series(series) | Expected::RangeVector { series, .. } => {
            series.retain(|s| s.labels != line.labels);
            series.push(line);
            Ok(false)
        }
        _ => Err("a series line beside a scalar or a string".to_owned()),
    }
}

/// What a literal in quotes says.
fn string(literal: &str) -> Result<String, String> {
    let read = narthex_promql::parse(literal, &ParseOptions::all()).map(|expr| expr.node);
    match read {
        Ok(Node::String(text)) => Ok(text),
        _ => Err(format!("{literal} is no string")),
    }
}

fn scalar(line: &str) -> Option<f64> {
    match line.strip_prefix("0x") {
        Some(hex) => i64::from_str_radix(hex, 16).ok().map(|v| v as f64),
        None => narthex_model::parse_float(line),
    }
}

fn expect_range_vector(rest: &str, eval: &mut Eval) -> Result<(), String> {
    let form = regex(r"^from\s+(.+)\s+to\s+(.+)\s+step\s+(.+)$")?;
    let parts = form
        .captures(rest)
        .ok_or("invalid \"expect range vector\"")?;
    eval.when = When::Instant(duration(&parts[2])?);
    eval.expected = Expected::RangeVector {
        start: duration(&parts[1])?,
        step: duration(&parts[3])?,
        series: Vec::new(),
    };
    Ok(())
}

fn expect(line: &str, eval: &mut Eval) -> Result<(), String> {
    let form =
        regex(r"^expect\s+(ordered|fail|warn|no_warn|info|no_info)(?:\s+(regex|msg):(.+))?$")?;
    let parts = form.captures(line).ok_or("invalid expect line")?;
    let text = match (parts.get(2).map(|m| m.as_str()), parts.get(3)) {
        (Some("msg"), Some(text)) => Text::Exactly(text.as_str().trim().to_owned()),
        (Some(_), Some(text)) => Text::Matching(regex(text.as_str().trim())?),
        _ => Text::Any,
    };
    match &parts[1] {
        "ordered" => eval.ordered = true,
        "fail" => eval.fail = Some(text),
        "warn" => eval.warn.wanted.push(text),
        "info" => eval.info.wanted.push(text),
        "no_warn" => eval.warn.forbidden = true,
        _ => eval.info.forbidden = true,
    }
    Ok(())
}
