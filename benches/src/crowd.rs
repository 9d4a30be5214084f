//! Many clients at once, as a wall of dashboards has them: how long each waits.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use futures::future::try_join_all;
use narthex_datasets::Fleet;
use narthex_model::{Result, TimestampMs};

use crate::client::Client;
use crate::peers::System;
use crate::queries::Query;

/// The systems take turns, so that a noisy minute hits all.
const TURNS: usize = 3;
const TURN: Duration = Duration::from_secs(3);
/// Clients do not ask for the same time: it moves by so much from one request to the next, over an hour.
const SHIFT_MS: TimestampMs = 15_000;
const SHIFTS: usize = 240;

/// What so many clients met with at one system.
struct Waits {
    clients: usize,
    system: &'static str,
    /// Of each request, sorted.
    seconds: Vec<f64>,
    cpu_seconds: f64,
}

/// Lets `crowds` of clients ask `queries`, each client one after the other; a Markdown table of how long they wait.
pub(crate) async fn crowds(
    fleet: &Fleet,
    systems: &[System],
    queries: &[Query],
    crowds: &[usize],
) -> Result<String> {
    let mut all = Vec::new();
    for clients in crowds {
        let mut waits: Vec<_> = systems
            .iter()
            .map(|system| Waits {
                clients: *clients,
                system: system.place.kind.name(),
                seconds: Vec::new(),
                cpu_seconds: 0.0,
            })
            .collect();
        for turn in 0..TURNS {
            eprintln!("{clients} clients, turn {} of {TURNS}", turn + 1);
            for (system, waits) in systems.iter().zip(&mut waits) {
                let before = system.process.cpu_seconds();
                let one = |number| ask_until_over(&system.client, fleet, queries, number);
                for seconds in try_join_all((0..*clients).map(one)).await? {
                    waits.seconds.extend(seconds);
                }
                waits.cpu_seconds += system.process.cpu_seconds() - before;
            }
        }
        all.extend(waits);
    }
    all.iter_mut()
        .for_each(|waits| waits.seconds.sort_by(f64::total_cmp));
    Ok(table(&all))
}

/// Client `number`, for the time of a turn: how long it waited each time.
async fn ask_until_over(
    client: &Client,
    fleet: &Fleet,
    queries: &[Query],
    number: usize,
) -> Result<Vec<f64>> {
    let (first_ms, end_ms) = (fleet.options().start_ms, fleet.end_ms());
    let started = Instant::now();
    let mut seconds = Vec::new();
    let requests = queries.iter().cycle().skip(number % queries.len().max(1));
    for (request, query) in (number..).zip(requests) {
        if started.elapsed() > TURN {
            break;
        }
        let shift = (request % SHIFTS) as TimestampMs * SHIFT_MS;
        seconds.push(client.ask(query, first_ms, end_ms - shift).await?.0);
    }
    Ok(seconds)
}

fn table(all: &[Waits]) -> String {
    let mut out = String::from(
        "| clients | system | requests/s | p50, ms | p99, ms | CPU per request, ms |\n|---|---|---|---|---|---|\n",
    );
    for waits in all {
        let requests = waits.seconds.len() as f64;
        let quantile = |q: f64| {
            let at = (q * (requests - 1.0)).max(0.0) as usize;
            waits.seconds.get(at).copied().unwrap_or(f64::NAN) * 1e3
        };
        // Writing to a string cannot fail.
        let _ = writeln!(
            out,
            "| {} | {} | {:.0} | {:.2} | {:.2} | {:.2} |",
            waits.clients,
            waits.system,
            requests / (TURNS as f64 * TURN.as_secs_f64()),
            quantile(0.5),
            quantile(0.99),
            waits.cpu_seconds * 1e3 / requests,
        );
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_waits_that_were_met_with() {
        let waits = Waits {
            clients: 2,
            system: "Narthex",
            seconds: (0..101_u8).map(|ms| f64::from(ms) / 1e3).collect(),
            cpu_seconds: 1.01,
        };
        assert!(table(&[waits]).ends_with("| 2 | Narthex | 11 | 50.00 | 99.00 | 10.00 |\n"));
    }
}
