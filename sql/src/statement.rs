//! SQL statements: which are allowed, and how one runs.

use std::sync::Arc;

use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::execution::{SendableRecordBatchStream, SessionState, TaskContext};
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::execute_stream;
use datafusion::prelude::{SQLOptions, SessionContext};
use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::tokenizer::{Token, Tokenizer};
use narthex_model::{Error, Result};

use crate::error::from_datafusion;

/// More operators in one statement are refused: they nest, and planning walks nested expressions again and again, for
/// minutes and without a place where it could be stopped.
const OPERATORS_MAX: usize = 500;

/// Refuses a statement that would take too long to plan.
///
/// # Errors
/// `Limit` beyond [`OPERATORS_MAX`]. What cannot be read at all is left to the parser.
fn check_size(statement: &str) -> Result<()> {
    let tokens = Tokenizer::new(&GenericDialect {}, statement).tokenize();
    let operators = tokens
        .unwrap_or_default()
        .iter()
        .filter(|t| nests(t))
        .count();
    if operators <= OPERATORS_MAX {
        return Ok(());
    }
    Err(Error::limit(format!(
        "the statement has {operators} operators, at most {OPERATORS_MAX}: use IN (…) or a join instead of long chains"
    )))
}

/// Whether operands of this token become children of one another.
fn nests(token: &Token) -> bool {
    match token {
        Token::Word(word) if word.quote_style.is_none() => {
            let chains = ["AND", "OR", "NOT", "UNION", "INTERSECT", "EXCEPT", "CASE"];
            chains
                .iter()
                .any(|chain| word.value.eq_ignore_ascii_case(chain))
        }
        Token::Plus | Token::Minus | Token::Mul | Token::Div | Token::Mod => true,
        Token::StringConcat | Token::LParen => true,
        _ => false,
    }
}

/// What `statement` means, if it may be run.
pub(crate) async fn plan(state: &SessionState, statement: &str) -> Result<LogicalPlan> {
    check_size(statement)?;
    let plan = state
        .create_logical_plan(statement)
        .await
        .map_err(from_datafusion)?;
    let queries_only = SQLOptions::new()
        .with_allow_ddl(false)
        .with_allow_dml(false)
        .with_allow_statements(false);
    if queries_only.verify_plan(&plan).is_err() {
        let message = "only queries are allowed: SELECT, WITH, VALUES, EXPLAIN, DESCRIBE and SHOW";
        return Err(Error::invalid(message));
    }
    Ok(plan)
}

/// Starts `plan`.
pub(crate) async fn run(
    state: SessionState,
    plan: LogicalPlan,
    runtime: Arc<RuntimeEnv>,
) -> Result<SendableRecordBatchStream> {
    let context = TaskContext::from(&state).with_runtime(runtime);
    let frame = SessionContext::new_with_state(state)
        .execute_logical_plan(plan)
        .await
        .map_err(from_datafusion)?;
    let plan = frame
        .create_physical_plan()
        .await
        .map_err(from_datafusion)?;
    execute_stream(plan, Arc::new(context)).map_err(from_datafusion)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_chains_are_refused() {
        let listed: Vec<String> = (0..10_000).map(|i| i.to_string()).collect();
        let long_list = format!("SELECT * FROM up WHERE code IN ({})", listed.join(", "));
        assert!(check_size(&long_list).is_ok());
        for chain in [" + 1", " UNION ALL SELECT 1", " AND true"] {
            let statement = format!("SELECT 1{}", chain.repeat(5_000));
            assert!(check_size(&statement).is_err(), "{chain}");
        }
    }
}
