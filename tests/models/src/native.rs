//! Models of native buckets: threads merge buckets of their tables while others scrape.

use std::sync::Arc;

use crate::{
    run::{check, join, spawn},
    storage::{
        Reader, Region,
        histogram_block::{COUNT_OUT, HEADER, Sum},
        layout::Layout,
        native::{NativeConfig, find_or_insert_bucket, table},
        observe_native, reopen_if_closed, sync,
    },
};

/// Few buckets, and a zero threshold near the largest values, so that a table has four slots.
const CONFIG: NativeConfig = NativeConfig::DEFAULT
    .growth(2.0)
    .zero_threshold(1e299)
    .max_buckets(2)
    .with_classic_bounds(&[]);

const LAYOUT: Layout = Layout::Histogram {
    buckets: 1,
    sum: Sum::Float,
    native: Some(CONFIG),
    has_quantiles: false,
};

/// A value above the zero threshold.
const VALUE: f64 = 1e300;

/// The position of the table of native buckets, after one classic bucket.
const TABLE: usize = HEADER + 1;

/// Observes a value as `Histogram::observe` does if it does not find the bucket in its home slot.
fn record(region: &Region, value: f64) {
    region.record_closed(0, None, |cells| {
        let shared = || Some(&region.shared_cells(0)[TABLE..]);
        let reopen = || reopen_if_closed(cells);
        loop {
            let slot = find_or_insert_bucket(CONFIG, &cells[TABLE..], value, &shared, &reopen);
            if !observe_native(cells, 1 + table::COUNTS + slot, Sum::Float, value.to_bits()) {
                break;
            }
        }
    });
}

/// Reads the histogram, asserts that its buckets count all observations, and returns their number
/// and the schema.
fn consistent(region: &Region) -> (u64, i32) {
    let mut read = (0, 0);
    region.read(&mut Reader::default(), [0], |_, values| {
        let snapshot = LAYOUT
            .native_table(values)
            .expect("native buckets")
            .snapshot();
        let buckets = snapshot.positive.iter().map(|(_, count)| count);
        let total: u64 = snapshot.zero_count + buckets.sum::<u64>();
        assert_eq!(total, values[COUNT_OUT], "{snapshot:?}");
        read = (total, snapshot.schema);
    });
    read
}

/// Reads twice and asserts that the histogram neither loses observations nor becomes finer.
fn watch(region: &Region) {
    let (first, second) = (consistent(region), consistent(region));
    assert!(first.0 <= second.0, "{second:?} after {first:?}");
    assert!(first.1 >= second.1, "{second:?} is finer than {first:?}");
}

/// The thread's table is full, and the next observation merges buckets.
pub fn a_histogram_is_consistent_while_a_thread_merges_buckets() {
    check(1, || {
        let region = Arc::new(Region::single(LAYOUT));
        for power in 0..2 {
            record(&region, VALUE * f64::from(1 << power));
        }
        let scraper = spawn({
            let region = Arc::clone(&region);
            move || watch(&region)
        });
        record(&region, VALUE * 4.0);
        join([scraper]);
        assert_eq!(consistent(&region).0, 3);
    });
}

/// Both threads merge buckets, and one of them ends.
pub fn a_histogram_does_not_become_finer_when_a_thread_ends() {
    check(1, || {
        let region = Arc::new(Region::single(LAYOUT));
        for power in 0..2 {
            record(&region, VALUE * f64::from(1 << power));
        }
        let other = spawn({
            let region = Arc::clone(&region);
            move || record(&region, VALUE * 16.0)
        });
        record(&region, VALUE * 4.0);
        let (_, schema) = consistent(&region);
        sync::end_thread();
        let (_, after) = consistent(&region);
        assert!(after <= schema, "{after} is finer than {schema}");
        join([other]);
        assert_eq!(consistent(&region).0, 4);
    });
}
