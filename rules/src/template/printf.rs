//! Go's `print`, `println` and `printf`.

use narthex_syntax::Quoted;

use super::number::{exponential, fixed, general};
use super::value::Value;

/// A width or precision may not be larger.
const WIDTH_MAX: usize = 10_000;

/// The arguments one after the other, with a blank between two that are no texts.
pub(super) fn print(args: &[Value]) -> String {
    let mut out = String::new();
    let mut after_text = true;
    for (i, arg) in args.iter().enumerate() {
        let is_text = arg.as_text().is_some();
        if i > 0 && !is_text && !after_text {
            out.push(' ');
        }
        out.push_str(&arg.formatted());
        after_text = is_text;
    }
    out
}

/// The arguments with blanks between, and a line end.
pub(super) fn println(args: &[Value]) -> String {
    let shown: Vec<_> = args.iter().map(Value::formatted).collect();
    shown.join(" ") + "\n"
}

/// What stands between `%` and the verb.
#[derive(Debug, Clone, Copy, Default)]
struct Flags {
    minus: bool,
    plus: bool,
    sharp: bool,
    space: bool,
    zero: bool,
    width: Option<usize>,
    precision: Option<usize>,
}

/// The arguments as the format says.
pub(super) fn printf(format: &str, args: &[Value]) -> String {
    let mut printer = Printer {
        rest: format,
        args,
        next: 0,
        reordered: false,
        out: String::new(),
    };
    printer.run();
    printer.out
}

struct Printer<'a> {
    rest: &'a str,
    args: &'a [Value],
    next: usize,
    /// Whether an argument was named by its position.
    reordered: bool,
    out: String,
}

impl Printer<'_> {
    fn run(&mut self) {
        while let Some((before, after)) = self.rest.split_once('%') {
            self.out.push_str(before);
            self.rest = after;
            // A text that grows without end is stopped here; its length is found to be too large later.
            if self.out.len() > super::exec::TEXT_BYTES_MAX {
                return;
            }
            self.verb();
        }
        self.out.push_str(self.rest);
        if !self.reordered && self.next < self.args.len() {
            self.extra();
        }
    }

    fn extra(&mut self) {
        let extra = self.args.get(self.next..).unwrap_or_default();
        let shown: Vec<_> = extra.iter().map(named).collect();
        self.out
            .push_str(&format!("%!(EXTRA {})", shown.join(", ")));
    }

    fn take(&mut self, c: char) -> bool {
        match self.rest.strip_prefix(c) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn verb(&mut self) {
        let mut flags = Flags::default();
        while let Some(c) = self.rest.chars().next() {
            match c {
                '-' => flags.minus = true,
                '+' => flags.plus = true,
                '#' => flags.sharp = true,
                ' ' => flags.space = true,
                '0' => flags.zero = true,
                _ => break,
            }
            self.take(c);
        }
        let mut good = self.position();
        flags.width = self.size("%!(BADWIDTH)");
        if self.take('.') {
            good &= self.position();
            flags.precision = Some(self.size("%!(BADPREC)").unwrap_or(0));
        }
        good &= self.position();
        let Some(verb) = self.rest.chars().next() else {
            self.out.push_str("%!(NOVERB)");
            return;
        };
        self.take(verb);
        self.formatted(verb, flags, good);
    }

    fn formatted(&mut self, verb: char, flags: Flags, good: bool) {
        if verb == '%' {
            self.out.push('%');
            return;
        }
        if !good {
            self.out.push_str(&format!("%!{verb}(BADINDEX)"));
            return;
        }
        let Some(arg) = self.args.get(self.next) else {
            self.out.push_str(&format!("%!{verb}(MISSING)"));
            return;
        };
        self.next += 1;
        let shown = show(arg, verb, flags);
        self.out.push_str(&shown);
    }

    /// Reads `[n]` if it is there; `false` if there is no such argument.
    fn position(&mut self) -> bool {
        let Some(inside) = self.rest.strip_prefix('[') else {
            return true;
        };
        self.reordered = true;
        let Some((digits, rest)) = inside.split_once(']') else {
            return false;
        };
        self.rest = rest;
        let at = digits.parse::<usize>().ok().and_then(|n| n.checked_sub(1));
        match at.filter(|at| *at < self.args.len()) {
            Some(at) => {
                self.next = at;
                true
            }
            None => false,
        }
    }

    /// Reads a number, or takes it from the arguments.
    fn size(&mut self, bad: &str) -> Option<usize> {
        if self.take('*') {
            let arg = self.args.get(self.next);
            self.next += 1;
            let size = match arg {
                Some(Value::Int(size)) => usize::try_from(*size).ok(),
                _ => None,
            };
            let size = size.filter(|size| *size <= WIDTH_MAX);
            if size.is_none() {
                self.out.push_str(bad);
            }
            return size;
        }
        let digits = self.rest.len()
            - self
                .rest
                .trim_start_matches(|c: char| c.is_ascii_digit())
                .len();
        let (number, rest) = self.rest.split_at(digits);
        self.rest = rest;
        number.parse().ok().map(|n: usize| n.min(WIDTH_MAX))
    }
}

/// `string=hi`, as complaints show an argument.
fn named(arg: &Value) -> String {
    match arg {
        Value::Missing => "<nil>".to_owned(),
        arg => format!("{}={}", arg.type_name(), arg.formatted()),
    }
}

fn show(arg: &Value, verb: char, flags: Flags) -> String {
    let shown = match (verb, arg) {
        ('T', arg) => Some(arg.type_name().to_owned()),
        ('v', Value::Float(value)) => Some(signed(general(*value, flags.precision), flags)),
        ('v' | 'd', Value::Int(value)) => Some(signed(digits(*value, flags), flags)),
        ('v', arg) => Some(cut(&arg.formatted(), flags)),
        ('t', Value::Bool(value)) => Some(value.to_string()),
        (_, Value::Int(value)) => int(*value, verb, flags),
        (_, Value::Float(value)) => float(*value, verb, flags),
        (_, Value::Bool(_) | Value::Missing) => None,
        (_, arg) => text(&arg.formatted(), verb, flags),
    };
    match shown {
        Some(shown) => padded(&shown, arg, verb, flags),
        None => match arg {
            Value::Missing => format!("%!{verb}(<nil>)"),
            arg => format!("%!{verb}({})", named(arg)),
        },
    }
}

fn digits(value: i64, flags: Flags) -> String {
    let width = flags.precision.unwrap_or(0);
    let sign = if value < 0 { "-" } else { "" };
    format!("{sign}{:0width$}", value.unsigned_abs())
}

fn int(value: i64, verb: char, flags: Flags) -> Option<String> {
    let sign = if value < 0 { "-" } else { "" };
    let magnitude = value.unsigned_abs();
    let prefix = |prefix: &'static str| if flags.sharp { prefix } else { "" };
    let as_char = || u32::try_from(value).ok().and_then(char::from_u32);
    let shown = match verb {
        'b' => format!("{sign}{}{magnitude:b}", prefix("0b")),
        'o' => format!("{sign}{}{magnitude:o}", prefix("0")),
        'O' => format!("{sign}0o{magnitude:o}"),
        'x' => format!("{sign}{}{magnitude:x}", prefix("0x")),
        'X' => format!("{sign}{}{magnitude:X}", prefix("0X")),
        'c' => return Some(as_char().unwrap_or('\u{fffd}').to_string()),
        'q' => {
            return Some(format!(
                "'{}'",
                as_char().unwrap_or('\u{fffd}').escape_default()
            ));
        }
        'U' => return Some(format!("U+{magnitude:04X}")),
        _ => return None,
    };
    Some(signed(shown, flags))
}

fn float(value: f64, verb: char, flags: Flags) -> Option<String> {
    let shown = match verb {
        'g' => general(value, flags.precision),
        'G' => general(value, flags.precision).replace('e', "E"),
        'e' => exponential(value, Some(flags.precision.unwrap_or(6))),
        'E' => exponential(value, Some(flags.precision.unwrap_or(6))).replace('e', "E"),
        'f' | 'F' => fixed(value, flags.precision.unwrap_or(6)),
        _ => return None,
    };
    Some(signed(shown, flags))
}

fn text(value: &str, verb: char, flags: Flags) -> Option<String> {
    match verb {
        's' => Some(cut(value, flags)),
        'q' if flags.sharp && !value.contains('`') => Some(format!("`{}`", cut(value, flags))),
        'q' => Some(Quoted(&cut(value, flags)).to_string()),
        'x' => Some(value.bytes().map(|b| format!("{b:02x}")).collect()),
        'X' => Some(value.bytes().map(|b| format!("{b:02X}")).collect()),
        _ => None,
    }
}

/// The precision of a text is the number of its characters.
fn cut(value: &str, flags: Flags) -> String {
    match flags.precision {
        Some(precision) => value.chars().take(precision).collect(),
        None => value.to_owned(),
    }
}

fn signed(shown: String, flags: Flags) -> String {
    let has_sign = shown.starts_with(['+', '-']);
    match (flags.plus, flags.space) {
        (true, _) if !has_sign => format!("+{shown}"),
        (false, true) if !has_sign => format!(" {shown}"),
        (false, _) if shown == "+Inf" && !flags.plus => shown,
        _ => shown,
    }
}

fn padded(shown: &str, arg: &Value, verb: char, flags: Flags) -> String {
    let missing = flags
        .width
        .unwrap_or(0)
        .saturating_sub(shown.chars().count());
    if flags.minus {
        return format!("{shown}{}", " ".repeat(missing));
    }
    let is_number = matches!(arg, Value::Int(_) | Value::Float(_));
    let takes_zeros = match arg {
        Value::Int(_) => flags.precision.is_none() && !matches!(verb, 'c' | 'q' | 'U'),
        Value::Float(value) => value.is_finite(),
        _ => true,
    };
    if flags.zero && takes_zeros {
        let signed = is_number && shown.starts_with(['+', '-', ' ']);
        let (sign, digits) = shown.split_at(usize::from(signed));
        return format!("{sign}{}{digits}", "0".repeat(missing));
    }
    format!("{}{shown}", " ".repeat(missing))
}
