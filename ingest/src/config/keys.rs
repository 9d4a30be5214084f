//! Keys that several sections share: those of HTTP clients, and of discovery.
//!
//! Serde could flatten a struct of them into each section, but then mistakes lose line and column, and unknown keys pass.
//! So macros write the fields into the sections, and traits take them out again.

use super::discovery::DiscoveryOptions;
use super::http::HttpOptions;

/// A section with the keys of an HTTP client.
pub(crate) trait HttpKeys {
    /// What they say.
    fn http(&self) -> HttpOptions;

    /// Says something else from now on.
    fn set_http(&mut self, http: HttpOptions);
}

/// A section with the keys of discovery.
pub(crate) trait DiscoveryKeys {
    /// What they say.
    fn discovery(&self) -> DiscoveryOptions;

    /// Says something else from now on.
    fn set_discovery(&mut self, discovery: DiscoveryOptions);
}

/// Declares a section with the keys of an HTTP client besides its own.
macro_rules! with_http_keys {
    (
        $(#[$outer:meta])*
        pub struct $name:ident {
            $($(#[$attribute:meta])* pub $field:ident: $type:ty,)*
        }
    ) => {
        $(#[$outer])*
        pub struct $name {
            $($(#[$attribute])* pub $field: $type,)*
            /// Name and password.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub basic_auth: Option<$crate::config::BasicAuth>,
            /// The `Authorization` header.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub authorization: Option<$crate::config::Authorization>,
            /// Short for `authorization` of type `Bearer`, from before it.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub bearer_token: Option<$crate::config::Secret>,
            /// Short for `authorization` of type `Bearer`, from before it.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub bearer_token_file: Option<std::path::PathBuf>,
            /// Tokens that a server gives.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub oauth2: Option<Box<$crate::config::OAuth2>>,
            /// Whether redirects are followed.
            #[serde(default = "crate::config::http::yes")]
            pub follow_redirects: bool,
            /// Whether HTTP/2 may be spoken; we speak HTTP/1.1 in any case.
            #[serde(default = "crate::config::http::yes")]
            pub enable_http2: bool,
            /// TLS options.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub tls_config: Option<$crate::config::TlsConfig>,
            /// A proxy to go through.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub proxy_url: Option<$crate::config::ShownUrl>,
            /// Hosts for which it is not used.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub no_proxy: Option<String>,
            /// Whether the environment names the proxy.
            #[serde(default, skip_serializing_if = "std::ops::Not::not")]
            pub proxy_from_environment: bool,
            /// Further headers.
            #[serde(
                default,
                deserialize_with = "narthex_settings::or_default",
                skip_serializing_if = "std::collections::BTreeMap::is_empty"
            )]
            pub http_headers: $crate::config::HttpHeaders,
        }

        impl $crate::config::keys::HttpKeys for $name {
            fn http(&self) -> $crate::config::HttpOptions {
                $crate::config::HttpOptions {
                    basic_auth: self.basic_auth.clone(),
                    authorization: self.authorization.clone(),
                    bearer_token: self.bearer_token.clone(),
                    bearer_token_file: self.bearer_token_file.clone(),
                    oauth2: self.oauth2.clone(),
                    follow_redirects: self.follow_redirects,
                    enable_http2: self.enable_http2,
                    tls_config: self.tls_config.clone(),
                    proxy_url: self.proxy_url.clone(),
                    no_proxy: self.no_proxy.clone(),
                    proxy_from_environment: self.proxy_from_environment,
                    http_headers: self.http_headers.clone(),
                }
            }

            fn set_http(&mut self, http: $crate::config::HttpOptions) {
                self.basic_auth = http.basic_auth;
                self.authorization = http.authorization;
                self.bearer_token = http.bearer_token;
                self.bearer_token_file = http.bearer_token_file;
                self.oauth2 = http.oauth2;
                self.follow_redirects = http.follow_redirects;
                self.enable_http2 = http.enable_http2;
                self.tls_config = http.tls_config;
                self.proxy_url = http.proxy_url;
                self.no_proxy = http.no_proxy;
                self.proxy_from_environment = http.proxy_from_environment;
                self.http_headers = http.http_headers;
            }
        }
    };
}

/// Declares a section with the keys of discovery, and of the HTTP client that asks what is discovered, besides its own.
macro_rules! with_discovery_keys {
    (
        $(#[$outer:meta])*
        pub struct $name:ident {
            $($(#[$attribute:meta])* pub $field:ident: $type:ty,)*
        }
    ) => {
        $crate::config::keys::with_http_keys! {
            $(#[$outer])*
            pub struct $name {
                $($(#[$attribute])* pub $field: $type,)*
                /// Targets named here.
                #[serde(
                    default,
                    deserialize_with = "narthex_settings::or_default",
                    skip_serializing_if = "Vec::is_empty"
                )]
                pub static_configs: Vec<$crate::config::StaticConfig>,
                /// Targets named in files.
                #[serde(
                    default,
                    deserialize_with = "narthex_settings::or_default",
                    skip_serializing_if = "Vec::is_empty"
                )]
                pub file_sd_configs: Vec<$crate::config::FileSdConfig>,
                /// Targets that servers tell of.
                #[serde(
                    default,
                    deserialize_with = "narthex_settings::or_default",
                    skip_serializing_if = "Vec::is_empty"
                )]
                pub http_sd_configs: Vec<$crate::config::HttpSdConfig>,
                /// Targets that names in the DNS mean.
                #[serde(
                    default,
                    deserialize_with = "narthex_settings::or_default",
                    skip_serializing_if = "Vec::is_empty"
                )]
                pub dns_sd_configs: Vec<$crate::config::DnsSdConfig>,
                /// What is done to targets before they are used.
                #[serde(
                    default,
                    deserialize_with = "narthex_settings::or_default",
                    skip_serializing_if = "Vec::is_empty"
                )]
                pub relabel_configs: Vec<$crate::RelabelConfig>,
            }
        }

        impl $crate::config::keys::DiscoveryKeys for $name {
            fn discovery(&self) -> $crate::config::DiscoveryOptions {
                $crate::config::DiscoveryOptions {
                    static_configs: self.static_configs.clone(),
                    file_sd_configs: self.file_sd_configs.clone(),
                    http_sd_configs: self.http_sd_configs.clone(),
                    dns_sd_configs: self.dns_sd_configs.clone(),
                    relabel_configs: self.relabel_configs.clone(),
                }
            }

            fn set_discovery(&mut self, discovery: $crate::config::DiscoveryOptions) {
                self.static_configs = discovery.static_configs;
                self.file_sd_configs = discovery.file_sd_configs;
                self.http_sd_configs = discovery.http_sd_configs;
                self.dns_sd_configs = discovery.dns_sd_configs;
                self.relabel_configs = discovery.relabel_configs;
            }
        }
    };
}

pub(crate) use {with_discovery_keys, with_http_keys};
