//! [`Region`]: the storage of one metric, or of some of its series, in all threads.
//!
//! A `Region` holds its [`Layout`] (the meaning of its cells, 64-bit words), the cells that all
//! threads share, and the generations of its series, numbers that tell apart the series which use
//! the same cells one after the other. Each thread has a directory, a table with the addresses of
//! its own cells.

use std::sync::{Arc, OnceLock, atomic::Ordering};

use crate::storage::sync::{AtomicBool, AtomicU32, AtomicU64};
use crate::storage::{
    cells::{SharedCells, zeros},
    histogram_block::{self, Sum},
    layout::Layout,
    stripes::{Stripe, Stripes, stripes_of},
};

/// The storage of some series of one metric, in all threads.
///
/// The order of the fields is chosen for scrapes of counters with one series each: the fields that
/// such a scrape reads, `shared`, `id` and `layout`, are close together, so that few cache lines
/// are loaded.
#[derive(Debug)]
#[doc(hidden)]
#[repr(C)]
pub struct Region {
    pub(super) shared: SharedCells,
    /// 1 + the region's index in the threads' directories; 0 until the region is registered. A
    /// region from [`Region::closed`] or [`Region::single`] is registered when the first thread
    /// attaches its cells.
    pub(super) id: AtomicU32,
    /// Whether a histogram's sum may decrease, because its observations may be negative.
    can_decrease: bool,
    /// Whether the threads' cells are [`CellBlock`](super::cells::CellBlock)s on the heap, not
    /// static thread-local storage; written before `id`.
    pub(super) has_heap_cells: AtomicBool,
    pub(super) layout: Layout,
    /// How threads share the cells, if they are on the heap; set before `id`.
    pub(super) stripes: OnceLock<Arc<Stripes>>,
    /// The number of series; for a region from [`Region::open`], the number of places for series.
    pub(super) series: usize,
    /// The number of groups of cells in one series: one for each outcome row (a combination of
    /// outcome and result labels) of an instrumented function, else 1.
    pub(super) groups: usize,
    /// The number of cells of one series.
    pub(super) width: usize,
    /// The number of cells of all series.
    pub(super) len: usize,
    /// The highest float sums that scrapes have read, one per group of each series.
    ///
    /// The result of adding floats depends on the order, and the end of a thread changes the
    /// order. Scrapes report at least the highest sum, so that a reported sum never decreases.
    highest_sums: OnceLock<Box<[AtomicU64]>>,
    /// The generation of the newest series that claimed a used place, that is, a place which
    /// another series had before.
    pub(super) newest_generation: AtomicU64,
    /// For each place, the generation of the series that claimed the place last; `None` unless the
    /// region comes from [`Region::open`].
    pub(super) generations: Option<Arc<[AtomicU64]>>,
}

impl Region {
    /// A region for labels whose values are known at compile time: all series exist from the start.
    ///
    /// `shared` has [`Layout::cells`] cells for each group of each series.
    pub(crate) const fn closed(
        layout: Layout,
        series: usize,
        groups: usize,
        shared: &'static [AtomicU64],
    ) -> Self {
        assert!(shared.len() == layout.cells() * groups * series);
        Region::new(layout, series, groups, None, SharedCells::Static(shared))
    }

    /// A region for a dynamic metric without labels, which has one series.
    pub(crate) fn single(layout: Layout) -> Self {
        Region::new(layout, 1, 1, None, SharedCells::Lazy(Arc::default()))
    }

    /// A region for open labels (values not known at compile time): it has places for `series`
    /// series, which claim a place when they are created and free it when they are removed.
    pub(crate) fn open(layout: Layout, series: usize, groups: usize) -> Self {
        let generations = Some(zeros(series).collect());
        let shared = SharedCells::Lazy(Arc::default());
        Region::new(layout, series, groups, generations, shared)
    }

    const fn new(
        layout: Layout,
        series: usize,
        groups: usize,
        generations: Option<Arc<[AtomicU64]>>,
        shared: SharedCells,
    ) -> Self {
        Region {
            layout,
            series,
            groups,
            generations,
            width: layout.cells() * groups,
            len: layout.cells() * groups * series,
            can_decrease: false,
            has_heap_cells: AtomicBool::new(false),
            stripes: OnceLock::new(),
            highest_sums: OnceLock::new(),
            id: AtomicU32::new(0),
            newest_generation: AtomicU64::new(0),
            shared,
        }
    }

    /// Sets whether a histogram's sum may decrease, because its observations may be negative.
    #[must_use]
    pub(crate) const fn can_decrease(mut self, can_decrease: bool) -> Self {
        self.can_decrease = can_decrease;
        self
    }

    /// The number of values of one series that [`read`](Self::read) reports.
    pub(crate) const fn value_count(&self) -> usize {
        self.layout.value_count() * self.groups
    }

    /// The shared cells of all series; allocates them if they do not exist yet.
    #[inline]
    pub(crate) fn shared(&self) -> &[AtomicU64] {
        self.shared.get_or_allocate(self.len, self.layout)
    }

    /// The shared cells of one series; allocates those of the region if they do not exist yet.
    #[inline]
    pub(crate) fn shared_cells(&self, series: usize) -> &[AtomicU64] {
        &self.shared()[series * self.width..][..self.width]
    }

    /// The generations by place; empty unless the region comes from [`Region::open`].
    pub(super) fn generations(&self) -> &[AtomicU64] {
        self.generations.as_deref().unwrap_or(&[])
    }

    /// The generation of the last series that claimed the place with the index `series`. Panics
    /// unless the region comes from [`Region::open`].
    pub(crate) fn generation(&self, series: usize) -> u64 {
        self.generations()[series].load(Ordering::Relaxed)
    }

    /// The generation of the last series that claimed the place with the index `series`; 0 unless
    /// the region comes from [`Region::open`].
    pub(super) fn generation_or_zero(&self, series: usize) -> u64 {
        let generation = self.generations().get(series);
        generation.map_or(0, |generation| generation.load(Ordering::Relaxed))
    }

    /// Stores the generation of the first series in `place`. No thread has used the cells of
    /// `place` yet.
    pub(crate) fn claim_first(&self, place: usize, generation: u64) {
        self.generations()[place].store(generation, Ordering::Relaxed);
    }

    /// Position, among a group's values, of a float sum that must not decrease, if there is one.
    pub(super) const fn increasing_sum(&self) -> Option<usize> {
        match self.layout {
            Layout::FloatCount => Some(0),
            Layout::Histogram {
                sum: Sum::Float, ..
            } if !self.can_decrease => Some(histogram_block::SUM_OUT),
            _ => None,
        }
    }

    /// Marks those histogram blocks in `cells`, a thread's cells of this region, whose series is
    /// about to be reset: see [`histogram_block::mark`]. Called under the lock.
    pub(super) fn mark(&self, cells: &[AtomicU64]) {
        self.layout.mark(cells, self.shared.get());
    }

    /// The highest sums that scrapes have read, by group; allocates them on the first call.
    pub(super) fn highest_sums(&self) -> &[AtomicU64] {
        self.highest_sums
            .get_or_init(|| zeros(self.series * self.groups).collect())
    }

    /// Sets the highest sums of the series in the place `series` to zero.
    pub(super) fn reset_highest_sums(&self, series: usize) {
        if let Some(highest) = self.highest_sums.get() {
            for sum in &highest[series * self.groups..][..self.groups] {
                sum.store(0, Ordering::Relaxed);
            }
        }
    }

    /// All stripes of this region.
    pub(super) fn stripes(&self) -> impl Iterator<Item = &Stripe> {
        let lists = self.stripes.get().map(|stripes| &stripes.lists);
        lists.into_iter().flatten().flat_map(stripes_of)
    }

    /// Creates the entry that the global state keeps of this region.
    pub(super) fn entry(&self, has_heap_cells: bool) -> RegionEntry {
        RegionEntry {
            layout: self.layout,
            generations: self.generations.clone(),
            width: self.width,
            len: self.len,
            stripes: has_heap_cells.then(|| {
                let stripes = self.stripes.get_or_init(|| Arc::new(Stripes::new()));
                Arc::clone(stripes)
            }),
            shared: self.shared.clone(),
        }
    }
}

/// The global state's entry of a region: the data with which a thread's cells of the region are
/// added to the shared cells and freed.
pub(super) struct RegionEntry {
    pub(super) layout: Layout,
    generations: Option<Arc<[AtomicU64]>>,
    width: usize,
    /// The number of cells of the region in each thread.
    pub(super) len: usize,
    /// How threads share the cells; `None` if these are in static thread-local storage, not in
    /// [`CellBlock`](super::cells::CellBlock)s.
    pub(super) stripes: Option<Arc<Stripes>>,
    pub(super) shared: SharedCells,
}

impl RegionEntry {
    /// Adds an ending thread's cells to the shared cells, which must have been allocated.
    ///
    /// `seen` is the newest generation for which `cells` are valid. Cells in places of newer series
    /// are left out, because they count recordings of removed series.
    pub(super) fn fold(&self, cells: &[AtomicU64], seen: u64, scratch: &mut [u64]) {
        let generations = self.generations.as_deref().unwrap_or(&[]);
        let (group, series) = (self.layout.cells().max(1), self.width.max(1));
        let pairs = cells
            .chunks_exact(series)
            .zip(self.shared.get().chunks_exact(series));
        for (at, (from, into)) in pairs.enumerate() {
            let is_unseen = |generation: &AtomicU64| generation.load(Ordering::Relaxed) > seen;
            if generations.get(at).is_some_and(is_unseen) {
                continue;
            }
            for (from, into) in from.chunks_exact(group).zip(into.chunks_exact(group)) {
                self.layout.fold(from, into, scratch);
            }
        }
    }
}
