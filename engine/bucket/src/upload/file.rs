//! Uploads one file, in parts if it is large, and makes sure that what went up is what was written once.

use std::fs::File;
use std::future::Future;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use futures::stream::{self, TryStreamExt};
use narthex_engine::block::FileMeta;
use narthex_model::{Error, Result};
use object_store::multipart::PartId;
use object_store::path::Path as ObjectPath;
use object_store::{MultipartId, ObjectStoreExt, PutPayload};

use crate::client::Client;
use crate::counters::add;
use crate::limits::PARTS_AT_ONCE;
use crate::location::PartStore;
use crate::retry::Patience;

/// A file to upload.
pub(super) struct Upload<'a> {
    pub(super) client: &'a Client,
    pub(super) file: LocalFile,
    pub(super) to: ObjectPath,
    pub(super) patience: Patience,
}

impl Upload<'_> {
    /// Sends it.
    ///
    /// # Errors
    /// `Corrupt` if the file is not what its block says, and then it is not in the bucket; `Unavailable` if the bucket does not
    /// take it.
    pub(super) async fn send(self) -> Result<()> {
        if self.file.size <= self.file.part_bytes {
            let bytes = self.file.part(0).await?;
            self.file.check(crc32c::crc32c(&bytes))?;
            return self.client.put(&self.to, bytes, self.patience).await;
        }
        match &self.client.location.parts {
            Some(parts) => self.send_parts(parts.as_ref()).await,
            None => self.copy().await,
        }
    }

    /// Each part is tried again by itself.
    async fn send_parts(&self, store: &dyn PartStore) -> Result<()> {
        let (client, to) = (self.client, &self.to);
        let create = || store.create_multipart(to);
        let id = client
            .send("begin to write", to, self.patience, create)
            .await?;
        let put = |(number, bytes): (u64, Bytes)| {
            let id = &id;
            async move {
                let length = bytes.len() as u64;
                let put = || {
                    store.put_part(
                        to,
                        id,
                        number as usize,
                        PutPayload::from_bytes(bytes.clone()),
                    )
                };
                let part = client
                    .send("write a part of", to, self.patience, put)
                    .await?;
                add(&client.counters.bytes_written, length);
                Ok::<_, Error>(part)
            }
        };
        let sent: Result<Vec<_>> = self
            .read_parts()
            .map_ok(put)
            .try_buffered(PARTS_AT_ONCE)
            .try_collect()
            .await;
        let done = match sent {
            Ok(parts) => self.complete(store, &id, parts).await,
            Err(error) => Err(error),
        };
        if done.is_err() {
            // Parts that stay behind are invisible; buckets can be told to remove them by age.
            let _ = store.abort_multipart(to, &id).await;
        }
        done
    }

    /// When the answer to the first attempt is lost, the second one finds no upload any more: the object is there then.
    async fn complete(
        &self,
        store: &dyn PartStore,
        id: &MultipartId,
        parts: Vec<PartId>,
    ) -> Result<()> {
        let (client, to) = (self.client, &self.to);
        let complete = || store.complete_multipart(to, id, parts.clone());
        let done = client
            .send("finish writing", to, self.patience, complete)
            .await;
        match done {
            Ok(_) => Ok(()),
            Err(error) => match client.location.objects.head(to).await {
                Ok(there) if there.size == self.file.size => Ok(()),
                _ => Err(error),
            },
        }
    }

    /// To a folder: part after part. It becomes visible with the last one.
    async fn copy(&self) -> Result<()> {
        let failed = |e| {
            Error::unavailable(format!(
                "cannot write {}",
                self.client.location.show(&self.to)
            ))
            .with_source(e)
        };
        let mut target = self
            .client
            .location
            .objects
            .put_multipart(&self.to)
            .await
            .map_err(failed)?;
        let mut parts = std::pin::pin!(self.read_parts());
        while let Some((_, bytes)) = parts.try_next().await? {
            add(&self.client.counters.bytes_written, bytes.len() as u64);
            target
                .put_part(PutPayload::from_bytes(bytes))
                .await
                .map_err(failed)?;
        }
        target.complete().await.map_err(failed)?;
        Ok(())
    }

    /// The parts with their numbers, in order; an error at the end if they are not what was written once.
    fn read_parts(&self) -> impl stream::Stream<Item = Result<(u64, Bytes)>> {
        let file = &self.file;
        stream::try_unfold((0_u64, 0_u32), move |(number, crc32c)| async move {
            if number == file.parts() {
                return file.check(crc32c).map(|()| None);
            }
            let bytes = file.part(number).await?;
            let crc32c = crc32c::crc32c_append(crc32c, &bytes);
            Ok(Some(((number, bytes), (number + 1, crc32c))))
        })
    }
}

/// A file of a block on this machine, and what its block says about it.
#[derive(Debug)]
pub(super) struct LocalFile {
    file: Arc<File>,
    path: PathBuf,
    size: u64,
    /// It is read in parts of this size.
    part_bytes: u64,
    /// Of all bytes, if it is known.
    crc32c: Option<u32>,
}

impl LocalFile {
    /// Opens the file.
    ///
    /// # Errors
    /// `Corrupt` if its size is not what its block says, `Unavailable` if it cannot be read.
    pub(super) fn open(path: &Path, part_bytes: u64, expected: Option<&FileMeta>) -> Result<Self> {
        let open = || {
            let file = File::open(path)?;
            let size = file.metadata()?.len();
            Ok((file, size))
        };
        let (file, size) = open().map_err(|e: std::io::Error| unreadable(path).with_source(e))?;
        let this = Self {
            file: Arc::new(file),
            path: path.to_owned(),
            size,
            part_bytes: part_bytes.max(1),
            crc32c: expected.map(|meta| meta.crc32c),
        };
        match expected {
            Some(meta) if meta.bytes != size => Err(this.damaged()),
            _ => Ok(this),
        }
    }

    fn parts(&self) -> u64 {
        self.size.div_ceil(self.part_bytes)
    }

    fn part(&self, number: u64) -> impl Future<Output = Result<Bytes>> + use<> {
        let start = number * self.part_bytes;
        let length = self.size.saturating_sub(start).min(self.part_bytes) as usize;
        let (file, path) = (self.file.clone(), self.path.clone());
        let read = tokio::task::spawn_blocking(move || {
            let mut bytes = vec![0; length];
            file.read_exact_at(&mut bytes, start)
                .map(|()| Bytes::from(bytes))
        });
        async move {
            match read.await {
                Ok(read) => read.map_err(|e| unreadable(&path).with_source(e)),
                Err(e) => Err(unreadable(&path).with_source(e)),
            }
        }
    }

    fn check(&self, crc32c: u32) -> Result<()> {
        match self.crc32c {
            Some(expected) if expected != crc32c => Err(self.damaged()),
            _ => Ok(()),
        }
    }

    fn damaged(&self) -> Error {
        Error::corrupt(format!(
            "{} is not what was written once, it is not uploaded; run narthex verify",
            self.path.display()
        ))
    }
}

fn unreadable(path: &Path) -> Error {
    Error::unavailable(format!("cannot read {}", path.display()))
}
