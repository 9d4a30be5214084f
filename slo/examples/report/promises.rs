//! Made-up promises, and the services that keep them or not.

use std::collections::BTreeMap;

use jiff::civil::date;
use jiff::tz::TimeZone;
use narthex_model::{MatchOp, Matcher, TimeRange, TimestampMs};
use narthex_slo::spec::{
    Budgeting, Calendar, CalendarUnit, Comparison, Counted, Exclusion, Indicator, Missing,
    Objective, Policy, Rolling, Selector, Slo, Trigger, Weekday, Which, Window,
};

use crate::simulated::{DAY, HOUR, Service, Trouble};

pub(crate) const ZONE: &str = "Europe/Berlin";

/// What is promised, and the service that promises it.
pub(crate) struct Promise<'a> {
    pub(crate) slo: Slo,
    pub(crate) service: Service<'a>,
    /// Names of groups and their shares of events and of bad ones.
    pub(crate) groups: &'a [(&'a str, f64, f64)],
    pub(crate) bounds: bool,
}

pub(crate) fn zone() -> TimeZone {
    TimeZone::get(ZONE).expect("a zone of the bundled database")
}

pub(crate) fn instant(year: i16, month: i8, day: i8, hour: i8) -> TimestampMs {
    let local = date(year, month, day).at(hour, 0, 0, 0).to_zoned(zone());
    local
        .expect("a time that exists")
        .timestamp()
        .as_millisecond()
}

pub(crate) fn calendar(unit: CalendarUnit) -> Window {
    Window::Calendar(Calendar {
        unit,
        zone: ZONE.to_owned(),
        week_start: Weekday::Monday,
        first_month: 1,
    })
}

fn rolling(days: i64) -> Window {
    Window::Rolling(Rolling { ms: days * DAY })
}

fn counted(matchers: &[(&str, &str)]) -> Counted {
    let matchers = matchers
        .iter()
        .map(|(name, value)| match value.strip_prefix('~') {
            Some(pattern) => Matcher::new(*name, MatchOp::Regex, pattern).expect("a pattern"),
            None => Matcher::equal(*name, *value),
        });
    Counted(vec![Selector {
        matchers: matchers.collect(),
    }])
}

fn slo(service: &str, name: &str, description: &str, target: f64, indicator: Indicator) -> Slo {
    Slo {
        id: format!("{service}-{}", name.replace(' ', "-")),
        service: service.to_owned(),
        name: name.to_owned(),
        description: description.to_owned(),
        labels: BTreeMap::from([("team".to_owned(), "shop".to_owned())]),
        indicator,
        group_by: Vec::new(),
        objective: Objective {
            target,
            budgeting: Budgeting::Occurrences,
        },
        windows: vec![
            rolling(30),
            calendar(CalendarUnit::Month),
            calendar(CalendarUnit::Quarter),
        ],
        exclusions: Vec::new(),
        missing: Missing::default(),
        policies: Vec::new(),
        slice_ms: 60_000,
    }
}

fn requests(job: &str) -> Indicator {
    Indicator::Events {
        total: counted(&[("__name__", "http_requests_total"), ("job", job)]),
        some: counted(&[
            ("__name__", "http_requests_total"),
            ("job", job),
            ("code", "~5.."),
        ]),
        which: Which::Bad,
    }
}

fn trouble(start: TimestampMs, hours: i64, bad: f64) -> Trouble {
    Trouble { start, hours, bad }
}

/// At risk, with groups and incidents.
pub(crate) fn checkout(at: TimestampMs) -> Promise<'static> {
    let mut slo = slo(
        "checkout",
        "availability",
        "Customers can pay for what is in their basket.",
        0.999,
        requests("checkout"),
    );
    slo.group_by = vec!["route".to_owned()];
    slo.exclusions = vec![Exclusion {
        name: "database maintenance, Sundays 03:00–04:00".to_owned(),
        start: "2026-01-04T03:00:00".to_owned(),
        zone: ZONE.to_owned(),
        duration_ms: HOUR,
        rrule: Some("FREQ=WEEKLY;BYDAY=SU".to_owned()),
    }];
    slo.policies = vec![Policy {
        name: "three-quarters-spent".to_owned(),
        alert: "BudgetSpent".to_owned(),
        severity: "ticket".to_owned(),
        trigger: Trigger::Spent(0.75),
        for_ms: 0,
        keep_firing_ms: 0,
        labels: BTreeMap::new(),
        annotations: BTreeMap::new(),
        consequence: "Releases need a second reviewer.".to_owned(),
    }];
    let troubles = [
        trouble(instant(2026, 3, 11, 14), 4, 0.09),
        trouble(instant(2026, 7, 2, 9), 3, 0.05),
        trouble(instant(2026, 10, 25, 2), 2, 0.035),
        trouble(instant(2026, 10, 31, 16), 2, 0.055),
        trouble(instant(2026, 11, 9, 10), 3, 0.07),
        trouble(instant(2026, 11, 9, 20), 1, 0.012),
        trouble(at - 3 * HOUR, 3, 0.0055),
    ];
    Promise {
        slo,
        service: Service {
            seed: 1,
            events_per_hour: 48_000.0,
            usually_bad: 0.000_25,
            troubles: troubles.to_vec().leak(),
            unobserved: vec![TimeRange::new(
                instant(2026, 11, 3, 1),
                instant(2026, 11, 3, 13),
            )]
            .leak(),
        },
        groups: &[
            ("/checkout/pay", 0.22, 0.61),
            ("/checkout/address", 0.33, 0.24),
            ("/checkout/basket", 0.4, 0.13),
            ("/checkout/voucher", 0.05, 0.02),
        ],
        bounds: false,
    }
}

/// Kept, with a threshold between two buckets.
pub(crate) fn search(at: TimestampMs) -> Promise<'static> {
    let latency = Indicator::Latency {
        buckets: counted(&[
            ("__name__", "http_request_duration_seconds_bucket"),
            ("job", "search"),
        ]),
        threshold: 0.3,
    };
    let slo = slo(
        "search",
        "latency",
        "Searching feels immediate: an answer within 300 ms.",
        0.99,
        latency,
    );
    Promise {
        slo,
        service: Service {
            seed: 2,
            events_per_hour: 210_000.0,
            usually_bad: 0.006,
            troubles: vec![
                trouble(at - 9 * DAY, 5, 0.06),
                trouble(instant(2026, 5, 20, 8), 30, 0.1),
            ]
            .leak(),
            unobserved: &[],
        },
        groups: &[],
        bounds: true,
    }
}

/// Broken, counted in minutes.
pub(crate) fn payments(at: TimestampMs) -> Promise<'static> {
    let mut slo = slo(
        "payments",
        "good minutes",
        "The payment provider answers, minute by minute.",
        0.9995,
        requests("payments"),
    );
    slo.objective.budgeting = Budgeting::Timeslices {
        slice_ms: 60_000,
        good_from: 0.95,
    };
    Promise {
        slo,
        service: Service {
            seed: 3,
            events_per_hour: 5_200.0,
            usually_bad: 0.0002,
            troubles: vec![
                trouble(at - 22 * DAY, 1, 0.05),
                trouble(at - 12 * DAY - 3 * HOUR, 2, 0.04),
                trouble(instant(2026, 8, 4, 15), 2, 0.12),
                trouble(instant(2026, 2, 4, 15), 1, 0.04),
            ]
            .leak(),
            unobserved: &[],
        },
        groups: &[],
        bounds: false,
    }
}

/// Too little was seen.
pub(crate) fn login(at: TimestampMs) -> Promise<'static> {
    let probe = Indicator::Gauge {
        gauges: counted(&[
            ("__name__", "probe_success"),
            ("instance", "https://shop.example/login"),
        ]),
        comparison: Comparison::Equal,
        value: 1.0,
        by_time: false,
    };
    Promise {
        slo: slo(
            "login",
            "probe",
            "The login page answers a probe from outside.",
            0.995,
            probe,
        ),
        service: Service {
            seed: 4,
            events_per_hour: 240.0,
            usually_bad: 0.0004,
            troubles: &[],
            unobserved: vec![TimeRange::new(at - 19 * DAY, at - 7 * DAY)].leak(),
        },
        groups: &[],
        bounds: false,
    }
}

/// All is well.
pub(crate) fn catalogue(_: TimestampMs) -> Promise<'static> {
    Promise {
        slo: slo(
            "catalogue",
            "availability",
            "Articles can be looked at.",
            0.995,
            requests("catalogue"),
        ),
        service: Service {
            seed: 5,
            events_per_hour: 350_000.0,
            usually_bad: 0.000_6,
            troubles: &[],
            unobserved: &[],
        },
        groups: &[],
        bounds: false,
    }
}
