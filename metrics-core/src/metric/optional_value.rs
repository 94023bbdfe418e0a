//! Encodes the cell of a gauge that has no value until it is set.
//!
//! Storage begins as zeros, so a cell of zeros means that there is no value. A value is stored as
//! its bits XOR those of a number that is never stored, so that no value becomes zeros.

use crate::sample::value::with_ordinary_nan;

/// The bits of the lowest `i64`, which is stored as its neighbour; both have the same `f64`.
const NO_INT: u64 = i64::MIN as u64;

/// The bits of a NaN that is never stored, because any NaN is stored as the ordinary one.
const NO_FLOAT: u64 = f64::NAN.to_bits() | 1;

/// Encodes an integer as the content of a cell.
#[inline(always)]
pub(crate) fn from_int(value: i64) -> u64 {
    value.max(-i64::MAX) as u64 ^ NO_INT
}

/// Decodes the integer in a cell; `None` if there is no value.
#[inline(always)]
pub(crate) fn int(cell: u64) -> Option<i64> {
    (cell != 0).then_some((cell ^ NO_INT) as i64)
}

/// Encodes a float as the content of a cell.
#[inline(always)]
pub(crate) fn from_float(value: f64) -> u64 {
    with_ordinary_nan(value).to_bits() ^ NO_FLOAT
}

/// Decodes the float in a cell; `None` if there is no value.
#[inline(always)]
pub(crate) fn float(cell: u64) -> Option<f64> {
    (cell != 0).then_some(f64::from_bits(cell ^ NO_FLOAT))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_integer_but_the_lowest_is_read_as_it_was_stored(value in any::<i64>()) {
            prop_assert_eq!(int(from_int(value)), Some(value.max(-i64::MAX)));
        }

        #[test]
        fn every_float_is_read_as_it_was_stored(bits in any::<u64>()) {
            let value = f64::from_bits(bits);
            let read = float(from_float(value)).map(f64::to_bits);
            prop_assert_eq!(read, Some(with_ordinary_nan(value).to_bits()));
        }
    }

    #[test]
    fn no_extreme_value_is_read_as_absent() {
        for value in [i64::MIN, i64::MIN + 1, -1, 0, 1, i64::MAX] {
            assert_eq!(int(from_int(value)), Some(value.max(-i64::MAX)));
        }
        for value in [0.0, -0.0, f64::INFINITY, f64::NEG_INFINITY, f64::NAN] {
            assert!(float(from_float(value)).is_some());
        }
        assert!(float(from_float(f64::from_bits(NO_FLOAT))).is_some_and(f64::is_nan));
    }

    #[test]
    fn zeroed_storage_is_read_as_absent() {
        assert_eq!((int(0), float(0)), (None, None));
    }
}
