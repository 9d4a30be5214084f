//! Networks and servers on bad days: answers are right or there is an error in time, and writers go on.

use std::time::{Duration, Instant};

use narthex_bucket::CacheOptions;
use narthex_faulty::Fault;
use narthex_model::ErrorKind;

use crate::support::{World, patience, read, read_all, same, write, write_noise};

const PASSING: [Fault; 7] = [
    Fault::Status(500),
    Fault::Status(503),
    Fault::Refused,
    Fault::Truncated(0),
    Fault::Truncated(400),
    Fault::Unanswered,
    Fault::Late(Duration::from_millis(20)),
];

#[test]
fn faults_that_pass_change_no_answer() {
    let world = World::new();
    write_noise(&world.engine, 0, 2);
    world.engine.flush().expect("flushed");
    for every in [2, 3] {
        world
            .faults
            .set(move |request| match request.number % every {
                0 => PASSING[(request.number / every) as usize % PASSING.len()],
                _ => Fault::None,
            });
        let uploader = world.uploader();
        uploader.round().expect("goes well in the end");
        let reader = world.reader().expect("opens in the end");
        assert!(same(&reader, &world.engine));
    }
}

#[test]
fn large_files_go_up_in_parts_that_are_tried_again_one_by_one() {
    let world = World::new();
    write_noise(&world.engine, 0, 80);
    world.engine.flush().expect("flushed");
    world.engine.compact().expect("merged");
    let (_, merged) = world.engine.blocks().swap_remove(0);
    let bytes = merged.files["samples.parquet"].bytes;
    assert!(bytes > 5 << 20, "{bytes} bytes are one part");
    let mut failed = false;
    world.faults.set(
        move |request| match request.target.contains("partNumber=2&") && !failed {
            true => {
                failed = true;
                Fault::Status(500)
            }
            false => Fault::None,
        },
    );
    world.patient_uploader().round().expect("goes well");
    let seen = world.faults.seen();
    let parts = |number: u32| {
        let part = format!("partNumber={number}&");
        seen.iter()
            .filter(|request| request.target.contains(&part))
            .count()
    };
    assert!(
        parts(1) >= 1 && parts(2) == parts(1) + 1,
        "{} {}",
        parts(1),
        parts(2)
    );
    assert!(same(&world.reader().expect("opens"), &world.engine));
}

#[test]
fn a_bucket_that_is_away_harms_neither_writes_nor_queries_and_errors_come_in_time() {
    let world = World::new();
    let uploader = world.uploader();
    write(&world.engine, &[(1, 10, 1.0)]);
    world.engine.flush().expect("flushed");
    uploader.round().expect("goes well");
    let nothing_kept = CacheOptions {
        memory_bytes_max: 0,
        disk: None,
    };
    let reader = world.reader_with(nothing_kept).expect("opens");

    for fault in [Fault::Silent, Fault::Status(503)] {
        world.faults.set(move |_| fault);
        let begin = Instant::now();
        let error = uploader.round().expect_err("nobody answers");
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        assert!(
            error.to_string().contains("s3://metrics/some/prefix"),
            "{error}"
        );
        write(&world.engine, &[(1, 20, 2.0), (2, 200_010, 3.0)]);
        assert_eq!(read_all(&world.engine).len(), 2);
        assert!(reader.refresh().is_err());
        let read = read(&reader.snapshot()).map(|_| ());
        assert!(read.is_err_and(
            |e| e.kind() == ErrorKind::Unavailable && e.to_string().contains("samples.parquet")
        ));
        let longest = patience().total * 3 + Duration::from_secs(2);
        assert!(begin.elapsed() < longest, "{:?}", begin.elapsed());
    }
    world.faults.set(|_| Fault::None);
    assert_eq!(uploader.stats().failures, 2);
    world.engine.flush().expect("flushed");
    uploader.round().expect("goes well");
    reader.refresh().expect("looks again");
    assert!(same(&reader, &world.engine));
}

#[test]
fn refused_credentials_are_said_at_once() {
    let world = World::new();
    world.faults.set(|_| Fault::Status(403));
    let begin = Instant::now();
    let error = world.reader().map(|_| ()).expect_err("forbidden");
    assert!(error.to_string().contains("credentials"), "{error}");
    assert!(begin.elapsed() < patience().total / 2);
}
