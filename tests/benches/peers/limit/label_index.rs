//! Minimal code for counters and histograms with open labels of any number and length: all threads
//! share a prebuilt index of the series, and each thread has its own cells. Part of LIMIT, the code
//! that the recording bench compares libraries with.

use std::{
    cell::Cell,
    hint::black_box,
    iter::repeat_with,
    sync::{
        Mutex, PoisonError,
        atomic::{
            AtomicU64,
            Ordering::{Acquire, Relaxed},
        },
    },
};

use super::{
    any_text::{are_equal, hash},
    cells::add,
    histogram::Block,
};

/// An index from label values to the number of a series.
pub(super) struct LabelIndex<const N: usize> {
    /// The upper half of a hash and the offset of an entry, or 0 for a free slot. At least half of
    /// the slots are free.
    slots: Box<[AtomicU64]>,
    /// For each series its number (4 bytes), the lengths of its values (2 bytes each), and the
    /// values; contiguous, so that a comparison reads one or two cache lines.
    entries: Box<[u8]>,
    series: usize,
}

thread_local! {
    /// This thread's counts by series number.
    static COUNTS: Cell<&'static [AtomicU64]> = const { Cell::new(&[]) };
    /// This thread's histograms by series number.
    static HISTOGRAMS: Cell<&'static [Block]> = const { Cell::new(&[]) };
}

/// The counts of all threads, in the order in which the threads have started.
static ALL_COUNTS: Mutex<Vec<&[AtomicU64]>> = Mutex::new(Vec::new());

impl<const N: usize> LabelIndex<N> {
    pub(super) fn new(all: &[[&str; N]]) -> Self {
        let length = (2 * all.len()).next_power_of_two();
        let mut slots: Box<[AtomicU64]> = repeat_with(AtomicU64::default).take(length).collect();
        // No entry has the offset 0, so that no used slot is 0.
        let mut entries = vec![0; 4];
        for (number, labels) in all.iter().enumerate() {
            let hash = hash(labels);
            let mut at = hash as usize;
            while *slots[at & (length - 1)].get_mut() != 0 {
                at = at.wrapping_add(1);
            }
            *slots[at & (length - 1)].get_mut() = hash >> 32 << 32 | entries.len() as u64;
            entries.extend((number as u32).to_le_bytes());
            for label in labels {
                entries.extend((label.len() as u16).to_le_bytes());
            }
            entries.extend(labels.iter().flat_map(|label| label.bytes()));
        }
        Self {
            slots,
            entries: entries.into(),
            series: all.len(),
        }
    }

    #[inline(always)]
    pub(super) fn count(&self, labels: &[&str; N]) {
        match COUNTS.get().get(self.find(labels)) {
            Some(cell) => add(cell, 1),
            None => self.make_counts(),
        }
    }

    #[inline(always)]
    pub(super) fn observe_size(&self, labels: &[&str; N], size: f64) {
        match HISTOGRAMS.get().get(self.find(labels)) {
            Some(block) => block.observe_size(size),
            None => self.make_histograms(),
        }
    }

    #[inline(always)]
    fn find(&self, labels: &[&str; N]) -> usize {
        let hash = hash(labels);
        let mut at = hash as usize;
        loop {
            let slot = self.slots[at & (self.slots.len() - 1)].load(Acquire);
            if slot >> 32 == hash >> 32
                && let Some(series) = self.series_at(slot as u32 as usize, labels)
            {
                return series;
            }
            assert_ne!(slot, 0, "the index contains every series");
            at = at.wrapping_add(1);
        }
    }

    /// Returns the number of the series whose entry has this offset, if it has these labels.
    #[inline(always)]
    fn series_at(&self, offset: usize, labels: &[&str; N]) -> Option<usize> {
        let (number, rest) = self.entries.get(offset..)?.split_first_chunk()?;
        let (lengths, mut rest) = rest.split_at_checked(2 * N)?;
        let mut differences = 0;
        for (length, label) in lengths.as_chunks().0.iter().zip(labels) {
            differences |= usize::from(u16::from_le_bytes(*length)) ^ label.len();
        }
        if differences != 0 {
            return None;
        }
        for label in labels {
            let (text, after) = rest.split_at_checked(label.len())?;
            if !are_equal(text, label.as_bytes()) {
                return None;
            }
            rest = after;
        }
        Some(u32::from_le_bytes(*number) as usize)
    }

    /// Allocates the counts of this thread; the recording that found none is lost.
    #[cold]
    fn make_counts(&self) {
        let counts: Vec<_> = repeat_with(AtomicU64::default).take(self.series).collect();
        let counts: &'static [_] = counts.leak();
        COUNTS.set(counts);
        let mut all = ALL_COUNTS.lock().unwrap_or_else(PoisonError::into_inner);
        all.push(counts);
    }

    /// Allocates the histograms of this thread; the recording that found none is lost.
    #[cold]
    fn make_histograms(&self) {
        let blocks: Vec<_> = repeat_with(Block::new).take(self.series).collect();
        HISTOGRAMS.set(blocks.leak());
    }
}

/// Adds up the counts of the threads that record now, as a scrape must.
pub(super) fn scrape_counts() {
    let all = ALL_COUNTS.lock().unwrap_or_else(PoisonError::into_inner);
    let recent = all.iter().rev().take(MOST_THREADS);
    let sum: u64 = recent
        .flat_map(|counts| counts.iter())
        .map(|count| count.load(Relaxed))
        .sum();
    black_box(sum);
}

/// The largest number of threads in a measurement.
const MOST_THREADS: usize = 4;
