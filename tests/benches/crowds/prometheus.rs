//! The threads bench with the crate prometheus, whose threads share one atomic per number.

use prometheus::{Histogram, HistogramOpts, HistogramVec, Registry, TextEncoder};

use super::{BOUNDS, Crowd, Library, SERIES, VALUE, labels};
use crate::common::{Column, Role};

struct Prometheus {
    labels: Vec<String>,
    all_waits: Histogram,
    waits: HistogramVec,
    registry: Registry,
}

impl Prometheus {
    fn new() -> Self {
        let options = |name: &str| HistogramOpts::new(name, "Waits.").buckets(BOUNDS.to_vec());
        let all_waits = Histogram::with_opts(options("all_waits")).expect(VALID);
        let waits = HistogramVec::new(options("waits"), &["route"]).expect(VALID);
        let registry = Registry::new();
        registry.register(Box::new(waits.clone())).expect(VALID);
        Self {
            labels: labels(),
            all_waits,
            waits,
            registry,
        }
    }
}

impl Crowd for Prometheus {
    fn observe(&self, times: usize) {
        for _ in 0..times {
            self.all_waits.observe(VALUE);
        }
    }

    fn observe_series(&self, times: usize) {
        for at in 0..times {
            let route = self.labels[at % SERIES].as_str();
            self.waits.with_label_values(&[route]).observe(VALUE);
        }
    }

    fn encode(&self, text: &mut String) {
        let encoded = TextEncoder::new().encode_utf8(&self.registry.gather(), text);
        encoded.expect(VALID);
    }
}

pub(super) const PEER: Library = Library {
    column: Column {
        name: "prometheus",
        package: Some("prometheus"),
        role: Role::Peer,
    },
    new: || Box::new(Prometheus::new()),
};

const VALID: &str = "the options are valid";
