//! Self-metrics of the bridge from the facade `metrics`: rejected recordings, and look-ups of
//! series beyond the cardinality limit.

use metrics_core::{Collection, Desc, Kind};

/// Writes the number of rejected recordings of a family, unless it is 0.
pub(super) fn write_rejected(out: &mut Collection<'_>, family: &str, reason: &str, count: u64) {
    if count > 0 {
        let labels = [("family", family), ("reason", reason)];
        out.counter(&DESCS[0], &labels, count as f64);
    }
}

/// Writes how often a series beyond the limit was looked up, unless it is 0.
pub(super) fn write_overflowed(out: &mut Collection<'_>, family: &str, count: u64) {
    if count > 0 {
        out.counter(&DESCS[1], &[("family", family)], count as f64);
    }
}

pub(super) static DESCS: [Desc; 2] = [
    Desc::new(
        Kind::Counter,
        "metrics_facade_rejected_total",
        "Rejected recordings through the facade `metrics`.",
    ),
    Desc::new(
        Kind::Counter,
        "metrics_facade_overflowed_total",
        "Look-ups of series beyond the cardinality limit through the facade `metrics`.",
    ),
];
