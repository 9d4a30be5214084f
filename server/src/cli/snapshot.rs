//! `narthex snapshot`: a copy of the store that can be opened, moved away, kept.

use std::path::Path;

use clap::Args;
use narthex_engine::{CopiedHead, Engine, Options};
use narthex_model::{Error, Result};
use serde::Deserialize;

use super::output::print;
use super::remote;
use super::source::{Source, SourceArguments};

pub(crate) const EXAMPLES: &str = "Examples:
  narthex snapshot --url http://127.0.0.1:9090
  narthex snapshot --storage.path ./narthex-data
  narthex serve --storage.path ./narthex-data/snapshots/20260131T120000Z-6c1f0e6d2b3a4958

The copy lies in the folder snapshots of the data folder. Its blocks are hard links: they take room only once the store has
dropped them. The server must run with --web.enable-admin-api; a data folder must not be in use.";

/// What `snapshot` takes.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    source: SourceArguments,

    /// Leave out the samples that are not in blocks yet
    #[arg(long)]
    skip_head: bool,
}

#[derive(Deserialize)]
struct Envelope {
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    name: String,
}

/// Runs the command.
///
/// # Errors
/// There is no store or server, or the disk is full or failing.
pub(crate) async fn run(arguments: &Arguments) -> Result<()> {
    let name = match arguments.source.source() {
        Source::Url(url) => ask(url, arguments.skip_head).await?,
        Source::Folder(path) => copy(path, arguments.skip_head)?,
    };
    print(&format!("snapshots/{name}\n"))
}

fn copy(path: &Path, skip_head: bool) -> Result<String> {
    if !path.exists() {
        return Err(Error::invalid(format!(
            "no store in folder {}",
            path.display()
        )));
    }
    let engine = Engine::open(path, Options::default(), None)?;
    let head = if skip_head {
        CopiedHead::LeftOut
    } else {
        CopiedHead::Included
    };
    let name = engine.copy(head)?;
    engine.close()?;
    Ok(name)
}

async fn ask(url: &str, skip_head: bool) -> Result<String> {
    let skip_head = if skip_head { "true" } else { "false" };
    let form = [("skip_head", skip_head)];
    let response = remote::post(url, "/api/v1/admin/tsdb/snapshot", &form, remote::JSON).await?;
    let body = remote::body(url, response).await?;
    let envelope: Envelope = serde_json::from_slice(&body).map_err(|e| {
        Error::invalid("the answer names no snapshot; is this a Prometheus API?").with_source(e)
    })?;
    Ok(envelope.data.name)
}
