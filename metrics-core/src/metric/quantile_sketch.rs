//! [`QuantileSketch`]: counts observations in narrow buckets, from which quantiles are estimated.
//!
//! The buckets are those of native histograms in schema 6: their bounds grow by the factor
//! `2^(1/64)`, so that an estimate within a bucket is at most 0.55 % away from any value of it. The
//! buckets cover all floats, so no value is clamped and none changes the bucket of another one.
//! Counts are stored in pages, each of which covers the values between two powers of two: memory
//! grows with the number of such ranges that have observations.

use std::collections::BTreeMap;

use crate::storage::native::index;

/// The number of buckets in a page, which covers the values between two powers of two.
const PAGE: i64 = 64;
/// The right shift that turns an index of the finest schema into one of schema 6.
const SHIFT: u32 = 2;

/// The counts of observations that are finite and not negative, by bucket.
#[derive(Debug)]
pub(crate) struct QuantileSketch {
    count: u64,
    zeros: u64,
    min: f64,
    max: f64,
    /// The pages by the exponent of the power of two below their values.
    pages: BTreeMap<i16, Box<[u64; PAGE as usize]>>,
}

impl QuantileSketch {
    pub(crate) const fn new() -> Self {
        QuantileSketch {
            count: 0,
            zeros: 0,
            min: f64::INFINITY,
            max: 0.0,
            pages: BTreeMap::new(),
        }
    }

    /// Counts an observation, which is finite and not negative.
    pub(crate) fn add(&mut self, value: f64) {
        self.count += 1;
        self.min = self.min.min(value);
        self.max = self.max.max(value);
        if value > 0.0 {
            let bucket = index::coarser(index::finest(value.to_bits()), SHIFT) - 1;
            let page = bucket.div_euclid(PAGE) as i16;
            let page = self.pages.entry(page).or_insert_with(|| Box::new([0; _]));
            page[bucket.rem_euclid(PAGE) as usize] += 1;
        } else {
            self.zeros += 1;
        }
    }

    /// Adds the counts of another sketch.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.count += other.count;
        self.zeros += other.zeros;
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
        for (at, from) in &other.pages {
            let page = self.pages.entry(*at).or_insert_with(|| Box::new([0; _]));
            for (into, from) in page.iter_mut().zip(from.iter()) {
                *into += from;
            }
        }
    }

    /// Each quantile with its estimate, which is NaN if there are no observations.
    pub(crate) fn quantiles(&self, quantiles: &[f64]) -> Vec<(f64, f64)> {
        let value = |quantile: &f64| self.quantile(*quantile).unwrap_or(f64::NAN);
        quantiles.iter().map(|q| (*q, value(q))).collect()
    }

    /// The estimate of the observation with the rank `ceil(quantile * count)`, as in Prometheus;
    /// `None` if there are no observations. The first and the last observation are exact.
    fn quantile(&self, quantile: f64) -> Option<f64> {
        if self.count == 0 {
            return None;
        }
        let rank = ((quantile * self.count as f64).ceil() as u64).clamp(1, self.count);
        if rank == 1 {
            return Some(self.min);
        }
        if rank == self.count {
            return Some(self.max);
        }
        let mut below = self.zeros;
        if rank <= below {
            return Some(0.0);
        }
        for (page, counts) in &self.pages {
            for (at, count) in (0..).zip(counts.iter()) {
                below += count;
                if rank <= below {
                    let estimate = estimate(i64::from(*page) * PAGE + at);
                    return Some(estimate.clamp(self.min, self.max));
                }
            }
        }
        Some(self.max)
    }
}

/// The number whose largest relative difference from the values of a bucket is the smallest.
fn estimate(bucket: i64) -> f64 {
    let (lower, upper) = (index::upper(bucket, SHIFT), index::upper(bucket + 1, SHIFT));
    // The lowest float in the bucket. The result is limited to it, because the bucket may contain
    // a single subnormal float.
    let first = f64::from_bits(lower.to_bits() + 1).min(upper);
    // Equals `2 * lower * upper / (lower + upper)`, but does not overflow for the largest floats.
    (lower * (2.0 / (1.0 + lower / upper))).clamp(first, upper)
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "some estimates are exact")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sketch(values: &[f64]) -> QuantileSketch {
        let mut sketch = QuantileSketch::new();
        for value in values {
            sketch.add(*value);
        }
        sketch
    }

    const QUANTILES: [f64; 10] = [0.0, 0.01, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 1.0];

    /// Compares quantiles with the observations of their ranks.
    fn check(values: &mut [f64]) -> Result<(), TestCaseError> {
        let sketch = sketch(values);
        values.sort_unstable_by(f64::total_cmp);
        for (quantile, estimate) in sketch.quantiles(&QUANTILES) {
            let rank = (quantile * values.len() as f64).ceil() as usize;
            let exact = values[rank.max(1) - 1];
            let error = (estimate - exact).abs();
            prop_assert!(
                error <= exact * 0.0055,
                "{estimate} instead of {exact} at {quantile} of {}",
                values.len()
            );
        }
        Ok(())
    }

    /// Durations, heavy tails, constants, and values from the smallest to the largest normal float.
    fn value() -> impl Strategy<Value = f64> {
        let scaled =
            |decades: std::ops::Range<f64>| decades.prop_map(|decades| 10_f64.powf(decades));
        prop_oneof![
            8 => scaled(-4.0..1.0),
            2 => scaled(-307.0..308.0),
            2 => (1e-9..1.0_f64).prop_map(|uniform| uniform.powi(-2)),
            2 => Just(0.25),
            1 => Just(0.0),
            1 => prop_oneof![Just(f64::MAX), Just(f64::MIN_POSITIVE), Just(1e-300), Just(1e300)],
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

        #[test]
        fn quantiles_are_those_of_the_exact_order_statistics(
            mut values in prop_oneof![
                4 => prop::collection::vec(value(), 1..20),
                4 => prop::collection::vec(value(), 1..1_000),
                1 => prop::collection::vec(value(), 1..10_000),
            ],
        ) {
            check(&mut values)?;
        }

        #[test]
        fn merged_sketches_are_the_sketch_of_all_observations(
            a in prop::collection::vec(value(), 0..100),
            b in prop::collection::vec(value(), 1..100),
        ) {
            let mut merged = sketch(&a);
            merged.merge(&sketch(&b));
            let all = sketch(&[a, b].concat());
            prop_assert_eq!(merged.quantiles(&QUANTILES), all.quantiles(&QUANTILES));
        }
    }

    #[test]
    fn a_quantile_of_few_observations_is_the_one_of_its_rank() {
        let with = |count: usize, then: f64| [vec![1.0; count], vec![then]].concat();
        let p99 = |values: &[f64]| sketch(values).quantile(0.99);
        assert_eq!(p99(&[2.0, 418.0]), Some(418.0));
        assert_eq!(p99(&with(9, 1000.0)), Some(1000.0));
        assert_eq!(p99(&with(49, 1000.0)), Some(1000.0));
        assert_eq!(sketch(&with(99, 1000.0)).quantile(0.999), Some(1000.0));
        assert_eq!(p99(&with(99, 1000.0)), Some(1.0));
    }

    #[test]
    fn an_outlier_does_not_move_other_quantiles() {
        for outlier in [f64::MAX, 1.8e19, 5e-324, 0.0] {
            let mut values: Vec<f64> = (1..=1000).map(f64::from).collect();
            values.push(outlier);
            assert!(check(&mut values).is_ok(), "{outlier}");
        }
    }

    #[test]
    fn equal_observations_have_themselves_as_every_quantile() {
        for value in [0.0, 5e-324, 1e-310, 1e-10, 0.1, 1e300, f64::MAX] {
            let quantiles = sketch(&[value; 100]).quantiles(&QUANTILES);
            assert!(quantiles.iter().all(|(_, estimate)| *estimate == value));
        }
    }

    #[test]
    fn the_smallest_floats_are_told_apart() {
        let mut values: Vec<f64> = (1..=100).map(f64::from_bits).collect();
        assert!(check(&mut values).is_ok());
    }
}
