//! Asks a target for its metrics.

use std::time::Duration;

use narthex_formats::accept_header;
use narthex_model::{Error, Result};
use reqwest::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use reqwest::{Method, StatusCode};

use super::ScrapeError;
use crate::config::keys::HttpKeys;
use crate::config::{ByteSize, ScrapeConfig, ScrapeProtocol};
use crate::http::{Answers, HttpClient, explain};
use crate::targets::Target;

const TIMEOUT_HEADER: HeaderName = HeaderName::from_static("x-prometheus-scrape-timeout-seconds");

/// The largest body if the configuration sets no limit, so that no target can eat all memory.
const BODY_SIZE_MAX: ByteSize = ByteSize(1 << 30);

/// The HTTP client of a job.
#[derive(Debug)]
pub(crate) struct ScrapeClient {
    client: HttpClient,
    body_limit: ByteSize,
}

/// An answer with status 200.
pub(crate) struct Answer {
    pub(crate) content_type: Option<String>,
    /// After decompression.
    pub(crate) body: Vec<u8>,
}

impl ScrapeClient {
    /// The client of a job; certificate files are read now.
    ///
    /// # Errors
    /// `Invalid` or the file's error if the TLS, proxy or header options cannot be used.
    pub(crate) fn new(config: &ScrapeConfig) -> Result<Self> {
        let accept = HeaderValue::from_str(&accept(config));
        let unwritable = |e| Error::internal("cannot write the Accept header").with_source(e);
        let answers = Answers {
            accept: Some(accept.map_err(unwritable)?),
            plain: !config.enable_compression,
        };
        Ok(Self {
            client: HttpClient::new(config.http(), &answers)?,
            body_limit: config
                .body_size_limit
                .filter(|l| l.0 > 0)
                .unwrap_or(BODY_SIZE_MAX),
        })
    }

    /// Asks `target`; the body replaces what is in `buffer`.
    pub(crate) async fn fetch(
        &self,
        target: &Target,
        mut buffer: Vec<u8>,
    ) -> Result<Answer, ScrapeError> {
        buffer.clear();
        let timeout = Duration::from_millis(target.timeout.0.unsigned_abs());
        let failed = |e: reqwest::Error| match e.is_timeout() {
            true => ScrapeError::Timeout(target.timeout),
            false => ScrapeError::Request(explain(&e)),
        };
        let seconds = HeaderValue::from_str(&timeout.as_secs_f64().to_string());
        let request = self.client.request(Method::GET, target.url.clone()).await;
        let mut request = request.map_err(ScrapeError::Credentials)?.timeout(timeout);
        if let Ok(seconds) = seconds {
            request = request.header(TIMEOUT_HEADER, seconds);
        }
        let mut response = request.send().await.map_err(failed)?;
        if response.status() != StatusCode::OK {
            return Err(ScrapeError::Status(response.status()));
        }
        let content_type = response
            .headers()
            .get(CONTENT_TYPE)
            .and_then(|v| v.to_str().ok())
            .map(str::to_owned);
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            let size = (buffer.len() + chunk.len()) as u64;
            if size > self.body_limit.0 {
                return Err(ScrapeError::BodySize(self.body_limit));
            }
            buffer.extend_from_slice(&chunk);
        }
        Ok(Answer {
            content_type,
            body: buffer,
        })
    }
}

/// The formats to ask for, with the escaping of names the job wants.
fn accept(config: &ScrapeConfig) -> String {
    let wanted = config
        .scrape_protocols
        .as_deref()
        .unwrap_or(&ScrapeProtocol::DEFAULT);
    let protocols: Vec<_> = wanted
        .iter()
        .map(|p| p.0)
        .filter(|p| p.is_supported())
        .collect();
    let escaping = config
        .metric_name_escaping_scheme
        .unwrap_or_default()
        .as_str();
    accept_header(&protocols).replace("escaping=allow-utf-8", &format!("escaping={escaping}"))
}
