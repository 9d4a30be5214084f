//! The parser, checker and printer against tables of queries, against the conformance files, and against chance.

use std::path::Path;

use proptest::prelude::*;

use super::{DEPTH_MAX, ParseOptions, QUERY_BYTES_MAX, parse};
use crate::ast::{Expr, Node, ValueType};
use crate::check::{check_extensions, value_type};
use crate::print::matcher_text;

fn parsed(text: &str) -> Result<Expr, String> {
    parse(text, &ParseOptions::all()).map_err(|e| e.to_string())
}

/// The lines of a table, without comments and blank lines.
fn rows(table: &str) -> impl Iterator<Item = &str> {
    table
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with("# "))
}

/// The printed form with parentheses around every operand that is an operation or has an offset.
fn grouped(expr: &Expr) -> String {
    fn wrap(expr: &mut Expr) {
        let has_offset =
            matches!(&expr.node, Node::Vector(vector) if vector.modifiers.offset.is_some());
        if has_offset || matches!(expr.node, Node::Binary(_) | Node::Unary(_)) {
            expr.node = Node::Paren(Box::new(expr.clone()));
        }
    }
    let mut copy = expr.clone();
    copy.walk_mut(&mut |expr| match &mut expr.node {
        Node::Binary(binary) => {
            wrap(&mut binary.lhs);
            wrap(&mut binary.rhs);
        }
        Node::Unary(unary) => wrap(&mut unary.expr),
        _ => {}
    });
    copy.to_string()
}

/// The tree as text, without positions.
fn without_spans(expr: &Expr) -> String {
    let debug = format!("{expr:?}");
    let mut pieces = debug.split("Span { start: ");
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(first, |out, piece| {
        out + piece.split_once('}').map_or(piece, |(_, rest)| rest)
    })
}

/// Printed matchers are sorted.
fn with_sorted_matchers(expr: &Expr) -> Expr {
    let mut sorted = expr.clone();
    sorted.walk_mut(&mut |expr| match &mut expr.node {
        Node::Vector(vector) => vector.matchers.sort_by_cached_key(matcher_text),
        Node::Matrix(matrix) => matrix.vector.matchers.sort_by_cached_key(matcher_text),
        _ => {}
    });
    sorted
}

/// Prints and reads back; the tree must be the same.
fn assert_reads_back(text: &str, expr: &Expr) {
    let printed = expr.to_string();
    let again = parsed(&printed).unwrap_or_else(|e| panic!("{text}\nprinted as {printed}\n{e}"));
    assert_eq!(
        without_spans(&with_sorted_matchers(expr)),
        without_spans(&with_sorted_matchers(&again)),
        "{text}\nprinted as {printed}"
    );
}

#[test]
fn good_queries() {
    for row in rows(include_str!("testdata/good.txt")) {
        let (text, expected) = row.split_once(" => ").unwrap_or((row, row));
        let expr = parsed(text).unwrap_or_else(|e| panic!("{text}\n{e}"));
        assert_eq!(grouped(&expr), expected, "{text}");
        assert_reads_back(text, &expr);
    }
}

#[test]
fn bad_queries() {
    for row in rows(include_str!("testdata/bad.txt")) {
        let (text, expected) = row.split_once(" => ").expect("a row has an arrow");
        assert_eq!(
            parsed(text).map(|e| e.to_string()),
            Err(expected.to_owned()),
            "{text}"
        );
    }
    assert_eq!(
        parsed("").err().as_deref(),
        Some("unknown position: parse error: no expression found in input")
    );
    assert_eq!(
        parsed(" # x").err().as_deref(),
        Some("1:1: parse error: no expression found in input")
    );
    assert_eq!(
        parsed("a +\n  é").err().as_deref(),
        Some("2:3: parse error: unexpected character: 'é'")
    );
}

#[test]
fn features_that_are_off() {
    let rows = [
        (
            "info(a)",
            "1:1: parse error: function \"info\" is not enabled",
        ),
        (
            "start()",
            "1:1: parse error: function \"start\" is not enabled",
        ),
        (
            "limitk(1, a)",
            "1:1: parse error: limitk() is experimental and must be enabled with \
             --enable-feature=promql-experimental-functions",
        ),
        (
            "a anchored",
            "1:1: parse error: anchored modifier is experimental and not enabled",
        ),
        (
            "a + fill(0) b",
            "1:1: parse error: binop fill modifiers are experimental and not enabled",
        ),
    ];
    for (text, expected) in rows {
        let error = parse(text, &ParseOptions::default()).expect_err(text);
        assert_eq!(error.to_string(), expected);
    }
    let options = ParseOptions {
        duration_expressions: false,
        ..ParseOptions::default()
    };
    for text in ["a[5m * 2]", "a[(5m)]", "a[step()]"] {
        let error = parse(text, &options).expect_err(text);
        assert_eq!(
            error.message,
            "experimental duration expression is not enabled"
        );
    }
    assert!(parse("a[5m] offset -300", &options).is_ok());
}

#[test]
fn extensions_that_mean_nothing() {
    let check =
        |text: &str| check_extensions(&parsed(text).expect("it parses")).map_err(|e| e.to_string());
    assert_eq!(
        check("sum(rate(a[5m] anchored)) + increase(a[5m] smoothed) + a smoothed"),
        Ok(())
    );
    let message = "smoothed modifier can only be used with: delta, increase, rate - not with deriv";
    assert_eq!(
        check("sum(deriv((a[5m] smoothed)))"),
        Err(message.to_owned())
    );
}

#[test]
fn types_and_spans() {
    let text = "scalar(a) + sum(b) / 2";
    let expr = parsed(text).expect("it parses");
    let mut seen = Vec::new();
    expr.walk(&mut |e| seen.push((&text[e.span.start..e.span.end], value_type(e))));
    use ValueType::{InstantVector, Scalar};
    let expected = [
        (text, InstantVector),
        ("scalar(a)", Scalar),
        ("a", InstantVector),
        ("sum(b) / 2", InstantVector),
        ("sum(b)", InstantVector),
        ("b", InstantVector),
        ("2", Scalar),
    ];
    assert_eq!(seen, expected);
}

/// The query of an `eval` line.
fn eval_query(line: &str) -> Option<&str> {
    let (kind, rest) = line.trim().strip_prefix("eval")?.split_once(' ')?;
    let rest = rest.trim_start();
    if !(kind.is_empty() || kind.starts_with('_')) {
        return None;
    }
    let (_, rest) = match rest.strip_prefix("instant") {
        Some(rest) => rest.split_once("at ")?,
        None => rest.split_once(" step ")?,
    };
    rest.trim_start()
        .split_once(' ')
        .map(|(_, query)| query.trim())
}

#[test]
fn every_conformance_query() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/promqltest");
    let mut queries = 0;
    for entry in std::fs::read_dir(&folder).expect("the conformance files are in the repository") {
        let path = entry.expect("readable").path();
        if path.extension().is_none_or(|e| e != "test") {
            continue;
        }
        for query in std::fs::read_to_string(&path)
            .expect("readable")
            .lines()
            .filter_map(eval_query)
        {
            queries += 1;
            match parsed(query) {
                Ok(expr) => assert_reads_back(query, &expr),
                // These are expected to fail; ours fail before they run.
                Err(e) => assert!(
                    e.contains("not UTF-8") || e.contains("label name \"a\\xc5z\""),
                    "{query}\n{e}"
                ),
            }
        }
    }
    assert_eq!(queries, 1978);
}

/// Half the stack of a thread is enough, even without optimization.
#[test]
fn limits_hold_on_a_small_stack() {
    let thread = std::thread::Builder::new()
        .stack_size(1 << 20)
        .spawn(limits);
    thread.expect("it starts").join().expect("the limits hold");
}

fn limits() {
    let nested = |n: usize| format!("{}a{}", "(".repeat(n), ")".repeat(n));
    let whole = parsed(&nested(DEPTH_MAX - 1)).expect("not too deep");
    assert_reads_back("", &whole);
    let chain = |n: usize| vec!["a"; n].join(" + ");
    assert!(parsed(&chain(DEPTH_MAX)).is_ok());
    let deep = [
        nested(DEPTH_MAX),
        nested(100_000),
        chain(DEPTH_MAX + 1),
        chain(20_000),
        vec!["2"; 20_000].join("^"),
        "-".repeat(100_000) + "a",
        "abs(".repeat(1_000),
        format!("({}) + {}", chain(200), chain(200))
            .replace(" + a) + a", &format!(") + {}", chain(60))),
        "a[5m".to_owned() + &":1m][5m".repeat(DEPTH_MAX + 1) + ":]",
        format!("a[{}]", vec!["1"; 20_000].join("*")),
        format!("a[{}]", "(".repeat(100_000)),
        format!("a offset {}1", "-".repeat(100_000)),
    ];
    for text in deep {
        let error = parsed(&text).expect_err("too deep");
        assert!(
            error.contains("nested too deeply: more than 250 levels"),
            "{error}"
        );
    }
    let long = format!("a{}", " ".repeat(QUERY_BYTES_MAX));
    assert!(
        parsed(&long)
            .expect_err("too long")
            .contains("query is too long")
    );
}

/// Random queries, most of them right in their types.
fn query() -> impl Strategy<Value = String> {
    vector_text().prop_union(scalar_text(Just("a".to_owned()).boxed()).boxed())
}

fn vector_text() -> BoxedStrategy<String> {
    let leaf = (selector_text(), modifiers_text()).prop_map(|(s, m)| s + &m);
    leaf.prop_recursive(5, 40, 3, |inner| {
        let scalar = scalar_text(inner.clone().boxed()).boxed();
        let window = (
            inner.clone(),
            duration_text(),
            prop_oneof![Just(String::new()), duration_text()],
            modifiers_text(),
        )
            .prop_map(|(v, d, s, m)| format!("({v})[{d}:{s}]{m}"));
        let matrix = (selector_text(), duration_text(), modifiers_text())
            .prop_map(|(s, d, m)| format!("{s}[{d}]{m}"));
        let window = prop_oneof![matrix, window].boxed();
        let operand = prop_oneof![3 => inner.clone(), 1 => scalar.clone()];
        prop_oneof![
            (inner.clone(), vector_operator(), inner.clone())
                .prop_map(|(a, op, b)| format!("{a} {op} {b}")),
            (operand.clone(), arithmetic(), inner.clone())
                .prop_map(|(a, op, b)| format!("{a}{op}{b}")),
            (inner.clone(), arithmetic(), operand).prop_map(|(a, op, b)| format!("{a}{op}{b}")),
            (prop_oneof!["-", "\\+", "- -"], inner.clone()).prop_map(|(sign, v)| sign + &v),
            inner.clone().prop_map(|v| format!("({v})")),
            (
                prop_oneof!["rate", "delta", "last_over_time"],
                window.clone()
            )
                .prop_map(|(f, w)| format!("{f}({w})")),
            (scalar.clone(), window).prop_map(|(s, w)| format!("quantile_over_time({s}, {w})")),
            (inner.clone(), string_text())
                .prop_map(|(v, s)| format!("label_join({v},{s},{s},{s})")),
            (aggregation(), inner.clone()).prop_map(|(a, v)| format!("{a}({v})")),
            (inner.clone(), labels_text()).prop_map(|(v, l)| format!("avg({v}) without ({l})")),
            (scalar, inner, labels_text()).prop_map(|(s, v, l)| format!("topk({s}, {v}) by ({l})")),
        ]
    })
    .boxed()
}

fn scalar_text(vector: BoxedStrategy<String>) -> impl Strategy<Value = String> {
    let number = prop_oneof![
        "[0-9]{1,3}(\\.[0-9]{1,3})?(e-?[0-9]{1,2})?",
        "0x[0-9a-f]{1,6}",
        "0[0-7]{1,4}",
        "Inf|NaN|5m|1h30m|100ms|0s",
    ];
    let leaf = prop_oneof![8 => number, 1 => vector.prop_map(|v| format!("scalar({v})")), 1 => Just("time()".to_owned())];
    leaf.prop_recursive(3, 10, 2, |inner| {
        prop_oneof![
            (inner.clone(), arithmetic(), inner.clone())
                .prop_map(|(a, op, b)| format!("{a}{op}{b}")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{a} >= bool {b}")),
            inner.clone().prop_map(|s| format!("-{s}")),
            inner.prop_map(|s| format!("({s})")),
        ]
    })
}

fn arithmetic() -> impl Strategy<Value = String> {
    "( \\+ | - | \\* | / | % |\\^| atan2 | ATAN2 )"
}

fn vector_operator() -> impl Strategy<Value = String> {
    let on = "(on|ignoring) \\([ab]?\\)( group_(left|right) ?(\\([cd]\\))?)?";
    let fill = "|fill\\([0-9]\\)|fill_left\\(-Inf\\)|fill_right \\(1\\) fill_left\\(2\\)";
    prop_oneof![
        ("(\\+|==|<=|!= bool|</|>/|> bool|/)", on, fill)
            .prop_map(|(op, on, fill)| format!("{op} {on} {fill}")),
        "(and|or|UNLESS)( on \\(a,\\)| ignoring \\(b,\"c\"\\)|)",
    ]
}

fn aggregation() -> impl Strategy<Value = String> {
    (
        prop_oneof!["sum", "Min", "group"],
        prop_oneof![
            Just(String::new()),
            labels_text().prop_map(|l| format!(" by ({l})"))
        ],
    )
        .prop_map(|(op, by)| op + &by)
}

fn labels_text() -> impl Strategy<Value = String> {
    proptest::collection::vec(
        prop_oneof!["[a-z_]{1,4}x", "sum|on|by|offset|start", string_text()],
        0..3,
    )
    .prop_map(|labels| labels.join(", "))
}

fn string_text() -> impl Strategy<Value = String> {
    prop_oneof![
        "\"([a-z .{}:]|\\\\n|\\\\\"|\\\\u00e9|\\\\x41|\\\\000|\u{ad}|\u{1f600}|')*\"",
        "'([a-z\"]|\\\\'|\\\\t)*'",
        "`[a-z\"'\\\\]*`",
    ]
}

fn selector_text() -> impl Strategy<Value = String> {
    let matcher = (
        prop_oneof!["[a-z_]{1,6}x", string_text()],
        prop_oneof!["=", "!=", " =~ ", "!~"],
        "\"[a-z.|]{0,4}x\"",
    )
        .prop_map(|(name, op, value)| format!("{name}{op}{value}"));
    let braces =
        proptest::collection::vec(matcher, 1..3).prop_map(|m| format!("{{{}}}", m.join(", ")));
    prop_oneof![
        "[a-z_:][a-z0-9_:]{0,8}x",
        "sum|or|by|start|offset|STEP|fill",
        ("[a-z]{1,4}x", braces.clone()).prop_map(|(name, braces)| name + &braces),
        (string_text(), braces).prop_map(|(name, braces)| format!("{{{name},{}", &braces[1..])),
    ]
}

fn modifiers_text() -> impl Strategy<Value = String> {
    let at = prop_oneof![
        "( @ -?[0-9]{1,10}(\\.[0-9]{1,3})?|)",
        " @ start\\(\\)| @ END\\(\\)|"
    ];
    let offset = prop_oneof![
        Just(String::new()),
        " offset -?[1-9][0-9]{0,3}(m|s|ms|)",
        duration_text().prop_map(|d| format!(" offset ({d})")),
        " offset (-|\\+|)(step\\(\\)|min_of\\(1m,range\\(\\)\\))",
    ];
    (at, offset, any::<bool>()).prop_map(|(a, b, swap)| if swap { b + &a } else { a + &b })
}

fn duration_text() -> BoxedStrategy<String> {
    let leaf = prop_oneof![
        "[1-9][0-9]{0,2}(m|s|ms|h|)",
        "[1-9]\\.[0-9]{1,3}",
        "step\\(\\)|range\\(\\)"
    ];
    leaf.prop_recursive(3, 8, 2, |inner| {
        prop_oneof![
            (inner.clone(), "( \\+ |-| \\* |/|%|\\^)", inner.clone())
                .prop_map(|(a, op, b)| format!("{a}{op}{b}")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("max_of({a}, {b})")),
            inner.clone().prop_map(|d| format!("(-{d})")),
            inner.prop_map(|d| format!("({d})")),
        ]
    })
    .boxed()
}

/// Words and signs in any order.
fn tokens() -> impl Strategy<Value = String> {
    let token = prop_oneof![
        "(\\(|\\)|\\{|\\}|\\[|\\]|,|:|=|=~|!~|!=|==|@|\\+|-|\\*|/|%|\\^|<|>|</|>/|\n|#)",
        "(sum|topk|by|without|on|ignoring|group_left|bool|offset|anchored|smoothed|fill|and|or|unless|atan2)",
        "(a|b:c|rate|time|start|end|step|range|min_of|info|1|0x1f|5m|1.5e3|Inf|\"x\"|'y'|`z`|\\\\|é)",
    ];
    proptest::collection::vec(token, 0..30).prop_map(|tokens| tokens.join(" "))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn printed_queries_read_back(text in query()) {
        // Some are wrong in their matching; that is for the tables.
        if let Ok(expr) = parsed(&text) {
            assert_reads_back(&text, &expr);
        }
    }

    #[test]
    fn selectors_are_good(selector in selector_text(), duration in duration_text()) {
        let text = format!("rate({selector}[{duration}])");
        if let Err(message) = parsed(&text) {
            let harmless = ["duration must be greater than 0", "at least one non-empty matcher"];
            prop_assert!(harmless.iter().any(|h| message.contains(h)), "{text}\n{message}");
        }
    }

    #[test]
    fn no_text_panics(text in prop_oneof![tokens(), ".{0,60}", "[a-z(){}\\[\\]\"'\\\\0-9.:@ ]{0,40}"]) {
        if let Ok(expr) = parsed(&text) {
            assert_reads_back(&text, &expr);
        }
    }
}
