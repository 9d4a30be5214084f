//! Copies of a store are stores.

use narthex_model::{Matcher, TimeRange};

use super::support::{open, read_all, write};
use crate::{CopiedHead, MetricContents, inspect_block, list_blocks, verify};

#[test]
fn a_copy_is_what_was_stored_then() {
    let folder = tempfile::tempdir().expect("made");
    let engine = open(folder.path());
    write(&engine, &[(0, 100, 1.0), (1, 100, 2.0), (3, 200, 2.5)]);
    engine.flush().expect("flushes");
    let matcher = vec![vec![Matcher::equal("job", "job 3")]];
    engine.delete(&matcher, TimeRange::ALL).expect("deletes");
    write(&engine, &[(0, 1_100, 3.0)]);
    let blocks_alone = engine.copy(CopiedHead::LeftOut).expect("copies");
    assert_eq!((engine.stats().head_samples, engine.stats().blocks), (1, 1));
    let then = read_all(&engine);
    let whole = engine.copy(CopiedHead::Included).expect("copies");
    write(&engine, &[(0, 2_100, 4.0)]);
    engine
        .delete(&[vec![Matcher::equal("job", "job 1")]], TimeRange::ALL)
        .expect("deletes");
    engine
        .flush()
        .and_then(|()| engine.compact())
        .expect("merges");
    let copies = folder.path().join("snapshots");
    let copy = copies.join(&whole);
    assert_eq!(read_all(&open(&copy)), then);
    let metas = list_blocks(&copy).expect("lists");
    assert_eq!(metas.len(), 2);
    let inside = inspect_block(&copy, &metas[0].ulid.to_string()).expect("looks");
    let columns = inside
        .columns
        .iter()
        .filter(|c| c.file == "samples.parquet");
    let names: Vec<_> = columns.clone().map(|c| c.name.as_str()).collect();
    assert_eq!(names, ["series", "timestamp", "mantissa", "value"]);
    assert!(
        columns
            .clone()
            .all(|c| c.pages == 1 && c.row_groups == 1 && c.bytes > 0)
    );
    assert!(
        columns
            .clone()
            .any(|c| c.encodings == "DELTA_BINARY_PACKED ZSTD(ZstdLevel(1))")
    );
    assert_eq!(
        inside.metrics[0],
        MetricContents {
            name: "metric_0".to_owned(),
            series: 2,
            samples: 2
        }
    );
    assert!(inspect_block(&copy, "..").is_err());
    assert_eq!(verify(&copy).expect("reads").damaged, vec![]);
    let samples = read_all(&open(&copies.join(&blocks_alone)));
    assert_eq!(
        samples
            .values()
            .map(std::collections::BTreeMap::len)
            .sum::<usize>(),
        2
    );
    assert_eq!(std::fs::read_dir(&copies).expect("listed").count(), 2);
    assert!(whole.len() == 33 && whole.contains("Z-"), "{whole}");
}
