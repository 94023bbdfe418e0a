//! Reads metrics for a scrape: sums the storage of all threads, under the lock of the global state.

use std::{ops::Range, sync::atomic::Ordering};

use crate::storage::sync::AtomicU64;
use crate::storage::{
    clock,
    directory::Slot,
    generation,
    global::{GLOBAL, GlobalState, WrittenCells, count_in},
    layout::{HistogramVisitor, Layout, ScalarVisitor},
    quantiles::{page::Page, window},
    region::Region,
    stripes::EXEMPT,
    thread_state::{self, with_flags},
};

/// Buffers for reading regions, reused from one region to the next.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    /// The series that [`select`](Self::select) chose.
    series: Vec<usize>,
    values: Vec<u64>,
    scratch: Vec<u64>,
    ids: Vec<u32>,
    /// Whether the format only measures sizes; afterwards, the same series are read again and
    /// written.
    pub(crate) is_counting_pass: bool,
    /// The number of the exposition that the values are read for; 0 for no exposition.
    pub(crate) exposition: u64,
    /// A reading of [`clock::idle_clock`], if this reader may reset native histograms: see
    /// [`reset`](super::native::reset).
    pub(crate) resets: Option<u64>,
    this_thread_only: bool,
}

impl Reader {
    /// Creates a reader of the calling thread's cells only: see [`Region::read_selected`].
    ///
    /// From now on, the thread has cells of its own even of [crowded](super::stripes) regions, and
    /// keeps them until it ends, so that later readers find all that it has recorded since.
    pub(crate) fn for_this_thread() -> Self {
        with_flags(|flags| flags.list.set(EXEMPT));
        Reader {
            this_thread_only: true,
            ..Reader::default()
        }
    }

    /// Creates a reader for the exposition with this number, which may reset native histograms if
    /// it `has_recipient`.
    pub(crate) fn for_exposition(exposition: u64, has_recipient: bool) -> Self {
        Reader {
            exposition,
            resets: has_recipient.then(clock::idle_clock),
            ..Reader::default()
        }
    }

    pub(crate) fn is_for_this_thread(&self) -> bool {
        self.this_thread_only
    }

    /// Sums regions that have one series each, not a histogram, under one hold of the lock.
    ///
    /// Returns two values for each region, of which one or both may be unused. Float counters are
    /// not allowed, because their sums may not decrease and this function does not read
    /// [`Region::highest_sums`].
    pub(crate) fn read_single_series<'r>(
        &mut self,
        regions: impl Iterator<Item = &'r Region> + Clone,
    ) -> &[[u64; 2]] {
        let count = regions.clone().count();
        self.ids.clear();
        self.ids.reserve(count);
        self.values.clear();
        self.values.resize(2 * count, 0);
        let (values, _) = self.values.as_chunks_mut();
        let state = GLOBAL.lock();
        for (region, values) in regions.clone().zip(values.iter_mut()) {
            if matches!(region.layout, Layout::Count) {
                let stripes = region.stripes().map(|stripe| count_in(stripe.cells()));
                let shared = count_in(region.shared.get());
                values[0] = stripes.fold(shared, u64::saturating_add);
            } else {
                debug_assert!(region.series == 1 && region.layout.is_scalar());
                state.sum_scalars(region, 0, &mut values[..region.width]);
            }
        }
        state.sum_counters(regions, &mut self.ids, values);
        drop(state);
        values
    }

    /// Sums at most `MAX` histograms of one layout, given as ranges of series in their regions;
    /// returns their values one after the other.
    ///
    /// Takes the lock once for all of them, because taking it is slow: on x86-64, it waits until
    /// the processor has completed all earlier stores.
    pub(crate) fn read_histograms<'r, const MAX: usize>(
        &mut self,
        layout: Layout,
        histograms: impl Iterator<Item = (&'r Region, Range<usize>)>,
    ) -> &[u64] {
        // `highest_sums` may allocate, so it is called before the lock is taken.
        let mut selected = [const { None }; MAX];
        for (selected, (region, series)) in selected.iter_mut().zip(histograms) {
            let highest = region
                .increasing_sum()
                .map(|at| (at, region.highest_sums()));
            *selected = Some((region, series, highest));
        }
        let width = layout.value_count();
        self.scratch.resize(width, 0);
        self.values.clear();
        self.values.resize(width * MAX, 0);
        let mut rest = &mut self.values[..];
        let mut state = GLOBAL.lock();
        for (region, series, highest) in selected.into_iter().flatten() {
            debug_assert!(region.layout == layout && region.groups == 1);
            let (out, others) = rest.split_at_mut(width * series.len());
            state.sum_histograms(region, series.clone(), out, &mut self.scratch, None);
            if let Some((at, highest)) = highest {
                keep_from_decreasing(&highest[series], out, width, at);
            }
            rest = others;
        }
        drop(state);
        &self.values
    }

    /// Selects the series that [`Region::read_selected`] reads; they must be in ascending order.
    pub(crate) fn select(&mut self, series: impl IntoIterator<Item = usize>) {
        self.series.clear();
        self.series.extend(series);
    }
}

impl Region {
    /// Sums the given series, which must be in ascending order, under one hold of the lock.
    ///
    /// Then calls `each` with each series and its values, which are described at [`Layout`].
    pub(crate) fn read(
        &self,
        reader: &mut Reader,
        series: impl IntoIterator<Item = usize>,
        each: impl FnMut(usize, &[u64]),
    ) {
        reader.select(series);
        self.read_selected(reader, each);
    }

    /// Sums a range of series, which must be neither histograms nor float counters, and returns
    /// their values.
    pub(crate) fn read_scalars<'r>(
        &self,
        reader: &'r mut Reader,
        series: Range<usize>,
    ) -> &'r [u64] {
        debug_assert!(self.layout.is_scalar() && self.increasing_sum().is_none());
        reader.values.clear();
        reader.values.resize(self.width * series.len(), 0);
        let state = GLOBAL.lock();
        state.sum_scalars(self, series.start, &mut reader.values);
        drop(state);
        &reader.values
    }

    /// Like [`read`](Self::read), for series selected earlier with [`Reader::select`].
    ///
    /// A reader made by [`Reader::for_this_thread`] reads the calling thread's cells only.
    pub(crate) fn read_selected(&self, reader: &mut Reader, mut each: impl FnMut(usize, &[u64])) {
        if reader.this_thread_only {
            return self.read_this_thread(reader, each);
        }
        let (Some(first), Some(last)) = (reader.series.first(), reader.series.last()) else {
            return;
        };
        // Scalars are summed as one range, including series that are not selected: that is faster
        // than summing the selected ones one by one.
        let (first, is_scalar) = (*first, self.layout.is_scalar());
        let read = if is_scalar {
            last - first + 1
        } else {
            reader.scratch.resize(self.layout.value_count(), 0);
            reader.series.len()
        };
        let width = self.value_count();
        reader.values.clear();
        reader.values.resize(width * read, 0);
        let highest = self.increasing_sum().map(|at| (at, self.highest_sums()));
        let now = reader.resets.filter(|_| !reader.is_counting_pass);
        let start = |at: usize, series: usize| width * if is_scalar { series - first } else { at };
        {
            let mut state = GLOBAL.lock();
            if is_scalar {
                state.sum_scalars(self, first, &mut reader.values);
            }
            for (at, series) in reader.series.iter().enumerate() {
                if is_scalar && highest.is_none() {
                    break;
                }
                let out = &mut reader.values[start(at, *series)..][..width];
                let series_range = *series..series + 1;
                let is_reset = !is_scalar
                    && state.sum_histograms(self, series_range, out, &mut reader.scratch, now);
                if let Some((at, highest)) = highest {
                    let highest = &highest[series * self.groups..][..self.groups];
                    keep_from_decreasing(highest, out, self.layout.value_count(), at);
                }
                if is_reset {
                    self.reset_highest_sums(*series);
                }
            }
        }
        // `each` is called without the lock, because it may allocate.
        for (at, series) in reader.series.iter().enumerate() {
            each(*series, &reader.values[start(at, *series)..][..width]);
        }
    }

    /// Calls `each` with the pages of a series that hold the observations of the last minutes, by
    /// all threads, until it returns false. Returns whether it has been called with all of them.
    ///
    /// `each` must not allocate, because it is called under the lock. The layout must have
    /// quantiles.
    pub(crate) fn read_window(&self, series: usize, each: &mut dyn FnMut(&Page) -> bool) -> bool {
        debug_assert!(self.layout.has_quantiles());
        let now = window::current_part();
        let range = series * self.width..(series + 1) * self.width;
        let state = GLOBAL.lock();
        let generation = self.generation_or_zero(series);
        let own = state
            .cells_of(self)
            .filter(|written| generation::has_seen(written.seen, generation))
            .map(|written| &written.cells[range.clone()]);
        let mut all = self.shared.get().get(range.clone()).into_iter().chain(own);
        all.all(|cells| window::read(cells, now, each))
    }

    /// Reads the values of the selected series in the calling thread's cells only.
    ///
    /// Leaves out what this thread has recorded into shared cells: gauges, and recordings of a
    /// thread that cannot have cells.
    #[cold]
    #[inline(never)]
    fn read_this_thread(&self, reader: &mut Reader, mut each: impl FnMut(usize, &[u64])) {
        let width = self.value_count();
        reader.scratch.resize(self.layout.value_count(), 0);
        reader.values.clear();
        reader.values.resize(width * reader.series.len(), 0);
        let directory = thread_state::directory();
        {
            let mut state = GLOBAL.lock();
            for (at, series) in reader.series.iter().enumerate() {
                let out = &mut reader.values[at * width..][..width];
                state.copy_of_thread(directory, self, *series, out, &mut reader.scratch);
            }
        }
        for (at, series) in reader.series.iter().enumerate() {
            each(*series, &reader.values[at * width..][..width]);
        }
    }
}

/// Raises each group's sum to the highest one read before, and stores the new highest.
///
/// Each group has `width` values, of which the one at position `sum` is the sum. Called under the
/// lock.
fn keep_from_decreasing(highest: &[AtomicU64], values: &mut [u64], width: usize, sum: usize) {
    for (highest, group) in highest.iter().zip(values.chunks_exact_mut(width)) {
        // Compares the bits, because floats that are not negative compare as their bits do.
        group[sum] = group[sum].max(highest.load(Ordering::Relaxed));
        highest.store(group[sum], Ordering::Relaxed);
    }
}

/// Sums over the running threads and the shared cells. The lock is held, so that no place of a
/// removed series is given to another series during a sum: each load of the generation of such a
/// place returns the same number.
impl GlobalState {
    /// Sums as many series as fit in `out`, beginning with the series `first`. They must not be
    /// histograms.
    fn sum_scalars(&self, region: &Region, first: usize, out: &mut [u64]) {
        let (width, start) = (region.width, first * region.width);
        let shared = region.shared.get().get(start..).unwrap_or(&[]);
        let newest = region.newest_generation.load(Ordering::Relaxed);
        let generations = region.generations().get(first..).unwrap_or(&[]);
        let each_thread = |add: ScalarVisitor<'_>| {
            for written in self.cells_of(region) {
                let cells = &written.cells[start..];
                if generation::has_seen(written.seen, newest) {
                    add(cells, None);
                    continue;
                }
                let is_valid = |series: usize| {
                    generations.get(series).is_none_or(|generation| {
                        generation::has_seen(written.seen, generation.load(Ordering::Relaxed))
                    })
                };
                add(cells, Some((width, &is_valid)));
            }
        };
        region.layout.sum_scalars(shared, out, each_thread);
    }

    /// Sums a range of histogram series, each over the threads whose cells are valid for the
    /// series: see [`generation`].
    ///
    /// `now` and the result are those of [`Layout::sum_histograms`].
    fn sum_histograms(
        &mut self,
        region: &Region,
        series: Range<usize>,
        out: &mut [u64],
        scratch: &mut [u64],
        now: Option<u64>,
    ) -> bool {
        let newest = region.newest_generation.load(Ordering::Relaxed);
        let has_seen = |written: WrittenCells<'_>| generation::has_seen(written.seen, newest);
        if self.cells_of(region).all(has_seen) {
            // Cells that a thread attaches from now on are left out unless they are valid as well.
            return self.sum_seen(region, series, newest, out, scratch, now);
        }
        let mut is_reset = false;
        for (series, out) in series.zip(out.chunks_mut(region.value_count())) {
            let generation = region.generation_or_zero(series);
            let series = series..series + 1;
            is_reset |= self.sum_seen(region, series, generation, out, scratch, now);
        }
        is_reset
    }

    /// Sums a range of histogram series over the threads whose cells are valid for `generation`.
    fn sum_seen(
        &mut self,
        region: &Region,
        series: Range<usize>,
        generation: u64,
        out: &mut [u64],
        scratch: &mut [u64],
        now: Option<u64>,
    ) -> bool {
        let range = series.start * region.width..series.end * region.width;
        let mut ticket = self.last_ticket;
        let each_thread = |add: HistogramVisitor<'_>| {
            for written in self.cells_of(region) {
                if generation::has_seen(written.seen, generation) {
                    add(&written.cells[range.clone()], written.copies);
                }
            }
        };
        let shared = region.shared.get().get(range.clone()).unwrap_or(&[]);
        let layout = region.layout;
        let is_reset = layout.sum_histograms(shared, out, scratch, each_thread, &mut ticket, now);
        self.last_ticket = ticket;
        is_reset
    }

    /// Reads the values of one series from the cells of the thread that has this directory.
    fn copy_of_thread(
        &mut self,
        directory: *const [Slot],
        region: &Region,
        series: usize,
        out: &mut [u64],
        scratch: &mut [u64],
    ) {
        let generation = region.generation_or_zero(series);
        let mut ticket = self.last_ticket;
        let own = self.cells_with_directory(directory, region);
        let own = own.filter(|own| generation::has_seen(own.seen, generation));
        let Some(WrittenCells { cells, copies, .. }) = own else {
            return;
        };
        let cells = &cells[series * region.width..][..region.width];
        if region.layout.is_scalar() {
            let each_thread = |add: ScalarVisitor<'_>| add(cells, None);
            region.layout.sum_scalars(&[], out, each_thread);
        } else {
            let each_thread = |add: HistogramVisitor<'_>| add(cells, copies);
            let layout = region.layout;
            layout.sum_histograms(&[], out, scratch, each_thread, &mut ticket, None);
        }
        self.last_ticket = ticket;
    }
}
