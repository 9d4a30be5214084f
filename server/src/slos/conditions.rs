//! The conditions of policies: what can be said of them now, and what holds on while nothing can.

use std::collections::HashMap;

use narthex_model::{Labels, Result, TimestampMs};
use narthex_slo::budget::{Book, Meter};
use narthex_slo::burn::{Verdict, Watch};

/// A condition that has not been measured for longer than this does not hold.
const LOOK_BACK_SLICES: i64 = 1440;

/// What is said of the condition of a policy, for one group.
#[derive(Debug, Clone)]
pub(crate) struct Condition {
    /// Which of the SLO's policies.
    pub(crate) policy: usize,
    /// Which group; empty: all together.
    pub(crate) group: Labels,
    /// What can be said.
    pub(crate) verdict: Verdict,
    /// Whether it holds, or held when that could last be said.
    pub(crate) holds: bool,
    /// The number that it is about.
    pub(crate) value: f64,
}

/// What held last.
#[derive(Debug, Default)]
pub(super) struct Conditions {
    /// By SLO.
    held: HashMap<String, Held>,
}

/// Whether the condition of a policy held for a group.
type Held = HashMap<(String, Labels), bool>;

impl Conditions {
    /// The conditions of an SLO at `at`: for each group if it is grouped.
    ///
    /// # Errors
    /// If a zone is not known.
    pub(super) fn read(&mut self, book: &Book, at: TimestampMs) -> Result<Vec<Condition>> {
        let slo = book.slo();
        let all = [(Labels::empty(), book.all().clone())];
        let meters = match slo.group_by.is_empty() {
            true => all.as_slice(),
            false => book.groups(),
        };
        let Some(window) = slo.windows.first() else {
            return Ok(Vec::new());
        };
        let before = self.held.remove(&slo.id).unwrap_or_default();
        let (mut conditions, mut held) = (Vec::new(), Held::new());
        for (number, policy) in slo.policies.iter().enumerate() {
            let mut watch = Watch::new(policy, window, &slo.missing)?;
            for (group, meter) in meters.iter().filter(|(_, meter)| !meter.known().is_empty()) {
                let reading = watch.read(meter, at);
                let key = (policy.name.clone(), group.clone());
                let holds = match reading.verdict {
                    Verdict::Holds => true,
                    Verdict::HoldsNot => false,
                    Verdict::Unmeasured => match before.get(&key) {
                        Some(held) => *held,
                        None => held_before(&mut watch, meter, at),
                    },
                };
                held.insert(key, holds);
                conditions.push(Condition {
                    policy: number,
                    group: group.clone(),
                    verdict: reading.verdict,
                    holds,
                    value: reading.value,
                });
            }
        }
        // Groups that are gone are forgotten; while nothing is read yet, all stays as it was.
        let held = if held.is_empty() { before } else { held };
        self.held.insert(slo.id.clone(), held);
        Ok(conditions)
    }

    /// Forgets SLOs that are gone.
    pub(super) fn retain(&mut self, is_kept: impl Fn(&str) -> bool) {
        self.held.retain(|slo, _| is_kept(slo));
    }
}

/// What could last be said: after a restart nobody remembers it, but the ledger does.
fn held_before(watch: &mut Watch, meter: &Meter, at: TimestampMs) -> bool {
    let step = meter.slice_ms().max(1);
    let earlier = (1..=LOOK_BACK_SLICES).map(|back| at - back * step);
    let known = earlier.take_while(|at| *at > meter.known().start);
    let said = known.map(|at| watch.read(meter, at).verdict);
    said.into_iter()
        .find(|verdict| *verdict != Verdict::Unmeasured)
        == Some(Verdict::Holds)
}

#[cfg(test)]
mod tests {
    use narthex_model::TimeRange;
    use narthex_slo::count::{Grid, Method, Slices};
    use narthex_slo::ledger::Track;
    use narthex_slo::{Options, Text, parse};

    use super::*;

    const MINUTE: i64 = 60_000;
    const SPEC: &str = "version: narthex/v1
name: a
objective: 99
window: 1d
errors: bad_total
total: all_total
policies:
  - {name: fast, severity: page, burn: [{factor: 10, long: 1h}]}
";

    /// A book of minutes with ten events each, so many of them bad; NaN: not observed.
    fn book(bad: &[f64]) -> Book {
        let text = Text {
            file: "a.yaml",
            text: SPEC,
        };
        let specs = parse(&[text], &Options::default()).expect("valid");
        let length = i64::try_from(bad.len()).expect("few");
        let grid = Grid::over(TimeRange::new(0, length * MINUTE), MINUTE);
        let mut slices = Slices::empty(grid, Method::Counters);
        for (i, bad) in bad.iter().enumerate().filter(|(_, bad)| !bad.is_nan()) {
            (slices.total[i], slices.bad[i], slices.good[i]) = (10.0, *bad, 10.0 - bad);
            slices.observed_ms[i] = 60_000.0;
        }
        let group = Labels::empty();
        Book::open(&specs.slos[0].slo, &[Track { group, slices }]).expect("opens")
    }

    fn holds(conditions: &mut Conditions, bad: &[f64]) -> Vec<bool> {
        let at = i64::try_from(bad.len()).expect("few") * MINUTE;
        let read = conditions.read(&book(bad), at).expect("a known zone");
        read.iter().map(|condition| condition.holds).collect()
    }

    #[test]
    fn a_condition_stays_as_it_was_while_nothing_is_measured_also_after_a_restart() {
        let mut minutes = vec![0.0; 60];
        let conditions = &mut Conditions::default();
        assert!(holds(conditions, &[]).is_empty(), "nothing is known");
        assert_eq!(holds(conditions, &minutes), [false]);
        minutes.extend([10.0; 30]);
        assert_eq!(holds(conditions, &minutes), [true]);
        minutes.extend([f64::NAN; 90]);
        assert_eq!(holds(conditions, &minutes), [true]);
        assert_eq!(holds(&mut Conditions::default(), &minutes), [true]);
        minutes.extend([0.0; 60]);
        assert_eq!(holds(conditions, &minutes), [false]);
        minutes.extend([f64::NAN; 90]);
        assert_eq!(holds(&mut Conditions::default(), &minutes), [false]);
    }
}
