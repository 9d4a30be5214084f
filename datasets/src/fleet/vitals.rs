//! `up`, `node_boot_time_seconds` and the load averages of a host.

use narthex_model::TimestampMs;

use super::host::SeriesList;
use super::noise::Noise;
use super::step::Step;

/// Name of each load average and its time constant in seconds.
const LOADS: [(&str, f64); 3] = [
    ("node_load1", 60.0),
    ("node_load5", 300.0),
    ("node_load15", 900.0),
];

#[derive(Debug, Clone)]
pub(crate) struct Vitals {
    boot_seconds: f64,
    loads: [f64; LOADS.len()],
}

impl Vitals {
    pub(crate) fn new(noise: &mut Noise, start_ms: TimestampMs) -> Self {
        let uptime = i64::from(noise.below(1 << 23));
        Self {
            boot_seconds: (start_ms / 1000 - uptime) as f64,
            loads: [1.0; LOADS.len()],
        }
    }

    pub(crate) fn series(list: &mut SeriesList<'_>) {
        list.add("up", &[]);
        list.add("node_boot_time_seconds", &[]);
        for (name, _) in LOADS {
            list.add(name, &[]);
        }
    }

    pub(crate) fn advance(&mut self, step: &Step, noise: &mut Noise, values: &mut Vec<f64>) {
        values.extend([1.0, self.boot_seconds]);
        let running = (2.4 * step.activity + 0.9 * noise.normal()).max(0.0);
        for (load, (_, constant_seconds)) in self.loads.iter_mut().zip(LOADS) {
            let weight = 1.0 - (-step.seconds / constant_seconds).exp();
            *load += (running - *load) * weight;
            values.push((*load * 100.0).round() / 100.0);
        }
    }
}
