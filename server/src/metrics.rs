//! The server's own numbers, with Prometheus' names where they mean the same.

mod process;
mod readings;
mod storage;

use std::fmt;
use std::time::Duration;

use parking_lot::Mutex;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::{encode_eof, encode_registry};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use crate::App;

/// Upper bounds of the request durations, in seconds: Prometheus' own, and two below them.
const DURATION_BOUNDS: [f64; 11] = [0.001, 0.01, 0.1, 0.2, 0.4, 1.0, 3.0, 8.0, 20.0, 60.0, 120.0];

#[derive(Debug, Clone, Hash, PartialEq, Eq, EncodeLabelSet)]
struct RequestLabels {
    handler: String,
    code: u16,
}

#[derive(Debug, Clone, Hash, PartialEq, Eq, EncodeLabelSet)]
struct HandlerLabels {
    handler: String,
}

/// What is counted as it happens; everything else is read when somebody asks.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Mutex<Registry>,
    requests: Family<RequestLabels, Counter>,
    durations: Family<HandlerLabels, Histogram>,
}

impl Default for Metrics {
    fn default() -> Self {
        let requests = Family::default();
        let durations: Family<HandlerLabels, Histogram> =
            Family::new_with_constructor(|| Histogram::new(DURATION_BOUNDS));
        let mut registry = Registry::default();
        registry.register(
            "prometheus_http_requests",
            "HTTP requests answered",
            requests.clone(),
        );
        let name = "prometheus_http_request_duration_seconds";
        registry.register(
            name,
            "Time until the head of the answer was sent",
            durations.clone(),
        );
        Self {
            registry: Mutex::new(registry),
            requests,
            durations,
        }
    }
}

impl Metrics {
    /// Counts a request to the route `handler`.
    pub(crate) fn request_done(&self, handler: &str, code: u16, elapsed: Duration) {
        self.requests
            .get_or_create(&RequestLabels {
                handler: handler.to_owned(),
                code,
            })
            .inc();
        self.durations
            .get_or_create(&HandlerLabels {
                handler: handler.to_owned(),
            })
            .observe(elapsed.as_secs_f64());
    }
}

/// Everything about `app`, in OpenMetrics text.
///
/// # Errors
/// Never in practice: a string takes any text.
pub(crate) fn exposition(app: &App) -> Result<String, fmt::Error> {
    let mut text = String::new();
    encode_registry(&mut text, &app.metrics.registry.lock())?;
    encode_registry(&mut text, &readings::read(app))?;
    encode_eof(&mut text)?;
    Ok(text)
}
