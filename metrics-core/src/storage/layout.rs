//! What the words of a series mean: how recordings change them, and how a scrape adds them up.

use std::{
    iter,
    sync::{
        OnceLock,
        atomic::{AtomicU64, Ordering},
    },
};

use crate::{
    describe::buckets::MAX_BUCKETS,
    storage::{
        histogram_block::{self, CopyBuffer, Parts, Sum},
        native::{NativeConfig, TableView, merge, table},
        scalar,
    },
};

/// What the words of one series mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[doc(hidden)]
pub enum Layout {
    /// Nothing is stored: the labels are the value.
    Empty,
    /// A `u64` that grows.
    Count,
    /// The bits of an `f64` that grows.
    FloatCount,
    /// Two `u64`s that grow; the value is their difference.
    UpDown,
    /// A histogram of this many buckets, `+Inf` included, and perhaps of native ones; see
    /// `block.rs` and `native/table.rs`.
    Histogram {
        buckets: u16,
        sum: Sum,
        native: Option<NativeConfig>,
    },
    /// One word that all threads share: an `i64`.
    Int,
    /// One word that all threads share: the bits of an `f64`.
    Float,
}

impl Layout {
    /// Words of one series in one thread.
    pub const fn cells(self) -> usize {
        match self {
            Layout::Empty => 0,
            Layout::Count | Layout::FloatCount | Layout::Int | Layout::Float => 1,
            Layout::UpDown => 2,
            Layout::Histogram {
                buckets, native, ..
            } => histogram_block::HEADER + histogram_words(buckets, native),
        }
    }

    /// Words of one series as [`Region::read`] reports it.
    pub const fn value_count(self) -> usize {
        match self {
            Layout::Histogram {
                buckets, native, ..
            } => histogram_block::BUCKETS_OUT + histogram_words(buckets, native),
            _ => self.cells(),
        }
    }

    /// What is native about a histogram.
    #[inline(always)]
    pub(crate) const fn native(self) -> Option<NativeConfig> {
        match self {
            Layout::Histogram { native, .. } => native,
            _ => None,
        }
    }

    /// Whether negative observations are taken whatever the bounds of classic buckets are.
    #[inline(always)]
    pub(crate) const fn is_negative(self) -> bool {
        matches!(self.native(), Some(native) if native.is_negative())
    }

    /// A native histogram's table among values as [`Region::read`] reports them.
    pub(crate) fn native_table(self, values: &[u64]) -> Option<TableView<'_>> {
        match self {
            Layout::Histogram {
                buckets,
                native: Some(native),
                ..
            } => {
                let words = &values[histogram_block::BUCKETS_OUT + buckets as usize..];
                Some(TableView::new(native, words))
            }
            _ => None,
        }
    }

    /// How a histogram's blocks are read.
    fn parts(self) -> Option<Parts> {
        let Layout::Histogram {
            buckets,
            sum,
            native,
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
                // A single bucket holds what the block counts in any case.
                if buckets == 1 {
                    [counts, 0..0]
                } else {
                    [0..buckets, counts]
                }
            }
        };
        Some(Parts { counts, sum })
    }

    /// Puts in what stands for itself: the only classic bucket beside native ones.
    fn complete(self, values: &mut [u64]) {
        if let Layout::Histogram {
            buckets: 1,
            native: Some(_),
            ..
        } = self
        {
            values[histogram_block::BUCKETS_OUT] = values[histogram_block::COUNT_OUT];
        }
    }

    /// Adds values as [`Region::read`] reports them.
    pub(crate) fn add_values(self, into: &mut [u64], from: &[u64]) {
        let width = self.value_count().max(1);
        for (into, from) in into.chunks_exact_mut(width).zip(from.chunks_exact(width)) {
            match self {
                Layout::Empty => {}
                Layout::Count | Layout::UpDown => {
                    for (into, from) in into.iter_mut().zip(from) {
                        *into = into.saturating_add(*from);
                    }
                }
                // An `i64`, which wraps around as `Gauge::add` does.
                Layout::Int => into[0] = into[0].wrapping_add(from[0]),
                Layout::FloatCount | Layout::Float => into[0] = Sum::Float.add(into[0], from[0]),
                Layout::Histogram {
                    sum,
                    buckets,
                    native,
                } => {
                    let total = sum.total(
                        into[histogram_block::SUM_OUT],
                        from[histogram_block::SUM_OUT],
                    );
                    let classic = histogram_block::BUCKETS_OUT + buckets as usize;
                    for (into, from) in into[..classic].iter_mut().zip(from) {
                        *into = into.wrapping_add(*from);
                    }
                    into[histogram_block::SUM_OUT] = total;
                    if let Some(native) = native {
                        merge::merge(native, &mut into[classic..], &from[classic..]);
                    }
                }
            }
        }
    }

    /// Takes out of values as [`Region::read`] reports them what they were before.
    pub(crate) fn subtract_values(self, from: &mut [u64], before: &[u64]) {
        let difference = |from: u64, before: u64| {
            let finite = |bits| f64::from_bits(bits).clamp(f64::MIN, f64::MAX);
            (finite(from) - finite(before)).to_bits()
        };
        match self {
            Layout::Empty | Layout::Int | Layout::Float => {}
            Layout::Count | Layout::UpDown => {
                for (from, before) in from.iter_mut().zip(before) {
                    *from = from.saturating_sub(*before);
                }
            }
            Layout::FloatCount => from[0] = difference(from[0], before[0]),
            Layout::Histogram {
                sum,
                buckets,
                native,
            } => {
                let total = match sum {
                    Sum::Float => difference(
                        from[histogram_block::SUM_OUT],
                        before[histogram_block::SUM_OUT],
                    ),
                    Sum::Nanos => from[histogram_block::SUM_OUT]
                        .saturating_sub(before[histogram_block::SUM_OUT]),
                };
                let classic = histogram_block::BUCKETS_OUT + buckets as usize;
                for (from, before) in from[..classic].iter_mut().zip(before) {
                    *from = from.wrapping_sub(*before);
                }
                from[histogram_block::SUM_OUT] = total;
                if let Some(native) = native {
                    merge::subtract(native, &mut from[classic..], &before[classic..]);
                }
            }
        }
    }

    /// Whether the words of a series are added up each for itself: of everything but histograms.
    pub(crate) const fn is_scalar(self) -> bool {
        !matches!(self, Layout::Histogram { .. })
    }

    /// Adds up series that are [words](Self::is_scalar), one after the other: what ended threads
    /// have left, in `shared`, and the words of those that run, which `each_thread` shows. Called
    /// under the lock that ends of threads take.
    pub(crate) fn sum_scalars(
        self,
        shared: &[AtomicU64],
        out: &mut [u64],
        each_thread: impl Fn(ScalarVisitor<'_>),
    ) {
        match self {
            Layout::Empty | Layout::Histogram { .. } => {}
            Layout::Int | Layout::Float => load_into(out, shared, |_, value| value),
            Layout::FloatCount => {
                self.sum_scalars_with(shared, out, each_thread, |a, b| Sum::Float.add(a, b));
            }
            Layout::Count | Layout::UpDown => {
                self.sum_scalars_with(shared, out, each_thread, |a, b| {
                    a.saturating_add(scalar::count(b))
                });
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
        let add_word = |out: &mut u64, word: &AtomicU64| {
            *out = add(*out, word.load(Ordering::Acquire));
        };
        // Every word is a series' whole value or one of two parts that come in turn. What goes
        // down is read before what goes up, in every thread: a decrement that is seen has its
        // increment seen too, and no gauge reads below zero.
        let parts = self.cells();
        // Nothing to add to: so it mostly is, and that is quicker.
        let mut is_empty = shared.is_empty();
        for part in (0..parts).rev() {
            each_thread(&mut |words, fit| match fit {
                None if parts == 1 && std::mem::take(&mut is_empty) => {
                    for (out, word) in out.iter_mut().zip(words) {
                        *out = add(0, word.load(Ordering::Acquire));
                    }
                }
                None if parts == 1 => {
                    for (out, word) in out.iter_mut().zip(words) {
                        add_word(out, word);
                    }
                }
                None => {
                    let groups = out.chunks_exact_mut(parts).zip(words.chunks_exact(parts));
                    for (out, words) in groups {
                        add_word(&mut out[part], &words[part]);
                    }
                }
                Some((width, is_fit)) => {
                    is_empty = false;
                    let series = out.chunks_exact_mut(width).zip(words.chunks_exact(width));
                    for (_, (out, words)) in series.enumerate().filter(|(at, _)| is_fit(*at)) {
                        let words = words.iter().skip(part).step_by(parts);
                        for (out, word) in out.iter_mut().skip(part).step_by(parts).zip(words) {
                            add_word(out, word);
                        }
                    }
                }
            });
        }
    }

    /// Adds up one histogram: what ended threads have left, in `shared`, and the words of those
    /// that run, which `each_thread` shows. Called under the lock that ends of threads take.
    pub(crate) fn sum_histograms(
        self,
        shared: &[AtomicU64],
        out: &mut [u64],
        scratch: &mut [u64],
        each_thread: impl Fn(HistogramVisitor<'_>),
        ticket: &mut u64,
    ) {
        let width = self.value_count();
        let Some(parts) = self.parts() else {
            return;
        };
        let size = self.cells();
        for (group, out) in groups(shared, size).zip(out.chunks_mut(width)) {
            histogram_block::read(group, &parts, out);
            self.complete(out);
        }
        // Nothing to add to: the first thread's words are read where they are wanted. Native
        // buckets are merged even so, which puts them in order.
        let mut is_empty = shared.is_empty() && self.native().is_none();
        each_thread(&mut |words, handover| {
            for (group, out) in groups(words, size).zip(out.chunks_mut(width)) {
                *ticket += 1;
                // There since the thread's first touch of a histogram.
                let handover = || handover.get_or_init(copy_buffer);
                let relax = std::hint::spin_loop;
                if is_empty {
                    histogram_block::snapshot(group, &parts, out, *ticket, handover, relax);
                } else {
                    histogram_block::snapshot(group, &parts, scratch, *ticket, handover, relax);
                    self.complete(scratch);
                    self.add_values(out, scratch);
                }
            }
            is_empty = false;
        });
        if let Layout::Histogram {
            buckets,
            native: Some(native),
            ..
        } = self
        {
            let (table, read) = (
                histogram_block::HEADER + buckets as usize,
                histogram_block::BUCKETS_OUT + buckets as usize,
            );
            for (group, out) in groups(shared, size).zip(out.chunks(width)) {
                merge::keep_coarse(native, &group[table..], &out[read..]);
            }
        }
    }

    /// Adds one series' words, which nobody writes now, to words that nobody else touches.
    pub(crate) fn fold(self, from: &[AtomicU64], into: &[AtomicU64], scratch: &mut [u64]) {
        match self {
            Layout::Empty | Layout::Int | Layout::Float => {}
            Layout::Count | Layout::UpDown => {
                for (from, into) in from.iter().zip(into) {
                    scalar::add_count(into, scalar::count(from.load(Ordering::Relaxed)));
                }
            }
            Layout::FloatCount => {
                scalar::add_float(&into[0], f64::from_bits(from[0].load(Ordering::Relaxed)));
            }
            Layout::Histogram { .. } => {
                let Some(parts) = self.parts() else {
                    return;
                };
                let (sum, part) = scratch.split_at_mut(READ_WORDS);
                let (sum, part) = (
                    &mut sum[..self.value_count()],
                    &mut part[..self.value_count()],
                );
                for (block, values) in [(into, &mut *sum), (from, &mut *part)] {
                    let quiet = histogram_block::read(block, &parts, values);
                    debug_assert!(quiet, "the owner of these words is the one that folds them");
                }
                self.add_values(sum, part);
                histogram_block::write(into, sum);
            }
        }
    }
}

/// What is done with the words of one thread: with all of them, or where some series are not its
/// own yet, with those that fit; then the words of a series are so many.
pub(crate) type ScalarVisitor<'a> =
    &'a mut dyn FnMut(&[AtomicU64], Option<(usize, &dyn Fn(usize) -> bool)>);

/// What is done with the words of one thread, which come with the thread's buffer for copies.
pub(crate) type HistogramVisitor<'a> =
    &'a mut dyn FnMut(&[AtomicU64], &OnceLock<CopyBuffer<AtomicU64>>);

/// The words of the largest histogram behind its header.
const WORDS: usize = MAX_BUCKETS + table::MAX_CELLS;

/// The words of the largest histogram as it is read.
const READ_WORDS: usize = histogram_block::BUCKETS_OUT + WORDS;

/// A thread's buffer for copies, large enough for any histogram.
pub(crate) fn copy_buffer() -> CopyBuffer<AtomicU64> {
    CopyBuffer::new(histogram_block::HEADER + WORDS, || AtomicU64::new(0))
}

/// What [`Layout::fold`] needs; nothing may be allocated under the lock that it runs under.
pub(crate) fn fold_scratch() -> Vec<u64> {
    vec![0; 2 * READ_WORDS]
}

const fn histogram_words(buckets: u16, native: Option<NativeConfig>) -> usize {
    let table = match native {
        Some(native) => native.cells(),
        None => 0,
    };
    buckets as usize + table
}

/// Words in groups of so many, of which there is at least one. Most often there is one group, for
/// which `chunks_exact` would divide.
#[inline(always)]
fn groups(mut words: &[AtomicU64], size: usize) -> impl Iterator<Item = &[AtomicU64]> {
    iter::from_fn(move || {
        let (group, rest) = words.split_at_checked(size)?;
        words = rest;
        Some(group)
    })
}

fn load_into(out: &mut [u64], words: &[AtomicU64], add: impl Fn(u64, u64) -> u64) {
    for (out, word) in out.iter_mut().zip(words) {
        *out = add(*out, word.load(Ordering::Relaxed));
    }
}
