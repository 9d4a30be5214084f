//! A host of TSBS' use case `cpu-only`: ten gauges, each a walk from 0 to 100 of which the whole number is told, ten labels.

use narthex_model::{Labels, METRIC_NAME, TimestampMs};

use super::FleetOptions;
use super::noise::Noise;

/// The gauges.
pub(super) const METRICS: [&str; 10] = [
    "cpu_usage_user",
    "cpu_usage_system",
    "cpu_usage_idle",
    "cpu_usage_nice",
    "cpu_usage_iowait",
    "cpu_usage_irq",
    "cpu_usage_softirq",
    "cpu_usage_steal",
    "cpu_usage_guest",
    "cpu_usage_guest_nice",
];

const REGIONS: [&str; 9] = [
    "ap-northeast-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "eu-central-1",
    "eu-west-1",
    "sa-east-1",
    "us-east-1",
    "us-west-1",
    "us-west-2",
];
const SYSTEMS: [&str; 3] = ["Ubuntu15.10", "Ubuntu16.04LTS", "Ubuntu16.10"];
const ARCHITECTURES: [&str; 2] = ["x64", "x86"];
const TEAMS: [&str; 4] = ["CHI", "LON", "NYC", "SF"];
const ENVIRONMENTS: [&str; 3] = ["production", "staging", "test"];

/// Labels are drawn from streams of their own, so that they do not depend on how many values were drawn.
const LABELS_STREAM: usize = 1 << 32;

/// The name of host `number`.
pub(super) fn hostname(number: usize) -> String {
    format!("host_{number}")
}

/// The label sets of host `number`.
pub(super) fn series(seed: u64, number: usize) -> Vec<Labels> {
    let mut noise = Noise::new(seed, LABELS_STREAM + number);
    let mut one_of = |names: &[&'static str]| names[noise.below(names.len() as u32) as usize];
    let (region, os) = (one_of(&REGIONS), one_of(&SYSTEMS));
    let (arch, team) = (one_of(&ARCHITECTURES), one_of(&TEAMS));
    let environment = one_of(&ENVIRONMENTS);
    let datacenter = format!("{region}{}", one_of(&["a", "b", "c"]));
    let [rack, service, version] = [100, 20, 2].map(|end| noise.below(end).to_string());
    let hostname = hostname(number);
    let labels = METRICS.iter().map(|metric| {
        let labels = [
            (METRIC_NAME, *metric),
            ("arch", arch),
            ("datacenter", &datacenter),
            ("hostname", &hostname),
            ("os", os),
            ("rack", &rack),
            ("region", region),
            ("service", &service),
            ("service_environment", environment),
            ("service_version", &version),
            ("team", team),
        ];
        Labels::new(labels).expect("names are literals and differ")
    });
    labels.collect()
}

/// Its state.
#[derive(Debug, Clone)]
pub(super) struct CpuOnly {
    noise: Noise,
    interval_ms: i64,
    due_ms: TimestampMs,
    usage: [f64; METRICS.len()],
}

impl CpuOnly {
    pub(super) fn new(options: &FleetOptions, number: usize) -> Self {
        let mut noise = Noise::new(options.seed, number);
        Self {
            usage: std::array::from_fn(|_| 100.0 * noise.unit()),
            noise,
            interval_ms: options.interval_ms,
            due_ms: options.start_ms,
        }
    }

    /// As [`super::Host::scrape`].
    pub(super) fn scrape(&mut self, values: &mut Vec<f64>) -> TimestampMs {
        let due_ms = self.due_ms;
        self.due_ms += self.interval_ms;
        values.clear();
        for usage in &mut self.usage {
            *usage = (*usage + self.noise.normal()).clamp(0.0, 100.0);
            values.push(usage.trunc());
        }
        due_ms
    }
}
