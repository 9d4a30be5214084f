//! What stops a pipeline.

use narthex_slo::report::times::rfc3339;
use narthex_slo::report::{FailOn, InWindow, Standing, json};

use crate::data::example;

fn judged(conditions: &str) -> Vec<String> {
    let conditions: FailOn = conditions.parse().expect("conditions");
    let failures = conditions.judge(&example().standings());
    let said = failures
        .iter()
        .map(|f| format!("{} [{}]: {}", f.slo, f.condition, f.message));
    said.map(|text| text.replace('\u{a0}', " ")).collect()
}

#[test]
fn each_window_that_meets_a_condition_is_named() {
    assert_eq!(
        judged("blown"),
        [
            "payments-good-minutes [blown]: blown over its window (30d): −81 % of the budget is left",
            "payments-good-minutes [blown]: blown over its window (calendar-month): −11 % of the budget is left",
        ]
    );
}

#[test]
fn worse_than_at_risk_is_at_risk_too() {
    let slos: Vec<String> = judged("at-risk");
    assert_eq!(slos.len(), 3, "{slos:?}");
    assert_eq!(
        slos[2],
        "checkout-availability [at-risk]: at risk over its window (30d): 17 % of the budget is left"
    );
}

#[test]
fn the_first_condition_that_holds_is_named() {
    let slos = judged("budget<40%,unknown");
    assert!(
        slos.iter()
            .any(|s| s.ends_with("unknown over its window (30d): 60.0 % of it was observed"))
    );
    assert_eq!(
        slos.iter().filter(|s| s.contains("[unknown]")).count(),
        3,
        "{slos:?}"
    );
    assert_eq!(
        slos.iter().filter(|s| s.contains("[budget<40%]")).count(),
        4,
        "{slos:?}"
    );
}

#[test]
fn what_was_never_measured_is_unknown() {
    let mut report = example();
    for slo in &mut report.slos {
        slo.outcomes.clear();
    }
    let unknown: FailOn = "unknown".parse().expect("a condition");
    assert_eq!(unknown.judge(&report.standings()).len(), 5);
    let blown: FailOn = "blown,at-risk,budget<99%".parse().expect("conditions");
    assert!(blown.judge(&report.standings()).is_empty());
}

/// What is judged, with as many digits as JSON surely keeps.
fn rounded(standings: &[Standing]) -> Vec<String> {
    let windows = standings.iter().flat_map(|one| {
        let of = |w: &InWindow| format!("{} {w:.12?}", one.slo);
        let windows = one.windows.iter().map(of);
        windows.chain(one.windows.is_empty().then(|| one.slo.clone()))
    });
    windows.collect()
}

#[test]
fn a_report_that_was_written_as_json_is_judged_alike() {
    let mut report = example();
    // One that has no window is told of, too.
    report.slos[0].outcomes.clear();
    let text = json::write(&report).expect("JSON");
    let read = json::read(text.as_bytes()).expect("a report");
    assert_eq!(rounded(&read.standings), rounded(&report.standings()));
    assert_eq!(read.at, rfc3339(report.at));
}

#[test]
fn what_is_no_report_is_said() {
    for text in ["", "[]", r#"{"status":"success"}"#] {
        let error = json::read(text.as_bytes()).expect_err(text).to_string();
        assert!(error.starts_with("this is no report of service levels"));
    }
}
