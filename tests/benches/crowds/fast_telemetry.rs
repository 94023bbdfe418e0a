//! The threads bench with the crate fast-telemetry, whose threads share a fixed number of shards.

use std::thread;

use fast_telemetry::{DynamicHistogram, Histogram, PrometheusExport};

use super::{BOUNDS, Crowd, Library, SERIES, VALUE, labels};
use crate::common::{Column, Role};

struct FastTelemetry {
    labels: Vec<String>,
    all_waits: Histogram,
    waits: DynamicHistogram,
}

impl FastTelemetry {
    fn new() -> Self {
        let bounds = BOUNDS.map(|bound| bound as u64);
        let shards = thread::available_parallelism().map_or(1, usize::from);
        Self {
            labels: labels(),
            all_waits: Histogram::new(&bounds, shards),
            waits: DynamicHistogram::with_limits(&bounds, shards, SERIES),
        }
    }
}

impl Crowd for FastTelemetry {
    fn observe(&self, times: usize) {
        for _ in 0..times {
            self.all_waits.record(VALUE as u64);
        }
    }

    fn observe_series(&self, times: usize) {
        for at in 0..times {
            let route = self.labels[at % SERIES].as_str();
            self.waits.record(&[("route", route)], VALUE as u64);
        }
    }

    fn encode(&self, text: &mut String) {
        self.waits.export_prometheus(text, "waits", "Waits.");
    }
}

pub(super) const PEER: Library = Library {
    column: Column {
        name: "fast-telemetry",
        package: Some("fast-telemetry"),
        role: Role::Peer,
    },
    new: || Box::new(FastTelemetry::new()),
};
