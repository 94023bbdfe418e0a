//! [`Layout`]: the meaning of the 64-bit cells in which a series is stored, and how the cells of
//! all threads are summed to values.

use std::{
    iter,
    sync::{OnceLock, atomic::Ordering},
};

use crate::storage::sync::{self, AtomicU64};
use crate::{
    describe::buckets::MAX_BUCKETS,
    storage::{
        histogram_block::{self, CopyBuffer, Parts, Sum, add_floats, nanos},
        native::{
            NativeConfig, TableView, merge,
            reset::{self, Step},
            table,
        },
        quantiles::window,
        scalar,
    },
};

/// The meaning of the cells of one series.
///
/// A series has one group of cells; a series of an instrumented function has one for each outcome
/// row (a combination of outcome and result labels). The values that [`Region::read`] reports are
/// the cells' contents summed over all threads, except for a histogram: its values are the count,
/// the sum, and the buckets, at the positions that constants of [`histogram_block`] give.
///
/// [`Region::read`]: crate::storage::Region::read
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[doc(hidden)]
pub enum Layout {
    /// No cells: the labels of an info metric are its value.
    Empty,
    /// A `u64` that increases.
    Count,
    /// The bits of an `f64` that increases.
    FloatCount,
    /// Two `u64`s that increase modulo 2^64; the metric's value is the first minus the second.
    UpDown,
    /// A histogram with `buckets` classic buckets, including `+Inf`, and possibly native buckets:
    /// see [`histogram_block`] and `native/table.rs`.
    ///
    /// A summary is a histogram with one bucket, whose count is the number of observations. If it
    /// `has_quantiles`, the address of a [window](super::quantiles) follows.
    Histogram {
        buckets: u16,
        sum: Sum,
        native: Option<NativeConfig>,
        has_quantiles: bool,
    },
    /// An `i64` in one cell that all threads share: the value of a gauge or a state set.
    Int,
    /// The bits of an `f64` in one cell that all threads share: the value of a float gauge.
    Float,
    /// Like `Int`, of a gauge that has no value until it is set: see `metric/optional_value.rs`.
    OptionalInt,
    /// Like `Float`, of a gauge that has no value until it is set.
    OptionalFloat,
}

impl Layout {
    /// The number of cells of one group in one thread.
    pub const fn cells(self) -> usize {
        match self {
            Layout::Empty => 0,
            Layout::Count
            | Layout::FloatCount
            | Layout::Int
            | Layout::Float
            | Layout::OptionalInt
            | Layout::OptionalFloat => 1,
            Layout::UpDown => 2,
            Layout::Histogram {
                buckets,
                native,
                has_quantiles,
                ..
            } => histogram_block::HEADER + bucket_cells(buckets, native) + has_quantiles as usize,
        }
    }

    /// The number of values of one group, as [`Region::read`](crate::storage::Region::read) reports
    /// them.
    pub const fn value_count(self) -> usize {
        match self {
            Layout::Histogram {
                buckets, native, ..
            } => histogram_block::BUCKETS_OUT + bucket_cells(buckets, native),
            _ => self.cells(),
        }
    }

    /// Whether a series is one cell that all threads share: the value of a gauge or a state set.
    pub(crate) const fn is_shared(self) -> bool {
        matches!(self, Layout::Int | Layout::Float) || self.is_optional()
    }

    /// Whether a series has no value until it is set.
    #[inline(always)]
    pub(crate) const fn is_optional(self) -> bool {
        matches!(self, Layout::OptionalInt | Layout::OptionalFloat)
    }

    /// The layout of a gauge like this one that has no value until it is set; `None` for other
    /// types of metrics.
    pub(crate) const fn optional(self) -> Option<Self> {
        match self {
            Layout::Int => Some(Layout::OptionalInt),
            Layout::Float => Some(Layout::OptionalFloat),
            _ => None,
        }
    }

    /// Whether these values of a series mean that it has no value yet.
    #[inline]
    pub(crate) fn is_absent(self, values: &[u64]) -> bool {
        self.is_optional() && values.first() == Some(&0)
    }

    /// The configuration of native buckets, if the series is a histogram that has them.
    #[inline(always)]
    pub(crate) const fn native(self) -> Option<NativeConfig> {
        match self {
            Layout::Histogram { native, .. } => native,
            _ => None,
        }
    }

    /// Whether the native buckets allow negative observations; false without native buckets.
    #[inline(always)]
    pub(crate) const fn is_negative(self) -> bool {
        matches!(self.native(), Some(native) if native.is_negative())
    }

    /// Whether a series has a [window](super::quantiles) of observations.
    #[inline(always)]
    pub(crate) const fn has_quantiles(self) -> bool {
        matches!(
            self,
            Layout::Histogram {
                has_quantiles: true,
                ..
            }
        )
    }

    /// The table of native buckets in the values of one group.
    pub(crate) fn native_table(self, values: &[u64]) -> Option<TableView<'_>> {
        match self {
            Layout::Histogram {
                buckets,
                native: Some(native),
                ..
            } => {
                let cells = &values[histogram_block::BUCKETS_OUT + buckets as usize..];
                Some(TableView::new(native, cells))
            }
            _ => None,
        }
    }

    /// Whether series whose native buckets were merged are reset later: see [`reset`].
    pub(super) const fn has_resets(self) -> bool {
        matches!(self.native(), Some(native) if native.has_resets())
    }

    /// The start of the period that the values of a group count: the Unix time, in seconds, of the
    /// last reset, or `created`, the created timestamp of the series, if that is later.
    #[inline]
    pub(crate) fn period_start(self, values: &[u64], created: f64) -> f64 {
        let table = self.native_table(values);
        table.map_or(created, |table| table.started().max(created))
    }

    /// The positions of the native table in a group's cells and in its values.
    fn table_positions(self) -> Option<(NativeConfig, usize, usize)> {
        match self {
            Layout::Histogram {
                buckets,
                native: Some(native),
                ..
            } => {
                let buckets = buckets as usize;
                let (cells, values) = (histogram_block::HEADER, histogram_block::BUCKETS_OUT);
                Some((native, cells + buckets, values + buckets))
            }
            _ => None,
        }
    }

    /// Marks the groups of `cells` whose `shared` cells say that they are about to be reset.
    pub(super) fn mark(self, cells: &[AtomicU64], shared: &[AtomicU64]) {
        if let Some((_, table, _)) = self.table_positions() {
            let size = self.cells();
            for (group, shared) in groups(cells, size).zip(groups(shared, size)) {
                if reset::is_marked(&shared[table..]) {
                    histogram_block::mark(group);
                }
            }
        }
    }

    /// The structure of a histogram's block; `None` for other layouts.
    fn parts(self) -> Option<Parts> {
        let Layout::Histogram {
            buckets,
            sum,
            native,
            ..
        } = self
        else {
            return None;
        };
        let buckets = buckets as usize;
        let counts = match native {
            None => [0..buckets, 0..0],
            Some(native) => {
                let first = buckets + table::COUNTS;
                let counts = first..first + native.counts();
                // Leaves out a single classic bucket, `+Inf`: it equals the count, so it is not
                // recorded.
                if buckets == 1 {
                    [counts, 0..0]
                } else {
                    [0..buckets, counts]
                }
            }
        };
        Some(Parts { counts, sum })
    }

    /// Sets `+Inf` to the count if it is the only classic bucket beside native ones, because an
    /// observation does not increment it then.
    fn fill_single_bucket(self, values: &mut [u64]) {
        if let Layout::Histogram {
            buckets: 1,
            native: Some(_),
            ..
        } = self
        {
            values[histogram_block::BUCKETS_OUT] = values[histogram_block::COUNT_OUT];
        }
    }

    /// Adds the values `from` to the values `into`; both are those of one or more groups.
    pub(crate) fn add_values(self, into: &mut [u64], from: &[u64]) {
        let width = self.value_count().max(1);
        for (into, from) in into.chunks_exact_mut(width).zip(from.chunks_exact(width)) {
            match self {
                // Adds nothing for an optional gauge, because a series of such a gauge belongs to
                // one metric: see `registry/clashes.rs`.
                Layout::Empty | Layout::OptionalInt | Layout::OptionalFloat => {}
                Layout::Count => into[0] = into[0].saturating_add(from[0]),
                Layout::UpDown => {
                    for (into, from) in into.iter_mut().zip(from) {
                        *into = into.wrapping_add(*from);
                    }
                }
                // An `i64`, which wraps around as in `Gauge::add`.
                Layout::Int => into[0] = into[0].wrapping_add(from[0]),
                Layout::FloatCount | Layout::Float => into[0] = add_floats(into[0], from[0]),
                Layout::Histogram {
                    sum,
                    buckets,
                    native,
                    ..
                } => {
                    let total = sum.add(Sum::of(into), Sum::of(from));
                    let classic = histogram_block::BUCKETS_OUT + buckets as usize;
                    for (into, from) in into[..classic].iter_mut().zip(from) {
                        *into = into.wrapping_add(*from);
                    }
                    Sum::store(total, into);
                    if let Some(native) = native {
                        merge::merge(native, &mut into[classic..], &from[classic..]);
                    }
                }
            }
        }
    }

    /// Subtracts the earlier values `before` of a group from its values `from`; leaves the values
    /// of gauges as they are.
    pub(crate) fn subtract_values(self, from: &mut [u64], before: &[u64]) {
        let difference = |from: u64, before: u64| {
            let finite = |bits| f64::from_bits(bits).clamp(f64::MIN, f64::MAX);
            (finite(from) - finite(before)).to_bits()
        };
        match self {
            Layout::Empty
            | Layout::Int
            | Layout::Float
            | Layout::OptionalInt
            | Layout::OptionalFloat => {}
            Layout::Count => from[0] = from[0].saturating_sub(before[0]),
            Layout::UpDown => {
                for (from, before) in from.iter_mut().zip(before) {
                    *from = from.wrapping_sub(*before);
                }
            }
            Layout::FloatCount => from[0] = difference(from[0], before[0]),
            Layout::Histogram {
                sum,
                buckets,
                native,
                ..
            } => {
                let total = match sum {
                    Sum::Float => {
                        let at = histogram_block::SUM_OUT;
                        [difference(from[at], before[at]), 0]
                    }
                    Sum::Nanos => {
                        let [from, before] = [&*from, before].map(|values| nanos(Sum::of(values)));
                        histogram_block::split(from.saturating_sub(before))
                    }
                };
                let classic = histogram_block::BUCKETS_OUT + buckets as usize;
                for (from, before) in from[..classic].iter_mut().zip(before) {
                    *from = from.wrapping_sub(*before);
                }
                Sum::store(total, from);
                if let Some(native) = native {
                    merge::subtract(native, &mut from[classic..], &before[classic..]);
                }
            }
        }
    }

    /// Empties the cells of a series, or of all groups of a series, for another series.
    ///
    /// Called under the lock, or by the thread that owns the cells while scrapes ignore them.
    pub(super) fn clear(self, cells: &[AtomicU64]) {
        let has_window = self.has_quantiles() && !cells.is_empty();
        if has_window {
            window::clear(cells);
        }
        // The window belongs to the cells, whichever series they count.
        let end = if has_window {
            window::WINDOW
        } else {
            cells.len()
        };
        for cell in &cells[..end] {
            cell.store(0, Ordering::Relaxed);
        }
    }

    /// Frees the windows of all series in `cells`.
    ///
    /// # Safety
    ///
    /// No reference to the windows is used from now on.
    #[allow(
        unsafe_code,
        reason = "the caller promises that the windows are not used"
    )]
    pub(super) unsafe fn free_windows(self, cells: &[AtomicU64]) {
        if self.has_quantiles() {
            // SAFETY: the contract of this function.
            unsafe { window::free(cells, self.cells()) };
        }
    }

    /// Whether each cell is summed independently of the others: all layouts but histograms.
    pub(crate) const fn is_scalar(self) -> bool {
        !matches!(self, Layout::Histogram { .. })
    }

    /// Sums the cells of series that are not histograms: the shared cells, and those of the running
    /// threads.
    ///
    /// `each_thread` calls its argument with the cells of each running thread. Called under the
    /// lock.
    pub(crate) fn sum_scalars(
        self,
        shared: &[AtomicU64],
        out: &mut [u64],
        each_thread: impl Fn(ScalarVisitor<'_>),
    ) {
        match self {
            Layout::Empty | Layout::Histogram { .. } => {}
            Layout::Int | Layout::Float | Layout::OptionalInt | Layout::OptionalFloat => {
                load_into(out, shared, |_, value| value);
            }
            Layout::FloatCount => {
                self.sum_scalars_with(shared, out, each_thread, add_floats);
            }
            Layout::Count => {
                self.sum_scalars_with(shared, out, each_thread, |a, b| {
                    a.saturating_add(scalar::count(b))
                });
            }
            Layout::UpDown => {
                self.sum_scalars_with(shared, out, each_thread, u64::wrapping_add);
            }
        }
    }

    #[inline(always)]
    fn sum_scalars_with(
        self,
        shared: &[AtomicU64],
        out: &mut [u64],
        each_thread: impl Fn(ScalarVisitor<'_>),
        add: impl Fn(u64, u64) -> u64 + Copy,
    ) {
        load_into(out, shared, add);
        let add_cell = |out: &mut u64, cell: &AtomicU64| {
            *out = add(*out, cell.load(Ordering::Acquire));
        };
        // Each group has one cell, or one for increments and one for decrements. Decrements are
        // read first, in all threads: if a decrement is read, so is the increment before it. A
        // metric whose decrements follow increments is therefore never read as negative.
        let parts = self.cells();
        // Without shared cells, the first thread's values are stored instead of added.
        let mut is_empty = shared.is_empty();
        for part in (0..parts).rev() {
            each_thread(&mut |cells, valid| match valid {
                None if parts == 1 && std::mem::take(&mut is_empty) => {
                    for (out, cell) in out.iter_mut().zip(cells) {
                        *out = add(0, cell.load(Ordering::Acquire));
                    }
                }
                None if parts == 1 => {
                    for (out, cell) in out.iter_mut().zip(cells) {
                        add_cell(out, cell);
                    }
                }
                None => {
                    let groups = out.chunks_exact_mut(parts).zip(cells.chunks_exact(parts));
                    for (out, cells) in groups {
                        add_cell(&mut out[part], &cells[part]);
                    }
                }
                Some((width, is_valid)) => {
                    is_empty = false;
                    let series = out.chunks_exact_mut(width).zip(cells.chunks_exact(width));
                    for (_, (out, cells)) in series.enumerate().filter(|(at, _)| is_valid(*at)) {
                        let cells = cells.iter().skip(part).step_by(parts);
                        for (out, cell) in out.iter_mut().skip(part).step_by(parts).zip(cells) {
                            add_cell(out, cell);
                        }
                    }
                }
            });
        }
    }

    /// Sums the cells of histograms: the shared cells, and those of the running threads.
    ///
    /// `each_thread` calls its argument with the cells of each running thread. `ticket` is the last
    /// ticket that was used; each snapshot uses the next. Called under the lock.
    ///
    /// `now` is the reading of [`clock::idle_clock`](super::clock::idle_clock) with which a scrape
    /// may reset native buckets; `None` if it may not. Returns whether a group was reset.
    pub(crate) fn sum_histograms(
        self,
        shared: &[AtomicU64],
        out: &mut [u64],
        scratch: &mut [u64],
        each_thread: impl Fn(HistogramVisitor<'_>),
        ticket: &mut u64,
        now: Option<u64>,
    ) -> bool {
        let width = self.value_count();
        let Some(parts) = self.parts() else {
            return false;
        };
        let size = self.cells();
        let native = self.table_positions();
        let now = now.filter(|_| self.has_resets());
        // Whether this scrape closes the threads' blocks of a group.
        let closes = |at: usize| {
            let (Some((_, table, _)), Some(now)) = (native, now) else {
                return false;
            };
            let group = shared.get(at * size + table..(at + 1) * size);
            group.is_some_and(|table| reset::closes(table, now))
        };
        for (group, out) in groups(shared, size).zip(out.chunks_mut(width)) {
            histogram_block::read(group, &parts, out);
            self.fill_single_bucket(out);
        }
        // Without shared cells, the first thread's values are read into the result directly. Values
        // with native buckets are merged even then, because merging sets the resolution of the
        // result's native table.
        let mut is_empty = shared.is_empty() && self.native().is_none();
        each_thread(&mut |cells, copies| {
            for (at, (group, out)) in groups(cells, size).zip(out.chunks_mut(width)).enumerate() {
                if native.is_some() && histogram_block::is_closed(group) {
                    continue;
                }
                *ticket += 1;
                // Does not allocate here: the buffer exists since the thread attached its first
                // histogram.
                let copies = || copies.get_or_init(copy_buffer);
                let relax = sync::spin_loop;
                if is_empty {
                    histogram_block::snapshot(group, &parts, out, *ticket, copies, relax);
                } else {
                    if closes(at) {
                        histogram_block::close(group, &parts, scratch, relax);
                    } else {
                        histogram_block::snapshot(group, &parts, scratch, *ticket, copies, relax);
                    }
                    self.fill_single_bucket(scratch);
                    self.add_values(out, scratch);
                }
            }
            is_empty = false;
        });
        let Some((native, table, read)) = native else {
            return false;
        };
        let mut is_reset = false;
        for (at, (group, out)) in groups(shared, size).zip(out.chunks_mut(width)).enumerate() {
            merge::keep_coarse(native, &group[table..], &out[read..]);
            if let Some(now) = now {
                match reset::advance(native, &group[table..], &out[read..], now) {
                    Step::Nothing => {}
                    Step::Mark => each_thread(&mut |cells, _| {
                        groups(cells, size).nth(at).map(histogram_block::mark);
                    }),
                    Step::Restart => {
                        is_reset = true;
                        for cell in group {
                            cell.store(0, Ordering::Relaxed);
                        }
                        reset::restart(&group[table..]);
                    }
                }
            }
            reset::hide(&mut out[read..]);
        }
        is_reset
    }

    /// Adds one group of an ending thread's cells to the shared cells, under the lock.
    ///
    /// `scratch` comes from [`fold_scratch`], if the group is a histogram.
    pub(crate) fn fold(self, from: &[AtomicU64], into: &[AtomicU64], scratch: &mut [u64]) {
        match self {
            Layout::Empty
            | Layout::Int
            | Layout::Float
            | Layout::OptionalInt
            | Layout::OptionalFloat => {}
            Layout::Count => {
                let count = scalar::count(from[0].load(Ordering::Relaxed));
                scalar::add_count(&into[0], count);
            }
            Layout::UpDown => {
                for (from, into) in from.iter().zip(into) {
                    scalar::add_wrapping(into, from.load(Ordering::Relaxed));
                }
            }
            Layout::FloatCount => {
                scalar::add_float(&into[0], f64::from_bits(from[0].load(Ordering::Relaxed)));
            }
            Layout::Histogram { sum: unit, .. } => {
                let Some(parts) = self.parts() else {
                    return;
                };
                if self.native().is_some() && histogram_block::is_closed(from) {
                    return;
                }
                let (sum, part) = scratch.split_at_mut(MAX_VALUES);
                let (sum, part) = (
                    &mut sum[..self.value_count()],
                    &mut part[..self.value_count()],
                );
                for (block, values) in [(into, &mut *sum), (from, &mut *part)] {
                    let is_quiet = histogram_block::read(block, &parts, values);
                    debug_assert!(is_quiet, "only the calling thread writes these cells");
                }
                self.add_values(sum, part);
                histogram_block::write(into, unit, sum);
                if self.has_quantiles() {
                    window::fold(from, into);
                }
            }
        }
    }
}

/// A closure that gets the cells of one thread. If new series have claimed places since the thread
/// last zeroed its cells, the closure also gets the number of cells of a series, and a predicate
/// for the series whose cells are valid.
pub(crate) type ScalarVisitor<'a> =
    &'a mut dyn FnMut(&[AtomicU64], Option<(usize, &dyn Fn(usize) -> bool)>);

/// A closure that gets the cells of one thread and the thread's copy buffer.
pub(crate) type HistogramVisitor<'a> =
    &'a mut dyn FnMut(&[AtomicU64], &OnceLock<CopyBuffer<AtomicU64>>);

/// The number of cells after the header of a histogram that has the most buckets.
const MAX_CELLS: usize = MAX_BUCKETS + table::MAX_CELLS;

/// The number of values of a histogram that has the most buckets.
const MAX_VALUES: usize = histogram_block::BUCKETS_OUT + MAX_CELLS;

/// Allocates a thread's copy buffer, which is large enough for any histogram.
pub(crate) fn copy_buffer() -> CopyBuffer<AtomicU64> {
    CopyBuffer::new(histogram_block::HEADER + MAX_CELLS, || AtomicU64::new(0))
}

/// Scratch space for [`Layout::fold`], which must not allocate under the global lock.
pub(crate) fn fold_scratch() -> Vec<u64> {
    vec![0; 2 * MAX_VALUES]
}

const fn bucket_cells(buckets: u16, native: Option<NativeConfig>) -> usize {
    let table = match native {
        Some(native) => native.cells(),
        None => 0,
    };
    buckets as usize + table
}

/// Splits cells into groups of `size`.
///
/// Unlike `chunks_exact`, this needs no division, which would take time although there is usually
/// one group.
#[inline(always)]
fn groups(mut cells: &[AtomicU64], size: usize) -> impl Iterator<Item = &[AtomicU64]> {
    iter::from_fn(move || {
        let (group, rest) = cells.split_at_checked(size)?;
        cells = rest;
        Some(group)
    })
}

fn load_into(out: &mut [u64], cells: &[AtomicU64], add: impl Fn(u64, u64) -> u64) {
    for (out, cell) in out.iter_mut().zip(cells) {
        *out = add(*out, cell.load(Ordering::Relaxed));
    }
}
