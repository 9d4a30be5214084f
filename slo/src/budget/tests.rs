//! Golden numbers by hand for methods, windows and missing data; windows against direct scans.

use jiff::Timestamp;
use narthex_model::{Labels, TimeRange};
use proptest::prelude::*;

use super::*;
use crate::count::{Grid, Method, Slices};
use crate::ledger::{Spans, Track};
use crate::outcome::{Outcome, State, Unit};
use crate::spec::{
    Absent, Budgeting, Calendar, CalendarUnit, Counted, Indicator, Missing, Objective, Rolling,
    Slo, Weekday, Which, Window,
};

mod composite;
mod groups;
mod open;

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// Slices of a minute from `start` on, each with so many events and so many bad ones; NaN: not observed.
fn minutes(start: i64, events: &[(f64, f64)]) -> Slices {
    let grid = Grid::over(
        TimeRange::new(start, start + events.len() as i64 * MINUTE),
        MINUTE,
    );
    let mut slices = Slices::empty(grid, Method::Counters);
    for (i, (total, bad)) in events
        .iter()
        .enumerate()
        .filter(|(_, (total, _))| !total.is_nan())
    {
        (slices.total[i], slices.bad[i], slices.good[i]) = (*total, *bad, total - bad);
        slices.observed_ms[i] = MINUTE as f64;
    }
    slices
}

const UNSEEN: (f64, f64) = (f64::NAN, 0.0);

fn objective(target: f64, budgeting: Budgeting) -> Objective {
    Objective { target, budgeting }
}

const BY_MINUTE: Budgeting = Budgeting::Timeslices {
    slice_ms: MINUTE,
    good_from: 0.95,
};

fn meter(slices: &Slices, objective: Objective) -> Meter {
    Meter::new(slices, objective, &Missing::default(), &Spans::default())
}

fn attained(slices: &Slices, budgeting: Budgeting, missing: Missing) -> Option<f64> {
    let meter = Meter::new(
        slices,
        objective(0.9, budgeting),
        &missing,
        &Spans::default(),
    );
    meter.attained(slices.grid.range(), View::Adjusted)
}

fn slo(objective: Objective) -> Slo {
    Slo {
        id: "api".to_owned(),
        service: "api".to_owned(),
        name: "errors".to_owned(),
        description: String::new(),
        labels: [].into(),
        indicator: Indicator::Events {
            total: Counted(vec![]),
            some: Counted(vec![]),
            which: Which::Bad,
        },
        group_by: vec![],
        objective,
        windows: vec![],
        exclusions: vec![],
        missing: Missing::default(),
        policies: vec![],
        slice_ms: MINUTE,
    }
}

fn assessed(slices: &Slices, objective: Objective, window: &Window, at: i64) -> Outcome {
    let meter = meter(slices, objective);
    assess(&slo(objective), &Labels::empty(), &meter, window, at).expect("a known zone")
}

fn rolling(ms: i64) -> Window {
    Window::Rolling(Rolling { ms })
}

fn calendar(unit: CalendarUnit, zone: &str) -> Window {
    Window::Calendar(Calendar {
        unit,
        zone: zone.to_owned(),
        week_start: Weekday::Monday,
        first_month: 1,
    })
}

fn ms(t: &str) -> i64 {
    t.parse::<Timestamp>().expect("a time").as_millisecond()
}

#[test]
fn a_flood_of_errors_by_each_method() {
    // Nine quiet minutes, and one with ten times the traffic, half of it bad.
    let mut events = vec![(100.0, 0.0); 9];
    events.push((1000.0, 500.0));
    let slices = minutes(0, &events);
    let track = Track {
        group: Labels::empty(),
        slices: slices.clone(),
    };
    let slo = slo(objective(0.9, Budgeting::Occurrences));
    let book = Book::open(&slo, &[track]).expect("no exclusions");
    let span = slices.grid.range();
    assert_eq!(
        book.all().attained(span, View::Adjusted),
        Some(1.0 - 500.0 / 1900.0)
    );
    let found: Vec<_> = book
        .otherwise()
        .iter()
        .map(|by| (by.counting.name(), by.meter.attained(span, View::Adjusted)))
        .collect();
    let [timeslices, ratios, (name, Some(mean))] = found[..] else {
        panic!("{found:?}");
    };
    assert_eq!(timeslices, ("timeslices", Some(0.9)));
    assert_eq!(ratios, ("ratio-timeslices", Some(0.95)));
    // Of the ratios over five minutes, nine are 0, and the last is 500 of 1400.
    assert_eq!(name, "mean-of-5m-ratios");
    assert!((mean - (1.0 - 500.0 / 1400.0 / 10.0)).abs() < 1e-12);
}

#[test]
fn stretches_longer_than_slices() {
    let slices = minutes(
        0,
        &[
            (10.0, 0.0),
            (10.0, 2.0),
            (10.0, 0.0),
            (10.0, 0.0),
            (10.0, 0.0),
            UNSEEN,
        ],
    );
    let two = 2 * MINUTE;
    let by_two = Budgeting::Timeslices {
        slice_ms: two,
        good_from: 0.95,
    };
    assert_eq!(
        attained(&slices, by_two, Missing::default()),
        Some(1.0 - 1.0 / 3.0)
    );
    let meter = meter(&slices, objective(0.5, by_two));
    let budget = meter.budget(slices.grid.range(), View::Adjusted);
    assert_eq!(
        (budget.unit, budget.allowed, budget.spent),
        (Unit::Minutes, 3.0, 2.0)
    );
}

#[test]
fn what_absent_data_mean() {
    // Good, no traffic, bad, not seen twice.
    let slices = minutes(0, &[(10.0, 0.0), (0.0, 0.0), (10.0, 10.0), UNSEEN, UNSEEN]);
    let with = |no_traffic, no_data| {
        let missing = Missing {
            no_traffic,
            no_data,
            ..Missing::default()
        };
        attained(&slices, BY_MINUTE, missing)
    };
    assert_eq!(with(Absent::Exclude, Absent::Exclude), Some(0.5));
    assert_eq!(with(Absent::Good, Absent::Exclude), Some(1.0 - 1.0 / 3.0));
    assert_eq!(with(Absent::Exclude, Absent::Bad), Some(0.25));
    assert_eq!(
        with(Absent::Hold, Absent::Hold),
        Some(0.4),
        "good as before it, then bad as before"
    );
    // By events, those not seen count as the mean of the others: 20 / 3 each.
    let no_data = |no_data| {
        let missing = Missing {
            no_data,
            ..Missing::default()
        };
        attained(&slices, Budgeting::Occurrences, missing).expect("counted")
    };
    assert_eq!(no_data(Absent::Exclude), 0.5);
    assert!((no_data(Absent::Bad) - 0.3).abs() < 1e-12);
    assert!((no_data(Absent::Good) - 0.7).abs() < 1e-12);
}

#[test]
fn an_outage_of_all_data_is_judged_by_what_was_usual_before() {
    // Ten events a minute for twenty minutes, and two without any; then nothing is seen, and somebody says what that means.
    let mut events = vec![(10.0, 0.0); 20];
    events.extend([(0.0, 0.0); 2]);
    events.extend([UNSEEN; 10]);
    let slices = minutes(0, &events);
    let at = slices.grid.end();
    let asked = |no_data, budgeting| {
        let mut slo = slo(objective(0.9, budgeting));
        slo.missing.no_data = no_data;
        let meter = Meter::new(&slices, slo.objective, &slo.missing, &Spans::default());
        let errors = meter.errors(TimeRange::new(at - 5 * MINUTE, at), View::Adjusted);
        let window = rolling(10 * MINUTE);
        let outcome = assess(&slo, &Labels::empty(), &meter, &window, at).expect("known");
        (errors, outcome.coverage, outcome.state)
    };
    let by_event = |no_data| asked(no_data, Budgeting::Occurrences);
    let usual = 200.0 / 22.0 * 5.0;
    assert_eq!(by_event(Absent::Bad), ((usual, usual), 0.0, State::Blown));
    assert_eq!(by_event(Absent::Good), ((0.0, usual), 0.0, State::Meeting));
    let unknown = ((0.0, 0.0), 0.0, State::Unknown);
    assert_eq!(by_event(Absent::Exclude), unknown);
    assert_eq!(by_event(Absent::Hold), unknown);
    let bad = asked(Absent::Bad, BY_MINUTE);
    assert_eq!(bad, ((5.0, 5.0), 0.0, State::Blown));
    // Nobody knows what was usual where nothing was ever seen.
    let never = minutes(0, &[UNSEEN; 10]);
    let missing = Missing {
        no_data: Absent::Bad,
        ..Missing::default()
    };
    let meter = Meter::new(
        &never,
        objective(0.9, Budgeting::Occurrences),
        &missing,
        &Spans::default(),
    );
    let all = never.grid.range();
    assert_eq!(meter.attained(all, View::Adjusted), None);
    assert_eq!(meter.judged(all, View::Adjusted), 0.0);
}

#[test]
fn weeks_that_were_not_seen_are_not_weeks_without_traffic() {
    // A month that is over but for its last two days; of the same days one and three weeks before nothing was seen, and half an hour
    // of each hour of those two weeks before.
    let (at, start) = (ms("2026-06-29T00:00:00Z"), ms("2026-05-01T00:00:00Z"));
    let mut events = vec![(10.0, 0.0); usize::try_from((at - start) / MINUTE).expect("small")];
    let end = events.len();
    let week = 7 * 24 * 60;
    let days = 2 * 24 * 60;
    for weeks in [1, 3] {
        events[end - weeks * week..][..days].fill(UNSEEN);
    }
    for hour in events[end - 2 * week..][..days].chunks_mut(60) {
        hour[..30].fill(UNSEEN);
    }
    let outcome = assessed(
        &minutes(start, &events),
        objective(0.9, Budgeting::Occurrences),
        &calendar(CalendarUnit::Month, "UTC"),
        at,
    );
    let to_come = outcome.projected.expect("not over").allowed - outcome.budget.allowed;
    assert!(
        (to_come - 0.1 * 10.0 * days as f64).abs() < 1e-6,
        "{to_come}"
    );
}

#[test]
fn excluded_hours_are_not_hours_without_traffic() {
    // A month that is over but for its last two days. Excluded are the same days a week before, and some minutes of each hour of those
    // of two weeks before.
    let (at, start) = (ms("2026-06-29T00:00:00Z"), ms("2026-05-01T00:00:00Z"));
    let events = vec![(10.0, 0.0); usize::try_from((at - start) / MINUTE).expect("small")];
    let slices = minutes(start, &events);
    let to_come = |excluded: Spans, budgeting| {
        let objective = objective(0.9, budgeting);
        let meter = Meter::new(&slices, objective, &Missing::default(), &excluded);
        let window = calendar(CalendarUnit::Month, "UTC");
        let outcome = assess(&slo(objective), &Labels::empty(), &meter, &window, at);
        let outcome = outcome.expect("a known zone");
        let allowed = outcome.projected.expect("not over").allowed - outcome.budget.allowed;
        allowed / 0.1 / (2 * DAY / MINUTE) as f64
    };
    let near = |a: f64, b: f64| assert!((a - b).abs() < 1e-6, "{a} {b}");
    let of_week = |weeks: i64, minutes: i64| {
        let first = at - weeks * 7 * DAY;
        (0..48).map(move |hour| {
            let start = first + hour * HOUR;
            TimeRange::new(start, start + minutes * MINUTE)
        })
    };
    let by_day = Budgeting::Timeslices {
        slice_ms: DAY,
        good_from: 0.9,
    };
    for minutes in [20, 30, 45] {
        let once = || of_week(1, 60).chain(of_week(2, minutes)).collect::<Spans>();
        near(to_come(once(), Budgeting::Occurrences), 10.0);
        // Budgets by time are in minutes.
        near(to_come(once(), BY_MINUTE), 1.0);
        near(to_come(once(), by_day), 1.0);
    }
    // What was excluded of each week will be again.
    let always = |minutes| {
        (1..=9)
            .flat_map(move |weeks| of_week(weeks, minutes))
            .collect()
    };
    near(to_come(always(60), Budgeting::Occurrences), 0.0);
    near(to_come(always(15), Budgeting::Occurrences), 7.5);
}

#[test]
fn exclusions_leave_raw_numbers_as_they_are() {
    let slices = minutes(0, &[(10.0, 0.0), (10.0, 10.0), (10.0, 0.0), (10.0, 0.0)]);
    let out = Spans::from_iter([TimeRange::new(MINUTE + 5, MINUTE + 6)]);
    let meter = Meter::new(
        &slices,
        objective(0.9, Budgeting::Occurrences),
        &Missing::default(),
        &out,
    );
    let all = slices.grid.range();
    assert_eq!(meter.attained(all, View::Raw), Some(0.75));
    assert_eq!(meter.attained(all, View::Adjusted), Some(1.0));
    assert_eq!(meter.counts(all, View::Adjusted).total, 30.0);
    assert_eq!(meter.coverage(all, View::Adjusted), 1.0);
}

#[test]
fn states() {
    let state = |events: &[(f64, f64)]| {
        let at = events.len() as i64 * MINUTE;
        let outcome = assessed(
            &minutes(0, events),
            objective(0.9, Budgeting::Occurrences),
            &rolling(100 * MINUTE),
            at,
        );
        (
            outcome.state,
            outcome
                .budget
                .remaining()
                .map(|left| (left * 100.0).round()),
        )
    };
    let mut events = vec![(100.0, 0.0); 100];
    assert_eq!(state(&events), (State::Meeting, Some(100.0)));
    events[5] = (100.0, 80.0);
    events[6] = (100.0, 100.0);
    events[7] = (100.0, 100.0);
    events[8] = (100.0, 100.0);
    events[9] = (100.0, 100.0);
    events[10] = (100.0, 100.0);
    events[11] = (100.0, 100.0);
    events[12] = (100.0, 100.0);
    assert_eq!(state(&events), (State::AtRisk, Some(22.0)));
    events[13] = (100.0, 100.0);
    events[14] = (100.0, 100.0);
    events[15] = (100.0, 100.0);
    assert_eq!(state(&events), (State::Blown, Some(-8.0)));
    assert_eq!(
        state(&[(1.0, 0.0); 80]).0,
        State::Unknown,
        "80 of 100 minutes"
    );
    assert_eq!(state(&[UNSEEN; 100]), (State::Unknown, None));
}

#[test]
fn burning_too_fast_to_last() {
    // In the last hour twice as fast as allowed; before that nothing. The window rolls: 48 hours.
    let mut events = vec![(100.0, 0.0); 48 * 60];
    for slice in &mut events[47 * 60..] {
        slice.1 = 20.0;
    }
    let objective = objective(0.9, Budgeting::Occurrences);
    let outcome = assessed(&minutes(0, &events), objective, &rolling(2 * DAY), 2 * DAY);
    assert!((outcome.burn_rate.expect("counted") - 2.0).abs() < 1e-12);
    // 1200 of 28800 are spent; at 20 a minute the other 27600 last 23 hours.
    assert_eq!(
        outcome
            .exhausted_in_ms
            .map(|ms| (ms as f64 / HOUR as f64).round()),
        Some(23.0)
    );
    assert_eq!(outcome.state, State::Meeting);
}

#[test]
fn the_pace_of_long_stretches_is_that_of_the_last_one() {
    // By two hours, of which the last but one are bad; half an hour of the next is over.
    let mut events = vec![(100.0, 0.0); 48 * 60 + 30];
    events[46 * 60..48 * 60].fill((100.0, 50.0));
    let budgeting = Budgeting::Timeslices {
        slice_ms: 2 * HOUR,
        good_from: 0.9,
    };
    let (slices, at) = (minutes(0, &events), 2 * DAY + 30 * MINUTE);
    let outcome = assessed(&slices, objective(0.9, budgeting), &rolling(2 * DAY), at);
    assert!(
        outcome
            .burn_rate
            .is_some_and(|rate| (rate - 10.0).abs() < 1e-9)
    );
    // One of 24 is bad, 2.4 may be: at that pace two more are too many.
    let hours = outcome.exhausted_in_ms.map(|ms| ms as f64 / HOUR as f64);
    assert!(hours.is_some_and(|h| (2.5..3.5).contains(&h)), "{hours:?}");
}

#[test]
fn old_errors_leave_a_window_that_rolls() {
    // 90 % of the budget went in the first hour of two days; now exactly as fast as allowed: it never runs out, as old errors leave.
    let mut events = vec![(100.0, 0.0); 48 * 60];
    for slice in &mut events[..60] {
        slice.1 = 99.0;
    }
    for slice in &mut events[47 * 60..] {
        slice.1 = 10.0;
    }
    let objective = objective(0.9, Budgeting::Occurrences);
    let outcome = assessed(&minutes(0, &events), objective, &rolling(2 * DAY), 2 * DAY);
    assert_eq!(outcome.exhausted_in_ms, None);
}

#[test]
fn an_open_month_is_measured_by_the_whole_month() {
    // March 2026 in Berlin has 31 days less an hour; on the 16th, in summer nothing happened yet.
    let window = calendar(CalendarUnit::Month, "Europe/Berlin");
    let start = ms("2026-01-31T23:00:00Z");
    let at = ms("2026-03-15T23:00:00Z");
    let mut events = vec![(10.0, 0.0); usize::try_from((at - start) / MINUTE).expect("small")];
    let last = events.len() - 3 * 24 * 60;
    events[last] = (10.0, 10.0);
    let outcome = assessed(
        &minutes(start, &events),
        objective(0.999, Budgeting::Occurrences),
        &window,
        at,
    );
    assert_eq!(outcome.span, TimeRange::new(ms("2026-02-28T23:00:00Z"), at));
    assert_eq!(outcome.ends_at, ms("2026-03-31T22:00:00Z"));
    let per_day = 10.0 * 24.0 * 60.0;
    assert!((outcome.budget.allowed - 0.001 * 15.0 * per_day).abs() < 1e-9);
    let projected = outcome.projected.expect("not over");
    let whole = 0.001 * (31.0 - 1.0 / 24.0) * per_day;
    assert!(
        (projected.allowed - whole).abs() < 1e-9,
        "{} {whole}",
        projected.allowed
    );
    assert_eq!(projected.spent, 10.0);
    let down = burn_down(
        &meter(
            &minutes(start, &events),
            objective(0.999, Budgeting::Occurrences),
        ),
        &window,
        at,
        50,
    )
    .expect("known");
    assert_eq!(down.points[0].spent, 0.0);
    assert!(
        down.points
            .windows(2)
            .all(|w| w[0].spent <= w[1].spent && w[0].at < w[1].at)
    );
    let last = down.points.last().expect("points");
    assert!(last.at == at && (last.spent * whole - 10.0).abs() < 1e-9);
    assert!(
        down.projected
            && down
                .points
                .iter()
                .all(|p| p.rolling_left.is_none() && p.coverage <= 1.0)
    );
}

#[test]
fn minutes_of_a_week_when_clocks_change_and_of_a_leap_february() {
    let by_minute = objective(0.999, BY_MINUTE);
    for (unit, zone, at, minutes_in_it) in [
        (
            CalendarUnit::Week,
            "Europe/Berlin",
            "2026-03-29T22:00:00Z",
            167.0 * 60.0,
        ),
        (
            CalendarUnit::Week,
            "Europe/Berlin",
            "2026-10-25T23:00:00Z",
            169.0 * 60.0,
        ),
        (
            CalendarUnit::Month,
            "UTC",
            "2028-03-01T00:00:00Z",
            29.0 * 1440.0,
        ),
        (
            CalendarUnit::Quarter,
            "America/New_York",
            "2026-04-01T04:00:00Z",
            90.0 * 1440.0 - 60.0,
        ),
    ] {
        let at = ms(at);
        let start = at - 100 * DAY;
        let slices = minutes(start, &vec![(1.0, 0.0); 100 * 1440]);
        let outcome = assessed(&slices, by_minute, &calendar(unit, zone), at);
        assert_eq!(outcome.counts.slices, minutes_in_it, "{unit:?}");
        assert!((outcome.budget.allowed - 0.001 * minutes_in_it).abs() < 1e-9);
        assert_eq!((outcome.projected, outcome.ends_at), (None, at));
    }
}

#[test]
fn hours_that_clocks_skip_and_repeat() {
    let start = ms("2026-03-28T23:00:00Z");
    let slices = minutes(start, &vec![(1.0, 0.0); 23 * 60 + 30]);
    let meter = meter(&slices, objective(0.9, Budgeting::Occurrences));
    let map = heat_map(&meter, slices.grid.range(), "Europe/Berlin").expect("known");
    assert_eq!(map.days.len(), 2);
    let shown = |day: usize| {
        map.days[day]
            .hours
            .iter()
            .map(|h| u8::from(h.is_some()))
            .collect::<Vec<_>>()
    };
    let mut spring = vec![1; 24];
    spring[2] = 0;
    assert_eq!(shown(0), spring);
    assert_eq!(shown(1)[..2], [1, 0]);
    assert_eq!(
        (map.days[0].date.as_str(), map.days[0].start),
        ("2026-03-29", start)
    );
    let autumn = ms("2026-10-24T22:00:00Z");
    let mut events = vec![(1.0, 0.0); 25 * 60];
    events[2 * 60].1 = 1.0;
    events[3 * 60].1 = 1.0;
    let slices = minutes(autumn, &events);
    let meter = self::meter(&slices, objective(0.9, Budgeting::Occurrences));
    let map = heat_map(&meter, slices.grid.range(), "Europe/Berlin").expect("known");
    let twice = map.days[0].hours[2].expect("shown");
    assert_eq!(
        (map.days.len(), twice.attained),
        (1, Some(1.0 - 2.0 / 120.0))
    );
    assert!((twice.cost - 2.0 / 150.0).abs() < 1e-12);
}

#[test]
fn incidents_are_runs_that_cost() {
    let mut events = vec![(100.0, 0.0); 200];
    for i in [10, 11, 12, 15, 50, 199] {
        events[i].1 = 50.0;
    }
    events[16] = UNSEEN;
    events[50].1 = 11.0;
    let slices = minutes(0, &events);
    let meter = meter(&slices, objective(0.9, Budgeting::Occurrences));
    let rule = IncidentRule {
        min_cost: 0.02,
        join_ms: 3 * MINUTE,
    };
    let found = incidents(&meter, slices.grid.range(), rule);
    assert_eq!(found.len(), 2);
    assert_eq!(found[0].span, TimeRange::new(10 * MINUTE, 16 * MINUTE));
    assert_eq!(
        (found[0].bad, found[0].peak_burn.round(), found[0].ongoing),
        (200.0, 5.0, false)
    );
    assert!((found[0].cost - 200.0 / 1990.0).abs() < 1e-12);
    assert!(found[1].ongoing);
}

#[test]
fn groups_and_all_together() {
    let track = |route: &str, start: i64, events: &[(f64, f64)]| Track {
        group: Labels::new([("route", route)]).expect("valid"),
        slices: minutes(start, events),
    };
    let tracks = [
        track("/a", 0, &[(10.0, 1.0), (10.0, 0.0)]),
        track("/b", MINUTE, &[(30.0, 9.0), UNSEEN, (30.0, 0.0)]),
    ];
    let all = aggregate(&tracks).expect("two groups");
    assert_eq!(all.total, [10.0, 40.0, 0.0, 30.0]);
    assert_eq!(all.bad, [1.0, 9.0, 0.0, 0.0]);
    assert_eq!(all.observed_ms, [60_000.0, 60_000.0, 0.0, 60_000.0]);
}

#[test]
fn a_book_answers_for_groups_all_and_composites() {
    let track = |route: &str, bad: f64| Track {
        group: Labels::new([("route", route)]).expect("valid"),
        slices: minutes(0, &[(10.0, 0.0), (10.0, bad)]),
    };
    let mut slo = slo(objective(0.8, Budgeting::Occurrences));
    slo.group_by = vec!["route".to_owned()];
    let book = Book::open(&slo, &[track("/a", 4.0), track("/b", 0.0)]).expect("no exclusions");
    let window = rolling(2 * MINUTE);
    let outcomes = book.outcomes(&window, 2 * MINUTE).expect("known");
    let attained: Vec<_> = outcomes
        .iter()
        .map(|o| (o.group.get("route"), o.attained))
        .collect();
    assert_eq!(
        attained,
        [
            (None, Some(0.9)),
            (Some("/a"), Some(0.8)),
            (Some("/b"), Some(1.0))
        ]
    );
    let spent = book.spenders(TimeRange::new(0, 2 * MINUTE));
    assert_eq!((&*spent[0].value, spent[0].bad_share), ("/a", 1.0));
    let book = std::sync::Arc::new(book);
    let both = Book::composite(&slo, &[(book.clone(), 1.0), (book, 1.0)]).expect("no exclusions");
    let outcome = &both.outcomes(&window, 2 * MINUTE).expect("known")[0];
    // Each part has spent half of its budget.
    assert!(
        outcome
            .budget
            .remaining()
            .is_some_and(|left| left.abs() < 1e-9)
    );
    let empty = Book::open(&slo, &[]).expect("no exclusions");
    assert_eq!(
        empty.outcomes(&window, 2 * MINUTE).expect("known")[0].state,
        State::Unknown
    );
}

proptest! {
    #[test]
    fn any_window_is_a_direct_scan(
        events in prop::collection::vec((0..1000_u32, 0..100_u32), 1..200),
        from in 0..220_i64,
        len in 0..220_i64,
        out in (0..200_i64, 0..30_i64),
    ) {
        let events: Vec<_> = events.iter().map(|(t, b)| (f64::from(*t), f64::from((*b).min(*t)))).collect();
        let slices = minutes(0, &events);
        let spans = Spans::from_iter([TimeRange::new(out.0 * MINUTE, (out.0 + out.1) * MINUTE)]);
        let span = TimeRange::new(from * MINUTE, (from + len) * MINUTE);
        let within = |i: &usize| {
            let i = *i as i64;
            from <= i && i < from + len && !(out.0 <= i && i < out.0 + out.1)
        };
        let scanned: Vec<usize> = (0..events.len()).filter(within).collect();
        let occurrences = Meter::new(&slices, objective(0.9, Budgeting::Occurrences), &Missing::default(), &spans);
        let counts = occurrences.counts(span, View::Adjusted);
        prop_assert_eq!(counts.total, scanned.iter().map(|i| events[*i].0).sum::<f64>());
        prop_assert_eq!(counts.bad, scanned.iter().map(|i| events[*i].1).sum::<f64>());
        prop_assert_eq!(counts.good + counts.bad, counts.total);
        let by_minute = Meter::new(&slices, objective(0.9, BY_MINUTE), &Missing::default(), &spans);
        let counted: Vec<_> = scanned.iter().filter(|i| events[**i].0 > 0.0).collect();
        let good = counted.iter().filter(|i| 1.0 - events[***i].1 / events[***i].0 >= 0.95).count();
        let counts = by_minute.counts(span, View::Adjusted);
        prop_assert_eq!((counts.slices, counts.good_slices), (counted.len() as f64, good as f64));
    }

    #[test]
    fn a_target_changes_nothing_that_was_counted(
        events in prop::collection::vec((1..1000_u32, 0..100_u32), 1..100),
        targets in (0.01..0.999_f64, 0.01..0.999_f64),
    ) {
        let events: Vec<_> = events.iter().map(|(t, b)| (f64::from(*t), f64::from((*b).min(*t)))).collect();
        let slices = minutes(0, &events);
        let counts = |target| {
            let meter = meter(&slices, objective(target, Budgeting::Occurrences));
            meter.counts(slices.grid.range(), View::Adjusted)
        };
        prop_assert_eq!(counts(targets.0), counts(targets.1));
        let generation = |target| crate::generation::generation(&slo(objective(target, Budgeting::Occurrences)));
        prop_assert_eq!(generation(targets.0), generation(targets.1));
    }
}
