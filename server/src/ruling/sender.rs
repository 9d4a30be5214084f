//! How Alertmanagers are told of alerts: their API, version 2.

use std::time::Duration;

use narthex_rules::Pending;
use narthex_rules::notify::{AlertSender, Notification, SendError};
use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};

use crate::json::by_name;
use crate::times::format_time;

/// Sends alerts to one Alertmanager.
pub(super) struct HttpSender {
    client: Client,
    url: String,
    timeout: Duration,
}

impl HttpSender {
    /// Sends to `url`; no request takes longer than `timeout`.
    pub(super) fn new(client: Client, url: String, timeout: Duration) -> Self {
        Self {
            client,
            url,
            timeout,
        }
    }

    async fn post(&self, alerts: &[Notification]) -> Result<(), SendError> {
        let body: Vec<_> = alerts.iter().map(shown).collect();
        let request = self.client.post(&self.url).timeout(self.timeout);
        let body = serde_json::to_vec(&body).unwrap_or_default();
        let request = request.header(CONTENT_TYPE, "application/json").body(body);
        let answer = request.send().await;
        let answer = answer.map_err(|e| SendError {
            message: e.without_url().to_string(),
            may_retry: true,
        })?;
        let status = answer.status();
        if status.is_success() {
            return Ok(());
        }
        let text = answer.text().await.unwrap_or_default();
        let quote: String = text.trim().chars().take(200).collect();
        Err(SendError {
            message: format!("bad response status {status}: {quote}"),
            may_retry: status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS,
        })
    }
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
