//! Conditions as matchers and time ranges.

use arrow::datatypes::{DataType, TimeUnit};
use datafusion::common::ScalarValue;
use datafusion::logical_expr::{Expr, cast, col, lit};
use datafusion::prelude::ident;

use super::*;

fn names() -> ColumnNames {
    ColumnNames::new(["job", "value"].map(str::to_owned).to_vec())
}

fn check(filter: &Expr, expected: Option<&str>) {
    let got = Restriction::of(filter, &names()).map(|r| r.to_string());
    assert_eq!(got.as_deref(), expected, "{filter}");
}

fn ns(t: i64) -> Expr {
    lit(ScalarValue::TimestampNanosecond(
        Some(t),
        Some("UTC".into()),
    ))
}

fn time_as_ns() -> Expr {
    cast(
        ident("timestamp"),
        DataType::Timestamp(TimeUnit::Nanosecond, None),
    )
}

#[test]
fn times_that_a_cast_moves_are_not_looked_at() {
    let berlin = |expr| {
        let zone = Some("Europe/Berlin".into());
        cast(expr, DataType::Timestamp(TimeUnit::Nanosecond, zone))
    };
    check(&berlin(time_as_ns()).gt_eq(ns(7_000_000)), None);
    check(
        &berlin(ident("timestamp")).gt_eq(ns(7_000_000)),
        Some("matchers={}, time=[7, )"),
    );
}

#[test]
fn conditions_on_labels() {
    check(
        &col("job").eq(lit("a")),
        Some(r#"matchers={job="a"}, time=[, )"#),
    );
    check(
        &lit("a").eq(col("job")),
        Some(r#"matchers={job="a"}, time=[, )"#),
    );
    check(
        &col("job").not_eq(lit("a")),
        Some(r#"matchers={job!="a", job!=""}, time=[, )"#),
    );
    check(
        &col("job").is_null(),
        Some(r#"matchers={job=""}, time=[, )"#),
    );
    check(
        &col("job").in_list(vec![lit("a.b"), lit("c")], false),
        Some(r#"matchers={job=~"a\\.b|c"}, time=[, )"#),
    );
    check(
        &col("label_value").eq(lit("x")),
        Some(r#"matchers={value="x"}, time=[, )"#),
    );
    check(
        &col("job").like(lit("a_%")),
        Some(r#"matchers={job=~"(?:a..*)"}, time=[, )"#),
    );
    check(
        &col("job").like(lit("%")),
        Some(r#"matchers={job=~"(?:.*)", job!=""}, time=[, )"#),
    );
    check(&col("job").eq(lit("")), None);
    check(&col("value").eq(lit(1.0)), None);
    check(&col("job").gt(lit("a")), None);
}

#[test]
fn patterns_match_anywhere() {
    let restriction = label_comparison("job", Operator::RegexMatch, "^b|c").expect("pushed down");
    let accepts = |value| restriction.matchers.iter().all(|m| m.accepts(value));
    assert!(accepts("bx") && accepts("xc\nx") && !accepts("xb") && !accepts(""));
    assert!(label_comparison("job", Operator::RegexMatch, "(").is_none());
}

#[test]
fn bounds_on_time() {
    let ms = |t| {
        lit(ScalarValue::TimestampMillisecond(
            Some(t),
            Some("UTC".into()),
        ))
    };
    check(
        &ident("timestamp").gt_eq(ms(5)),
        Some("matchers={}, time=[5, )"),
    );
    check(
        &ident("timestamp").between(ms(5), ms(7)),
        Some("matchers={}, time=[5, 8)"),
    );
    check(
        &ms(5).gt(ident("timestamp")),
        Some("matchers={}, time=[, 5)"),
    );
    check(
        &ident("timestamp").eq(ms(5)),
        Some("matchers={}, time=[5, 6)"),
    );
    check(&ident("timestamp").not_eq(ms(5)), None);
}

#[test]
fn bounds_between_milliseconds() {
    check(
        &time_as_ns().gt_eq(ns(1_500_000)),
        Some("matchers={}, time=[2, )"),
    );
    check(
        &time_as_ns().gt(ns(1_500_000)),
        Some("matchers={}, time=[2, )"),
    );
    check(
        &time_as_ns().lt(ns(1_500_000)),
        Some("matchers={}, time=[, 2)"),
    );
    check(
        &time_as_ns().lt_eq(ns(-1_500_000)),
        Some("matchers={}, time=[, -1)"),
    );
    check(
        &time_as_ns().eq(ns(1_500_000)),
        Some("matchers={}, time=[0, 0)"),
    );
}

#[test]
fn conjunctions_need_both_sides() {
    let both = col("job").eq(lit("a")).and(time_as_ns().lt(ns(1_000_000)));
    check(&both, Some(r#"matchers={job="a"}, time=[, 1)"#));
    check(
        &col("job").eq(lit("a")).and(col("value").gt(lit(1.0))),
        None,
    );
}
