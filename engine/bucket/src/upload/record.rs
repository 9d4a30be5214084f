//! `bucket.json` in the data folder: which blocks this store wrote to its bucket, so that it removes no others.
//!
//! A block is recorded before its first byte goes up, and forgotten after its last object is gone.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use narthex_model::{Error, Result};
use serde::{Deserialize, Serialize};
use ulid::Ulid;

/// Name of the file.
const FILE: &str = "bucket.json";
const VERSION: u32 = 1;

/// The record in memory and on disk.
#[derive(Debug)]
pub(super) struct Record {
    path: PathBuf,
    url: String,
    ours: BTreeSet<Ulid>,
}

#[derive(Serialize, Deserialize)]
struct Content {
    version: u32,
    url: String,
    blocks: Vec<String>,
}

impl Record {
    /// Reads the record in the data folder `folder` for the bucket at `url`. Without a file, or with one for another bucket,
    /// nothing was written there yet.
    ///
    /// # Errors
    /// `Corrupt` if it cannot be understood, `Unavailable` if it cannot be read.
    pub(super) fn open(folder: &Path, url: &str) -> Result<Self> {
        let path = folder.join(FILE);
        let bytes = match fs::read(&path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => None,
            read => Some(read.map_err(|e| {
                Error::unavailable(format!("cannot read {}", path.display())).with_source(e)
            })?),
        };
        let content = bytes.map(|bytes| decode(&path, &bytes)).transpose()?;
        let ours = content.filter(|content| content.url == url).map(|content| {
            let ulids = content.blocks.iter();
            ulids
                .filter_map(|text| Ulid::from_string(text).ok())
                .collect()
        });
        Ok(Self {
            path,
            url: url.to_owned(),
            ours: ours.unwrap_or_default(),
        })
    }

    /// The blocks.
    pub(super) fn ours(&self) -> &BTreeSet<Ulid> {
        &self.ours
    }

    /// Adds blocks; on disk before it returns.
    ///
    /// # Errors
    /// `Unavailable` if the file cannot be written; the blocks are then not added.
    pub(super) fn add(&mut self, blocks: impl IntoIterator<Item = Ulid>) -> Result<()> {
        let mut ours = self.ours.clone();
        ours.extend(blocks);
        self.replace(ours)
    }

    /// Takes blocks out.
    ///
    /// # Errors
    /// As [`Record::add`].
    pub(super) fn forget(&mut self, blocks: &[Ulid]) -> Result<()> {
        let kept = self
            .ours
            .iter()
            .filter(|ulid| !blocks.contains(ulid))
            .copied();
        self.replace(kept.collect())
    }

    fn replace(&mut self, ours: BTreeSet<Ulid>) -> Result<()> {
        if ours == self.ours {
            return Ok(());
        }
        let content = Content {
            version: VERSION,
            url: self.url.clone(),
            blocks: ours.iter().map(Ulid::to_string).collect(),
        };
        let bytes = serde_json::to_vec_pretty(&content)
            .map_err(|e| Error::internal("cannot write the record of uploads").with_source(e))?;
        write(&self.path, &bytes).map_err(|e| {
            Error::unavailable(format!("cannot write {}", self.path.display())).with_source(e)
        })?;
        self.ours = ours;
        Ok(())
    }
}

fn decode(path: &Path, bytes: &[u8]) -> Result<Content> {
    let damaged = || {
        format!(
            "{} is damaged; remove it to begin a new record",
            path.display()
        )
    };
    let content: Content =
        serde_json::from_slice(bytes).map_err(|e| Error::corrupt(damaged()).with_source(e))?;
    match content.version {
        VERSION => Ok(content),
        version => Err(Error::invalid(format!(
            "{} has version {version}, this program reads {VERSION}; use a newer program",
            path.display()
        ))),
    }
}

/// Old content or new, whole, whatever happens.
fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let unfinished = path.with_extension("json.tmp");
    let mut file = File::create(&unfinished)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&unfinished, path)?;
    path.parent()
        .map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_recorded_is_there_after_a_restart_for_the_same_bucket() {
        let folder = tempfile::tempdir().expect("made");
        let mut record = Record::open(folder.path(), "s3://a").expect("opens");
        record.add([Ulid(1), Ulid(2), Ulid(3)]).expect("written");
        record.forget(&[Ulid(2)]).expect("written");
        let record = Record::open(folder.path(), "s3://a").expect("opens");
        assert_eq!(record.ours(), &BTreeSet::from([Ulid(1), Ulid(3)]));
        let other = Record::open(folder.path(), "s3://b").expect("opens");
        assert!(other.ours().is_empty());
        fs::write(folder.path().join(FILE), "{").expect("written");
        assert!(Record::open(folder.path(), "s3://a").is_err_and(|e| e.to_string().contains(FILE)));
    }
}
