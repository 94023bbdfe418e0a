//! [`Recipients`]: the scrapers, push targets and files that receive a family, and the newest
//! exposition that was delivered to each.
//!
//! An exposition is *delivered* once its recipient has it: a scrape when its body has been written,
//! a push when the server has accepted it. An idle series expires only after an exposition with its
//! last value has been delivered to every regular recipient; see `expiry.rs`.
//!
//! A recipient is forgotten when no exposition has been delivered to it for [`MEMORY_NANOS`], or
//! for three times the interval of its deliveries if that is longer, at most for
//! [`MAX_MEMORY_NANOS`]. The series of a scraper that was shut down therefore do not stay forever.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use crate::storage::clock;

/// How long a recipient is waited for after its last delivery: 5 minutes, the time after which
/// Prometheus itself regards a series without samples as gone.
const MEMORY_NANOS: u64 = 5 * 60 * 1_000_000_000;

/// How long a recipient with a long interval is waited for at most: a day.
const MAX_MEMORY_NANOS: u64 = 24 * 60 * 60 * 1_000_000_000;

/// The most recipients of a family, so that clients that pretend to be many different ones use
/// bounded memory.
const MAX_RECIPIENTS: usize = 64;

/// The number of the newest exposition of the process.
static NEWEST: AtomicU64 = AtomicU64::new(0);

/// Identifies a recipient of expositions: a scraper, a push target, a file or the program.
///
/// A series that has become idle stays until every recipient has its last value. A recipient that
/// receives nothing any more is forgotten after five minutes, or after three of its intervals if
/// that is longer, at most a day; so is one that never received anything. At most 64 are known at a
/// time.
///
/// ```
/// use metrics_core::Recipient;
///
/// let archive = Recipient::new("https://archive.example/metrics");
/// assert_eq!(archive, Recipient::new("https://archive.example/metrics"));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recipient(u64);

impl Recipient {
    /// The program itself, which calls `encode`.
    pub(crate) const PROGRAM: Recipient = Recipient(0);

    /// The recipient with this identity, such as the URL of a push target. Equal identities are the
    /// same recipient.
    pub fn new(identity: impl Hash) -> Self {
        let mut hasher = DefaultHasher::new();
        identity.hash(&mut hasher);
        Recipient(hasher.finish())
    }
}

/// The start of an exposition.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ExpositionStart {
    /// The number of the exposition, never 0. Expositions that start later have larger numbers.
    pub(crate) number: u64,
    /// A reading of [`clock::idle_clock`].
    pub(crate) time: u64,
}

impl ExpositionStart {
    pub(crate) fn now() -> Self {
        ExpositionStart {
            number: NEWEST.fetch_add(1, Ordering::SeqCst) + 1,
            time: clock::idle_clock(),
        }
    }
}

/// The number to store for a change of a series that exposition `by` (0 for none) has just read.
///
/// Exactly the expositions with larger numbers are known to contain the change. Those include `by`,
/// unless a newer exposition has started, which may have read the series before it changed.
pub(crate) fn number_of_change(by: u64) -> u64 {
    let newest = NEWEST.load(Ordering::SeqCst);
    if by != 0 && newest == by {
        by - 1
    } else {
        newest
    }
}

/// The recipients of a family.
#[derive(Debug)]
pub(crate) struct Recipients(Mutex<Vec<Known>>);

#[derive(Debug)]
struct Known {
    recipient: Recipient,
    /// The number of the newest exposition that was delivered to the recipient; 0 for none.
    delivered: u64,
    /// When exposition `delivered` started; before the first delivery, when one was first tried.
    time: u64,
    /// The intervals between the last three deliveries; 0 if there were fewer.
    intervals: [u64; 2],
}

impl Recipients {
    pub(crate) const fn new() -> Self {
        Recipients(Mutex::new(Vec::new()))
    }

    /// Adds a recipient to which nothing has been delivered yet, so that idle series wait for it.
    pub(crate) fn expect(&self, recipient: Recipient, start: ExpositionStart) {
        self.known(recipient, start, |_| ());
    }

    /// Notes that an exposition was delivered.
    ///
    /// Returns the number of the newest exposition such that it or a later one was delivered to
    /// every recipient that is not forgotten.
    pub(crate) fn deliver(&self, recipient: Recipient, start: ExpositionStart) -> u64 {
        self.known(recipient, start, |known| {
            if known.delivered != 0 {
                let interval = start.time.saturating_sub(known.time);
                known.intervals = [known.intervals[1], interval];
            }
            known.delivered = known.delivered.max(start.number);
            known.time = known.time.max(start.time);
        });
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let expected = all.iter().filter(|known| !known.is_forgotten(start.time));
        let delivered = expected.map(|known| known.delivered);
        delivered.min().unwrap_or(start.number)
    }

    /// Calls `update` with a recipient, which is added if there is room for it.
    fn known(&self, recipient: Recipient, start: ExpositionStart, update: impl FnOnce(&mut Known)) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = all.iter_mut().find(|known| known.recipient == recipient) {
            return update(known);
        }
        if all.len() >= MAX_RECIPIENTS {
            // Removes forgotten recipients only, so that a client with many identities cannot
            // displace regular ones.
            all.retain(|known| !known.is_forgotten(start.time));
        }
        if all.len() < MAX_RECIPIENTS {
            let mut known = Known {
                recipient,
                delivered: 0,
                time: start.time,
                intervals: [0; 2],
            };
            update(&mut known);
            all.push(known);
        }
    }
}

impl Known {
    fn is_forgotten(&self, now: u64) -> bool {
        // Uses the shorter of two intervals, so that one scrape by hand a day after another does
        // not make idle series wait for this recipient for a day.
        let [earlier, last] = self.intervals;
        let three_intervals = earlier.min(last).saturating_mul(3);
        let memory = three_intervals.clamp(MEMORY_NANOS, MAX_MEMORY_NANOS);
        now.saturating_sub(self.time) > memory
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: u64 = 60 * 1_000_000_000;

    fn start(number: u64, minute: u64) -> ExpositionStart {
        let time = minute * MINUTE;
        ExpositionStart { number, time }
    }

    #[test]
    fn a_family_is_delivered_up_to_the_exposition_that_its_slowest_recipient_has() {
        let (fast, slow) = (Recipient::new("fast"), Recipient::new("slow"));
        let recipients = Recipients::new();
        assert_eq!(recipients.deliver(slow, start(1, 0)), 1);
        assert_eq!(recipients.deliver(fast, start(2, 0)), 1);
        assert_eq!(recipients.deliver(fast, start(3, 1)), 1);
        assert_eq!(recipients.deliver(slow, start(4, 2)), 3);
    }

    #[test]
    fn an_expected_recipient_is_waited_for_before_its_first_delivery() {
        let recipients = Recipients::new();
        recipients.expect(Recipient::new("expected"), start(1, 0));
        assert_eq!(recipients.deliver(Recipient::PROGRAM, start(2, 0)), 0);
        assert_eq!(recipients.deliver(Recipient::PROGRAM, start(3, 6)), 3);
    }

    #[test]
    fn a_recipient_is_forgotten_after_five_minutes_without_a_delivery() {
        let recipients = Recipients::new();
        recipients.deliver(Recipient::new("gone"), start(1, 0));
        assert_eq!(recipients.deliver(Recipient::PROGRAM, start(2, 5)), 1);
        assert_eq!(recipients.deliver(Recipient::PROGRAM, start(3, 6)), 3);
    }

    #[test]
    fn a_regular_recipient_is_forgotten_after_three_intervals() {
        let (recipients, hourly) = (Recipients::new(), Recipient::new("hourly"));
        for hour in 0..3 {
            recipients.deliver(hourly, start(hour + 1, hour * 60));
        }
        assert_eq!(recipients.deliver(Recipient::PROGRAM, start(4, 300)), 3);
        assert_eq!(recipients.deliver(Recipient::PROGRAM, start(5, 301)), 5);
    }

    #[test]
    fn a_late_delivery_of_an_older_exposition_takes_nothing_back() {
        let recipients = Recipients::new();
        recipients.deliver(Recipient::PROGRAM, start(2, 0));
        assert_eq!(recipients.deliver(Recipient::PROGRAM, start(1, 0)), 2);
    }

    #[test]
    fn the_number_of_recipients_is_bounded() {
        let recipients = Recipients::new();
        for at in 0..1_000 {
            recipients.deliver(Recipient::new(at), start(at + 1, 0));
        }
        let len = || recipients.0.lock().unwrap().len();
        assert_eq!(len(), MAX_RECIPIENTS);
        recipients.deliver(Recipient::PROGRAM, start(2_000, 6));
        assert_eq!(len(), 1);
    }
}
