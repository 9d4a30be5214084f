//! Asks a server for what it acknowledged: every such sample there, exactly as sent, none twice, none made up.
//!
//! A request that was sent and not acknowledged may be stored or not; each host has at most one of those.

use std::collections::HashMap;

use narthex_model::{Error, Labels, METRIC_NAME, Result, TimestampMs};
use serde_json::Value;

use crate::Fleet;
use crate::send::Ack;

/// One line of an ack log: tick, first host, host after the last, samples.
pub fn log_line(ack: &Ack) -> String {
    format!(
        "{} {} {} {}\n",
        ack.tick, ack.hosts.start, ack.hosts.end, ack.samples
    )
}

/// Reads an ack log: for each host, how many of its scrapes were acknowledged. A torn last line is ignored.
///
/// # Errors
/// `Invalid` if a line is none of [`log_line`]'s or does not fit the fleet.
pub fn read_log(fleet: &Fleet, text: &str) -> Result<Vec<usize>> {
    let mut acked = vec![0; fleet.options().hosts];
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    for line in whole.lines() {
        let bad = || Error::invalid(format!("\"{line}\" is no line of an ack log of this fleet"));
        let numbers: Vec<usize> = line
            .split(' ')
            .map_while(|word| word.parse().ok())
            .collect();
        let [tick, first, end, _] = numbers[..] else {
            return Err(bad());
        };
        for scrapes in acked.get_mut(first..end).ok_or_else(bad)? {
            if tick != *scrapes {
                return Err(bad());
            }
            *scrapes += 1;
        }
    }
    Ok(acked)
}

/// What a check found.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Findings {
    /// Samples that were acknowledged.
    pub acked: u64,
    /// Of these, found as sent.
    pub found: u64,
    /// Samples found that were sent but not acknowledged.
    pub unacked: u64,
    /// The first few differences, in words.
    pub faults: Vec<String>,
    /// All differences.
    pub fault_count: u64,
}

impl Findings {
    const FAULTS_MAX: usize = 10;

    fn fault(&mut self, what: impl FnOnce() -> String) {
        self.fault_count += 1;
        if self.faults.len() < Self::FAULTS_MAX {
            self.faults.push(what());
        }
    }

    /// Compares one series: `sent` is everything up to the request that may or may not have arrived. Both are in
    /// order of time.
    fn compare(&mut self, labels: &Labels, sent: &[Point], acked: usize, stored: &[Point]) {
        self.acked += acked as u64;
        for (i, want) in sent.iter().enumerate() {
            let from = stored.partition_point(|point| point.0 < want.0);
            let to = stored.partition_point(|point| point.0 <= want.0);
            match stored[from..to] {
                [got] if got.1.to_bits() != want.1.to_bits() => {
                    self.fault(|| format!("{labels} at {}: {} is not {}", want.0, got.1, want.1));
                }
                [_] if i < acked => self.found += 1,
                [_] => self.unacked += 1,
                [] if i < acked => self.fault(|| format!("{labels} at {}: missing", want.0)),
                [] => {}
                _ => self.fault(|| format!("{labels} at {}: {} times", want.0, to - from)),
            }
        }
        for point in stored
            .iter()
            .filter(|p| sent.binary_search_by_key(&p.0, |s| s.0).is_err())
        {
            self.fault(|| format!("{labels} at {}: never sent", point.0));
        }
    }
}

type Point = (TimestampMs, f64);

/// Compares what the server at `url` (scheme, host, port) has of `fleet` with what the ack log says.
///
/// # Errors
/// The server does not answer, or not as Prometheus' API does.
pub async fn check(fleet: &Fleet, url: &str, acked: &[usize]) -> Result<Findings> {
    let client = reqwest::Client::new();
    let mut findings = Findings::default();
    for (number, acked) in acked.iter().enumerate() {
        let stored = fetch(&client, fleet, url, number).await?;
        let sent = (acked + 1).min(fleet.options().scrapes);
        for (labels, sent) in fleet.series(number).iter().zip(replay(fleet, number, sent)) {
            let stored = stored.get(labels).map_or(&[][..], Vec::as_slice);
            findings.compare(labels, &sent, *acked, stored);
        }
        if stored.len() > fleet.options().kind.series() {
            findings.fault(|| format!("host {number}: {} series are stored", stored.len()));
        }
    }
    Ok(findings)
}

/// The first `scrapes` samples of each series.
fn replay(fleet: &Fleet, number: usize, scrapes: usize) -> Vec<Vec<Point>> {
    let mut host = fleet.host(number);
    let mut values = Vec::new();
    let mut points = vec![Vec::new(); fleet.options().kind.series()];
    for _ in 0..scrapes {
        let time = host.scrape(&mut values);
        for (series, value) in points.iter_mut().zip(&values) {
            series.push((time, *value));
        }
    }
    points
}

/// All raw samples the server has of one host.
async fn fetch(
    client: &reqwest::Client,
    fleet: &Fleet,
    url: &str,
    number: usize,
) -> Result<HashMap<Labels, Vec<Point>>> {
    let span_ms = fleet.end_ms() - fleet.options().start_ms + 1;
    let query = format!("{}[{span_ms}ms]", fleet.selector(number));
    let time = format!("{}.{:03}", fleet.end_ms() / 1000, fleet.end_ms() % 1000);
    let failed = |e: reqwest::Error| Error::unavailable(format!("cannot ask {url}")).with_source(e);
    let answer = client
        .post(format!("{}/api/v1/query", url.trim_end_matches('/')))
        .form(&[("query", &query), ("time", &time)])
        .send()
        .await
        .map_err(failed)?;
    let text = answer.text().await.map_err(failed)?;
    let odd = || {
        let start: String = text.chars().take(300).collect();
        Error::invalid(format!("{url} answered {query} with {start}"))
    };
    let json: Value = serde_json::from_str(&text).map_err(|_| odd())?;
    let series = json["data"]["result"].as_array().ok_or_else(odd)?;
    series
        .iter()
        .map(|series| read_series(series).ok_or_else(odd))
        .collect()
}

fn read_series(series: &Value) -> Option<(Labels, Vec<Point>)> {
    let metric = series["metric"].as_object()?;
    debug_assert!(metric.contains_key(METRIC_NAME));
    let labels = metric
        .iter()
        .map(|(name, value)| Some((name.as_str(), value.as_str()?)));
    let labels = Labels::new(labels.collect::<Option<Vec<_>>>()?).ok()?;
    let points = series["values"].as_array()?.iter().map(|pair| {
        let seconds = pair[0].as_f64()?;
        Some((
            (seconds * 1000.0).round() as TimestampMs,
            pair[1].as_str()?.parse().ok()?,
        ))
    });
    let mut points = points.collect::<Option<Vec<Point>>>()?;
    points.sort_by_key(|point| point.0);
    Some((labels, points))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FleetOptions;

    #[test]
    fn a_log_is_read_back() {
        let start_ms = crate::fleet::DEFAULT_START_MS;
        let options = FleetOptions {
            kind: crate::HostKind::default(),
            hosts: 4,
            seed: 1,
            start_ms,
            interval_ms: 1000,
            scrapes: 5,
        };
        let fleet = Fleet::new(options).expect("valid");
        let ack = |tick, hosts| {
            log_line(&Ack {
                tick,
                hosts,
                samples: 216,
            })
        };
        let text = [ack(0, 0..2), ack(0, 2..4), ack(1, 2..4), "2 2".to_owned()].concat();
        assert_eq!(read_log(&fleet, &text).expect("whole"), [1, 1, 2, 2]);
        assert!(read_log(&fleet, &ack(1, 0..2)).is_err());
        assert!(read_log(&fleet, "0 0 9 1\n").is_err());
    }

    #[test]
    fn differences_are_found() {
        let labels = Labels::empty();
        let sent = [(1, 1.0), (2, 2.0), (3, 3.0), (4, 4.0)];
        let mut findings = Findings::default();
        findings.compare(
            &labels,
            &sent,
            3,
            &[(1, 1.0), (2, 2.5), (4, 4.0), (4, 4.0), (9, 9.0)],
        );
        assert_eq!(
            (findings.acked, findings.found, findings.fault_count),
            (3, 1, 4)
        );
        let mut findings = Findings::default();
        findings.compare(&labels, &sent, 3, &sent);
        assert_eq!(
            (findings.found, findings.unacked, findings.fault_count),
            (3, 1, 0)
        );
    }
}
