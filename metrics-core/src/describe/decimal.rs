//! Decimal arithmetic at compile time, for bucket bounds such as 0.3 that floats do not add up to.
//!
//! `0.1 + 2.0 * 0.1` is `0.30000000000000004`. In this module, each float is replaced by the
//! shortest decimal number that parses to it, and a result is rounded once, at the end.

/// A fraction. Its value is that of a decimal number, so the denominator divides a power of ten.
#[derive(Clone, Copy)]
pub(super) struct Decimal {
    numerator: i128,
    denominator: i128,
}

/// The largest power of ten that is exact as an `f64`.
const MAX_DIGITS: u32 = 22;

/// Integers up to this size are exact as an `f64`.
const MAX_EXACT: i128 = 1 << f64::MANTISSA_DIGITS;

impl Decimal {
    /// The decimal number that is written for a float; `None` if it has more than 22 decimals, more
    /// than about 15 significant digits, or does not fit into an `i128`.
    #[allow(
        clippy::float_cmp,
        reason = "finds the decimal number that is exactly this float"
    )]
    pub(super) const fn new(value: f64) -> Option<Self> {
        let whole = value as i128;
        // Floats of 2^100 or more are integers as well, but arithmetic with them could overflow.
        if whole as f64 == value && whole.unsigned_abs() < 1 << 100 {
            return Some(Decimal {
                numerator: whole,
                denominator: 1,
            });
        }
        let mut power = 1.0;
        let mut denominator = 1;
        let mut digits = 0;
        while digits < MAX_DIGITS {
            digits += 1;
            power *= 10.0;
            denominator *= 10;
            let half = if value < 0.0 { -0.5 } else { 0.5 };
            let numerator = (value * power + half) as i128;
            if numerator.unsigned_abs() >= MAX_EXACT.unsigned_abs() {
                return None;
            }
            // `numerator` and `power` are exact as floats, so the quotient is rounded as a parser
            // rounds the decimal number.
            if numerator as f64 / power == value {
                return Some(Decimal::reduced(numerator, denominator));
            }
        }
        None
    }

    /// `self + n * step`; `None` on overflow.
    pub(super) const fn plus(self, n: usize, step: Self) -> Option<Self> {
        let (a, b) = (self.denominator, step.denominator);
        let common = a / common_divisor(a, b);
        let Some(denominator) = common.checked_mul(b) else {
            return None;
        };
        let Some(start) = self.numerator.checked_mul(denominator / a) else {
            return None;
        };
        let Some(step) = step.numerator.checked_mul(denominator / b) else {
            return None;
        };
        let Some(steps) = step.checked_mul(n as i128) else {
            return None;
        };
        match start.checked_add(steps) {
            Some(numerator) => Some(Decimal::reduced(numerator, denominator)),
            None => None,
        }
    }

    /// `self * factor`; `None` on overflow.
    pub(super) const fn times(self, factor: Self) -> Option<Self> {
        let Some(numerator) = self.numerator.checked_mul(factor.numerator) else {
            return None;
        };
        match self.denominator.checked_mul(factor.denominator) {
            Some(denominator) => Some(Decimal::reduced(numerator, denominator)),
            None => None,
        }
    }

    const fn reduced(numerator: i128, denominator: i128) -> Self {
        let divisor = common_divisor(numerator, denominator);
        Decimal {
            numerator: numerator / divisor,
            denominator: denominator / divisor,
        }
    }

    /// The nearest float; if two are equally near, the one whose last bit is 0.
    pub(super) const fn to_f64(self) -> f64 {
        let denominator = self.denominator.unsigned_abs();
        let numerator = self.numerator.unsigned_abs();
        let (mut quotient, mut rest) = (numerator / denominator, numerator % denominator);
        if rest == 0 {
            // The denominator of a reduced fraction that is an integer is 1. The conversion rounds
            // to the nearest float.
            return self.numerator as f64;
        }
        // Long division, until the quotient has a float's bits and one more for rounding. The last
        // bit is set if there is a remainder. `rest` is less than 2^126, so it can be doubled.
        let mut power = 1.0;
        while quotient < 1 << (f64::MANTISSA_DIGITS + 1) {
            rest *= 2;
            quotient *= 2;
            if rest >= denominator {
                rest -= denominator;
                quotient += 1;
            }
            power /= 2.0;
        }
        // Only the conversion to `f64` rounds, to the nearest float. The product is exact, because
        // `power` is a power of two that is far from the smallest float.
        let quotient = (quotient * 2 + (rest != 0) as u128) as f64;
        let magnitude = quotient * (power / 2.0);
        if self.numerator < 0 {
            -magnitude
        } else {
            magnitude
        }
    }
}

/// The greatest common divisor; the second argument is positive.
const fn common_divisor(a: i128, b: i128) -> i128 {
    let (mut a, mut b) = (a.unsigned_abs(), b.unsigned_abs());
    while a != 0 {
        (a, b) = (b % a, a);
    }
    b.cast_signed()
}
