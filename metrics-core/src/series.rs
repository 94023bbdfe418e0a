//! Open labels to series: an index that is read without a lock.
//!
//! *Entries* hold the keys. They stand at fixed places and are never given back to the
//! allocator, so that a reader may look at one at any time; whether it was whole tells its
//! `version`, which is odd while the entry is in use and changes with every use. A *table* of
//! hashes leads to them by linear probing. Writers hold a mutex. A reader that meets a table
//! being rebuilt may fail to find a key that is there, never find a wrong one; it then looks
//! again under the mutex.
//!
//! An entry is used again for another key when its series was removed and no handle pins it.
//! The version doubles as the generation of the series' storage: a recorder that was stopped
//! between finding a series and recording into it, while the series was removed and its place
//! given to another, comes with an old generation, and its recording is dropped with the series
//! it was meant for (see `Region::with_series`). Nobody waits for anybody.

use std::{
    hash::{BuildHasher, RandomState},
    sync::{
        LazyLock, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering, fence},
    },
};

use crate::{cell::Region, clock, layout::Layout};

/// Words of a key that stand in the entry itself; longer ones continue in other entries.
const INLINE: usize = 5;
const NONE: u32 = u32::MAX;

/// A table's word for a place never used, and for one whose key was removed. Others are the
/// upper half of the hash and, below it, the entry's number plus 2.
const EMPTY: u64 = 0;
const REMOVED: u64 = 1;

/// Tables and blocks of entries double from this size on.
const FIRST: usize = 64;
/// How often they may double.
const BLOCKS: usize = 20;

#[derive(Debug)]
struct Entry {
    /// Odd while in use.
    version: AtomicU64,
    /// Words of the key.
    len: AtomicU32,
    /// The entry in which the key continues.
    next: AtomicU32,
    /// Handles that hold the series.
    pins: AtomicU32,
    words: [AtomicU64; INLINE],
}

/// A series: its place, and which of the series that have stood there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Series {
    pub(crate) place: u32,
    pub(crate) generation: u64,
}

/// What writers know of a series.
#[derive(Debug, Default)]
struct Meta {
    labels: Box<str>,
    hash: u64,
    /// Unix time.
    created: f64,
    live: bool,
}

#[derive(Debug)]
struct Writer {
    metas: Vec<Meta>,
    free: Vec<u32>,
    /// Removed, but still held by handles.
    pinned: Vec<u32>,
    /// Entries taken, those with continuations of keys included.
    entries: u32,
    spare: Vec<u32>,
    live: usize,
    /// Places of the table that are not `EMPTY`.
    used: usize,
}

/// The series of one metric with open labels.
#[derive(Debug)]
pub(crate) struct Index {
    tables: [OnceLock<Box<[AtomicU64]>>; 20],
    /// Which table is in use.
    table: AtomicUsize,
    /// Entries, then those that keys continue in: each in blocks that double.
    blocks: [OnceLock<Box<[Entry]>>; 2 * BLOCKS],
    writer: Mutex<Writer>,
    regions: Box<[OnceLock<Region>]>,
    /// Series in a region, as a power of two.
    region_bits: u32,
    layout: Layout,
    inner: usize,
    /// Whether sums may go down.
    falls: bool,
    cap: usize,
}

/// The series that has been found or made, or nothing when the cap is reached.
pub(crate) type Found = Option<Series>;

impl Index {
    pub(crate) fn new(layout: Layout, inner: usize, cap: usize, falls: bool) -> Self {
        let cap = cap.min(MOST);
        // A page of words for each thread that touches one of the series in it.
        let region_bits = (512 / (1 + layout.words() * inner)).max(1).ilog2();
        Index {
            tables: [const { OnceLock::new() }; 20],
            table: AtomicUsize::new(0),
            blocks: [const { OnceLock::new() }; 2 * BLOCKS],
            writer: Mutex::new(Writer {
                metas: Vec::new(),
                free: Vec::new(),
                pinned: Vec::new(),
                entries: 0,
                spare: Vec::new(),
                live: 0,
                used: 0,
            }),
            // One series more than the cap, for the overflow, and some that handles hold.
            regions: (0..2 + (cap >> region_bits))
                .map(|_| OnceLock::new())
                .collect(),
            region_bits,
            layout,
            inner,
            falls,
            cap,
        }
    }

    /// Where the words of a series are: a region and the position in it.
    #[inline]
    pub(crate) fn storage(&self, place: u32) -> (&Region, usize) {
        let series = 1 << self.region_bits;
        let region = self.regions[place as usize >> self.region_bits].get_or_init(|| {
            Region::generational(self.layout, series, self.inner).falling(self.falls)
        });
        (region, place as usize & (series - 1))
    }

    /// Finds the series of a key.
    #[inline]
    pub(crate) fn find(&self, key: &[u64]) -> Found {
        self.find_hashed(key, hash(key))
    }

    #[inline]
    fn find_hashed(&self, key: &[u64], hash: u64) -> Found {
        let table = self.tables[self.table.load(Ordering::Acquire)].get()?;
        let mask = table.len() - 1;
        // Bounded: a table that is being rebuilt need not have an empty place in sight.
        for probe in 0..table.len() {
            // Acquire: the entry was written before the table led to it.
            let word = table[(hash as usize + probe) & mask].load(Ordering::Acquire);
            if word == EMPTY {
                return None;
            }
            if word >> 32 == hash >> 32 && word as u32 >= 2 {
                let place = word as u32 - 2;
                if let Some(generation) = self.matches(place, key) {
                    return Some(Series { place, generation });
                }
            }
        }
        None
    }

    fn entry(&self, place: u32) -> &Entry {
        let (block, at) = locate(place as usize);
        let block = self.blocks[block].get_or_init(|| {
            let empty = || Entry {
                version: AtomicU64::new(0),
                len: AtomicU32::new(0),
                next: AtomicU32::new(NONE),
                pins: AtomicU32::new(0),
                words: [const { AtomicU64::new(0) }; INLINE],
            };
            (0..FIRST << (block % BLOCKS)).map(|_| empty()).collect()
        });
        &block[at]
    }

    /// The generation of the entry if it is in use for this very key.
    #[inline]
    fn matches(&self, place: u32, key: &[u64]) -> Option<u64> {
        let entry = self.entry(place);
        let version = entry.version.load(Ordering::Acquire);
        if version & 1 == 0 || entry.len.load(Ordering::Relaxed) as usize != key.len() {
            return None;
        }
        let (head, tail) = key.split_at(key.len().min(INLINE));
        let same = |words: &[AtomicU64; INLINE], key: &[u64]| {
            words
                .iter()
                .zip(key)
                .all(|(word, key)| word.load(Ordering::Relaxed) == *key)
        };
        if !same(&entry.words, head) {
            return None;
        }
        let mut next = entry.next.load(Ordering::Relaxed);
        for part in tail.chunks(INLINE) {
            if next == NONE {
                return None;
            }
            let entry = self.entry(next);
            if !same(&entry.words, part) {
                return None;
            }
            next = entry.next.load(Ordering::Relaxed);
        }
        // The pair of the fence in `write`: had a word been of a later key, so would the version.
        fence(Ordering::Acquire);
        (entry.version.load(Ordering::Relaxed) == version).then_some(version)
    }

    fn writer(&self) -> MutexGuard<'_, Writer> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Finds the series of a key or makes it, as long as there is room under the cap.
    #[cold]
    pub(crate) fn insert(
        &self,
        key: &[u64],
        beyond_cap: bool,
        labels: impl FnOnce() -> String,
    ) -> Found {
        let hash = hash(key);
        let mut writer = self.writer();
        if let Some(found) = self.find_hashed(key, hash) {
            return Some(found);
        }
        if writer.live >= self.cap && !beyond_cap {
            return None;
        }
        let labels = labels();
        let place = self.vacant(&mut writer)?;
        let generation = self.write(&mut writer, place, key);
        let (region, at) = self.storage(place);
        region.renew(at, generation);
        writer.metas[place as usize] = Meta {
            labels: labels.into_boxed_str(),
            hash,
            created: clock::unix_seconds(),
            live: true,
        };
        writer.live += 1;
        self.list(&mut writer, hash, place);
        Some(Series { place, generation })
    }

    /// A place for a series that no handle holds; `None` when handles hold too many.
    fn vacant(&self, writer: &mut Writer) -> Option<u32> {
        if let Some(place) = writer.free.pop() {
            return Some(place);
        }
        let unpinned = |place: &u32| {
            // SeqCst, as in `pin`: either the handle sees the new version or this sees the pin.
            self.entry(*place).pins.load(Ordering::SeqCst) == 0
        };
        if let Some(at) = writer.pinned.iter().position(unpinned) {
            return Some(writer.pinned.swap_remove(at));
        }
        if writer.metas.len() == self.regions.len() << self.region_bits {
            return None;
        }
        writer.metas.push(Meta::default());
        Some(writer.metas.len() as u32 - 1)
    }

    fn write(&self, writer: &mut Writer, place: u32, key: &[u64]) -> u64 {
        let entry = self.entry(place);
        let version = entry.version.load(Ordering::Relaxed);
        debug_assert!(version & 1 == 0);
        // The pair of the fence in `matches`: the even version is seen before any new word.
        fence(Ordering::Release);
        entry.len.store(key.len() as u32, Ordering::Relaxed);
        let (head, tail) = key.split_at(key.len().min(INLINE));
        store(&entry.words, head);
        let mut last = entry;
        for part in tail.chunks(INLINE) {
            let place = writer.spare.pop().unwrap_or_else(|| {
                writer.entries += 1;
                // Continuations grow down from the far end of the numbers.
                SPARE_FROM + writer.entries
            });
            last.next.store(place, Ordering::Relaxed);
            last = self.entry(place);
            store(&last.words, part);
        }
        last.next.store(NONE, Ordering::Relaxed);
        entry.version.store(version + 1, Ordering::Release);
        version + 1
    }

    /// Leads the table to an entry, after making room where it is needed.
    fn list(&self, writer: &mut Writer, hash: u64, place: u32) {
        let current = self.table.load(Ordering::Relaxed);
        let size = self.tables[current].get().map_or(0, |table| table.len());
        if size == 0 || (writer.used + 1) * 2 > size {
            self.rebuild(writer, current);
            return;
        }
        if let Some(table) = self.tables[current].get() {
            writer.used += usize::from(put(table, hash, place));
        }
    }

    /// Writes all live series into a table, the same one cleaned or the next size.
    fn rebuild(&self, writer: &mut Writer, current: usize) {
        let wanted = (writer.live * 4).next_power_of_two().max(FIRST);
        let next = (wanted / FIRST).trailing_zeros() as usize;
        let next = next.max(current).min(self.tables.len() - 1);
        let table = self.tables[next]
            .get_or_init(|| (0..FIRST << next).map(|_| AtomicU64::new(EMPTY)).collect());
        for word in table {
            word.store(EMPTY, Ordering::Relaxed);
        }
        writer.used = 0;
        for (place, meta) in writer.metas.iter().enumerate() {
            if meta.live {
                writer.used += usize::from(put(table, meta.hash, place as u32));
            }
        }
        // Release: readers of the new table find it filled.
        self.table.store(next, Ordering::Release);
    }

    /// Removes one series; false when it was not there any more.
    pub(crate) fn remove(&self, key: &[u64]) -> bool {
        let mut writer = self.writer();
        match self.find_hashed(key, hash(key)) {
            Some(series) => self.take_out(&mut writer, series.place),
            None => false,
        }
    }

    /// Removes the series for which `keep` says no; it is asked without a lock.
    pub(crate) fn retain(&self, mut keep: impl FnMut(&str) -> bool) {
        self.retain_with(|_, labels| keep(labels));
    }

    /// The same for a `keep` that looks at the series alone.
    pub(crate) fn retain_series(&self, mut keep: impl FnMut(Series) -> bool) {
        self.retain_with(|series, _| keep(series));
    }

    fn retain_with(&self, mut keep: impl FnMut(Series, &str) -> bool) {
        let listed: Vec<(Series, Box<str>)> = {
            let writer = self.writer();
            let live = writer
                .metas
                .iter()
                .enumerate()
                .filter(|(_, meta)| meta.live);
            live.map(|(place, meta)| {
                let place = place as u32;
                let generation = self.entry(place).version.load(Ordering::Relaxed);
                (Series { place, generation }, meta.labels.clone())
            })
            .collect()
        };
        for (series, labels) in listed {
            if !keep(series, &labels) {
                let mut writer = self.writer();
                let version = self.entry(series.place).version.load(Ordering::Relaxed);
                if version == series.generation {
                    self.take_out(&mut writer, series.place);
                }
            }
        }
    }

    fn take_out(&self, writer: &mut Writer, place: u32) -> bool {
        let meta = &mut writer.metas[place as usize];
        if !meta.live {
            return false;
        }
        *meta = Meta {
            hash: meta.hash,
            ..Meta::default()
        };
        let hash = meta.hash;
        writer.live -= 1;
        let entry = self.entry(place);
        if let Some(table) = self.tables[self.table.load(Ordering::Relaxed)].get() {
            let mask = table.len() - 1;
            let word = (hash >> 32 << 32) | u64::from(place + 2);
            let probes = (0..table.len()).map(|probe| &table[(hash as usize + probe) & mask]);
            for place in probes {
                if place.load(Ordering::Relaxed) == word {
                    place.store(REMOVED, Ordering::Relaxed);
                    break;
                }
            }
        }
        let mut next = entry.next.load(Ordering::Relaxed);
        // SeqCst: see `vacant`.
        entry.version.fetch_add(1, Ordering::SeqCst);
        while next != NONE {
            writer.spare.push(next);
            next = self.entry(next).next.load(Ordering::Relaxed);
        }
        if entry.pins.load(Ordering::SeqCst) == 0 {
            writer.free.push(place);
        } else {
            writer.pinned.push(place);
        }
        true
    }

    /// Keeps the place of a series from being given to another; false when it already was.
    pub(crate) fn pin(&self, series: Series) -> bool {
        let entry = self.entry(series.place);
        entry.pins.fetch_add(1, Ordering::SeqCst);
        if entry.version.load(Ordering::SeqCst) == series.generation {
            return true;
        }
        self.unpin(series.place);
        false
    }

    /// One more pin for a series that is pinned.
    pub(crate) fn pin_again(&self, place: u32) {
        self.entry(place).pins.fetch_add(1, Ordering::SeqCst);
    }

    pub(crate) fn unpin(&self, place: u32) {
        self.entry(place).pins.fetch_sub(1, Ordering::SeqCst);
    }

    /// How many series there are.
    pub(crate) fn len(&self) -> usize {
        self.writer().live
    }

    /// The rendered labels of a series; `None` once it was removed.
    pub(crate) fn labels(&self, series: Series) -> Option<Box<str>> {
        let writer = self.writer();
        let meta = writer.metas.get(series.place as usize)?;
        let version = self.entry(series.place).version.load(Ordering::Relaxed);
        (meta.live && version == series.generation).then(|| meta.labels.clone())
    }

    /// Shows some series, their labels, birth and values; returns where to go on.
    ///
    /// The writers' lock is held for this many, so that nobody is born or removed among them.
    pub(crate) fn read_tile(
        &self,
        from: usize,
        mut each: impl FnMut(Series, &str, f64, &[u64]),
    ) -> Option<usize> {
        let writer = self.writer();
        if from >= writer.metas.len() {
            return None;
        }
        let to = (from + (1 << self.region_bits)).min(writer.metas.len());
        let (region, _) = self.storage(from as u32);
        let live = (from..to).filter(|place| writer.metas[*place].live);
        region.read(live.map(|place| place - from), |at, values| {
            let meta = &writer.metas[from + at];
            let place = (from + at) as u32;
            let generation = self.entry(place).version.load(Ordering::Relaxed);
            each(
                Series { place, generation },
                &meta.labels,
                meta.created,
                values,
            );
        });
        Some(to)
    }
}

/// The most series that a cap allows: what regions are listed for from the start.
const MOST: usize = 1 << 20;

/// Entries from this number on hold continuations of keys.
const SPARE_FROM: u32 = 1 << 30;

/// The block and the position in it of an entry; continuations have blocks of their own.
fn locate(place: usize) -> (usize, usize) {
    let (base, place) = if place >= SPARE_FROM as usize {
        (BLOCKS, place - SPARE_FROM as usize)
    } else {
        (0, place)
    };
    let block = (place / FIRST + 1).ilog2() as usize;
    (base + block, place - FIRST * ((1 << block) - 1))
}

fn store(words: &[AtomicU64; INLINE], key: &[u64]) {
    for (word, key) in words.iter().zip(key) {
        word.store(*key, Ordering::Relaxed);
    }
}

/// Puts an entry in the first free place; true when that had never been used.
fn put(table: &[AtomicU64], hash: u64, place: u32) -> bool {
    let mask = table.len() - 1;
    let word = (hash >> 32 << 32) | u64::from(place + 2);
    for probe in 0..table.len() {
        let slot = &table[(hash as usize + probe) & mask];
        let before = slot.load(Ordering::Relaxed);
        if before == EMPTY || before == REMOVED {
            slot.store(word, Ordering::Release);
            return before == EMPTY;
        }
    }
    // Tables are rebuilt when half full.
    false
}

/// A hash that an outsider who chooses label values cannot foresee.
#[inline]
fn hash(key: &[u64]) -> u64 {
    static SEED: LazyLock<u64> = LazyLock::new(|| RandomState::new().hash_one(0_u64));
    let mut hash = *SEED;
    for word in key {
        hash = fold(hash ^ word, 0x9e37_79b9_7f4a_7c15);
    }
    fold(hash, 0xd6e8_feb8_6659_fd93 ^ key.len() as u64)
}

/// Multiplies to 128 bits and folds the halves: every bit of the product counts.
#[inline]
fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    (product >> 64) as u64 ^ product as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_one_hash_are_told_apart_by_every_word_and_their_length() {
        let index = Index::new(Layout::Count, 1, 10, false);
        let key: Vec<u64> = (1..=12).collect();
        let found = index.insert(&key, false, String::new);
        assert_eq!(index.find_hashed(&key, hash(&key)), found);
        let changed = (0..key.len()).map(|at| {
            let mut other = key.clone();
            other[at] ^= 1 << 63;
            other
        });
        let shorter = (0..key.len()).map(|len| key[..len].to_vec());
        let longer = [[&key[..], &[0]].concat()];
        for other in changed.chain(shorter).chain(longer) {
            assert_eq!(index.find_hashed(&other, hash(&key)), None, "{other:?}");
        }
    }
}
