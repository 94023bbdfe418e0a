//! [`WaitingList`]: the expositions that wait for their readers, and which of them is aborted when
//! they are too many.
//!
//! The victim is the exposition whose client has read most slowly since its start. The time of the
//! current wait would be a worse measure: it is short for a client that reads a little now and
//! then, and on a busy machine it may be long for one that reads as fast as it can.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

/// An exposition that can be aborted while it waits for its reader.
pub(super) trait Abortable: Send + Sync {
    fn abort(&self);
}

/// The expositions that wait for their readers.
pub(super) struct WaitingList {
    entries: Vec<Entry>,
    next_id: u64,
    max: usize,
    /// This number of expositions may wait even if their collectors' values exceed
    /// [`MAX_COLLECTED_BYTES`].
    min: usize,
}

struct Entry {
    id: u64,
    waiting: WaitingExposition,
    /// Whether there is room for a chunk, so that the exposition only waits for a place.
    has_room: bool,
}

/// An exposition that is about to wait for its reader.
pub(super) struct WaitingExposition {
    pub(super) exposition: Arc<dyn Abortable>,
    pub(super) start: Instant,
    /// Bytes that the reader has taken so far.
    pub(super) read_bytes: u64,
    /// Memory of the values of collectors.
    pub(super) collected_bytes: usize,
}

/// Whether an exposition may wait without a place.
#[derive(Debug, PartialEq)]
pub(super) enum Admission {
    /// Yes; it is in the list with this id.
    Listed(u64),
    /// Not before `retry`, because the list is full of expositions that have just begun.
    Full { retry: Instant },
}

impl WaitingList {
    pub(super) fn new(max: usize, min: usize) -> WaitingList {
        WaitingList {
            entries: Vec::new(),
            next_id: 0,
            max,
            min,
        }
    }

    /// Adds an exposition. If there is no room for it, aborts the slowest one, which may be the
    /// exposition itself.
    pub(super) fn admit(&mut self, waiting: WaitingExposition, now: Instant) -> Admission {
        let id = self.next_id;
        self.next_id += 1;
        self.entries.push(Entry {
            id,
            waiting,
            has_room: false,
        });
        while self.is_over() {
            let Some(slowest) = self.slowest(now) else {
                self.entries.pop();
                return Admission::Full {
                    retry: self.next_victim(now),
                };
            };
            let aborted = self.entries.remove(slowest);
            aborted.waiting.exposition.abort();
            if aborted.id == id {
                break;
            }
        }
        Admission::Listed(id)
    }

    /// Notes that there is room for a chunk of an exposition.
    pub(super) fn note_room(&mut self, id: u64) {
        if let Some(entry) = self.entries.iter_mut().find(|entry| entry.id == id) {
            entry.has_room = true;
        }
    }

    /// Removes an exposition, if it was not aborted.
    pub(super) fn remove(&mut self, id: u64) {
        self.entries.retain(|entry| entry.id != id);
    }

    fn is_over(&self) -> bool {
        let count = self.entries.len();
        let collected = self.entries.iter().map(|it| it.waiting.collected_bytes);
        count > self.max || count > self.min && collected.sum::<usize>() > MAX_COLLECTED_BYTES
    }

    /// The position of the exposition that is read most slowly, of those that may be aborted.
    fn slowest(&self, now: Instant) -> Option<usize> {
        let speed = |entry: &Entry| entry.waiting.speed(now);
        let entries = self.entries.iter().enumerate();
        let victims = entries.filter(|(_, entry)| entry.is_stalled() && entry.grace_end() <= now);
        let slowest = victims.min_by(|(_, a), (_, b)| speed(a).total_cmp(&speed(b)));
        slowest.map(|(position, _)| position)
    }

    /// The time at which the next exposition may be aborted.
    fn next_victim(&self, now: Instant) -> Instant {
        let stalled = self.entries.iter().filter(|entry| entry.is_stalled());
        let next = stalled.map(Entry::grace_end).min();
        next.unwrap_or(now + GRACE).max(now + MIN_RETRY)
    }
}

impl Entry {
    /// Whether the exposition waits for its reader, not only for a place.
    fn is_stalled(&self) -> bool {
        !self.has_room
    }

    fn grace_end(&self) -> Instant {
        self.waiting.start + GRACE
    }
}

impl WaitingExposition {
    /// The bytes per second that the reader has taken.
    fn speed(&self, now: Instant) -> f64 {
        self.read_bytes as f64 / now.duration_since(self.start).as_secs_f64()
    }
}

/// An exposition is not aborted in this time after its start, in which every reader is slow if many
/// expositions start at once.
const GRACE: Duration = Duration::from_millis(500);
/// Bounds how often an exposition that is not admitted tries again.
const MIN_RETRY: Duration = Duration::from_millis(10);
/// Limit on the memory of collectors' values that expositions hold while they wait for readers.
const MAX_COLLECTED_BYTES: usize = 32 << 20;

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    #[derive(Default)]
    struct Exposition(AtomicBool);

    impl Abortable for Exposition {
        fn abort(&self) {
            self.0.store(true, Ordering::Relaxed);
        }
    }

    /// A list of at most two expositions, at least one, with a clock.
    struct Scene {
        list: WaitingList,
        start: Instant,
    }

    impl Scene {
        fn new() -> Scene {
            Scene {
                list: WaitingList::new(2, 1),
                start: Instant::now(),
            }
        }

        fn after(&self, millis: u64) -> Instant {
            self.start + Duration::from_millis(millis)
        }

        /// Admits an exposition that started at one time and waits from another, in milliseconds.
        fn admit(&mut self, [start, now]: [u64; 2], read: u64) -> (Arc<Exposition>, Admission) {
            self.admit_with(0, [start, now], read)
        }

        fn admit_with(
            &mut self,
            collected_bytes: usize,
            [start, now]: [u64; 2],
            read_bytes: u64,
        ) -> (Arc<Exposition>, Admission) {
            let exposition = Arc::new(Exposition::default());
            let waiting = WaitingExposition {
                exposition: Arc::clone(&exposition) as _,
                start: self.after(start),
                read_bytes,
                collected_bytes,
            };
            let now = self.after(now);
            (exposition, self.list.admit(waiting, now))
        }
    }

    fn is_aborted(exposition: &Exposition) -> bool {
        exposition.0.load(Ordering::Relaxed)
    }

    #[test]
    fn the_slowest_reader_makes_room() {
        let mut scene = Scene::new();
        let (fast, _) = scene.admit([0, 100], 9_000_000);
        let (slow, _) = scene.admit([0, 200], 1_000_000);
        let (new, admission) = scene.admit([900, 1000], 500_000);
        assert_eq!(admission, Admission::Listed(2));
        assert!(is_aborted(&slow) && !is_aborted(&fast) && !is_aborted(&new));
    }

    #[test]
    fn a_reader_that_is_the_slowest_itself_is_aborted() {
        let mut scene = Scene::new();
        let (first, _) = scene.admit([0, 100], 9_000_000);
        let (second, _) = scene.admit([0, 100], 9_000_000);
        let (slow, _) = scene.admit([0, 1000], 10);
        assert!(is_aborted(&slow) && !is_aborted(&first) && !is_aborted(&second));
    }

    #[test]
    fn an_exposition_is_not_aborted_shortly_after_its_start() {
        let mut scene = Scene::new();
        let (first, _) = scene.admit([0, 100], 10);
        let (second, _) = scene.admit([100, 100], 10);
        let (new, admission) = scene.admit([200, 200], 10);
        let retry = scene.after(500);
        assert_eq!(admission, Admission::Full { retry });
        assert!(!is_aborted(&first) && !is_aborted(&second) && !is_aborted(&new));
        let (_, admission) = scene.admit([200, 500], 10);
        assert!(matches!(admission, Admission::Listed(_)) && is_aborted(&first));
    }

    #[test]
    fn an_exposition_that_only_waits_for_a_place_is_not_aborted() {
        let mut scene = Scene::new();
        let (slow, admission) = scene.admit([0, 100], 10);
        let Admission::Listed(id) = admission else {
            panic!("{admission:?}");
        };
        scene.list.note_room(id);
        let (fast, _) = scene.admit([0, 100], 9_000_000);
        scene.admit([900, 1000], 10);
        assert!(!is_aborted(&slow) && is_aborted(&fast));
    }

    #[test]
    fn values_of_collectors_are_limited_beyond_the_minimum() {
        let mut scene = Scene::new();
        let (first, _) = scene.admit_with(MAX_COLLECTED_BYTES + 1, [0, 1000], 10);
        assert!(!is_aborted(&first));
        let (second, _) = scene.admit_with(1, [0, 1000], 9_000_000);
        assert!(is_aborted(&first) && !is_aborted(&second));
    }

    #[test]
    fn a_removed_exposition_leaves_its_room() {
        let mut scene = Scene::new();
        let (first, admission) = scene.admit([0, 1000], 10);
        let Admission::Listed(id) = admission else {
            panic!("{admission:?}");
        };
        scene.admit([0, 1000], 20);
        scene.list.remove(id);
        scene.admit([0, 1000], 30);
        assert!(!is_aborted(&first));
    }
}
