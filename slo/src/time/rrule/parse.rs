//! Reading a rule.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Weekday};

use super::{Frequency, Rule, Until};

pub(super) fn parse(text: &str) -> Result<Rule, String> {
    let text = text.trim().trim_start_matches("RRULE:");
    let mut rule = Rule {
        frequency: Frequency::Daily,
        interval: 1,
        count: None,
        until: None,
        days: Vec::new(),
        month_days: Vec::new(),
        months: Vec::new(),
        week_start: Weekday::Monday,
    };
    let mut seen: Vec<&str> = Vec::new();
    for part in text.split(';').filter(|part| !part.is_empty()) {
        let (name, value) = part
            .split_once('=')
            .ok_or_else(|| format!("{part:?}: want NAME=VALUE"))?;
        if seen.contains(&name) {
            return Err(format!("{name} stands twice"));
        }
        seen.push(name);
        set(&mut rule, name, value).map_err(|want| format!("{name}={value}: want {want}"))?;
    }
    if !seen.contains(&"FREQ") {
        return Err("FREQ is missing".to_owned());
    }
    check(&rule)?;
    Ok(rule)
}

/// Sets a part of the rule; the error is what was expected.
fn set(rule: &mut Rule, name: &str, value: &str) -> Result<(), String> {
    match name {
        "FREQ" => {
            rule.frequency = match value {
                "DAILY" => Frequency::Daily,
                "WEEKLY" => Frequency::Weekly,
                "MONTHLY" => Frequency::Monthly,
                "YEARLY" => Frequency::Yearly,
                _ => return Err("DAILY, WEEKLY, MONTHLY or YEARLY".to_owned()),
            }
        }
        "INTERVAL" => rule.interval = number(value, 1, 10_000)?,
        "COUNT" => rule.count = Some(number(value, 1, 1_000_000)?.unsigned_abs()),
        "UNTIL" => {
            let known = until(value).ok_or("20261231, 20261231T235959 or 20261231T235959Z")?;
            rule.until = Some(known);
        }
        "BYDAY" => rule.days = list(value, day)?,
        "BYMONTHDAY" => rule.month_days = list(value, |v| not_zero(v, 31))?,
        "BYMONTH" => rule.months = list(value, |v| small(v, 1, 12))?,
        "WKST" => rule.week_start = weekday(value).ok_or("a day, as MO")?,
        _ => {
            let known = "FREQ, INTERVAL, COUNT, UNTIL, BYDAY, BYMONTHDAY, BYMONTH or WKST";
            return Err(format!("one of {known}: this part is not supported"));
        }
    }
    Ok(())
}

/// What makes no sense together.
fn check(rule: &Rule) -> Result<(), String> {
    let numbered = rule.days.iter().any(|(nth, _)| *nth != 0);
    let often = matches!(rule.frequency, Frequency::Daily | Frequency::Weekly);
    if numbered && often {
        return Err("BYDAY with a number: want FREQ=MONTHLY or YEARLY".to_owned());
    }
    if rule.frequency == Frequency::Weekly && !rule.month_days.is_empty() {
        return Err("BYMONTHDAY with FREQ=WEEKLY: want another FREQ".to_owned());
    }
    if rule.count.is_some() && rule.until.is_some() {
        return Err("COUNT and UNTIL: want one of them".to_owned());
    }
    Ok(())
}

fn list<T>(value: &str, of: impl Fn(&str) -> Result<T, String>) -> Result<Vec<T>, String> {
    value.split(',').map(of).collect()
}

fn number(value: &str, from: i32, to: i32) -> Result<i32, String> {
    let number = value.parse().ok().filter(|n| (from..=to).contains(n));
    number.ok_or_else(|| format!("a number from {from} to {to}"))
}

fn small(value: &str, from: i8, to: i8) -> Result<i8, String> {
    let number = number(value, from.into(), to.into())?;
    i8::try_from(number).map_err(|e| e.to_string())
}

fn not_zero(value: &str, to: i8) -> Result<i8, String> {
    let number = small(value.trim_start_matches('+'), -to, to)?;
    if number == 0 {
        return Err(format!(
            "numbers from 1 to {to}, or below zero from the end"
        ));
    }
    Ok(number)
}

/// `SU`, `2SU` or `-1SU`.
fn day(value: &str) -> Result<(i8, Weekday), String> {
    let want = || "days, as MO,2SU,-1FR".to_owned();
    let name = value
        .get(value.len().saturating_sub(2)..)
        .ok_or_else(want)?;
    let day = weekday(name).ok_or_else(want)?;
    match &value[..value.len() - 2] {
        "" => Ok((0, day)),
        nth => Ok((not_zero(nth, 53)?, day)),
    }
}

fn weekday(name: &str) -> Option<Weekday> {
    Some(match name {
        "MO" => Weekday::Monday,
        "TU" => Weekday::Tuesday,
        "WE" => Weekday::Wednesday,
        "TH" => Weekday::Thursday,
        "FR" => Weekday::Friday,
        "SA" => Weekday::Saturday,
        "SU" => Weekday::Sunday,
        _ => return None,
    })
}

fn until(value: &str) -> Option<Until> {
    if value.ends_with('Z') {
        return value.parse::<Timestamp>().ok().map(Until::Instant);
    }
    if value.contains('T') {
        return value.parse::<DateTime>().ok().map(Until::Local);
    }
    let date = value.parse::<Date>().ok()?;
    Some(Until::Local(date.at(23, 59, 59, 0)))
}
