//! Writes integers as decimal text.
//!
//! Eight digits are found at once within one word, without a branch on the number of digits, which
//! processors predict badly if the numbers differ in length. The technique is from Paul Khuong,
//! "How to print integers really fast" (2017).

use crate::format::buffer::{Line, STEP};

/// Numbers below this have at most eight digits.
pub(crate) const EIGHT_DIGITS: u64 = 100_000_000;

/// Writes an integer.
#[inline(always)]
pub(crate) fn unsigned(line: &mut Line<'_>, n: u64) {
    if n < EIGHT_DIGITS {
        put_leading(line, n);
    } else {
        let (text, len) = long(n);
        line.put_step(&text, len);
    }
}

/// Writes an integer and ends the line.
#[inline(always)]
pub(crate) fn unsigned_line(line: &mut Line<'_>, n: u64) {
    if n < EIGHT_DIGITS {
        let (text, len) = without_leading_zeros(digits(n));
        line.put_word_and_newline(text.to_le_bytes(), len);
    } else {
        let (text, len) = long(n);
        line.put_step(&text, len);
        line.put_byte(b'\n');
    }
}

/// The text of a number with more than eight digits, and its length.
#[inline(never)]
pub(super) fn long(n: u64) -> ([u8; STEP], usize) {
    let mut text = [0; STEP];
    let mut line = Line::new(&mut text);
    if n < EIGHT_DIGITS * EIGHT_DIGITS {
        put_leading(&mut line, n / EIGHT_DIGITS);
    } else {
        put_leading(&mut line, n / (EIGHT_DIGITS * EIGHT_DIGITS));
        put_all_eight(&mut line, n / EIGHT_DIGITS % EIGHT_DIGITS);
    }
    put_all_eight(&mut line, n % EIGHT_DIGITS);
    let len = STEP - line.room();
    (text, len)
}

/// Writes up to eight digits, without leading zeros.
#[inline(always)]
fn put_leading(line: &mut Line<'_>, n: u64) {
    let (text, len) = without_leading_zeros(digits(n));
    line.put_word(text.to_le_bytes(), len);
}

/// Writes eight digits, leading zeros included.
#[inline(always)]
fn put_all_eight(line: &mut Line<'_>, n: u64) {
    line.put_word((digits(n) | ZEROS).to_le_bytes(), 8);
}

/// The text of eight digits without leading zeros, from the lowest byte on, and its length.
#[inline(always)]
pub(super) fn without_leading_zeros(digits: u64) -> (u64, usize) {
    // The bit 56 limits the count to the first seven digits, so that 0 is written as one digit.
    let zeros = (digits | (1 << 56)).trailing_zeros() & !7;
    ((digits | ZEROS) >> zeros, 8 - zeros as usize / 8)
}

/// `'0'` in every byte.
pub(super) const ZEROS: u64 = 0x3030_3030_3030_3030;

/// The eight digits of a number below [`EIGHT_DIGITS`], the first one in the lowest byte.
#[inline(always)]
pub(super) fn digits(n: u64) -> u64 {
    // Two numbers below 10,000, in the halves of a word, are divided by 100 at once, and then four
    // below 100 by 10. Multiplication and shift are exact for numbers that small.
    let fours = (n / 10_000) | ((n % 10_000) << 32);
    let hundreds = ((fours * 10_486) >> 20) & 0x0000_007f_0000_007f;
    let twos = hundreds | ((fours - 100 * hundreds) << 16);
    let tens = ((twos * 103) >> 10) & 0x000f_000f_000f_000f;
    tens | ((twos - 10 * tens) << 8)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        format::number::{tests::written, write},
        sample::value::Number,
    };

    #[test]
    fn integers_are_written_like_the_standard_library_does() {
        let powers = (0..20).map(|power| 10_u64.pow(power));
        let around = powers.flat_map(|power| [power - 1, power, power + 1, power.wrapping_mul(7)]);
        let random = (0..100_000_u64).map(|n| {
            let n = (n + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            n >> (n & 63)
        });
        for n in around.chain(random).chain([u64::MAX]) {
            assert_eq!(written(|line| unsigned(line, n)), n.to_string());
            let signed = n.cast_signed();
            let number = Number::Signed(signed);
            assert_eq!(
                written(|line| write(line, number, false)),
                signed.to_string()
            );
        }
    }
}
