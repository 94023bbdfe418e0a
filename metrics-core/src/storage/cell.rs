//! Per-thread storage: where recordings land and how a scrape adds them up. The only file with
//! unsafe code, for which reason two things stand at its end that ask for some: the processor's
//! clock, and [loops](Loop) with the widest vectors that it has.
//!
//! A [`Region`] is the storage of one metric (or of some series of one). Each thread that
//! records into it has *words* of its own, which it alone writes; nothing is shared, so nothing
//! is locked. The words stand in the thread's static storage ([`LocalCells`]), behind one
//! pointer in it ([`LocalBlock`]), or are found through the thread's directory (regions whose
//! number is known at run time only). Whichever it is, the thread lists them in its directory
//! when it first touches the region, and a scrape finds them there.
//!
//! When a thread ends, it adds its words to the region's shared words and its directory goes
//! away. Destructors that record after that write to the shared words directly.
//!
//! One lock, [`STATE`], orders scrapes, the start and the end of threads, and the late
//! recordings. A recording takes it only when its thread touches its first regions.
//!
//! The pointers into static thread storage rely on that storage staying in place until the
//! thread has run its destructors, as native thread-local storage does (Linux, macOS, Windows,
//! the BSDs, wasm).

#![allow(unsafe_code)]

use std::{
    cell::{Cell, OnceCell, RefCell},
    ops::Range,
    ptr::{self, NonNull},
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicPtr, AtomicU32, AtomicU64, Ordering},
    },
    thread::LocalKey,
};

use crate::storage::{
    cpu::in_register,
    generation,
    histogram_block::{self, Handover, Sum},
    layout::{self, EachThread, EachWords, Layout},
    scalar,
};

/// The storage of some series of one metric, in all threads.
///
/// In this order: what a scrape asks of each stands together, at the beginning.
#[derive(Debug)]
#[doc(hidden)]
#[repr(C)]
pub struct Region {
    /// What ended threads and late recordings have left.
    shared: SharedWords,
    /// 1 + the index in every directory; 0 before the first touch.
    id: AtomicU32,
    /// Whether a sum of floats may go down: of observations that may be negative.
    falls: bool,
    layout: Layout,
    /// Series in this region.
    series: usize,
    /// Groups of words in one series, such as one for each outcome of a call.
    inner: usize,
    /// Words of one series, and of all in each thread.
    width: usize,
    len: usize,
    /// The highest sums of floats that were read. Floats add up differently in another order,
    /// and the end of a thread changes the order.
    highest: OnceLock<Box<[AtomicU64]>>,
    /// The generation of the series that last took the place of another; see
    /// [`catch_up`](Self::catch_up).
    newest: AtomicU64,
    /// Where series come and go, the generation of each.
    born: Option<Arc<[AtomicU64]>>,
}

/// Words that all threads share.
#[derive(Clone, Debug)]
enum SharedWords {
    /// Those of a declared metric: an allocator that records cannot wait for an allocation.
    Static(&'static [AtomicU64]),
    /// Made when there is something to leave in them.
    Lazy(Arc<OnceLock<Box<[AtomicU64]>>>),
}

impl SharedWords {
    /// The words; none as long as they are all zero.
    fn get(&self) -> &[AtomicU64] {
        match self {
            SharedWords::Static(words) => words,
            SharedWords::Lazy(words) => words.get().map_or(&[], |words| words),
        }
    }

    #[inline]
    fn get_or_make(&self, len: usize) -> &[AtomicU64] {
        match self {
            SharedWords::Static(words) => words,
            SharedWords::Lazy(words) => words.get_or_init(|| zeros(len).collect()),
        }
    }
}

fn zeros(len: usize) -> impl Iterator<Item = AtomicU64> {
    (0..len).map(|_| AtomicU64::new(0))
}

/// The room that reading takes, kept from one region to the next.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    series: Vec<usize>,
    values: Vec<u64>,
    scratch: Vec<u64>,
    /// The ids of counters that have a region for themselves; 0 for what is none.
    counters: Vec<u32>,
    /// Whether what is read is only counted, and will be read again.
    pub(crate) is_counting_pass: bool,
    /// Whether only what this thread has recorded is read.
    mine: bool,
}

impl Reader {
    /// Reads what this thread alone has recorded since it began.
    pub(crate) fn for_this_thread() -> Self {
        Reader {
            mine: true,
            ..Reader::default()
        }
    }

    /// Whether that is so.
    pub(crate) fn is_for_this_thread(&self) -> bool {
        self.mine
    }

    /// Adds up regions of one series each that are words and no more, and never go down by a
    /// rounding error, one after the other, under one hold of the lock.
    ///
    /// Each takes two words, of which it may need one. With them come whether they are counters.
    pub(crate) fn read_single_series<'r>(
        &mut self,
        regions: impl Iterator<Item = (&'r Region, bool)> + Clone,
    ) -> &[[u64; 2]] {
        // Each stands somewhere else. In short loops the processor waits for many of them at once.
        let ids = regions.clone().map(|(region, counts)| {
            if counts {
                region.id.load(Ordering::Relaxed)
            } else {
                0
            }
        });
        self.counters.clear();
        self.counters.extend(ids);
        self.values.clear();
        self.values.resize(2 * self.counters.len(), 0);
        let (values, _) = self.values.as_chunks_mut();
        let mut state = STATE.lock();
        for ((region, counts), values) in regions.zip(values.iter_mut()) {
            if counts {
                values[0] = counted_in(region.shared.get());
            } else {
                debug_assert!(region.series == 1 && region.layout.is_scalar());
                state.add_up_words(region, 0, &mut values[..region.width]);
            }
        }
        // SAFETY: the ids are those of regions that this borrows.
        unsafe { state.add_up_counters(&self.counters, values) };
        drop(state);
        values
    }

    /// Reads some histograms of one layout, no more than so many, given by where they stand side by
    /// side in a region; returns their values, one after the other.
    ///
    /// All of them are read under one hold of the lock, as the processor waits at it for what it
    /// has written before.
    pub(crate) fn read_histograms<'r, const MOST: usize>(
        &mut self,
        layout: Layout,
        histograms: impl Iterator<Item = (&'r Region, Range<usize>)>,
    ) -> &[u64] {
        // What has to be allocated is so before the lock is held: an allocator may record.
        let mut found = [const { None }; MOST];
        for (found, (region, series)) in found.iter_mut().zip(histograms) {
            let marks = region.rises().map(|_| region.highest());
            *found = Some((region, series, marks));
        }
        let width = layout.value_count();
        self.scratch.resize(width, 0);
        self.values.clear();
        self.values.resize(width * MOST, 0);
        let mut rest = &mut self.values[..];
        let mut state = STATE.lock();
        for (region, series, marks) in found.into_iter().flatten() {
            debug_assert!(region.layout == layout && region.inner == 1);
            let (out, others) = rest.split_at_mut(width * series.len());
            state.add_up(region, series.clone(), out, &mut self.scratch);
            if let (Some(at), Some(marks)) = (region.rises(), marks) {
                for (mark, out) in marks[series].iter().zip(out.chunks_exact_mut(width)) {
                    keep_rising(mark, &mut out[at]);
                }
            }
            rest = others;
        }
        drop(state);
        &self.values
    }

    /// Says which series of a region to read, in ascending order.
    pub(crate) fn select(&mut self, series: impl IntoIterator<Item = usize>) {
        self.series.clear();
        self.series.extend(series);
    }
}

impl Region {
    /// A region whose series are known from the start.
    ///
    /// `shared` holds [`Layout::words`] for each group of each series.
    pub(crate) const fn closed(
        layout: Layout,
        series: usize,
        inner: usize,
        shared: &'static [AtomicU64],
    ) -> Self {
        assert!(shared.len() == layout.cells() * inner * series);
        Region::new(layout, series, inner, None, SharedWords::Static(shared))
    }

    /// The region of the one series of a metric made at run time.
    pub(crate) fn single(layout: Layout) -> Self {
        Region::new(layout, 1, 1, None, SharedWords::Lazy(Arc::default()))
    }

    /// A region whose series come and go.
    pub(crate) fn open(layout: Layout, series: usize, inner: usize) -> Self {
        let born = Some(zeros(series).collect());
        Region::new(
            layout,
            series,
            inner,
            born,
            SharedWords::Lazy(Arc::default()),
        )
    }

    const fn new(
        layout: Layout,
        series: usize,
        inner: usize,
        born: Option<Arc<[AtomicU64]>>,
        shared: SharedWords,
    ) -> Self {
        Region {
            layout,
            series,
            inner,
            born,
            width: layout.cells() * inner,
            len: layout.cells() * inner * series,
            falls: false,
            highest: OnceLock::new(),
            id: AtomicU32::new(0),
            newest: AtomicU64::new(0),
            shared,
        }
    }

    /// The same where a sum may go down.
    #[must_use]
    pub(crate) const fn can_decrease(mut self, falls: bool) -> Self {
        self.falls = falls;
        self
    }

    /// Words of a series as [`read`](Self::read) reports it.
    pub(crate) const fn value_count(&self) -> usize {
        self.layout.value_count() * self.inner
    }

    #[inline]
    fn shared(&self) -> &[AtomicU64] {
        self.shared.get_or_make(self.len)
    }

    /// The words of one series that all threads share.
    #[inline]
    pub(crate) fn shared_cells(&self, series: usize) -> &[AtomicU64] {
        &self.shared()[series * self.width..][..self.width]
    }

    fn born(&self) -> &[AtomicU64] {
        self.born.as_deref().unwrap_or(&[])
    }

    /// Which of the series that have stood in this place stands there now.
    pub(crate) fn generation(&self, series: usize) -> u64 {
        self.born()[series].load(Ordering::Relaxed)
    }

    /// Begins the first series in a place: no thread has touched it.
    pub(crate) fn claim_first(&self, series: usize, generation: u64) {
        self.born()[series].store(generation, Ordering::Relaxed);
    }

    /// Begins another series in a place where one was before, at zero.
    pub(crate) fn claim(&self, series: usize, generation: u64) {
        let _state = STATE.lock();
        let shared = self.shared.get().get(series * self.width..);
        let shared = shared.and_then(|words| words.get(..self.width));
        let born = &self.born()[series];
        generation::claim(born, &self.newest, shared.unwrap_or(&[]), generation);
        if let Some(highest) = self.highest.get() {
            for mark in &highest[series * self.inner..][..self.inner] {
                mark.store(0, Ordering::Relaxed);
            }
        }
    }

    /// Where a sum of floats that never goes down stands among the values that are read.
    const fn rises(&self) -> Option<usize> {
        match self.layout {
            Layout::FloatCount => Some(0),
            Layout::Histogram {
                sum: Sum::Float, ..
            } if !self.falls => Some(histogram_block::SUM_OUT),
            _ => None,
        }
    }

    fn highest(&self) -> &[AtomicU64] {
        self.highest.get_or_init(|| {
            (0..self.series * self.inner)
                .map(|_| AtomicU64::new(0))
                .collect()
        })
    }

    /// Keeps the sums of a series from going down by a rounding error; under the lock.
    fn keep_rising(&self, at: usize, marks: &[AtomicU64], values: &mut [u64]) {
        let groups = values.chunks_exact_mut(self.layout.value_count());
        for (group, mark) in groups.zip(marks) {
            keep_rising(mark, &mut group[at]);
        }
    }

    /// Reads some series, in ascending order, added up over all threads, under one hold of the
    /// lock.
    ///
    /// `each` gets the series and its values: see [`Layout`]; a histogram is its count, sum
    /// and buckets.
    pub(crate) fn read(
        &self,
        reader: &mut Reader,
        series: impl IntoIterator<Item = usize>,
        each: impl FnMut(usize, &[u64]),
    ) {
        reader.select(series);
        self.read_selected(reader, each);
    }

    /// Adds up the words of some series that are words and no more, and never go down by a
    /// rounding error.
    pub(crate) fn read_scalars<'r>(
        &self,
        reader: &'r mut Reader,
        series: std::ops::Range<usize>,
    ) -> &'r [u64] {
        debug_assert!(self.layout.is_scalar() && self.rises().is_none());
        reader.values.clear();
        reader.values.resize(self.width * series.len(), 0);
        let mut state = STATE.lock();
        state.add_up_words(self, series.start, &mut reader.values);
        drop(state);
        &reader.values
    }

    /// The same for series that were chosen before, by who cannot say it any more in `each`.
    pub(crate) fn read_selected(&self, reader: &mut Reader, mut each: impl FnMut(usize, &[u64])) {
        if reader.mine {
            return self.read_mine(reader, each);
        }
        let (Some(first), Some(last)) = (reader.series.first(), reader.series.last()) else {
            return;
        };
        // Words are added up faster than those that are left out could be told from the others.
        let (first, whole) = (*first, self.layout.is_scalar());
        let read = if whole {
            last - first + 1
        } else {
            reader.scratch.resize(self.layout.value_count(), 0);
            reader.series.len()
        };
        let width = self.value_count();
        reader.values.clear();
        reader.values.resize(width * read, 0);
        let rises = self.rises().map(|at| (at, self.highest()));
        let place = |at: usize, series: usize| width * if whole { series - first } else { at };
        {
            let mut state = STATE.lock();
            if whole {
                state.add_up_words(self, first, &mut reader.values);
            }
            for (at, series) in reader.series.iter().enumerate() {
                if whole && rises.is_none() {
                    break;
                }
                let out = &mut reader.values[place(at, *series)..][..width];
                if !whole {
                    state.add_up(self, *series..series + 1, out, &mut reader.scratch);
                }
                if let Some((at, highest)) = rises {
                    let marks = &highest[series * self.inner..][..self.inner];
                    self.keep_rising(at, marks, out);
                }
            }
        }
        // The lock is free again: `each` may allocate, and an allocator may record.
        for (at, series) in reader.series.iter().enumerate() {
            each(*series, &reader.values[place(at, *series)..][..width]);
        }
    }

    /// The same of what this thread alone has recorded.
    ///
    /// Not in it is what this thread has put in shared words: values that all threads share, and
    /// the recordings of an allocator in a first touch.
    #[cold]
    #[inline(never)]
    fn read_mine(&self, reader: &mut Reader, mut each: impl FnMut(usize, &[u64])) {
        let width = self.value_count();
        reader.scratch.resize(self.layout.value_count(), 0);
        reader.values.clear();
        reader.values.resize(width * reader.series.len(), 0);
        {
            let mut state = STATE.lock();
            for (at, series) in reader.series.iter().enumerate() {
                let out = &mut reader.values[at * width..][..width];
                state.add_up_mine(self, *series, out, &mut reader.scratch);
            }
        }
        for (at, series) in reader.series.iter().enumerate() {
            each(*series, &reader.values[at * width..][..width]);
        }
    }

    /// Runs a recording on the shared words: when this thread's own are gone, or not yet there.
    #[cold]
    fn late(&self, op: impl FnOnce(&[AtomicU64])) {
        let words = self.shared();
        let _state = STATE.lock();
        current().late.set(true);
        op(words);
        current().late.set(false);
    }

    /// Runs a recording on this thread's words, found through the directory.
    ///
    /// `touched` is called when the thread records for the first time.
    #[inline(always)]
    pub(crate) fn record(&self, touched: impl FnOnce(), op: impl FnOnce(&[AtomicU64])) {
        match self.own() {
            Some((words, _)) => op(words),
            None => self.record_cold(touched, op),
        }
    }

    /// The first recording of a thread, and those after its end.
    #[cold]
    #[inline(never)]
    fn record_cold(&self, touched: impl FnOnce(), op: impl FnOnce(&[AtomicU64])) {
        touched();
        match self.first_touch(None) {
            Some((words, _)) => op(words),
            None => self.late(op),
        }
    }

    /// Runs a recording on this thread's words of one series, found through the directory.
    ///
    /// `touch` lists the words of a region that has them in static storage.
    #[inline(always)]
    pub(crate) fn record_closed(
        &self,
        series: usize,
        touch: Option<fn()>,
        op: impl FnOnce(&[AtomicU64]),
    ) {
        let start = series * self.width;
        let own = self.own().or_else(|| self.first_touch(touch));
        match own {
            Some((words, _)) => op(&words[start..][..self.width]),
            None => self.late(|shared| op(&shared[start..][..self.width])),
        }
    }

    /// This thread's words of a series that comes and goes: see [`Regions::ready`].
    #[inline(always)]
    pub(crate) fn ready(&self, series: usize, generation: u64) -> Option<&[AtomicU64]> {
        let (words, seen) = self.own()?;
        let start = series * self.width;
        words
            .get(start..start + self.width)
            .filter(|_| seen >= generation)
    }

    /// Runs a recording on a series that comes and goes, where none of its words are ready.
    #[cold]
    #[inline(never)]
    pub(crate) fn record_open(
        &self,
        series: usize,
        generation: u64,
        op: impl FnOnce(&[AtomicU64]),
    ) {
        let op = |words: &[AtomicU64]| {
            // A recording into a removed series is as good as one made before its removal. If the
            // place is another's by now, the words may already be fit for that one.
            if self.generation(series) == generation {
                op(&words[series * self.width..][..self.width]);
            }
        };
        match self.caught_up(generation) {
            Some(words) => op(words),
            None => self.late(op),
        }
    }

    /// This thread's words, fit for this generation.
    fn caught_up(&self, generation: u64) -> Option<&[AtomicU64]> {
        let (words, seen) = self.own().or_else(|| self.first_touch(None))?;
        if seen < generation {
            self.catch_up(words, generation)?;
        }
        Some(words)
    }

    /// Zeroes the words of series that have come since this thread last did so.
    ///
    /// A series that takes the place of another begins at zero in every thread, without any
    /// thread's help: words of a thread that has not seen its generation are not counted for it.
    /// `generation` is one that the caller has found in the index.
    fn catch_up(&self, words: &[AtomicU64], generation: u64) -> Option<()> {
        let index = self.id.load(Ordering::Relaxed).wrapping_sub(1);
        let seen = &current().slots().get(index as usize)?.seen;
        // What was found before is not to be recorded into after this.
        let forget = || current().epoch.set(new_epoch());
        generation::catch_up(self.born(), &self.newest, generation, words, seen, forget);
        Some(())
    }

    /// This thread's words, and the newest generation that they are fit for.
    #[inline(always)]
    fn own(&self) -> Option<(&[AtomicU64], u64)> {
        // Acquire: the number may have belonged to a dropped region, whose words are gone from the
        // directory since before it was given again.
        let index = self.id.load(Ordering::Acquire).wrapping_sub(1);
        let slot = current().slots().get(index as usize)?;
        let words = NonNull::new(slot.words.load(Ordering::Relaxed))?;
        // SAFETY: this thread put `len` words in the slot of this region's index, in `list`.
        // They are freed by this thread's end, which also empties the directory, or by the drop
        // of the region, which is borrowed here.
        let words = unsafe { std::slice::from_raw_parts(words.as_ptr(), self.len) };
        Some((words, slot.seen.load(Ordering::Relaxed)))
    }

    /// Gives this thread words; `None` when it cannot have any, now or any more.
    #[cold]
    #[inline(never)]
    fn first_touch(&self, touch: Option<fn()>) -> Option<(&[AtomicU64], u64)> {
        if let Some(touch) = touch {
            touch();
            return self.own();
        }
        list(self, true, || allocate(self.len))?;
        self.own()
    }

    /// The index in every directory.
    fn index(&self, heap: bool) -> usize {
        if self.id.load(Ordering::Acquire) == 0 {
            enter(std::slice::from_ref(self), heap);
        }
        self.id.load(Ordering::Acquire) as usize - 1
    }

    fn listed(&self, heap: bool) -> Listed {
        Listed {
            layout: self.layout,
            born: self.born.clone(),
            width: self.width,
            len: self.len,
            heap,
            shared: self.shared.clone(),
        }
    }
}

/// Gives regions indices that follow each other; returns the first.
fn enter(regions: &[Region], heap: bool) -> usize {
    let mut listed: Vec<Listed> = regions.iter().map(|region| region.listed(heap)).collect();
    let mut state = STATE.lock_with_room(regions.len());
    // Another thread may have been first, where there is one.
    let first = match regions {
        [region] if region.id.load(Ordering::Relaxed) != 0 => {
            drop(state);
            return region.id.load(Ordering::Relaxed) as usize - 1;
        }
        _ => state.enter(&mut listed),
    };
    for (region, id) in regions.iter().zip(first as u32 + 1..) {
        region.id.store(id, Ordering::Release);
    }
    first
}

/// Regions of equal size whose series come and go; their indices follow each other.
#[derive(Debug)]
pub(crate) struct Regions {
    first: usize,
    /// The number of words in each.
    len: usize,
    all: Box<[Region]>,
}

impl Regions {
    pub(crate) fn new(number: usize, mut region: impl FnMut() -> Region) -> Self {
        let regions: Box<[Region]> = (0..number).map(|_| region()).collect();
        Regions {
            first: enter(&regions, true),
            len: regions.first().map_or(0, |region| region.len),
            all: regions,
        }
    }

    #[inline(always)]
    pub(crate) fn get(&self, region: usize) -> &Region {
        &self.all[region]
    }

    /// This thread's words of a series, when nothing has to be done first.
    ///
    /// The caller has just seen that the series is there. If it is removed now and its place
    /// given to another, a recording does not reach that one: this thread's words are not
    /// counted for generations that it has not caught up with.
    #[inline(always)]
    pub(crate) fn ready<const N: usize>(
        &'static self,
        region: usize,
        series: usize,
        generation: u64,
    ) -> Option<CachedCells<N>> {
        if region >= self.all.len() {
            return None;
        }
        let slot = current().slots().get(self.first + region)?;
        let words = NonNull::new(slot.words.load(Ordering::Relaxed))?;
        if slot.seen.load(Ordering::Relaxed) < generation {
            return None;
        }
        // SAFETY: as in `Region::own`, for the region of this index.
        let words = unsafe { std::slice::from_raw_parts(words.as_ptr(), self.len) };
        let words = words.get(series * N..)?.first_chunk()?;
        Some(CachedCells {
            words: NonNull::from(words),
            epoch: current().epoch.get(),
        })
    }
}

/// The words that a thread has of a series of a metric that is never dropped, to be used by that
/// thread before long.
#[derive(Clone, Copy, Debug)]
#[doc(hidden)]
pub struct CachedCells<const N: usize> {
    words: NonNull<[AtomicU64; N]>,
    /// When they were found, and by whom.
    epoch: u64,
}

// SAFETY: the pointer is not followed in another thread, nor in another epoch: see `words`.
unsafe impl<const N: usize> Send for CachedCells<N> {}

// SAFETY: as above.
unsafe impl<const N: usize> Sync for CachedCells<N> {}

impl<const N: usize> CachedCells<N> {
    /// The words, if it is still this thread that asks, and nothing has changed since.
    #[inline(always)]
    pub(crate) fn get(&self) -> Option<&[AtomicU64; N]> {
        if current().epoch.get() != self.epoch {
            return None;
        }
        // SAFETY: no two epochs of any threads are the same, and one ends before the thread frees
        // words, or its words of a region that is never dropped are another series'.
        Some(unsafe { self.words.as_ref() })
    }
}

/// An epoch that there was not before.
fn new_epoch() -> u64 {
    static LAST: AtomicU64 = AtomicU64::new(0);
    LAST.fetch_add(1, Ordering::Relaxed) + 1
}

impl Drop for Region {
    fn drop(&mut self) {
        let id = *self.id.get_mut();
        if id == 0 {
            return;
        }
        let index = id as usize - 1;
        // One at a time, and freed without the lock: an allocator may record.
        loop {
            let words = STATE.lock().take_out(index);
            let Some((words, len)) = words else { break };
            // SAFETY: `allocate` made so many words for this region. Their thread reaches them through a borrow of the region only, and scrapes
            // did through the directory, from which they are gone.
            unsafe { free(words, len) };
        }
        let mut state = STATE.lock_with_room(1);
        let listed = state.regions[index].take();
        state.free.push(index as u32);
        drop(state);
        drop(listed);
    }
}

/// A cache line or two: words of different threads never share one.
#[repr(align(128))]
struct Line(#[expect(dead_code, reason = "reached through a pointer")] [AtomicU64; 16]);

/// How many lines so many words take; one at least.
const fn lines(len: usize) -> usize {
    if len == 0 { 1 } else { len.div_ceil(16) }
}

/// Zeroed words on lines of their own.
fn allocate(len: usize) -> NonNull<AtomicU64> {
    let lines: Box<[Line]> = (0..lines(len))
        .map(|_| Line([const { AtomicU64::new(0) }; 16]))
        .collect();
    let lines: *mut [Line] = Box::into_raw(lines);
    NonNull::new(lines.cast()).expect("a box is not null")
}

/// Frees what [`allocate`] made.
///
/// # Safety
///
/// `words` comes from `allocate(len)`, and nobody uses it any more.
#[expect(clippy::cast_ptr_alignment, reason = "they stand on such a line")]
unsafe fn free(words: NonNull<AtomicU64>, len: usize) {
    let lines = ptr::slice_from_raw_parts_mut(words.as_ptr().cast::<Line>(), lines(len));
    // SAFETY: by the caller, this is the box that `allocate` turned into a pointer.
    drop(unsafe { Box::from_raw(lines) });
}

/// A thread's words of one region.
#[derive(Default)]
struct Slot {
    /// Null before the first touch.
    words: AtomicPtr<AtomicU64>,
    /// The newest generation that they are fit for, where series come and go.
    seen: AtomicU64,
}

/// What a thread reaches without a check for initialisation: neither lazy nor dropped.
struct Current {
    /// Empty before the first touch and after the end.
    directory: Cell<*const [Slot]>,
    ended: Cell<bool>,
    /// Whether the thread is on a cold path: an allocator that records then must not go there.
    busy: Cell<bool>,
    /// Whether it holds the lock, for a recording on shared words.
    late: Cell<bool>,
    /// A [`CachedCells`] is good for one epoch; 0 before the first.
    epoch: Cell<u64>,
}

impl Current {
    #[inline(always)]
    fn slots(&self) -> &[Slot] {
        // SAFETY: points to an empty slice or to the box that this thread made in `grow`; this
        // thread alone frees it, in `grow` and at its end, and no borrow of it is alive there.
        unsafe { &*self.directory.get() }
    }
}

thread_local! {
    static CURRENT: Current = const {
        Current {
            directory: Cell::new(&[]),
            ended: Cell::new(false),
            busy: Cell::new(false),
            late: Cell::new(false),
            epoch: Cell::new(0),
        }
    };

    static GUARD: Guard = const {
        Guard {
            handover: OnceCell::new(),
            resets: RefCell::new(Vec::new()),
        }
    };
}

/// What this thread reaches; see [`local`] for why it is done like this.
#[inline(always)]
fn current() -> &'static Current {
    let current = CURRENT.with(ptr::from_ref);
    // SAFETY: as in `local`; `Current` is not `Sync` either.
    unsafe { &*current }
}

/// Does what may allocate or take a lock; `None` when the thread is at such a thing already, and
/// this comes from an allocator that records.
pub(crate) fn without_reentry<R>(act: impl FnOnce() -> R) -> Option<R> {
    if current().busy.replace(true) {
        return None;
    }
    let result = act();
    current().busy.set(false);
    Some(result)
}

/// What a thread touches on cold paths only; its drop is the thread's end.
struct Guard {
    /// The same that the thread's entry in [`STATE`] holds.
    handover: OnceCell<Arc<OnceLock<Handover<AtomicU64>>>>,
    /// The thread's static words, to be told that they are not listed any more.
    resets: RefCell<Vec<&'static dyn Reset>>,
}

impl Drop for Guard {
    fn drop(&mut self) {
        CURRENT.with(|current| {
            // First: what an allocator records from here on goes to the shared words.
            current.ended.set(true);
            current.epoch.set(new_epoch());
            for local in self.resets.take() {
                local.reset();
            }
            make_room_for(current.slots());
            let directory = current.directory.replace(&[]);
            let handover = self.handover.get().and_then(|handover| handover.get());
            let mut scratch = handover.map_or(Vec::new(), |_| layout::scratch());
            let thread = STATE.lock().end(directory, &mut scratch);
            // Without the lock, as above.
            for slot in thread.iter().flat_map(Thread::slots) {
                if let Some(words) = NonNull::new(slot.words.load(Ordering::Relaxed)) {
                    // SAFETY: `end` has left the words that come from `allocate`, and has put
                    // their number in the first.
                    let len = unsafe { words.as_ref() }.load(Ordering::Relaxed);
                    // SAFETY: the thread that is gone from the list was the last to mention them.
                    unsafe { free(words, len as usize) };
                }
            }
            if thread.is_some() {
                // SAFETY: the directory came from such a box in `grow`; neither the thread nor
                // the list mentions it any more.
                drop(unsafe { Box::from_raw(directory.cast_mut()) });
            }
        });
    }
}

/// Makes the shared words that a thread's own are to be added to.
fn make_room_for(slots: &[Slot]) {
    let mut missing = Vec::with_capacity(slots.len());
    for (slot, listed) in slots.iter().zip(&STATE.lock().regions) {
        if let Some(listed) = listed
            && !slot.words.load(Ordering::Relaxed).is_null()
            && listed.shared.get().is_empty()
        {
            missing.push((listed.shared.clone(), listed.len));
        }
    }
    for (shared, len) in &missing {
        shared.get_or_make(*len);
    }
}

/// What a thread keeps in static storage and has to be told of.
trait Reset {
    /// The thread ends: words are not listed any more.
    fn reset(&'static self);
}

impl<L: sealed::Local> Reset for LocalKey<L> {
    fn reset(&'static self) {
        self.with(sealed::Local::reset);
    }
}

/// A thread as scrapes see it.
struct Thread {
    directory: AtomicPtr<Slot>,
    len: usize,
    handover: Arc<OnceLock<Handover<AtomicU64>>>,
}

impl Thread {
    fn has(&self, directory: *const [Slot]) -> bool {
        ptr::eq(self.directory.load(Ordering::Relaxed), directory.cast())
    }

    fn slots(&self) -> &[Slot] {
        // SAFETY: `directory` comes from a box of `len` slots, and whoever replaces or frees it
        // holds the lock through which `self` was reached, or has taken `self` out of the list.
        unsafe { std::slice::from_raw_parts(self.directory.load(Ordering::Relaxed), self.len) }
    }
}

/// A region as threads' ends see it.
struct Listed {
    layout: Layout,
    born: Option<Arc<[AtomicU64]>>,
    width: usize,
    /// The number of each thread's words.
    len: usize,
    /// Whether they come from [`allocate`].
    heap: bool,
    shared: SharedWords,
}

impl Listed {
    /// Adds a thread's words to the shared ones.
    fn fold(&self, words: &[AtomicU64], seen: u64, scratch: &mut [u64]) {
        let (born, shared) = (self.born.as_deref().unwrap_or(&[]), self.shared.get());
        let width = self.layout.cells().max(1);
        let series = words.chunks_exact(self.width.max(1));
        for (at, (from, into)) in series
            .zip(shared.chunks_exact(self.width.max(1)))
            .enumerate()
        {
            let is_another = |born: &AtomicU64| born.load(Ordering::Relaxed) > seen;
            if born.get(at).is_some_and(is_another) {
                continue;
            }
            let groups = from.chunks_exact(width).zip(into.chunks_exact(width));
            for (from, into) in groups {
                self.layout.fold(from, into, scratch);
            }
        }
    }
}

/// Keeps a sum from going down, which is not negative, by the highest it has been; under the lock.
fn keep_rising(highest: &AtomicU64, sum: &mut u64) {
    // The bits of floats that are not negative compare as the floats do.
    *sum = (*sum).max(highest.load(Ordering::Relaxed));
    highest.store(*sum, Ordering::Relaxed);
}

/// What a counter's word has counted; nothing where it has none yet.
#[inline(always)]
fn counted_in(words: &[AtomicU64]) -> u64 {
    let word = words.first();
    word.map_or(0, |word| scalar::count(word.load(Ordering::Acquire)))
}

struct State {
    threads: Vec<Thread>,
    regions: Vec<Option<Listed>>,
    /// Indices of dropped regions.
    free: Vec<u32>,
    ticket: u64,
}

struct Lock(Mutex<State>);

static STATE: Lock = Lock(Mutex::new(State {
    threads: Vec::new(),
    regions: Vec::new(),
    free: Vec::new(),
    ticket: 0,
}));

impl Lock {
    /// Takes the lock. Nothing may be allocated or freed under it: an allocator that records may
    /// want it, too.
    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing that runs under the lock panics halfway through a change.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The same with room for so many more regions, and one more of all else.
    fn lock_with_room(&self, regions: usize) -> MutexGuard<'_, State> {
        let more = regions;
        loop {
            let state = self.lock();
            let (threads, regions, free) = (
                missing(&state.threads, 1),
                missing(&state.regions, more),
                missing(&state.free, 1),
            );
            if threads + regions + free == 0 {
                return state;
            }
            drop(state);
            let mut threads = Vec::with_capacity(threads);
            let mut regions = Vec::with_capacity(regions);
            let mut free = Vec::with_capacity(free);
            let mut state = self.lock();
            move_into(&mut threads, &mut state.threads);
            move_into(&mut regions, &mut state.regions);
            move_into(&mut free, &mut state.free);
            drop(state);
            // What is dropped here has been empty or too small.
        }
    }
}

/// The capacity that a list needs for so many more; 0 when it has room.
fn missing<T>(list: &Vec<T>, more: usize) -> usize {
    if list.len() + more <= list.capacity() {
        0
    } else {
        (2 * list.len()).max(list.len() + more).max(8)
    }
}

/// Replaces a list by a larger one with the same in it.
fn move_into<T>(larger: &mut Vec<T>, list: &mut Vec<T>) {
    if larger.capacity() > list.capacity() {
        larger.append(list);
        std::mem::swap(larger, list);
    }
}

impl State {
    /// Takes in regions, and returns the index of the first; there is room. The list is left
    /// empty, and is to be freed without the lock.
    fn enter(&mut self, listed: &mut Vec<Listed>) -> usize {
        if listed.len() == 1
            && let Some(free) = self.free.pop()
        {
            self.regions[free as usize] = listed.pop();
            return free as usize;
        }
        let first = self.regions.len();
        self.regions.extend(listed.drain(..).map(Some));
        first
    }

    /// Takes the words of a region out of the directory of one thread that has any.
    fn take_out(&mut self, index: usize) -> Option<(NonNull<AtomicU64>, usize)> {
        let listed = self.regions[index].as_ref()?;
        self.threads.iter().find_map(|thread| {
            let slot = thread.slots().get(index)?;
            let words = slot.words.swap(ptr::null_mut(), Ordering::Relaxed);
            Some((NonNull::new(words).filter(|_| listed.heap)?, listed.len))
        })
    }

    /// The threads that run and have words of this region; the lock is held.
    fn words_of<'s>(
        threads: &'s [Thread],
        region: &'s Region,
    ) -> impl Iterator<Item = (&'s [AtomicU64], &'s AtomicU64, &'s Thread)> {
        let id = region.id.load(Ordering::Relaxed);
        threads.iter().filter_map(move |thread| {
            // SAFETY: the region has this id and so many words, and is borrowed.
            let (words, seen) = unsafe { State::words_in(thread, id, region.len) }?;
            Some((words, seen, thread))
        })
    }

    /// A thread's words of the region that has this id; the lock is held.
    ///
    /// # Safety
    ///
    /// The region has this id for as long as the result is used, or none has it; and it has at
    /// least so many words.
    #[inline(always)]
    unsafe fn words_in(thread: &Thread, id: u32, len: usize) -> Option<(&[AtomicU64], &AtomicU64)> {
        // Nobody has touched a region that is not in the directories: no index is as large.
        let slot = thread.slots().get((id as usize).wrapping_sub(1))?;
        // Acquire: the words were written before they were listed.
        let words = NonNull::new(slot.words.load(Ordering::Acquire))?;
        // SAFETY: the thread has listed the words of this region, of which there are so many by
        // the caller, and takes the lock that is held here before it frees them or ends.
        let words = unsafe { std::slice::from_raw_parts(words.as_ptr(), len) };
        Some((words, &slot.seen))
    }

    /// Adds up counters that have a region for themselves, by the ids of those regions, over the
    /// threads that run.
    ///
    /// # Safety
    ///
    /// The regions are borrowed.
    unsafe fn add_up_counters(&self, ids: &[u32], out: &mut [[u64; 2]]) {
        for thread in &self.threads {
            for (id, [total, _]) in ids.iter().zip(&mut *out) {
                // SAFETY: a counter has one word, and its region is borrowed by the caller.
                if let Some((words, _)) = unsafe { State::words_in(thread, *id, 1) } {
                    *total = total.saturating_add(counted_in(words));
                }
            }
        }
    }

    /// Adds up series that are words and no more, from this one on, over the threads that run
    /// and what ended ones have left.
    fn add_up_words(&mut self, region: &Region, first: usize, out: &mut [u64]) {
        let (width, start) = (region.width, first * region.width);
        let shared = region.shared.get().get(start..).unwrap_or(&[]);
        // Under the lock no place is given to another series: what is seen here stays true.
        let newest = region.newest.load(Ordering::Relaxed);
        let born = region.born().get(first..).unwrap_or(&[]);
        let each_thread = |add: EachWords<'_>| {
            for (words, seen, _) in State::words_of(&self.threads, region) {
                let words = &words[start..];
                if generation::has_seen(seen, newest) {
                    add(words, None);
                    continue;
                }
                let is_fit = |series: usize| {
                    let born = born.get(series);
                    born.is_none_or(|born| generation::has_seen(seen, born.load(Ordering::Relaxed)))
                };
                add(words, Some((width, &is_fit)));
            }
        };
        region.layout.add_up_words(shared, out, each_thread);
    }

    /// Adds up histograms that stand side by side, over the threads that run and what ended ones
    /// have left.
    fn add_up(
        &mut self,
        region: &Region,
        series: Range<usize>,
        out: &mut [u64],
        scratch: &mut [u64],
    ) {
        // Under the lock no place is given to another series: what is seen here stays true.
        let newest = region.newest.load(Ordering::Relaxed);
        let has_seen = |(_, seen, _)| generation::has_seen(seen, newest);
        if State::words_of(&self.threads, region).all(has_seen) {
            return self.add_up_seen(region, series, 0, out, scratch);
        }
        for (series, out) in series.zip(out.chunks_mut(region.value_count())) {
            let born = region.born().get(series);
            let generation = born.map_or(0, |born| born.load(Ordering::Relaxed));
            self.add_up_seen(region, series..series + 1, generation, out, scratch);
        }
    }

    /// The same over threads that have seen a generation.
    fn add_up_seen(
        &mut self,
        region: &Region,
        series: Range<usize>,
        generation: u64,
        out: &mut [u64],
        scratch: &mut [u64],
    ) {
        let words_of_them = series.start * region.width..series.end * region.width;
        let each_thread = |add: EachThread<'_>| {
            for (words, seen, thread) in State::words_of(&self.threads, region) {
                if generation::has_seen(seen, generation) {
                    add(&words[words_of_them.clone()], &thread.handover);
                }
            }
        };
        let ticket = &mut self.ticket;
        let shared = region.shared.get().get(words_of_them.clone());
        let shared = shared.unwrap_or(&[]);
        region
            .layout
            .add_up(shared, out, scratch, each_thread, ticket);
    }

    /// Adds up one series in this thread alone.
    fn add_up_mine(
        &mut self,
        region: &Region,
        series: usize,
        out: &mut [u64],
        scratch: &mut [u64],
    ) {
        let (directory, width) = (current().directory.get(), region.width);
        let born = region.born().get(series);
        let generation = born.map_or(0, |born| born.load(Ordering::Relaxed));
        let mine = State::words_of(&self.threads, region).find(|&(_, seen, thread)| {
            thread.has(directory) && generation::has_seen(seen, generation)
        });
        let Some((words, _, thread)) = mine else {
            return;
        };
        let words = &words[series * width..][..width];
        if region.layout.is_scalar() {
            let each_thread = |add: EachWords<'_>| add(words, None);
            region.layout.add_up_words(&[], out, each_thread);
        } else {
            let each_thread = |add: EachThread<'_>| add(words, &thread.handover);
            let ticket = &mut self.ticket;
            region.layout.add_up(&[], out, scratch, each_thread, ticket);
        }
    }

    /// Takes leave of the thread with this directory; what is left in it is to be freed.
    fn end(&mut self, directory: *const [Slot], scratch: &mut [u64]) -> Option<Thread> {
        let at = self
            .threads
            .iter()
            .position(|thread| thread.has(directory))?;
        let thread = self.threads.swap_remove(at);
        for (slot, listed) in thread.slots().iter().zip(&self.regions) {
            let words = NonNull::new(slot.words.load(Ordering::Relaxed));
            let (Some(first), Some(listed)) = (words, listed) else {
                continue;
            };
            // SAFETY: this thread has listed words of this region's length, in its static
            // storage or from `allocate`, and it is the thread that runs this.
            let words = unsafe { std::slice::from_raw_parts(first.as_ptr(), listed.len) };
            listed.fold(words, slot.seen.load(Ordering::Relaxed), scratch);
            if listed.heap {
                // SAFETY: `allocate` makes one word at least.
                let first = unsafe { first.as_ref() };
                first.store(listed.len as u64, Ordering::Relaxed);
            } else {
                slot.words.store(ptr::null_mut(), Ordering::Relaxed);
            }
        }
        Some(thread)
    }

    /// Replaces this thread's directory by a larger one, and takes in the thread where it is
    /// new; there is room. The old one is to be freed.
    fn grow(
        &mut self,
        current: &Current,
        slots: Box<[Slot]>,
        handover: &Arc<OnceLock<Handover<AtomicU64>>>,
    ) -> Option<Box<[Slot]>> {
        let old = current.directory.get();
        let thread = self.threads.iter_mut().find(|thread| thread.has(old));
        if let Some(thread) = &thread {
            for (new, old) in slots.iter().zip(thread.slots()) {
                let (words, seen) = (&old.words, &old.seen);
                new.words
                    .store(words.load(Ordering::Relaxed), Ordering::Relaxed);
                new.seen
                    .store(seen.load(Ordering::Relaxed), Ordering::Relaxed);
            }
        }
        let len = slots.len();
        let slots = Box::into_raw(slots);
        current.directory.set(slots);
        if current.epoch.get() == 0 {
            current.epoch.set(new_epoch());
        }
        if let Some(thread) = thread {
            thread.directory.store(slots.cast(), Ordering::Relaxed);
            thread.len = len;
            // SAFETY: the old directory came from such a box in an earlier `grow`; it has just
            // been replaced in both places that mention it, and scrapes wait for the lock.
            return Some(unsafe { Box::from_raw(old.cast_mut()) });
        }
        self.threads.push(Thread {
            directory: AtomicPtr::new(slots.cast()),
            len,
            handover: Arc::clone(handover),
        });
        None
    }
}

/// Changes this thread's words in a way that no scrape may see halfway; a cold path.
///
/// Called within a recording.
pub(crate) fn exclusively<R>(op: impl FnOnce() -> R) -> R {
    // Some recordings run under the lock already.
    let is_late = current().late.get();
    let _state = (!is_late).then(|| STATE.lock());
    op()
}

/// Puts words into this thread's slot for a region; `None` when the thread has already ended, or
/// an allocator records while another first touch allocates.
fn list(
    region: &Region,
    heap: bool,
    words: impl FnOnce() -> NonNull<AtomicU64>,
) -> Option<NonNull<AtomicU64>> {
    let list = || {
        // Reaching the guard registers its destructor, which is the thread's end.
        let handover = GUARD
            .try_with(|guard| Arc::clone(guard.handover.get_or_init(Arc::default)))
            .ok()?;
        if matches!(region.layout, Layout::Histogram { .. }) {
            // Here, as a scrape that wants it has the lock.
            handover.get_or_init(layout::copies);
        }
        if region.layout.native().is_some() {
            // How coarse its buckets have become is shared.
            region.shared();
        }
        let index = region.index(heap);
        let words = words();
        CURRENT.with(|current| {
            // The lists may have grown before the lock is taken again.
            while current.slots().len() <= index {
                let len = STATE.lock().regions.len();
                let slots = (0..len.next_power_of_two().max(64)).map(|_| Slot::default());
                let slots: Box<[Slot]> = slots.collect();
                let old = STATE.lock_with_room(0).grow(current, slots, &handover);
                drop(old);
            }
            let slot = &current.slots()[index];
            // Zeros are fit for all series up to now. Acquire: the words are made after them.
            let newest = region.newest.load(Ordering::Acquire);
            slot.seen.store(newest, Ordering::Relaxed);
            // Release: a scrape that sees the words sees what stands in them.
            slot.words.store(words.as_ptr(), Ordering::Release);
            Some(words)
        })
    };
    if current().ended.get() {
        return None;
    }
    without_reentry(list)?
}

/// This thread's words of one metric, in its static storage or behind a pointer there.
#[doc(hidden)]
pub trait LocalStorage: sealed::Local {}

impl<L: sealed::Local> LocalStorage for L {}

/// Out of reach of other crates: `first_touch` is sound for values in static storage only, and
/// [`touch`] calls it for such alone.
mod sealed {
    use super::{AtomicU64, Region};

    /// Implemented for types that are not `Sync`.
    pub trait Local: Sized + 'static {
        /// The words, once they are listed.
        fn words(&self) -> Option<&[AtomicU64]>;
        /// Lists them in the thread's directory; false when the thread has already ended.
        fn first_touch(&self, region: &Region) -> bool;
        /// Forgets that they are listed.
        fn reset(&self);
    }
}

/// How a metric begins in each thread.
#[doc(hidden)]
pub trait ConstInit: Sized {
    const INIT: Self;
}

/// `N` words in the thread's static storage.
#[derive(Debug)]
#[doc(hidden)]
pub struct LocalCells<const N: usize> {
    listed: Cell<bool>,
    words: [AtomicU64; N],
}

impl<const N: usize> ConstInit for LocalCells<N> {
    const INIT: Self = LocalCells {
        listed: Cell::new(false),
        words: [const { AtomicU64::new(0) }; N],
    };
}

impl<const N: usize> sealed::Local for LocalCells<N> {
    #[inline(always)]
    fn words(&self) -> Option<&[AtomicU64]> {
        self.listed.get().then_some(&self.words[..])
    }

    fn first_touch(&self, region: &Region) -> bool {
        let words = || NonNull::from(&self.words).cast();
        let listed = region.len == N && list(region, false, words).is_some();
        self.listed.set(listed);
        listed
    }

    fn reset(&self) {
        self.listed.set(false);
    }
}

/// One pointer in the thread's static storage to `N` words on the heap.
#[derive(Debug)]
#[doc(hidden)]
pub struct LocalBlock<const N: usize>(Cell<*const [AtomicU64; N]>);

impl<const N: usize> ConstInit for LocalBlock<N> {
    const INIT: Self = LocalBlock(Cell::new(ptr::null()));
}

impl<const N: usize> sealed::Local for LocalBlock<N> {
    #[inline(always)]
    fn words(&self) -> Option<&[AtomicU64]> {
        // SAFETY: not null means that `first_touch` put `N` words of this thread's there; they
        // are freed by the thread's end alone, which calls `reset` first.
        unsafe { self.0.get().as_ref() }.map(|words| &words[..])
    }

    fn first_touch(&self, region: &Region) -> bool {
        if region.len != N {
            return false;
        }
        let words = list(region, true, || allocate(N));
        self.0
            .set(words.map_or(ptr::null(), |words| words.as_ptr().cast()));
        words.is_some()
    }

    fn reset(&self) {
        self.0.set(ptr::null());
    }
}

/// What a thread has found lately of a metric whose series come and go: series, and its words of
/// them, of which there are `N` each.
///
/// The series are in a table of the thread's own, by their hashes, which saves most of the way
/// through the index. A thread that touches more than [`MOST_RECENT`] series of the metric gives
/// its table up: what is far away anyway costs no less for being noted down.
#[derive(Debug)]
#[doc(hidden)]
pub struct SeriesCache<T: Copy + 'static, const N: usize> {
    /// Where the one stands that was found last.
    last: Cell<Option<&'static SlotOf<T, N>>>,
    /// Empty, or a power of two of them, most of them unused; from a box.
    slots: Cell<&'static [SlotOf<T, N>]>,
    used: Cell<usize>,
    gave_up: Cell<bool>,
    /// Whether the thread's end will make it forget.
    registered: Cell<bool>,
}

/// A place for a series that was found.
type SlotOf<T, const N: usize> = Cell<Option<Seen<T, N>>>;

/// A series that was found, and the words that this thread has of it until it ends.
#[derive(Clone, Copy, Debug)]
struct Seen<T, const N: usize> {
    series: T,
    words: NonNull<[AtomicU64; N]>,
}

/// Series of one metric that a thread finds in a table of its own, of 16 KiB then.
const MOST_RECENT: usize = 128;
/// The table begins with so many places.
const FIRST_RECENT: usize = 32;

impl<T: Copy, const N: usize> ConstInit for SeriesCache<T, N> {
    const INIT: Self = SeriesCache {
        last: Cell::new(None),
        slots: Cell::new(&[]),
        used: Cell::new(0),
        gave_up: Cell::new(false),
        registered: Cell::new(false),
    };
}

impl<T: Copy + 'static, const N: usize> sealed::Local for SeriesCache<T, N> {
    fn words(&self) -> Option<&[AtomicU64]> {
        None
    }

    fn first_touch(&self, _: &Region) -> bool {
        false
    }

    fn reset(&self) {
        self.registered.set(false);
        self.empty();
    }
}

impl<T: Copy + 'static, const N: usize> SeriesCache<T, N> {
    /// Shows the series that was found last; if it is the one, with this thread's words of it.
    #[inline(always)]
    pub(crate) fn last<R>(
        &self,
        is_it: impl FnOnce(&T) -> Option<R>,
    ) -> Option<(R, CachedCells<N>)> {
        let seen = self.last.get()?.get()?;
        Some((is_it(&seen.series)?, seen.found()))
    }

    /// Shows series that may have this hash, until one is what is looked for.
    #[inline(always)]
    pub(crate) fn find<R>(
        &self,
        hash: u64,
        is_it: impl Fn(&T) -> Option<R>,
    ) -> Option<(R, CachedCells<N>)> {
        let slots = self.slots.get();
        let mut at = hash as usize;
        // Ends at an unused place.
        loop {
            let slot = slots.get(at & slots.len().wrapping_sub(1))?;
            let seen = slot.get()?;
            if let Some(found) = is_it(&seen.series) {
                self.last.set(Some(slot));
                return Some((found, seen.found()));
            }
            at = at.wrapping_add(1);
        }
    }

    /// A place for a series of this hash; `is_gone` tells of which ones nobody asks any more.
    fn place(&self, hash: u64, is_gone: impl Fn(&T) -> bool) -> Option<&'static SlotOf<T, N>> {
        if !self.has_room() {
            self.make_room(&is_gone)?;
        }
        let slots = self.slots.get();
        let mut at = hash as usize;
        loop {
            let slot = &slots[at & (slots.len() - 1)];
            match slot.get() {
                Some(seen) if !is_gone(&seen.series) => at = at.wrapping_add(1),
                Some(_) => return Some(slot),
                None => {
                    self.used.set(self.used.get() + 1);
                    return Some(slot);
                }
            }
        }
    }

    fn has_room(&self) -> bool {
        4 * self.used.get() < self.slots.get().len()
    }

    /// Makes a larger table; `None` when there is to be none, or cannot be now.
    fn make_room(&self, is_gone: impl Fn(&T) -> bool) -> Option<()> {
        let gone = |slot: &&SlotOf<T, N>| slot.get().is_some_and(|seen| is_gone(&seen.series));
        let slots = self.slots.get();
        let size = if slots.iter().filter(gone).count() > slots.len() / 8 {
            slots.len()
        } else {
            (2 * slots.len()).max(FIRST_RECENT)
        };
        if size > 4 * MOST_RECENT {
            self.gave_up.set(true);
            without_reentry(|| self.empty());
            return None;
        }
        without_reentry(|| {
            let slots: Box<[SlotOf<T, N>]> = (0..size).map(|_| Cell::new(None)).collect();
            // What was in the old one will be found again.
            self.empty();
            self.slots.set(Box::leak(slots));
        })
    }

    fn empty(&self) {
        self.last.set(None);
        self.used.set(0);
        let slots = ptr::from_ref(self.slots.replace(&[]));
        // SAFETY: from a box, in `make_room`, or empty, as an empty box may be from anywhere. Of
        // references to it, `last` was the only one that was kept.
        drop(unsafe { Box::from_raw(slots.cast_mut()) });
    }
}

impl<T, const N: usize> Seen<T, N> {
    #[inline(always)]
    fn found(&self) -> CachedCells<N> {
        // The thread has not ended, or this would have been forgotten.
        CachedCells {
            words: self.words,
            epoch: current().epoch.get(),
        }
    }
}

/// Notes a series that was found, and this thread's words of it if they are
/// [`ready`](Regions::ready): they are there at once the next time.
///
/// `key` leads to `recent`.
#[inline(always)]
pub(crate) fn cache_series<T: Copy + 'static, const N: usize>(
    key: &'static LocalKey<impl LocalStorage>,
    recent: &SeriesCache<T, N>,
    hash: u64,
    series: T,
    found: Option<CachedCells<N>>,
    is_gone: impl Fn(&T) -> bool,
) {
    if let Some(found) = found
        && !recent.gave_up.get()
    {
        note(key, recent, hash, series, found, is_gone);
    }
}

#[cold]
#[inline(never)]
fn note<T: Copy + 'static, const N: usize>(
    key: &'static LocalKey<impl LocalStorage>,
    recent: &SeriesCache<T, N>,
    hash: u64,
    series: T,
    found: CachedCells<N>,
    is_gone: impl Fn(&T) -> bool,
) {
    if !recent.registered.get() {
        recent.registered.set(will_reset(key));
    }
    if recent.registered.get()
        && let Some(slot) = recent.place(hash, is_gone)
    {
        slot.set(Some(Seen {
            series,
            words: found.words,
        }));
        recent.last.set(Some(slot));
    }
}

/// Makes the thread's end call `reset`; false when it has already ended.
fn will_reset<L: sealed::Local>(key: &'static LocalKey<L>) -> bool {
    if current().ended.get() {
        return false;
    }
    let register = || {
        let register = |guard: &Guard| guard.resets.borrow_mut().push(key);
        GUARD.try_with(register).is_ok()
    };
    without_reentry(register).unwrap_or(false)
}

/// What a metric keeps in this thread's static storage.
///
/// The closure is as small as can be: `LocalKey::with` would not be inlined around a larger one,
/// and reaching the storage would be a call.
#[inline(always)]
pub(crate) fn local_storage<L: LocalStorage>(key: &'static LocalKey<L>) -> &'static L {
    let local = in_register(key.with(ptr::from_ref));
    // SAFETY: it is the address of a reference, which an address in a register does not tell.
    unsafe { std::hint::assert_unchecked(!local.is_null()) };
    // SAFETY: static storage without destructor stays as it is until the thread has run the
    // destructors of all others. As `L` is not `Sync`, the reference does not leave the thread.
    unsafe { &*local }
}

/// Runs a recording on this thread's words of a metric that has them in static storage.
///
/// `touched` is called when the thread records for the first time.
#[inline(always)]
pub(crate) fn record_local<L: LocalStorage>(
    key: &'static LocalKey<L>,
    region: &'static Region,
    touched: impl FnOnce(),
    op: impl FnOnce(&[AtomicU64]),
) {
    match sealed::Local::words(local_storage(key)) {
        Some(words) => op(words),
        None => record_cold(key, region, touched, op),
    }
}

/// Runs a recording on this thread's words of a metric, if they are there: a long one, which as
/// part of [`record`] would be a function of its own, called for all it needs to know.
#[inline(always)]
pub(crate) fn try_record_local<L: LocalStorage, R>(
    key: &'static LocalKey<L>,
    op: impl FnOnce(&[AtomicU64]) -> R,
) -> Option<R> {
    sealed::Local::words(local_storage(key)).map(op)
}

/// The first recording of a thread, and those after its end.
#[cold]
#[inline(never)]
fn record_cold<L: LocalStorage>(
    key: &'static LocalKey<L>,
    region: &'static Region,
    touched: impl FnOnce(),
    op: impl FnOnce(&[AtomicU64]),
) {
    touched();
    attach(key, region);
    match sealed::Local::words(local_storage(key)) {
        Some(words) => op(words),
        None => region.late(op),
    }
}

/// Lists this thread's static words, where they are not.
pub(crate) fn attach<L: LocalStorage>(key: &'static LocalKey<L>, region: &'static Region) {
    let local = local_storage(key);
    if sealed::Local::words(local).is_none() && will_reset(key) {
        sealed::Local::first_touch(local, region);
    }
}

/// Answers a scrape that has asked for a copy of this block of this thread's.
#[cold]
#[inline(never)]
pub(crate) fn answer_copy_request(block: &[AtomicU64]) {
    // A thread that is ending is not asked, and one that was asked has a buffer.
    let _ = GUARD.try_with(|guard| {
        if let Some(handover) = guard.handover.get().and_then(|handover| handover.get())
            && handover.size() >= block.len()
        {
            handover.answer(block);
        }
    });
}
