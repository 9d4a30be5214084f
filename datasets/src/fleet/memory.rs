//! `node_memory_*_bytes`: pages of 4,096 bytes that drift about what the hour asks for.

use super::host::SeriesList;
use super::noise::Noise;
use super::step::Step;

const PAGE_BYTES: f64 = 4_096.0;
const TOTAL_PAGES: f64 = 4_194_304.0;

#[derive(Debug, Clone)]
pub(crate) struct Memory {
    used: f64,
    cached: f64,
}

impl Memory {
    pub(crate) fn new(noise: &mut Noise) -> Self {
        Self {
            used: TOTAL_PAGES * (0.3 + 0.2 * noise.unit()),
            cached: TOTAL_PAGES * (0.2 + 0.1 * noise.unit()),
        }
    }

    pub(crate) fn series(list: &mut SeriesList<'_>) {
        for name in [
            "node_memory_MemTotal_bytes",
            "node_memory_MemFree_bytes",
            "node_memory_MemAvailable_bytes",
            "node_memory_Cached_bytes",
        ] {
            list.add(name, &[]);
        }
    }

    pub(crate) fn advance(&mut self, step: &Step, noise: &mut Noise, values: &mut Vec<f64>) {
        let wanted = TOTAL_PAGES * (0.25 + 0.3 * step.activity);
        self.used += (wanted - self.used) * 0.01 + 6_000.0 * noise.normal();
        self.cached = (self.cached + 700.0 * noise.normal()).clamp(1_000.0, TOTAL_PAGES * 0.35);
        let used = self.used.clamp(1_000.0, TOTAL_PAGES * 0.6).trunc();
        let cached = self.cached.trunc();
        let free = TOTAL_PAGES - used - cached;
        for pages in [TOTAL_PAGES, free, free + cached, cached] {
            values.push(pages * PAGE_BYTES);
        }
    }
}
