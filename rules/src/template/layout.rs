//! Times in a layout that is itself a time: `2006-01-02 15:04`.

use super::time::Time;

/// The pieces of a layout, each before those it begins with.
const PIECES: [&str; 26] = [
    "January", "Jan", "Monday", "Mon", "MST", "2006", "-07:00", "-0700", "Z07:00", "Z0700", "-07",
    "002", "01", "02", "03", "04", "05", "06", "15", "PM", "pm", "_2", "1", "2", "3", "4",
];

/// `time` as the layout says.
pub(super) fn format(time: Time, layout: &str) -> String {
    let mut out = String::new();
    let mut rest = layout;
    while let Some(first) = rest.chars().next() {
        if let Some(digits) = fraction(rest) {
            out.push_str(&milliseconds(time, rest.get(..=digits).unwrap_or_default()));
            rest = rest.get(1 + digits..).unwrap_or_default();
            continue;
        }
        let piece = PIECES.iter().find(|piece| rest.starts_with(**piece));
        // Seconds of one digit come last: `5` begins nothing else.
        let piece = piece.copied().or(rest.starts_with('5').then_some("5"));
        match piece {
            Some(piece) => {
                out.push_str(&shown(time, piece));
                rest = rest.get(piece.len()..).unwrap_or_default();
            }
            None => {
                out.push(first);
                rest = rest.get(first.len_utf8()..).unwrap_or_default();
            }
        }
    }
    out
}

/// How many digits `.000` or `.999` at the start of `rest` has.
fn fraction(rest: &str) -> Option<usize> {
    let digits = rest.strip_prefix(['.', ','])?;
    let digit = digits.chars().next().filter(|c| matches!(c, '0' | '9'))?;
    let count = digits.chars().take_while(|c| *c == digit).count();
    let next = digits.chars().nth(count);
    (!next.is_some_and(|c| c.is_ascii_digit())).then_some(count)
}

fn milliseconds(time: Time, piece: &str) -> String {
    let all = format!("{:03}000000", time.parts().millisecond);
    let (point, digits) = piece.split_at(1);
    let used: String = all.chars().take(digits.len()).collect();
    match digits.starts_with('9') {
        true if used.bytes().all(|b| b == b'0') => String::new(),
        true => format!("{point}{}", used.trim_end_matches('0')),
        false => format!("{point}{used}"),
    }
}

fn shown(time: Time, piece: &str) -> String {
    let p = time.parts();
    let hour = if p.hour % 12 == 0 { 12 } else { p.hour % 12 };
    let short = |name: &str| name.get(..3).unwrap_or(name).to_owned();
    match piece {
        "January" => p.month_name().to_owned(),
        "Jan" => short(p.month_name()),
        "Monday" => p.weekday_name().to_owned(),
        "Mon" => short(p.weekday_name()),
        "MST" => "UTC".to_owned(),
        "2006" => format!("{:04}", p.year),
        "06" => format!("{:02}", p.year.rem_euclid(100)),
        "-07:00" => "+00:00".to_owned(),
        "-0700" => "+0000".to_owned(),
        "-07" => "+00".to_owned(),
        "Z07:00" | "Z0700" => "Z".to_owned(),
        "002" => format!("{:03}", p.day_of_year),
        "01" => format!("{:02}", p.month),
        "1" => p.month.to_string(),
        "02" => format!("{:02}", p.day),
        "_2" => format!("{:2}", p.day),
        "2" => p.day.to_string(),
        "15" => format!("{:02}", p.hour),
        "03" => format!("{hour:02}"),
        "3" => hour.to_string(),
        "04" => format!("{:02}", p.minute),
        "4" => p.minute.to_string(),
        "05" => format!("{:02}", p.second),
        "5" => p.second.to_string(),
        "PM" => if p.hour < 12 { "AM" } else { "PM" }.to_owned(),
        _ => if p.hour < 12 { "am" } else { "pm" }.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layouts() {
        for (layout, text) in [
            ("2006-01-02T15:04:05.000Z07:00", "2015-06-23T13:19:44.128Z"),
            ("Mon Jan _2 3:04PM 06", "Tue Jun 23 1:19PM 15"),
            ("Monday, 2 January, day 002", "Tuesday, 23 June, day 174"),
            ("15h04 -0700 MST", "13h19 +0000 UTC"),
            ("05.99", "44.12"),
        ] {
            assert_eq!(format(Time(1_435_065_584_128), layout), text);
        }
    }
}
