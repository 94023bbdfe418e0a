//! [`Buckets`]: finds the bucket of an observation with a lookup table, or by binary search if the
//! bounds do not suit the table.
//!
//! The table of a declared histogram is built at compile time. The table of a dynamic histogram is
//! built when the program creates the histogram.

use std::borrow::Cow;

/// The upper bounds of a histogram, including `+Inf`, with a table to find the bucket of a value.
#[derive(Clone, Debug)]
#[doc(hidden)]
pub struct Buckets {
    upper: Cow<'static, [f64]>,
    table: Table,
    /// The lowest valid observation; see [`Buckets::min_observation`].
    min_observation: f64,
}

impl Buckets {
    /// Builds the table for bounds that end in `+Inf`; see
    /// [`with_infinity`](crate::describe::buckets::with_infinity).
    pub const fn new(upper: &'static [f64]) -> Self {
        let (bounds, _) = upper.split_at(upper.len() - 1);
        Buckets {
            upper: Cow::Borrowed(upper),
            table: Table::new(bounds),
            min_observation: min_observation(bounds),
        }
    }

    /// Like [`new`](Self::new), at run time, from bounds without `+Inf`.
    pub(crate) fn from_bounds(bounds: &[f64]) -> Self {
        let mut upper = bounds.to_vec();
        upper.push(f64::INFINITY);
        Buckets {
            upper: Cow::Owned(upper),
            table: Table::new(bounds),
            min_observation: min_observation(bounds),
        }
    }

    /// The bucket of `value`: the position of the first bound that is not below `value`.
    #[inline(always)]
    pub(crate) fn index_of(&self, value: f64) -> usize {
        self.table.find(&self.upper, value)
    }

    /// Like [`index_of`](Self::index_of), faster for durations of short calls.
    ///
    /// With the default bounds, a call so short that the cost of recording matters is in the first
    /// bucket, which is tested with a predictable branch. The processor then continues with the
    /// address of that bucket before it knows the duration. Without the branch, the next read of
    /// the clock waits for the address; the wait is a third of the cost of timing a short call.
    #[inline(always)]
    pub(crate) fn index_of_duration(&self, value: f64) -> usize {
        if self.upper.first().is_some_and(|first| value <= *first) {
            return 0;
        }
        self.index_of(value)
    }

    /// The lowest valid observation: 0, so that the sum never decreases, or the lowest finite value
    /// if a bound is negative.
    #[inline(always)]
    pub(crate) fn min_observation(&self) -> f64 {
        self.min_observation
    }
}

const fn min_observation(bounds: &[f64]) -> f64 {
    if !bounds.is_empty() && bounds[0] < 0.0 {
        f64::MIN
    } else {
        0.0
    }
}

const CELLS: usize = 256;
/// A shift to the right by this number keeps sign, exponent and two bits of the mantissa, so that
/// the table has four cells for each power of two.
const SHIFT: u32 = 50;

/// Maps ranges of values to the first bound in or above each range.
#[derive(Clone, Debug)]
struct Table {
    /// The first bound without its lower [`SHIFT`] bits; values with these upper bits, and lower
    /// values, use the first cell.
    base: u64,
    cells: [u8; CELLS],
    /// Whether one comparison is enough: all bounds are positive, each range has at most one, and
    /// the last range has none. Otherwise a binary search is used.
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
        // The last cell is also used for all higher values, so no bound may be in it or above it.
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
        // Floats without a sign compare like their bits, so the sign of the bits' difference is
        // the result of the comparison. With `>` the compiler emits a branch, which is
        // unpredictable here.
        first + (upper[first].to_bits().wrapping_sub(bits) >> 63) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::describe::buckets::{DURATION_BUCKETS, exponential_buckets, linear_buckets};

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
                if value >= buckets.min_observation() {
                    let expected = naive(bounds, value);
                    assert_eq!(buckets.index_of(value), expected, "{value} in {bounds:?}");
                    let found = buckets.index_of_duration(value);
                    assert_eq!(found, expected, "{value} in {bounds:?}");
                }
            }
        }
    }

    #[test]
    fn common_bounds_need_one_comparison() {
        assert!(Table::new(&DURATION_BUCKETS).exact);
        assert!(Table::new(&exponential_buckets::<20>(1.0, 2.0)).exact);
    }
}
