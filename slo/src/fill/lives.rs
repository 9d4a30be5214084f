//! Series that go and come anew, as counters of errors do when their target is restarted.

use narthex_model::{LabelsRef, Result, is_stale};

use super::births::Births;
use crate::count::Series;

/// Cuts a series where it came anew: after a stale marker, if its target was seen without it. What it has then was counted since,
/// even if that is no less than before.
pub(super) fn lives<'a>(
    births: &Births<'_>,
    labels: LabelsRef<'_>,
    whole: Series<'a>,
) -> Result<Vec<Series<'a>>> {
    let (mut lives, mut rest, mut start) = (Vec::new(), whole, 0);
    let markers = whole
        .values
        .iter()
        .enumerate()
        .filter(|(_, v)| is_stale(**v));
    for (marker, _) in markers {
        let before = &whole.values[start..marker];
        let after = whole.values[marker..].iter().position(|v| v.is_finite());
        let Some(after) = after.filter(|_| before.iter().any(|v| v.is_finite())) else {
            continue;
        };
        let born = births.born(labels, whole.timestamps[marker + after])?;
        let Some(born) = born.filter(|born| *born >= whole.timestamps[marker]) else {
            continue;
        };
        lives.push(Series {
            timestamps: &whole.timestamps[start..=marker],
            values: &whole.values[start..=marker],
            born: rest.born,
            timeline: None,
        });
        start = marker + 1;
        rest = Series {
            timestamps: &whole.timestamps[start..],
            values: &whole.values[start..],
            born: Some(born),
            timeline: None,
        };
    }
    lives.push(rest);
    Ok(lives)
}
