//! SQL over the same samples, stored in other ways.

use datafusion::arrow::util::pretty::pretty_format_batches;
use futures::TryStreamExt;
use narthex_sql::Database;

use super::world::{END_MS, START_MS};

/// Statements whose rows have an order, and whose numbers do not depend on one.
const STATEMENTS: &[&str] = &[
    "SELECT * FROM load ORDER BY job, host, timestamp",
    "SELECT job, count(*), min(value), max(value), sum(value) FROM requests_total WHERE code = '200' GROUP BY job ORDER BY job",
    "SELECT host, job, count(value) FROM weird WHERE value > 3 GROUP BY host, job ORDER BY host, job",
    "SELECT timestamp, value, lag(value) OVER (ORDER BY timestamp) FROM temperature WHERE job = 'api' AND host = 'a' ORDER BY timestamp",
    "SELECT l.job, l.host, l.timestamp, l.value, t.value FROM load l JOIN temperature t USING (job, host) \
     WHERE t.timestamp BETWEEN l.timestamp AND l.timestamp + INTERVAL '20 seconds' ORDER BY 1, 2, 3, 5",
    "SELECT DISTINCT version FROM target_info ORDER BY version",
    "SELECT count(*) FROM latency_bucket WHERE timestamp >= 'FROM' AND timestamp < 'TO'",
    "SELECT date_bin(INTERVAL '10 minutes', timestamp) AS t, le, max(value) FROM latency_bucket GROUP BY t, le ORDER BY t, le",
    "SELECT * FROM promql('max by (job, host) (rate(requests_total[5m]))', 'FROM', 'TO', '1m') ORDER BY job, host, timestamp",
    "SELECT p.job, count(*) FROM promql('load > 1', 'FROM', 'TO', '30s') p JOIN target_info i ON p.job = i.job GROUP BY p.job ORDER BY p.job",
    "SELECT approx_distinct(host), count(DISTINCT host), bool_and(value >= 0) FROM requests_total",
    "SELECT * FROM born_total ORDER BY value DESC, job, host, timestamp LIMIT 20",
    "SELECT job, host, last_value(value ORDER BY timestamp) FROM load GROUP BY job, host ORDER BY job, host",
    "SELECT job, host, last_value(value ORDER BY timestamp), last_value(timestamp ORDER BY timestamp) FROM temperature \
     WHERE timestamp < 'TO' GROUP BY job, host ORDER BY job, host",
    "SELECT timestamp, job, host, value FROM load ORDER BY timestamp DESC, job, host LIMIT 7",
    "SELECT timestamp, job, host, value FROM load WHERE value > 1 AND timestamp < 'TO' ORDER BY timestamp DESC, job, host LIMIT 40",
    "SELECT date_bin(INTERVAL '7 minutes', timestamp) AS t, min(value), max(value), count(*) FROM requests_total GROUP BY t ORDER BY t DESC LIMIT 4",
    "SELECT date_trunc('hour', timestamp) AS t, max(value) FROM temperature GROUP BY t HAVING max(value) > 0 ORDER BY t DESC LIMIT 2",
    "SELECT value FROM nothing",
];

/// Each statement, with its times.
pub(crate) fn statements() -> Vec<String> {
    let [from, to] = [START_MS + 1_900_000, END_MS - 1_700_000].map(|ms| {
        let seconds = (ms - START_MS) / 1_000;
        format!(
            "2026-01-01T{:02}:{:02}:{:02}Z",
            seconds / 3600,
            seconds / 60 % 60,
            seconds % 60
        )
    });
    let filled = |s: &&str| {
        s.replace("FROM'", &format!("{from}'"))
            .replace("'TO'", &format!("'{to}'"))
    };
    STATEMENTS.iter().map(filled).collect()
}

/// The rows as text, or the error.
pub(crate) async fn answer(database: &Database, statement: &str) -> String {
    let rows = match database.sql(statement).await {
        Ok(rows) => rows,
        Err(error) => return format!("error: {error}"),
    };
    match rows.try_collect::<Vec<_>>().await {
        Ok(batches) => pretty_format_batches(&batches)
            .expect("printable")
            .to_string(),
        Err(error) => format!("error: {error}"),
    }
}
