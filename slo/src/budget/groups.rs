//! Groups beside each other.

use narthex_model::{Labels, TimeRange};

use super::{Meter, View};
use crate::outcome::GroupRow;

/// The groups that spent the most in `span`, worst first, at most `n`.
pub fn worst_groups(groups: &[(Labels, Meter)], span: TimeRange, n: usize) -> Vec<GroupRow> {
    let bad = |meter: &Meter| meter.errors(span, View::Adjusted).0;
    let all: f64 = groups.iter().map(|(_, meter)| bad(meter)).sum();
    let mut worst: Vec<_> = groups.iter().map(|group| (bad(&group.1), group)).collect();
    worst.sort_by(|(a, x), (b, y)| b.total_cmp(a).then_with(|| x.0.cmp(&y.0)));
    let row = |(bad, (group, meter)): (f64, &(Labels, Meter))| GroupRow {
        group: group.clone(),
        counts: meter.counts(span, View::Adjusted),
        attained: meter.attained(span, View::Adjusted),
        remaining: meter.budget(span, View::Adjusted).remaining(),
        share: if all > 0.0 { bad / all } else { 0.0 },
        coverage: meter.coverage(span, View::Adjusted),
    };
    worst.into_iter().take(n).map(row).collect()
}
