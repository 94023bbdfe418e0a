//! Finds the decimal digits of many integers at once, by vector instructions.
//!
//! This takes less than half the time of finding the digits of one number after the other. Each
//! division is a multiplication of 16-bit or 32-bit integers, for which even the oldest x86-64
//! processors have vector instructions.

use super::integer::{EIGHT_DIGITS, ZEROS, long, without_leading_zeros};
use crate::{
    format::buffer::STEP,
    storage::cpu::{WideLoop, with_wide_vectors},
};

/// The eight decimal digits of a number, from 0 to 9 each, in two arrays of four.
pub(crate) type Digits = [[u8; 4]; 2];

/// The number of integers whose digits are found together (a row); a constant, so that the loops
/// over them can be unrolled.
pub(crate) const ROW: usize = 16;

/// Finds the digits of numbers below [`EIGHT_DIGITS`]; the digits of larger numbers are wrong.
pub(crate) fn find_digits<const N: usize>(numbers: &[u64], digits: &mut [Digits; N]) {
    with_wide_vectors(FindDigits { numbers, digits });
}

/// The digits of a number in two parts: of its quotient by [`EIGHT_DIGITS`], and of the remainder.
pub(crate) type LongDigits = [Digits; 2];

/// Finds the digits of numbers below [`SIXTEEN_DIGITS`]; the digits of larger numbers are wrong.
pub(crate) fn find_long_digits<const N: usize>(numbers: &[u64], digits: &mut [LongDigits; N]) {
    with_wide_vectors(FindLongDigits { numbers, digits });
}

struct FindLongDigits<'a, const N: usize> {
    numbers: &'a [u64],
    digits: &'a mut [LongDigits; N],
}

impl<const N: usize> WideLoop for FindLongDigits<'_, N> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let mut parts = [[0; 2]; N];
        for (number, parts) in self.numbers.iter().zip(&mut parts) {
            *parts = [*number / EIGHT_DIGITS, *number % EIGHT_DIGITS];
        }
        let (rows, _) = parts.as_flattened().as_chunks::<ROW>();
        let (digits, _) = self.digits.as_flattened_mut().as_chunks_mut::<ROW>();
        for (numbers, digits) in rows.iter().zip(digits) {
            divide(numbers, digits);
        }
    }
}

struct FindDigits<'a, const N: usize> {
    numbers: &'a [u64],
    digits: &'a mut [Digits; N],
}

impl<const N: usize> WideLoop for FindDigits<'_, N> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        divide(self.numbers, self.digits);
    }
}

/// Finds the digits of rows of numbers, like [`find_digits`].
pub(crate) fn find_digits_of_rows(numbers: &[[u64; ROW]], digits: &mut [[Digits; ROW]]) {
    with_wide_vectors(FindDigitsOfRows { numbers, digits });
}

struct FindDigitsOfRows<'a> {
    numbers: &'a [[u64; ROW]],
    digits: &'a mut [[Digits; ROW]],
}

impl WideLoop for FindDigitsOfRows<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for (numbers, digits) in self.numbers.iter().zip(self.digits) {
            divide(numbers, digits);
        }
    }
}

#[inline(always)]
fn divide<const N: usize>(numbers: &[u64], digits: &mut [Digits; N]) {
    let mut fours = [[0_u16; 2]; N];
    for (number, fours) in numbers.iter().zip(&mut fours) {
        // Uses the lower 32 bits, because vectors multiply 32 bits at once. Eight digits fit.
        let number = u64::from(*number as u32);
        let four = (number * TEN_THOUSANDTH) >> 45;
        *fours = [four as u16, number.wrapping_sub(10_000 * four) as u16];
    }
    for (four, digits) in fours.as_flattened().iter().zip(digits.as_flattened_mut()) {
        let two = ((u32::from(*four) * 5_243) >> 16) as u16 >> 3;
        let rest = four.wrapping_sub(100 * two);
        *digits = (u32::from(pair(two)) | u32::from(pair(rest)) << 16).to_le_bytes();
    }
}

/// 2^45 / 10,000, rounded up, for a division by multiplication and shift. The quotients are exact
/// for numbers of up to 27 bits, and eight digits take at most 27.
const TEN_THOUSANDTH: u64 = (1 << 45) / 10_000 + 1;
const _: () = assert!(TEN_THOUSANDTH >> 32 == 0);

/// The two digits of a number below a hundred, the first one in the lower byte.
#[inline(always)]
const fn pair(n: u16) -> u16 {
    let ten = n.wrapping_mul(103) >> 10;
    (n << 8).wrapping_sub(ten.wrapping_mul((10 << 8) - 1))
}

/// Writes a number below [`EIGHT_DIGITS`], given as its digits, and ends the line.
///
/// Returns the number of bytes.
#[inline(always)]
pub(crate) fn put_line(out: &mut [u8; 16], digits: &Digits) -> usize {
    let (text, len) = without_leading_zeros(as_word(digits));
    out[..8].copy_from_slice(&text.to_le_bytes());
    // The modulo saves a bounds check; `len` is at most eight.
    out[len % 16] = b'\n';
    len + 1
}

/// Writes any number, given with its digits if it is below [`SIXTEEN_DIGITS`], and ends the line.
///
/// Returns the number of bytes. Has no branch on the number of digits, which the processor predicts
/// badly if some numbers have more than eight digits.
#[inline(always)]
pub(crate) fn put_long_line(out: &mut [u8; 16 + STEP], n: u64, digits: &LongDigits) -> usize {
    if n < SIXTEEN_DIGITS {
        let [upper, lower] = digits.each_ref().map(as_word);
        let digits = u128::from(upper) | u128::from(lower) << 64;
        // As in `without_leading_zeros`, the last digit is written even if it is 0.
        let zeros = (digits | (1 << 120)).trailing_zeros() & !7;
        let text = (digits | LONG_ZEROS) >> zeros;
        out[..16].copy_from_slice(&text.to_le_bytes());
        let len = 16 - zeros as usize / 8;
        out[len % STEP] = b'\n';
        return len + 1;
    }
    put_text(out, n)
}

/// Writes any number and ends the line. Uses `digits` only if the number is below [`EIGHT_DIGITS`].
///
/// Returns the number of bytes.
#[inline(always)]
pub(crate) fn put_any_line(out: &mut [u8; 16 + STEP], n: u64, digits: &Digits) -> usize {
    if n < EIGHT_DIGITS
        && let Some(out) = out.first_chunk_mut()
    {
        return put_line(out, digits);
    }
    put_text(out, n)
}

/// Writes a number with more than eight digits and ends the line. Returns the number of bytes.
#[inline(always)]
fn put_text(out: &mut [u8; 16 + STEP], n: u64) -> usize {
    let (text, len) = long(n);
    out[..STEP].copy_from_slice(&text);
    out[len % STEP] = b'\n';
    len + 1
}

/// Numbers below this have at most sixteen digits.
const SIXTEEN_DIGITS: u64 = EIGHT_DIGITS * EIGHT_DIGITS;

/// `'0'` in every byte.
const LONG_ZEROS: u128 = ZEROS as u128 | (ZEROS as u128) << 64;

/// All eight digits in one word, which the processor loads at once.
#[inline(always)]
fn as_word(digits: &Digits) -> u64 {
    let digits = digits.as_flattened().first_chunk();
    digits.map_or(0, |digits| u64::from_le_bytes(*digits))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_a_batch_are_written_like_each_alone() {
        let up_to_eight = (0..EIGHT_DIGITS).step_by(977);
        let up_to_eight = up_to_eight.chain(EIGHT_DIGITS - 300..EIGHT_DIGITS + 300);
        let tens = (3..20).flat_map(|power| {
            let ten = 10_u64.pow(power);
            [ten - 1, ten, ten + 1]
        });
        let numbers = (0..1_000).chain(tens).chain(up_to_eight);
        let numbers: Vec<u64> = numbers.chain([u64::MAX]).collect();
        for numbers in numbers.chunks(100) {
            let mut digits = [Digits::default(); 128];
            find_digits(numbers, &mut digits);
            let mut narrow = [Digits::default(); 128];
            divide(numbers, &mut narrow);
            assert_eq!(digits, narrow, "with vectors of any width");
            for (number, digits) in numbers.iter().zip(&digits) {
                let mut line = [0; 16];
                let len = put_line(&mut line, digits);
                if *number < EIGHT_DIGITS {
                    assert_eq!(line[..len], *format!("{number}\n").as_bytes());
                }
                let mut line = [0; 48];
                let len = put_any_line(&mut line, *number, digits);
                assert_eq!(line[..len], *format!("{number}\n").as_bytes());
            }
            let mut long_digits = [LongDigits::default(); 128];
            find_long_digits(numbers, &mut long_digits);
            for (number, digits) in numbers.iter().zip(&long_digits) {
                let mut line = [0; 48];
                let len = put_long_line(&mut line, *number, digits);
                assert_eq!(line[..len], *format!("{number}\n").as_bytes());
            }
        }
    }
}
