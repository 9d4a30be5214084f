//! The same samples, the same questions, the same answers: however the samples are stored, and however a plan is cut into
//! partitions and batches, and whether a query was asked for other times before.
//!
//! Answers must be equal bit for bit. Only where numbers of several series are added or averaged does PromQL leave the order
//! open, and partitions change it: there, 1e-12 of relative difference is allowed.
//!
//! `NARTHEX_METAMORPHIC=300:7` asks that many random queries over a world of that seed, and all listed ones, each of every
//! layout; without it, some.

mod answer;
mod layout;
mod listed;
mod random;
mod statements;
mod variants;
mod world;

use narthex_promql::QueryOutput;
use narthex_sql::{Database, Grid, QueryOptions};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use answer::Answer;
use listed::listed;
use random::Generator;
use variants::Variants;
use world::{END_MS, START_MS};

/// How much is asked.
#[derive(Debug, Clone, Copy)]
struct Effort {
    seed: u64,
    /// One of so many of the listed queries.
    share: usize,
    random: usize,
    /// Of each query.
    variants: usize,
}

impl Effort {
    fn chosen() -> Self {
        let Ok(text) = std::env::var("NARTHEX_METAMORPHIC") else {
            return Self {
                seed: 1,
                share: 4,
                random: 40,
                variants: 1,
            };
        };
        let (random, seed) = text.split_once(':').unwrap_or((&text, "1"));
        Self {
            seed: seed.parse().expect("NARTHEX_METAMORPHIC=QUERIES:SEED"),
            share: 1,
            random: random.parse().expect("NARTHEX_METAMORPHIC=QUERIES:SEED"),
            variants: layout::Layout::ALL.len(),
        }
    }
}

/// When a query is evaluated.
#[derive(Debug, Clone, Copy)]
enum When {
    At(i64),
    During(Grid),
}

impl When {
    fn random(rng: &mut ChaCha8Rng) -> Self {
        let start = rng.random_range(START_MS - 300_000..END_MS + 300_000);
        if rng.random_bool(0.4) {
            return Self::At(start);
        }
        let step = [15_000, 30_000, 61_500, 600_000][rng.random_range(0..4)];
        let end = start + step * rng.random_range(0..40);
        Self::During(Grid { start, end, step })
    }

    /// The same later, or earlier.
    fn moved(self, ms: i64) -> Self {
        match self {
            Self::At(at) => Self::At(at + ms),
            Self::During(Grid { start, end, step }) => Self::During(Grid {
                start: start + ms,
                end: end + ms,
                step,
            }),
        }
    }
}

async fn ask(database: &Database, query: &str, when: When) -> narthex_model::Result<QueryOutput> {
    let options = QueryOptions::default();
    match when {
        When::At(at) => database.query_instant(query, at, options).await,
        When::During(grid) => database.query_range(query, grid, options).await,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_do_not_depend_on_how_samples_lie() {
    let effort = Effort::chosen();
    let mut rng = ChaCha8Rng::seed_from_u64(effort.seed);
    let world = world::world(&mut rng);
    let mut variants = Variants::new(&world, &mut rng);
    let mut queries: Vec<String> = listed().into_iter().step_by(effort.share).collect();
    let mut generator = Generator(&mut rng);
    queries.extend((0..effort.random).map(|_| generator.query()));
    let (mut faults, mut errors) = (Vec::new(), 0);
    for query in &queries {
        let when = When::random(&mut rng);
        let ordered = query.starts_with("sort") && matches!(when, When::At(_));
        let first = Answer::new(ask(variants.plain(), query, when).await, ordered);
        errors += usize::from(first.is_error());
        for _ in 0..effort.variants {
            let (name, database) = variants.next(&mut rng);
            if rng.random_bool(0.5) {
                // What was planned for these times may serve for the others.
                let moved = when.moved(rng.random_range(-900_000..900_000));
                let _ = ask(database, query, moved).await;
            }
            let other = Answer::new(ask(database, query, when).await, ordered);
            if let Some(difference) = first.difference(&other, adds_up(query), has_operator(query))
            {
                faults.push(format!("{query}\n  {when:?}\n  {name}\n  {difference}"));
            }
        }
    }
    assert!(
        errors * 4 < queries.len(),
        "{errors} of {} are errors",
        queries.len()
    );
    assert!(
        faults.is_empty(),
        "{} differ:\n{}",
        faults.len(),
        faults.join("\n")
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_do_not_depend_on_how_samples_lie() {
    let mut rng = ChaCha8Rng::seed_from_u64(Effort::chosen().seed);
    let world = world::world(&mut rng);
    let mut variants = Variants::new(&world, &mut rng);
    for statement in statements::statements() {
        let first = statements::answer(variants.plain(), &statement).await;
        let failed = first.starts_with("error");
        assert_eq!(
            failed,
            statement.ends_with("nothing"),
            "{statement}: {first}"
        );
        for _ in 0..3 {
            let (name, database) = variants.next(&mut rng);
            let other = statements::answer(database, &statement).await;
            assert!(first == other, "{statement}\n{name}\n{first}\n{other}");
        }
    }
}

/// Whether the query adds or averages over series.
fn adds_up(query: &str) -> bool {
    ["sum", "avg", "stddev", "stdvar"].iter().any(|op| {
        query
            .match_indices(op)
            .any(|(at, _)| !query[at + op.len()..].starts_with("_over_time"))
    })
}

/// Whether one operand may make another one unneeded.
fn has_operator(query: &str) -> bool {
    let operators = [
        " and ", " or ", " unless ", " + ", " - ", " * ", " / ", " % ", "==", "!=", "> ", "< ",
        "<= ", ">= ", " atan2 ", "/ ",
    ];
    operators.iter().any(|op| query.contains(op))
}
