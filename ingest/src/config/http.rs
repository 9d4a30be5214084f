//! How somebody is asked over HTTP: credentials, TLS, headers.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use narthex_settings::{FromText, Secret, text_serde};
use reqwest::Url;
use serde::{Deserialize, Serialize};

use super::OAuth2;

/// What a section says of how requests are made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpOptions {
    /// Name and password.
    pub basic_auth: Option<BasicAuth>,
    /// The `Authorization` header.
    pub authorization: Option<Authorization>,
    /// Short for `authorization` of type `Bearer`, from before it.
    pub bearer_token: Option<Secret>,
    /// Short for `authorization` of type `Bearer`, from before it.
    pub bearer_token_file: Option<PathBuf>,
    /// Tokens that a server gives.
    pub oauth2: Option<Box<OAuth2>>,
    /// Whether redirects are followed.
    pub follow_redirects: bool,
    /// Whether HTTP/2 may be spoken; we speak HTTP/1.1 in any case.
    pub enable_http2: bool,
    /// TLS options.
    pub tls_config: Option<TlsConfig>,
    /// A proxy to go through.
    pub proxy_url: Option<ShownUrl>,
    /// Hosts for which it is not used.
    pub no_proxy: Option<String>,
    /// Whether the environment names the proxy.
    pub proxy_from_environment: bool,
    /// Further headers.
    pub http_headers: HttpHeaders,
}

impl HttpOptions {
    /// The files that it names.
    pub(super) fn paths(&mut self) -> impl Iterator<Item = &mut PathBuf> {
        let mut tls: Vec<&mut TlsConfig> = self.tls_config.iter_mut().collect();
        let mut secrets = Vec::new();
        if let Some(oauth2) = self.oauth2.as_deref_mut() {
            tls.extend(&mut oauth2.tls_config);
            secrets.push(&mut oauth2.client_secret_file);
        }
        let tls = tls
            .into_iter()
            .flat_map(|tls| [&mut tls.ca_file, &mut tls.cert_file, &mut tls.key_file]);
        let basic = self
            .basic_auth
            .iter_mut()
            .flat_map(|auth| [&mut auth.username_file, &mut auth.password_file]);
        let credentials = self
            .authorization
            .iter_mut()
            .map(|auth| &mut auth.credentials_file);
        let bearer = std::iter::once(&mut self.bearer_token_file);
        let secrets = secrets.into_iter().chain(basic).chain(credentials);
        let single = tls.chain(secrets).chain(bearer).flatten();
        let headers = self.http_headers.values_mut();
        single.chain(headers.flat_map(|header| &mut header.files))
    }
}

/// What a key is where nothing is said.
pub(crate) fn yes() -> bool {
    true
}

/// A URL as it was written, which is shown without the password in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownUrl(pub String);

impl FromText for ShownUrl {
    const EXPECTING: &'static str = "a URL";

    fn from_text(text: &str) -> Result<Self, String> {
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for ShownUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parsed = Url::parse(&self.0).ok();
        if let Some(parsed) = parsed.as_mut().filter(|u| u.password().is_some()) {
            // Only URLs without a host refuse one, and those have none.
            let _ = parsed.set_password(Some("xxxxx"));
            return f.write_str(parsed.as_str());
        }
        f.write_str(&self.0)
    }
}

text_serde!(ShownUrl);

/// `basic_auth`: a name and a password, each in the file or in a file of its own.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BasicAuth {
    /// The user's name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub username: String,
    /// A file with the name, read for every request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username_file: Option<PathBuf>,
    /// The password.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<Secret>,
    /// A file with the password, read for every request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password_file: Option<PathBuf>,
}

/// `authorization`: the header of that name, as `type credentials`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Authorization {
    /// The first word of the header; empty: `Bearer`.
    #[serde(rename = "type", skip_serializing_if = "String::is_empty")]
    pub kind: String,
    /// The rest of the header.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credentials: Option<Secret>,
    /// A file with the rest of the header, read for every request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credentials_file: Option<PathBuf>,
}

impl Authorization {
    /// The first word of the header.
    pub fn scheme(&self) -> &str {
        if self.kind.is_empty() {
            "Bearer"
        } else {
            &self.kind
        }
    }
}

/// `tls_config`: whom to trust, and who we are.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TlsConfig {
    /// Certificates (PEM) to trust instead of the machine's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca: Option<String>,
    /// A file with certificates to trust instead of the machine's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
    /// Our certificate (PEM).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cert: Option<String>,
    /// A file with our certificate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cert_file: Option<PathBuf>,
    /// Our private key (PEM).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<Secret>,
    /// A file with our private key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_file: Option<PathBuf>,
    /// Whether any certificate of the other side is accepted.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub insecure_skip_verify: bool,
    /// The oldest version to speak.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_version: Option<TlsVersion>,
    /// The newest version to speak.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_version: Option<TlsVersion>,
}

/// A TLS version as Prometheus writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum TlsVersion {
    /// 1.0, which is refused when the client is made.
    #[serde(rename = "TLS10")]
    Tls10,
    /// 1.1, which is refused when the client is made.
    #[serde(rename = "TLS11")]
    Tls11,
    /// 1.2
    #[serde(rename = "TLS12")]
    Tls12,
    /// 1.3
    #[serde(rename = "TLS13")]
    Tls13,
}

/// A header of `http_headers`: all its values, wherever they come from.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HeaderValues {
    /// Values.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
    /// Values that are not shown.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<Secret>,
    /// Files with one value each, read for every request.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<PathBuf>,
}

/// `http_headers`: headers by name.
pub type HttpHeaders = BTreeMap<String, HeaderValues>;

/// `http` or `https`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scheme {
    /// Plain.
    #[default]
    Http,
    /// Over TLS.
    Https,
}

impl Scheme {
    /// The word before `://`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }
}
