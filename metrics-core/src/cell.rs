//! Per-thread storage: where recordings land and how a scrape adds them up. The only file with
//! unsafe code.
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
    ptr::{self, NonNull},
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicPtr, AtomicU32, AtomicU64, Ordering},
    },
    thread::LocalKey,
};

use crate::{
    block::{self, Handover},
    layout::{EachThread, Layout, Sum},
};

/// The storage of some series of one metric, in all threads.
#[derive(Debug)]
#[doc(hidden)]
pub struct Region {
    layout: Layout,
    /// Series in this region.
    series: usize,
    /// Groups of words in one series, such as one for each outcome of a call.
    inner: usize,
    /// Whether each series begins with a word that names the generation of its labels.
    generational: bool,
    /// Words of a series in each thread, and of all.
    stride: usize,
    len: usize,
    /// Whether a sum of floats may go down: of observations that may be negative.
    falls: bool,
    /// The highest sums of floats that were read. Floats add up differently in another order,
    /// and the end of a thread changes the order.
    highest: OnceLock<Box<[AtomicU64]>>,
    /// 1 + the index in every directory; 0 before the first touch.
    id: AtomicU32,
    /// What ended threads and late recordings have left.
    shared: OnceLock<Arc<[AtomicU64]>>,
}

impl Region {
    /// A region whose series are known from the start.
    pub(crate) const fn dense(layout: Layout, series: usize, inner: usize) -> Self {
        Region::new(layout, series, inner, false)
    }

    /// A region whose series come and go.
    pub(crate) const fn generational(layout: Layout, series: usize, inner: usize) -> Self {
        Region::new(layout, series, inner, true)
    }

    const fn new(layout: Layout, series: usize, inner: usize, generational: bool) -> Self {
        let stride = generational as usize + layout.words() * inner;
        Region {
            layout,
            series,
            inner,
            generational,
            stride,
            len: stride * series,
            falls: false,
            highest: OnceLock::new(),
            id: AtomicU32::new(0),
            shared: OnceLock::new(),
        }
    }

    /// The same where a sum may go down.
    #[must_use]
    pub(crate) const fn falling(mut self, falls: bool) -> Self {
        self.falls = falls;
        self
    }

    const fn len(&self) -> usize {
        self.len
    }

    /// Words of a series as [`read`](Self::read) reports it.
    pub(crate) const fn read_words(&self) -> usize {
        self.layout.read_words() * self.inner
    }

    #[inline]
    fn shared(&self) -> &[AtomicU64] {
        self.shared
            .get_or_init(|| (0..self.len()).map(|_| AtomicU64::new(0)).collect())
    }

    /// The words of one series that all threads share, its generation left out.
    #[inline]
    pub(crate) fn shared_words(&self, series: usize) -> &[AtomicU64] {
        let stride = self.stride;
        &self.shared()[series * stride..][usize::from(self.generational)..stride]
    }

    /// Which of the series that have stood in this place stands there now.
    pub(crate) fn generation(&self, series: usize) -> u64 {
        self.shared()[series * self.stride].load(Ordering::Relaxed)
    }

    /// Begins a new generation of a series, at zero.
    pub(crate) fn renew(&self, series: usize, generation: u64) {
        debug_assert!(self.generational);
        let _state = STATE.lock();
        let stride = self.stride;
        let words = &self.shared()[series * stride..][..stride];
        for word in &words[1..] {
            word.store(0, Ordering::Relaxed);
        }
        words[0].store(generation, Ordering::Relaxed);
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
            } if !self.falls => Some(block::SUM_OUT),
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
        let groups = values.chunks_exact_mut(self.layout.read_words());
        for (group, mark) in groups.zip(marks) {
            // The bits of floats that are not negative compare as the floats do.
            group[at] = group[at].max(mark.load(Ordering::Relaxed));
            mark.store(group[at], Ordering::Relaxed);
        }
    }

    /// Reads some series, added up over all threads, under one hold of the lock.
    ///
    /// `each` gets the series and its values: see [`Layout`]; a histogram is its count, sum
    /// and buckets.
    pub(crate) fn read(
        &self,
        series: impl IntoIterator<Item = usize>,
        mut each: impl FnMut(usize, &[u64]),
    ) {
        let width = self.read_words();
        let series: Vec<usize> = series.into_iter().collect();
        let mut values = vec![0; width * series.len()];
        let mut scratch = vec![0; self.layout.read_words()];
        let rises = self.rises().map(|at| (at, self.highest()));
        {
            let mut state = STATE.lock();
            let id = self.id.load(Ordering::Relaxed);
            for (at, series) in series.iter().enumerate() {
                let out = &mut values[at * width..][..width];
                state.add_up(self, id, *series, out, &mut scratch);
                if let Some((at, highest)) = rises {
                    let marks = &highest[series * self.inner..][..self.inner];
                    self.keep_rising(at, marks, out);
                }
            }
        }
        // The lock is free again: `each` may allocate, and an allocator may record.
        for (at, series) in series.iter().enumerate() {
            each(*series, &values[at * width..][..width]);
        }
    }

    fn id(&self, state: &mut State, heap: bool) -> u32 {
        if self.id.load(Ordering::Relaxed) == 0 {
            let entry = Some(Listed {
                heap_words: heap.then_some(self.len()),
                layout: self.layout,
                stride: self.stride,
                generational: self.generational,
                shared: {
                    self.shared();
                    // `shared` has just been made.
                    Arc::clone(self.shared.get().expect("made above"))
                },
            });
            let index = if let Some(free) = state.free.pop() {
                state.regions[free as usize] = entry;
                free
            } else {
                state.regions.push(entry);
                state.regions.len() as u32 - 1
            };
            self.id.store(index + 1, Ordering::Release);
        }
        self.id.load(Ordering::Relaxed)
    }

    /// Runs a recording on the shared words, when this thread's own are gone.
    #[cold]
    fn late(&self, op: impl FnOnce(&[AtomicU64])) {
        let _state = STATE.lock();
        op(self.shared());
    }

    /// Runs a recording on some of this thread's words, found through the directory.
    ///
    /// `touched` is called when the thread records for the first time.
    #[inline(always)]
    pub(crate) fn record(
        &self,
        start: usize,
        width: usize,
        touched: impl FnOnce(),
        op: impl FnOnce(&[AtomicU64]),
    ) {
        match self.directory_words() {
            Some(words) => {
                if let Some(words) = words.get(start..start + width) {
                    op(words);
                }
            }
            None => self.record_cold(start, width, touched, op),
        }
    }

    /// The first recording of a thread, and those after its end.
    #[cold]
    #[inline(never)]
    fn record_cold(
        &self,
        start: usize,
        width: usize,
        touched: impl FnOnce(),
        op: impl FnOnce(&[AtomicU64]),
    ) {
        touched();
        match self.first_touch(None) {
            Some(words) => op(&words[start..][..width]),
            None => self.late(|shared| op(&shared[start..][..width])),
        }
    }

    /// Runs a recording on this thread's words of one series, found through the directory.
    ///
    /// `touch` lists the words of a region that has them in static storage.
    #[inline]
    pub(crate) fn with_series(
        &self,
        series: usize,
        generation: u64,
        touch: Option<fn()>,
        op: impl FnOnce(&[AtomicU64]),
    ) {
        let stride = self.stride;
        let start = series * stride;
        let first_touch = || self.first_touch(touch);
        let Some(words) = self.directory_words().or_else(first_touch) else {
            return self.late(|shared| {
                let words = &shared[start..start + stride];
                // A recording into a removed series is as good as one made before its removal.
                if !self.generational || words[0].load(Ordering::Relaxed) == generation {
                    op(&words[usize::from(self.generational)..]);
                }
            });
        };
        let words = &words[start..start + stride];
        if !self.generational {
            return op(words);
        }
        if words[0].load(Ordering::Relaxed) != generation {
            if words[0].load(Ordering::Relaxed) > generation {
                return;
            }
            renew_words(words, generation);
        }
        op(&words[1..]);
    }

    #[inline(always)]
    fn directory_words(&self) -> Option<&[AtomicU64]> {
        // Acquire: the number may have belonged to a dropped region, whose words are gone from the
        // directory since before it was given again.
        let index = self.id.load(Ordering::Acquire).wrapping_sub(1);
        let words = CURRENT.with(|current| {
            let slot = current.slots().get(index as usize)?;
            NonNull::new(slot.load(Ordering::Relaxed))
        })?;
        // SAFETY: this thread put `len()` words in the slot of this region's index, in
        // `first_touch`. They are freed by this thread's end, which also empties the
        // directory, or by the drop of the region, which is borrowed here.
        Some(unsafe { std::slice::from_raw_parts(words.as_ptr(), self.len()) })
    }

    /// Gives this thread words; `None` when it has already ended.
    #[cold]
    #[inline(never)]
    fn first_touch(&self, touch: Option<fn()>) -> Option<&[AtomicU64]> {
        if let Some(touch) = touch {
            touch();
            return self.directory_words();
        }
        list(self, true, || allocate(self.len()))?;
        self.directory_words()
    }
}

/// Zeroes the words of a series and puts them under a new generation; a scrape that reads them
/// meanwhile sees no generation.
#[cold]
fn renew_words(words: &[AtomicU64], generation: u64) {
    words[0].store(0, Ordering::Relaxed);
    for word in &words[1..] {
        // Release: whoever sees the zero sees the missing generation.
        word.store(0, Ordering::Release);
    }
    words[0].store(generation, Ordering::Release);
}

impl Drop for Region {
    fn drop(&mut self) {
        let id = *self.id.get_mut();
        if id == 0 {
            return;
        }
        let mut state = STATE.lock();
        let index = id as usize - 1;
        let heap_words = state.regions[index]
            .take()
            .and_then(|listed| listed.heap_words);
        for thread in &state.threads {
            let slots = thread.slots();
            if let Some(slot) = slots.get(index) {
                let words = slot.swap(ptr::null_mut(), Ordering::Relaxed);
                if let (Some(len), false) = (heap_words, words.is_null()) {
                    // SAFETY: the words were made by `allocate` with this length for this
                    // region; their thread reaches them through a borrow of the region only,
                    // and scrapes under the lock that is held.
                    unsafe { free(words, len) };
                }
            }
        }
        state.free.push(index as u32);
    }
}

/// A cache line or two: words of different threads never share one.
#[repr(align(128))]
struct Line(#[expect(dead_code, reason = "reached through a pointer")] [AtomicU64; 16]);

/// Zeroed words on lines of their own.
fn allocate(len: usize) -> NonNull<AtomicU64> {
    let lines: Box<[Line]> = (0..len.div_ceil(16))
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
unsafe fn free(words: *mut AtomicU64, len: usize) {
    let lines = ptr::slice_from_raw_parts_mut(words.cast::<Line>(), len.div_ceil(16));
    // SAFETY: by the caller, this is the box that `allocate` turned into a pointer.
    drop(unsafe { Box::from_raw(lines) });
}

/// One word of a directory: this thread's words of one region, or null.
type Slot = AtomicPtr<AtomicU64>;

/// What a thread reaches without a check for initialisation: neither lazy nor dropped.
struct Current {
    /// Empty before the first touch and after the end.
    directory: Cell<*const [Slot]>,
    ended: Cell<bool>,
}

impl Current {
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
        }
    };

    static GUARD: Guard = const {
        Guard {
            handover: OnceCell::new(),
            resets: RefCell::new(Vec::new()),
        }
    };
}

/// What a thread touches on cold paths only; its drop is the thread's end.
struct Guard {
    /// The same that the thread's entry in [`STATE`] holds.
    handover: OnceCell<Arc<OnceLock<Handover<AtomicU64>>>>,
    /// Makes the thread's static cells forget that they are listed.
    resets: RefCell<Vec<fn()>>,
}

impl Drop for Guard {
    fn drop(&mut self) {
        for reset in self.resets.take() {
            reset();
        }
        CURRENT.with(|current| {
            current.ended.set(true);
            let directory = current.directory.replace(&[]);
            STATE.lock().end(directory);
        });
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
        // holds the lock through which `self` was reached.
        unsafe { std::slice::from_raw_parts(self.directory.load(Ordering::Relaxed), self.len) }
    }
}

/// A region as threads' ends see it.
struct Listed {
    layout: Layout,
    stride: usize,
    generational: bool,
    /// The length of the words, where they are on the heap.
    heap_words: Option<usize>,
    shared: Arc<[AtomicU64]>,
}

impl Listed {
    /// Adds a thread's words to the shared ones.
    fn fold(&self, words: &[AtomicU64]) {
        let head = usize::from(self.generational);
        let width = self.layout.words().max(1);
        let series = words.chunks_exact(self.stride.max(1));
        for (from, into) in series.zip(self.shared.chunks_exact(self.stride.max(1))) {
            if self.generational
                && from[0].load(Ordering::Relaxed) != into[0].load(Ordering::Relaxed)
            {
                continue;
            }
            let from = from[head..].chunks_exact(width);
            for (from, into) in from.zip(into[head..].chunks_exact(width)) {
                self.layout.fold(from, into);
            }
        }
    }
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
    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing that runs under the lock panics halfway through a change.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Adds up one series over the threads that run and what ended ones have left.
    fn add_up(
        &mut self,
        region: &Region,
        id: u32,
        series: usize,
        out: &mut [u64],
        scratch: &mut [u64],
    ) {
        let stride = region.stride;
        let head = usize::from(region.generational);
        let layout = region.layout;
        let shared = &region.shared()[series * stride..][..stride];
        let generation = shared
            .first()
            .map_or(0, |word| word.load(Ordering::Relaxed));
        // Asked before and after the values are read: the pair of `renew_words`, which takes the
        // generation away before it touches a value.
        let is_current = |words: &[AtomicU64]| {
            !region.generational || words[0].load(Ordering::Acquire) == generation
        };
        let each_thread = |add: EachThread<'_>| {
            if id == 0 {
                return;
            }
            for thread in &self.threads {
                let Some(slot) = thread.slots().get(id as usize - 1) else {
                    continue;
                };
                // Acquire: the words were written before they were listed.
                let Some(words) = NonNull::new(slot.load(Ordering::Acquire)) else {
                    continue;
                };
                // SAFETY: the thread has listed `len()` words of this region, and takes the
                // lock that is held here before it frees them or ends.
                let words = unsafe { std::slice::from_raw_parts(words.as_ptr(), region.len()) };
                let words = &words[series * stride..][..stride];
                if is_current(words) {
                    add(&words[head..], &|| is_current(words), &thread.handover);
                }
            }
        };
        let ticket = &mut self.ticket;
        layout.add_up(&shared[head..], out, scratch, each_thread, ticket);
    }

    /// Takes leave of the thread with this directory.
    fn end(&mut self, directory: *const [Slot]) {
        let Some(at) = self.threads.iter().position(|thread| thread.has(directory)) else {
            return;
        };
        let thread = self.threads.swap_remove(at);
        for (slot, listed) in thread.slots().iter().zip(&self.regions) {
            let (words, Some(listed)) = (slot.load(Ordering::Relaxed), listed) else {
                continue;
            };
            if words.is_null() {
                continue;
            }
            // SAFETY: this thread has listed words of this region's length, in its static
            // storage or from `allocate`, and it is the thread that runs this.
            listed.fold(unsafe { std::slice::from_raw_parts(words, listed.shared.len()) });
            if let Some(len) = listed.heap_words {
                // SAFETY: from `allocate(len)`; the directory, their last mention, goes away.
                unsafe { free(words, len) };
            }
        }
        // SAFETY: the directory came from such a box in `grow`; neither the thread nor the
        // list mentions it any more.
        drop(unsafe { Box::from_raw(directory.cast_mut()) });
    }

    /// Makes room in this thread's directory, and takes in the thread where it is new.
    fn grow(&mut self, current: &Current, handover: &Arc<OnceLock<Handover<AtomicU64>>>) {
        let old = current.directory.get();
        let len = self.regions.len().next_power_of_two().max(64);
        let slots: Box<[Slot]> = (0..len).map(|_| Slot::default()).collect();
        let thread = self.threads.iter_mut().find(|thread| thread.has(old));
        if let Some(thread) = &thread {
            for (new, old) in slots.iter().zip(thread.slots()) {
                new.store(old.load(Ordering::Relaxed), Ordering::Relaxed);
            }
        }
        let slots = Box::into_raw(slots);
        current.directory.set(slots);
        if let Some(thread) = thread {
            thread.directory.store(slots.cast(), Ordering::Relaxed);
            thread.len = len;
            // SAFETY: the old directory came from such a box in an earlier `grow`; it has just
            // been replaced in both places that mention it, and scrapes wait for the lock.
            drop(unsafe { Box::from_raw(old.cast_mut()) });
        } else {
            self.threads.push(Thread {
                directory: AtomicPtr::new(slots.cast()),
                len,
                handover: Arc::clone(handover),
            });
        }
    }
}

/// Puts words into this thread's slot for a region; `None` when the thread has already ended.
fn list(
    region: &Region,
    heap: bool,
    words: impl FnOnce() -> NonNull<AtomicU64>,
) -> Option<NonNull<AtomicU64>> {
    CURRENT.with(|current| {
        if current.ended.get() {
            return None;
        }
        // Reaching the guard registers its destructor, which is the thread's end.
        let handover = GUARD
            .try_with(|guard| Arc::clone(guard.handover.get_or_init(Arc::default)))
            .ok()?;
        // Both are only ever changed by this thread or under the lock.
        let known = region.id.load(Ordering::Acquire);
        let room = |id: u32| id as usize <= current.slots().len();
        let index = if known == 0 || !room(known) {
            let mut state = STATE.lock();
            let id = region.id(&mut state, heap);
            if !room(id) {
                state.grow(current, &handover);
            }
            id - 1
        } else {
            known - 1
        };
        let slot = current.slots().get(index as usize)?;
        let words = words();
        // Release: a scrape that sees the words sees what stands in them.
        slot.store(words.as_ptr(), Ordering::Release);
        Some(words)
    })
}

/// This thread's words of one declared metric, in its static storage or behind a pointer there.
#[doc(hidden)]
pub trait Local: sealed::Local {}

impl<L: sealed::Local> Local for L {}

/// Out of reach of other crates: `first_touch` is sound for values in static storage only, and
/// [`record`] calls it for such alone.
mod sealed {
    use super::{AtomicU64, Region};

    pub trait Local: Sized + 'static {
        /// The words, once they are listed.
        fn words(&self) -> Option<&[AtomicU64]>;
        /// Lists them in the thread's directory; false when the thread has already ended.
        fn first_touch(&self, region: &Region) -> bool;
        /// Forgets that they are listed.
        fn reset(&self);
    }
}

/// `N` words in the thread's static storage.
#[derive(Debug)]
#[doc(hidden)]
pub struct LocalCells<const N: usize> {
    listed: Cell<bool>,
    words: [AtomicU64; N],
}

impl<const N: usize> LocalCells<N> {
    const fn new() -> Self {
        LocalCells {
            listed: Cell::new(false),
            words: [const { AtomicU64::new(0) }; N],
        }
    }
}

impl<const N: usize> sealed::Local for LocalCells<N> {
    #[inline(always)]
    fn words(&self) -> Option<&[AtomicU64]> {
        self.listed.get().then_some(&self.words[..])
    }

    fn first_touch(&self, region: &Region) -> bool {
        let words = || NonNull::from(&self.words).cast();
        let listed = region.len() == N && list(region, false, words).is_some();
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

impl<const N: usize> LocalBlock<N> {
    const fn new() -> Self {
        LocalBlock(Cell::new(ptr::null()))
    }
}

impl<const N: usize> sealed::Local for LocalBlock<N> {
    #[inline(always)]
    fn words(&self) -> Option<&[AtomicU64]> {
        // SAFETY: not null means that `first_touch` put `N` words of this thread's there; they
        // are freed by the thread's end alone, which calls `reset` first.
        unsafe { self.0.get().as_ref() }.map(|words| &words[..])
    }

    fn first_touch(&self, region: &Region) -> bool {
        if region.len() != N {
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

/// How a metric begins in each thread.
#[doc(hidden)]
pub trait Fresh: Sized {
    const FRESH: Self;
}

impl<const N: usize> Fresh for LocalCells<N> {
    const FRESH: Self = LocalCells::new();
}

impl<const N: usize> Fresh for LocalBlock<N> {
    const FRESH: Self = LocalBlock::new();
}

/// Whether a metric's words fit into static storage.
#[derive(Debug)]
#[doc(hidden)]
pub struct Fits<const FITS: bool>;

/// Chooses where a metric has its words: the answer to [`Fits`] as a type.
#[doc(hidden)]
pub trait Choice<const N: usize> {
    type Local: Local + Fresh;
}

impl<const N: usize> Choice<N> for Fits<true> {
    type Local = LocalCells<N>;
}

impl<const N: usize> Choice<N> for Fits<false> {
    type Local = LocalBlock<N>;
}

/// A metric with words in each thread's static storage.
pub(crate) trait Keyed: 'static {
    type Local: Local;

    fn key() -> &'static LocalKey<Self::Local>;
    fn region() -> &'static Region;
    /// Called when a thread records for the first time.
    fn touched();
}

/// Runs a recording on this thread's words of a declared metric.
#[inline(always)]
pub(crate) fn record<K: Keyed>(op: impl FnOnce(&[AtomicU64])) {
    K::key().with(|local| match sealed::Local::words(local) {
        Some(words) => op(words),
        None => record_cold::<K>(local, op),
    });
}

/// The first recording of a thread, and those after its end.
#[cold]
#[inline(never)]
fn record_cold<K: Keyed>(local: &K::Local, op: impl FnOnce(&[AtomicU64])) {
    touch::<K>(local);
    match sealed::Local::words(local) {
        Some(words) => op(words),
        None => K::region().late(op),
    }
}

/// Lists this thread's words of a declared metric, for recordings that come through a handle.
pub(crate) fn touch_static<K: Keyed>() {
    K::key().with(|local| {
        if sealed::Local::words(local).is_none() {
            touch::<K>(local);
        }
    });
}

fn touch<K: Keyed>(local: &K::Local) {
    K::touched();
    if sealed::Local::first_touch(local, K::region()) {
        let reset = || K::key().with(sealed::Local::reset);
        GUARD.with(|guard| guard.resets.borrow_mut().push(reset));
    }
}

/// Answers a scrape that has asked for a copy of this block of this thread's.
#[cold]
#[inline(never)]
pub(crate) fn hand_over(block: &[AtomicU64]) {
    // A thread that is ending is not asked, and one that was asked has a buffer.
    let _ = GUARD.try_with(|guard| {
        if let Some(handover) = guard.handover.get().and_then(|handover| handover.get())
            && handover.size() + block::HEADER >= block.len() + block::BUCKETS_OUT
        {
            handover.answer(block);
        }
    });
}
