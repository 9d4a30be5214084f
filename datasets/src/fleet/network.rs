//! `node_network_*_total`: bytes and packets of one interface, as whole numbers.

use super::host::SeriesList;
use super::noise::Noise;
use super::step::Step;

/// Names, bytes per second at full activity, and bytes per packet.
const DIRECTIONS: [(&str, &str, f64, f64); 2] = [
    (
        "node_network_receive_bytes_total",
        "node_network_receive_packets_total",
        900_000.0,
        820.0,
    ),
    (
        "node_network_transmit_bytes_total",
        "node_network_transmit_packets_total",
        2_400_000.0,
        1_110.0,
    ),
];

#[derive(Debug, Clone)]
pub(crate) struct Network {
    bytes: [u64; DIRECTIONS.len()],
    packets: [u64; DIRECTIONS.len()],
}

impl Network {
    pub(crate) fn new(noise: &mut Noise) -> Self {
        let bytes = DIRECTIONS.map(|d| (d.2 * f64::from(noise.below(1 << 20))) as u64);
        let packets = [bytes[0] / 820, bytes[1] / 1_110];
        Self { bytes, packets }
    }

    pub(crate) fn series(list: &mut SeriesList<'_>) {
        for (bytes, packets, ..) in DIRECTIONS {
            list.add(bytes, &[("device", "eth0")]);
            list.add(packets, &[("device", "eth0")]);
        }
    }

    pub(crate) fn advance(&mut self, step: &Step, noise: &mut Noise, values: &mut Vec<f64>) {
        for (i, (_, _, rate, packet_bytes)) in DIRECTIONS.iter().enumerate() {
            let mean = rate * step.seconds * step.activity;
            let bytes = noise.around(mean, mean * 0.3);
            self.bytes[i] += bytes;
            self.packets[i] += noise.count(bytes as f64 / packet_bytes);
            values.push(self.bytes[i] as f64);
            values.push(self.packets[i] as f64);
        }
    }
}
