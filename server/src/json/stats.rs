//! The statistics of a query, with Prometheus' keys.

use std::time::Duration;

use narthex_sql::QueryStats;

use super::{push_list, push_timestamp};

/// How much is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StatsDetail {
    /// Sums.
    Totals,
    /// And how many samples each step looked at.
    PerStep,
}

/// Writes the object. `queued` is how long the query waited for its turn.
pub(crate) fn push_stats(
    stats: &QueryStats,
    detail: StatsDetail,
    queued: Duration,
    out: &mut Vec<u8>,
) {
    let evaluation = stats.preparation + stats.evaluation;
    let timings = [
        ("evalTotalTime", evaluation),
        // Series are sorted while they become the answer.
        ("resultSortTime", Duration::ZERO),
        ("queryPreparationTime", stats.preparation),
        ("innerEvalTime", stats.evaluation),
        ("execQueueTime", queued),
        ("execTotalTime", queued + evaluation),
    ];
    out.extend_from_slice(b"{\"timings\":");
    push_list(b"{}", timings, out, |(name, time), out| {
        let text = format!("\"{name}\":{}", time.as_secs_f64());
        out.extend_from_slice(text.as_bytes());
    });
    out.extend_from_slice(b",\"samples\":{");
    if detail == StatsDetail::PerStep {
        out.extend_from_slice(b"\"totalQueryableSamplesPerStep\":");
        push_list(b"[]", &stats.samples_per_step, out, |(at, count), out| {
            out.push(b'[');
            push_timestamp(*at, out);
            out.extend_from_slice(format!(",{count}]").as_bytes());
        });
        out.push(b',');
    }
    let totals = format!(
        "\"totalQueryableSamples\":{},\"peakSamples\":{}}}}}",
        stats.samples(),
        stats.samples_peak
    );
    out.extend_from_slice(totals.as_bytes());
}
