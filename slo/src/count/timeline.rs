//! How samples lie on a grid, which follows from their times alone: series with the same times share it.

use narthex_model::TimestampMs;

use super::Grid;
use super::interval::Interval;
use super::spread::share;

/// So many samples, each in a slice of its own, are divided at once.
const AT_ONCE: usize = 32;

/// So many differences are looked at side by side.
const LANES: usize = 4;

/// Where samples lie on a grid.
#[derive(Debug, Clone)]
pub struct Timeline {
    grid: Grid,
    interval: Interval,
    len: usize,
    /// The samples that have one edge of a slice between them and the one before, which is the usual distance away.
    crossings: Vec<u32>,
    /// Of each crossing, the part of the time since the sample before that belongs to the slice before.
    fractions: Vec<f64>,
    /// The samples that must be looked at: at an unusual distance, further than the next slice, or outside of the grid.
    odd: Vec<u32>,
}

impl Timeline {
    /// Lays samples over the slices of a grid.
    pub fn lay(timestamps: &[TimestampMs], grid: Grid) -> Self {
        let mut timeline = Self {
            grid,
            interval: Interval::learn(timestamps),
            len: timestamps.len().min(u32::MAX as usize),
            crossings: Vec::with_capacity(grid.len.min(timestamps.len())),
            fractions: Vec::with_capacity(grid.len.min(timestamps.len())),
            odd: vec![0],
        };
        let mut edge = grid.edge(1);
        for (at, pair) in (1..).zip(timestamps[..timeline.len].windows(2)) {
            timeline.place(at, (pair[0], pair[1]), &mut edge);
        }
        timeline
    }

    /// Takes up a sample and the one before; `edge` is the end of the slice that the latter lies in, or of the first.
    fn place(&mut self, at: u32, (before, t): (TimestampMs, TimestampMs), edge: &mut TimestampMs) {
        let distance = t - before;
        let inside = before >= self.grid.start && t <= self.grid.end();
        let mut is_odd = !(inside && self.interval.is_usual(distance));
        // A sample at an edge ends the slice before it.
        if t > *edge {
            let last = *edge;
            *edge += self.grid.step;
            if t > *edge {
                is_odd = true;
                *edge = self.grid.edge(self.grid.index(t - 1) + 1);
            } else if !is_odd {
                self.crossings.push(at);
                self.fractions
                    .push((last - before) as f64 / distance as f64);
            }
        }
        if is_odd {
            self.odd.push(at);
        }
    }

    /// Whether it was laid with this interval in mind.
    pub(super) fn is_of(&self, interval: Interval) -> bool {
        self.interval == interval
    }

    /// Adds to slices what a counter counted from sample `from` on, up to the first that must be looked at, because of its time or
    /// because the counter did not rise. Returns which that is.
    ///
    /// `values` are those of the samples that were laid, and `at` is the time of the one before `from`.
    pub(super) fn count(
        &self,
        (from, at): (usize, TimestampMs),
        values: &[f64],
        slices: &mut [f64],
    ) -> usize {
        let odd = self.odd.partition_point(|odd| (*odd as usize) < from);
        let end = self.odd.get(odd).map_or(self.len, |odd| *odd as usize);
        let values = &values[..end.min(values.len())];
        if from == 0 || from >= values.len() {
            return from;
        }
        let end = from + rising(&values[from - 1..]);
        let first = self.crossings.partition_point(|c| (*c as usize) < from);
        let mut taker = Taker {
            values: &values[..end],
            slices,
            slot: self.grid.index(at - 1),
            last: from - 1,
            held: 0.0,
        };
        taker.take(&self.crossings[first..], &self.fractions[first..]);
        taker.end();
        end
    }
}

/// How many differences of neighbours, from the first on, are those of a counter that rises or stays.
fn rising(values: &[f64]) -> usize {
    let mut from = 0;
    while let Some(chunk) = values.get(from..=from + LANES * AT_ONCE) {
        // As many side by side as vectors have room for, without a jump. What rises to a finite number is finite.
        let mut falls = [0.0; LANES];
        for at in (0..LANES * AT_ONCE).step_by(LANES) {
            for (lane, falls) in falls.iter_mut().enumerate() {
                let rises = chunk[at + lane + 1] >= chunk[at + lane];
                *falls += if rises { 0.0 } else { 1.0 };
            }
        }
        let is_finite = chunk[0].is_finite() && chunk[LANES * AT_ONCE].is_finite();
        if falls != [0.0; LANES] || !is_finite {
            break;
        }
        from += LANES * AT_ONCE;
    }
    let mut rest = values[from..].windows(2);
    let falls = rest.position(|pair| !(0.0..f64::INFINITY).contains(&(pair[1] - pair[0])));
    from + falls.unwrap_or(values.len() - 1 - from)
}

/// Takes what a rising counter counted, from edge to edge.
struct Taker<'a> {
    values: &'a [f64],
    slices: &'a mut [f64],
    /// The slice that sample `last` lies in.
    slot: usize,
    /// The sample up to which all was taken.
    last: usize,
    /// What was taken and belongs to `slot`.
    held: f64,
}

impl Taker<'_> {
    fn take(&mut self, crossings: &[u32], fractions: &[f64]) {
        let len = crossings.partition_point(|c| (*c as usize) < self.values.len());
        let mut next = 0;
        while next < len {
            let at = crossings[next] as usize;
            let ahead = crossings[..len].get(next + AT_ONCE - 1);
            // Neighbours: each sample lies in a slice of its own.
            if ahead.is_some_and(|ahead| *ahead as usize == at + AT_ONCE - 1) {
                self.run(at, &fractions[next..next + AT_ONCE]);
                next += AT_ONCE;
            } else {
                self.cross(at, fractions[next]);
                next += 1;
            }
        }
    }

    /// Goes over an edge.
    fn cross(&mut self, at: usize, fraction: f64) {
        let before = self.values[at - 1];
        let delta = self.values[at] - before;
        let part = share(delta, fraction);
        self.slices[self.slot] += self.held + (before - self.values[self.last]) + part;
        (self.slot, self.last, self.held) = (self.slot + 1, at, delta - part);
    }

    /// Goes over an edge with each of [`AT_ONCE`] samples.
    fn run(&mut self, at: usize, fractions: &[f64]) {
        let values = &self.values[at - 1..at + AT_ONCE];
        let slices = &mut self.slices[self.slot..self.slot + AT_ONCE];
        let (mut parts, mut rests) = ([0.0; AT_ONCE], [0.0; AT_ONCE + 1]);
        rests[0] = self.held + (values[0] - self.values[self.last]);
        for (i, fraction) in fractions.iter().enumerate() {
            let delta = values[i + 1] - values[i];
            parts[i] = share(delta, *fraction);
            rests[i + 1] = delta - parts[i];
        }
        // Each slice has the rest of one difference and a part of the next.
        for ((slice, part), rest) in slices.iter_mut().zip(parts).zip(rests) {
            *slice += rest + part;
        }
        (self.slot, self.last, self.held) = (self.slot + AT_ONCE, at + AT_ONCE - 1, rests[AT_ONCE]);
    }

    /// Adds what was counted since the last edge.
    fn end(self) {
        let rest = self
            .values
            .last()
            .map_or(0.0, |v| v - self.values[self.last]);
        self.slices[self.slot] += self.held + rest;
    }
}
