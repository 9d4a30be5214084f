//! From a URL to an object store: scheme, bucket, prefix, and options behind the question mark.

use std::fmt::Display;
use std::str::FromStr;
use std::sync::Arc;

use narthex_model::{Error, Result};
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::azure::{AzureConfigKey, MicrosoftAzureBuilder};
use object_store::gcp::{GoogleCloudStorageBuilder, GoogleConfigKey};
use object_store::local::LocalFileSystem;
use object_store::multipart::MultipartStore;
use object_store::path::Path;
use object_store::{ClientConfigKey, ObjectStore, RetryConfig};
use url::Url;

/// Whether a text names a bucket rather than a folder.
pub fn is_url(text: &str) -> bool {
    text.contains("://")
}

/// A prefix of an object store.
#[derive(Debug)]
pub(crate) struct Location {
    /// The URL without its options, which may hold secrets, and without a slash at its end.
    pub(crate) shown: String,
    pub(crate) objects: Arc<dyn ObjectStore>,
    /// For uploads in parts; a local folder has none.
    pub(crate) parts: Option<Arc<dyn PartStore>>,
    pub(crate) prefix: Path,
}

/// A store that takes large objects in parts.
pub(crate) trait PartStore: MultipartStore + std::fmt::Debug {}

impl<T: MultipartStore + std::fmt::Debug> PartStore for T {}

impl Location {
    /// Reads `s3://bucket/prefix?region=…`, `gs://…`, `az://…` or `file:///folder`. What the options do not say comes from the
    /// usual environment variables.
    ///
    /// # Errors
    /// `Invalid` for a URL that is none of these, or an option that its store does not know.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let url = Url::parse(text).map_err(|e| wrong(text, e))?;
        let mut bare = url.clone();
        bare.set_query(None);
        bare.set_fragment(None);
        let shown = bare.as_str().trim_end_matches('/').to_owned();
        let prefix = Path::from_url_path(bare.path()).map_err(|e| wrong(&shown, e))?;
        let (objects, parts) = match (url.scheme(), url.host_str()) {
            ("s3" | "s3a", Some(_)) => both(s3(&url, &bare)?),
            ("gs", Some(_)) => both(google(&url, &bare)?),
            ("az" | "azure" | "abfs" | "abfss", Some(_)) => both(azure(&url, &bare)?),
            ("file", None) => (Arc::new(LocalFileSystem::new()) as _, None),
            _ => {
                return Err(Error::invalid(format!(
                    "{shown} is not the URL of a bucket: write s3://bucket/prefix, gs://bucket/prefix, az://container/prefix \
                     or file:///folder"
                )));
            }
        };
        Ok(Self {
            shown,
            objects,
            parts,
            prefix,
        })
    }

    /// An object as messages name it.
    pub(crate) fn show(&self, path: &Path) -> String {
        let inside = path.prefix_match(&self.prefix);
        inside.map_or_else(
            || path.to_string(),
            |parts| {
                parts.fold(self.shown.clone(), |text, part| {
                    format!("{text}/{}", part.as_ref())
                })
            },
        )
    }
}

fn both<S: ObjectStore + PartStore>(
    store: S,
) -> (Arc<dyn ObjectStore>, Option<Arc<dyn PartStore>>) {
    let store = Arc::new(store);
    (store.clone(), Some(store))
}

fn s3(url: &Url, bare: &Url) -> Result<impl ObjectStore + PartStore + use<>> {
    let mut builder = AmazonS3Builder::from_env()
        .with_url(bare.as_str())
        .with_retry(no_retries());
    for (key, value) in options::<AmazonS3ConfigKey>(url)? {
        builder = builder.with_config(key, value);
    }
    let plain = [AmazonS3ConfigKey::Endpoint, AmazonS3ConfigKey::S3Endpoint]
        .iter()
        .any(|key| is_plain_http(builder.get_config_value(key)));
    if plain {
        // Who writes http:// means it.
        let allow = AmazonS3ConfigKey::Client(ClientConfigKey::AllowHttp);
        builder = builder.with_config(allow, "true");
    }
    built(bare, builder.build())
}

fn google(url: &Url, bare: &Url) -> Result<impl ObjectStore + PartStore + use<>> {
    let mut builder = GoogleCloudStorageBuilder::from_env()
        .with_url(bare.as_str())
        .with_retry(no_retries());
    for (key, value) in options::<GoogleConfigKey>(url)? {
        builder = builder.with_config(key, value);
    }
    built(bare, builder.build())
}

fn azure(url: &Url, bare: &Url) -> Result<impl ObjectStore + PartStore + use<>> {
    let mut builder = MicrosoftAzureBuilder::from_env()
        .with_url(bare.as_str())
        .with_retry(no_retries());
    for (key, value) in options::<AzureConfigKey>(url)? {
        builder = builder.with_config(key, value);
    }
    if is_plain_http(builder.get_config_value(&AzureConfigKey::Endpoint)) {
        let allow = AzureConfigKey::Client(ClientConfigKey::AllowHttp);
        builder = builder.with_config(allow, "true");
    }
    built(bare, builder.build())
}

fn is_plain_http(endpoint: Option<String>) -> bool {
    endpoint.is_some_and(|e| e.starts_with("http://"))
}

/// Options of a URL, by the keys that the store knows.
fn options<K: FromStr>(url: &Url) -> Result<Vec<(K, String)>> {
    let parse = |(key, value): (std::borrow::Cow<'_, str>, std::borrow::Cow<'_, str>)| {
        let known = key.to_ascii_lowercase().parse::<K>().map_err(|_| {
            Error::invalid(format!(
                "a {} URL has no option {key:?}: see docs/object-storage.md",
                url.scheme()
            ))
        })?;
        Ok((known, value.into_owned()))
    };
    url.query_pairs().map(parse).collect()
}

/// Retries are ours (`retry.rs`): they hold for broken bodies as well, and keep one deadline.
fn no_retries() -> RetryConfig {
    RetryConfig {
        max_retries: 0,
        ..RetryConfig::default()
    }
}

fn built<S>(url: &Url, store: object_store::Result<S>) -> Result<S> {
    store.map_err(|e| {
        Error::invalid(format!(
            "cannot use {url}: check its options and credentials"
        ))
        .with_source(e)
    })
}

#[cold]
fn wrong(url: &str, error: impl Display) -> Error {
    Error::invalid(format!("{url} is not the URL of a bucket: {error}"))
}
