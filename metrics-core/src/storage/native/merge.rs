//! Adds and subtracts tables of native buckets, and makes tables coarser.
//!
//! The functions work on plain values: a table in a thread's storage is copied before it is
//! changed, and stored afterwards.

use std::sync::atomic::Ordering;

use super::{
    config::NativeConfig,
    index::{self, COARSEST},
    snapshot::NativeHistogramSnapshot,
    table::{self, COUNTS, Key, MAX_CELLS, REDUCED, SHIFT, STARTED, THRESHOLD},
};
use crate::storage::sync::AtomicU64;

/// Adds the table `from` to the table `into`.
pub(crate) fn merge(config: NativeConfig, into: &mut [u64], from: &[u64]) {
    let from = TableView::new(config, from);
    let mut into = Table::new(config, into);
    into.coarsen(from);
    into.add_to_zero(from.zero_count());
    for (key, count) in from.buckets() {
        into.add(from.halvings(), key, count);
    }
}

/// Subtracts from the table `from` an earlier copy of it, `before`, which may be finer.
pub(crate) fn subtract(config: NativeConfig, from: &mut [u64], before: &[u64]) {
    let mut before = before.to_vec();
    let mut before = Table::new(config, &mut before);
    let view = TableView::new(config, from);
    before.rebuild(view.halvings(), view.zero_threshold());
    let before = before.view();
    let zero = &mut from[COUNTS + config.zero_count()];
    *zero = zero.wrapping_sub(before.zero_count());
    for (key, count) in before.buckets() {
        let view = TableView::new(config, from);
        if let Some(slot) = (0..config.slots()).find(|slot| view.key(*slot) == key) {
            let place = &mut from[COUNTS + slot];
            *place = place.wrapping_sub(count);
        }
    }
}

/// Makes the shared table of a series as coarse as the sum over all threads, so that the series is
/// never read finer again. Called under the lock.
pub(crate) fn keep_coarse(config: NativeConfig, shared: &[AtomicU64], read: &[u64]) {
    let is_as_coarse = [SHIFT, THRESHOLD]
        .into_iter()
        .all(|at| shared[at].load(Ordering::Relaxed) == read[at]);
    if is_as_coarse {
        return;
    }
    let mut values = [0; MAX_CELLS];
    let mut own = Table::new(config, table::load(config, shared, &mut values));
    own.coarsen(TableView::new(config, read));
    table::store(shared, own.values);
}

/// Reads a table of native buckets.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TableView<'a> {
    config: NativeConfig,
    values: &'a [u64],
}

impl<'a> TableView<'a> {
    pub(crate) fn new(config: NativeConfig, values: &'a [u64]) -> Self {
        TableView { config, values }
    }

    /// The contents of the table as plain data.
    pub(crate) fn snapshot(self) -> NativeHistogramSnapshot {
        let mut snapshot = NativeHistogramSnapshot::default();
        self.fill(&mut snapshot);
        snapshot
    }

    /// Replaces the contents of a snapshot by those of the table.
    pub(crate) fn fill(self, snapshot: &mut NativeHistogramSnapshot) {
        snapshot.schema = i32::from(self.config.schema) - self.halvings() as i32;
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

    /// How often the resolution has been halved since the declared schema.
    pub(super) fn halvings(self) -> u64 {
        self.values[SHIFT].saturating_sub(self.config.shift(0).into())
    }

    pub(super) fn zero_threshold(self) -> f64 {
        f64::from_bits(self.config.zero_threshold.max(self.values[THRESHOLD]))
    }

    /// Unix time of the last reset in seconds; 0 before the first.
    pub(crate) fn started(self) -> f64 {
        f64::from_bits(self.values[STARTED])
    }

    fn zero_count(self) -> u64 {
        self.values[COUNTS + self.config.zero_count()]
    }

    fn key(self, slot: usize) -> Key {
        Key::from_bits(self.values[self.config.key_at(slot)])
    }

    /// The buckets that are not empty. A key is stored before its first count, so the bucket of a
    /// key may be empty.
    fn buckets(self) -> impl Iterator<Item = (Key, u64)> + use<'a> {
        (0..self.config.slots())
            .map(move |slot| (self.key(slot), self.values[COUNTS + slot]))
            .filter(|(key, count)| *key != Key::NONE && *count > 0)
    }

    /// The smallest zero threshold, at least `threshold`, that divides no bucket.
    fn threshold_between_buckets(self, threshold: f64) -> f64 {
        // The values counted in a bucket are further from zero than the table's own threshold, even
        // if the bucket's lower bound is not. So a threshold up to the table's own divides no
        // bucket.
        if threshold <= self.zero_threshold() {
            return threshold;
        }
        let shift = self.config.shift(self.halvings());
        let index = index::coarser(index::finest(threshold.to_bits()), shift);
        let is_cut = self.buckets().any(|(key, _)| key.index() == index);
        if is_cut {
            index::upper(index, shift)
        } else {
            threshold
        }
    }
}

/// Changes a table of native buckets.
pub(super) struct Table<'a> {
    config: NativeConfig,
    pub(super) values: &'a mut [u64],
    /// The number of slots that have a key.
    pub(super) used: usize,
}

impl<'a> Table<'a> {
    pub(super) fn new(config: NativeConfig, values: &'a mut [u64]) -> Self {
        values[SHIFT] = values[SHIFT].max(config.shift(0).into());
        values[THRESHOLD] = values[THRESHOLD].max(config.zero_threshold);
        let view = TableView::new(config, values);
        let used = (0..config.slots()).filter(|slot| view.key(*slot) != Key::NONE);
        Table {
            config,
            used: used.count(),
            values,
        }
    }

    pub(super) fn view(&self) -> TableView<'_> {
        TableView::new(self.config, self.values)
    }

    /// Adds `count` to the bucket that contains the bucket `key` of another table.
    ///
    /// The resolution of the other table has been halved `halvings` times; that table must not be
    /// coarser than this one.
    fn add(&mut self, halvings: u64, key: Key, count: u64) {
        let upper = index::upper(key.index(), self.config.shift(halvings));
        loop {
            if upper <= self.view().zero_threshold() {
                return self.add_to_zero(count);
            }
            let by = (self.view().halvings() - halvings) as u32;
            let key = Key::new(index::coarser(key.index(), by), key.is_negative());
            let shift = self.config.shift(self.view().halvings());
            let mut slot = self.config.first_probe(key, shift);
            while self.view().key(slot) != key && self.view().key(slot) != Key::NONE {
                slot = self.config.next_slot(slot);
            }
            if self.view().key(slot) == Key::NONE {
                if self.used >= self.config.max_buckets.into() && self.make_room(0) {
                    continue;
                }
                self.values[self.config.key_at(slot)] = key.bits();
                self.used += 1;
            }
            let place = &mut self.values[COUNTS + slot];
            *place = place.wrapping_add(count);
            return;
        }
    }

    fn add_to_zero(&mut self, count: u64) {
        let zero = &mut self.values[COUNTS + self.config.zero_count()];
        *zero = zero.wrapping_add(count);
    }

    /// Merges buckets to make room for others; false if that is impossible.
    ///
    /// As in the specification, the zero bucket is widened as long as the declaration allows; then
    /// the resolution is halved, down to the coarsest schema. A wider zero threshold is a bucket
    /// bound of all tables whose resolution has been halved at most `least_halvings` times, so that
    /// it divides no bucket of theirs.
    pub(super) fn make_room(&mut self, least_halvings: u64) -> bool {
        let view = self.view();
        let halvings = view.halvings();
        let by = least_halvings.saturating_sub(halvings) as u32;
        let shift = self.config.shift(halvings) + by;
        let indices = view.buckets().map(|(key, _)| key.index());
        let nearest = indices.min().map_or(f64::MAX, |index| {
            index::upper(index::coarser(index, by), shift)
        });
        let threshold = view.zero_threshold();
        if nearest <= f64::from_bits(self.config.max_zero_threshold) {
            self.rebuild(halvings, nearest);
        } else if i64::from(self.config.schema) - halvings as i64 > i64::from(COARSEST) {
            self.rebuild(halvings + 1, threshold);
        } else {
            return false;
        }
        true
    }

    /// Makes this table at least as coarse as another one.
    ///
    /// The zero threshold becomes the wider one of the two. It becomes wider still if that
    /// threshold divides a bucket, as it may in a sum of series of two metrics.
    pub(super) fn coarsen(&mut self, other: TableView<'_>) {
        let view = self.view();
        let mut threshold = view.zero_threshold().max(other.zero_threshold());
        loop {
            let clear = view.threshold_between_buckets(threshold);
            let clear = other.threshold_between_buckets(clear);
            if clear.total_cmp(&threshold).is_eq() {
                break;
            }
            threshold = clear;
        }
        let halvings = view.halvings().max(other.halvings());
        if halvings > view.halvings() || threshold > view.zero_threshold() {
            self.rebuild(halvings, threshold);
        }
    }

    /// Empties the table, sets its resolution and zero threshold, and adds all its buckets again.
    pub(super) fn rebuild(&mut self, halvings: u64, threshold: f64) {
        let mut before = [0; MAX_CELLS];
        let before = &mut before[..self.values.len()];
        before.copy_from_slice(self.values);
        let before = TableView::new(self.config, before);
        let resets = [STARTED, REDUCED].map(|at| (at, self.values[at]));
        self.values.fill(0);
        for (at, value) in resets {
            self.values[at] = value;
        }
        self.used = 0;
        self.values[SHIFT] = self.config.shift(halvings).into();
        self.values[THRESHOLD] = threshold.to_bits();
        self.add_to_zero(before.zero_count());
        for (key, count) in before.buckets() {
            self.add(before.halvings(), key, count);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::native::record::find_or_insert_bucket;

    const FINE: NativeConfig = NativeConfig::DEFAULT
        .growth(1.005)
        .max_buckets(20)
        .negative()
        .with_classic_bounds(&[]);

    /// The table of a thread that has observed these values.
    fn filled(config: NativeConfig, values: &[f64]) -> Vec<u64> {
        let words: Vec<AtomicU64> = (0..config.cells()).map(|_| AtomicU64::new(0)).collect();
        for value in values {
            let observed = *value;
            let count = config.find_bucket(&words, observed).unwrap_or_else(|| {
                find_or_insert_bucket(config, &words, *value, &|| None, &|| false)
            });
            words[COUNTS + count].fetch_add(1, Ordering::Relaxed);
        }
        words.into_iter().map(AtomicU64::into_inner).collect()
    }

    fn snapshot(config: NativeConfig, values: &[u64]) -> NativeHistogramSnapshot {
        TableView::new(config, values).snapshot()
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
    fn zeroed_cells_are_an_empty_table() {
        let empty = snapshot(FINE, &vec![0; FINE.cells()]);
        assert_eq!((empty.schema, empty.zero_count), (8, 0));
        assert!(empty.positive.is_empty() && empty.negative.is_empty());
        assert_eq!(empty.zero_threshold.to_bits(), FINE.zero_threshold);
    }

    #[test]
    fn the_largest_table_holds_the_buckets_of_the_coarsest_schema() {
        let largest = NativeConfig::DEFAULT
            .zero_threshold(0.0)
            .negative()
            .with_classic_bounds(&[]);
        assert_eq!(largest.slots(), table::MAX_SLOTS);
        assert!(largest.most_buckets() * 3 <= table::MAX_SLOTS * 2);
        assert_eq!(NativeConfig::DEFAULT.with_classic_bounds(&[]).slots(), 256);
    }

    #[test]
    fn the_sum_of_tables_is_the_table_of_all_values_in_any_order() {
        for round in 0..if cfg!(miri) { 2 } else { 50 } {
            let parts: Vec<_> = (0..4).map(|part| values(round * 7 + part, 30)).collect();
            let all: Vec<f64> = parts.iter().flatten().copied().collect();
            let expected = snapshot(FINE, &filled(FINE, &all));
            for first in 0..parts.len() {
                let mut sum = vec![0; FINE.cells()];
                for at in 0..parts.len() {
                    let part = &parts[(first + at) % parts.len()];
                    merge(FINE, &mut sum, &filled(FINE, part));
                }
                assert_eq!(snapshot(FINE, &sum), expected);
            }
        }
    }

    #[test]
    fn subtracting_a_finer_earlier_copy_leaves_the_later_observations() {
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
    fn subtracting_keeps_the_count_of_later_observations_when_the_zero_bucket_grows() {
        let config = FINE.max_zero_threshold(0.5);
        for seed in 0..100 {
            let (first, second) = (values(seed, 15), values(seed + 1000, 40));
            let mut words = filled(config, &[&first[..], &second[..]].concat());
            subtract(config, &mut words, &filled(config, &first));
            assert_eq!(snapshot(config, &words).count(), Some(40));
        }
    }

    #[test]
    fn making_a_table_coarser_keeps_its_observations() {
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

    /// The specification requires this property in the section "Zero bucket".
    #[test]
    fn the_zero_threshold_of_a_sum_divides_no_bucket() {
        let config = NativeConfig::DEFAULT.growth(2.0).max_zero_threshold(1.0);
        let config = config.with_classic_bounds(&[]);
        let mut wide = filled(config, &[0.3, 0.9, 3.0]);
        Table::new(config, &mut wide).rebuild(0, 0.5);
        let mut coarse = filled(config, &[0.3, 2.0]);
        // The bucket of 0.3 now reaches from above 1/4 up to 1.
        let declared = f64::from_bits(config.zero_threshold);
        Table::new(config, &mut coarse).rebuild(1, declared);
        merge(config, &mut coarse, &wide);
        let sum = snapshot(config, &coarse);
        assert_eq!(
            (sum.zero_threshold.to_bits(), sum.zero_count),
            (1_f64.to_bits(), 3)
        );
        assert_eq!((sum.schema, sum.positive), (-1, vec![(1, 2)]));
    }

    #[test]
    fn no_thread_table_is_coarser_than_the_shared_table() {
        let config = NativeConfig::DEFAULT.max_buckets(4).max_zero_threshold(1.0);
        let config = config.with_classic_bounds(&[]);
        let words =
            || -> Vec<AtomicU64> { (0..config.cells()).map(|_| AtomicU64::new(0)).collect() };
        let (shared, own) = (words(), words());
        // Sets the shift and the threshold as in a shared table in which something was counted.
        for (at, least) in [
            (SHIFT, config.shift(0).into()),
            (THRESHOLD, config.zero_threshold),
        ] {
            shared[at].store(least, Ordering::Relaxed);
        }
        for value in values(3, 300) {
            let value = value.abs();
            let count = config.find_bucket(&own, value).unwrap_or_else(|| {
                find_or_insert_bucket(config, &own, value, &|| Some(&shared), &|| false)
            });
            own[COUNTS + count].fetch_add(1, Ordering::Relaxed);
            for at in [SHIFT, THRESHOLD] {
                let [own, shared] = [&own, &shared].map(|words| words[at].load(Ordering::Relaxed));
                assert!(own <= shared);
            }
        }
        assert!(shared[SHIFT].load(Ordering::Relaxed) > config.shift(0).into());
        assert!(shared[THRESHOLD].load(Ordering::Relaxed) > config.zero_threshold);
    }
}
