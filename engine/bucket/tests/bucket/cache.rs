//! What was read is not fetched again, and what many want is fetched once.

use std::sync::{Arc, Barrier};

use narthex_bucket::CacheOptions;
use narthex_engine::Engine;
use narthex_faulty::Request;

use crate::support::{World, read, read_all, write_noise};

fn filled() -> World {
    let world = World::new();
    write_noise(&world.engine, 0, 6);
    world.engine.flush().expect("flushed");
    world.engine.compact().expect("merged");
    world.uploader().round().expect("goes well");
    world
}

fn is_read(request: &&Request) -> bool {
    request.method == "GET" && request.target.contains(".parquet")
}

#[test]
fn a_second_read_and_parallel_reads_send_nothing_twice() {
    let world = filled();
    let reader = world.reader().expect("opens");
    let expected = read_all(&world.engine);
    let begin = Barrier::new(8);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                begin.wait();
                assert!(read(&reader.snapshot()).expect("reads") == expected);
            });
        }
    });
    assert!(read_all(&reader) == expected);
    let seen = world.faults.seen();
    let reads: Vec<_> = seen.iter().filter(is_read).collect();
    let bucket_bytes: u64 = world
        .engine
        .blocks()
        .iter()
        .flat_map(|(_, m)| m.files.values())
        .map(|f| f.bytes)
        .sum();
    assert!(
        bucket_bytes > 256 << 10,
        "{bucket_bytes} bytes are too few to tell"
    );
    assert!(reads.len() <= 2 + 2 * 3, "{reads:?}");
}

#[test]
fn a_disk_cache_outlives_the_process_and_stays_within_its_bound() {
    let world = filled();
    let expected = read_all(&world.engine);
    let folder = world.folder.path().join("cache");
    let mut reads = Vec::new();
    for bytes_max in [64 << 20, 64 << 20, 200 << 10] {
        let before = world.faults.seen().len();
        let bucket = world.bucket_with(CacheOptions {
            memory_bytes_max: 0,
            disk: Some((folder.clone(), bytes_max)),
        });
        let reader = Engine::open_blocks(Arc::new(bucket.clone())).expect("opens");
        assert!(read_all(&reader) == expected);
        let seen = world.faults.seen();
        reads.push(seen.iter().skip(before).filter(is_read).count());
        assert!(bucket.stats().disk_bytes <= bytes_max);
        drop((reader, bucket));
    }
    assert!(reads[0] > 0 && reads[2] > 0, "{reads:?}");
    assert!(reads[1] < reads[0], "{reads:?}");
}
