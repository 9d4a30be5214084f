//! TLS options, as the HTTP client wants them.

use std::path::Path;

use narthex_model::{Error, Result};
use reqwest::{Certificate, ClientBuilder, Identity, tls};

use crate::config::{TlsConfig, TlsVersion};

/// Applies the options; certificate files are read now.
pub(super) fn configure(mut builder: ClientBuilder, config: &TlsConfig) -> Result<ClientBuilder> {
    if let Some(pem) = inline_or_file("ca", config.ca.as_deref(), config.ca_file.as_deref())? {
        let certificates = Certificate::from_pem_bundle(&pem).map_err(|e| wrong("ca", &e))?;
        if certificates.is_empty() {
            return Err(Error::invalid("tls_config: ca holds no certificate"));
        }
        builder = builder.tls_certs_only(certificates);
    }
    let cert = inline_or_file("cert", config.cert.as_deref(), config.cert_file.as_deref())?;
    let key = inline_or_file(
        "key",
        config.key.as_ref().map(|k| k.0.as_str()),
        config.key_file.as_deref(),
    )?;
    match (cert, key) {
        (None, None) => {}
        (Some(mut pem), Some(key)) => {
            pem.push(b'\n');
            pem.extend_from_slice(&key);
            builder =
                builder.identity(Identity::from_pem(&pem).map_err(|e| wrong("cert and key", &e))?);
        }
        _ => {
            return Err(Error::invalid(
                "tls_config: cert and key must be given together",
            ));
        }
    }
    if let Some(version) = config.min_version {
        builder = builder.tls_version_min(version_of(version)?);
    }
    if let Some(version) = config.max_version {
        builder = builder.tls_version_max(version_of(version)?);
    }
    Ok(builder.tls_danger_accept_invalid_certs(config.insecure_skip_verify))
}

fn inline_or_file(
    what: &str,
    inline: Option<&str>,
    file: Option<&Path>,
) -> Result<Option<Vec<u8>>> {
    match (inline, file) {
        (None, None) => Ok(None),
        (Some(text), None) => Ok(Some(text.as_bytes().to_owned())),
        (None, Some(path)) => std::fs::read(path).map(Some).map_err(|e| {
            crate::io::error(&e).context(format!(
                "tls_config: cannot read {what}_file {}",
                path.display()
            ))
        }),
        (Some(_), Some(_)) => Err(Error::invalid(format!(
            "tls_config: give {what} or {what}_file, not both"
        ))),
    }
}

fn version_of(version: TlsVersion) -> Result<tls::Version> {
    match version {
        TlsVersion::Tls10 | TlsVersion::Tls11 => Err(Error::invalid(
            "tls_config: TLS 1.0 and 1.1 are not supported, use TLS12 or TLS13",
        )),
        TlsVersion::Tls12 => Ok(tls::Version::TLS_1_2),
        TlsVersion::Tls13 => Ok(tls::Version::TLS_1_3),
    }
}

fn wrong(what: &str, error: &reqwest::Error) -> Error {
    Error::invalid(format!(
        "tls_config: cannot use {what}: {}",
        super::client::explain(error)
    ))
}
