//! [`Counters`]: counters in an index, and the number of recordings that were begun for each
//! series.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use crate::{
    series::{
        cursor::Cursor, entry::GENERATION_STEP, id::SeriesId, index::Index,
        recipients::ExpositionStart,
    },
    storage::{Reader, clock, layout::Layout, scalar::increment},
};

/// A limit on series that no model reaches.
const LIMIT: usize = 10;

/// An exposition that is newer than all changes.
const LAST: ExpositionStart = ExpositionStart {
    number: u64::MAX,
    time: u64::MAX,
};

pub(crate) struct Counters {
    pub(crate) index: Index,
    /// The number of recordings that were begun for each series. Loom does not see this lock of the
    /// standard library, so the lock adds no ordering to the model.
    begun: Mutex<HashMap<SeriesId, u64>>,
    /// The number of recordings that went to the overflow series.
    overflowed: AtomicU64,
}

impl Counters {
    /// Counters that do not expire.
    pub(crate) fn permanent() -> Arc<Self> {
        Counters::new(0)
    }

    /// Counters that expire when they have not changed between two calls of [`scrape`].
    ///
    /// [`scrape`]: Self::scrape
    pub(crate) fn expiring() -> Arc<Self> {
        Counters::new(1)
    }

    fn new(expiry: u64) -> Arc<Self> {
        let index = Index::new("name", Layout::Count, 1, LIMIT, false).expiring(expiry);
        Arc::new(Counters {
            index,
            begun: Mutex::default(),
            overflowed: AtomicU64::new(0),
        })
    }

    /// Finds or creates the series of a key.
    pub(crate) fn insert(&self, key: u64) -> SeriesId {
        let series = self.index.insert(&[key], || LIMIT, false, "");
        series.expect("there is room")
    }

    pub(crate) fn find(&self, key: u64) -> Option<SeriesId> {
        self.index.find(&[key])
    }

    pub(crate) fn remove(&self, key: u64) {
        self.index.remove(&[key]);
    }

    /// Looks a series up and records into it, if it exists.
    pub(crate) fn count(&self, key: u64) {
        if let Some(series) = self.find(key) {
            self.record(series);
        }
    }

    /// Records into a series that was looked up before.
    pub(crate) fn record(&self, series: SeriesId) {
        self.begin(series);
        let overflow = || {
            self.overflowed.fetch_add(1, Ordering::Relaxed);
            // A placeholder: overflow is counted above and not in a series.
            SeriesId {
                place: 0,
                generation: 0,
            }
        };
        self.index
            .record(series, overflow, |cells| increment(&cells[0]));
    }

    /// Notes that a recording begins.
    pub(crate) fn begin(&self, series: SeriesId) {
        let mut begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        *begun.entry(series).or_default() += 1;
    }

    /// The number of recordings that were begun for a series.
    pub(crate) fn begun(&self, series: SeriesId) -> u64 {
        let begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        begun.get(&series).copied().unwrap_or(0)
    }

    pub(crate) fn overflowed(&self) -> u64 {
        self.overflowed.load(Ordering::Relaxed)
    }

    /// Returns the exposed series with their values, and removes series whose grace period is over.
    ///
    /// The grace period has no length, so that only the number of scrapes delays a removal.
    pub(crate) fn scrape(&self) -> HashMap<SeriesId, u64> {
        clock::end_grace();
        let mut exposed = HashMap::new();
        let mut reader = Reader::default();
        self.index.read_tile(
            &mut reader,
            &mut Cursor::default(),
            |series, _, _, values| {
                exposed.insert(series, values[0]);
            },
        );
        for (series, value) in &exposed {
            let begun = self.begun(*series);
            assert!(*value <= begun, "{value} of {begun} for {series:?}");
        }
        exposed
    }

    /// Scrapes twice and asserts that no total decreases.
    pub(crate) fn watch(&self) {
        let (first, second) = (self.scrape(), self.scrape());
        for (series, first) in first {
            let second = second.get(&series).copied().unwrap_or(u64::MAX);
            assert!(first <= second, "{second} after {first} for {series:?}");
        }
    }

    /// Suspends all series that have not changed since the last scrape: they expire, but are kept
    /// for a grace period.
    pub(crate) fn expire_idle(&self) {
        self.index.expire_idle(LAST, u64::MAX, LIMIT);
    }

    /// Expires all series and removes them.
    pub(crate) fn expire_for_good(&self) {
        self.scrape();
        self.expire_idle();
        self.scrape();
        self.scrape();
    }

    /// Asserts that the series with these keys, and no others, are exposed with all recordings that
    /// were begun for them.
    pub(crate) fn assert_complete(&self, keys: &[u64]) {
        let exposed = self.scrape();
        for key in keys {
            let series = self.find(*key).expect("it exists");
            assert_eq!(exposed.get(&series), Some(&self.begun(series)), "key {key}");
        }
        assert_eq!(exposed.len(), keys.len());
    }

    /// The generation of the series that was inserted as the `nth`.
    pub(crate) fn generation(nth: u64) -> u64 {
        1 + nth * GENERATION_STEP
    }
}
