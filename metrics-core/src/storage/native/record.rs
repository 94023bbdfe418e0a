//! Finds or adds the bucket of an observation in a thread's table of native buckets.
//!
//! A thread's table is a part of its [block](crate::storage::histogram_block): between two
//! observations, the counts add up to the block's `COMMIT`. A slot's key is stored before its first
//! count, and a reader loads the counts before the keys, so that the reader knows the bucket of
//! every count. A thread that has no room for another bucket merges buckets under the lock that
//! scrapes take, so that no scrape sees a half-merged table.
//!
//! Each thread enforces the limit of buckets for its own table, and a scrape enforces it again for
//! the sum of the tables. A thread or scrape that makes buckets coarser also stores the new
//! resolution and zero threshold in the table that all threads share, so that the series never
//! becomes finer again.

use std::sync::atomic::Ordering;

use super::{
    config::NativeConfig,
    index,
    merge::Table,
    table::{self, Key, MAX_CELLS, SHIFT, THRESHOLD},
};
use crate::storage;
use crate::storage::sync::AtomicU64;

impl NativeConfig {
    /// The bits of a value; of its magnitude, if negative observations are allowed.
    #[inline(always)]
    fn magnitude(self, value: f64) -> u64 {
        if self.negative { value.abs() } else { value }.to_bits()
    }

    /// The key of the bucket of a value that is further from zero than the zero threshold.
    ///
    /// Returns a key that no bucket has for NaN, and for negative values if they are not allowed.
    #[inline(always)]
    fn key(self, value: f64, shift: u32) -> Key {
        let magnitude = self.magnitude(value);
        let finest = if self.zero_threshold >= f64::MIN_POSITIVE.to_bits() {
            index::finest_normal(magnitude)
        } else {
            index::finest(magnitude)
        };
        let index = index::coarser(finest, shift);
        Key::new(index, self.negative && value < 0.0)
    }

    /// The position of the count for a value, among the counts of this thread's table.
    ///
    /// `None` if the bucket does not exist or is not in its home slot (see `table.rs`), and for
    /// values that cannot be observed, such as NaN. The caller need not check for such values,
    /// because no home slot has their key.
    #[inline(always)]
    pub(crate) fn find_bucket(self, table: &[AtomicU64], value: f64) -> Option<usize> {
        // The threshold and the shift of an empty table are 0, which are wrong but do no harm: the
        // table has no key that could be found.
        if self.magnitude(value) <= table[THRESHOLD].load(Ordering::Relaxed) {
            return Some(self.zero_count());
        }
        let key = self.key(value, shift_of(table));
        let slot = self.home(key);
        (key_of(self, table, slot) == key).then_some(slot)
    }
}

/// Like [`NativeConfig::find_bucket`], but searches all slots and adds the bucket if it is missing.
///
/// The value must be one that can be observed. `shared` returns the series' shared table, unless
/// the series was removed. `reopen` is called under the lock: it empties the block of the table,
/// and returns true, if a reset has closed it.
pub(crate) fn find_or_insert_bucket<'s>(
    config: NativeConfig,
    table: &[AtomicU64],
    value: f64,
    shared: &dyn Fn() -> Option<&'s [AtomicU64]>,
    reopen: &dyn Fn() -> bool,
) -> usize {
    let key_of = |slot| key_of(config, table, slot);
    loop {
        let least = [
            (SHIFT, config.shift(0).into()),
            (THRESHOLD, config.zero_threshold),
        ];
        for (at, least) in least {
            let cell = &table[at];
            cell.store(cell.load(Ordering::Relaxed).max(least), Ordering::Release);
        }
        if config.magnitude(value) <= table[THRESHOLD].load(Ordering::Relaxed) {
            return config.zero_count();
        }
        let shift = shift_of(table);
        let key = config.key(value, shift);
        let mut slot = config.first_probe(key, shift);
        while key_of(slot) != key && key_of(slot) != Key::NONE {
            slot = config.next_slot(slot);
        }
        if key_of(slot) == key {
            return slot;
        }
        let used = (0..config.slots()).filter(|slot| key_of(*slot) != Key::NONE);
        if used.count() >= config.max_buckets.into()
            && storage::lock_out_scrapes(|| reopen() || make_room(config, table, shared()))
        {
            continue;
        }
        // Release: a reader that sees the key sees all earlier stores of this thread.
        table[config.key_at(slot)].store(key.bits(), Ordering::Release);
        return slot;
    }
}

#[inline(always)]
fn shift_of(table: &[AtomicU64]) -> u32 {
    table[SHIFT].load(Ordering::Relaxed) as u32
}

/// The key of a slot in this thread's table.
#[inline(always)]
fn key_of(config: NativeConfig, table: &[AtomicU64], slot: usize) -> Key {
    Key::from_bits(table[config.key_at(slot)].load(Ordering::Relaxed))
}

/// Merges buckets of this thread's table, under the lock; false if that is impossible.
///
/// The shared table has the series' resolution and zero threshold. No thread's table is coarser,
/// and a thread's table takes over that zero threshold before it becomes coarser. The threshold was
/// a bucket bound of all tables when it was chosen, so it divides no bucket of any table.
fn make_room(config: NativeConfig, table: &[AtomicU64], shared: Option<&[AtomicU64]>) -> bool {
    let mut values = [0; MAX_CELLS];
    let mut own = Table::new(config, table::load(config, table, &mut values));
    // If this thread records into the shared cells, `table` is the shared table itself.
    let shared = shared.filter(|shared| shared.as_ptr() != table.as_ptr());
    let Some(shared) = shared else {
        let has_room = own.make_room(0);
        table::store(table, own.values);
        return has_room;
    };
    let mut values = [0; MAX_CELLS];
    let mut series = Table::new(config, table::load(config, shared, &mut values));
    let (halvings, threshold) = (series.view().halvings(), series.view().zero_threshold());
    let before = own.used;
    if threshold > own.view().zero_threshold() {
        own.rebuild(own.view().halvings(), threshold);
    }
    let has_room = own.used < before || own.make_room(halvings);
    table::store(table, own.values);
    series.coarsen(own.view());
    table::store(shared, series.values);
    has_room
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(config: NativeConfig, value: f64) -> Vec<AtomicU64> {
        let table: Vec<_> = (0..config.cells()).map(|_| AtomicU64::new(0)).collect();
        find_or_insert_bucket(config, &table, value, &|| None, &|| false);
        table
    }

    #[test]
    fn a_counted_value_is_found_in_its_home_slot() {
        for growth in [1.002, 1.1, 4.0, 60_000.0] {
            let config = NativeConfig::DEFAULT
                .growth(growth)
                .with_classic_bounds(&[]);
            for value in [1e-30, 0.3, 1.0, 7e200] {
                let table = counted(config, value);
                assert!(
                    config.find_bucket(&table, value).is_some(),
                    "{value}, {growth}"
                );
            }
        }
    }

    #[test]
    fn values_that_cannot_be_observed_have_no_bucket() {
        for growth in [1.002, 1.1, 4.0, 60_000.0] {
            let both = NativeConfig::DEFAULT
                .growth(growth)
                .negative()
                .with_classic_bounds(&[]);
            for config in [
                NativeConfig::DEFAULT
                    .growth(growth)
                    .with_classic_bounds(&[]),
                both,
            ] {
                for counted_before in [f64::MAX, 1.0, 1e-30] {
                    let table = counted(config, counted_before);
                    for value in [f64::NAN, -f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
                        let found = config.find_bucket(&table, value);
                        assert_eq!(found, None, "{value} after {counted_before}, {growth}");
                    }
                    if !config.negative {
                        for value in [-0.0, -counted_before] {
                            assert_eq!(
                                config.find_bucket(&table, value),
                                None,
                                "{value}, {growth}"
                            );
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn the_largest_values_share_a_bucket_and_other_values_do_not() {
        let config = NativeConfig::DEFAULT.with_classic_bounds(&[]);
        let table = counted(config, f64::MAX);
        let place = |value| find_or_insert_bucket(config, &table, value, &|| None, &|| false);
        assert_eq!(place(f64::MAX), place(f64::MAX * 0.99));
        assert_ne!(place(f64::MAX), place(1.0));
    }
}
