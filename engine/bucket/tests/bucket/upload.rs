//! What is in the store comes to be in the bucket, whole or not at all, and goes when it goes.

use narthex_bucket::CacheOptions;
use narthex_faulty::Fault;
use narthex_model::{ErrorKind, Matcher, TimeRange};

use crate::support::{World, open, read, read_all, same, write, write_noise};

#[test]
fn a_reader_of_the_bucket_sees_what_the_writer_has_in_blocks() {
    let world = World::new();
    let refused = world.reader().map(|_| ()).expect_err("nothing is there");
    assert_eq!(refused.kind(), ErrorKind::NotFound);
    assert!(
        refused.to_string().contains("s3://metrics/some/prefix"),
        "{refused}"
    );

    let uploader = world.uploader();
    uploader.round().expect("goes well");
    let reader = world.reader().expect("opens");
    assert!(read_all(&reader).is_empty());

    write_noise(&world.engine, 0, 3);
    world.engine.flush().expect("flushed");
    uploader.round().expect("goes well");
    assert!(read_all(&reader).is_empty(), "it has not looked again");
    reader.refresh().expect("looks again");
    assert!(same(&reader, &world.engine));
    assert_eq!(reader.blocks().len(), 3);
    let stats = uploader.stats();
    assert_eq!(
        (stats.blocks_uploaded, stats.blocks_waiting, stats.failures),
        (3, 0, 0)
    );

    let refused =
        futures::executor::block_on(narthex_model::Sink::write(&*reader, Default::default()));
    assert!(refused.is_err_and(|e| e.to_string().contains("queries alone")));
}

#[test]
fn merged_blocks_take_the_place_of_their_parents() {
    let world = World::new();
    let uploader = world.uploader();
    write_noise(&world.engine, 0, 4);
    world.engine.flush().expect("flushed");
    uploader.round().expect("goes well");
    let nothing_kept = CacheOptions {
        memory_bytes_max: 0,
        disk: None,
    };
    let reader = world.reader_with(nothing_kept).expect("opens");
    let before = reader.snapshot();

    world.engine.compact().expect("merged");
    uploader.round().expect("goes well");
    let newer = world.reader().expect("opens");
    assert_eq!(newer.blocks().len(), 1);
    assert!(same(&newer, &world.engine));
    uploader.round().expect("goes well");
    assert_eq!(uploader.stats().blocks_removed, 4);

    let gone = read(&before).map(|_| ()).expect_err("its blocks are gone");
    assert_eq!(gone.kind(), ErrorKind::NotFound, "{gone}");
    reader.refresh().expect("looks again");
    assert!(same(&reader, &world.engine));
}

#[test]
fn half_a_block_is_never_seen() {
    let world = World::new();
    let uploader = world.uploader();
    write_noise(&world.engine, 0, 1);
    world.engine.flush().expect("flushed");
    uploader.round().expect("goes well");
    // So far away that the two are not merged.
    write_noise(&world.engine, 200, 201);
    world.engine.flush().expect("flushed");
    for file in ["series.parquet", "meta.json"] {
        world
            .faults
            .set(move |request| match request.method.as_str() {
                "PUT" if request.target.contains(file) => Fault::Status(500),
                _ => Fault::None,
            });
        assert!(uploader.round().is_err());
        assert_eq!(world.reader().expect("opens").blocks().len(), 1);
    }
    world.faults.set(|_| Fault::None);
    uploader.round().expect("goes well");
    let reader = world.reader().expect("opens");
    assert!(same(&reader, &world.engine));
}

#[test]
fn what_left_the_store_while_nobody_uploaded_leaves_the_bucket_and_what_is_not_ours_stays() {
    let world = World::new();
    let uploader = world.uploader();
    write(&world.engine, &[(1, 10, 1.0), (1, 1010, 2.0)]);
    world.engine.flush().expect("flushed");
    uploader.round().expect("goes well");
    uploader.stop().expect("all is there");
    world.engine.close().expect("closed");
    let (first, _) = world.engine.blocks().swap_remove(0);
    std::fs::remove_dir_all(&first).expect("removed");

    let engine = open(&world.data());
    let uploader = world.uploader_of(&engine);
    uploader.round().expect("goes well");
    assert!(same(&world.reader().expect("opens"), &engine));

    // A new, empty data folder beside an old bucket.
    let elsewhere = world.folder.path().join("elsewhere");
    let empty = open(&elsewhere);
    let options = narthex_bucket::UploadOptions {
        removal_delay: std::time::Duration::ZERO,
        ..narthex_bucket::UploadOptions::new(|| 0)
    };
    let other = narthex_bucket::Uploader::start(world.bucket(), empty, &elsewhere, options);
    other.expect("starts").round().expect("goes well");
    assert!(same(&world.reader().expect("opens"), &engine));
}

#[test]
fn a_damaged_block_is_not_uploaded() {
    let world = World::new();
    write_noise(&world.engine, 0, 1);
    world.engine.flush().expect("flushed");
    let (folder, _) = world.engine.blocks().swap_remove(0);
    let path = folder.join("samples.parquet");
    let mut bytes = std::fs::read(&path).expect("read");
    bytes[100] ^= 1;
    std::fs::write(&path, bytes).expect("written");
    let uploader = world.uploader();
    let refused = uploader.round().expect_err("damaged");
    assert_eq!(refused.kind(), ErrorKind::Corrupt);
    assert!(refused.to_string().contains("samples.parquet"), "{refused}");
    assert!(world.reader().expect("opens").blocks().is_empty());
}

#[test]
fn what_was_deleted_is_not_seen_by_readers_before_and_after_it_is_done() {
    let world = World::new();
    let uploader = world.uploader();
    write_noise(&world.engine, 0, 2);
    world.engine.flush().expect("flushed");
    uploader.round().expect("goes well");
    let reader = world.reader().expect("opens");

    let one = vec![vec![Matcher::equal("job", "job 7")]];
    world.engine.delete(&one, TimeRange::ALL).expect("deleted");
    uploader.round().expect("goes well");
    assert!(!same(&reader, &world.engine), "it has not looked again");
    reader.refresh().expect("looks again");
    assert!(same(&reader, &world.engine));

    world.engine.compact().expect("done for good");
    for _ in 0..2 {
        uploader.round().expect("goes well");
        reader.refresh().expect("looks again");
        assert!(same(&reader, &world.engine));
        assert!(same(&world.reader().expect("opens"), &world.engine));
    }
}
