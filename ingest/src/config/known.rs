//! Keys that Prometheus knows and we do not: they deserve another answer than a misspelt one.

/// Keys of any section that are refused as "not supported yet", apart from the service discoveries.
const NOT_YET: &[&str] = &[
    "sigv4",
    "proxy_connect_header",
    "server_name",
    "ca_ref",
    "cert_ref",
    "key_ref",
];

/// Whether Prometheus knows `key` somewhere we do not.
pub(crate) fn is_known_elsewhere(key: &str) -> bool {
    NOT_YET.contains(&key) || key.ends_with("_sd_configs")
}
