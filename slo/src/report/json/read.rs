//! What is read of a report that was written as JSON: enough to judge it.

use narthex_model::{Error, Result};
use serde::Deserialize;

use crate::outcome::State;
use crate::report::{InWindow, Standing};

/// What a report says of itself, and how promises stand.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgeable {
    /// The instant it tells of, RFC 3339.
    pub at: String,
    /// How the promises stand, the worst first.
    pub standings: Vec<Standing>,
}

#[derive(Deserialize)]
struct Written {
    at: String,
    reports: Vec<Row>,
    slos: Vec<Named>,
}

#[derive(Deserialize)]
struct Named {
    slo: String,
}

/// What is judged of a row.
#[derive(Deserialize)]
struct Row {
    slo: String,
    group: String,
    promised: bool,
    window_name: String,
    state: String,
    budget_remaining: Option<f64>,
    projected_allowed: Option<f64>,
    projected_remaining: Option<f64>,
    coverage: f64,
}

/// Reads a report.
///
/// # Errors
/// `Invalid` if it is none.
pub fn read(text: &[u8]) -> Result<Judgeable> {
    let foreign = |e| Error::invalid("this is no report of service levels").with_source(e);
    let written: Written = serde_json::from_slice(text).map_err(foreign)?;
    let standing = |named: Named| {
        let rows = written.reports.iter().filter(|row| row.slo == named.slo);
        let rows = rows.filter(|row| row.promised && row.group.is_empty());
        Ok(Standing {
            windows: rows.map(in_window).collect::<Result<_>>()?,
            slo: named.slo,
        })
    };
    let standings = written.slos.into_iter().map(standing);
    Ok(Judgeable {
        at: written.at,
        standings: standings.collect::<Result<_>>()?,
    })
}

fn in_window(row: &Row) -> Result<InWindow> {
    let state = State::ALL.into_iter().find(|s| s.as_str() == row.state);
    let unknown = || Error::invalid(format!("a report of an unknown state: {:?}", row.state));
    Ok(InWindow {
        name: row.window_name.clone(),
        state: state.ok_or_else(unknown)?,
        left: match row.projected_allowed {
            Some(_) => row.projected_remaining,
            None => row.budget_remaining,
        },
        coverage: row.coverage,
    })
}
