//! How Alertmanagers are told of alerts: their API, version 2.

use std::sync::Arc;
use std::time::Duration;

use narthex_ingest::{FoundAlertmanager, HttpClient, explain};
use narthex_rules::Pending;
use narthex_rules::notify::{AlertSender, Notification, SendError};
use reqwest::header::CONTENT_TYPE;
use reqwest::{Method, Response, StatusCode, Url};
use serde_json::{Value, json};

use crate::json::by_name;
use crate::times::format_time;

/// How much of an answer is quoted, in bytes.
const QUOTE_BYTES_MAX: usize = 200;

/// Sends alerts to one Alertmanager.
pub(super) struct HttpSender {
    client: Arc<HttpClient>,
    url: Url,
    timeout: Duration,
}

impl HttpSender {
    /// Sends to `found`, as its section of the configuration says.
    pub(super) fn new(found: &FoundAlertmanager) -> Self {
        Self {
            client: found.client(),
            url: found.url.clone(),
            timeout: found.timeout(),
        }
    }

    async fn post(&self, alerts: &[Notification]) -> Result<(), SendError> {
        let body: Vec<_> = alerts.iter().map(shown).collect();
        let body = serde_json::to_vec(&body).unwrap_or_default();
        let request = self.client.request(Method::POST, self.url.clone()).await;
        // A file with a password may be there again in a moment.
        let request = request.map_err(|e| again(e.to_string()))?;
        let request = request.timeout(self.timeout).body(body);
        let answer = request.header(CONTENT_TYPE, "application/json").send();
        let answer = answer.await.map_err(|e| again(explain(&e.without_url())))?;
        let status = answer.status();
        if status.is_success() {
            return Ok(());
        }
        let text = quote(answer).await;
        Err(SendError {
            message: format!("bad response status {status}: {text}"),
            may_retry: status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS,
        })
    }
}

/// An error that may pass.
fn again(message: String) -> SendError {
    SendError {
        message,
        may_retry: true,
    }
}

/// The beginning of what it answers: nobody knows how much that is.
async fn quote(mut answer: Response) -> String {
    let mut text = Vec::new();
    while let Ok(Some(chunk)) = answer.chunk().await {
        text.extend(chunk.iter().take(QUOTE_BYTES_MAX - text.len()));
        if text.len() == QUOTE_BYTES_MAX {
            break;
        }
    }
    String::from_utf8_lossy(&text).trim().to_owned()
}

impl AlertSender for HttpSender {
    fn send<'a>(&'a self, alerts: &'a [Notification]) -> Pending<'a, Result<(), SendError>> {
        Box::pin(self.post(alerts))
    }
}

fn shown(alert: &Notification) -> Value {
    json!({
        "labels": by_name(&alert.labels),
        "annotations": alert.annotations,
        "startsAt": format_time(alert.starts_at),
        "endsAt": format_time(alert.ends_at),
        "generatorURL": alert.generator_url,
    })
}
