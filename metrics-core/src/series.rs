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
//! it was meant for (see `Regions::ready`). Nobody waits for anybody.
//!
//! How idle series leave stands in `expiry.rs`.

use std::{
    hash::{BuildHasher, RandomState},
    sync::{
        Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence},
    },
};

use crate::{
    cell::{Found as FoundWords, Region, Regions},
    clock,
    expiry::Note,
    layout::Layout,
};

/// Words of a key that stand in the entry itself: three short texts. Longer ones continue in
/// [`Tail`]s.
const INLINE: usize = 6;
const NONE: u32 = u32::MAX;

/// A table's word for a place never used, and for one whose key was removed. Others are the
/// upper half of the hash and, below it, the place plus 1.
const EMPTY: u64 = 0;
const REMOVED: u64 = NONE as u64;

/// Tables, blocks of entries and of tails double from these sizes on.
const FIRST_TABLE: usize = 64;
const FIRST_BLOCK: usize = 16;
/// Blocks of entries grow no further: what the last one leaves empty is to be little.
const LARGEST_BLOCK: usize = 1 << OFFSET_BITS;
/// A place is the number of a block and, in so many bits below it, the offset in it.
const OFFSET_BITS: u32 = 12;

/// The key of one series; a cache line.
#[derive(Debug)]
#[repr(align(64))]
pub(crate) struct Entry {
    /// Odd while in use.
    pub(crate) version: AtomicU64,
    /// The tail in which the key continues.
    next: AtomicU32,
    /// Handles that hold the series; and [`TOUCHED`].
    pub(crate) pins: AtomicU32,
    words: [AtomicU64; INLINE],
}

/// Marks an entry that was pinned since a scrape looked at it, where series expire.
pub(crate) const TOUCHED: u32 = 1 << 31;

impl Entry {
    /// Whether a handle holds the series.
    pub(crate) fn is_pinned(&self) -> bool {
        // SeqCst, as in `pin`: either the handle sees a new version or this sees the pin.
        self.pins.load(Ordering::SeqCst) & !TOUCHED != 0
    }

    fn new() -> Self {
        Entry {
            version: AtomicU64::new(0),
            next: AtomicU32::new(NONE),
            pins: AtomicU32::new(0),
            words: [const { AtomicU64::new(0) }; INLINE],
        }
    }
}

/// Where a key continues.
#[derive(Debug, Default)]
struct Tail {
    next: AtomicU32,
    words: [AtomicU64; INLINE],
}

/// Entries, and the storage of their series.
#[derive(Debug)]
struct Block {
    entries: Box<[Entry]>,
    regions: Regions,
}

/// A series: its place, and which of the series that have stood there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Series {
    pub(crate) place: u32,
    pub(crate) generation: u64,
}

/// A series of a metric that is never dropped, with its entry.
#[derive(Clone, Copy, Debug)]
#[doc(hidden)]
pub struct Known {
    generation: u64,
    place: u32,
    entry: &'static Entry,
}

impl Known {
    #[inline(always)]
    pub(crate) fn series(self) -> Series {
        Series {
            place: self.place,
            generation: self.generation,
        }
    }

    /// The series, if it is there and has this key.
    #[inline(always)]
    pub(crate) fn matches<const N: usize>(&self, key: &[u64; N]) -> Option<Series> {
        // A key that goes on elsewhere is looked for in the table.
        if N > INLINE || different(&self.entry.words, key) {
            return None;
        }
        // The pair of the fence in `write`: had a word been of a later key, so would the version.
        fence(Ordering::Acquire);
        let is_there = self.entry.version.load(Ordering::Relaxed) == self.generation;
        is_there.then_some(self.series())
    }
}

/// What writers know of a series.
#[derive(Debug, Default)]
pub(crate) struct Meta {
    labels: Box<str>,
    hash: u64,
    /// Unix time.
    created: f64,
    pub(crate) live: bool,
}

#[derive(Debug)]
pub(crate) struct Writer {
    /// Of the series in the order of their places.
    pub(crate) metas: Vec<Meta>,
    /// The same for series that expire; empty where none do.
    pub(crate) notes: Vec<Note>,
    /// How many series have expired and may come back: see `expiry.rs`.
    pub(crate) aside: usize,
    free: Vec<u32>,
    /// Removed, but still held by handles.
    pinned: Vec<u32>,
    /// Tails taken, and those given back.
    tails: usize,
    spare: Vec<u32>,
    pub(crate) live: usize,
    /// Places of the table that are not `EMPTY`.
    used: usize,
    /// The last that was given to a series.
    generation: u64,
}

/// The series of one metric with open labels.
#[derive(Debug)]
pub(crate) struct Index {
    /// Unknown to those who choose the labels' values.
    seed: u64,
    tables: [OnceLock<Box<[AtomicU64]>>; 20],
    /// Which table is in use.
    table: AtomicUsize,
    /// Odd while a table is rebuilt.
    rebuilds: AtomicU64,
    /// Whether the cap was found to be reached, and nothing has been removed since.
    pub(crate) full: AtomicBool,
    /// Blocks for as many series as were allowed at first.
    blocks: Box<[OnceLock<Block>]>,
    /// Those that follow, for a cap that is raised.
    more: OnceLock<Box<[OnceLock<Block>]>>,
    tails: [OnceLock<Box<[Tail]>>; 28],
    writer: Mutex<Writer>,
    /// Series in a region, as a power of two.
    region_bits: u32,
    pub(crate) layout: Layout,
    inner: usize,
    /// Whether sums may go down.
    falls: bool,
    /// Nanoseconds without change after which a series expires; 0 when none does.
    pub(crate) span: u64,
}

/// The series that has been found or made, or nothing when the cap is reached.
pub(crate) type Found = Option<Series>;

impl Index {
    pub(crate) fn new(layout: Layout, inner: usize, cap: usize, falls: bool) -> Self {
        let region_bits = region_bits(layout.words() * inner);
        Index {
            seed: RandomState::new().hash_one(0_u64),
            tables: [const { OnceLock::new() }; 20],
            table: AtomicUsize::new(0),
            rebuilds: AtomicU64::new(0),
            full: AtomicBool::new(false),
            blocks: (0..blocks_for(cap.min(MOST)))
                .map(|_| OnceLock::new())
                .collect(),
            more: OnceLock::new(),
            tails: [const { OnceLock::new() }; 28],
            writer: Mutex::new(Writer {
                metas: Vec::new(),
                notes: Vec::new(),
                aside: 0,
                free: Vec::new(),
                pinned: Vec::new(),
                tails: 0,
                spare: Vec::new(),
                live: 0,
                used: 0,
                generation: 1,
            }),
            region_bits,
            layout,
            inner,
            falls,
            span: 0,
        }
    }

    #[inline(always)]
    fn block(&self, block: usize) -> Option<&Block> {
        match self.blocks.get(block) {
            Some(block) => block.get(),
            None => self.further_block(block),
        }
    }

    #[cold]
    #[inline(never)]
    fn further_block(&self, block: usize) -> Option<&Block> {
        self.more.get()?.get(block - self.blocks.len())?.get()
    }

    /// The block of a place that was given to a series once.
    fn made(&self, block: usize) -> &Block {
        let block_of = |block: usize| match block.checked_sub(self.blocks.len()) {
            None => &self.blocks[block],
            Some(further) => {
                // For the highest cap: nobody knows how often it will be raised.
                let most = blocks_for(2 * MOST);
                let more = || (self.blocks.len()..most).map(|_| OnceLock::new()).collect();
                &self.more.get_or_init(more)[further]
            }
        };
        block_of(block).get_or_init(|| {
            let size = block_size(block);
            let in_region = size.min(1 << self.region_bits);
            let region =
                || Region::generational(self.layout, in_region, self.inner).falling(self.falls);
            Block {
                entries: (0..size).map(|_| Entry::new()).collect(),
                regions: Regions::new(size / in_region, region),
            }
        })
    }

    /// Where the words of a series are: a region and the position in it.
    #[inline(always)]
    pub(crate) fn storage(&self, place: u32) -> (&Region, usize) {
        let (block, offset) = locate(place);
        let block = self.block(block).unwrap_or_else(|| self.made(block));
        let (region, at) = within(offset, self.region_bits);
        (block.regions.get(region), at)
    }

    /// Whether the series has not been removed.
    #[inline(always)]
    pub(crate) fn is_there(&self, series: Series) -> bool {
        let (block, offset) = locate(series.place);
        let entry = self
            .block(block)
            .and_then(|block| block.entries.get(offset));
        entry.is_some_and(|entry| entry.version.load(Ordering::Relaxed) == series.generation)
    }

    /// Finds the series of a key, and this thread's words of it where they are ready.
    #[inline(always)]
    pub(crate) fn find_known<const N: usize>(
        &'static self,
        key: &[u64],
    ) -> Option<(Known, Option<FoundWords<N>>)> {
        let (Series { place, generation }, entry, block, offset) =
            self.find_in_block(key, self.hash(key))?;
        let known = Known {
            generation,
            place,
            entry,
        };
        let (region, at) = within(offset, const { region_bits(N) });
        Some((known, block.regions.ready(region, at, generation)))
    }

    /// Finds the series of a key.
    #[inline(always)]
    pub(crate) fn find(&self, key: &[u64]) -> Found {
        self.find_hashed(key, self.hash(key))
    }

    #[inline(always)]
    fn find_hashed(&self, key: &[u64], hash: u64) -> Found {
        let (series, ..) = self.find_in_block(key, hash)?;
        Some(series)
    }

    #[inline(always)]
    fn find_in_block(&self, key: &[u64], hash: u64) -> Option<(Series, &Entry, &Block, usize)> {
        let table = self.tables[self.table.load(Ordering::Acquire)].get()?;
        let mask = table.len() - 1;
        // Bounded: a table that is being rebuilt need not have an empty place in sight.
        for probe in 0..table.len() {
            // Acquire: the entry was written before the table led to it.
            let word = table[(hash as usize).wrapping_add(probe) & mask].load(Ordering::Acquire);
            if (word ^ hash) >> 32 == 0 {
                let place = (word as u32).wrapping_sub(1);
                let (number, offset) = locate(place);
                if let Some(block) = self.block(number)
                    && let Some(entry) = block.entries.get(offset)
                    && let Some(generation) = self.matches(entry, key)
                {
                    return Some((Series { place, generation }, entry, block, offset));
                }
            }
            if word == EMPTY {
                return None;
            }
        }
        None
    }

    /// A hash that an outsider who chooses label values cannot foresee: independent products of
    /// pairs of words, each folded so that every bit of it counts, as wyhash does. What is alike
    /// in many keys makes some seeds bad ones, which the last product mends.
    #[inline(always)]
    fn hash(&self, key: &[u64]) -> u64 {
        let mut hash = 0;
        let mut seed = self.seed;
        for pair in key.chunks(2) {
            let second = pair.get(1).copied().unwrap_or(0);
            hash ^= fold(pair[0] ^ seed, second ^ seed.rotate_left(32));
            seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
        }
        fold(hash, 0x9e37_79b9_7f4a_7c15)
    }

    /// The entry of a place that was given to a series once.
    pub(crate) fn entry(&self, place: u32) -> &Entry {
        let (block, offset) = locate(place);
        &self.made(block).entries[offset]
    }

    fn tail(&self, at: u32) -> &Tail {
        let block = (at as usize / FIRST_BLOCK + 1).ilog2() as usize;
        let tails = self.tails[block]
            .get_or_init(|| (0..FIRST_BLOCK << block).map(|_| Tail::default()).collect());
        &tails[at as usize - FIRST_BLOCK * ((1 << block) - 1)]
    }

    /// The generation of an entry, if it is in use for this very key.
    #[inline(always)]
    fn matches(&self, entry: &Entry, key: &[u64]) -> Option<u64> {
        let version = entry.version.load(Ordering::Acquire);
        if version & 1 == 0 || different(&entry.words, key) {
            return None;
        }
        if key.len() > INLINE && !self.continues(entry, &key[INLINE..]) {
            return None;
        }
        // The pair of the fence in `write`: had a word been of a later key, so would the version.
        fence(Ordering::Acquire);
        (entry.version.load(Ordering::Relaxed) == version).then_some(version)
    }

    /// Whether an entry, which nobody changes now, is for this key.
    fn is_for(&self, entry: &Entry, key: &[u64]) -> bool {
        !different(&entry.words, key)
            && (key.len() <= INLINE || self.continues(entry, &key[INLINE..]))
    }

    /// Whether the tails of an entry hold the rest of a key.
    ///
    /// How long a key is, its first words tell: where those are the same, so is the length.
    #[inline(never)]
    fn continues(&self, entry: &Entry, rest: &[u64]) -> bool {
        let mut next = entry.next.load(Ordering::Relaxed);
        for part in rest.chunks(INLINE) {
            if next == NONE {
                return false;
            }
            let tail = self.tail(next);
            if different(&tail.words, part) {
                return false;
            }
            next = tail.next.load(Ordering::Relaxed);
        }
        true
    }

    pub(crate) fn writer(&self) -> MutexGuard<'_, Writer> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether there is no room for a key, and it is certain that it is not there: then nobody
    /// has to wait for the writers.
    pub(crate) fn overflows(&self, key: &[u64]) -> bool {
        if !self.full.load(Ordering::Relaxed) {
            return false;
        }
        let before = self.rebuilds.load(Ordering::Acquire);
        let found = self.find(key);
        found.is_none() && before & 1 == 0 && self.rebuilds.load(Ordering::Relaxed) == before
    }

    /// Finds the series of a key or makes it, as long as there is room under the cap.
    ///
    /// `cap` is asked under the lock, so that it is not found to be reached after it was raised.
    #[cold]
    pub(crate) fn insert(
        &self,
        key: &[u64],
        cap: impl Fn() -> usize,
        beyond_cap: bool,
        labels: impl FnOnce() -> String,
    ) -> Found {
        let hash = self.hash(key);
        let mut writer = self.writer();
        if let Some(found) = self.find_hashed(key, hash) {
            return Some(found);
        }
        let cap = cap().min(MOST);
        if writer.live >= cap && !beyond_cap {
            self.full.store(true, Ordering::Relaxed);
            return None;
        }
        if let Some(number) = self.find_aside(&writer, key, hash) {
            return Some(self.revive(&mut writer, number));
        }
        let labels = labels();
        let place = self.vacant(&mut writer, cap)?;
        let generation = self.vest(&mut writer, place);
        self.write(&mut writer, place, generation, key);
        writer.metas[number_of(place)] = Meta {
            labels: labels.into_boxed_str(),
            hash,
            created: clock::unix_seconds(),
            live: true,
        };
        self.note_birth(&mut writer, number_of(place));
        writer.live += 1;
        self.list(&mut writer, hash, place);
        Some(Series { place, generation })
    }

    /// The expired series of a key that may still come back.
    fn find_aside(&self, writer: &Writer, key: &[u64], hash: u64) -> Option<usize> {
        if writer.aside == 0 {
            return None;
        }
        let table = self.tables[self.table.load(Ordering::Relaxed)].get()?;
        let mask = table.len() - 1;
        let words = (0..table.len())
            .map(|probe| table[(hash as usize).wrapping_add(probe) & mask].load(Ordering::Relaxed));
        words
            .take_while(|word| *word != EMPTY)
            .filter(|word| (word ^ hash) >> 32 == 0)
            .map(|word| number_of((word as u32).wrapping_sub(1)))
            .find(|number| writer.is_aside(*number) && self.is_for(self.entry_of(*number), key))
    }

    /// The entry of the series of this number.
    pub(crate) fn entry_of(&self, number: usize) -> &Entry {
        self.entry(place_of(number))
    }

    /// A place for a series that no handle holds; `None` when handles hold too many.
    fn vacant(&self, writer: &mut Writer, cap: usize) -> Option<u32> {
        if let Some(place) = writer.free.pop() {
            return Some(place);
        }
        let unpinned = |place: &u32| !self.entry(*place).is_pinned();
        if let Some(at) = writer.pinned.iter().position(unpinned) {
            return Some(writer.pinned.swap_remove(at));
        }
        let place = place_of(writer.metas.len());
        let (block, offset) = locate(place);
        // The cap may have been higher.
        if block >= blocks_for(cap.max(writer.live) + writer.aside) {
            return None;
        }
        if offset == 0 {
            writer.metas.reserve_exact(block_size(block));
        }
        writer.metas.push(Meta::default());
        Some(place)
    }

    /// Gives a series its generation, and storage at zero.
    fn vest(&self, writer: &mut Writer, place: u32) -> u64 {
        let (block, _) = locate(place);
        self.made(block);
        let (region, at) = self.storage(place);
        writer.generation += 2;
        if self.entry(place).version.load(Ordering::Relaxed) == 0 {
            region.begin(at, writer.generation);
        } else {
            region.renew(at, writer.generation);
        }
        writer.generation
    }

    fn write(&self, writer: &mut Writer, place: u32, generation: u64, key: &[u64]) {
        let entry = self.entry(place);
        debug_assert!(entry.version.load(Ordering::Relaxed) & 1 == 0);
        // The pair of the fence in `matches`: the even version is seen before any new word.
        fence(Ordering::Release);
        let (head, rest) = key.split_at(key.len().min(INLINE));
        store(&entry.words, head);
        let mut next = &entry.next;
        for part in rest.chunks(INLINE) {
            let at = writer.spare.pop().unwrap_or_else(|| {
                writer.tails += 1;
                writer.tails as u32 - 1
            });
            let tail = self.tail(at);
            store(&tail.words, part);
            next.store(at, Ordering::Relaxed);
            next = &tail.next;
        }
        next.store(NONE, Ordering::Relaxed);
        entry.version.store(generation, Ordering::Release);
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
        let wanted = ((writer.live + writer.aside) * 4)
            .next_power_of_two()
            .max(FIRST_TABLE);
        let next = (wanted / FIRST_TABLE).trailing_zeros() as usize;
        let next = next.max(current).min(self.tables.len() - 1);
        let table = self.tables[next].get_or_init(|| {
            let empty = || AtomicU64::new(EMPTY);
            (0..FIRST_TABLE << next).map(|_| empty()).collect()
        });
        self.rebuilds.fetch_add(1, Ordering::Relaxed);
        for word in table {
            // Release: whoever sees the place empty sees that a rebuild has begun.
            word.store(EMPTY, Ordering::Release);
        }
        writer.used = 0;
        for (number, meta) in writer.metas.iter().enumerate() {
            if meta.live || writer.notes.get(number).is_some_and(Note::is_aside) {
                writer.used += usize::from(put(table, meta.hash, place_of(number)));
            }
        }
        // Release: readers of the new table find it filled.
        self.table.store(next, Ordering::Release);
        self.rebuilds.fetch_add(1, Ordering::Release);
    }

    /// Removes one series; false when it was not there any more.
    pub(crate) fn remove(&self, key: &[u64]) -> bool {
        let mut writer = self.writer();
        if let Some(series) = self.find(key) {
            return self.take_out(&mut writer, series.place);
        }
        // What has expired does not come back either.
        if let Some(number) = self.find_aside(&writer, key, self.hash(key)) {
            self.take_out(&mut writer, place_of(number));
        }
        false
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
            let listed = writer
                .metas
                .iter()
                .enumerate()
                .filter(|(number, _)| writer.is_listed(*number));
            listed
                .map(|(number, meta)| {
                    let place = place_of(number);
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

    /// Removes a series that is there or has expired; false when it is neither.
    pub(crate) fn take_out(&self, writer: &mut Writer, place: u32) -> bool {
        let was_aside = writer.end_aside(number_of(place));
        let meta = &mut writer.metas[number_of(place)];
        if !meta.live && !was_aside {
            return false;
        }
        *meta = Meta {
            hash: meta.hash,
            ..Meta::default()
        };
        let hash = meta.hash;
        writer.live -= usize::from(!was_aside);
        self.full.store(false, Ordering::Relaxed);
        let entry = self.entry(place);
        if let Some(table) = self.tables[self.table.load(Ordering::Relaxed)].get() {
            let mask = table.len() - 1;
            let word = (hash >> 32 << 32) | u64::from(place + 1);
            let probes =
                (0..table.len()).map(|probe| &table[(hash as usize).wrapping_add(probe) & mask]);
            for place in probes {
                if place.load(Ordering::Relaxed) == word {
                    place.store(REMOVED, Ordering::Relaxed);
                    break;
                }
            }
        }
        let mut next = entry.next.load(Ordering::Relaxed);
        if !was_aside {
            // SeqCst: see `Entry::is_pinned`.
            entry.version.fetch_add(1, Ordering::SeqCst);
        }
        while next != NONE {
            writer.spare.push(next);
            next = self.tail(next).next.load(Ordering::Relaxed);
        }
        if entry.is_pinned() {
            writer.pinned.push(place);
        } else {
            writer.free.push(place);
        }
        true
    }

    /// Keeps the place of a series from being given to another; false when it already was.
    pub(crate) fn pin(&self, series: Series) -> bool {
        let entry = self.entry(series.place);
        let before = entry.pins.fetch_add(1, Ordering::SeqCst);
        if self.span != 0 && before & TOUCHED == 0 {
            entry.pins.fetch_or(TOUCHED, Ordering::SeqCst);
        }
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
        let meta = writer.metas.get(number_of(series.place))?;
        let version = self.entry(series.place).version.load(Ordering::Relaxed);
        (meta.live && version == series.generation).then(|| meta.labels.clone())
    }

    /// The region in which the series after so many stand, the number of the first in it, and up
    /// to which they are there.
    ///
    /// The first is not `from` where more series have come since the tile before this one ended.
    pub(crate) fn tile(&self, writer: &Writer, from: usize) -> Option<(&Region, usize, usize)> {
        if from >= writer.metas.len() {
            return None;
        }
        let (block, offset) = locate(place_of(from));
        let in_region = block_size(block).min(1 << self.region_bits);
        let (region, at) = within(offset, self.region_bits);
        let first = from - at;
        let to = (first + in_region).min(writer.metas.len());
        Some((self.made(block).regions.get(region), first, to))
    }

    /// Shows some series, their labels, birth and values; returns where to go on.
    ///
    /// The writers' lock is held for this many, so that nobody is born or removed among them.
    pub(crate) fn read_tile(
        &self,
        from: usize,
        mut each: impl FnMut(Series, &str, f64, &[u64]),
    ) -> Option<usize> {
        let mut writer = self.writer();
        let (region, first, to) = self.tile(&writer, from)?;
        let listed = (from..to).filter(|number| writer.is_listed(*number));
        let listed: Vec<usize> = listed.map(|number| number - first).collect();
        region.read(listed, |at, values| {
            if self.span != 0 && !self.look_at(&mut writer, first + at, values) {
                return;
            }
            let meta = &writer.metas[first + at];
            let place = place_of(first + at);
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

/// How many series of so many words stand in a region, as a power of two: a thread that touches
/// one of them takes two kilobytes or so.
const fn region_bits(width: usize) -> u32 {
    let series = 256 / if width == 0 { 1 } else { width };
    if series == 0 { 0 } else { series.ilog2() }
}

/// The region of an offset in a block, and the position in the region.
#[inline(always)]
fn within(offset: usize, region_bits: u32) -> (usize, usize) {
    (offset >> region_bits, offset & ((1 << region_bits) - 1))
}

/// The most series that a cap allows.
const MOST: usize = 1 << 20;

/// Blocks for so many series under a cap, and a few more: the overflow, and those that handles
/// hold.
fn blocks_for(cap: usize) -> usize {
    let (last, _) = locate(place_of(cap.min(2 * MOST) + FIRST_BLOCK));
    last + 1
}

/// The block and the offset in it that make up a place.
#[inline(always)]
fn locate(place: u32) -> (usize, usize) {
    let offset = place & ((1 << OFFSET_BITS) - 1);
    ((place >> OFFSET_BITS) as usize, offset as usize)
}

/// Blocks that double, the first two alike, until one is the largest.
const DOUBLING: usize = (LARGEST_BLOCK / FIRST_BLOCK).ilog2() as usize + 1;

fn block_size(block: usize) -> usize {
    FIRST_BLOCK << block.saturating_sub(1).min(DOUBLING - 1)
}

/// The place of the series of this number, as metas count them.
pub(crate) fn place_of(number: usize) -> u32 {
    let doubled = FIRST_BLOCK << (DOUBLING - 1);
    let (block, offset) = if number < FIRST_BLOCK {
        (0, number)
    } else if number < doubled {
        let block = (number / FIRST_BLOCK).ilog2() as usize;
        (block + 1, number - (FIRST_BLOCK << block))
    } else {
        let beyond = number - doubled;
        (DOUBLING + beyond / LARGEST_BLOCK, beyond % LARGEST_BLOCK)
    };
    (block << OFFSET_BITS | offset) as u32
}

/// The number of the series in this place.
fn number_of(place: u32) -> usize {
    let (block, offset) = locate(place);
    let before = match block {
        0 => 0,
        block if block < DOUBLING => FIRST_BLOCK << (block - 1),
        block => (FIRST_BLOCK << (DOUBLING - 1)) + (block - DOUBLING) * LARGEST_BLOCK,
    };
    before + offset
}

/// Whether words differ from the beginning of a key.
#[inline(always)]
fn different(words: &[AtomicU64; INLINE], key: &[u64]) -> bool {
    let mut pairs = words.iter().zip(key);
    pairs.any(|(word, key)| word.load(Ordering::Relaxed) != *key)
}

fn store(words: &[AtomicU64; INLINE], key: &[u64]) {
    for (word, key) in words.iter().zip(key) {
        word.store(*key, Ordering::Relaxed);
    }
}

/// Puts an entry in the first free place; true when that had never been used.
fn put(table: &[AtomicU64], hash: u64, place: u32) -> bool {
    let mask = table.len() - 1;
    let word = (hash >> 32 << 32) | u64::from(place + 1);
    for probe in 0..table.len() {
        let slot = &table[(hash as usize).wrapping_add(probe) & mask];
        let before = slot.load(Ordering::Relaxed);
        if before == EMPTY || before == REMOVED {
            slot.store(word, Ordering::Release);
            return before == EMPTY;
        }
    }
    // Tables are rebuilt when half full.
    false
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
    use crate::{label::LongKey, layout::count_one};

    #[test]
    fn keys_of_one_hash_are_told_apart_by_every_word() {
        let index = Index::new(Layout::Count, 1, 10, false);
        let text = "x".repeat(100);
        let texts = (0..text.len()).map(|len| (&text[..len], &text[len..]));
        let keys: Vec<LongKey> = texts.map(|texts| LongKey::new(&texts)).collect();
        for key in &keys {
            let found = index.insert(key.words(), || 10, false, String::new);
            let hash = index.hash(key.words());
            assert_eq!(index.find_hashed(key.words(), hash), found);
            for other in keys.iter().filter(|other| other.words() != key.words()) {
                assert_eq!(index.find_hashed(other.words(), hash), None, "{other:?}");
            }
            let mut words = key.words().to_vec();
            for at in 0..words.len() {
                words[at] ^= 1 << 40;
                assert_eq!(index.find_hashed(&words, hash), None, "{words:?}");
                words[at] ^= 1 << 40;
            }
            assert!(index.remove(key.words()));
        }
    }

    #[test]
    fn a_recording_that_comes_too_late_for_its_series_goes_nowhere() {
        let index = Index::new(Layout::Count, 1, 10, false);
        let insert = |key: u64| {
            index
                .insert(&[key], || 10, false, String::new)
                .expect("room")
        };
        let replace = |series: u64| {
            assert!(index.remove(&[series]));
            insert(series + 1)
        };
        let count = |series: Series| {
            let (region, at) = index.storage(series.place);
            region.record_open(at, series.generation, |words| count_one(&words[0]));
        };
        let total = |series: Series| {
            let (region, at) = index.storage(series.place);
            let mut total = 0;
            region.read([at], |_, values| total = values[0]);
            total
        };
        let first = insert(1);
        let second = replace(1);
        // This thread has no words yet.
        count(first);
        assert_eq!((second.place, total(second)), (first.place, 0));
        let third = replace(2);
        let fourth = replace(3);
        // It has words by now, which were last fit for the second.
        count(third);
        assert_eq!((fourth.place, total(fourth)), (first.place, 0));
        count(fourth);
        assert_eq!(total(fourth), 1);
    }

    #[test]
    fn places_and_numbers_go_together() {
        for number in (0..100_000).chain([MOST - 1, MOST, MOST + FIRST_BLOCK]) {
            let place = place_of(number);
            let (block, offset) = locate(place);
            assert!(offset < block_size(block), "{number}");
            assert_eq!(number_of(place), number);
        }
    }
}
