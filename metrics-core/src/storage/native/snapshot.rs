//! [`NativeHistogramSnapshot`]: native histogram buckets as plain data, for users and collectors.

use super::index;

/// The native buckets of a [`HistogramSnapshot`](crate::HistogramSnapshot), as defined by the
/// [specification].
///
/// In schema `n`, the bucket with index `i` counts values above `2^((i-1) / 2^n)` and at most
/// `2^(i / 2^n)`, in the unit of the metric; the negative bucket with index `i` counts values whose
/// negation is in that range. Empty buckets are left out. The counts of all buckets, including the
/// zero bucket, add up to the number of observations.
///
/// ```
/// use metrics_core::metrics;
///
/// metrics! {
///     /// Time to answer.
///     #[buckets(native(growth = 2.0, zero_threshold = 1e-6))]
///     static ANSWER: Histogram = "api_answer_seconds";
/// }
///
/// for seconds in [0.0, 0.3, 0.5, 0.7] {
///     ANSWER.observe(seconds);
/// }
/// let native = ANSWER.get().native.expect("it is declared so");
/// assert_eq!((native.schema, native.zero_count), (0, 1));
/// // Above 1/4 and up to 1/2: two; above 1/2 and up to 1: one.
/// assert_eq!(native.positive, [(-1, 2), (0, 1)]);
/// ```
///
/// [specification]: https://prometheus.io/docs/specs/native_histograms/
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct NativeHistogramSnapshot {
    /// The resolution, from -4 to 8: bucket bounds grow by the factor `2^(1 / 2^schema)`. It is
    /// lowered if there would otherwise be more buckets than `max_buckets`.
    pub schema: i32,
    /// The zero bucket counts values at most this far from zero, in the unit of the metric. It is
    /// raised only if `max_zero_threshold` is declared.
    pub zero_threshold: f64,
    /// Observations in the zero bucket.
    pub zero_count: u64,
    /// Indices and counts of the buckets above zero, by ascending index.
    pub positive: Vec<(i32, u64)>,
    /// Indices and counts of the buckets below zero, by ascending index.
    pub negative: Vec<(i32, u64)>,
}

impl NativeHistogramSnapshot {
    /// A snapshot of this schema, from -4 to 8, without observations.
    ///
    /// For a [`Collector`](crate::Collector), which adds its buckets with the methods below.
    ///
    /// ```
    /// use metrics_core::NativeHistogramSnapshot;
    ///
    /// // Two observations above 1 and up to 2, one of exactly 0.
    /// let native = NativeHistogramSnapshot::new(0).zero_bucket(0.0, 1).positive([(1, 2)]);
    /// assert_eq!((native.schema, native.zero_count), (0, 1));
    /// assert_eq!(native.positive, [(1, 2)]);
    /// ```
    #[must_use]
    pub fn new(schema: i32) -> Self {
        NativeHistogramSnapshot {
            schema,
            ..NativeHistogramSnapshot::default()
        }
    }

    /// Sets the zero threshold, and the number of observations at most that far from zero.
    ///
    /// ```
    /// # use metrics_core::NativeHistogramSnapshot;
    /// let native = NativeHistogramSnapshot::new(3).zero_bucket(1e-9, 4);
    /// assert_eq!((native.zero_threshold, native.zero_count), (1e-9, 4));
    /// ```
    #[must_use]
    pub fn zero_bucket(mut self, threshold: f64, count: u64) -> Self {
        self.zero_threshold = threshold;
        self.zero_count = count;
        self
    }

    /// Sets the buckets above zero: indices and counts, by ascending index.
    ///
    /// ```
    /// # use metrics_core::NativeHistogramSnapshot;
    /// let native = NativeHistogramSnapshot::new(3).positive([(-1, 4), (7, 2)]);
    /// assert_eq!(native.positive.len(), 2);
    /// ```
    #[must_use]
    pub fn positive(mut self, buckets: impl IntoIterator<Item = (i32, u64)>) -> Self {
        self.positive = buckets.into_iter().collect();
        self
    }

    /// Sets the buckets below zero: indices and counts, by ascending index.
    ///
    /// ```
    /// # use metrics_core::NativeHistogramSnapshot;
    /// // Four observations from -2 to below -1.
    /// let native = NativeHistogramSnapshot::new(0).negative([(1, 4)]);
    /// assert_eq!(native.negative, [(1, 4)]);
    /// ```
    #[must_use]
    pub fn negative(mut self, buckets: impl IntoIterator<Item = (i32, u64)>) -> Self {
        self.negative = buckets.into_iter().collect();
        self
    }

    /// The number of observations; `None` on overflow.
    pub(crate) fn count(&self) -> Option<u64> {
        let buckets = self.positive.iter().chain(&self.negative);
        buckets
            .map(|(_, count)| *count)
            .try_fold(self.zero_count, u64::checked_add)
    }

    /// Whether schema, threshold and indices are in the ranges of the specification, and the
    /// buckets are in ascending order.
    pub(crate) fn is_valid(&self) -> bool {
        let schemas = i32::from(index::COARSEST)..=i32::from(index::FINEST);
        if !schemas.contains(&self.schema)
            || !self.zero_threshold.is_finite()
            || self.zero_threshold < 0.0
        {
            return false;
        }
        let shift = schemas.end().abs_diff(self.schema);
        let of = |value: f64| index::coarser(index::finest(value.to_bits()), shift);
        let indices = of(f64::from_bits(1))..=of(f64::MAX);
        let fits = |buckets: &[(i32, u64)]| {
            buckets.is_sorted_by(|(a, _), (b, _)| a < b)
                && buckets
                    .iter()
                    .all(|(at, _)| indices.contains(&i64::from(*at)))
        };
        fits(&self.positive) && fits(&self.negative)
    }
}
