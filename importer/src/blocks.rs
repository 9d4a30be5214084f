//! Import of blocks of another Narthex: they are copied as they are.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use narthex_engine::block::BlockMeta;
use narthex_engine::{Engine, ImportLog};
use narthex_model::{Error, ErrorKind, Result, TimeRange};

use crate::piece_file::read_error;
use crate::{Progress, Report};

/// What every block has.
const META_FILE: &str = "meta.json";

/// The blocks of `source`: itself, those in it, or those of the data folder that it is. Blocks that were merged into another
/// one there are left out.
///
/// # Errors
/// `NotFound` if there is no block, `Corrupt` if one cannot say what it is.
pub fn find_blocks(source: &Path) -> Result<Vec<(PathBuf, BlockMeta)>> {
    let folders = if source.join(META_FILE).exists() {
        vec![source.to_owned()]
    } else if source.join("blocks").is_dir() {
        subfolders(&source.join("blocks"))?
    } else {
        subfolders(source)?
    };
    let metas = folders.into_iter().map(|path| {
        let meta = BlockMeta::read(&path)?;
        Ok((path, meta))
    });
    let mut blocks = metas.collect::<Result<Vec<_>>>()?;
    let merged: HashSet<String> = blocks
        .iter()
        .flat_map(|(_, meta)| meta.source.parents.iter().cloned())
        .collect();
    blocks.retain(|(_, meta)| !merged.contains(&meta.ulid.to_string()));
    if blocks.is_empty() {
        let message = format!("there is no block in {}", source.display());
        return Err(Error::new(ErrorKind::NotFound, message));
    }
    Ok(blocks)
}

fn subfolders(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder).map_err(|e| read_error(folder, e))?;
    let mut folders = Vec::new();
    for entry in entries {
        let path = entry.map_err(|e| read_error(folder, e))?.path();
        let is_block = path.extension().is_none() && path.join(META_FILE).exists();
        folders.extend(is_block.then_some(path));
    }
    folders.sort();
    Ok(folders)
}

/// Copies blocks that no earlier run has copied.
///
/// # Errors
/// `Corrupt` if a block is damaged; what the engine says. Blocks that were copied before stay.
pub fn run(
    engine: &Engine,
    log: &mut ImportLog<'_>,
    blocks: &[(PathBuf, BlockMeta)],
    progress: &dyn Progress,
) -> Result<Report> {
    let mut report = Report::default();
    progress.begin(blocks.iter().map(|(_, meta)| meta.samples).sum());
    let mut reached = 0;
    for (path, meta) in blocks {
        let name = format!("narthex/{}", meta.ulid);
        let range = TimeRange::new(meta.span.start, meta.span.end);
        let copied = match log.covers(&name, range) {
            true => None,
            false => engine.adopt_block(path)?,
        };
        match copied {
            Some(copied) => {
                report.samples += copied.samples;
                report.blocks += 1;
            }
            None => report.spans_skipped += 1,
        }
        log.add([(name, range)])?;
        reached += meta.samples;
        progress.reach(reached);
    }
    Ok(report)
}

#[cfg(test)]
mod tests {
    use narthex_engine::Options;

    use super::*;

    fn fixture() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../engine/tests/data/block-v1")
    }

    #[test]
    fn a_block_is_copied_once() {
        let blocks = find_blocks(&fixture()).expect("blocks");
        let folder = tempfile::tempdir().expect("a folder");
        let engine = Engine::open(folder.path(), Options::default(), None).expect("a store");
        let mut log = engine.import_log().expect("a log");
        let first = run(&engine, &mut log, &blocks, &()).expect("copied");
        let samples: u64 = blocks.iter().map(|(_, meta)| meta.samples).sum();
        assert_eq!(
            (first.samples, first.blocks),
            (samples, blocks.len() as u64)
        );
        let selection = engine
            .snapshot()
            .select(&[], TimeRange::ALL)
            .expect("a selection");
        assert!(!selection.is_empty());
        let again = run(&engine, &mut log, &blocks, &()).expect("nothing to do");
        assert_eq!((again.samples, again.blocks), (0, 0));
        engine.close().expect("closed");
    }
}
