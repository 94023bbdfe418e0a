//! A region of one series, shared by the threads of a model, and what models record into it and read.

use std::sync::Arc;

use crate::storage::{
    Reader, Region,
    histogram_block::{BUCKETS_OUT, COUNT_OUT, SUM_OUT, Sum},
    layout::Layout,
    observe,
    scalar::increment,
};

/// Reads the values of the series.
pub(crate) fn values(region: &Region) -> Vec<u64> {
    let mut read = Vec::new();
    region.read(&mut Reader::default(), [0], |_, values| {
        read = values.to_vec();
    });
    read
}

pub(crate) fn shared(layout: Layout) -> Arc<Region> {
    Arc::new(Region::single(layout))
}

/// The layout of a histogram with two classic buckets.
pub(crate) const HISTOGRAM: Layout = Layout::Histogram {
    buckets: 2,
    sum: Sum::Nanos,
    native: None,
    has_quantiles: false,
};

/// Observes the value 1 in a bucket.
pub(crate) fn observe_in(region: &Region, bucket: usize) {
    region.record_closed(0, None, |cells| observe(cells, bucket, Sum::Nanos, 1));
}

/// Reads a histogram, asserts that all parts count the same observations, and returns the count.
pub(crate) fn consistent(region: &Region) -> u64 {
    let read = values(region);
    let buckets: u64 = read[BUCKETS_OUT..].iter().sum();
    assert_eq!([read[SUM_OUT], buckets], [read[COUNT_OUT]; 2], "{read:?}");
    read[COUNT_OUT]
}

/// Adds 1 to a counter.
pub(crate) fn count(region: &Region) {
    region.record_closed(0, None, |cells| increment(&cells[0]));
}

/// Reads a counter.
pub(crate) fn total(region: &Region) -> u64 {
    values(region)[0]
}

/// Reads a counter twice, asserts that it does not decrease, and returns the second total.
pub(crate) fn watch(region: &Region) -> u64 {
    let (first, second) = (total(region), total(region));
    assert!(first <= second, "{second} after {first}");
    second
}
