//! All queries on all systems, side by side, and whether the answers agree.

use narthex_datasets::Fleet;
use narthex_model::Result;

use crate::peers::{Kind, System};
use crate::queries::{Query, Timing, time};

/// What became of an answer beside Prometheus' own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Agreement {
    /// It is Prometheus', or it is the same.
    Same,
    /// Not compared, and why.
    NotComparable(String),
    /// It differs, and where first.
    Differs(String),
    /// The query failed.
    Failed(String),
}

/// One query on all systems, in their order.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) query: Query,
    pub(crate) cells: Vec<Cell>,
}

/// One query on one system.
#[derive(Debug)]
pub(crate) struct Cell {
    pub(crate) timing: Option<Timing>,
    pub(crate) agreement: Agreement,
}

/// Runs `queries`; each is asked of one system after the other, so that a noisy minute hits all.
pub(crate) async fn compare(
    fleet: &Fleet,
    systems: &[System],
    queries: &[Query],
    runs: usize,
) -> Vec<Row> {
    let mut rows = Vec::new();
    for query in queries {
        eprintln!("{}", query.name);
        let mut timings = Vec::new();
        for system in systems {
            let first_ms = fleet.options().start_ms;
            timings.push(time(system, query, first_ms, fleet.end_ms(), runs).await);
        }
        rows.push(Row {
            query: query.clone(),
            cells: judge(query, systems, timings),
        });
    }
    rows
}

fn judge(query: &Query, systems: &[System], timings: Vec<Result<Timing>>) -> Vec<Cell> {
    let at = systems
        .iter()
        .position(|system| system.kind() == Kind::Prometheus);
    let reference = at
        .and_then(|i| timings.get(i)?.as_ref().ok())
        .map(|t| t.answer.clone());
    let pairs = systems.iter().zip(timings);
    let cells = pairs.map(|(system, timing)| match timing {
        Err(error) => {
            let failed = |()| Agreement::Failed(error.to_string());
            let known = |why: &str| Agreement::NotComparable(why.to_owned());
            Cell {
                timing: None,
                agreement: query.must_agree(system.kind()).map_or_else(known, failed),
            }
        }
        Ok(timing) => {
            let agreement = match (query.must_agree(system.kind()), &reference) {
                (Err(why), _) => Agreement::NotComparable(why.to_owned()),
                (_, None) => Agreement::NotComparable("Prometheus has no answer".to_owned()),
                (_, Some(reference)) => {
                    let difference = match query.is_sql(system.kind()) {
                        true => timing.answer.difference_of_values(reference),
                        false => timing.answer.difference(reference),
                    };
                    difference.map_or(Agreement::Same, Agreement::Differs)
                }
            };
            Cell {
                timing: Some(timing),
                agreement,
            }
        }
    });
    cells.collect()
}
