//! Expiry of idle series of a collector, which stores the series itself.
//!
//! In `collect`, the collector notes which of its series have changed. After an exposition with its
//! series was delivered, the registry calls the collector, which hides the series that are due: they
//! have been idle for the expiry time, and all recipients have their last values
//! (`series/recipients.rs`). The bridge of the facade `metrics` in metrics-http uses this.

use std::time::Duration;

use crate::{
    registry::collection::Collection,
    series::recipients::{ExpositionStart, Recipient, Recipients, number_of_change},
};

/// The expiry time of a collector's series, and the recipients of its expositions.
#[derive(Debug)]
pub struct CollectorExpiry {
    idle_nanos: u64,
    recipients: Recipients,
}

impl CollectorExpiry {
    /// Lets series expire that have been idle for this time.
    pub fn after(idle: Duration) -> Self {
        CollectorExpiry {
            idle_nanos: u64::try_from(idle.as_nanos()).unwrap_or(u64::MAX),
            recipients: Recipients::new(),
        }
    }

    /// From now on, series expire only after this recipient has their last values, although nothing
    /// has been delivered to it yet.
    pub(crate) fn expect(&self, recipient: Recipient, start: ExpositionStart) {
        self.recipients.expect(recipient, start);
    }

    /// Notes that an exposition was delivered.
    pub(crate) fn deliver(&self, recipient: Recipient, start: ExpositionStart) -> DeliveredSeries {
        DeliveredSeries {
            idle_nanos: self.idle_nanos,
            delivered: self.recipients.deliver(recipient, start).min(start.number),
            time: start.time,
        }
    }
}

/// When a series of a collector last changed, as far as expositions have seen it.
#[derive(Clone, Copy, Debug)]
pub struct SeriesActivity {
    /// The start time of the exposition that first contained the change; `u64::MAX` if there is
    /// none yet.
    changed: u64,
    /// Only expositions with larger numbers certainly contain the change.
    number_of_change: u64,
}

impl SeriesActivity {
    /// The activity of a series that no exposition has seen yet.
    pub const NEW: Self = SeriesActivity {
        changed: u64::MAX,
        number_of_change: u64::MAX,
    };

    /// Notes that the value of the series, which `out` receives, has changed.
    pub fn note_change(&mut self, out: &Collection<'_>) {
        let ExpositionStart { number, time } = out.exposition();
        self.changed = time;
        self.number_of_change = number_of_change(number);
    }
}

/// Tells, after a delivery, which series of a collector all recipients have in their final state.
#[derive(Clone, Copy, Debug)]
pub struct DeliveredSeries {
    idle_nanos: u64,
    /// Every recipient has received the exposition with this number, or a later one.
    delivered: u64,
    /// The start time of the exposition that was delivered.
    time: u64,
}

impl DeliveredSeries {
    /// Whether a series has been idle for the expiry time, and all recipients have its last value.
    pub fn are_final(&self, activity: SeriesActivity) -> bool {
        let idle = self.time.saturating_sub(activity.changed);
        idle >= self.idle_nanos && activity.number_of_change < self.delivered
    }
}
