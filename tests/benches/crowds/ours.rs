//! The threads bench with our crate metrics-core.

use metrics_core::{Format, Registry, metrics};

use super::{Crowd, Library, SERIES, VALUE, labels};
use crate::common::{Column, Role};

metrics! {
    /// Waits, without labels.
    #[buckets(exponential(1.0, 2.0, 14))]
    static ALL_WAITS: Histogram = "all_waits";

    /// Waits.
    #[buckets(exponential(1.0, 2.0, 14))]
    #[max_series(2_000)]
    static WAITS: Histogram<(route: &str)> = "waits";
}

struct Ours {
    labels: Vec<String>,
}

impl Crowd for Ours {
    fn observe(&self, times: usize) {
        for _ in 0..times {
            ALL_WAITS.observe(VALUE);
        }
    }

    fn observe_series(&self, times: usize) {
        for at in 0..times {
            WAITS.with(&self.labels[at % SERIES]).observe(VALUE);
        }
    }

    fn encode(&self, text: &mut String) {
        *text = Registry::global().encode_to_string(Format::Text);
    }
}

pub(super) const OURS: Library = Library {
    column: Column {
        name: "ours",
        package: None,
        role: Role::Ours,
    },
    new: || Box::new(Ours { labels: labels() }),
};
