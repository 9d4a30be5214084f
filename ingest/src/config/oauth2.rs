//! `oauth2`: who we are to a server of tokens.

use std::collections::BTreeMap;
use std::path::PathBuf;

use narthex_settings::Secret;
use serde::{Deserialize, Serialize};

use super::http::{HttpOptions, ShownUrl, TlsConfig};

/// `oauth2`: tokens for client credentials.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OAuth2 {
    /// Our name.
    pub client_id: String,
    /// Our secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_secret: Option<Secret>,
    /// A file with our secret, read for every request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_secret_file: Option<PathBuf>,
    /// What the token is for.
    #[serde(
        default,
        deserialize_with = "narthex_settings::or_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub scopes: Vec<String>,
    /// Who gives tokens.
    pub token_url: ShownUrl,
    /// What else that server is told.
    #[serde(
        default,
        deserialize_with = "narthex_settings::or_default",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub endpoint_params: BTreeMap<String, String>,
    /// TLS options for that server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls_config: Option<TlsConfig>,
    /// A proxy to go to it through.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proxy_url: Option<ShownUrl>,
    /// Hosts for which it is not used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub no_proxy: Option<String>,
    /// Whether the environment names the proxy.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub proxy_from_environment: bool,
}

impl OAuth2 {
    /// How the server of tokens is asked.
    pub(crate) fn http(&self) -> HttpOptions {
        HttpOptions {
            basic_auth: None,
            authorization: None,
            bearer_token: None,
            bearer_token_file: None,
            oauth2: None,
            follow_redirects: true,
            enable_http2: true,
            tls_config: self.tls_config.clone(),
            proxy_url: self.proxy_url.clone(),
            no_proxy: self.no_proxy.clone(),
            proxy_from_environment: self.proxy_from_environment,
            http_headers: BTreeMap::new(),
        }
    }
}
