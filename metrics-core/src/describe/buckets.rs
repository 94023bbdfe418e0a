//! `const` functions that make bucket bounds, and that check bounds and quantiles.

use crate::describe::{decimal::Decimal, name::Violation};

/// Maximum number of classic buckets of a histogram, including `+Inf`.
pub(crate) const MAX_BUCKETS: usize = 256;

/// The default bounds, for durations in seconds.
///
/// The bounds of the official client libraries, from 5 ms to 10 s, and three smaller ones for calls
/// within the process.
pub const DURATION_BUCKETS: [f64; 14] = [
    0.000_1, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];

/// Returns `N` bounds, the first at `start`, each `width` above the previous one.
///
/// The bounds are those of decimal arithmetic, for instance 0.3 rather than 0.30000000000000004, if
/// `start` and `width` have at most 15 significant digits and 22 decimals.
///
/// ```
/// assert_eq!(metrics_core::linear_buckets::<3>(1.0, 2.0), [1.0, 3.0, 5.0]);
/// assert_eq!(metrics_core::linear_buckets::<3>(0.1, 0.1), [0.1, 0.2, 0.3]);
/// ```
pub const fn linear_buckets<const N: usize>(start: f64, width: f64) -> [f64; N] {
    let mut bounds = [0.0; N];
    let mut i = 0;
    while i < N {
        bounds[i] = match (Decimal::new(start), Decimal::new(width)) {
            (Some(from), Some(step)) => match from.plus(i, step) {
                Some(bound) => bound.to_f64(),
                None => start + width * i as f64,
            },
            _ => start + width * i as f64,
        };
        i += 1;
    }
    bounds
}

/// Returns `N` bounds, the first at `start`, each `factor` times the previous one.
///
/// The bounds are those of decimal arithmetic, for instance 0.01 rather than 0.010000000000000002,
/// if `start` and `factor` have at most 15 significant digits and 22 decimals, until a bound has
/// more digits than 128 bits hold.
///
/// ```
/// assert_eq!(metrics_core::exponential_buckets::<3>(1.0, 4.0), [1.0, 4.0, 16.0]);
/// assert_eq!(metrics_core::exponential_buckets::<3>(0.1, 0.1), [0.1, 0.01, 0.001]);
/// ```
pub const fn exponential_buckets<const N: usize>(start: f64, factor: f64) -> [f64; N] {
    let mut bounds = [start; N];
    let (mut exact, step) = (Decimal::new(start), Decimal::new(factor));
    let mut i = 1;
    while i < N {
        exact = match (exact, step) {
            (Some(exact), Some(step)) => exact.times(step),
            _ => None,
        };
        bounds[i] = match exact {
            Some(bound) => bound.to_f64(),
            None => bounds[i - 1] * factor,
        };
        i += 1;
    }
    bounds
}

/// Checks that there are at most 255 bounds, and that they are finite and ascending.
///
/// # Errors
///
/// Describes the violated rule and the remedy.
pub(crate) const fn check(bounds: &[f64]) -> Result<(), Violation> {
    let mut at = 0;
    while at < bounds.len() {
        if let Err(violation) = check_at(bounds, at) {
            return Err(violation);
        }
        at += 1;
    }
    Ok(())
}

/// Checks the bound at position `at`, also against the previous one.
///
/// # Errors
///
/// Describes the violated rule and the remedy.
pub(crate) const fn check_at(bounds: &[f64], at: usize) -> Result<(), Violation> {
    if at + 1 == MAX_BUCKETS {
        return Err("a histogram has at most 255 bounds; use fewer or a larger factor");
    }
    if !bounds[at].is_finite() {
        return Err("a bucket bound is not finite; `+Inf` is added by itself");
    }
    if at > 0 && bounds[at - 1].is_finite() && bounds[at] <= bounds[at - 1] {
        return Err("bucket bounds must ascend without duplicates; sort them");
    }
    Ok(())
}

/// Checks that quantiles lie between 0 and 1 and ascend.
///
/// # Errors
///
/// Describes the violated rule and the remedy.
pub(crate) const fn check_quantiles(quantiles: &[f64]) -> Result<(), Violation> {
    let mut at = 0;
    while at < quantiles.len() {
        if let Err(violation) = check_quantile_at(quantiles, at) {
            return Err(violation);
        }
        at += 1;
    }
    Ok(())
}

/// Checks the quantile at position `at`, also against the previous one.
///
/// # Errors
///
/// Describes the violated rule and the remedy.
pub(crate) const fn check_quantile_at(quantiles: &[f64], at: usize) -> Result<(), Violation> {
    if !(quantiles[at] >= 0.0 && quantiles[at] <= 1.0) {
        return Err("a quantile lies between 0 and 1; 0.99 is the 99th percentile");
    }
    if at > 0 && quantiles[at - 1] <= 1.0 && quantiles[at] <= quantiles[at - 1] {
        return Err("quantiles must ascend without duplicates; sort them");
    }
    Ok(())
}

/// Appends `+Inf` to `bounds`; `M` is `N + 1`.
#[doc(hidden)]
pub const fn with_infinity<const N: usize, const M: usize>(bounds: &[f64; N]) -> [f64; M] {
    let mut upper = [f64::INFINITY; M];
    let mut i = 0;
    while i < N {
        upper[i] = bounds[i];
        i += 1;
    }
    upper
}

/// Converts bounds in seconds, rounded to whole nanoseconds, and appends `+Inf`; `M` is `N + 1`.
#[doc(hidden)]
pub const fn nanos_with_infinity<const N: usize, const M: usize>(bounds: &[f64; N]) -> [f64; M] {
    let mut upper = with_infinity::<N, M>(bounds);
    let mut i = 0;
    while i < N {
        upper[i] = (upper[i] * 1e9 + 0.5) as u64 as f64;
        i += 1;
    }
    upper
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "bounds are the nearest floats")]
mod tests {
    use super::*;

    #[test]
    fn unsorted_or_infinite_bounds_are_invalid() {
        assert!(check(&[1.0, 1.0]).is_err());
        assert!(check(&[2.0, 1.0]).is_err());
        assert!(check(&[f64::NAN]).is_err());
        assert!(check(&[f64::INFINITY]).is_err());
        assert!(check(&[1.0, 2.0]).is_ok());
    }

    #[test]
    fn bounds_in_nanoseconds_are_integers() {
        assert_eq!(nanos_with_infinity::<2, 3>(&[0.005, 0.1])[..2], [5e6, 1e8]);
    }

    #[test]
    fn bounds_are_those_of_decimal_arithmetic() {
        let tenths = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0];
        assert_eq!(linear_buckets::<10>(0.1, 0.1), tenths);
        assert_eq!(linear_buckets::<4>(-0.3, 0.1), [-0.3, -0.2, -0.1, 0.0]);
        assert_eq!(linear_buckets::<3>(1e-9, 1e-9), [1e-9, 2e-9, 3e-9]);
        assert_eq!(
            exponential_buckets::<3>(0.001, 1.1),
            [0.001, 0.0011, 0.00121]
        );
        assert_eq!(
            exponential_buckets::<4>(0.1, 1.5),
            [0.1, 0.15, 0.225, 0.3375]
        );
        assert_eq!(exponential_buckets::<3>(1e3, 0.1), [1e3, 1e2, 1e1]);
    }

    #[test]
    fn bounds_that_are_no_short_decimals_are_computed_as_floats() {
        let long = 0.1 + 0.2;
        assert_eq!(linear_buckets::<2>(long, long), [long, long + long]);
        assert_eq!(exponential_buckets::<2>(long, long), [long, long * long]);
        assert_eq!(linear_buckets::<2>(1e300, 1e300), [1e300, 2e300]);
        let bounds = exponential_buckets::<255>(1e-6, 1.1);
        assert!(check(&bounds).is_ok());
    }

    proptest::proptest! {
        /// A bound is the number that its decimal text is parsed to.
        #[test]
        fn a_linear_bound_is_the_sum_of_decimals(
            start in -1_000_000_i64..1_000_000,
            width in 1_i64..1_000_000,
            digits in 0_usize..12,
        ) {
            let decimal = |units: i64| format!("{units}e-{digits}").parse::<f64>().expect("a float");
            let bounds = linear_buckets::<20>(decimal(start), decimal(width));
            for (at, bound) in (0..).zip(bounds) {
                proptest::prop_assert_eq!(bound, decimal(start + at * width));
            }
        }

        #[test]
        fn an_exponential_bound_is_the_product_of_decimals(
            start in 1_i64..1_000,
            factor in 11_i64..30,
            digits in 0_usize..12,
        ) {
            let start_at = format!("{start}e-{digits}").parse().expect("a float");
            let bounds = exponential_buckets::<20>(start_at, factor as f64 / 10.0);
            for (at, bound) in (0..).zip(bounds) {
                let units = i128::from(start) * i128::from(factor).pow(at);
                let text = format!("{units}e-{}", digits + at as usize);
                proptest::prop_assert_eq!(bound, text.parse::<f64>().expect("a float"));
            }
        }
    }
}
