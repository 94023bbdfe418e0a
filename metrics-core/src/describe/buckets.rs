//! Bucket layouts and the tables that find a value's bucket, all built in `const`.

use std::borrow::Cow;

use crate::describe::name::Fault;

/// The most buckets a histogram may have, `+Inf` included.
pub(crate) const MAX_BUCKETS: usize = 256;

/// The default bounds, meant for durations in seconds: those of the official clients, from 5 ms
/// to 10 s, and three below them for calls that do not leave the process.
pub const DURATION_BUCKETS: [f64; 14] = [
    0.000_1, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];

/// `N` bounds, `width` apart, the first at `start`.
///
/// ```
/// assert_eq!(metrics_core::linear_buckets::<3>(1.0, 2.0), [1.0, 3.0, 5.0]);
/// ```
pub const fn linear_buckets<const N: usize>(start: f64, width: f64) -> [f64; N] {
    let mut bounds = [0.0; N];
    let mut i = 0;
    while i < N {
        bounds[i] = start + width * i as f64;
        i += 1;
    }
    bounds
}

/// `N` bounds, each `factor` times the one before, the first at `start`.
///
/// ```
/// assert_eq!(metrics_core::exponential_buckets::<3>(1.0, 4.0), [1.0, 4.0, 16.0]);
/// ```
pub const fn exponential_buckets<const N: usize>(start: f64, factor: f64) -> [f64; N] {
    let mut bounds = [start; N];
    let mut i = 1;
    while i < N {
        bounds[i] = bounds[i - 1] * factor;
        i += 1;
    }
    bounds
}

/// Checks that bounds are finite, ascending and few enough.
///
/// # Errors
///
/// Says which rule they break and what belongs there instead.
pub(crate) const fn check(bounds: &[f64]) -> Result<(), Fault> {
    let mut at = 0;
    while at < bounds.len() {
        if let Err(fault) = check_at(bounds, at) {
            return Err(fault);
        }
        at += 1;
    }
    Ok(())
}

/// Checks one bound against the rules and the bound before it.
///
/// # Errors
///
/// Says which rule it breaks and what belongs there instead.
pub(crate) const fn check_at(bounds: &[f64], at: usize) -> Result<(), Fault> {
    if at + 1 == MAX_BUCKETS {
        return Err("a histogram has at most 255 bounds; use fewer or a larger factor");
    }
    if !bounds[at].is_finite() {
        return Err("a bucket bound is not finite; `+Inf` is added by itself");
    }
    if at > 0 && bounds[at - 1].is_finite() && bounds[at] <= bounds[at - 1] {
        return Err("bucket bounds ascend, and none stands twice; sort them");
    }
    Ok(())
}

/// Checks that quantiles lie between 0 and 1 and ascend.
///
/// # Errors
///
/// Says which rule they break and what belongs there instead.
pub(crate) const fn check_quantiles(quantiles: &[f64]) -> Result<(), Fault> {
    let mut at = 0;
    while at < quantiles.len() {
        if let Err(fault) = check_quantile_at(quantiles, at) {
            return Err(fault);
        }
        at += 1;
    }
    Ok(())
}

/// Checks one quantile against the rules and the quantile before it.
///
/// # Errors
///
/// Says which rule it breaks and what belongs there instead.
pub(crate) const fn check_quantile_at(quantiles: &[f64], at: usize) -> Result<(), Fault> {
    if !(quantiles[at] >= 0.0 && quantiles[at] <= 1.0) {
        return Err("a quantile lies between 0 and 1; 0.99 is the 99th percentile");
    }
    if at > 0 && quantiles[at - 1] <= 1.0 && quantiles[at] <= quantiles[at - 1] {
        return Err("quantiles ascend, and none stands twice; sort them");
    }
    Ok(())
}

/// Upper bounds, the last one infinite, and the way to the one for a value.
#[derive(Clone, Debug)]
#[doc(hidden)]
pub struct Buckets {
    upper: Cow<'static, [f64]>,
    table: Table,
    /// The lowest value that may be observed.
    floor: f64,
}

impl Buckets {
    /// From bounds that end in `+Inf`; see [`closed`].
    pub const fn new(upper: &'static [f64]) -> Self {
        let (bounds, _) = upper.split_at(upper.len() - 1);
        Buckets {
            upper: Cow::Borrowed(upper),
            table: Table::new(bounds),
            floor: floor(bounds),
        }
    }

    /// From bounds without `+Inf`, at run time.
    pub(crate) fn from_bounds(bounds: &[f64]) -> Self {
        let mut upper = bounds.to_vec();
        upper.push(f64::INFINITY);
        Buckets {
            upper: Cow::Owned(upper),
            table: Table::new(bounds),
            floor: floor(bounds),
        }
    }

    /// The position of the first bound that is not below `value`.
    #[inline(always)]
    pub(crate) fn find(&self, value: f64) -> usize {
        self.table.find(&self.upper, value)
    }

    /// The same for a duration. The calls that recording is dear for are too short for any bucket
    /// but the first, which is asked for in a branch that the processor foresees.
    ///
    /// Where to count is known then before the duration is. Reading the clock waits for the
    /// addresses of the loads and stores before it, and so for that: a third of what it takes to
    /// time a short call.
    #[inline(always)]
    pub(crate) fn find_duration(&self, value: f64) -> usize {
        if self.upper.first().is_some_and(|first| value <= *first) {
            return 0;
        }
        self.find(value)
    }

    /// The lowest value that a sum of observations stays meaningful with: where all bounds are
    /// positive, a negative observation would make the sum go backwards.
    #[inline(always)]
    pub(crate) fn floor(&self) -> f64 {
        self.floor
    }
}

const fn floor(bounds: &[f64]) -> f64 {
    if !bounds.is_empty() && bounds[0] < 0.0 {
        f64::MIN
    } else {
        0.0
    }
}

/// `bounds` with `+Inf` at the end; `M` is `N + 1`.
#[doc(hidden)]
pub const fn closed<const N: usize, const M: usize>(bounds: &[f64; N]) -> [f64; M] {
    let mut upper = [f64::INFINITY; M];
    let mut i = 0;
    while i < N {
        upper[i] = bounds[i];
        i += 1;
    }
    upper
}

/// Bounds in seconds as bounds in whole nanoseconds, `+Inf` at the end; `M` is `N + 1`.
#[doc(hidden)]
pub const fn closed_nanos<const N: usize, const M: usize>(bounds: &[f64; N]) -> [f64; M] {
    let mut upper = closed::<N, M>(bounds);
    let mut i = 0;
    while i < N {
        upper[i] = (upper[i] * 1e9 + 0.5) as u64 as f64;
        i += 1;
    }
    upper
}

const CELLS: usize = 256;
/// Sign, exponent and two bits of the mantissa: four cells to each power of two.
const SHIFT: u32 = 50;

/// For each stretch of values, the first bound in or above it.
#[derive(Clone, Debug)]
struct Table {
    /// The stretch of the first bound.
    base: u64,
    cells: [u8; CELLS],
    /// Whether one comparison decides: no stretch holds two bounds, and none lies outside.
    exact: bool,
}

impl Table {
    const fn new(bounds: &[f64]) -> Self {
        let mut table = Table {
            base: 0,
            cells: [0; CELLS],
            exact: false,
        };
        if bounds.is_empty() {
            table.exact = true;
            return table;
        }
        if bounds[0] <= 0.0 {
            return table;
        }
        table.base = bounds[0].to_bits() >> SHIFT;
        let mut cell = 0;
        let mut bound = 0;
        let mut exact = true;
        while cell < CELLS {
            table.cells[cell] = bound as u8;
            let start = bound;
            while bound < bounds.len()
                && bounds[bound].to_bits() >> SHIFT == table.base + cell as u64
            {
                bound += 1;
            }
            exact = exact && bound - start <= 1;
            cell += 1;
        }
        // The last cell also stands for all that lies above it.
        table.exact = exact && table.cells[CELLS - 1] as usize == bounds.len();
        table
    }

    #[inline(always)]
    fn find(&self, upper: &[f64], value: f64) -> usize {
        if !self.exact {
            return upper[..upper.len() - 1].partition_point(|bound| *bound < value);
        }
        let bits = value.to_bits();
        let cell = (bits >> SHIFT)
            .saturating_sub(self.base)
            .min(CELLS as u64 - 1);
        let first = self.cells[cell as usize] as usize;
        // As positive floats compare like their bits, the sign of the difference is the answer:
        // a comparison would invite the compiler to branch on what cannot be predicted.
        first + (upper[first].to_bits().wrapping_sub(bits) >> 63) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn naive(bounds: &[f64], value: f64) -> usize {
        bounds
            .iter()
            .position(|bound| value <= *bound)
            .unwrap_or(bounds.len())
    }

    #[test]
    fn the_table_agrees_with_a_linear_search_at_and_around_every_bound() {
        let layouts: [&[f64]; 6] = [
            &DURATION_BUCKETS,
            &linear_buckets::<30>(0.1, 0.1),
            &exponential_buckets::<40>(1e-9, 3.0),
            &exponential_buckets::<250>(1e-300, 200.0),
            &[-3.0, -1.0, 0.0, 2.0],
            &[],
        ];
        for bounds in layouts {
            let buckets = Buckets::from_bounds(bounds);
            let around = |v: f64| [v.next_down(), v, v.next_up(), v * 1.1, v / 3.0];
            let values = bounds.iter().copied().flat_map(around);
            for value in values.chain([0.0, 1e-320, 1.0, 1e300, f64::MAX]) {
                if value >= buckets.floor() {
                    let expected = naive(bounds, value);
                    assert_eq!(buckets.find(value), expected, "{value} in {bounds:?}");
                    let found = buckets.find_duration(value);
                    assert_eq!(found, expected, "{value} in {bounds:?}");
                }
            }
        }
    }

    #[test]
    fn usual_layouts_need_one_comparison() {
        assert!(Table::new(&DURATION_BUCKETS).exact);
        assert!(Table::new(&exponential_buckets::<20>(1.0, 2.0)).exact);
    }

    #[test]
    fn bounds_out_of_order_or_not_finite_are_refused() {
        assert!(check(&[1.0, 1.0]).is_err());
        assert!(check(&[2.0, 1.0]).is_err());
        assert!(check(&[f64::NAN]).is_err());
        assert!(check(&[f64::INFINITY]).is_err());
        assert!(check(&[1.0, 2.0]).is_ok());
    }

    #[test]
    fn nanosecond_bounds_are_whole() {
        assert_eq!(closed_nanos::<2, 3>(&[0.005, 0.1])[..2], [5e6, 1e8]);
    }
}
