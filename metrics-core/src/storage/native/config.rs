//! [`NativeConfig`]: the schema, the zero threshold and the limit of buckets that a native
//! histogram is declared with; and the checks of those numbers.

use std::fmt;

use super::index::{self, COARSEST};
use crate::describe::name::Violation;

/// The declared settings of a native histogram's buckets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[doc(hidden)]
pub struct NativeConfig {
    pub(super) schema: i8,
    /// Whether observations may be negative.
    pub(super) negative: bool,
    pub(super) max_buckets: u16,
    /// The number of slots of a table: see [`table`](super::table). Set by
    /// [`with_classic_bounds`](Self::with_classic_bounds), which is called last.
    slots: u16,
    /// The zero threshold, as the bits of an `f64`: floats that are not negative compare as their
    /// bits do.
    pub(super) zero_threshold: u64,
    /// The highest zero threshold, as the bits of an `f64`; 0 if the threshold may not be raised.
    pub(super) max_zero_threshold: u64,
    /// Nanoseconds after which a series whose buckets were merged is reset; [`u64::MAX`] for never.
    pub(super) reset_after: u64,
}

/// A day, as in Prometheus' client for Java.
const DEFAULT_RESET: u64 = 24 * 60 * 60 * 1_000_000_000;

/// The bits of a threshold; 0 if it is not above zero.
///
/// [`check_zero_threshold`] reports an invalid threshold. This function must not panic, as the
/// compiler would report a second error.
const fn threshold_bits(threshold: f64) -> u64 {
    if threshold > 0.0 {
        threshold.to_bits()
    } else {
        0
    }
}

/// The largest `max_buckets` of a declaration.
pub(crate) const MAX_BUCKETS: u16 = 160;

impl NativeConfig {
    /// The defaults of the specification (growth 1.1, which selects schema 3, and zero threshold
    /// 2^-128), with the limit of buckets that the specification calls typical.
    pub const DEFAULT: Self = NativeConfig {
        schema: 3,
        negative: false,
        max_buckets: MAX_BUCKETS,
        slots: 0,
        // 2^-128, which is a bucket bound in every schema.
        zero_threshold: (1023 - 128) << 52,
        max_zero_threshold: 0,
        reset_after: DEFAULT_RESET,
    };

    /// Sets the coarsest schema whose bucket bounds grow by at most this factor, or the finest if
    /// none does.
    #[must_use]
    pub const fn growth(mut self, growth: f64) -> Self {
        self.schema = index::schema(growth);
        self
    }

    /// Sets the zero threshold: values at most this far from zero count in the zero bucket.
    #[must_use]
    pub const fn zero_threshold(mut self, threshold: f64) -> Self {
        self.zero_threshold = threshold_bits(threshold);
        self
    }

    /// Sets how far the zero threshold may be raised to save buckets, before buckets are merged.
    #[must_use]
    pub const fn max_zero_threshold(mut self, threshold: f64) -> Self {
        self.max_zero_threshold = threshold_bits(threshold);
        self
    }

    /// Sets the largest number of buckets, at most 160, not counting the zero bucket.
    ///
    /// A series exceeds it only if it still has more buckets in the coarsest schema.
    #[must_use]
    pub const fn max_buckets(mut self, max: u16) -> Self {
        self.max_buckets = if max < MAX_BUCKETS { max } else { MAX_BUCKETS };
        self
    }

    /// Sets after how many nanoseconds a series whose buckets were merged is reset; never if it is
    /// 0.
    #[must_use]
    pub const fn reset_after(mut self, nanos: u64) -> Self {
        self.reset_after = if nanos == 0 { u64::MAX } else { nanos };
        self
    }

    /// Whether series whose buckets were merged are reset later.
    pub(crate) const fn has_resets(self) -> bool {
        self.reset_after != u64::MAX
    }

    /// Allows negative observations.
    #[must_use]
    pub const fn negative(mut self) -> Self {
        self.negative = true;
        self
    }

    /// Completes the configuration for a family with these classic bounds.
    ///
    /// Negative observations are allowed if a bound is negative.
    pub(crate) const fn with_classic_bounds(mut self, bounds: &[f64]) -> Self {
        self.negative = self.negative || (!bounds.is_empty() && bounds[0] < 0.0);
        self.slots = self.enough_slots();
        self
    }

    /// The largest number of buckets that a table may have to hold, without the zero bucket.
    ///
    /// More than `max_buckets` if even the coarsest schema can exceed that limit.
    pub(super) const fn most_buckets(self) -> usize {
        let exponent = match (self.zero_threshold >> 52) as i32 {
            0 => -1074,
            biased => biased - 1023,
        };
        // The number of buckets of the coarsest schema, from the zero threshold up to 2^1024.
        let most = 64 - exponent.div_euclid(1 << -COARSEST) + 1;
        let most = most as usize * (1 + self.negative as usize);
        if most > self.max_buckets as usize {
            most
        } else {
            self.max_buckets as usize
        }
    }

    /// The number of slots of a table: a power of two, of which at most two thirds are used.
    const fn enough_slots(self) -> u16 {
        let most = self.most_buckets();
        (most + most / 2).next_power_of_two() as u16
    }

    #[inline(always)]
    pub(super) const fn slots(self) -> usize {
        self.slots as usize
    }

    /// The declared schema, which a series has until it exceeds its limit of buckets.
    #[cfg(feature = "catalog")]
    pub(crate) const fn schema(self) -> i8 {
        self.schema
    }

    /// The declared zero threshold.
    #[cfg(feature = "catalog")]
    pub(crate) const fn declared_zero_threshold(self) -> f64 {
        f64::from_bits(self.zero_threshold)
    }

    /// The largest number of buckets, not counting the zero bucket.
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
            "schema {}, zero threshold {:e} to {:e}, at most {} buckets, {}, {}",
            self.schema,
            float(self.zero_threshold),
            float(self.zero_threshold.max(self.max_zero_threshold)),
            self.max_buckets,
            if self.negative {
                "with negative values"
            } else {
                "without negative values"
            },
            if self.has_resets() {
                format!("reset after {} s", self.reset_after as f64 / 1e9)
            } else {
                "never reset".to_owned()
            },
        )
    }
}

/// Checks a growth factor.
///
/// # Errors
///
/// States the rule that the value breaks, and valid values.
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
/// States the rule that the value breaks, and valid values.
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
/// States the rule that the value breaks, and valid values.
pub(crate) const fn check_max_buckets(max: u16) -> Result<(), Violation> {
    if max >= 1 && max <= MAX_BUCKETS {
        return Ok(());
    }
    Err("a native histogram has at least 1 and at most 160 buckets; take a number between")
}
