//! `node_filesystem_*_bytes`: four mounts, of which one is written to all the time.

use super::host::SeriesList;
use super::noise::Noise;
use super::step::Step;

const BLOCK_BYTES: f64 = 4_096.0;

/// Mount point, size in blocks, chance that a step writes to it.
const MOUNTS: [(&str, f64, f64); 4] = [
    ("/", 26_214_400.0, 0.9),
    ("/boot", 262_144.0, 0.0),
    ("/data", 262_144_000.0, 1.0),
    ("/tmp", 2_097_152.0, 0.3),
];

#[derive(Debug, Clone)]
pub(crate) struct Filesystems {
    used: [f64; MOUNTS.len()],
}

impl Filesystems {
    pub(crate) fn new(noise: &mut Noise) -> Self {
        Self {
            used: MOUNTS.map(|mount| (mount.1 * (0.2 + 0.3 * noise.unit())).trunc()),
        }
    }

    pub(crate) fn series(list: &mut SeriesList<'_>) {
        for (mount, ..) in MOUNTS {
            let own = [
                ("device", "/dev/vda"),
                ("fstype", "ext4"),
                ("mountpoint", mount),
            ];
            list.add("node_filesystem_size_bytes", &own);
            list.add("node_filesystem_free_bytes", &own);
            list.add("node_filesystem_avail_bytes", &own);
        }
    }

    pub(crate) fn advance(&mut self, step: &Step, noise: &mut Noise, values: &mut Vec<f64>) {
        for (used, (_, blocks, chance)) in self.used.iter_mut().zip(MOUNTS) {
            if noise.unit() < chance {
                *used += noise.count(80.0 * step.activity) as f64;
            }
            if *used > blocks * 0.9 {
                *used = (blocks * 0.4).trunc();
            }
            let free = blocks - *used;
            let reserved = (blocks * 0.05).trunc();
            values.push(blocks * BLOCK_BYTES);
            values.push(free * BLOCK_BYTES);
            values.push((free - reserved) * BLOCK_BYTES);
        }
    }
}
