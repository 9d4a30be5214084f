//! Series that go and come anew, as counters of errors do when their target is restarted.

use std::ops::Range;

use narthex_model::{LabelsRef, Result, TimestampMs, is_stale};

use super::LOOK_BACK_MS;
use super::births::Births;
use crate::count::Series;

/// Whether a series was seen before the slices, which begin at `start`, among what was read.
pub(super) fn was_there(series: Series<'_>, start: TimestampMs, is_seen: fn(f64) -> bool) -> bool {
    let before = series.timestamps.iter().zip(series.values);
    before
        .take_while(|(t, _)| **t < start)
        .any(|(_, v)| is_seen(*v))
}

/// Whether a series may have to be cut: few have.
pub(super) fn may_end(series: Series<'_>) -> bool {
    series.values.iter().any(|v| is_stale(*v)) || was_long_away(series)
}

/// Whether a series was not seen for longer than is looked back. A time that long has a midnight in it, or several.
pub(super) fn was_long_away(
    Series {
        timestamps, values, ..
    }: Series<'_>,
) -> bool {
    let Some((first, last)) = timestamps.first().zip(timestamps.last()) else {
        return false;
    };
    let midnights = first.div_euclid(LOOK_BACK_MS) + 1..=last.div_euclid(LOOK_BACK_MS);
    midnights.into_iter().any(|day| {
        let after = timestamps.partition_point(|t| *t < day * LOOK_BACK_MS);
        let before = values[..after].iter().rposition(|v| v.is_finite());
        let next = values[after..].iter().position(|v| v.is_finite());
        before.zip(next).is_some_and(|(before, next)| {
            timestamps[after + next] - timestamps[before] > LOOK_BACK_MS
        })
    })
}

/// Cuts a series where it came anew: after it was away for longer than is ever looked back, and after a stale marker, if its target was seen
/// without it. What it has then was counted since, even if that is no less than before.
pub(super) fn lives<'a>(
    births: &Births<'_>,
    labels: LabelsRef<'_>,
    whole: Series<'a>,
) -> Result<Vec<Series<'a>>> {
    let (mut lives, mut start, mut born) = (Vec::new(), 0, whole.born);
    let (mut last, mut marker) = (None, None);
    let life = |of: Range<usize>, born| Series {
        timestamps: &whole.timestamps[of.clone()],
        values: &whole.values[of],
        born,
        timeline: None,
    };
    for (i, (&t, v)) in whole.timestamps.iter().zip(whole.values).enumerate() {
        if is_stale(*v) {
            marker = marker.or(last.and(Some(t)));
        }
        if !v.is_finite() {
            continue;
        }
        let is_long = last.replace(t).is_some_and(|last| t - last > LOOK_BACK_MS);
        let marker = marker.take();
        if !is_long && marker.is_none() {
            continue;
        }
        let anew = births.born(labels, t)?;
        if is_long
            || anew
                .zip(marker)
                .is_some_and(|(anew, marker)| anew >= marker)
        {
            lives.push(life(start..i, born));
            (start, born) = (i, anew);
        }
    }
    lives.push(life(start..whole.timestamps.len(), born));
    Ok(lives)
}

/// Cuts a gauge where it was away for longer than is ever looked back.
pub(super) fn seen_together(whole: Series<'_>) -> Vec<Series<'_>> {
    if !was_long_away(whole) {
        return vec![whole];
    }
    let seen: Vec<usize> = (0..whole.values.len())
        .filter(|i| !is_stale(whole.values[*i]))
        .collect();
    let cuts = seen
        .windows(2)
        .filter(|pair| whole.timestamps[pair[1]] - whole.timestamps[pair[0]] > LOOK_BACK_MS);
    let mut start = 0;
    let ends = cuts.map(|pair| pair[1]).chain([whole.values.len()]);
    ends.map(|end| {
        let of = std::mem::replace(&mut start, end)..end;
        Series {
            timestamps: &whole.timestamps[of.clone()],
            values: &whole.values[of],
            ..whole
        }
    })
    .collect()
}
