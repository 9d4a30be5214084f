//! How many samples a core counts in a second: `cargo run --release -p narthex-slo --example count_speed`.

use std::hint::black_box;
use std::time::Instant;

use narthex_model::TimeRange;
use narthex_slo::count::{GaugeRule, Grid, Method, Series, Tally, Timeline, by_sample, by_time};
use narthex_slo::spec::{Comparison, Which};

const DAY_MS: i64 = 86_400_000;
const SERIES: usize = 50;

fn main() {
    for (interval_ms, days) in [(5_000, 7), (15_000, 14), (60_000, 90)] {
        let (timestamps, values) = counter(interval_ms, days);
        let grid = Grid::over(TimeRange::new(0, days * DAY_MS), 60_000);
        let series = Series {
            timestamps: &timestamps,
            values: &values,
            born: None,
            timeline: None,
        };
        let timeline = Timeline::lay(&timestamps, grid);
        let alike = Series {
            timeline: Some(&timeline),
            ..series
        };
        let say = |what: &str, add: &dyn Fn(&mut Tally)| {
            let mut tally = Tally::new(grid, 1, Method::Counters, Which::Good);
            let start = Instant::now();
            for _ in 0..SERIES {
                add(&mut tally);
            }
            black_box(tally.finish());
            let samples = (SERIES * timestamps.len()) as f64;
            let millions = samples / start.elapsed().as_secs_f64() / 1e6;
            println!(
                "{what:20} every {:2} s: {millions:6.0} M samples/s",
                interval_ms / 1000
            );
        };
        let rule = GaugeRule {
            comparison: Comparison::Greater,
            value: 1e6,
        };
        say("counter", &|tally| {
            tally.some(0, series);
        });
        say("counter, observed", &|tally| {
            tally.total(0, series);
        });
        say("counters of a target", &|tally| {
            tally.total(0, alike);
        });
        say("gauge by sample", &|tally| {
            by_sample(tally, 0, rule, series);
        });
        say("gauge by time", &|tally| {
            by_time(tally, 0, rule, series);
        });
    }
}

/// A counter with a little jitter, a reset each day and a gap each week.
fn counter(interval_ms: i64, days: i64) -> (Vec<i64>, Vec<f64>) {
    let mut value = 0.0;
    (0..days * DAY_MS / interval_ms)
        .filter(|i| i % (7 * DAY_MS / interval_ms) > 20)
        .map(|i| {
            let noise = (i * 7_919) % 13;
            value = if i % (DAY_MS / interval_ms) == 0 {
                0.0
            } else {
                value + noise as f64
            };
            (i * interval_ms + 1_234 + noise, value)
        })
        .unzip()
}
