//! An HTTP service's counters: requests by handler and code, and a classic histogram of their duration.
//!
//! The service restarts twice a day; all its counters then start from zero.

use super::host::SeriesList;
use super::noise::Noise;
use super::step::Step;

const CODES: [&str; 3] = ["200", "404", "500"];
const BOUNDS: [&str; 12] = [
    "0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1", "2.5", "5", "10", "+Inf",
];

/// A handler: its path, requests per second at full activity, their mean duration in seconds, and the share of them
/// that ends in each bucket.
struct Handler {
    path: &'static str,
    rate: f64,
    mean_seconds: f64,
    shares: [f64; BOUNDS.len()],
}

const HANDLERS: [Handler; 3] = [
    Handler {
        path: "/api/orders",
        rate: 300.0,
        mean_seconds: 0.11,
        shares: [
            0.05, 0.1, 0.2, 0.25, 0.2, 0.12, 0.05, 0.02, 0.007, 0.002, 0.0008, 0.0002,
        ],
    },
    Handler {
        path: "/api/search",
        rate: 120.0,
        mean_seconds: 0.42,
        shares: [
            0.0, 0.01, 0.04, 0.1, 0.2, 0.3, 0.2, 0.1, 0.04, 0.008, 0.0018, 0.0002,
        ],
    },
    Handler {
        path: "/healthz",
        rate: 8.0,
        mean_seconds: 0.004,
        shares: [
            0.8, 0.15, 0.04, 0.01, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0,
        ],
    },
];

#[derive(Debug, Clone, Default)]
struct Counters {
    codes: [u64; CODES.len()],
    buckets: [u64; BOUNDS.len()],
    sum_centis: u64,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Service {
    handlers: [Counters; HANDLERS.len()],
}

impl Service {
    pub(crate) fn series(list: &mut SeriesList<'_>) {
        for handler in &HANDLERS {
            for code in CODES {
                list.add(
                    "http_requests_total",
                    &[("code", code), ("handler", handler.path)],
                );
            }
        }
        for handler in &HANDLERS {
            for bound in BOUNDS {
                let own = [("handler", handler.path), ("le", bound)];
                list.add("http_request_duration_seconds_bucket", &own);
            }
            list.add(
                "http_request_duration_seconds_sum",
                &[("handler", handler.path)],
            );
            list.add(
                "http_request_duration_seconds_count",
                &[("handler", handler.path)],
            );
        }
    }

    pub(crate) fn advance(&mut self, step: &Step, noise: &mut Noise, values: &mut Vec<f64>) {
        for (counters, handler) in self.handlers.iter_mut().zip(&HANDLERS) {
            counters.serve(handler, step, noise);
            values.extend(counters.codes.iter().map(|n| *n as f64));
        }
        for counters in &self.handlers {
            let mut below = 0;
            for bucket in counters.buckets {
                below += bucket;
                values.push(below as f64);
            }
            values.push(counters.sum_centis as f64 / 100.0);
            values.push(below as f64);
        }
    }
}

impl Counters {
    /// Counts the requests of one step: each in one bucket and one code.
    fn serve(&mut self, handler: &Handler, step: &Step, noise: &mut Noise) {
        let burst = (1.0 + 0.25 * noise.normal()).max(0.1);
        let wanted = handler.rate * step.seconds * step.activity * burst;
        let mut served = 0;
        for (bucket, share) in self.buckets.iter_mut().zip(handler.shares) {
            if share > 0.0 {
                let mean = wanted * share;
                let more = noise.around(mean, mean.sqrt() + 0.1 * mean);
                *bucket += more;
                served += more;
            }
        }
        let failed = noise.count(served as f64 * 0.002).min(served);
        let missed = noise.count(served as f64 * 0.01).min(served - failed);
        for (code, more) in self
            .codes
            .iter_mut()
            .zip([served - failed - missed, missed, failed])
        {
            *code += more;
        }
        let centis = served as f64 * handler.mean_seconds * 100.0;
        self.sum_centis += noise.around(centis, centis * 0.05);
    }
}
