//! Native histograms: buckets that grow by a factor and exist once something was observed in them.
//!
//! What they are is laid down in the Prometheus native histograms specification,
//! <https://prometheus.io/docs/specs/native_histograms/>, whose words are used here: a *schema*
//! says how finely each power of two is divided, a bucket's *index* is its place in the schema,
//! and what is no farther from zero than the *zero threshold* is counted in the *zero bucket*.

mod index;
pub(crate) mod merge;
pub(crate) mod table;

pub(crate) use merge::TableView;

use std::fmt;

use crate::describe::name::Violation;

/// What a native histogram is declared to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[doc(hidden)]
pub struct NativeConfig {
    schema: i8,
    /// Whether observations may be negative.
    negative: bool,
    max_buckets: u16,
    /// Of the table, once all else is known.
    slots: u16,
    /// The bits of two `f64`, which compare like them, as neither is negative.
    zero_threshold: u64,
    max_zero_threshold: u64,
}

/// The bits of a threshold. One that is refused must not fail once more where it is worked with.
const fn positive(threshold: f64) -> u64 {
    if threshold > 0.0 {
        threshold.to_bits()
    } else {
        0
    }
}

/// The most buckets that a declaration may allow.
pub(crate) const MAX_BUCKETS: u16 = 160;

impl NativeConfig {
    /// What the specification and the official clients take where nothing is said.
    pub const DEFAULT: Self = NativeConfig {
        schema: 3,
        negative: false,
        max_buckets: MAX_BUCKETS,
        slots: 0,
        // 2^-128, a bound in every schema.
        zero_threshold: (1023 - 128) << 52,
        max_zero_threshold: 0,
    };

    /// Buckets that are each at most this factor wider than the one before.
    #[must_use]
    pub const fn growth(mut self, growth: f64) -> Self {
        self.schema = index::schema(growth);
        self
    }

    /// A zero bucket of this breadth to both sides.
    #[must_use]
    pub const fn zero_threshold(mut self, threshold: f64) -> Self {
        self.zero_threshold = positive(threshold);
        self
    }

    /// A zero bucket that may grow to this breadth, before buckets are merged.
    #[must_use]
    pub const fn max_zero_threshold(mut self, threshold: f64) -> Self {
        self.max_zero_threshold = positive(threshold);
        self
    }

    /// So many buckets besides the zero bucket.
    #[must_use]
    pub const fn max_buckets(mut self, max: u16) -> Self {
        self.max_buckets = if max < MAX_BUCKETS { max } else { MAX_BUCKETS };
        self
    }

    /// Buckets for what is below zero, too.
    #[must_use]
    pub const fn negative(mut self) -> Self {
        self.negative = true;
        self
    }

    /// The same along with classic buckets, which take in negative values if a bound is negative.
    pub(crate) const fn with_classic_bounds(mut self, bounds: &[f64]) -> Self {
        self.negative = self.negative || (!bounds.is_empty() && bounds[0] < 0.0);
        self.slots = self.enough_slots();
        self
    }

    /// How finely each power of two is divided at first.
    #[cfg(feature = "catalog")]
    pub(crate) const fn schema(self) -> i8 {
        self.schema
    }

    /// Half the breadth of the zero bucket at first.
    #[cfg(feature = "catalog")]
    pub(crate) const fn threshold(self) -> f64 {
        f64::from_bits(self.zero_threshold)
    }

    /// How many buckets there may be.
    #[cfg(feature = "catalog")]
    pub(crate) const fn max(self) -> u16 {
        self.max_buckets
    }

    /// Whether observations may be negative.
    #[inline(always)]
    pub(crate) const fn is_negative(self) -> bool {
        self.negative
    }
}

impl fmt::Display for NativeConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let float = f64::from_bits;
        write!(
            f,
            "schema {}, zero threshold {:e} to {:e}, at most {} buckets, {}",
            self.schema,
            float(self.zero_threshold),
            float(self.zero_threshold.max(self.max_zero_threshold)),
            self.max_buckets,
            if self.negative {
                "negative ones too"
            } else {
                "none negative"
            },
        )
    }
}

/// The native part of a [`HistogramSnapshot`](crate::HistogramSnapshot): buckets that grow by a
/// factor, as the [specification] has them.
///
/// In schema `n` the bucket of index `i` holds what is above `2^((i-1) / 2^n)` and at most
/// `2^(i / 2^n)`, in the unit of the metric; a negative bucket holds the same below zero. Buckets
/// in which nothing was observed are left out. The counts of all buckets, the zero bucket
/// included, add up to the number of observations.
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
    /// From -4 to 8: each power of two is divided into 2 to the power of it. It goes down when
    /// there would be too many buckets.
    pub schema: i32,
    /// How far from zero an observation counts in the zero bucket, itself included, in the unit
    /// of the metric. It goes up if `max_zero_threshold` is declared.
    pub zero_threshold: f64,
    /// Observations in the zero bucket.
    pub zero_count: u64,
    /// Indices and counts of the buckets above zero, ascending.
    pub positive: Vec<(i32, u64)>,
    /// Indices and counts of the buckets below zero, by distance from it.
    pub negative: Vec<(i32, u64)>,
}

impl NativeHistogramSnapshot {
    /// Buckets of this schema, from -4 to 8, without observations: for a
    /// [`Collector`](crate::Collector), which gives what it has in the calls below.
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

    /// So many observations that are no farther from zero than the threshold.
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

    /// Indices and counts of the buckets above zero, ascending.
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

    /// Indices and counts of the buckets below zero, by distance from it.
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

    /// All observations; `None` when there are more than can be counted.
    pub(crate) fn count(&self) -> Option<u64> {
        let buckets = self.positive.iter().chain(&self.negative);
        buckets
            .map(|(_, count)| *count)
            .try_fold(self.zero_count, u64::checked_add)
    }

    /// Whether schema, threshold and indices are what the specification has them to be.
    pub(crate) fn is_sound(&self) -> bool {
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

/// Checks a growth factor.
///
/// # Errors
///
/// Says which rule it breaks and what belongs there instead.
pub(crate) const fn check_growth(growth: f64) -> Result<(), Violation> {
    if growth > 1.0 && growth.is_finite() {
        return Ok(());
    }
    Err("a growth factor is a number above 1; 1.1 divides each power of two into 8 buckets")
}

/// Checks a zero threshold.
///
/// # Errors
///
/// Says which rule it breaks and what belongs there instead.
pub(crate) const fn check_zero_threshold(threshold: f64) -> Result<(), Violation> {
    if threshold >= 0.0 && threshold.is_finite() {
        return Ok(());
    }
    Err("a zero threshold is finite and not negative; 0.0 is for zero alone")
}

/// Checks a limit on buckets.
///
/// # Errors
///
/// Says which rule it breaks and what belongs there instead.
pub(crate) const fn check_max_buckets(max: u16) -> Result<(), Violation> {
    if max >= 1 && max <= MAX_BUCKETS {
        return Ok(());
    }
    Err("a native histogram has at least 1 and at most 160 buckets; take a number between")
}
