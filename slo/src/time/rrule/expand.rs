//! When a rule recurs.

use super::{Frequency, Rule, ToSpan, is_before};
use jiff::Span;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

/// Periods are looked at one by one, at most so many: 200 years of days. So a rule that never comes true ends, too.
const PERIODS_MAX: i64 = 75_000;

pub(super) fn expand(
    rule: &Rule,
    start: DateTime,
    zone: &TimeZone,
    from: Date,
    end: Date,
) -> Vec<DateTime> {
    let mut found = Vec::new();
    let mut left = rule.count.unwrap_or(u32::MAX);
    let first = first_period(rule, start.date());
    // Those before need not be looked at, unless they are counted.
    let skipped = if rule.count.is_some() {
        0
    } else {
        periods_between(rule, first, from)
    };
    for i in skipped..skipped + PERIODS_MAX {
        let Some(period) = period(rule, first, i).filter(|period| *period < end) else {
            break;
        };
        for date in dates(rule, period, start.date()) {
            let at = date.to_datetime(start.time());
            if at < start {
                continue;
            }
            if left == 0 || rule.until.is_some_and(|until| !is_before(until, at, zone)) {
                return found;
            }
            left -= 1;
            if date >= from && date < end {
                found.push(at);
            }
        }
    }
    found
}

/// The first day of the period that a date lies in.
fn first_period(rule: &Rule, date: Date) -> Date {
    match rule.frequency {
        Frequency::Daily => date,
        Frequency::Weekly => {
            let since = date.weekday().since(rule.week_start);
            date.checked_sub(since.days()).unwrap_or(date)
        }
        Frequency::Monthly => date.first_of_month(),
        Frequency::Yearly => date.first_of_year(),
    }
}

/// The first day of the `i`th period that counts.
fn period(rule: &Rule, first: Date, i: i64) -> Option<Date> {
    let n = i.checked_mul(rule.interval.into())?;
    let n = i32::try_from(n).ok()?;
    let length: Span = match rule.frequency {
        Frequency::Daily => Span::new().try_days(n).ok()?,
        Frequency::Weekly => Span::new().try_weeks(n).ok()?,
        Frequency::Monthly => Span::new().try_months(n).ok()?,
        Frequency::Yearly => Span::new().try_years(n).ok()?,
    };
    first.checked_add(length).ok()
}

/// At least so many periods that count lie whole between two dates.
fn periods_between(rule: &Rule, first: Date, to: Date) -> i64 {
    let days = to.duration_since(first).as_hours().max(0) / 24;
    let longest = match rule.frequency {
        Frequency::Daily => 1,
        Frequency::Weekly => 7,
        Frequency::Monthly => 31,
        Frequency::Yearly => 366,
    };
    (days / (longest * i64::from(rule.interval)) - 1).max(0)
}

/// The days of a period that the rule means, in order.
fn dates(rule: &Rule, period: Date, start: Date) -> Vec<Date> {
    let in_month = |date: Date| rule.months.is_empty() || rule.months.contains(&date.month());
    match rule.frequency {
        Frequency::Daily => {
            let days = &rule.days;
            let weekday = days.is_empty() || days.iter().any(|(_, d)| *d == period.weekday());
            let day = rule.month_days.is_empty() || is_month_day(rule, period);
            Vec::from_iter((weekday && day && in_month(period)).then_some(period))
        }
        Frequency::Weekly => {
            let all = run(period, 7);
            let is_meant = |date: &Date| match rule.days.as_slice() {
                [] => date.weekday() == start.weekday(),
                days => days.iter().any(|(_, d)| *d == date.weekday()),
            };
            all.filter(is_meant)
                .filter(|date| in_month(*date))
                .collect()
        }
        Frequency::Monthly if in_month(period) => in_one_month(rule, period, start),
        Frequency::Monthly => Vec::new(),
        Frequency::Yearly => in_year(rule, period, start),
    }
}

fn in_one_month(rule: &Rule, month: Date, start: Date) -> Vec<Date> {
    let all: Vec<Date> = run(month, month.days_in_month().into()).collect();
    let is_meant = |date: &Date| match (rule.month_days.is_empty(), rule.days.is_empty()) {
        (true, true) => date.day() == start.day(),
        (false, true) => is_month_day(rule, *date),
        (true, false) => is_nth_day(rule, *date, &all),
        (false, false) => is_month_day(rule, *date) && is_nth_day(rule, *date, &all),
    };
    all.iter().copied().filter(is_meant).collect()
}

fn in_year(rule: &Rule, year: Date, start: Date) -> Vec<Date> {
    if rule.months.is_empty() && rule.month_days.is_empty() && !rule.days.is_empty() {
        let all: Vec<Date> = run(year, year.days_in_year().into()).collect();
        let is_meant = |date: &Date| is_nth_day(rule, *date, &all);
        return all.iter().copied().filter(is_meant).collect();
    }
    let any_month = rule.months.is_empty() && !rule.month_days.is_empty();
    let is_meant = |month: &i8| match rule.months.as_slice() {
        [] => any_month || *month == start.month(),
        months => months.contains(month),
    };
    let months = (1..=12).filter(is_meant);
    let first = months.filter_map(|month| Date::new(year.year(), month, 1).ok());
    first
        .flat_map(|month| in_one_month(rule, month, start))
        .collect()
}

fn is_month_day(rule: &Rule, date: Date) -> bool {
    let from_end = date.day() - date.days_in_month() - 1;
    rule.month_days.contains(&date.day()) || rule.month_days.contains(&from_end)
}

/// Whether it is one of the rule's weekdays, and the right one of those in `all`.
fn is_nth_day(rule: &Rule, date: Date, all: &[Date]) -> bool {
    let Ok(at) = all.binary_search(&date) else {
        return false;
    };
    let (nth, nth_last) = (at / 7 + 1, (all.len() - 1 - at) / 7 + 1);
    rule.days.iter().any(|(n, day)| {
        let wanted = usize::from(n.unsigned_abs());
        let right = match n.signum() {
            0 => true,
            1 => nth == wanted,
            _ => nth_last == wanted,
        };
        right && *day == date.weekday()
    })
}

/// So many days from `first` on.
fn run(first: Date, days: i32) -> impl Iterator<Item = Date> {
    (0..days).filter_map(move |i| first.checked_add(i.days()).ok())
}
