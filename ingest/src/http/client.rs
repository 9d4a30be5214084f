//! The client that a section of the configuration describes.

use std::path::Path;

use narthex_model::{Error, Result};
use reqwest::header::{ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, ClientBuilder, Method, Proxy, RequestBuilder, Url};

use super::oauth2::Tokens;
use super::{redirects, tls};
use crate::config::HttpOptions;

/// How we introduce ourselves.
const USER_AGENT: &str = concat!("narthex/", env!("CARGO_PKG_VERSION"));

/// What kind of answers a client wants.
#[derive(Debug, Clone, Default)]
pub struct Answers {
    /// The header `Accept`; without it, any.
    pub accept: Option<HeaderValue>,
    /// Whether they must not be compressed.
    pub plain: bool,
}

/// A client with its credentials.
#[derive(Debug)]
pub struct HttpClient {
    client: Client,
    options: HttpOptions,
    tokens: Option<Tokens>,
}

impl HttpClient {
    /// The client that `options` describe; certificate files are read now.
    ///
    /// # Errors
    /// `Invalid` or the file's error if the TLS, proxy or header options cannot be used.
    pub fn new(options: HttpOptions, answers: &Answers) -> Result<Self> {
        let tokens = options.oauth2.as_deref().map(|oauth2| {
            let client = client(&oauth2.http(), &Answers::default());
            let about = |e: Error| e.context("oauth2");
            Tokens::new(client.map_err(about)?, oauth2.clone())
        });
        Ok(Self {
            client: client(&options, answers)?,
            options,
            tokens: tokens.transpose()?,
        })
    }

    /// A request with credentials and headers; those that lie in files are read each time, so that they can be rotated.
    ///
    /// # Errors
    /// A file cannot be read, or holds what no header may.
    pub async fn request(&self, method: Method, url: Url) -> Result<RequestBuilder> {
        let options = &self.options;
        let mut request = self.client.request(method, url);
        if let Some(auth) = &options.basic_auth {
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
        if let Some(tokens) = &self.tokens {
            request = request.header(AUTHORIZATION, tokens.header().await?);
        }
        if let Some(header) = self.authorization().await? {
            request = request.header(AUTHORIZATION, header);
        }
        for (name, values) in &options.http_headers {
            for path in &values.files {
                request = request.header(name, secret_header(&read_secret(path).await?)?);
            }
        }
        Ok(request)
    }

    /// The header that `authorization`, or what was there before it, asks for.
    async fn authorization(&self) -> Result<Option<HeaderValue>> {
        let options = &self.options;
        let (scheme, secret, file) = match &options.authorization {
            Some(auth) => (auth.scheme(), &auth.credentials, &auth.credentials_file),
            None => ("Bearer", &options.bearer_token, &options.bearer_token_file),
        };
        let credentials = match file {
            Some(path) => Some(read_secret(path).await?),
            None => secret.as_ref().map(|s| s.0.clone()),
        };
        let header = credentials.map(|text| secret_header(&format!("{scheme} {text}")));
        header.transpose()
    }
}

/// The client alone.
fn client(options: &HttpOptions, answers: &Answers) -> Result<Client> {
    let mut builder = Client::builder()
        .user_agent(USER_AGENT)
        .redirect(redirects::policy(options))
        .gzip(!answers.plain)
        .default_headers(fixed_headers(options, answers)?);
    builder = proxies(builder, options)?;
    if let Some(tls) = &options.tls_config {
        builder = tls::configure(builder, tls)?;
    }
    let failed = |e: reqwest::Error| format!("cannot make the HTTP client: {}", explain(&e));
    builder.build().map_err(|e| Error::invalid(failed(e)))
}

/// Headers that are the same for every request.
fn fixed_headers(options: &HttpOptions, answers: &Answers) -> Result<HeaderMap> {
    let mut headers = HeaderMap::new();
    if let Some(accept) = &answers.accept {
        headers.insert(ACCEPT, accept.clone());
    }
    if answers.plain {
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    }
    for (name, values) in &options.http_headers {
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

pub(super) fn secret_header(value: &str) -> Result<HeaderValue> {
    let mut header = HeaderValue::from_str(value)
        .map_err(|_| Error::invalid("a header's value holds bytes that headers may not"))?;
    header.set_sensitive(true);
    Ok(header)
}

/// Proxies are used only if the configuration says so.
fn proxies(builder: ClientBuilder, options: &HttpOptions) -> Result<ClientBuilder> {
    if options.proxy_from_environment {
        return Ok(builder);
    }
    let builder = builder.no_proxy();
    let Some(url) = &options.proxy_url else {
        return Ok(builder);
    };
    let proxy =
        Proxy::all(&url.0).map_err(|e| Error::invalid(format!("proxy_url: {}", explain(&e))))?;
    let exempt = options
        .no_proxy
        .as_deref()
        .and_then(reqwest::NoProxy::from_string);
    Ok(builder.proxy(proxy.no_proxy(exempt)))
}

pub(super) async fn read_secret(path: &Path) -> Result<String> {
    let text = tokio::fs::read_to_string(path)
        .await
        .map_err(|e| crate::io::error(&e).context(format!("cannot read {}", path.display())))?;
    Ok(text.trim().to_owned())
}

/// An HTTP error with all its causes: the outermost alone says little.
pub fn explain(error: &reqwest::Error) -> String {
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
