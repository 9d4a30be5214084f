//! Rows of `slo_slices`, and what is read for them.

use crate::slos::testing::{Bench, MINUTE};
use crate::times::now_ms;

const SPECS: &str = "version: narthex/v1
window: 1d
slos:
  - name: plain
    objective: 99
    errors: bad_total
    total: all_total
  - name: grouped
    objective: 99
    group_by: [route]
    errors: bad_total
    total: all_total
";

/// Two routes with ten events a minute for three hours, of which `/b` has one bad; and when that begins.
async fn bench() -> (Bench, i64) {
    let bench = Bench::open(SPECS);
    let from = (now_ms() / MINUTE - 200) * MINUTE;
    let counter = |by: f64| (0..=180).map(move |i| (from + i * MINUTE, by * i as f64));
    for route in ["/a", "/b"] {
        let all = [("__name__", "all_total"), ("route", route)];
        bench.write(&all, counter(10.0)).await;
        let bad = [("__name__", "bad_total"), ("route", route)];
        let by = if route == "/b" { 1.0 } else { 0.0 };
        bench.write(&bad, counter(by)).await;
    }
    bench.round().await;
    (bench, from)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_counted_by_slo_group_and_time() {
    let (bench, from) = bench().await;
    let rows = bench.sql("SELECT slo, \"group\", sum(total), sum(bad), sum(good_low), sum(good_high), max(coverage), min(method) FROM narthex.slo_slices GROUP BY slo, \"group\" ORDER BY 1, 2").await;
    let expected = [
        "grouped {route=\"/a\"} 1800.0 0.0 1800.0 1800.0 1.0 counters",
        "grouped {route=\"/b\"} 1800.0 180.0 1620.0 1620.0 1.0 counters",
        "plain  3600.0 180.0 3420.0 3420.0 1.0 counters",
    ];
    assert_eq!(rows.expect("readable"), expected);
    let span = format!(
        "slice_start >= to_timestamp_millis({}) AND slice_start < to_timestamp_millis({})",
        from + 60 * MINUTE,
        from + 90 * MINUTE
    );
    let rows = bench.sql(&format!("SELECT sum(bad), count(*) FROM narthex.slo_slices WHERE slo LIKE 'gr%' AND \"group\" = '{{route=\"/b\"}}' AND {span}")).await;
    assert_eq!(rows.expect("readable"), ["30.0 30"]);
    let rows = bench
        .sql("SELECT count(*) FROM narthex.slo_slices WHERE method = 'buckets' OR slo = 'nobody'")
        .await;
    assert_eq!(rows.expect("readable"), ["0"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn explain_says_what_is_left_out() {
    let (bench, _) = bench().await;
    let rows = bench.sql("EXPLAIN SELECT sum(bad) FROM narthex.slo_slices WHERE slo = 'plain' AND slice_start > '2026-01-01T00:00:00Z'").await;
    let rows = rows.expect("planned").join("\n");
    let expected =
        "MadeExec: slo_slices, where=[slo = plain], time=[1767225600001, ), columns=[bad]";
    assert!(rows.contains(expected), "{rows}");
}

#[tokio::test(flavor = "multi_thread")]
async fn other_ledgers_are_not_read_and_a_damaged_file_is_counted_anew() {
    let (bench, _) = bench().await;
    let file = bench.ledger_files("grouped").remove(0);
    std::fs::write(&file, "nothing").expect("written");
    let plain = "SELECT sum(bad) FROM narthex.slo_slices WHERE slo = 'plain'";
    assert_eq!(bench.sql(plain).await.expect("readable"), ["180.0"]);
    let all = "SELECT sum(bad) FROM narthex.slo_slices";
    let error = bench.sql(all).await.expect_err("damaged").to_string();
    assert!(error.contains("its checksum is wrong"), "{error}");
    bench.round().await;
    assert_eq!(bench.sql(all).await.expect("readable"), ["360.0"]);
}
