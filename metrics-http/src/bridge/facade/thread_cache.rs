//! [`ThreadCache`]: a thread's cache of the series that it has looked up by their keys.
//!
//! The facade looks a series up for each recording, and takes an `Arc` of it. If threads shared the
//! `Arc`s, they would contend for the reference counts. So each thread has a [`ThreadSeries`] of
//! its own for each series. A hit takes no lock and writes to no memory that threads share.

use std::{
    cell::{Cell, RefCell},
    mem, ptr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicBool, AtomicU64, Ordering, fence},
    },
};

use metrics::{CounterFn, GaugeFn, HistogramFn, Key};

/// A value with a cache in each thread.
pub(super) trait Cached: Sized + 'static {
    /// Calls `run` with the calling thread's cache of series of this type; `None` if the thread is
    /// ending and has dropped it.
    fn with_cache<R>(run: impl FnOnce(&RefCell<ThreadCache<Self>>) -> R) -> Option<R>;
}

/// Identifies a recorder among all that the program has created, even those that were dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RecorderId(u64);

impl RecorderId {
    /// An identifier that no other recorder has.
    pub(super) fn new() -> RecorderId {
        static LAST: AtomicU64 = AtomicU64::new(0);
        RecorderId(LAST.fetch_add(1, Ordering::Relaxed) + 1)
    }
}

/// The value of a series, shared by the threads that record into it.
pub(super) struct SharedSeries<V> {
    pub(super) value: V,
    /// Whether the family has removed the series, or is about to, or was dropped.
    is_removed: AtomicBool,
    /// The references that the caches of threads hold.
    cached: Mutex<Vec<Weak<ThreadSeries<V>>>>,
}

/// A thread's reference to a series, from which the thread makes the handles that it returns.
pub(super) struct ThreadSeries<V>(Arc<SharedSeries<V>>);

impl<V> SharedSeries<V> {
    pub(super) fn new(value: V) -> Arc<Self> {
        Arc::new(SharedSeries {
            value,
            is_removed: AtomicBool::new(false),
            cached: Mutex::default(),
        })
    }

    /// Sets whether the threads' caches forget the series.
    pub(super) fn set_removed(&self, is_removed: bool) {
        self.is_removed.store(is_removed, Ordering::Relaxed);
    }

    /// Lets the threads' caches forget the series, if the program has no handle to it.
    ///
    /// Returns whether it has none. The caller holds `references` references, and excludes that a
    /// thread gets a new one meanwhile, other than from its cache.
    pub(super) fn remove_if_unused(self: &Arc<Self>, references: usize) -> bool {
        let cached = lock(&self.cached);
        // A reference that is in no thread's cache belongs to a handle.
        if Arc::strong_count(self) > references + cached.len() {
            return false;
        }
        self.is_removed.store(true, Ordering::Relaxed);
        // With the fence in `ThreadCache::find`: either a thread that is making a handle sees that
        // the series is removed, or the counts below include the handle.
        fence(Ordering::SeqCst);
        let is_unused = cached.iter().all(|series| series.strong_count() == 1);
        if !is_unused {
            self.is_removed.store(false, Ordering::Relaxed);
        }
        is_unused
    }
}

impl<V> ThreadSeries<V> {
    pub(super) fn new(series: Arc<SharedSeries<V>>) -> Arc<Self> {
        Arc::new(ThreadSeries(series))
    }

    fn is_removed(&self) -> bool {
        self.0.is_removed.load(Ordering::Relaxed)
    }
}

impl<V: CounterFn> CounterFn for ThreadSeries<V> {
    fn increment(&self, value: u64) {
        self.0.value.increment(value);
    }

    fn absolute(&self, value: u64) {
        self.0.value.absolute(value);
    }
}

impl<V: GaugeFn> GaugeFn for ThreadSeries<V> {
    fn increment(&self, value: f64) {
        self.0.value.increment(value);
    }

    fn decrement(&self, value: f64) {
        self.0.value.decrement(value);
    }

    fn set(&self, value: f64) {
        self.0.value.set(value);
    }
}

impl<V: HistogramFn> HistogramFn for ThreadSeries<V> {
    fn record(&self, value: f64) {
        self.0.value.record(value);
    }

    fn record_many(&self, value: f64, count: usize) {
        self.0.value.record_many(value, count);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Ignores poisoning, because a panic under a lock leaves the contents consistent.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A hash table with linear probing over at most [`PROBES`] slots.
pub(super) struct ThreadCache<V> {
    /// Empty, or a power of two of slots.
    slots: Vec<Option<Slot<V>>>,
}

struct Slot<V> {
    recorder: RecorderId,
    key: Key,
    series: Arc<ThreadSeries<V>>,
    /// Whether the slot was used since a full cache last looked for a slot to replace.
    was_used: Cell<bool>,
}

/// The number of slots in which a key may be.
const PROBES: usize = 4;
const FIRST_SLOTS: usize = 64;
/// The largest number of slots, which limits the memory of a thread. A thread that uses more series
/// replaces those that it has not used lately.
const MAX_SLOTS: usize = 4096;

impl<V> Slot<V> {
    fn new(recorder: RecorderId, key: &Key, series: &Arc<ThreadSeries<V>>) -> Self {
        lock(&series.0.cached).push(Arc::downgrade(series));
        Slot {
            recorder,
            key: key.clone(),
            series: Arc::clone(series),
            was_used: Cell::new(true),
        }
    }

    #[inline]
    fn has(&self, recorder: RecorderId, key: &Key) -> bool {
        self.recorder == recorder && self.key == *key
    }
}

impl<V> Drop for Slot<V> {
    fn drop(&mut self) {
        let is_other = |other: &Weak<_>| !ptr::eq(other.as_ptr(), Arc::as_ptr(&self.series));
        lock(&self.series.0.cached).retain(is_other);
    }
}

impl<V: Cached> ThreadCache<V> {
    pub(super) const fn new() -> Self {
        ThreadCache { slots: Vec::new() }
    }

    /// Finds the calling thread's reference to a series. `expires` says whether the recorder's
    /// series expire.
    #[inline]
    pub(super) fn find(
        recorder: RecorderId,
        key: &Key,
        expires: bool,
    ) -> Option<Arc<ThreadSeries<V>>> {
        V::with_cache(|cache| {
            // The borrow fails if an allocator records while the cache changes.
            let cache = cache.try_borrow().ok()?;
            let mut slots = cache.probes(key).map(|at| cache.slots[at].as_ref());
            let slot = slots.find_map(|slot| slot.filter(|slot| slot.has(recorder, key)))?;
            slot.was_used.set(true);
            let series = Arc::clone(&slot.series);
            if expires {
                // With the fence in `remove_if_unused`, which reads the reference count. Only if
                // series expire, because a fence waits for all earlier stores of the thread.
                fence(Ordering::SeqCst);
                if series.is_removed() {
                    return None;
                }
            }
            Some(series)
        })?
    }

    /// Caches the calling thread's reference to a series, unless the cache is full of series that
    /// the thread still uses.
    #[cold]
    pub(super) fn insert(recorder: RecorderId, key: &Key, series: &Arc<ThreadSeries<V>>) {
        // Drops what is replaced after the borrow has ended, because that may run code of an
        // allocator, which may record.
        let _replaced = V::with_cache(|cache| {
            let mut cache = cache.try_borrow_mut().ok()?;
            let mut replaced = Vec::new();
            if let Some(at) = cache.take_slot(recorder, key, &mut replaced) {
                replaced.extend(cache.slots[at].replace(Slot::new(recorder, key, series)));
            }
            Some(replaced)
        });
    }

    /// A slot for a key, for which the table grows if necessary; adds what the table loses to
    /// `replaced`.
    fn take_slot(
        &mut self,
        recorder: RecorderId,
        key: &Key,
        replaced: &mut Vec<Slot<V>>,
    ) -> Option<usize> {
        loop {
            if let Some(at) = self.free_slot(recorder, key) {
                return Some(at);
            }
            if self.slots.len() >= MAX_SLOTS {
                return self.unused_slot(key);
            }
            self.grow(replaced);
        }
    }

    /// The slot that has this key, or one that is empty or whose series was removed.
    fn free_slot(&self, recorder: RecorderId, key: &Key) -> Option<usize> {
        let has_key = |at: &usize| {
            let slot = self.slots[*at].as_ref();
            slot.is_some_and(|slot| slot.has(recorder, key))
        };
        let is_free = |at: &usize| {
            let slot = self.slots[*at].as_ref();
            slot.is_none_or(|slot| slot.series.is_removed())
        };
        let same = self.probes(key).find(has_key);
        same.or_else(|| self.probes(key).find(is_free))
    }

    /// A slot whose series the thread has not used since the last call for this key's slots.
    fn unused_slot(&self, key: &Key) -> Option<usize> {
        let is_unused = |at: &usize| {
            let slot = self.slots[*at].as_ref();
            slot.is_some_and(|slot| !slot.was_used.replace(false))
        };
        self.probes(key).filter(is_unused).last()
    }

    /// Doubles the table, and adds the slots that it loses to `replaced`: those whose series were
    /// removed, and those for which the new table has no room.
    fn grow(&mut self, replaced: &mut Vec<Slot<V>>) {
        let len = (2 * self.slots.len()).max(FIRST_SLOTS);
        let new = (0..len).map(|_| None).collect();
        for slot in mem::replace(&mut self.slots, new).into_iter().flatten() {
            let free = self.free_slot(slot.recorder, &slot.key);
            match free.filter(|_| !slot.series.is_removed()) {
                Some(at) => self.slots[at] = Some(slot),
                None => replaced.push(slot),
            }
        }
    }

    /// The indices of the slots in which a key may be.
    #[inline]
    fn probes(&self, key: &Key) -> impl Iterator<Item = usize> + use<V> {
        // Mixes in the upper half of the hash, because the lower bits alone are of lower quality.
        let hash = key.get_hash();
        let home = (hash ^ hash >> 32) as usize;
        let mask = self.slots.len().wrapping_sub(1);
        let number = PROBES.min(self.slots.len());
        (0..number).map(move |probe| home.wrapping_add(probe) & mask)
    }
}
