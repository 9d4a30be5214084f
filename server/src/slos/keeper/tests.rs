//! Ledgers beside a store that others change.

use std::sync::Arc;
use std::time::Duration;

use narthex_engine::{Engine, Options};
use narthex_model::{Matcher, TimeRange};
use narthex_slo::budget::View;
use narthex_slo::fill::FillOptions;
use narthex_slo::report::Asked;
use tempfile::TempDir;

use crate::slos::testing::{Bench, MINUTE, specs};
use crate::slos::{Progress, Shelf, books};
use crate::times::now_ms;

const SPECS: &str = "version: narthex/v1
window: 1d
slos:
  - {name: a, objective: 99, errors: bad_total, total: all_total}
";

const TOTAL: &str = "SELECT sum(total) FROM narthex.slo_slices";

/// Two routes with ten events a minute for three hours, counted.
async fn counted() -> Bench {
    let bench = Bench::open(SPECS);
    let from = (now_ms() / MINUTE - 200) * MINUTE;
    for route in ["/a", "/b"] {
        let labels = [("__name__", "all_total"), ("route", route)];
        let samples = (0..=180).map(|i| (from + i * MINUTE, 10.0 * i as f64));
        bench.write(&labels, samples).await;
    }
    bench.flush().await;
    bench.round().await;
    assert_eq!(bench.sql(TOTAL).await.expect("readable"), ["3600.0"]);
    bench
}

/// Has somebody else at the store while the server is away.
async fn away(bench: Bench, change: impl FnOnce(&Engine) + Send + 'static) -> TempDir {
    let folder = bench.close().await;
    let changed = tokio::task::spawn_blocking(move || {
        let engine = Engine::open(folder.path(), Options::default(), None).expect("a store");
        change(&engine);
        engine.close().expect("closed");
        folder
    });
    changed.await.expect("no panic")
}

fn delete_b(engine: &Engine) {
    let b = vec![Matcher::equal("route", "/b")];
    let receipt = engine.delete(&[b], TimeRange::ALL).expect("deleted");
    assert_eq!(receipt.samples, 181);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_deleted_while_the_server_was_away_is_counted_anew() {
    for compacts in [false, true] {
        let change = move |engine: &Engine| {
            delete_b(engine);
            if compacts {
                engine.compact().expect("compacted");
            }
        };
        let folder = away(counted().await, change).await;
        let bench = Bench::over(folder, SPECS);
        bench.round().await;
        let total = bench.sql(TOTAL).await.expect("readable");
        assert_eq!(total, ["1800.0"], "compacts: {compacts}");
    }
}

struct Quiet;

impl Progress for Quiet {
    fn begin(&self, _: u64) {}
    fn reach(&self, _: u64) {}
}

#[tokio::test(flavor = "multi_thread")]
async fn who_reads_ledgers_alone_counts_what_was_deleted() {
    let folder = away(counted().await, delete_b).await;
    let bench = Bench::over(folder, SPECS);
    let (store, shelf) = (bench.keeping.store(), Shelf::to_read(bench.folder.path()));
    let slos: Vec<_> = specs(SPECS).into_iter().map(|placed| placed.slo).collect();
    let total = tokio::task::spawn_blocking(move || {
        let asked = Asked::plain("UTC", 0);
        let until = (now_ms(), FillOptions::threads(1));
        let opened = books(&store, &shelf, &slos, &asked, until, &Quiet);
        let opened = opened.expect("readable");
        let all = opened[0].book.all();
        all.counts(all.known(), View::Adjusted).total
    });
    assert_eq!(total.await.expect("no panic"), 1800.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_changed_is_not_counted_anew() {
    let folder = away(counted().await, |engine| {
        engine.compact().expect("compacted");
    });
    let bench = Bench::over(folder.await, SPECS);
    let ledger = bench.ledger_files("a");
    bench.round().await;
    let samples = bench.keeping.metrics.samples_read();
    assert!(samples <= 20.0, "only the newest slices: {samples}");
    assert!(!ledger.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn counting_that_fails_is_told_of_and_waits_for_its_turn() {
    let bench = Bench::open(
        "version: narthex/v1
window: 1d
slos:
  - {name: a, objective: 99, error_ratio: all_total}
",
    );
    let now = now_ms() / MINUTE * MINUTE;
    for route in ["/a", "/b"] {
        let labels = [("__name__", "all_total"), ("route", route)];
        let days = (0..=72).map(|hour| (now - (72 - hour) * 60 * MINUTE, 0.5));
        bench.write(&labels, days).await;
    }
    // The first round only begins to count.
    bench.round().await;
    for _ in 0..2 {
        let books = bench.round().await;
        let error = books.find("a").and_then(|known| known.error.clone());
        let error = error.expect("told").to_string();
        assert!(error.contains("several series"), "{error}");
    }
    let rounds = tokio::spawn(bench.keeping.clone().run());
    tokio::time::sleep(Duration::from_millis(500)).await;
    bench.keeping.stop();
    rounds.await.expect("no panic");
    bench.keeping.idle().await;
    let rounds = bench.keeping.metrics.rounds();
    assert!(rounds <= 3.0, "{rounds} rounds in half a second");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_known_goes_on_when_specs_are_read_anew() {
    let bench = counted().await;
    let before = bench.keeping.kept();
    let total = |bench: &Bench| {
        let books = bench.keeping.books();
        let all = books.find("a").expect("kept").book.all().clone();
        all.counts(all.known(), View::Adjusted).total
    };
    let moved = SPECS.replace("slos:", "# a line more\nslos:");
    let stricter = SPECS.replace("99", "99.9");
    for changed in [moved, stricter] {
        bench.keeping.apply(specs(&changed), Vec::new());
        assert_eq!(total(&bench), 3600.0, "{changed}");
        let now = bench.keeping.kept();
        assert!(Arc::ptr_eq(&now[0].ledger, &before[0].ledger));
    }
    bench.round().await;
    assert_eq!(total(&bench), 3600.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_that_is_still_in_use_is_not_opened_twice() {
    let bench = counted().await;
    // As a filling that is under way has it.
    let before = bench.keeping.kept();
    bench.keeping.apply(Vec::new(), Vec::new());
    bench.keeping.apply(specs(SPECS), Vec::new());
    let now = bench.keeping.kept();
    assert!(Arc::ptr_eq(&now[0].ledger, &before[0].ledger));
    drop((before, now));
    bench.keeping.apply(Vec::new(), Vec::new());
    bench.keeping.apply(specs(SPECS), Vec::new());
    bench.round().await;
    assert_eq!(bench.sql(TOTAL).await.expect("readable"), ["3600.0"]);
}
