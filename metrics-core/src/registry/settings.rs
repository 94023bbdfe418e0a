//! [`Settings`] of a registry: prefix, const labels, limits and switches.

use std::{
    sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    time::Duration,
};

use crate::{
    metric::family::DEFAULT_MAX_SERIES,
    sample::{format::ExpositionFormat, label_text},
};

/// The settings of a registry; those that are atomic can be changed at any time.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) prefix: String,
    /// The labels that every series has.
    pub(crate) const_labels: Vec<(String, String)>,
    rendered_const_labels: String,
    created: AtomicBool,
    self_metrics: AtomicBool,
    max_series: AtomicUsize,
    /// In nanoseconds; `u64::MAX` means no timeout.
    collector_timeout: AtomicU64,
}

impl Settings {
    pub(crate) fn new(prefix: String, const_labels: Vec<(String, String)>) -> Self {
        let mut rendered_const_labels = String::new();
        label_text::push_pairs(&mut rendered_const_labels, &const_labels);
        Settings {
            prefix,
            const_labels,
            rendered_const_labels,
            created: AtomicBool::new(false),
            self_metrics: AtomicBool::new(false),
            max_series: AtomicUsize::new(DEFAULT_MAX_SERIES),
            collector_timeout: AtomicU64::new(nanos(DEFAULT_COLLECTOR_TIMEOUT)),
        }
    }

    /// The const labels, rendered for an exposition.
    pub(crate) fn rendered_const_labels(&self, exposition: ExpositionFormat) -> String {
        let mut rendered = String::new();
        let escaping = exposition.name_escaping();
        label_text::push_escaped(&self.rendered_const_labels, escaping, &mut rendered);
        rendered
    }

    /// Whether OpenMetrics expositions have lines with created timestamps.
    pub(crate) fn writes_created(&self) -> bool {
        self.created.load(Ordering::Relaxed)
    }

    pub(crate) fn set_created(&self, on: bool) {
        self.created.store(on, Ordering::Relaxed);
    }

    /// Whether the registry's self-metrics are written.
    pub(crate) fn writes_self_metrics(&self) -> bool {
        self.self_metrics.load(Ordering::Relaxed)
    }

    pub(crate) fn set_self_metrics(&self, on: bool) {
        self.self_metrics.store(on, Ordering::Relaxed);
    }

    pub(crate) fn set_max_series(&self, max: usize) {
        self.max_series.store(max, Ordering::Relaxed);
    }

    /// The cardinality limit of metrics whose declarations have none.
    pub(crate) fn max_series(&self) -> usize {
        self.max_series.load(Ordering::Relaxed)
    }

    /// How long a scrape waits for its collectors at most.
    pub(crate) fn collector_timeout(&self) -> Duration {
        match self.collector_timeout.load(Ordering::Relaxed) {
            u64::MAX => Duration::MAX,
            nanos => Duration::from_nanos(nanos),
        }
    }

    pub(crate) fn set_collector_timeout(&self, timeout: Duration) {
        self.collector_timeout
            .store(nanos(timeout), Ordering::Relaxed);
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// Half of Prometheus' default scrape timeout (10 s), so that a scrape in which a collector hangs
/// still succeeds. A shorter time could be too short on an overloaded machine.
const DEFAULT_COLLECTOR_TIMEOUT: Duration = Duration::from_secs(5);
