//! [`OpenSeries`]: the series of a family with labels whose values are not known at compile time:
//! their index, cardinality limit and expiry.

use std::sync::{
    OnceLock,
    atomic::{AtomicU64, AtomicUsize, Ordering},
};

use crate::{
    metric::family::overflows::Overflows,
    series::{recipients::Recipients, thread_cache::IndexBox},
};

/// Number of series that a metric may have if the values of its labels are not known at compile
/// time. Its declaration, its [`Options`](crate::Options) or
/// [`Registry::max_series`](crate::Registry::max_series) can set another limit.
pub const DEFAULT_MAX_SERIES: usize = 10_000;

/// Series that are created when their labels are first used.
#[derive(Debug)]
pub(crate) struct OpenSeries {
    /// Created by the first call of `Family::index`.
    pub(super) index: OnceLock<IndexBox>,
    max_series: AtomicUsize,
    /// Whether the declaration or the options set the limit, so that the registry's limit does not
    /// apply.
    has_own_limit: bool,
    /// For how many nanoseconds a series must be idle before it expires; 0 for never.
    pub(super) expiry_nanos: u64,
    /// The recipients of expositions with the series, if the series expire.
    pub(super) recipients: Recipients,
    /// A cell that is never exposed. Discarded recordings into gauges and state sets go to it.
    pub(super) discarded: AtomicU64,
    pub(super) overflows: Overflows,
}

impl OpenSeries {
    pub(super) const fn new() -> Self {
        OpenSeries {
            index: OnceLock::new(),
            max_series: AtomicUsize::new(DEFAULT_MAX_SERIES),
            has_own_limit: false,
            expiry_nanos: 0,
            recipients: Recipients::new(),
            discarded: AtomicU64::new(0),
            overflows: Overflows::new(),
        }
    }

    pub(super) const fn set_own_limit(&mut self, max: usize) {
        self.max_series = AtomicUsize::new(max);
        self.has_own_limit = true;
    }

    /// The limit that the declaration or the options set, if they set one.
    pub(super) fn own_limit(&self) -> Option<usize> {
        self.has_own_limit.then(|| self.limit())
    }

    /// The cardinality limit.
    pub(super) fn limit(&self) -> usize {
        self.max_series.load(Ordering::Relaxed)
    }

    /// Sets the limit, unless the declaration or the options have set one.
    pub(super) fn set_default_limit(&self, max: usize) {
        if self.has_own_limit || self.max_series.swap(max, Ordering::Relaxed) == max {
            return;
        }
        if let Some(index) = self.index.get() {
            index.limit_changed();
        }
    }
}
