//! Minimal code for quantiles: a sketch in a variable of the thread that records, whose estimates are
//! at most 1 % off. Part of LIMIT, the code that the recording bench compares libraries with.

/// Counts observations in buckets, 64 between two powers of two.
pub(super) struct Sketch {
    /// A bucket for each value of the upper bits of a positive float: the exponent and six bits of
    /// the mantissa. The system provides memory for the buckets that are used.
    buckets: Vec<u64>,
    count: u64,
    sum: f64,
    least: f64,
    greatest: f64,
}

impl Sketch {
    pub(super) fn new() -> Self {
        Self {
            buckets: vec![0; 1 << (11 + 6)],
            count: 0,
            sum: 0.0,
            least: f64::INFINITY,
            greatest: 0.0,
        }
    }

    /// Records an observation, which is finite and not negative.
    #[inline(always)]
    pub(super) fn observe(&mut self, value: f64) {
        if let Some(bucket) = self.buckets.get_mut((value.to_bits() >> (52 - 6)) as usize) {
            *bucket += 1;
        }
        self.count += 1;
        self.sum += value;
        self.least = self.least.min(value);
        self.greatest = self.greatest.max(value);
    }
}
