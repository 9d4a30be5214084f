//! The kernels against a plain reading of the rules, window by window.

use proptest::prelude::*;

use super::*;
use crate::kernels::windows::BoundsCache;
use crate::steps::StepWriter;

/// All samples within reach, the window's edges, and what the rules say.
fn naive(samples: &[(i64, f64)], start: i64, end: i64, reach: Reach) -> Option<f64> {
    let smoothed = reach.extension == Extension::Smoothed;
    let after = if smoothed { reach.lookback } else { 0 };
    let near: Vec<_> = samples
        .iter()
        .copied()
        .filter(|(t, _)| start - reach.lookback < *t && *t <= end + after)
        .collect();
    let line = |a: (i64, f64), b: (i64, f64), t: i64| {
        let from = if b.1 < a.1 { 0.0 } else { a.1 };
        from + (b.1 - from) * (t - a.0) as f64 / (b.0 - a.0) as f64
    };
    let before = near.iter().rev().find(|(t, _)| *t <= start).copied();
    let inside: Vec<_> = near
        .iter()
        .copied()
        .filter(|(t, _)| start < *t && *t < end)
        .collect();
    let at_end = near.iter().find(|(t, _)| *t >= end).copied();
    let mut path = Vec::new();
    let next = inside.first().copied().or(at_end)?;
    match before {
        Some(b) if smoothed && b.0 < start => path.push(line(b, next, start)),
        Some(b) => path.push(b.1),
        None if next.0 > end => return None,
        None => {}
    }
    path.extend(inside.iter().map(|(_, v)| *v));
    match at_end {
        Some(e) if e.0 > end => path.push(line(inside.last().copied().or(before)?, e, end)),
        Some(e) => path.push(e.1),
        None => {}
    }
    let grown: f64 = path
        .windows(2)
        .map(|p| if p[1] < p[0] { p[1] } else { p[1] - p[0] })
        .sum();
    Some(grown)
}

proptest! {
    #[test]
    fn increase_is_the_climb_along_the_path(
        mut times in prop::collection::vec(-300_i64..2_000, 0..60),
        values in prop::collection::vec(0_u32..50, 60),
        first_end in -100_i64..1_000, interval in 0_i64..500, steps in 1_usize..12, range in 1_i64..600,
        lookback in 1_i64..400, smoothed in any::<bool>(),
    ) {
        times.sort_unstable();
        times.dedup();
        let values: Vec<f64> = values.into_iter().take(times.len()).map(f64::from).collect();
        let extension = if smoothed { Extension::Smoothed } else { Extension::Anchored };
        let reach = Reach { extension, lookback };
        let windows = Windows { first_end, interval, steps, range };
        let mut cache = BoundsCache::new(reach.around(&windows));
        let (bounds, _) = cache.bounds(&times);
        let series = Extended { timestamps: &times, values: &values, bounds, windows: &windows, extension };
        let mut out = StepWriter::new(1, steps);
        increase(&series, &mut out.row_mut(0));
        let samples: Vec<_> = times.iter().copied().zip(values.iter().copied()).collect();
        let row = out.row_mut(0);
        for step in 0..steps {
            let expected = naive(&samples, windows.start(step), windows.end(step), reach);
            prop_assert_eq!(row.present[step], expected.is_some(), "step {}", step);
            if let Some(expected) = expected {
                prop_assert!((row.values[step] - expected).abs() < 1e-9, "step {}: {} and {}", step, row.values[step], expected);
            }
        }
    }
}
