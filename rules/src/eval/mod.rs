//! Evaluation of groups: when, in which order, and what becomes of alerts.

mod alert;
mod alerts;
mod expand;
mod group;
mod manager;
mod metrics;
mod outputs;
mod replay;
mod rule;
mod running;
mod schedule;
mod settings;
mod status;
#[cfg(test)]
pub(crate) mod testing;
mod waves;

pub use alert::{Alert, AlertState, Instance, RESOLVED_RETENTION_MS};
pub use alerts::{ALERT_NAME, ALERTS, ALERTS_FOR_STATE, Alerts, Output};
pub use group::Group;
pub use manager::Manager;
pub use metrics::Metrics;
pub use replay::{Episode, Replay};
pub(crate) use rule::SAME_LABELS;
pub use rule::recorded_labels;
pub use schedule::{Schedule, Turn};
pub use settings::{Settings, World};
pub use status::{GroupStatus, Health, RuleStatus};
