//! When nothing is promised.

use jiff::ToSpan;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use narthex_model::{Error, Result, TimeRange, TimestampMs};

use super::{Rule, timestamp, zone};
use crate::ledger::Spans;
use crate::spec::Exclusion;

/// The time within `range` that any of `exclusions` takes out.
///
/// # Errors
/// If one of them cannot be understood.
pub fn excluded(exclusions: &[Exclusion], range: TimeRange) -> Result<Spans> {
    let mut all = Vec::new();
    for exclusion in exclusions {
        let spans = occurrences(exclusion, range);
        all.extend(spans.map_err(|e| e.context(format!("exclusion {:?}", exclusion.name)))?);
    }
    Ok(all
        .into_iter()
        .map(|span| span.intersection(&range))
        .collect())
}

/// The times of an exclusion that touch `range`, in order, each whole.
///
/// # Errors
/// If its start, zone or rule cannot be understood.
fn occurrences(exclusion: &Exclusion, range: TimeRange) -> Result<Vec<TimeRange>> {
    let zone = zone(&exclusion.zone)?;
    let start: DateTime = exclusion.start.parse().map_err(|_| {
        Error::invalid(format!(
            "{:?} is no start: want 2026-03-29T02:00:00",
            exclusion.start
        ))
    })?;
    let starts = match &exclusion.rrule {
        None => vec![start],
        Some(rule) => {
            let rule = Rule::parse(rule).map_err(|e| Error::invalid(format!("{rule:?}: {e}")))?;
            // A day more on both sides: what is meant are days of the zone.
            let from = day_of(range.start.saturating_sub(exclusion.duration_ms), &zone)?;
            let end = day_of(range.end, &zone)?;
            let from = from.checked_sub(1.day()).unwrap_or(from);
            rule.expand(start, &zone, from, end.checked_add(1.day()).unwrap_or(end))
        }
    };
    let spans = starts.into_iter().filter_map(|start| {
        let start = zone.to_ambiguous_timestamp(start).compatible().ok()?;
        let start = start.as_millisecond();
        Some(TimeRange::new(
            start,
            start.saturating_add(exclusion.duration_ms),
        ))
    });
    Ok(spans.filter(|span| span.overlaps(&range)).collect())
}

fn day_of(t: TimestampMs, zone: &TimeZone) -> Result<Date> {
    Ok(timestamp(t)?.to_zoned(zone.clone()).date())
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;

    fn ms(t: &str) -> TimestampMs {
        t.parse::<Timestamp>().expect("a time").as_millisecond()
    }

    /// When a rule recurs in Berlin from `start` on, up to 2040, at most ten times.
    fn starts(start: &str, rule: &str) -> Vec<String> {
        let exclusion = Exclusion {
            name: "x".to_owned(),
            start: start.to_owned(),
            zone: "Europe/Berlin".to_owned(),
            duration_ms: 3_600_000,
            rrule: Some(rule.to_owned()),
        };
        let range = TimeRange::new(ms("2026-01-01T00:00:00Z"), ms("2040-01-01T00:00:00Z"));
        let spans = occurrences(&exclusion, range).expect(rule);
        let text = |span: &TimeRange| timestamp(span.start).expect("a time").to_string();
        spans.iter().take(10).map(text).collect()
    }

    #[test]
    fn weekly_at_the_same_time_of_the_clock() {
        assert_eq!(
            starts("2026-03-22T02:30:00", "FREQ=WEEKLY;BYDAY=SU;COUNT=3"),
            // The second does not exist in Berlin: it comes an hour later.
            [
                "2026-03-22T01:30:00Z",
                "2026-03-29T01:30:00Z",
                "2026-04-05T00:30:00Z"
            ]
        );
        assert_eq!(
            starts(
                "2026-01-05T00:00:00",
                "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE;UNTIL=20260121T120000Z"
            ),
            [
                "2026-01-04T23:00:00Z",
                "2026-01-06T23:00:00Z",
                "2026-01-18T23:00:00Z",
                "2026-01-20T23:00:00Z"
            ]
        );
    }

    #[test]
    fn monthly_and_yearly() {
        assert_eq!(
            starts("2026-01-31T12:00:00", "FREQ=MONTHLY;COUNT=3"),
            [
                "2026-01-31T11:00:00Z",
                "2026-03-31T10:00:00Z",
                "2026-05-31T10:00:00Z"
            ]
        );
        assert_eq!(
            starts(
                "2026-01-01T12:00:00",
                "FREQ=MONTHLY;BYDAY=-1FR;UNTIL=20260301"
            ),
            ["2026-01-30T11:00:00Z", "2026-02-27T11:00:00Z"]
        );
        assert_eq!(
            starts(
                "2026-01-01T12:00:00",
                "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=-1;COUNT=3"
            ),
            [
                "2026-02-28T11:00:00Z",
                "2027-02-28T11:00:00Z",
                "2028-02-29T11:00:00Z"
            ]
        );
        assert_eq!(
            starts("2024-02-29T12:00:00", "FREQ=YEARLY"),
            [
                "2028-02-29T11:00:00Z",
                "2032-02-29T11:00:00Z",
                "2036-02-29T11:00:00Z"
            ]
        );
        assert_eq!(
            starts("2026-01-01T12:00:00", "FREQ=YEARLY;BYDAY=20MO;COUNT=1"),
            ["2026-05-18T10:00:00Z"]
        );
        assert_eq!(
            starts(
                "2026-01-01T12:00:00",
                "FREQ=DAILY;BYMONTH=7;BYDAY=SA;BYMONTHDAY=4;COUNT=1"
            ),
            ["2026-07-04T10:00:00Z"]
        );
    }

    #[test]
    fn rules_that_never_come_true_or_never_end() {
        assert!(
            starts(
                "2026-01-01T00:00:00",
                "FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=31"
            )
            .is_empty()
        );
        assert!(
            starts(
                "2026-01-01T00:00:00",
                "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=31;COUNT=1000000"
            )
            .is_empty()
        );
        assert_eq!(starts("0001-01-01T00:00:00", "FREQ=DAILY").len(), 10);
        assert!(starts("0001-01-01T00:00:00", "FREQ=DAILY;COUNT=1000000").len() <= 10);
        assert!(starts("2026-01-01T00:00:00", "FREQ=YEARLY;INTERVAL=10000").len() <= 1);
    }

    #[test]
    fn errors_say_what_is_wanted() {
        for (rule, error) in [
            ("BYDAY=SU", "FREQ is missing"),
            (
                "FREQ=HOURLY",
                "FREQ=HOURLY: want DAILY, WEEKLY, MONTHLY or YEARLY",
            ),
            (
                "FREQ=DAILY;BYSETPOS=1",
                "BYSETPOS=1: want one of FREQ, INTERVAL, COUNT, UNTIL, BYDAY, BYMONTHDAY, BYMONTH or WKST: this part is not supported",
            ),
            (
                "FREQ=DAILY;INTERVAL=0",
                "INTERVAL=0: want a number from 1 to 10000",
            ),
            (
                "FREQ=WEEKLY;BYDAY=2SU",
                "BYDAY with a number: want FREQ=MONTHLY or YEARLY",
            ),
            ("FREQ=MONTHLY;BYDAY=ü", "BYDAY=ü: want days, as MO,2SU,-1FR"),
            (
                "FREQ=MONTHLY;BYDAY=0SU",
                "BYDAY=0SU: want numbers from 1 to 53, or below zero from the end",
            ),
            ("FREQ", "\"FREQ\": want NAME=VALUE"),
        ] {
            assert_eq!(Rule::parse(rule), Err(error.to_owned()));
        }
    }

    #[test]
    fn all_that_touch_the_range() {
        let exclusion = Exclusion {
            name: "m".to_owned(),
            start: "1970-01-01T00:00:00".to_owned(),
            zone: "UTC".to_owned(),
            duration_ms: 5 * 86_400_000,
            rrule: Some("FREQ=WEEKLY".to_owned()),
        };
        let day = 86_400_000;
        let within = |from: i64, to: i64| {
            let spans = excluded(
                std::slice::from_ref(&exclusion),
                TimeRange::new(from * day, to * day),
            );
            let spans = spans.expect("valid");
            spans
                .iter()
                .map(|s| (s.start / day, s.end / day))
                .collect::<Vec<_>>()
        };
        assert_eq!(within(4, 8), [(4, 5), (7, 8)]);
        assert_eq!(within(5, 7), []);
        let once = Exclusion {
            rrule: None,
            start: "then".to_owned(),
            ..exclusion
        };
        let error = excluded(&[once], TimeRange::new(0, 1)).expect_err("no start");
        assert_eq!(
            error.to_string(),
            "exclusion \"m\": \"then\" is no start: want 2026-03-29T02:00:00"
        );
    }
}
