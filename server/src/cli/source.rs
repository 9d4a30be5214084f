//! Whom a query asks: a server, or a data folder without any server.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use narthex_bucket::CacheOptions;
use narthex_engine::Engine;
use narthex_model::Result;
use narthex_sql::{Database, DatabaseOptions};

use crate::storage::open_for_queries;

/// `--url` or `--storage.path`, exactly one.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct SourceArguments {
    /// Ask the server at this address
    #[arg(long, value_name = "URL")]
    pub(crate) url: Option<String>,

    /// Read this data folder, on which a server may be running, or this bucket: s3://…, gs://…, az://…, file:///…
    #[arg(long = "storage.path", value_name = "DIR|URL")]
    pub(crate) storage_path: Option<PathBuf>,
}

/// A checked [`SourceArguments`].
pub(crate) enum Source<'a> {
    /// A server.
    Url(&'a str),
    /// A data folder.
    Folder(&'a Path),
}

impl SourceArguments {
    /// The one that was given.
    pub(crate) fn source(&self) -> Source<'_> {
        match (&self.url, &self.storage_path) {
            (Some(url), _) => Source::Url(url.trim_end_matches('/')),
            (None, path) => Source::Folder(path.as_deref().unwrap_or(Path::new(""))),
        }
    }
}

/// Opens a folder or a bucket for queries alone.
///
/// # Errors
/// `NotFound` if there is no store, `Corrupt` if it is damaged.
pub(crate) fn open(path: &Path) -> Result<Database> {
    open_store(path).map(|(_, database)| database)
}

/// As [`open`], with the engine below the database.
///
/// # Errors
/// As [`open`].
pub(crate) fn open_store(path: &Path) -> Result<(Arc<Engine>, Database)> {
    let (engine, _) = open_for_queries(path, CacheOptions::default())?;
    let database = database_of(&engine);
    Ok((engine, database))
}

/// A database over `engine` that uses all cores.
pub(crate) fn database_of(engine: &Arc<Engine>) -> Database {
    let partitions = std::thread::available_parallelism().map_or(2, usize::from);
    let options = DatabaseOptions {
        partitions,
        ..DatabaseOptions::default()
    };
    Database::new(engine.clone(), options)
}
