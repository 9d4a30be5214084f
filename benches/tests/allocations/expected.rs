//! What is expected, in a file, and how far from it counts may be.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::cases::Case;

/// The file, from the root of the repository.
pub(crate) const FILE: &str = "benches/allocations.toml";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Expected {
    /// Counts may be higher by this share …
    tolerance: f64,
    /// … and by so much, since a pool may just grow.
    slack: Numbers,
    path: BTreeMap<String, Numbers>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
struct Numbers {
    allocations: u64,
    bytes: u64,
}

impl Expected {
    pub(crate) fn read() -> Self {
        let text = std::fs::read_to_string(file()).expect("the file of expected counts");
        toml::from_str(&text).unwrap_or_else(|e| panic!("{FILE}: {e}"))
    }

    /// Puts what was counted into the file and leaves what stands before the paths.
    pub(crate) fn update(counted: &[Case]) {
        let old = std::fs::read_to_string(file()).expect("the file of expected counts");
        let slack = old.find("\nslack").expect("a line that says the slack") + 1;
        let line = old[slack..]
            .split_inclusive('\n')
            .next()
            .map_or(0, str::len);
        let mut text = old[..slack + line].to_owned();
        for Case { name, what, count } in counted {
            let (allocations, bytes) = (count.allocations, count.bytes);
            let numbers = format!("allocations = {allocations}\nbytes = {bytes}");
            let _ = write!(text, "\n# {what}\n[path.{name}]\n{numbers}\n");
        }
        std::fs::write(file(), text).expect("a file that can be written");
    }

    /// What is wrong with `counted`, a line each.
    pub(crate) fn complaints(&self, counted: &[Case]) -> Vec<String> {
        let mut complaints = Vec::new();
        for Case { name, what, count } in counted {
            let Some(expected) = self.path.get(*name) else {
                complaints.push(format!("{name}: {FILE} does not say what is expected"));
                continue;
            };
            let mut compare = |unit: &str, counted: u64, expected: u64, slack: u64| {
                let complaint = self.complaint(counted, expected, slack);
                complaints.extend(complaint.map(|c| format!("{name} ({what}): {unit}: {c}")));
            };
            let slack = self.slack;
            let Numbers { allocations, bytes } = *expected;
            compare(
                "allocations",
                count.allocations,
                allocations,
                slack.allocations,
            );
            compare("bytes", count.bytes, bytes, slack.bytes);
        }
        for name in self.path.keys() {
            if counted.iter().all(|case| case.name != name) {
                complaints.push(format!("{name}: in {FILE}, but not counted"));
            }
        }
        complaints
    }

    /// Fewer are welcome, but a number that is far too high guards nothing.
    fn complaint(&self, counted: u64, expected: u64, slack: u64) -> Option<String> {
        let most = (expected as f64 * (1.0 + self.tolerance)) as u64 + slack;
        let least = (expected / 2).saturating_sub(slack);
        if counted > most {
            Some(format!("{counted}, expected {expected}, at most {most}"))
        } else if counted < least {
            Some(format!(
                "{counted}, less than half of the {expected} expected: well done, now keep it"
            ))
        } else {
            None
        }
    }
}

fn file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("allocations.toml")
}
