//! The hot paths that are counted.

use std::hint::black_box;

use narthex_engine::block::DecodedSamples;

use crate::count::Count;
use crate::paths::data::Feed;
use crate::paths::exposition;
use crate::paths::remote_write::RemoteWrite;
use crate::paths::scrape::{Keeper, Scraper};
use crate::paths::stored::{Place, Stored, decode};

const HOSTS: usize = 10;
/// Two hours.
const SCRAPES: i64 = 480;

/// A hot path and what it allocated.
pub(crate) struct Case {
    /// Its table in the file.
    pub(crate) name: &'static str,
    /// What was counted, in words.
    pub(crate) what: String,
    pub(crate) count: Count,
}

fn case(name: &'static str, what: impl Into<String>, count: Count) -> Case {
    Case {
        name,
        what: what.into(),
        count,
    }
}

/// Counts all.
pub(crate) fn all() -> Vec<Case> {
    let block = Stored::new(HOSTS, SCRAPES, Place::Block);
    let head = Stored::new(HOSTS, SCRAPES / 4, Place::Head);
    let mut cases = vec![
        parse(),
        scrape(),
        scrape_and_store(),
        remote_write(),
        decode_block(&block),
        read_head(&head),
        instant_query(&head),
    ];
    cases.extend(range_queries(&block));
    cases
}

fn parse() -> Case {
    let mut feed = Feed::new(HOSTS);
    let text = exposition::text(&mut feed);
    let count = Count::typical(|| {
        black_box(exposition::parse(&text));
    });
    let what = format!("exposition text of {} samples, read", feed.samples());
    case("parse_exposition", what, count)
}

fn scrape() -> Case {
    let (samples, count) = scrapes(&Keeper::Nobody, 9);
    let what =
        format!("9 scrapes of {samples} samples of known series, from the request to a batch");
    case("scrape", what, count)
}

fn scrape_and_store() -> Case {
    let (samples, count) = scrapes(&Keeper::Store, 20);
    let what = format!(
        "20 scrapes of {samples} samples of known series, from the request to the ack of a store"
    );
    case("scrape_and_store", what, count)
}

/// Samples of each scrape, and what `scrapes` of them allocate once the series are known.
fn scrapes(keeper: &Keeper, scrapes: u64) -> (u64, Count) {
    let mut scraper = Scraper::new(HOSTS, keeper);
    let mut once = || {
        scraper.prepare();
        Count::of(|| scraper.scrape())
    };
    for _ in 0..scrapes {
        once();
    }
    let count = (0..scrapes).map(|_| once()).sum();
    (scraper.samples(), count)
}

/// Pages of the head fill up at the same time, so a few requests are counted together.
fn remote_write() -> Case {
    const REQUESTS: u64 = 20;
    let mut path = RemoteWrite::new(HOSTS);
    let mut total = || {
        let bodies: Vec<_> = (0..REQUESTS).map(|_| path.body()).collect();
        Count::of(|| bodies.iter().for_each(|body| path.accept(body)))
    };
    total();
    let count = total();
    let samples = path.samples();
    let what = format!(
        "{REQUESTS} requests of remote write 1.0 with {samples} samples of known series each, from the body to the ack"
    );
    case("remote_write", what, count)
}

fn decode_block(stored: &Stored) -> Case {
    let blocks = stored.blocks();
    let mut samples = DecodedSamples::default();
    let mut decoded = 0;
    let count = Count::typical(|| {
        decoded = blocks.iter().map(|b| decode(b, &mut samples)).sum();
    });
    let what = format!("{decoded} samples of a block, decoded into memory that is there");
    case("decode_block", what, count)
}

fn read_head(stored: &Stored) -> Case {
    let mut samples = 0;
    let count = Count::typical(|| samples = stored.read());
    let what = format!("{samples} samples of the head, selected and read");
    case("read_head", what, count)
}

fn instant_query(stored: &Stored) -> Case {
    let query = r#"node_load1{instance="host-00001:9100"}"#;
    let count = Count::typical(|| assert_eq!(stored.query_instant(query), 1));
    case("instant_query", "an instant query of one series", count)
}

/// The same steps over few series, over more, and over more samples of those.
fn range_queries(stored: &Stored) -> [Case; 3] {
    const STEPS: i64 = 60;
    let ask = |selector: &str, share| {
        let query = format!("sum(rate({selector}[5m]))");
        Count::typical(|| {
            assert_eq!(stored.query_range(&query, share, STEPS), STEPS as usize);
        })
    };
    let few = ask(r#"node_cpu_seconds_total{cpu="0"}"#, 0.5);
    let series = ask("node_cpu_seconds_total", 0.5);
    let samples = ask(r#"node_cpu_seconds_total{cpu="0"}"#, 1.0);
    let each = HOSTS * 8;
    [
        case(
            "range_query",
            format!(
                "sum(rate()) of {each} series of {} samples over {STEPS} steps",
                SCRAPES / 2
            ),
            few,
        ),
        case(
            "range_query_more_series",
            format!(
                "what the same query of {} series more allocates in addition",
                each * 3
            ),
            series - few,
        ),
        case(
            "range_query_more_samples",
            format!(
                "what the same query over {} samples more allocates in addition",
                each as i64 * SCRAPES / 2
            ),
            samples - few,
        ),
    ]
}
