//! What stops a pipeline.

use narthex_slo::report::FailOn;

use crate::data::example;

fn judged(conditions: &str) -> Vec<String> {
    let conditions: FailOn = conditions.parse().expect("conditions");
    let failures = conditions.judge(&example());
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
            "payments-good-minutes [blown]: blown over its window (30 days): −81 % of the budget is left",
            "payments-good-minutes [blown]: blown over its window (calendar month): −11 % of the budget is left",
        ]
    );
}

#[test]
fn worse_than_at_risk_is_at_risk_too() {
    let slos: Vec<String> = judged("at-risk");
    assert_eq!(slos.len(), 3, "{slos:?}");
    assert_eq!(
        slos[2],
        "checkout-availability [at-risk]: at risk over its window (30 days): 17 % of the budget is left"
    );
}

#[test]
fn the_first_condition_that_holds_is_named() {
    let slos = judged("budget<40%,unknown");
    assert!(
        slos.iter()
            .any(|s| s.ends_with("unknown over its window (30 days): 60.0 % of it was observed"))
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
    assert_eq!(unknown.judge(&report).len(), 5);
    let blown: FailOn = "blown,at-risk,budget<99%".parse().expect("conditions");
    assert!(blown.judge(&report).is_empty());
}
