//! Open labels to series: an index that is read without a lock.
//!
//! *Entries* (`entry.rs`) hold the keys. They stand at fixed places and are never given back to
//! the allocator, so that a reader may look at one at any time; whether it was whole tells its
//! `version`, which is odd while the entry is in use and changes with every use. A *table* of
//! hashes (`hashes.rs`) leads to them by linear probing. Writers hold a mutex. A reader that meets
//! a table being rebuilt may fail to find a key that is there, never find a wrong one; it then
//! looks again under the mutex.
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
    iter,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use crate::{
    sample::{
        batch::{CounterBatch, HistogramBatch, SeriesBatch},
        label_chunk::OwnedRendering,
        label_encoding::LabelRendering,
    },
    series::{
        created_timestamps::CreatedTimestamps,
        entry::{Entry, TOUCHED, Tail, continues},
        expiry::Note,
        hashes::Hashes,
        id::{CachedSeries, SeriesId},
        rendered_labels::RenderedLabels,
    },
    storage::{CachedCells, Reader, Region, Regions, clock, layout::Layout},
};

/// Blocks of entries and of tails double from this size on.
const FIRST_BLOCK: usize = 16;
/// Blocks of entries grow no further: what the last one leaves empty is to be little.
const LARGEST_BLOCK: usize = 1 << OFFSET_BITS;
/// A place is the number of a block and, in so many bits below it, the offset in it.
const OFFSET_BITS: u32 = 12;

/// Entries, and the storage of their series.
#[derive(Debug)]
struct Block {
    entries: Box<[Entry]>,
    regions: Regions,
}

/// What writers know of the series, in the order of their places.
#[derive(Debug, Default)]
pub(crate) struct Metas {
    labels: RenderedLabels,
    hashes: Vec<u64>,
    /// Unix time.
    created: CreatedTimestamps,
    pub(crate) live: Vec<bool>,
}

impl Metas {
    pub(crate) fn len(&self) -> usize {
        self.live.len()
    }

    pub(crate) fn capacity(&self) -> usize {
        self.live.capacity()
    }

    fn reserve_exact(&mut self, more: usize) {
        self.labels.reserve_exact(more);
        self.hashes.reserve_exact(more);
        self.created.reserve_exact(more);
        self.live.reserve_exact(more);
    }

    /// Makes room for another series, which is not there yet.
    fn push(&mut self) {
        self.labels.push();
        self.hashes.push(0);
        self.created.push();
        self.live.push(false);
    }
}

#[derive(Debug)]
pub(crate) struct Writer {
    pub(crate) metas: Metas,
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
    /// Places of the table that are used.
    used: usize,
    /// The last that was given to a series.
    generation: u64,
}

/// The series of one metric with open labels.
///
/// In this order: at the very beginning, a table is reached without adding an offset.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Index {
    hashes: Hashes,
    /// Unknown to those who choose the labels' values.
    seed: u64,
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
pub(crate) type Found = Option<SeriesId>;

impl Index {
    pub(crate) fn new(name: &str, layout: Layout, inner: usize, cap: usize, falls: bool) -> Self {
        let region_bits = region_bits(layout.cells() * inner);
        Index {
            seed: RandomState::new().hash_one(0_u64),
            hashes: Hashes::new(),
            full: AtomicBool::new(false),
            blocks: (0..blocks_for(cap.min(MOST)))
                .map(|_| OnceLock::new())
                .collect(),
            more: OnceLock::new(),
            tails: [const { OnceLock::new() }; 28],
            writer: Mutex::new(Writer {
                metas: Metas {
                    labels: if layout == Layout::Count {
                        RenderedLabels::split(LabelRendering::in_line(
                            format!("{name}{{").as_bytes(),
                        ))
                    } else {
                        RenderedLabels::default()
                    },
                    ..Metas::default()
                },
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
                || Region::open(self.layout, in_region, self.inner).can_decrease(self.falls);
            Block {
                entries: (0..size).map(|_| Entry::new()).collect(),
                regions: Regions::new(size / in_region, region),
            }
        })
    }

    /// Where the words of a series are: a region and the position in it.
    #[inline(always)]
    pub(crate) fn region_of(&self, place: u32) -> (&Region, usize) {
        let (block, offset) = locate(place);
        let block = self.block(block).unwrap_or_else(|| self.made(block));
        let (region, at) = within(offset, self.region_bits);
        (block.regions.get(region), at)
    }

    /// Whether the series has not been removed.
    #[inline(always)]
    pub(crate) fn contains(&self, series: SeriesId) -> bool {
        let (block, offset) = locate(series.place);
        let entry = self
            .block(block)
            .and_then(|block| block.entries.get(offset));
        entry.is_some_and(|entry| entry.version() == series.generation)
    }

    /// Finds the series of a key of this hash, and this thread's words of it where they are ready.
    #[inline(always)]
    pub(crate) fn find_cached<const N: usize>(
        &'static self,
        key: &[u64],
        hash: u64,
    ) -> Option<(CachedSeries, Option<CachedCells<N>>)> {
        let (id, entry, block, offset) = self.find_in_block(key, hash)?;
        let (region, at) = within(offset, const { region_bits(N) });
        let words = block.regions.ready(region, at, id.generation);
        Some((CachedSeries { id, entry }, words))
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
    fn find_in_block(&self, key: &[u64], hash: u64) -> Option<(SeriesId, &Entry, &Block, usize)> {
        self.hashes.find(hash, |place| {
            let (number, offset) = locate(place);
            let block = self.block(number)?;
            let entry = block.entries.get(offset)?;
            let generation = self.matches(entry, key)?;
            Some((SeriesId { place, generation }, entry, block, offset))
        })
    }

    /// A hash that an outsider who chooses label values cannot foresee: independent products of
    /// pairs of words, each folded so that every bit of it counts, as wyhash does. What is alike
    /// in many keys makes some seeds bad ones, which the last product mends.
    #[inline(always)]
    pub(crate) fn hash(&self, key: &[u64]) -> u64 {
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
        entry.matches(key, |next, rest| self.continues(next, rest))
    }

    /// Whether an entry, which nobody changes now, is for this key.
    fn is_for(&self, entry: &Entry, key: &[u64]) -> bool {
        entry.is_for(key, |next, rest| self.continues(next, rest))
    }

    #[inline(never)]
    fn continues(&self, next: u32, rest: &[u64]) -> bool {
        continues(next, rest, |at| self.tail(at))
    }

    pub(crate) fn writer(&self) -> MutexGuard<'_, Writer> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether there is no room for a key, and it is certain that it is not there: then nobody
    /// has to wait for the writers.
    pub(crate) fn rejects(&self, key: &[u64]) -> bool {
        if !self.full.load(Ordering::Relaxed) {
            return false;
        }
        self.hashes.lacks(|| self.find(key).is_some())
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
        let number = number_of(place);
        writer.metas.labels.set(number, &labels);
        writer.metas.hashes[number] = hash;
        writer.metas.created.set(number, clock::created_timestamp());
        writer.metas.live[number] = true;
        self.note_birth(&mut writer, number);
        writer.live += 1;
        self.list(&mut writer, hash, place);
        Some(SeriesId { place, generation })
    }

    /// The expired series of a key that may still come back.
    fn find_aside(&self, writer: &Writer, key: &[u64], hash: u64) -> Option<usize> {
        if writer.aside == 0 {
            return None;
        }
        self.hashes.find(hash, |place| {
            let number = number_of(place);
            let is_it = writer.is_aside(number) && self.is_for(self.entry_of(number), key);
            is_it.then_some(number)
        })
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
        writer.metas.push();
        Some(place)
    }

    /// Gives a series its generation, and storage at zero.
    fn vest(&self, writer: &mut Writer, place: u32) -> u64 {
        let (block, _) = locate(place);
        self.made(block);
        let (region, at) = self.region_of(place);
        writer.generation += 2;
        if self.entry(place).version() == 0 {
            region.claim_first(at, writer.generation);
        } else {
            region.claim(at, writer.generation);
        }
        writer.generation
    }

    fn write(&self, writer: &mut Writer, place: u32, generation: u64, key: &[u64]) {
        self.entry(place).write(generation, key, || {
            let at = writer.spare.pop().unwrap_or_else(|| {
                writer.tails += 1;
                writer.tails as u32 - 1
            });
            (at, self.tail(at))
        });
    }

    /// Leads the table to an entry, after making room where it is needed.
    fn list(&self, writer: &mut Writer, hash: u64, place: u32) {
        if (writer.used + 1) * 2 > self.hashes.size() {
            let hashes = writer.metas.hashes.iter().enumerate();
            let listed = hashes.filter(|(number, _)| writer.is_listed(*number));
            let listed = listed.map(|(number, hash)| (*hash, place_of(number)));
            let size = (writer.live + writer.aside) * 4;
            writer.used = self.hashes.rebuild(size, listed);
        } else {
            writer.used += usize::from(self.hashes.put(hash, place));
        }
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
    pub(crate) fn retain_series(&self, mut keep: impl FnMut(SeriesId) -> bool) {
        self.retain_with(|series, _| keep(series));
    }

    fn retain_with(&self, mut keep: impl FnMut(SeriesId, &str) -> bool) {
        let listed: Vec<(SeriesId, Box<str>)> = {
            let writer = self.writer();
            let listed = (0..writer.metas.len()).filter(|number| writer.is_listed(*number));
            let mut read = String::new();
            listed
                .map(|number| {
                    let labels = writer.metas.labels.get(number, &mut read);
                    let labels = labels.unwrap_or_default();
                    let place = place_of(number);
                    let generation = self.entry(place).version();
                    (SeriesId { place, generation }, labels.into())
                })
                .collect()
        };
        for (series, labels) in listed {
            if !keep(series, &labels) {
                let mut writer = self.writer();
                let version = self.entry(series.place).version();
                if version == series.generation {
                    self.take_out(&mut writer, series.place);
                }
            }
        }
    }

    /// Removes a series that is there or has expired; false when it is neither.
    pub(crate) fn take_out(&self, writer: &mut Writer, place: u32) -> bool {
        let number = number_of(place);
        let was_aside = writer.end_aside(number);
        let was_live = std::mem::take(&mut writer.metas.live[number]);
        if !was_live && !was_aside {
            return false;
        }
        writer.metas.labels.clear(number);
        let hash = writer.metas.hashes[number];
        writer.live -= usize::from(!was_aside);
        self.full.store(false, Ordering::Relaxed);
        let entry = self.entry(place);
        self.hashes.remove(hash, place);
        if !was_aside {
            entry.clear();
        }
        entry.tails(|at| self.tail(at), |at| writer.spare.push(at));
        if entry.is_pinned() {
            writer.pinned.push(place);
        } else {
            writer.free.push(place);
        }
        true
    }

    /// Keeps the place of a series from being given to another; false when it already was.
    pub(crate) fn pin(&self, series: SeriesId) -> bool {
        let entry = self.entry(series.place);
        entry.pin(series.generation, |before| {
            if self.span != 0 && before & TOUCHED == 0 {
                entry.touch();
            }
        })
    }

    /// One more pin for a series that is pinned.
    pub(crate) fn pin_again(&self, place: u32) {
        self.entry(place).pin_again();
    }

    pub(crate) fn unpin(&self, place: u32) {
        self.entry(place).unpin();
    }

    /// How many series there are.
    pub(crate) fn len(&self) -> usize {
        self.writer().live
    }

    /// The rendered labels of a series; `None` once it was removed.
    pub(crate) fn labels(&self, series: SeriesId) -> Option<Box<str>> {
        let writer = self.writer();
        let number = number_of(series.place);
        let mut read = String::new();
        let labels = writer.metas.labels.get(number, &mut read)?;
        let version = self.entry(series.place).version();
        let is_there = writer.metas.live[number] && version == series.generation;
        is_there.then(|| labels.into())
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
        reader: &mut Reader,
        from: usize,
        mut each: impl FnMut(SeriesId, &str, f64, &[u64]),
    ) -> Option<usize> {
        let mut writer = self.writer();
        let (region, first, to) = self.tile(&writer, from)?;
        let listed = (from..to).filter(|number| writer.is_listed(*number));
        reader.select(listed.map(|number| number - first));
        let is_counted = reader.is_counting_pass;
        // What one thread has recorded says nothing of how idle a series is.
        let stays = self.span == 0 || reader.is_for_this_thread();
        let mut read = String::new();
        region.read_selected(reader, |at, values| {
            let is_there = if stays {
                true
            } else if is_counted {
                writer.metas.live[first + at]
            } else {
                self.look_at(&mut writer, first + at, values)
            };
            if !is_there {
                return;
            }
            let series = SeriesId {
                place: place_of(first + at),
                generation: region.generation(at),
            };
            let created = writer.metas.created.get(first + at);
            let labels = &writer.metas.labels;
            let labels = labels.get(first + at, &mut read);
            each(series, labels.unwrap_or_default(), created, values);
        });
        Some(to)
    }

    /// How many series there are, and what the labels of all and the longest ones come to as pairs,
    /// at the most; each has no more than so many.
    pub(crate) fn size(&self, labels: usize) -> (usize, (usize, usize)) {
        let writer = self.writer();
        let series = writer.live + writer.aside;
        (series, writer.metas.labels.max_protobuf_len(labels))
    }

    /// Shows some series that are histograms and do not expire; returns where to go on.
    pub(crate) fn read_histograms(
        &self,
        reader: &mut Reader,
        from: usize,
        each: impl FnOnce(SeriesBatch<'_>, &[u64]),
    ) -> Option<usize> {
        let writer = self.writer();
        let metas = &writer.metas;
        let to = (from + HistogramBatch::MAX_LEN).min(metas.len());
        if from == to {
            return None;
        }
        let live = &metas.live[from..to];
        let mut at = from;
        let side_by_side = iter::from_fn(|| {
            at += live[at - from..].iter().take_while(|live| !**live).count();
            let (region, first, end) = self.tile(&writer, at).filter(|_| at < to)?;
            let run = live[at - from..end.min(to) - from].iter();
            let run = at..at + run.take_while(|live| **live).count();
            at = run.end;
            Some((region, run.start - first..run.end - first))
        });
        let values =
            reader.read_histograms::<{ HistogramBatch::MAX_LEN }>(self.layout, side_by_side);
        let listed = SeriesBatch {
            live,
            labels: metas.labels.batch(from..to),
            created: metas.created.batch(from..to),
        };
        each(listed, values);
        Some(to)
    }

    /// How labels are wanted, as [`read_counters`](Self::read_counters) takes it.
    pub(crate) fn intern_rendering(&self, written: LabelRendering<'_>) -> Arc<OwnedRendering> {
        self.writer().metas.labels.intern(written)
    }

    /// Shows some series that are counters and do not expire; returns where to go on.
    pub(crate) fn read_counters(
        &self,
        reader: &mut Reader,
        from: usize,
        wanted: Option<&Arc<OwnedRendering>>,
        each: impl FnOnce(&CounterBatch<'_>),
    ) -> Option<usize> {
        let mut writer = self.writer();
        let (region, first, to) = self.tile(&writer, from)?;
        let to = to.min(from + CounterBatch::MAX_LEN);
        let totals = region.read_scalars(reader, from - first..to - first);
        let metas = &mut writer.metas;
        each(&CounterBatch {
            live: &metas.live[from..to],
            labels: match wanted {
                Some(wanted) => metas.labels.batch_as(from..to, wanted),
                None => metas.labels.batch(from..to),
            },
            created: metas.created.batch(from..to),
            totals,
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

/// The place of the series of this number, as [`Metas`] counts them.
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

/// Multiplies to 128 bits and folds the halves: every bit of the product counts.
#[inline]
fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    (product >> 64) as u64 ^ product as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{describe::label_key::LongKey, storage::scalar::increment};

    #[test]
    fn keys_of_one_hash_are_told_apart_by_every_word() {
        let index = Index::new("name", Layout::Count, 1, 10, false);
        let text = "x".repeat(100);
        let texts = (0..text.len()).map(|len| (&text[..len], &text[len..]));
        let keys: Vec<LongKey> = texts.map(|texts| LongKey::new(&texts)).collect();
        for key in &keys {
            let found = index.insert(key.words(), || 10, false, Default::default);
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
    fn labels_of_counters_are_kept_as_text_has_them_from_their_birth_on() {
        let index = Index::new("name", Layout::Count, 1, 10, false);
        index.insert(&[1], || 10, false, || "of=\"a\"".to_owned());
        let wanted = index.intern_rendering(LabelRendering::in_line(b"name{"));
        let mut is_as_requested = false;
        index.read_counters(&mut Reader::default(), 0, Some(&wanted), |counters| {
            is_as_requested = counters.labels.is_as_requested();
        });
        assert!(is_as_requested);
    }

    #[test]
    fn a_recording_that_comes_too_late_for_its_series_goes_nowhere() {
        let index = Index::new("name", Layout::Count, 1, 10, false);
        let insert = |key: u64| {
            index
                .insert(&[key], || 10, false, Default::default)
                .expect("room")
        };
        let replace = |series: u64| {
            assert!(index.remove(&[series]));
            insert(series + 1)
        };
        let count = |series: SeriesId| {
            let (region, at) = index.region_of(series.place);
            region.record_open(at, series.generation, |words| increment(&words[0]));
        };
        let total = |series: SeriesId| {
            let (region, at) = index.region_of(series.place);
            let mut total = 0;
            region.read(&mut Reader::default(), [at], |_, values| total = values[0]);
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
