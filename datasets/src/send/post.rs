//! One remote write request on its way: sent, answered, or sent again.

use std::time::Duration;

use bytes::Bytes;
use narthex_model::{Error, Result};
use reqwest::{Client, StatusCode};

use super::SendOptions;

/// The wait before the first retry; it doubles up to [`WAIT_MAX`].
const WAIT_FIRST: Duration = Duration::from_millis(100);
const WAIT_MAX: Duration = Duration::from_secs(5);

/// How much of an error's body is quoted.
const QUOTE_CHARS_MAX: usize = 300;

#[derive(Debug, Clone)]
pub(crate) struct Poster {
    client: Client,
    url: String,
    retries: u32,
}

/// Why a request was not acknowledged.
enum Failure {
    /// It may be later.
    Later(String),
    /// It never will be.
    Never(String),
}

impl Poster {
    pub(crate) fn new(options: &SendOptions) -> Result<Self> {
        let client = Client::builder()
            .user_agent(concat!("narthex-datasets/", env!("CARGO_PKG_VERSION")))
            .timeout(options.timeout)
            .tcp_nodelay(true)
            .build()
            .map_err(|e| Error::internal("cannot make an HTTP client").with_source(e))?;
        Ok(Self {
            client,
            url: options.url.clone(),
            retries: options.retries,
        })
    }

    /// Sends `body` until it is acknowledged.
    pub(crate) async fn post(&self, body: Bytes) -> Result<()> {
        let mut wait = WAIT_FIRST;
        let mut left = self.retries;
        loop {
            match self.attempt(body.clone()).await {
                Ok(()) => return Ok(()),
                Err(Failure::Later(_)) if left > 0 => left -= 1,
                Err(Failure::Later(why)) => return Err(Error::unavailable(why)),
                Err(Failure::Never(why)) => return Err(Error::invalid(why)),
            }
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(WAIT_MAX);
        }
    }

    async fn attempt(&self, body: Bytes) -> Result<(), Failure> {
        let request = self
            .client
            .post(&self.url)
            .header("Content-Type", "application/x-protobuf")
            .header("Content-Encoding", "snappy")
            .header("X-Prometheus-Remote-Write-Version", "0.1.0")
            .body(body);
        let answer = request.send().await.map_err(|e| Failure::Later(told(&e)))?;
        let status = answer.status();
        if status.is_success() {
            // The body is read so that the connection can be used again.
            return answer
                .bytes()
                .await
                .map(drop)
                .map_err(|e| Failure::Later(told(&e)));
        }
        let text = answer.text().await.unwrap_or_default();
        let quote: String = text.trim().chars().take(QUOTE_CHARS_MAX).collect();
        let why = format!("{} answered {status}: {quote}", self.url);
        let later = status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS;
        Err(if later {
            Failure::Later(why)
        } else {
            Failure::Never(why)
        })
    }
}

/// An error with its causes, which hold the useful part.
fn told(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
