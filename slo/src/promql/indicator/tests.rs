//! What is recognised, and what is not.

use super::*;

fn read(text: &str) -> Template {
    Template::parse(text).expect(text)
}

fn show(counted: &Counted) -> String {
    let texts: Vec<_> = counted.0.iter().map(ToString::to_string).collect();
    texts.join(" + ")
}

fn said(known: Option<Known>) -> String {
    let Some(known) = known else {
        return "unknown".to_owned();
    };
    let what = match &known.indicator {
        Indicator::Events { total, some, which } => {
            format!("{which:?} {} of {}", show(some), show(total))
        }
        Indicator::Latency { buckets, threshold } => {
            format!("up to {threshold} of {}", show(buckets))
        }
        other => format!("{other:?}"),
    };
    let by = match known.group_by.as_slice() {
        [] => String::new(),
        labels => format!(" by {}", labels.join(",")),
    };
    let range = known.fixed_range.map(|range| format!(" [{range}]"));
    what + &by + &range.unwrap_or_default()
}

#[test]
fn pairs_of_queries() {
    let cases = [
        (
            r#"sum(rate(x{code=~"5.."}[{{.window}}]))"#,
            "sum(rate(x[{{ .window }}]))",
            r#"Bad x{code=~"5.."} of x"#,
        ),
        (
            "sum(rate(e[{{.window}}])) or on() vector(0)",
            "(sum(rate(t[{{.window}}])) + sum(rate(u[{{.window}}])))",
            "Bad e of t + u",
        ),
        (
            "sum by (b, a) (increase(t[5m])) - sum by (a, b) (increase(g[5m]))",
            "sum by (a, b) (increase(t[5m]))",
            "Good g of t by a,b [5m]",
        ),
        (
            r#"sum(rate(h_count{job="a"}[{{.window}}])) - sum(rate(h_bucket{le="0.3",job="a"}[{{.window}}]))"#,
            r#"sum(rate(h_count{job="a"}[{{.window}}]))"#,
            r#"up to 0.3 of h_bucket{job="a"}"#,
        ),
        (
            r#"sum(rate(h_bucket{le="+Inf"}[{{.window}}])) - sum(rate(h_bucket{le=~"1(\\.0)?"}[{{.window}}]))"#,
            "sum(rate(h_count[{{.window}}]))",
            "up to 1 of h_bucket",
        ),
        (
            "sum by (a) (sum by (a, b) (rate(e[{{.window}}])))",
            "sum by (a) (rate(t[{{.window}}]))",
            "Bad e of t by a",
        ),
        // Other ranges, functions or groups on both sides, and all that is no counter.
        ("sum(rate(e[5m]))", "sum(rate(t[10m]))", "unknown"),
        ("sum(increase(e[5m]))", "sum(rate(t[5m]))", "unknown"),
        ("sum(rate(e[5m]))", "sum by (a) (rate(t[5m]))", "unknown"),
        ("sum(rate(e[5m] offset 1h))", "sum(rate(t[5m]))", "unknown"),
        ("sum(rate(e[5m])) > 0", "sum(rate(t[5m]))", "unknown"),
        ("avg(rate(e[5m]))", "avg(rate(t[5m]))", "unknown"),
        ("sum(irate(e[5m]))", "sum(irate(t[5m]))", "unknown"),
        ("sum(rate(e[5m])) * 2", "sum(rate(t[5m]))", "unknown"),
        (
            "sum by (a) (rate(t[5m])) - on (a) group_left () sum by (a) (rate(g[5m]))",
            "sum by (a) (rate(t[5m]))",
            "unknown",
        ),
        (
            "sum without (a) (rate(e[5m]))",
            "sum without (a) (rate(t[5m]))",
            "unknown",
        ),
        (
            "sum(rate(t[5m])) - sum(rate(g[5m]))",
            "sum(rate(u[5m]))",
            "unknown",
        ),
        ("vector(0)", "sum(rate(u[5m]))", "unknown"),
        ("sum(gauge_of_errors)", "sum(gauge)", "unknown"),
    ];
    for (some, total, expected) in cases {
        let known = of_queries(&read(total), &read(some), Which::Bad);
        assert_eq!(said(known), expected, "{some} / {total}");
    }
}

#[test]
fn ratios() {
    let cases = [
        ("sum(rate(e[1m])) / sum(rate(t[1m]))", "Bad e of t [1m]"),
        (
            "1 - (sum(rate(g[{{.window}}])) / sum(rate(t[{{.window}}])))",
            "Good g of t",
        ),
        ("1 - avg_over_time(probe_success[{{.window}}])", "unknown"),
        ("2 - sum(rate(e[1m])) / sum(rate(t[1m]))", "unknown"),
    ];
    for (query, expected) in cases {
        assert_eq!(
            said(of_ratio(&read(query), Which::Bad)),
            expected,
            "{query}"
        );
    }
}

#[test]
fn said_to_be_counters() {
    let cases = [
        (r#"sum(x{code="2"})"#, "x", r#"Good x{code="2"} of x"#),
        ("sum by (a) (g)", "sum by (a) (t)", "Good g of t by a"),
        ("rate(g[5m])", "sum(rate(t[5m]))", "Good g of t [5m]"),
        ("max(g)", "t", "unknown"),
    ];
    for (some, total, expected) in cases {
        let known = of_counters(&read(total), &read(some), Which::Good);
        assert_eq!(said(known), expected, "{some} / {total}");
    }
}

#[test]
fn templates() {
    assert_eq!(read("rate(x[{{  .window }}])").text, "rate(x[{{.window}}])");
    assert_eq!(crate::promql::fill(&read("x").text, "5m"), "x");
    assert!(Template::parse("x[{{.range}}]").is_err());
    assert!(Template::parse("x[{{.window]").is_err());
    assert!(Template::parse("sum(").is_err());
}
