//! One round: looks at both sides, uploads, then removes.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use narthex_engine::Engine;
use narthex_engine::block::BlockMeta;
use narthex_model::{Error, Result, TimestampMs};
use parking_lot::Mutex;
use ulid::Ulid;

use super::file::{LocalFile, Upload};
use super::plan::{Known, Plan, note_gone, plan};
use super::record::Record;
use crate::bucket::{Bucket, META_FILE};
use crate::client::Client;
use crate::counters::UploadStats;

/// The two sides, and what is remembered between rounds.
pub(super) struct Sides {
    pub(super) engine: Arc<Engine>,
    pub(super) bucket: Bucket,
    /// The data folder.
    pub(super) folder: PathBuf,
    pub(super) record: Record,
    /// What was in the bucket when it was last listed, and what happened since; `None` if that is not known for sure.
    pub(super) there: Option<BTreeMap<Ulid, bool>>,
    /// The tombstones that are in the bucket.
    pub(super) tombstones: Option<Bytes>,
    pub(super) gone: BTreeMap<Ulid, TimestampMs>,
    pub(super) grace_ms: i64,
    pub(super) now: fn() -> TimestampMs,
    pub(super) stats: Arc<Mutex<UploadStats>>,
}

impl Sides {
    /// Makes the bucket as the store is.
    ///
    /// # Errors
    /// `Unavailable` if the bucket does not answer, `Corrupt` if a block here is damaged. The next round begins anew.
    pub(super) async fn round(&mut self) -> Result<()> {
        let stored = self.engine.stored_blocks();
        let here: BTreeMap<Ulid, (PathBuf, BlockMeta)> = stored
            .blocks
            .iter()
            .cloned()
            .map(|(path, meta)| (meta.ulid, (path, meta)))
            .collect();
        let there = self.there().await?;
        let plan = self.plan(&here.keys().copied().collect(), &there)?;
        self.note_waiting(&plan, &here);
        let before = self.tombstones.clone();
        let all = stored.tombstones(before.as_deref())?;
        self.put_tombstones(all).await?;
        for ulid in &plan.upload {
            let block = here.get(ulid);
            let sent = match block {
                Some((path, meta)) => self.upload(path, meta).await?,
                None => true,
            };
            if !sent {
                // Nothing may be removed before what took its place is there: that is for the next round.
                return Ok(());
            }
        }
        for ulid in plan.remove {
            if !self.is_aside(ulid) {
                self.remove(ulid).await?;
            }
        }
        if self.gone.is_empty() {
            // Every block that counts is of the moment of these deletes.
            let now = stored.tombstones(None)?;
            self.put_tombstones(now).await?;
        }
        self.stats.lock().last_success_ms = (self.now)();
        Ok(())
    }

    /// A damaged block is not among the store's, but it is not gone either, and its copy may be the only good one.
    fn is_aside(&self, ulid: Ulid) -> bool {
        let name = ulid.to_string();
        ["blocks", "damaged"]
            .iter()
            .any(|folder| self.folder.join(folder).join(&name).exists())
    }

    async fn put_tombstones(&mut self, tombstones: Vec<u8>) -> Result<()> {
        let tombstones = Bytes::from(tombstones);
        if self.tombstones.as_ref() == Some(&tombstones) {
            return Ok(());
        }
        let (bucket, patience) = (&self.bucket, self.bucket.options.write);
        let path = bucket.tombstones_path();
        bucket
            .client
            .put(&path, tombstones.clone(), patience)
            .await?;
        self.tombstones = Some(tombstones);
        Ok(())
    }

    async fn there(&mut self) -> Result<BTreeMap<Ulid, bool>> {
        if let Some(there) = &self.there {
            return Ok(there.clone());
        }
        self.bucket.mark().await?;
        self.tombstones = self
            .bucket
            .read_tombstones(self.bucket.options.write)
            .await?;
        let blocks = self.bucket.objects(self.bucket.options.write).await?;
        let complete =
            |(ulid, objects): (Ulid, BTreeMap<_, _>)| (ulid, objects.contains_key(META_FILE));
        let there: BTreeMap<_, _> = blocks.into_iter().map(complete).collect();
        self.there = Some(there.clone());
        Ok(there)
    }

    /// Decides, and records which blocks are ours before anything is sent.
    fn plan(&mut self, here: &BTreeSet<Ulid>, there: &BTreeMap<Ulid, bool>) -> Result<Plan> {
        let ours = self.record.ours();
        let nowhere = |ulid: &&Ulid| !here.contains(*ulid) && !there.contains_key(*ulid);
        let nowhere: Vec<Ulid> = ours.iter().filter(nowhere).copied().collect();
        self.record.forget(&nowhere)?;
        self.record.add(here.iter().copied())?;
        note_gone(&mut self.gone, here, self.record.ours(), (self.now)());
        Ok(plan(Known {
            here,
            there,
            ours: self.record.ours(),
            gone: &self.gone,
            now_ms: (self.now)(),
            grace_ms: self.grace_ms,
        }))
    }

    fn note_waiting(&self, plan: &Plan, here: &BTreeMap<Ulid, (PathBuf, BlockMeta)>) {
        let bytes = |ulid: &Ulid| here.get(ulid).map_or(0, |(_, meta)| bytes_of(meta));
        let mut stats = self.stats.lock();
        stats.blocks_waiting = plan.upload.len() as u64;
        stats.bytes_waiting = plan.upload.iter().map(bytes).sum();
    }

    /// All files, the description last: with it the block is there. `false` if it was merged or removed meanwhile.
    async fn upload(&mut self, path: &Path, meta: &BlockMeta) -> Result<bool> {
        self.there.get_or_insert_default().insert(meta.ulid, false);
        match self.send_files(path, meta).await {
            Ok(()) => {}
            Err(_) if !path.exists() => return Ok(false),
            Err(error) => return Err(error),
        }
        self.there.get_or_insert_default().insert(meta.ulid, true);
        tracing::info!(block = %meta.ulid, bytes = bytes_of(meta), "uploaded a block");
        let mut stats = self.stats.lock();
        stats.blocks_uploaded += 1;
        stats.blocks_waiting = stats.blocks_waiting.saturating_sub(1);
        stats.bytes_waiting = stats.bytes_waiting.saturating_sub(bytes_of(meta));
        Ok(true)
    }

    async fn send_files(&self, path: &Path, meta: &BlockMeta) -> Result<()> {
        let (client, patience) = (&self.bucket.client, self.bucket.options.write);
        let part_bytes = self.bucket.options.part_bytes;
        for (name, expected) in &meta.files {
            let file = LocalFile::open(&path.join(name), part_bytes, Some(expected))?;
            let to = self.bucket.object(meta.ulid, name);
            Upload {
                client,
                file,
                to,
                patience,
            }
            .send()
            .await?;
        }
        self.check_sizes(meta).await?;
        let file = LocalFile::open(&path.join(META_FILE), part_bytes, None)?;
        let to = self.bucket.object(meta.ulid, META_FILE);
        Upload {
            client,
            file,
            to,
            patience,
        }
        .send()
        .await
    }

    /// Before it becomes visible, the bucket must say that everything arrived.
    async fn check_sizes(&self, meta: &BlockMeta) -> Result<()> {
        let (bucket, patience) = (&self.bucket, self.bucket.options.write);
        let found = bucket
            .client
            .list(&bucket.block(meta.ulid), patience)
            .await?;
        for (name, expected) in &meta.files {
            let path = bucket.object(meta.ulid, name);
            let size = found
                .iter()
                .find(|object| object.location == path)
                .map(|object| object.size);
            if size != Some(expected.bytes) {
                let shown = bucket.client.location.show(&path);
                return Err(Error::unavailable(format!(
                    "{shown} has {size:?} bytes after the upload instead of {}; it is sent again",
                    expected.bytes
                )));
            }
        }
        Ok(())
    }

    /// The description first: without it the block is there no more.
    async fn remove(&mut self, ulid: Ulid) -> Result<()> {
        let (client, patience) = (self.bucket.client.clone(), self.bucket.options.write);
        client
            .remove(&self.bucket.object(ulid, META_FILE), patience)
            .await?;
        let left = client.list(&self.bucket.block(ulid), patience).await?;
        Client::for_each(left, 4, |object| {
            let client = client.clone();
            async move { client.remove(&object.location, patience).await }
        })
        .await?;
        self.there.get_or_insert_default().remove(&ulid);
        self.gone.remove(&ulid);
        self.record.forget(&[ulid])?;
        tracing::info!(block = %ulid, "removed a block from the bucket that is no longer in the store");
        self.stats.lock().blocks_removed += 1;
        Ok(())
    }
}

fn bytes_of(meta: &BlockMeta) -> u64 {
    meta.files.values().map(|file| file.bytes).sum()
}
