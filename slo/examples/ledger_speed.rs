//! How fast a ledger is read, asked and replayed: `cargo run --release -p narthex-slo --example ledger_speed`.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use narthex_model::{Labels, Result, TimeRange};
use narthex_slo::backtest::{replay, what_if};
use narthex_slo::budget::{IncidentRule, Meter, View, incidents};
use narthex_slo::count::{Grid, Method, Slices};
use narthex_slo::ledger::{Disk, Ledger, Spans, Track};
use narthex_slo::policies;
use narthex_slo::spec::{Budgeting, Missing, Objective, Rolling, Window};

const MINUTE: i64 = 60_000;
const DAY: i64 = 1440 * MINUTE;

fn main() -> Result<()> {
    let folder = std::env::temp_dir().join("narthex-ledger-speed");
    let written = write(&folder, 365);
    let ledger = Ledger::open(Arc::new(Disk), &folder)?;
    let year = TimeRange::new(0, 365 * DAY);
    if let (Ok(()), Some(ledger)) = (written, ledger) {
        let tracks = timed("load a year of one group", || ledger.load(year))?.tracks;
        for track in &tracks {
            ask(&track.slices, year)?;
        }
    }
    // Nothing is lost if it stays.
    drop(std::fs::remove_dir_all(&folder));
    Ok(())
}

fn write(folder: &Path, days: i64) -> Result<()> {
    let mut ledger = Ledger::own(Arc::new(Disk), folder, "api", "g1", MINUTE)?;
    timed("put in 365 times a day", || {
        (0..days).try_for_each(|day| {
            let span = TimeRange::new(day * DAY, (day + 1) * DAY);
            let group = Labels::empty();
            ledger.put(
                span,
                vec![Track {
                    group,
                    slices: slices(span),
                }],
            )
        })
    })?;
    let bytes = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let bytes: u64 = bytes.filter_map(|e| Some(e.metadata().ok()?.len())).sum();
    println!(
        "{} files, {:.1} MB",
        ledger.file_count(),
        bytes as f64 / 1e6
    );
    Ok(())
}

/// Traffic that goes up and down, with an outage each ten days.
fn slices(span: TimeRange) -> Slices {
    let grid = Grid::over(span, MINUTE);
    let mut slices = Slices::empty(grid, Method::Counters);
    for i in 0..grid.len {
        let minute = grid.edge(i) / MINUTE;
        let total = 900 + minute * 7919 % 401;
        let outage = minute % (10 * 1440) < 40;
        let bad = if outage {
            total / 4
        } else {
            i64::from(minute % 97 == 0)
        };
        (slices.total[i], slices.bad[i]) = (total as f64, bad as f64);
        slices.good[i] = (total - bad) as f64;
        slices.observed_ms[i] = MINUTE as f64;
    }
    slices
}

fn ask(slices: &Slices, year: TimeRange) -> Result<()> {
    let objective = Objective {
        target: 0.999,
        budgeting: Budgeting::Occurrences,
    };
    let missing = Missing::default();
    let meter = timed("prefix sums", || {
        Meter::new(slices, objective, &missing, &Spans::default())
    });
    let window = Window::Rolling(Rolling { ms: 30 * DAY });
    timed("budget of 30 days at each minute of a year", || {
        let ends = (30 * DAY..year.end).step_by(60_000);
        ends.map(|end| {
            meter
                .budget(TimeRange::new(end - 30 * DAY, end), View::Adjusted)
                .spent
        })
        .sum::<f64>()
    });
    timed("incidents of a year", || {
        incidents(&meter, year, IncidentRule::default()).len()
    });
    timed("what if, each hour", || {
        what_if(&meter, &window, year, 60 * MINUTE, 0.9)
    })?;
    for policy in policies::google() {
        let name = format!("replay {} over a year", policy.name);
        let fired = timed(&name, || {
            replay(&policy, &meter, &window, &missing, year, MINUTE)
        })?;
        println!("  fired {} times", fired.len());
    }
    Ok(())
}

fn timed<T>(what: &str, of: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let result = of();
    println!("{what}: {:.1} ms", start.elapsed().as_secs_f64() * 1e3);
    result
}
