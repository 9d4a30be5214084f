//! What must be computed or said on a schedule? Recording and alerting rules as Prometheus has them.
//!
//! - [`mod@file`]: rule files; [`file::load`] reads one, every mistake comes with file, line, column, group and rule.
//! - [`template`]: Go's template language, for labels and annotations of alerts.
//! - [`eval`]: [`eval::Manager`] keeps groups running, [`eval::Group`] evaluates one, [`eval::Alerts`] is the life of the alerts of a rule.
//! - [`mod@unit`]: promtool's unit tests of rules.
//! - [`backfill`]: what recording rules would have recorded over times that are past, and in which order.
//! - [`notify`]: [`notify::Notifier`] gives alerts to Alertmanagers.
//!
//! HTTP, SQL and JSON are not known here: the world comes in through [`Query`], [`narthex_model::Sink`], [`Notify`],
//! [`notify::AlertSender`] and [`narthex_model::Clock`]. A server puts them together so:
//!
//! ```no_run
//! use std::path::Path;
//! use std::sync::Arc;
//!
//! use narthex_model::{Clock, Error, Sink};
//! use narthex_rules::eval::{Manager, Settings, World};
//! use narthex_rules::file::{self, LoadOptions};
//! use narthex_rules::notify::{AlertSender, Alertmanager, Notifier, NotifierOptions};
//! use narthex_rules::Query;
//!
//! async fn run(
//!     query: Arc<dyn Query>,
//!     sink: Arc<dyn Sink>,
//!     clock: Arc<dyn Clock>,
//!     sender: Arc<dyn AlertSender>,
//! ) -> Result<(), Vec<Error>> {
//!     let notifier = Arc::new(Notifier::new(NotifierOptions::default(), clock.clone()));
//!     let notify = notifier.clone();
//!     let manager = Manager::new(World { query, sink, notify, clock, metrics: Arc::default() });
//!
//!     // At the start and at each reload, with what the configuration says:
//!     let settings = Settings::default();
//!     notifier.configure(settings.external_labels.clone(), None);
//!     let groups = file::load(Path::new("rules.yml"), &LoadOptions::default())?;
//!     manager.update(groups, settings).await;
//!     // Whenever Alertmanagers are discovered:
//!     let url = "http://localhost:9093/api/v2/alerts".to_owned();
//!     notifier.set_alertmanagers(vec![Alertmanager { url, relabel: None, sender }]);
//!
//!     // For the API and for our own metrics:
//!     let (_groups, _metrics) = (manager.groups(), manager.readings());
//!
//!     manager.stop().await;
//!     notifier.stop(true).await;
//!     Ok(())
//! }
//! ```

pub mod backfill;
pub mod eval;
pub mod file;
pub mod notify;
mod query;
mod reads;
mod sample;
pub mod template;
pub mod unit;

pub use query::{Found, LastSample, Notify, Pending, Query};
pub use reads::Reads;
pub use sample::{SampleValue, ShownHistogram, VectorSample};
