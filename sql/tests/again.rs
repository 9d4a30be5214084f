//! Queries that are asked again, at other times and of other data: what was planned before must not be seen in an answer.

use std::sync::Arc;

use narthex_engine::{Engine, Options};
use narthex_model::{Label, Sink, WriteBatch};
use narthex_promql::{ParseOptions, QueryOutput, QueryValue, SampleValue};
use narthex_sql::{Database, DatabaseOptions, Grid, QueryOptions};
use tempfile::TempDir;

const MINUTE_MS: i64 = 60_000;

struct World {
    engine: Arc<Engine>,
    database: Database,
    _folder: TempDir,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let engine = Engine::open(folder.path(), Options::default(), None).expect("it opens");
        let options = DatabaseOptions {
            language: ParseOptions::all(),
            ..DatabaseOptions::default()
        };
        Self {
            database: Database::new(engine.clone(), options),
            engine,
            _folder: folder,
        }
    }

    async fn write(&self, labels: &[Label<'static>], t: i64, v: f64) {
        let mut batch = WriteBatch::new();
        let series = batch.push_series(&mut labels.to_vec());
        batch.push_sample(series.expect("sound labels"), t, v);
        self.engine.write(batch).await.expect("written");
    }

    async fn at(&self, query: &str, t: i64) -> QueryOutput {
        let options = QueryOptions::default();
        let output = self.database.query_instant(query, t, options).await;
        output.unwrap_or_else(|e| panic!("{query} at {t}: {e}"))
    }

    /// The floats of an instant, each after its labels.
    async fn floats(&self, query: &str, t: i64) -> Vec<String> {
        let QueryValue::Vector(samples) = self.at(query, t).await.value else {
            panic!("{query}: a vector was expected")
        };
        let float = |s: &narthex_promql::InstantSample| match s.value {
            SampleValue::Float(v) => format!("{} {v} {}", s.labels, s.timestamp),
            SampleValue::Histogram(_) => panic!("{query}: a float was expected"),
        };
        samples.iter().map(float).collect()
    }
}

#[tokio::test]
async fn samples_series_and_labels_that_came_since() {
    let world = World::new();
    let a = [("__name__", "x"), ("job", "a")];
    world.write(&a, 0, 1.0).await;
    assert_eq!(world.floats("x + 0", 0).await, [r#"{job="a"} 1 0"#]);
    world.write(&a, MINUTE_MS, 2.0).await;
    let second = [r#"{job="a"} 2 60000"#];
    assert_eq!(world.floats("x + 0", MINUTE_MS).await, second);
    assert_eq!(world.floats("x + 0", 0).await, [r#"{job="a"} 1 0"#]);
    let b = [("__name__", "x"), ("job", "b")];
    world.write(&b, MINUTE_MS, 3.0).await;
    let both = [r#"{job="a"} 2 60000"#, r#"{job="b"} 3 60000"#];
    assert_eq!(world.floats("x + 0", MINUTE_MS).await, both);
    let c = [("__name__", "x"), ("job", "b"), ("host", "h")];
    world.write(&c, 2 * MINUTE_MS, 4.0).await;
    let all = [
        r#"{host="h", job="b"} 4 120000"#,
        r#"{job="a"} 2 120000"#,
        r#"{job="b"} 3 120000"#,
    ];
    assert_eq!(world.floats("x + 0", 2 * MINUTE_MS).await, all);
    let later = 30 * MINUTE_MS;
    assert_eq!(world.floats("x + 0", later).await, [""; 0]);
}

#[tokio::test]
async fn what_was_said_before_is_not_said_again() {
    let world = World::new();
    for minute in 0..3 {
        let x = [("__name__", "x")];
        world.write(&x, minute * MINUTE_MS, minute as f64).await;
    }
    for (minute, infos) in [(2, 1), (30, 0), (2, 1), (30, 0)] {
        let output = world.at("rate(x[5m])", minute * MINUTE_MS).await;
        assert_eq!(output.infos.len(), infos, "minute {minute}");
    }
    // This one is known when the query is planned.
    for minute in [2, 30, 2] {
        let output = world.at("quantile(2, x)", minute * MINUTE_MS).await;
        assert_eq!(output.warnings.len(), 1, "minute {minute}");
    }
}

#[tokio::test]
async fn instants_that_stand_in_a_query() {
    let world = World::new();
    for minute in 0..9 {
        let x = [("__name__", "x")];
        world.write(&x, minute * MINUTE_MS, minute as f64).await;
    }
    let queries = [
        ("x", [3.0, 7.0]),
        ("x @ 60", [1.0, 1.0]),
        ("x offset 1m", [2.0, 6.0]),
        ("timestamp(x)", [180.0, 420.0]),
        ("x * 0 + time()", [180.0, 420.0]),
        ("x * 0 + start()", [180.0, 420.0]),
        ("x @ start() + end()", [183.0, 427.0]),
        ("sum_over_time(x[2m:1m])", [5.0, 13.0]),
        ("x + x", [6.0, 14.0]),
        ("predict_linear(x[3m], 60)", [4.0, 8.0]),
        ("predict_linear(x[2m] offset 1m, 60)", [4.0, 8.0]),
    ];
    for (query, expected) in queries {
        for _ in 0..2 {
            for (minute, expected) in [3, 7].into_iter().zip(expected) {
                let t = minute * MINUTE_MS;
                let QueryValue::Vector(samples) = world.at(query, t).await.value else {
                    panic!("{query}: a vector was expected")
                };
                let SampleValue::Float(got) = samples[0].value else {
                    panic!("{query}: a float was expected")
                };
                assert!((got - expected).abs() < 1e-9, "{query}: {got}");
            }
        }
    }
}

#[tokio::test]
async fn ranges_of_another_length() {
    let world = World::new();
    for minute in 0..9 {
        let x = [("__name__", "x")];
        world.write(&x, minute * MINUTE_MS, minute as f64).await;
    }
    for (start, end) in [(0, 3), (1, 4), (1, 6), (0, 3)] {
        let grid = Grid {
            start: start * MINUTE_MS,
            end: end * MINUTE_MS,
            step: MINUTE_MS,
        };
        let output = world
            .database
            .query_range("x", grid, QueryOptions::default());
        let QueryValue::Matrix(series) = output.await.expect("an answer").value else {
            panic!("a matrix was expected")
        };
        let minutes: Vec<i64> = (start..=end).collect();
        let times: Vec<i64> = minutes.iter().map(|minute| minute * MINUTE_MS).collect();
        assert_eq!(series[0].timestamps, times);
        let values: Vec<f64> = minutes.iter().map(|minute| *minute as f64).collect();
        assert_eq!(series[0].values, values);
    }
}
