//! `node_cpu_seconds_total`: four processors in eight modes, in hundredths of a second.

use super::host::SeriesList;
use super::noise::Noise;
use super::step::Step;

const CPUS: [&str; 4] = ["0", "1", "2", "3"];
const MODES: [&str; 8] = [
    "idle", "iowait", "irq", "nice", "softirq", "steal", "system", "user",
];

#[derive(Debug, Clone)]
pub(crate) struct Cpus {
    centis: [[u64; MODES.len()]; CPUS.len()],
}

impl Cpus {
    pub(crate) fn new(noise: &mut Noise) -> Self {
        let uptime = u64::from(noise.below(1 << 28));
        let shares = [0.8, 0.01, 0.0, 0.0001, 0.003, 0.0, 0.05, 0.13];
        let cpu = shares.map(|share| (uptime as f64 * share) as u64);
        Self {
            centis: [cpu; CPUS.len()],
        }
    }

    pub(crate) fn series(list: &mut SeriesList<'_>) {
        for cpu in CPUS {
            for mode in MODES {
                list.add("node_cpu_seconds_total", &[("cpu", cpu), ("mode", mode)]);
            }
        }
    }

    pub(crate) fn advance(&mut self, step: &Step, noise: &mut Noise, values: &mut Vec<f64>) {
        let whole = step.seconds * 100.0;
        for cpu in &mut self.centis {
            let user = noise.around(whole * 0.35 * step.activity, whole * 0.08);
            let system = noise.around(whole * 0.12 * step.activity, whole * 0.025);
            let iowait = noise.around(whole * 0.02 * step.activity, whole * 0.012);
            let softirq = noise.count(whole * 0.006 * step.activity);
            let irq = noise.count(whole * 0.003 * step.activity);
            let nice = noise.count(whole * 0.0005);
            let busy = user + system + iowait + softirq + irq + nice;
            let idle = (whole as u64).saturating_sub(busy);
            let grown = [idle, iowait, irq, nice, softirq, 0, system, user];
            for (centis, more) in cpu.iter_mut().zip(grown) {
                *centis += more;
                values.push(*centis as f64 / 100.0);
            }
        }
    }
}
