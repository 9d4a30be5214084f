//! Prints a fleet as OpenMetrics 1.0 text with timestamps: family by family, as the standard asks, so a file that can be
//! imported anywhere.
//!
//! Families must not be interleaved, and samples are not kept: each family replays the hosts from the start.

use std::io::{Result, Write};
use std::ops::Range;

use narthex_model::{Labels, TimestampMs};

use crate::Fleet;

/// The parts of a histogram, as the ends of its series' names.
const HISTOGRAM_PARTS: [&str; 3] = ["_bucket", "_sum", "_count"];

/// A metric family and its series of one host, as positions. Each range is printed scrape by scrape.
struct Family {
    name: String,
    kind: &'static str,
    metrics: Vec<Range<usize>>,
}

/// Prints all samples of `fleet`; `progress` is called with the number of samples printed since its last call.
///
/// # Errors
/// Those of `out`.
pub fn print(fleet: &Fleet, out: &mut impl Write, mut progress: impl FnMut(u64)) -> Result<()> {
    for family in families(&fleet.series(0)) {
        writeln!(out, "# TYPE {} {}", family.name, family.kind)?;
        for number in 0..fleet.options().hosts {
            let scrapes = replay(fleet, number);
            let sets = fleet.series(number);
            for metric in &family.metrics {
                progress(print_metric(&sets, metric.clone(), &scrapes, out)?);
            }
        }
    }
    writeln!(out, "# EOF")
}

/// All scrapes of one host.
struct Scrapes {
    times: Vec<TimestampMs>,
    /// One for each series at each time.
    values: Vec<f64>,
}

fn replay(fleet: &Fleet, number: usize) -> Scrapes {
    let mut host = fleet.host(number);
    let mut scrapes = Scrapes {
        times: Vec::new(),
        values: Vec::new(),
    };
    let mut values = Vec::new();
    for _ in 0..fleet.options().scrapes {
        scrapes.times.push(host.scrape(&mut values));
        scrapes.values.extend_from_slice(&values);
    }
    scrapes
}

fn print_metric(
    sets: &[Labels],
    metric: Range<usize>,
    scrapes: &Scrapes,
    out: &mut impl Write,
) -> Result<u64> {
    let names: Vec<_> = sets[metric.clone()].iter().map(series_name).collect();
    for (time, row) in scrapes.times.iter().zip(scrapes.values.chunks(sets.len())) {
        for (name, value) in names.iter().zip(&row[metric.clone()]) {
            writeln!(out, "{name} {value} {}.{:03}", time / 1000, time % 1000)?;
        }
    }
    Ok((names.len() * scrapes.times.len()) as u64)
}

/// `name{label="value",…}`; the values of this data set need no escapes.
fn series_name(labels: &Labels) -> String {
    labels.to_string().replace(", ", ",")
}

/// Cuts the series of a host, which lie together by family, into families.
fn families(sets: &[Labels]) -> Vec<Family> {
    let mut families: Vec<Family> = Vec::new();
    for (i, labels) in sets.iter().enumerate() {
        let (name, kind) = family_of(labels.as_ref().metric_name());
        let at = families
            .iter()
            .position(|f| f.name == name)
            .unwrap_or_else(|| {
                families.push(Family {
                    name: name.to_owned(),
                    kind,
                    metrics: Vec::new(),
                });
                families.len() - 1
            });
        let metrics = &mut families[at].metrics;
        match metrics.last_mut() {
            Some(last) if kind == "histogram" && same_handler(&sets[last.start], labels) => {
                last.end = i + 1;
            }
            _ => metrics.push(i..i + 1),
        }
    }
    families
}

fn same_handler(a: &Labels, b: &Labels) -> bool {
    a.get("handler") == b.get("handler")
}

/// Name and type of the family that a series' name belongs to.
fn family_of(name: &str) -> (&str, &'static str) {
    if let Some(name) = name.strip_suffix("_total") {
        return (name, "counter");
    }
    let part = HISTOGRAM_PARTS
        .iter()
        .find_map(|part| name.strip_suffix(part));
    part.map_or((name, "gauge"), |name| (name, "histogram"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FleetOptions;

    #[test]
    fn families_stand_together() {
        let options = FleetOptions {
            kind: crate::HostKind::default(),
            hosts: 2,
            seed: 1,
            start_ms: crate::fleet::DEFAULT_START_MS,
            interval_ms: 15_000,
            scrapes: 3,
        };
        let fleet = Fleet::new(options).expect("valid");
        let (mut text, mut told) = (Vec::new(), 0);
        print(&fleet, &mut text, |n| told += n).expect("a vector takes everything");
        let text = String::from_utf8(text).expect("text");
        let samples = text.lines().filter(|l| !l.starts_with('#')).count();
        assert_eq!(
            (samples as u64, told),
            (fleet.sample_count(), fleet.sample_count())
        );
        assert_eq!(text.matches("# TYPE ").count(), 19);
        assert!(text.contains("# TYPE http_request_duration_seconds histogram\n"));
        assert!(text.starts_with(
            "# TYPE up gauge\nup{instance=\"host-00000:9100\",job=\"node\",region=\"ap-south\"} 1 17356896"
        ));
        assert!(text.ends_with("# EOF\n"));
    }
}
