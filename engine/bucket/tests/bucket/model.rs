//! Any order of writing, flushing, merging, uploading and looking, with faults: a reader shows what was in blocks at some upload,
//! or an error, and in the end everything.

use narthex_faulty::Fault;
use narthex_model::ErrorKind;
use proptest::prelude::*;
use proptest::test_runner::Config;

use crate::support::{Samples, World, read, read_all, same, write};

#[derive(Debug, Clone)]
enum Step {
    Write(Vec<(u32, i64, f64)>),
    Flush,
    Compact,
    Upload,
    /// From now on the requests whose numbers have these bits set fail.
    Faults(u8),
    Look,
}

fn step() -> impl Strategy<Value = Step> {
    let sample =
        (0_u32..5, 0_i64..6000, -3_i32..100).prop_map(|(s, t, v)| (s, t, f64::from(v) / 4.0));
    prop_oneof![
        3 => proptest::collection::vec(sample, 1..20).prop_map(Step::Write),
        2 => Just(Step::Flush),
        1 => Just(Step::Compact),
        3 => Just(Step::Upload),
        1 => any::<u8>().prop_map(Step::Faults),
        3 => Just(Step::Look),
    ]
}

fn run(steps: &[Step]) {
    let world = World::new();
    let uploader = world.uploader();
    uploader.round().expect("goes well");
    let reader = world.reader().expect("opens");
    let mut uploaded: Vec<Samples> = vec![Samples::new()];
    for step in steps {
        match step {
            Step::Write(samples) => write(&world.engine, samples),
            Step::Flush => world.engine.flush().expect("flushed"),
            Step::Compact => world.engine.compact().expect("merged"),
            Step::Faults(bits) => {
                let bits = *bits;
                world
                    .faults
                    .set(move |request| match bits >> (request.number % 8) & 1 {
                        0 => Fault::None,
                        _ if request.number % 3 == 0 => Fault::Unanswered,
                        _ if request.number % 3 == 1 => Fault::Truncated(300),
                        _ => Fault::Status(500),
                    });
            }
            Step::Upload => {
                world.engine.flush().expect("flushed");
                let now = read_all(&world.engine);
                // Also what failed may have become visible.
                let done = uploader.round();
                if done.is_ok() {
                    uploaded.clear();
                }
                uploaded.push(now);
            }
            Step::Look => look(&reader, &uploaded),
        }
    }
    world.faults.set(|_| Fault::None);
    world.engine.flush().expect("flushed");
    uploader.round().expect("goes well");
    reader.refresh().expect("looks again");
    assert!(same(&reader, &world.engine));
}

/// A failed upload may have brought some blocks, so what is seen lies between two uploads that went well.
fn look(reader: &narthex_engine::Engine, uploaded: &[Samples]) {
    let refreshed = reader.refresh();
    let seen = match read(&reader.snapshot()) {
        Ok(seen) => seen,
        Err(error) => {
            assert!(
                matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Unavailable),
                "{error}"
            );
            return;
        }
    };
    if refreshed.is_ok() && uploaded.len() == 1 {
        assert_eq!(Some(&seen), uploaded.first());
    }
    let newest = uploaded.last().expect("one at least");
    for (labels, samples) in &seen {
        let known = newest.get(labels).expect("a series that was written");
        assert!(samples.keys().all(|t| known.contains_key(t)));
    }
}

proptest! {
    #![proptest_config(Config { cases: 8, max_shrink_iters: 40, failure_persistence: None, ..Config::default() })]

    #[test]
    fn readers_show_what_was_uploaded(steps in proptest::collection::vec(step(), 1..25)) {
        run(&steps);
    }
}
