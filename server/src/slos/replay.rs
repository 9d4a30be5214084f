//! A question about the past: when would policies have told somebody?

use narthex_model::{Result, TimeRange};
use narthex_slo::backtest::{judge, replay};
use narthex_slo::budget::{Book, IncidentRule, incidents};
use narthex_slo::native::parse_policies;
use narthex_slo::policies::built_in;
use narthex_slo::spec::{Policy, Window};

use super::{Replayed, together};

/// What is replayed.
#[derive(Debug, Clone)]
pub(crate) struct Replay {
    /// The policies; none: those of the specs.
    pub(crate) candidates: Vec<Candidate>,
    /// Over which time.
    pub(crate) span: TimeRange,
    /// How often policies are evaluated.
    pub(crate) step_ms: i64,
    /// When something really was wrong; `None`: when more was bad than allowed.
    pub(crate) incidents: Option<Vec<TimeRange>>,
}

/// Policies in place of those of the specs.
#[derive(Debug, Clone)]
pub(crate) enum Candidate {
    /// Those known by this name.
    BuiltIn(String),
    /// Those of a file.
    File {
        /// What it is called in mistakes.
        name: String,
        /// What it says.
        text: String,
    },
}

impl Replay {
    /// What each policy would have done for an SLO. Those of the specs are of its first window.
    ///
    /// # Errors
    /// A policy is wrong, or a zone is not known.
    pub(crate) fn over(&self, book: &Book) -> Result<Vec<Replayed>> {
        let (slo, meter) = (book.slo(), book.all());
        let Some(window) = slo.windows.first() else {
            return Ok(Vec::new());
        };
        let span = self.span.intersection(&meter.known());
        let incidents = match &self.incidents {
            Some(given) => given.clone(),
            None => {
                let found = incidents(meter, span, IncidentRule::default());
                found.iter().map(|incident| incident.span).collect()
            }
        };
        let policies = self.policies(&slo.policies, window)?;
        let replayed = policies.iter().map(|policy| {
            let fired = replay(policy, meter, window, &slo.missing, span, self.step_ms)?;
            let judged = judge(fired, meter, window, span, &incidents);
            Ok(Replayed::new(&slo.id, policy, &judged))
        });
        replayed.collect()
    }

    fn policies(&self, own: &[Policy], window: &Window) -> Result<Vec<Policy>> {
        if self.candidates.is_empty() {
            return Ok(own.to_vec());
        }
        let candidates = self.candidates.iter();
        let policies = candidates.map(|candidate| candidate.policies(window));
        Ok(policies.collect::<Result<Vec<_>>>()?.concat())
    }
}

impl Candidate {
    /// The policies for an SLO of this window.
    ///
    /// # Errors
    /// Every mistake of a file, a line each.
    pub(crate) fn policies(&self, window: &Window) -> Result<Vec<Policy>> {
        match self {
            Self::BuiltIn(name) => {
                let policies = built_in(name, window.nominal_ms()).unwrap_or_default();
                let named = policies.into_iter().map(|policy| Policy {
                    name: format!("{name} {}", policy.name),
                    ..policy
                });
                Ok(named.collect())
            }
            Self::File { name, text } => {
                parse_policies(name, text, window).map_err(|errors| together(&errors))
            }
        }
    }
}
