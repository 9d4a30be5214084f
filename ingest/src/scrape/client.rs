//! Asks a target for its metrics.

use std::path::Path;
use std::time::Duration;

use narthex_formats::accept_header;
use narthex_model::{Error, Result};
use reqwest::header::{
    ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue,
};
use reqwest::{Client, ClientBuilder, Proxy, RequestBuilder, StatusCode, redirect};

use super::{ScrapeError, tls};
use crate::config::{ByteSize, ScrapeConfig, ScrapeProtocol};
use crate::targets::Target;

/// How we introduce ourselves.
const USER_AGENT: &str = concat!("narthex/", env!("CARGO_PKG_VERSION"));

const TIMEOUT_HEADER: HeaderName = HeaderName::from_static("x-prometheus-scrape-timeout-seconds");

/// Redirects followed before giving up.
const REDIRECTS_MAX: usize = 10;

/// The largest body if the configuration sets no limit, so that no target can eat all memory.
const BODY_SIZE_MAX: ByteSize = ByteSize(1 << 30);

/// The HTTP client of a job.
#[derive(Debug)]
pub(crate) struct ScrapeClient {
    client: Client,
    config: ScrapeConfig,
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
        let policy = match config.follow_redirects {
            true => redirect::Policy::limited(REDIRECTS_MAX),
            false => redirect::Policy::none(),
        };
        let mut builder = Client::builder()
            .user_agent(USER_AGENT)
            .redirect(policy)
            .gzip(config.enable_compression)
            .default_headers(fixed_headers(config)?);
        builder = proxies(builder, config)?;
        if let Some(tls) = &config.tls_config {
            builder = tls::configure(builder, tls)?;
        }
        let client = builder
            .build()
            .map_err(|e| Error::invalid(format!("cannot make the HTTP client: {}", explain(&e))))?;
        Ok(Self {
            client,
            config: config.clone(),
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
        let mut request = self.client.get(target.url.clone()).timeout(timeout);
        if let Ok(seconds) = seconds {
            request = request.header(TIMEOUT_HEADER, seconds);
        }
        request = self
            .authorize(request)
            .await
            .map_err(ScrapeError::Credentials)?;
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

    /// Adds credentials and headers; those that lie in files are read each time, so that they can be rotated.
    async fn authorize(&self, mut request: RequestBuilder) -> Result<RequestBuilder> {
        let config = &self.config;
        if let Some(auth) = &config.basic_auth {
            let name = match &auth.username_file {
                Some(path) => read_secret(path).await?,
                None => auth.username.clone(),
            };
            let password = match &auth.password_file {
                Some(path) => Some(read_secret(path).await?),
                None => auth.password.as_ref().map(|p| p.0.clone()),
            };
            request = request.basic_auth(name, password);
        }
        let (scheme, secret, file) = match &config.authorization {
            Some(auth) => (auth.scheme(), &auth.credentials, &auth.credentials_file),
            None => ("Bearer", &config.bearer_token, &config.bearer_token_file),
        };
        let credentials = match file {
            Some(path) => Some(read_secret(path).await?),
            None => secret.as_ref().map(|s| s.0.clone()),
        };
        if let Some(credentials) = credentials {
            request = request.header(
                AUTHORIZATION,
                secret_header(&format!("{scheme} {credentials}"))?,
            );
        }
        for (name, values) in &config.http_headers {
            for path in &values.files {
                request = request.header(name, secret_header(&read_secret(path).await?)?);
            }
        }
        Ok(request)
    }
}

/// Headers that are the same for every request.
fn fixed_headers(config: &ScrapeConfig) -> Result<HeaderMap> {
    let mut headers = HeaderMap::new();
    let accept = HeaderValue::from_str(&accept(config));
    headers.insert(
        ACCEPT,
        accept.map_err(|e| Error::internal("cannot write the Accept header").with_source(e))?,
    );
    if !config.enable_compression {
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    }
    for (name, values) in &config.http_headers {
        let header = HeaderName::from_bytes(name.as_bytes()).map_err(|_| {
            Error::invalid(format!("http_headers: \"{name}\" is not a header name"))
        })?;
        let secrets = values.secrets.iter().map(|s| s.0.as_str());
        for value in values.values.iter().map(String::as_str).chain(secrets) {
            headers.append(&header, secret_header(value)?);
        }
    }
    Ok(headers)
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

fn secret_header(value: &str) -> Result<HeaderValue> {
    let mut header = HeaderValue::from_str(value)
        .map_err(|_| Error::invalid("a header's value holds bytes that headers may not"))?;
    header.set_sensitive(true);
    Ok(header)
}

/// Proxies are used only if the configuration says so.
fn proxies(builder: ClientBuilder, config: &ScrapeConfig) -> Result<ClientBuilder> {
    if config.proxy_from_environment {
        return Ok(builder);
    }
    let builder = builder.no_proxy();
    let Some(url) = &config.proxy_url else {
        return Ok(builder);
    };
    let proxy =
        Proxy::all(url).map_err(|e| Error::invalid(format!("proxy_url: {}", explain(&e))))?;
    let exempt = config
        .no_proxy
        .as_deref()
        .and_then(reqwest::NoProxy::from_string);
    Ok(builder.proxy(proxy.no_proxy(exempt)))
}

async fn read_secret(path: &Path) -> Result<String> {
    let text = tokio::fs::read_to_string(path)
        .await
        .map_err(|e| crate::io::error(&e).context(format!("cannot read {}", path.display())))?;
    Ok(text.trim().to_owned())
}

/// An HTTP error with all its causes: the outermost alone says little.
pub(super) fn explain(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        cause = error.source();
    }
    text
}
