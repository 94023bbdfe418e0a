//! The bridge's metrics of itself: rejected recordings, look-ups of series beyond the cardinality
//! limit, and changed names.

use std::collections::BTreeMap;

use metrics_core::{Collection, Desc, Kind, Subject};

use super::renames::RENAMED;

/// Counts of rejected recordings and of look-ups beyond the limit, in all families.
///
/// The counts are added up by name, because families of several types may have one name, of which
/// all but one are rejected.
#[derive(Default)]
pub(super) struct Counts {
    /// Rejected recordings by family and reason.
    rejected: BTreeMap<(String, &'static str), u64>,
    /// Look-ups of series beyond the limit, by family.
    overflowed: BTreeMap<String, u64>,
}

impl Counts {
    pub(super) fn add_rejected(&mut self, family: &str, reason: &'static str, count: u64) {
        let key = (family.to_owned(), reason);
        *self.rejected.entry(key).or_default() += count;
    }

    pub(super) fn add_overflowed(&mut self, family: &str, count: u64) {
        *self.overflowed.entry(family.to_owned()).or_default() += count;
    }

    /// Writes the counts that are not 0.
    pub(super) fn write(self, out: &mut Collection<'_>) {
        let [rejected, overflowed, _] = &DESCS;
        for ((family, reason), count) in self.rejected.into_iter().filter(|(_, count)| *count > 0) {
            let labels = [("family", family.as_str()), ("reason", reason)];
            out.counter(rejected, &labels, count as f64);
        }
        for (family, count) in self.overflowed.into_iter().filter(|(_, count)| *count > 0) {
            out.counter(overflowed, &[("family", &family)], count as f64);
        }
    }
}

pub(super) static DESCS: [Desc; 3] = [
    Desc::new(
        Kind::Counter,
        "metrics_facade_rejected_total",
        "Rejected recordings through the facade `metrics`.",
    )
    .about(Subject::Library)
    .exclusive(),
    Desc::new(
        Kind::Counter,
        "metrics_facade_overflowed_total",
        "Look-ups of series beyond the cardinality limit through the facade `metrics`.",
    )
    .about(Subject::Library),
    RENAMED,
];
