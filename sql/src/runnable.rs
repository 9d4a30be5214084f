//! A query that is ready to run: planned now, or once before for other times.

use std::sync::Arc;
use std::time::Duration;

use datafusion::physical_plan::ExecutionPlan;
use narthex_engine::Snapshot;
use narthex_model::Result;
use narthex_promql::QueryPlan;
use narthex_promql::ast::Expr;

use crate::blank::Blank;
use crate::error::from_datafusion;
use crate::kept::{KeptPlan, Key};
use crate::promql::{Planned, Purpose, Request, prepare};
use crate::run::Ready;
use crate::session::Sessions;
use crate::source::SnapshotSource;

/// A plan and what it runs in.
pub(crate) struct Runnable {
    pub(crate) plan: QueryPlan,
    /// `None` if nothing has to run.
    pub(crate) ready: Option<Ready>,
    /// The expression, if the query was planned now.
    pub(crate) expr: Option<Expr>,
    key: Option<Key>,
    blank: Option<Blank>,
}

impl Runnable {
    /// The plan of `request` over `snapshot`.
    ///
    /// # Errors
    /// Those of [`prepare`].
    pub(crate) async fn of(
        sessions: &Sessions,
        snapshot: &Snapshot,
        request: &Request<'_>,
    ) -> Result<Self> {
        let key = Key::of(request);
        let kept = key.as_ref().and_then(|key| sessions.kept.take(key));
        let again = kept.map(|kept| again(sessions, snapshot, request, *kept));
        if let Some(runnable) = again.transpose()?.flatten() {
            return Ok(Self { key, ..runnable });
        }
        let purpose = match key {
            Some(_) => Purpose::Answers,
            None => Purpose::Answer,
        };
        let planned = prepare(snapshot, request, purpose)?;
        // DataFusion's planning makes large futures, which most queries need not carry.
        let runnable = Box::pin(Self::planned(sessions, planned)).await?;
        Ok(Self { key, ..runnable })
    }

    /// A planned query.
    ///
    /// # Errors
    /// DataFusion's, which is our bug.
    pub(crate) async fn planned(sessions: &Sessions, planned: Planned) -> Result<Self> {
        let ready = ready(sessions, &planned).await?;
        Ok(Self {
            plan: planned.plan,
            ready,
            expr: Some(planned.expr),
            key: None,
            blank: None,
        })
    }

    /// The operators, if there are any.
    pub(crate) fn physical(&self) -> Option<&Arc<dyn ExecutionPlan>> {
        self.ready.as_ref().map(|ready| &ready.plan)
    }

    /// The query has run and `took` so long, and its plan waits for the next like it.
    ///
    /// # Errors
    /// Those of [`Blank::of`].
    pub(crate) fn keep(mut self, sessions: &Sessions, took: Duration) -> Result<()> {
        let (Some(key), Some(ready)) = (self.key, self.ready) else {
            return Ok(());
        };
        if self.plan.is_movable() {
            let blank = self.blank.map_or_else(|| Blank::of(&ready), Ok)?;
            self.plan.drop_logical();
            let plan = self.plan;
            let kept = KeptPlan { plan, blank, took };
            sessions.kept.give(key, Box::new(kept));
        }
        Ok(())
    }
}

/// A kept plan for the times of `request` and the series that there are now; `None` if it does not fit them.
fn again(
    sessions: &Sessions,
    snapshot: &Snapshot,
    request: &Request<'_>,
    kept: KeptPlan,
) -> Result<Option<Runnable>> {
    let KeptPlan {
        mut plan, blank, ..
    } = kept;
    let source = SnapshotSource::new(snapshot.clone(), request.options.series_max);
    let Some(series) = plan.move_to(request.times.start(), &source)? else {
        return Ok(None);
    };
    if !blank.has_partitions(sessions.partitions(source.samples())) {
        return Ok(None);
    }
    let ready = blank.filled(&series)?;
    Ok(ready.map(|ready| Runnable {
        plan,
        ready: Some(ready),
        expr: None,
        key: None,
        blank: Some(blank),
    }))
}

async fn ready(sessions: &Sessions, planned: &Planned) -> Result<Option<Ready>> {
    let Some(logical) = planned.plan.logical() else {
        return Ok(None);
    };
    let state = sessions.promql(planned.plan.widest(), planned.samples);
    let plan = state.create_physical_plan(logical).await;
    Ok(Some(Ready {
        plan: plan.map_err(from_datafusion)?,
        config: state.config().clone(),
    }))
}
