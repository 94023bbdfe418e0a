//! [`HistogramSnapshot`]: a histogram's values, read from a metric or made by a collector.

use crate::storage::native::NativeHistogramSnapshot;

/// The state of a [`Histogram`](crate::Histogram): count, sum and buckets of the same observations.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct HistogramSnapshot {
    /// Number of observations.
    pub count: u64,
    /// Sum of the observations.
    pub sum: f64,
    /// The upper bound of each bucket, the last one infinite, and its number of observations, not
    /// cumulative.
    pub buckets: Vec<(f64, u64)>,
    /// The native buckets, if the histogram has them.
    pub native: Option<NativeHistogramSnapshot>,
}

impl HistogramSnapshot {
    /// A histogram with classic buckets, for a [`Collector`](crate::Collector) to write.
    ///
    /// `buckets` are pairs of an upper bound, ascending, and the number of observations in this
    /// bucket alone (not cumulative as in the exposition formats). The last bound is
    /// `f64::INFINITY`; if it is missing, an empty bucket with this bound is added.
    ///
    /// ```
    /// use metrics_core::HistogramSnapshot;
    ///
    /// let sizes = HistogramSnapshot::from_buckets([(0.1, 5), (1.0, 2), (f64::INFINITY, 1)], 9.5);
    /// assert_eq!((sizes.count, sizes.sum), (8, 9.5));
    /// assert_eq!(HistogramSnapshot::from_buckets([(0.1, 5)], 0.4).buckets[1], (f64::INFINITY, 0));
    /// ```
    #[must_use]
    pub fn from_buckets(buckets: impl IntoIterator<Item = (f64, u64)>, sum: f64) -> Self {
        let mut buckets: Vec<(f64, u64)> = buckets.into_iter().collect();
        let last = buckets.last().map(|(bound, _)| *bound);
        if last.is_none_or(|bound| bound < f64::INFINITY) {
            buckets.push((f64::INFINITY, 0));
        }
        let counts = buckets.iter().map(|(_, count)| *count);
        HistogramSnapshot {
            // A count that saturates is rejected when the collector writes the histogram.
            count: counts.fold(0, u64::saturating_add),
            sum,
            buckets,
            native: None,
        }
    }

    /// A histogram with native buckets only, for a [`Collector`](crate::Collector) to write.
    ///
    /// ```
    /// use metrics_core::{HistogramSnapshot, NativeHistogramSnapshot};
    ///
    /// let native = NativeHistogramSnapshot::new(0).positive([(1, 2), (2, 1)]);
    /// assert_eq!(HistogramSnapshot::from_native(native, 6.5).count, 3);
    /// ```
    #[must_use]
    pub fn from_native(native: NativeHistogramSnapshot, sum: f64) -> Self {
        let count = native.count().unwrap_or(u64::MAX);
        HistogramSnapshot {
            count,
            sum,
            buckets: vec![(f64::INFINITY, count)],
            native: Some(native),
        }
    }

    /// Adds native buckets, which describe the same observations as the classic ones.
    ///
    /// ```
    /// use metrics_core::{HistogramSnapshot, NativeHistogramSnapshot};
    ///
    /// let both = HistogramSnapshot::from_buckets([(1.0, 0), (4.0, 3)], 6.5)
    ///     .with_native(NativeHistogramSnapshot::new(0).positive([(1, 2), (2, 1)]));
    /// assert!(both.native.is_some());
    /// ```
    #[must_use]
    pub fn with_native(mut self, native: NativeHistogramSnapshot) -> Self {
        self.native = Some(native);
        self
    }
}
