//! [`QuantileSketch`]: the counts of observations in narrow ranges of values, from which quantiles
//! are estimated.
//!
//! Each range between two consecutive powers of two is divided into 64 ranges of equal width, so
//! that an estimate within a range is at most 0.78 % away from any normal float of it. The ranges
//! cover all floats, so no value is clamped and none changes the range of another one.

use crate::storage::quantiles::page::{Page, RANGES, range_bounds};

/// The sum of the counts of several [`Page`]s.
#[derive(Debug, Default)]
pub(crate) struct QuantileSketch {
    /// Ascending by their exponents.
    pages: Vec<MergedPage>,
}

/// The counts of observations that have the same exponent.
#[derive(Clone, Debug)]
struct MergedPage {
    exponent: u64,
    /// The smallest and the largest observation, as bits, which are ordered as the floats are.
    min: u64,
    max: u64,
    counts: [u64; RANGES],
}

/// The number of pages of the first read of a series; most summaries need fewer.
const FIRST_CAPACITY: usize = 16;

impl QuantileSketch {
    pub(crate) const fn new() -> Self {
        QuantileSketch { pages: Vec::new() }
    }

    /// Removes all counts and allocates memory for more pages.
    pub(crate) fn restart_with_more_capacity(&mut self) {
        self.pages.clear();
        self.pages
            .reserve((2 * self.pages.capacity()).max(FIRST_CAPACITY));
    }

    /// Adds the counts of a page. Allocates nothing: returns false if there is no memory for it.
    pub(crate) fn add(&mut self, page: &Page) -> bool {
        let exponent = page.exponent();
        let at = match self.position(exponent) {
            Ok(at) => at,
            Err(_) if self.pages.len() == self.pages.capacity() => return false,
            Err(at) => {
                self.pages.insert(at, MergedPage::new(exponent));
                at
            }
        };
        let into = &mut self.pages[at];
        let [min, max] = page.add_counts(&mut into.counts);
        into.min = into.min.min(min);
        into.max = into.max.max(max);
        true
    }

    /// Adds the counts of another sketch.
    pub(crate) fn merge(&mut self, other: &Self) {
        for from in &other.pages {
            match self.position(from.exponent) {
                Ok(at) => self.pages[at].merge(from),
                Err(at) => self.pages.insert(at, from.clone()),
            }
        }
    }

    fn position(&self, exponent: u64) -> Result<usize, usize> {
        self.pages
            .binary_search_by_key(&exponent, |page| page.exponent)
    }

    /// Each quantile with its estimate, which is NaN if there are no observations.
    pub(crate) fn quantiles(&self, quantiles: &[f64]) -> Vec<(f64, f64)> {
        let count = self.pages.iter().flat_map(|page| page.counts).sum();
        let value = |quantile: &f64| self.quantile(*quantile, count).unwrap_or(f64::NAN);
        quantiles.iter().map(|q| (*q, value(q))).collect()
    }

    /// The estimate of the observation with the rank `ceil(quantile * count)`, as in Prometheus;
    /// `None` if there are no observations. The first and the last observation are exact.
    fn quantile(&self, quantile: f64, count: u64) -> Option<f64> {
        let (first, last) = (self.pages.first()?, self.pages.last()?);
        let rank = ((quantile * count as f64).ceil() as u64).clamp(1, count.max(1));
        if rank == 1 {
            return Some(f64::from_bits(first.min));
        }
        if rank == count {
            return Some(f64::from_bits(last.max));
        }
        let mut below = 0;
        for page in &self.pages {
            for (range, count) in page.counts.iter().enumerate() {
                below += count;
                if rank <= below {
                    return Some(page.estimate(range));
                }
            }
        }
        Some(f64::from_bits(last.max))
    }
}

impl MergedPage {
    fn new(exponent: u64) -> Self {
        MergedPage {
            exponent,
            min: u64::MAX,
            max: 0,
            counts: [0; RANGES],
        }
    }

    fn merge(&mut self, other: &Self) {
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
        for (into, from) in self.counts.iter_mut().zip(&other.counts) {
            *into += from;
        }
    }

    /// The number whose largest relative difference from the values of a range is the smallest.
    fn estimate(&self, range: usize) -> f64 {
        let [lower, upper] = range_bounds(self.exponent, range);
        // Equals `2 * lower * upper / (lower + upper)`, but does not overflow for the largest
        // floats.
        let middle = lower * (2.0 / (1.0 + lower / upper));
        middle.clamp(f64::from_bits(self.min), f64::from_bits(self.max))
    }
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "some estimates are exact")]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        metric::summary::summary_layout,
        storage::{
            Region,
            quantiles::record::{self, Spare},
        },
    };

    /// The sketch of a series with these observations.
    fn sketch(values: &[f64]) -> QuantileSketch {
        let region = Region::single(summary_layout(1));
        for value in values {
            let mut spare = Spare::default();
            region.record(
                || (),
                |cells| {
                    let bits = value.to_bits();
                    assert!(record::observe_slowly(cells, bits, 1, &mut spare));
                },
            );
        }
        let mut sketch = QuantileSketch::new();
        while !region.read_window(0, &mut |page| sketch.add(page)) {
            sketch.restart_with_more_capacity();
        }
        sketch
    }

    fn quantile(values: &[f64], quantile: f64) -> f64 {
        sketch(values).quantiles(&[quantile])[0].1
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
                error <= exact * 0.0078,
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
        let p99 = |values: &[f64]| quantile(values, 0.99);
        assert_eq!(p99(&[2.0, 418.0]), 418.0);
        assert_eq!(p99(&with(9, 1000.0)), 1000.0);
        assert_eq!(p99(&with(49, 1000.0)), 1000.0);
        assert_eq!(quantile(&with(99, 1000.0), 0.999), 1000.0);
        assert_eq!(p99(&with(99, 1000.0)), 1.0);
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
    fn subnormal_floats_do_not_move_other_quantiles() {
        let mut values: Vec<f64> = (1..=100).map(f64::from_bits).collect();
        values.extend((1..=1000).map(f64::from));
        assert!((quantile(&values, 0.5) / 450.0 - 1.0).abs() < 0.0078);
        assert_eq!(quantile(&values, 0.0), f64::from_bits(1));
    }
}
