//! Tables of native buckets added up and made coarser, in words that nobody else touches.

use std::sync::atomic::{AtomicU64, Ordering};

use super::{
    NativeConfig, NativeHistogramSnapshot,
    index::{self, COARSEST},
    table::{self, COUNTS, Key, MAX_WORDS, SHIFT, THRESHOLD},
};

/// Adds a table to another one; both are words that nobody else touches.
pub(crate) fn merge(native: NativeConfig, into: &mut [u64], from: &[u64]) {
    let from = TableView::new(native, from);
    let mut into = Table::new(native, into);
    into.coarsen(from);
    into.add_to_zero(from.zero_count());
    for (key, count) in from.buckets() {
        into.add(from.scale(), key, count);
    }
}

/// Takes out of a table what it held before, when it may have been finer; both are words that
/// nobody else touches.
pub(crate) fn subtract(native: NativeConfig, from: &mut [u64], before: &[u64]) {
    let mut before = before.to_vec();
    let mut before = Table::new(native, &mut before);
    let view = TableView::new(native, from);
    before.rebuild(view.scale(), view.zero_threshold());
    let before = before.view();
    let zero = &mut from[COUNTS + native.zero()];
    *zero = zero.wrapping_sub(before.zero_count());
    for (key, count) in before.buckets() {
        let view = TableView::new(native, from);
        if let Some(slot) = (0..native.slots()).find(|slot| view.key(*slot) == key) {
            let place = &mut from[COUNTS + slot];
            *place = place.wrapping_sub(count);
        }
    }
}

/// Makes the table of a series as coarse as what was read of it with those of all threads, so
/// that it is never read any finer; under the lock.
pub(crate) fn keep_coarse(native: NativeConfig, shared: &[AtomicU64], read: &[u64]) {
    let is_as_coarse = [SHIFT, THRESHOLD]
        .into_iter()
        .all(|at| shared[at].load(Ordering::Relaxed) == read[at]);
    if is_as_coarse {
        return;
    }
    let mut words = [0; MAX_WORDS];
    let mut own = Table::new(native, table::load(native, shared, &mut words));
    own.coarsen(TableView::new(native, read));
    table::store(shared, own.words);
}

/// A table that is only read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TableView<'a> {
    native: NativeConfig,
    words: &'a [u64],
}

impl<'a> TableView<'a> {
    pub(crate) fn new(native: NativeConfig, words: &'a [u64]) -> Self {
        TableView { native, words }
    }

    /// The table as data.
    pub(crate) fn snapshot(self) -> NativeHistogramSnapshot {
        let mut snapshot = NativeHistogramSnapshot::default();
        self.fill(&mut snapshot);
        snapshot
    }

    /// Puts the table in place of what the snapshot held.
    pub(crate) fn fill(self, snapshot: &mut NativeHistogramSnapshot) {
        snapshot.schema = i32::from(self.native.schema) - self.scale() as i32;
        snapshot.zero_threshold = self.zero_threshold();
        snapshot.zero_count = self.zero_count();
        snapshot.positive.clear();
        snapshot.negative.clear();
        for (key, count) in self.buckets() {
            let side = if key.is_negative() {
                &mut snapshot.negative
            } else {
                &mut snapshot.positive
            };
            side.push((key.index() as i32, count));
        }
        snapshot.positive.sort_unstable();
        snapshot.negative.sort_unstable();
    }

    pub(super) fn scale(self) -> u64 {
        self.words[SHIFT].saturating_sub(self.native.shift(0).into())
    }

    pub(super) fn zero_threshold(self) -> f64 {
        f64::from_bits(self.native.zero_threshold.max(self.words[THRESHOLD]))
    }

    fn zero_count(self) -> u64 {
        self.words[COUNTS + self.native.zero()]
    }

    fn key(self, slot: usize) -> Key {
        Key::from_word(self.words[self.native.key_word(slot)])
    }

    /// Buckets in which something was counted: a key may stand before its first count.
    fn buckets(self) -> impl Iterator<Item = (Key, u64)> + use<'a> {
        (0..self.native.slots())
            .map(move |slot| (self.key(slot), self.words[COUNTS + slot]))
            .filter(|(key, count)| *key != Key::NONE && *count > 0)
    }

    /// The least zero threshold from this one up that cuts none of the buckets in two.
    fn clear_of_buckets(self, threshold: f64) -> f64 {
        // What a bucket holds lies beyond the table's own threshold, even if the bucket does not.
        if threshold <= self.zero_threshold() {
            return threshold;
        }
        let shift = self.native.shift(self.scale());
        let index = index::coarser(index::finest(threshold.to_bits()), shift);
        let is_cut = self.buckets().any(|(key, _)| key.index() == index);
        if is_cut {
            index::upper(index, shift)
        } else {
            threshold
        }
    }
}

/// A table that can be changed.
pub(super) struct Table<'a> {
    native: NativeConfig,
    pub(super) words: &'a mut [u64],
    /// How many slots have a key.
    pub(super) used: usize,
}

impl<'a> Table<'a> {
    pub(super) fn new(native: NativeConfig, words: &'a mut [u64]) -> Self {
        words[SHIFT] = words[SHIFT].max(native.shift(0).into());
        words[THRESHOLD] = words[THRESHOLD].max(native.zero_threshold);
        let view = TableView::new(native, words);
        let used = (0..native.slots()).filter(|slot| view.key(*slot) != Key::NONE);
        Table {
            native,
            used: used.count(),
            words,
        }
    }

    pub(super) fn view(&self) -> TableView<'_> {
        TableView::new(self.native, self.words)
    }

    /// Adds to a bucket of a table with this scale, which is no coarser.
    fn add(&mut self, scale: u64, key: Key, count: u64) {
        let upper = index::upper(key.index(), self.native.shift(scale));
        loop {
            if upper <= self.view().zero_threshold() {
                return self.add_to_zero(count);
            }
            let by = (self.view().scale() - scale) as u32;
            let key = Key::new(index::coarser(key.index(), by), key.is_negative());
            let shift = self.native.shift(self.view().scale());
            let mut slot = self.native.first(key, shift);
            while self.view().key(slot) != key && self.view().key(slot) != Key::NONE {
                slot = self.native.after(slot);
            }
            if self.view().key(slot) == Key::NONE {
                if self.used >= self.native.max_buckets.into() && self.make_room(0) {
                    continue;
                }
                self.words[self.native.key_word(slot)] = key.word();
                self.used += 1;
            }
            let place = &mut self.words[COUNTS + slot];
            *place = place.wrapping_add(count);
            return;
        }
    }

    fn add_to_zero(&mut self, count: u64) {
        let zero = &mut self.words[COUNTS + self.native.zero()];
        *zero = zero.wrapping_add(count);
    }

    /// Makes the buckets fewer, as the specification has it: the zero bucket is widened while it
    /// may be, to a bound that tables of this scale have as well; then the resolution is halved.
    /// False when it is the coarsest.
    pub(super) fn make_room(&mut self, least_scale: u64) -> bool {
        let view = self.view();
        let scale = view.scale();
        let by = least_scale.saturating_sub(scale) as u32;
        let shift = self.native.shift(scale) + by;
        let indices = view.buckets().map(|(key, _)| key.index());
        let nearest = indices.min().map_or(f64::MAX, |index| {
            index::upper(index::coarser(index, by), shift)
        });
        let threshold = view.zero_threshold();
        if nearest <= f64::from_bits(self.native.max_zero_threshold) {
            self.rebuild(scale, nearest);
        } else if i64::from(self.native.schema) - scale as i64 > i64::from(COARSEST) {
            self.rebuild(scale + 1, threshold);
        } else {
            return false;
        }
        true
    }

    /// Makes this table as coarse as another one where it is finer.
    ///
    /// The zero threshold is the wider one; between tables of two metrics that add up to one
    /// series it may have to be wider than either, as the specification has it.
    pub(super) fn coarsen(&mut self, other: TableView<'_>) {
        let view = self.view();
        let mut threshold = view.zero_threshold().max(other.zero_threshold());
        loop {
            let clear = view.clear_of_buckets(threshold);
            let clear = other.clear_of_buckets(clear);
            if clear.total_cmp(&threshold).is_eq() {
                break;
            }
            threshold = clear;
        }
        let scale = view.scale().max(other.scale());
        if scale > view.scale() || threshold > view.zero_threshold() {
            self.rebuild(scale, threshold);
        }
    }

    /// Sorts all buckets in again, at another scale or under another zero threshold.
    pub(super) fn rebuild(&mut self, scale: u64, threshold: f64) {
        let mut before = [0; MAX_WORDS];
        let before = &mut before[..self.words.len()];
        before.copy_from_slice(self.words);
        let before = TableView::new(self.native, before);
        self.words.fill(0);
        self.used = 0;
        self.words[SHIFT] = self.native.shift(scale).into();
        self.words[THRESHOLD] = threshold.to_bits();
        self.add_to_zero(before.zero_count());
        for (key, count) in before.buckets() {
            self.add(before.scale(), key, count);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::native::table::find_or_insert_bucket;

    const FINE: NativeConfig = NativeConfig::DEFAULT
        .growth(1.005)
        .max_buckets(20)
        .negative()
        .with_classic_bounds(&[]);

    /// A table that a thread would have made of these values.
    fn filled(native: NativeConfig, values: &[f64]) -> Vec<u64> {
        let words: Vec<AtomicU64> = (0..native.words()).map(|_| AtomicU64::new(0)).collect();
        for value in values {
            let observed = *value;
            let place = native
                .find_bucket(&words, observed)
                .unwrap_or_else(|| find_or_insert_bucket(native, &words, *value, &|| None));
            words[COUNTS + place].fetch_add(1, Ordering::Relaxed);
        }
        words.into_iter().map(AtomicU64::into_inner).collect()
    }

    fn snapshot(native: NativeConfig, words: &[u64]) -> NativeHistogramSnapshot {
        TableView::new(native, words).snapshot()
    }

    /// Values of both signs over many powers of two.
    fn values(seed: u64, count: usize) -> Vec<f64> {
        let mut bits = seed;
        let mut next = || {
            bits = bits.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (bits >> 40) as f64 / f64::from(1 << 24)
        };
        let value = |_| (next() - 0.3) * (next() * 12.0).exp2();
        (0..count).map(value).collect()
    }

    #[test]
    fn words_that_are_zero_are_a_table_without_observations() {
        let empty = snapshot(FINE, &vec![0; FINE.words()]);
        assert_eq!((empty.schema, empty.zero_count), (8, 0));
        assert!(empty.positive.is_empty() && empty.negative.is_empty());
        assert_eq!(empty.zero_threshold.to_bits(), FINE.zero_threshold);
    }

    #[test]
    fn the_largest_table_has_room_for_what_the_coarsest_schema_needs() {
        let largest = NativeConfig::DEFAULT
            .zero_threshold(0.0)
            .negative()
            .with_classic_bounds(&[]);
        assert_eq!(largest.slots(), table::MAX_SLOTS);
        assert!(largest.most_buckets() * 3 <= table::MAX_SLOTS * 2);
        assert_eq!(NativeConfig::DEFAULT.with_classic_bounds(&[]).slots(), 256);
    }

    #[test]
    fn tables_add_up_to_the_table_of_all_values_in_any_order() {
        for round in 0..if cfg!(miri) { 2 } else { 50 } {
            let parts: Vec<_> = (0..4).map(|part| values(round * 7 + part, 30)).collect();
            let all: Vec<f64> = parts.iter().flatten().copied().collect();
            let expected = snapshot(FINE, &filled(FINE, &all));
            for first in 0..parts.len() {
                let mut sum = vec![0; FINE.words()];
                for at in 0..parts.len() {
                    let part = &parts[(first + at) % parts.len()];
                    merge(FINE, &mut sum, &filled(FINE, part));
                }
                assert_eq!(snapshot(FINE, &sum), expected);
            }
        }
    }

    #[test]
    fn what_a_table_held_before_is_taken_out_of_one_that_has_become_coarser() {
        for seed in 0..100 {
            let (first, second) = (values(seed, 15), values(seed + 1000, 40));
            let mut words = filled(FINE, &[&first[..], &second[..]].concat());
            let mut counted = filled(FINE, &second);
            Table::new(FINE, &mut counted).coarsen(TableView::new(FINE, &words));
            subtract(FINE, &mut words, &filled(FINE, &first));
            assert_eq!(snapshot(FINE, &words), snapshot(FINE, &counted));
        }
    }

    #[test]
    fn as_much_is_left_of_a_table_as_came_since_where_the_zero_bucket_grows() {
        let native = FINE.max_zero_threshold(0.5);
        for seed in 0..100 {
            let (first, second) = (values(seed, 15), values(seed + 1000, 40));
            let mut words = filled(native, &[&first[..], &second[..]].concat());
            subtract(native, &mut words, &filled(native, &first));
            assert_eq!(snapshot(native, &words).count(), Some(40));
        }
    }

    #[test]
    fn a_table_that_is_as_coarse_as_another_has_the_same_observations() {
        let mut own = filled(FINE, &[1.0, 1.01, -5.0, 0.0]);
        let other = filled(FINE, &values(1, 200));
        let words: Vec<AtomicU64> = own.drain(..).map(AtomicU64::new).collect();
        keep_coarse(FINE, &words, &other);
        let own: Vec<u64> = words.into_iter().map(AtomicU64::into_inner).collect();
        let (own, other) = (snapshot(FINE, &own), snapshot(FINE, &other));
        assert_eq!(own.schema, other.schema);
        let both = own.positive.iter().chain(&own.negative);
        assert_eq!(
            both.map(|(_, count)| count).sum::<u64>() + own.zero_count,
            4
        );
    }

    /// The specification, section "Zero bucket".
    #[test]
    fn the_zero_threshold_of_a_sum_cuts_no_bucket_in_two() {
        let native = NativeConfig::DEFAULT.growth(2.0).max_zero_threshold(1.0);
        let native = native.with_classic_bounds(&[]);
        let mut wide = filled(native, &[0.3, 0.9, 3.0]);
        Table::new(native, &mut wide).rebuild(0, 0.5);
        let mut coarse = filled(native, &[0.3, 2.0]);
        // One bucket from above 1/4 up to 1.
        let declared = f64::from_bits(native.zero_threshold);
        Table::new(native, &mut coarse).rebuild(1, declared);
        merge(native, &mut coarse, &wide);
        let sum = snapshot(native, &coarse);
        assert_eq!(
            (sum.zero_threshold.to_bits(), sum.zero_count),
            (1_f64.to_bits(), 3)
        );
        assert_eq!((sum.schema, sum.positive), (-1, vec![(1, 2)]));
    }

    #[test]
    fn no_table_is_made_coarser_than_the_series_knows() {
        let native = NativeConfig::DEFAULT.max_buckets(4).max_zero_threshold(1.0);
        let native = native.with_classic_bounds(&[]);
        let words =
            || -> Vec<AtomicU64> { (0..native.words()).map(|_| AtomicU64::new(0)).collect() };
        let (shared, own) = (words(), words());
        // As they are once something was counted.
        for (at, least) in [
            (SHIFT, native.shift(0).into()),
            (THRESHOLD, native.zero_threshold),
        ] {
            shared[at].store(least, Ordering::Relaxed);
        }
        for value in values(3, 300) {
            let value = value.abs();
            let place = native
                .find_bucket(&own, value)
                .unwrap_or_else(|| find_or_insert_bucket(native, &own, value, &|| Some(&shared)));
            own[COUNTS + place].fetch_add(1, Ordering::Relaxed);
            for at in [SHIFT, THRESHOLD] {
                let [own, shared] = [&own, &shared].map(|words| words[at].load(Ordering::Relaxed));
                assert!(own <= shared);
            }
        }
        assert!(shared[SHIFT].load(Ordering::Relaxed) > native.shift(0).into());
        assert!(shared[THRESHOLD].load(Ordering::Relaxed) > native.zero_threshold);
    }
}
