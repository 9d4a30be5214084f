//! Tokens for client credentials (RFC 6749, 4.4): asked for when one is needed, kept until shortly before they expire.

use std::time::{Duration, Instant};

use narthex_model::{Error, Result};
use reqwest::header::{CONTENT_TYPE, HeaderValue};
use reqwest::{Client, RequestBuilder, Response, Url};
use serde::Deserialize;
use tokio::sync::Mutex;

use super::client::{explain, read_secret, secret_header};
use crate::config::OAuth2;

/// How long the server of tokens may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// A token that expires this soon is not used any more.
const EARLY: Duration = Duration::from_secs(10);

/// The largest answer, in bytes.
const ANSWER_BYTES_MAX: usize = 1 << 20;

/// How much of an answer is quoted, in characters.
const QUOTE_MAX: usize = 200;

/// Where tokens come from.
#[derive(Debug)]
pub(super) struct Tokens {
    client: Client,
    url: Url,
    options: OAuth2,
    /// Whoever asks holds it, so that others wait for the same token.
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    token: Option<Token>,
    /// Where the server wants to see who we are, once it has said so.
    place: Option<Place>,
}

#[derive(Debug)]
struct Token {
    header: HeaderValue,
    /// The secret it was given for: another one needs another token.
    secret: String,
    until: Option<Instant>,
}

/// Where a request says who we are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Header,
    Form,
}

/// What a server of tokens answers.
#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    access_token: String,
    #[serde(default)]
    token_type: String,
    #[serde(default)]
    expires_in: serde_json::Value,
}

impl Tokens {
    /// `client` asks the server of tokens.
    ///
    /// # Errors
    /// `Invalid` if its URL is none.
    pub(super) fn new(client: Client, options: OAuth2) -> Result<Self> {
        let url = Url::parse(&options.token_url.0);
        let url = url.map_err(|e| Error::invalid(format!("oauth2: token_url: {e}")))?;
        Ok(Self {
            client,
            url,
            options,
            kept: Mutex::default(),
        })
    }

    /// The header `Authorization` with a token that is valid now.
    ///
    /// # Errors
    /// The secret cannot be read, or no token is given.
    pub(super) async fn header(&self) -> Result<HeaderValue> {
        let secret = match &self.options.client_secret_file {
            Some(path) => read_secret(path).await?,
            None => self
                .options
                .client_secret
                .as_ref()
                .map_or(String::new(), |s| s.0.clone()),
        };
        let mut kept = self.kept.lock().await;
        if let Some(token) = kept.token.as_ref().filter(|token| token.is_good(&secret)) {
            return Ok(token.header.clone());
        }
        let about = |e: String| {
            Error::unavailable(format!(
                "oauth2: cannot fetch token from {}: {e}",
                self.options.token_url
            ))
        };
        let began = Instant::now();
        let answer = self.ask(&mut kept.place, &secret).await.map_err(about)?;
        let header = secret_header(&format!(
            "{} {}",
            kind(&answer.token_type),
            answer.access_token
        ))?;
        let lives = seconds(&answer.expires_in).filter(|seconds| *seconds > 0);
        let until = lives.and_then(|lives| began.checked_add(Duration::from_secs(lives)));
        kept.token = Some(Token {
            header: header.clone(),
            secret,
            until,
        });
        Ok(header)
    }

    /// Asks as the server wants to be asked; until that is known, in one way after the other.
    async fn ask(&self, place: &mut Option<Place>, secret: &str) -> Result<Answer, String> {
        let places = match *place {
            Some(known) => vec![known],
            None => vec![Place::Header, Place::Form],
        };
        let mut failure = String::new();
        for way in places {
            match self.ask_once(way, secret).await {
                Ok(answer) => {
                    *place = Some(way);
                    return Ok(answer);
                }
                Err(error) => failure = error,
            }
        }
        Err(failure)
    }

    async fn ask_once(&self, place: Place, secret: &str) -> Result<Answer, String> {
        let failed = |e: reqwest::Error| explain(&e.without_url());
        let answer = self.request(place, secret).timeout(PATIENCE).send();
        let mut answer = answer.await.map_err(failed)?;
        let body = body(&mut answer).await?;
        let quoted = || {
            String::from_utf8_lossy(&body)
                .chars()
                .take(QUOTE_MAX)
                .collect::<String>()
        };
        if !answer.status().is_success() {
            return Err(format!("{}: {}", answer.status(), quoted().trim()));
        }
        let answer: Answer =
            serde_json::from_slice(&body).map_err(|e| format!("the answer is no token: {e}"))?;
        match answer.access_token.is_empty() {
            true => Err("server response missing access_token".to_owned()),
            false => Ok(answer),
        }
    }

    fn request(&self, place: Place, secret: &str) -> RequestBuilder {
        let options = &self.options;
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("grant_type", "client_credentials");
        if !options.scopes.is_empty() {
            form.append_pair("scope", &options.scopes.join(" "));
        }
        form.extend_pairs(&options.endpoint_params);
        let mut request = self.client.post(self.url.clone());
        match place {
            Place::Header => {
                request = request.basic_auth(encoded(&options.client_id), Some(encoded(secret)));
            }
            Place::Form => {
                form.append_pair("client_id", &options.client_id);
                if !secret.is_empty() {
                    form.append_pair("client_secret", secret);
                }
            }
        }
        request
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(form.finish())
    }
}

impl Token {
    fn is_good(&self, secret: &str) -> bool {
        self.secret == secret
            && self
                .until
                .is_none_or(|until| until.saturating_duration_since(Instant::now()) > EARLY)
    }
}

async fn body(answer: &mut Response) -> Result<Vec<u8>, String> {
    let failed = |e: reqwest::Error| explain(&e.without_url());
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(failed)? {
        if body.len() + chunk.len() > ANSWER_BYTES_MAX {
            return Err(format!("the answer has more than {ANSWER_BYTES_MAX} bytes"));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// As it stands in a form.
fn encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// The first word of the header.
fn kind(token_type: &str) -> &str {
    match token_type {
        "" => "Bearer",
        kind if kind.eq_ignore_ascii_case("bearer") => "Bearer",
        kind if kind.eq_ignore_ascii_case("basic") => "Basic",
        kind => kind,
    }
}

/// A number, or one in quotes as some servers write it.
fn seconds(value: &serde_json::Value) -> Option<u64> {
    match value {
        serde_json::Value::String(text) => text.parse().ok(),
        value => value
            .as_f64()
            .filter(|seconds| *seconds >= 0.0)
            .map(|seconds| seconds as u64),
    }
}

#[cfg(test)]
mod tests;
