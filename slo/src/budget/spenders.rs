//! Which values of labels the bad events have.

use std::collections::BTreeMap;

use narthex_model::{Labels, TimeRange};

use super::{Meter, View};
use crate::outcome::Spender;

/// The values of each of these labels, by the events that their groups had in `span`: label by label, those with the most bad events
/// first.
pub(super) fn spenders<'a>(
    groups: impl Iterator<Item = (&'a Labels, &'a Meter)>,
    labels: &[String],
    span: TimeRange,
) -> Vec<Spender> {
    let counts: Vec<_> = groups
        .map(|(group, meter)| (group, meter.counts(span, View::Adjusted)))
        .collect();
    let all = counts.iter().fold((0.0, 0.0), |(bad, total), (_, own)| {
        (bad + own.bad, total + own.total)
    });
    let of_label = |label: &String| {
        let mut values: BTreeMap<&str, (f64, f64)> = BTreeMap::new();
        for (group, own) in &counts {
            let value = values.entry(group.get(label).unwrap_or_default());
            let sums = value.or_default();
            *sums = (sums.0 + own.bad, sums.1 + own.total);
        }
        let mut spenders: Vec<_> = values
            .into_iter()
            .map(|(value, own)| spender(label, value, own, all))
            .collect();
        // Of equals, by value.
        spenders.sort_by(|a, b| b.bad.total_cmp(&a.bad));
        spenders
    };
    labels.iter().flat_map(of_label).collect()
}

fn spender(label: &str, value: &str, (bad, total): (f64, f64), all: (f64, f64)) -> Spender {
    let share = |own: f64, all: f64| if all > 0.0 { own / all } else { 0.0 };
    Spender {
        label: label.to_owned(),
        value: value.to_owned(),
        bad,
        total,
        bad_share: share(bad, all.0),
        total_share: share(total, all.1),
    }
}
