//! PromQL through the same door as the server: instants, ranges, limits.

#[allow(dead_code, reason = "each test binary uses its part of the support")]
mod support;

use futures::TryStreamExt;
use narthex_engine::{Engine, Options};
use narthex_model::{ErrorKind, Sink, WriteBatch};
use narthex_promql::{ParseOptions, QueryOutput, QueryValue, SampleValue};
use narthex_sql::{Database, DatabaseOptions, Grid, QueryOptions, Times};
use support::store::Store;

/// 2026-01-01T01:00:00Z.
const HOUR_MS: i64 = 1_767_229_200_000;

/// The answer as lines: labels, then `value@seconds since then` for each value.
fn lines(output: QueryOutput) -> Vec<String> {
    let point = |(t, v): (&i64, &f64)| format!("{v}@{}", (t - HOUR_MS) / 1_000);
    match output.value {
        QueryValue::Scalar { timestamp, value } => vec![point((&timestamp, &value))],
        QueryValue::String { value, .. } => vec![value],
        QueryValue::Vector(samples) => samples
            .iter()
            .map(|s| match &s.value {
                SampleValue::Float(v) => format!("{} {}", s.labels, point((&s.timestamp, v))),
                other => format!("{} {other:?}", s.labels),
            })
            .collect(),
        QueryValue::Matrix(series) => series
            .iter()
            .map(|s| {
                let points: Vec<String> = s.timestamps.iter().zip(&s.values).map(point).collect();
                format!("{} {}", s.labels, points.join(" "))
            })
            .collect(),
    }
}

async fn instant(store: &Store, query: &str) -> Vec<String> {
    let output = store
        .database()
        .query_instant(query, HOUR_MS, QueryOptions::default())
        .await;
    lines(output.unwrap_or_else(|e| panic!("{query}: {e}")))
}

async fn range(store: &Store, query: &str) -> Vec<String> {
    let grid = Grid {
        start: HOUR_MS - 60_000,
        end: HOUR_MS + 60_000,
        step: 60_000,
    };
    let output = store
        .database()
        .query_range(query, grid, QueryOptions::default())
        .await;
    lines(output.unwrap_or_else(|e| panic!("{query}: {e}")))
}

#[tokio::test]
async fn values_of_each_type() {
    let store = Store::fill().await;
    assert_eq!(instant(&store, "1 + 1").await, ["2@0"]);
    assert_eq!(instant(&store, "'text'").await, ["text"]);
    assert_eq!(instant(&store, "sum(up)").await, ["{} 2@0"]);
    assert_eq!(
        instant(&store, "up{host='a'}[2m]").await,
        [r#"up{host="a", job="api"} 1@-60 1@0"#]
    );
    assert_eq!(
        range(&store, "time() - 1767229200").await,
        ["{} -60@-60 0@0 60@60"]
    );
}

#[tokio::test]
async fn plans_run_over_blocks_and_head() {
    let store = Store::fill().await;
    let sums = range(&store, "sum by (host) (http_requests_total)").await;
    assert_eq!(
        sums,
        [
            r#"{host="a"} 649@-60 660@0 671@60"#,
            r#"{host="b"} 1298@-60 1320@0 1342@60"#
        ]
    );
    let ratio = "http_requests_total{code='500'} / ignoring (code) http_requests_total{code='200'}";
    assert_eq!(
        range(&store, &format!("max({ratio})")).await,
        ["{} 0.1@-60 0.1@0 0.1@60"]
    );
    assert_eq!(
        range(
            &store,
            "topk(1, sum by (host) (rate(http_requests_total[10m]))) * 60"
        )
        .await,
        [r#"{host="b"} 22@-60 22@0 22@60"#]
    );
}

#[tokio::test]
async fn limits_are_errors() {
    let store = Store::fill().await;
    let database = store.database();
    let now = QueryOptions {
        timeout_ms: Some(0),
        ..QueryOptions::default()
    };
    let late = database
        .query_instant("up", HOUR_MS, now)
        .await
        .expect_err("no time");
    assert_eq!(late.kind(), ErrorKind::Limit, "{late}");
    let backwards = Grid {
        start: 1,
        end: 0,
        step: 1,
    };
    let wrong = database
        .query_range("up", backwards, QueryOptions::default())
        .await;
    assert_eq!(
        wrong.expect_err("ends before it starts").kind(),
        ErrorKind::Invalid
    );
    let wrong = database
        .query_instant("rate(up)", HOUR_MS, QueryOptions::default())
        .await;
    let message = wrong.expect_err("a type error").to_string();
    assert!(message.starts_with("1:6: parse error: "), "{message}");
}

#[tokio::test]
async fn a_statement_that_joins_for_ever_is_ended() {
    let store = Store::fill().await;
    let database = store.database_with(DatabaseOptions {
        timeout_ms: 50,
        ..DatabaseOptions::default()
    });
    let statement =
        "SELECT count(*) FROM generate_series(1, 20000) a, generate_series(1, 10000000000) b";
    let rows = database.sql(statement).await.expect("planned");
    let ended = rows.try_collect::<Vec<_>>().await.expect_err("no time");
    assert!(ended.to_string().contains("timed out"), "{ended}");
}

#[tokio::test]
async fn names_go_at_once_or_at_the_end() {
    let store = Store::fill().await;
    let named = r#"abs(sum by (__name__, host) ({__name__=~"up|http_requests_total"}))"#;
    let answer = async |delayed_names: bool, query: &str| {
        let database = store.database_with(DatabaseOptions {
            delayed_names,
            ..DatabaseOptions::default()
        });
        let output = database.query_instant(query, HOUR_MS, QueryOptions::default());
        output.await.map(lines).map_err(|e| e.to_string())
    };
    let meet = Err("vector cannot contain metrics with the same labelset".to_owned());
    for delayed in [false, true] {
        assert_eq!(answer(delayed, named).await, meet);
        let one = answer(delayed, "-up{host='a'}").await;
        assert_eq!(one.expect("one series").len(), 1);
    }
    let counted = format!("count({named})");
    assert_eq!(answer(false, &counted).await, meet);
    assert_eq!(answer(true, &counted).await, Ok(vec!["{} 4@0".to_owned()]));
    let renamed = format!(r#"label_replace({named}, "__name__", "$1:abs", "__name__", "(.+)")"#);
    assert_eq!(answer(false, &renamed).await, meet);
    let names = answer(true, &renamed).await.expect("four series");
    assert!(
        names.len() == 4 && names[0].starts_with("http_requests_total:abs{"),
        "{names:?}"
    );
}

#[tokio::test]
async fn the_same_again_is_not_the_same() {
    let store = Store::fill().await;
    let up = instant(&store, "sum by (host) (up)").await;
    assert_eq!(instant(&store, "-(-(sum by (host) (up)))").await, up);
    assert_eq!(
        instant(&store, "sum(sum by (host) (up) * 2 * 2 * 2)").await,
        ["{} 16@0"]
    );
}

#[tokio::test]
async fn start_timestamps_matter_where_they_are_asked_for() {
    let folder = tempfile::tempdir().expect("made");
    let engine = Engine::open(folder.path(), Options::default(), None).expect("opens");
    let mut batch = WriteBatch::new();
    let series = batch.push_series(&mut [("__name__", "born_total")]);
    let series = series.expect("valid");
    batch.push_sample_with_start(series, HOUR_MS, 3.0, HOUR_MS - 60_000);
    engine.write(batch).await.expect("written");
    let language = ParseOptions::all();
    let answer = async |start_timestamps: bool, query: &str| {
        let options = DatabaseOptions {
            start_timestamps,
            language,
            ..DatabaseOptions::default()
        };
        let database = Database::new(engine.clone(), options);
        let output = database.query_instant(query, HOUR_MS, QueryOptions::default());
        lines(output.await.expect("an answer"))
    };
    for (query, expected) in [
        ("increase(born_total[5m])", "{} 3@0"),
        ("HOUR - start_timestamp(born_total)", "{} 60@0"),
    ] {
        let query = query.replace("HOUR", &(HOUR_MS / 1_000).to_string());
        assert_eq!(answer(true, &query).await, [expected]);
        assert!(answer(false, &query).await.is_empty(), "{query}");
    }
}

/// The samples that each step looks at, as Prometheus 3.5 counts them.
#[tokio::test]
async fn samples_per_step() {
    let store = Store::fill().await;
    let grid = Grid {
        start: HOUR_MS - 60_000,
        end: HOUR_MS,
        step: 60_000,
    };
    let options = QueryOptions {
        stats: true,
        ..QueryOptions::default()
    };
    let cases = [
        ("http_requests_total", 4),
        ("rate(http_requests_total{code='200'}[5m])", 2 * 5),
        (
            "sum(http_requests_total @ 1767229200 + http_requests_total)",
            2 * 4,
        ),
        // What is inside of a subquery does not count.
        (
            "max_over_time(rate(http_requests_total{code='200'}[5m])[10m:2m])",
            2 * 5,
        ),
        ("vector(1)", 0),
    ];
    for (query, expected) in cases {
        let answer = store
            .database()
            .query(query, Times::Range(grid), options)
            .await;
        let stats = answer.expect(query).stats.expect("they were asked for");
        let counts: Vec<u64> = stats.samples_per_step.iter().map(|(_, n)| *n).collect();
        assert_eq!(counts, [expected; 2], "{query}");
        assert_eq!(stats.samples(), 2 * expected, "{query}");
    }
}
