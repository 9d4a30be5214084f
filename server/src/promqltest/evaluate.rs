//! Runs one case: as it is written, then in other words that must mean the same.

use narthex_model::Result;
use narthex_promql::{QueryOutput, QueryValue};
use narthex_sql::{Database, Grid, QueryOptions};

use super::compare::{check, check_at};
use super::script::{Eval, Expected, When};
use super::variants::variants;

/// What is wrong with an answer.
type Checked = std::result::Result<(), String>;

/// How far around its instant an instant case is asked as a range query, and in which steps.
const AROUND_MS: i64 = 60_000;

/// In how many ways a case is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// As written, and as a range query.
    Plain,
    /// Also pinned to its instant, from several others.
    AllWays,
}

/// Runs a case and what must answer the same.
pub(super) async fn evaluate(database: &Database, eval: &Eval, how: How) -> Checked {
    once(database, eval, &eval.query, eval.when).await?;
    let When::Instant(at) = eval.when else {
        return Ok(());
    };
    around(database, eval, &eval.query, at).await?;
    if how == How::Plain {
        return Ok(());
    }
    // What does not parse has been found to fail as it should.
    let Ok(Some((query, instants))) = variants(&eval.query, at) else {
        return Ok(());
    };
    for at in instants {
        let same = async {
            once(database, eval, &query, When::Instant(at)).await?;
            around(database, eval, &query, at).await
        };
        let said = |e| format!("as {query} at {at} ms: {e}");
        same.await.map_err(said)?;
    }
    Ok(())
}

async fn once(database: &Database, eval: &Eval, query: &str, when: When) -> Checked {
    match (ask(database, query, when).await, &eval.fail) {
        (Err(error), Some(text)) if text.accepts(&error.to_string()) => Ok(()),
        (Err(error), Some(text)) => Err(format!("expected the error {text:?}, got \"{error}\"")),
        (Err(error), None) => Err(format!("unexpected error: {error}")),
        (Ok(_), Some(_)) => Err("expected an error, got an answer".to_owned()),
        (Ok(output), None) => check(eval, &output),
    }
}

async fn ask(database: &Database, query: &str, when: When) -> Result<QueryOutput> {
    let options = QueryOptions::default();
    match when {
        When::Instant(at) => database.query_instant(query, at, options).await,
        When::Range { start, end, step } => {
            let grid = Grid { start, end, step };
            database.query_range(query, grid, options).await
        }
    }
}

/// An instant query must answer the same as a range query around its instant.
async fn around(database: &Database, eval: &Eval, query: &str, at: i64) -> Checked {
    let no_matrix = matches!(
        eval.expected,
        Expected::RangeVector { .. } | Expected::String(_)
    );
    let of_grid = ["start()", "end()", "range()", "step()"];
    if no_matrix || eval.fail.is_some() || of_grid.iter().any(|f| query.contains(f)) {
        return Ok(());
    }
    let grid = When::Range {
        start: at.saturating_sub(AROUND_MS),
        end: at.saturating_add(AROUND_MS),
        step: AROUND_MS,
    };
    let said = |e: String| format!("as a range query: {e}");
    let output = ask(database, query, grid).await;
    let output = output.map_err(|e| said(e.to_string()))?;
    match &output.value {
        _ if eval.ordered => Ok(()),
        QueryValue::Matrix(series) => check_at(eval, series, at).map_err(said),
        other => Err(said(format!("expected a matrix, got {other:?}"))),
    }
}
