//! Exposition text: what a target answers, and reading it.

use narthex_formats::{Event, ExpositionParser, Protocol, SampleValue, batch_text};

use super::data::Feed;

const PROTOCOL: Protocol = Protocol::PrometheusText0_0_4;

/// The next scrape of `feed` as a body without times.
pub(crate) fn text(feed: &mut Feed) -> String {
    let with_times = batch_text(PROTOCOL, &feed.next());
    let mut text = String::with_capacity(with_times.len());
    for line in with_times.lines() {
        let (sample, _time) = line.rsplit_once(' ').expect("a sample with a time");
        text.push_str(sample);
        text.push('\n');
    }
    text
}

/// Reads a body; returns the sum of all values, so that nothing is left out.
pub(crate) fn parse(text: &str) -> f64 {
    let mut parser = ExpositionParser::new(PROTOCOL, text.as_bytes()).expect("text is supported");
    let mut sum = 0.0;
    while let Some(event) = parser.next_event() {
        if let Event::Sample(sample) = event.expect("a sound body")
            && let SampleValue::Float(value) = sample.value
        {
            sum += value;
        }
    }
    sum
}
