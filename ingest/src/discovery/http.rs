//! `http_sd_configs`: a server that tells of targets, as a list of groups in JSON.

use std::sync::Arc;
use std::time::Duration;

use narthex_model::{Error, Result};
use reqwest::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use reqwest::{Method, Response, StatusCode, Url};

use super::group::{Groups, TargetGroup};
use super::metrics::Mechanism;
use super::refresh::{INTERVAL_MS_MIN, Refresh};
use super::{DiscoveryMetrics, Pending};
use crate::config::keys::HttpKeys;
use crate::config::{DurationMs, HttpSdConfig, StaticConfig};
use crate::http::{Answers, HttpClient, explain};

/// Tells the server how often it is asked.
const INTERVAL_HEADER: HeaderName =
    HeaderName::from_static("x-prometheus-refresh-interval-seconds");

/// The label that names the server of a target.
const META_URL: &str = "__meta_url";

/// The largest answer, in bytes.
const ANSWER_BYTES_MAX: usize = 64 << 20;

/// The discovery of one element of `http_sd_configs`.
pub(super) struct HttpDiscovery {
    client: HttpClient,
    url: Url,
    /// The URL without a password.
    shown: String,
    interval: DurationMs,
    metrics: Arc<DiscoveryMetrics>,
}

impl HttpDiscovery {
    /// A discovery that has not asked yet; certificate files are read now.
    ///
    /// # Errors
    /// TLS, proxy or header options cannot be used.
    pub(super) fn new(config: &HttpSdConfig, metrics: Arc<DiscoveryMetrics>) -> Result<Self> {
        let shown = config.url.to_string();
        let place = || format!("http_sd_configs: {shown}");
        let url = Url::parse(&config.url.0);
        let url = url.map_err(|e| Error::invalid(e.to_string()).context(place()))?;
        let answers = Answers {
            accept: Some(HeaderValue::from_static("application/json")),
            plain: false,
        };
        let client = HttpClient::new(config.http(), &answers).map_err(|e| e.context(place()))?;
        Ok(Self {
            client,
            url,
            shown,
            interval: config.refresh_interval,
            metrics,
        })
    }

    async fn ask(&self) -> Result<Vec<StaticConfig>, String> {
        let ms = self.interval.0.max(INTERVAL_MS_MIN).unsigned_abs();
        let interval = Duration::from_millis(ms);
        let request = self.client.request(Method::GET, self.url.clone()).await;
        let mut request = request.map_err(|e| e.to_string())?.timeout(interval);
        if let Ok(seconds) = HeaderValue::from_str(&interval.as_secs_f64().to_string()) {
            request = request.header(INTERVAL_HEADER, seconds);
        }
        let failed = |e: reqwest::Error| explain(&e.without_url());
        let mut answer = request.send().await.map_err(failed)?;
        check(&answer)?;
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(failed)? {
            if body.len() + chunk.len() > ANSWER_BYTES_MAX {
                return Err(format!("the answer has more than {ANSWER_BYTES_MAX} bytes"));
            }
            body.extend_from_slice(&chunk);
        }
        serde_json::from_slice(&body).map_err(|e| e.to_string())
    }

    fn groups(&self, configs: Vec<StaticConfig>) -> Groups {
        let groups = configs.into_iter().enumerate().map(|(at, config)| {
            let source = format!("{}:{at}", self.shown);
            TargetGroup::new(source, config).tagged(META_URL, &self.shown)
        });
        Groups {
            groups: groups.collect(),
            problems: Vec::new(),
        }
    }
}

impl Refresh for HttpDiscovery {
    fn mechanism(&self) -> Mechanism {
        Mechanism::Http
    }

    fn interval(&self) -> DurationMs {
        self.interval
    }

    fn refresh(&mut self) -> Pending<'_, Result<Groups, String>> {
        Box::pin(async move {
            let told = self.ask().await;
            told.map(|configs| self.groups(configs)).map_err(|e| {
                self.metrics.http_failures.add(1);
                format!("{}: {e}", self.shown)
            })
        })
    }
}

/// The status is 200, and the format JSON in UTF-8.
fn check(answer: &Response) -> Result<(), String> {
    if answer.status() != StatusCode::OK {
        return Err(format!("server returned HTTP status {}", answer.status()));
    }
    let content_type = answer.headers().get(CONTENT_TYPE);
    let content_type = content_type.and_then(|v| v.to_str().ok()).unwrap_or("");
    if is_json(content_type) {
        Ok(())
    } else {
        Err(format!("unsupported content type \"{content_type}\""))
    }
}

fn is_json(content_type: &str) -> bool {
    let lower = content_type.to_ascii_lowercase();
    let (kind, charset) = lower.split_once(';').unwrap_or((&lower, "charset=utf-8"));
    let charset = charset.trim_start().replace('"', "");
    kind == "application/json" && charset == "charset=utf-8"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_types() {
        for good in [
            "application/json",
            "Application/JSON; charset=\"utf-8\"",
            "application/json;charset=UTF-8",
        ] {
            assert!(is_json(good), "{good}");
        }
        for bad in ["", "text/plain", "application/json; charset=latin1"] {
            assert!(!is_json(bad), "{bad}");
        }
    }
}
