//! Numbers as the text formats write them.
//!
//! Floats follow Go's `strconv.FormatFloat(v, 'g', -1, 64)`, which the Prometheus server and its
//! Go client write: the shortest digits that read back as the same value, with an exponent when
//! it is below -4 or at least 6. OpenMetrics adds `.0` where that shows neither point nor
//! exponent (section "Canonical numbers").
//!
//! Whole numbers are divided into their digits eight at a time within one word, without a branch
//! for their number: how many a counter has, no processor can foresee. The technique is Paul
//! Khuong's, "How to print integers really fast" (2017).

use super::buffer::{Line, STEP};
use crate::{
    sample::value::Number,
    storage::cpu::{WideLoop, with_wide_vectors},
};

/// The room that any number takes, in bytes.
pub(crate) const ROOM: usize = 40;

/// Writes a value as a sample shows it.
#[inline(always)]
pub(crate) fn write(line: &mut Line<'_>, number: Number, open_metrics: bool) {
    match number {
        Number::Unsigned(n) => unsigned(line, n),
        Number::Signed(n) => {
            if n < 0 {
                line.put_byte(b'-');
            }
            unsigned(line, n.unsigned_abs());
        }
        Number::Float(n) => float(line, n, open_metrics),
    }
}

/// Tells the digits of many numbers below a hundred million, and of others something else;
/// returns the highest of them.
///
/// Numbers are divided by vectors, which takes less than half of the time that one by one takes:
/// products of sixteen bits are what all processors have vectors for.
pub(crate) fn many<const N: usize>(numbers: &[u64], digits: &mut [Digits; N]) -> u64 {
    with_wide_vectors(Many { numbers, digits })
}

struct Many<'a, const N: usize> {
    numbers: &'a [u64],
    digits: &'a mut [Digits; N],
}

impl<const N: usize> WideLoop for Many<'_, N> {
    type Output = u64;

    #[inline(always)]
    fn run(self) -> u64 {
        find_digits(self.numbers, self.digits);
        self.numbers.iter().fold(0, |highest, n| highest.max(*n))
    }
}

/// The same for rows of numbers, one after the other.
pub(crate) fn rows(numbers: &[[u64; ROW]], digits: &mut [[Digits; ROW]]) {
    with_wide_vectors(Rows { numbers, digits });
}

/// So many are told without a loop.
pub(crate) const ROW: usize = 16;

struct Rows<'a> {
    numbers: &'a [[u64; ROW]],
    digits: &'a mut [[Digits; ROW]],
}

impl WideLoop for Rows<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for (numbers, digits) in self.numbers.iter().zip(self.digits) {
            find_digits(numbers, digits);
        }
    }
}

#[inline(always)]
fn find_digits<const N: usize>(numbers: &[u64], digits: &mut [Digits; N]) {
    let mut fours = [[0_u16; 2]; N];
    for (number, fours) in numbers.iter().zip(&mut fours) {
        // All that counts are numbers of 32 bits, which is what vectors multiply at once.
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

/// How lines end in numbers below [`SEVEN`]: what is written and how much of it counts.
#[derive(Debug)]
pub(crate) struct Ends<const N: usize> {
    words: [u64; N],
    lens: [u8; N],
}

impl<const N: usize> Ends<N> {
    pub(crate) fn new() -> Self {
        Ends {
            words: [0; N],
            lens: [0; N],
        }
    }

    /// Finds those of numbers of which these are the digits, by vectors as well.
    pub(crate) fn find(&mut self, numbers: &[u64], digits: &[Digits; N]) {
        with_wide_vectors(FindEnds {
            numbers,
            digits,
            ends: self,
        });
    }

    /// What is written and how much of it counts, after so many.
    pub(crate) fn after(&self, some: usize) -> (&[u64], &[u8]) {
        (&self.words[some..], &self.lens[some..])
    }
}

struct FindEnds<'a, const N: usize> {
    numbers: &'a [u64],
    digits: &'a [Digits; N],
    ends: &'a mut Ends<N>,
}

impl<const N: usize> WideLoop for FindEnds<'_, N> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Ends { words, lens } = self.ends;
        let ends = words.iter_mut().zip(lens);
        for ((number, digits), (word, len)) in self.numbers.iter().zip(self.digits).zip(ends) {
            let longer = [10, 100, 1_000, 10_000, 100_000, 1_000_000];
            let longer = longer.map(|least| u64::from(*number >= least));
            let count = longer.iter().fold(1, |count, is_longer| count + is_longer);
            let zeros = 8 * (8 - count);
            let end = u64::from(b'\n') << (64 - zeros);
            *word = ((word_of(digits) | ZEROS) >> zeros) | end;
            *len = count as u8 + 1;
        }
    }
}

/// Rounded up, and 45 bits to the left: exact for numbers of 27 bits.
const TEN_THOUSANDTH: u64 = (1 << 45) / 10_000 + 1;
const _: () = assert!(TEN_THOUSANDTH >> 32 == 0);

/// Eight digits, in halves.
pub(crate) type Digits = [[u8; 4]; 2];

/// Both halves in one word, which is one load.
#[inline(always)]
fn word_of(digits: &Digits) -> u64 {
    let digits = digits.as_flattened().first_chunk();
    digits.map_or(0, |digits| u64::from_le_bytes(*digits))
}

/// The two digits of a number below a hundred, the first one in the lower byte.
#[inline(always)]
const fn pair(n: u16) -> u16 {
    let ten = n.wrapping_mul(103) >> 10;
    (n << 8).wrapping_sub(ten.wrapping_mul((10 << 8) - 1))
}

/// Writes a whole number below [`EIGHT`] of these digits, and ends the line; returns how much that
/// is.
#[inline(always)]
pub(crate) fn known_line(out: &mut [u8; 16], digits: &Digits) -> usize {
    let (text, len) = without_zeros(word_of(digits));
    out[..8].copy_from_slice(&text.to_le_bytes());
    out[len % 16] = b'\n';
    len + 1
}

/// The same for any number, of which these are the digits if it is below [`EIGHT`].
#[inline(always)]
pub(crate) fn any_line(out: &mut [u8; 16 + STEP], n: u64, digits: &Digits) -> usize {
    if n < EIGHT
        && let Some(out) = out.first_chunk_mut()
    {
        return known_line(out, digits);
    }
    let (text, len) = long(n);
    out[..STEP].copy_from_slice(&text);
    out[len % STEP] = b'\n';
    len + 1
}

/// Writes a whole number, and ends the line.
#[inline(always)]
pub(crate) fn unsigned_line(line: &mut Line<'_>, n: u64) {
    if n < EIGHT {
        let (text, len) = short(n);
        line.put_last(text.to_le_bytes(), len);
    } else {
        let (text, len) = long(n);
        line.put_step(&text, len);
        line.put_byte(b'\n');
    }
}

/// Writes a whole number.
#[inline(always)]
pub(crate) fn unsigned(line: &mut Line<'_>, n: u64) {
    if n < EIGHT {
        leading(line, n);
    } else {
        let (text, len) = long(n);
        line.put_step(&text, len);
    }
}

/// A number of more digits, and how many there are.
#[inline(never)]
fn long(n: u64) -> ([u8; STEP], usize) {
    let mut text = [0; STEP];
    let mut line = Line::new(&mut text);
    if n < EIGHT * EIGHT {
        leading(&mut line, n / EIGHT);
    } else {
        leading(&mut line, n / (EIGHT * EIGHT));
        following(&mut line, n / EIGHT % EIGHT);
    }
    following(&mut line, n % EIGHT);
    let len = STEP - line.room();
    (text, len)
}

/// Seven digits make up numbers below this.
pub(crate) const SEVEN: u64 = 10_000_000;
/// Eight digits make up numbers below this.
pub(crate) const EIGHT: u64 = 100_000_000;

/// Writes a number of up to eight digits.
#[inline(always)]
fn leading(line: &mut Line<'_>, n: u64) {
    let (text, len) = short(n);
    line.put_word(text.to_le_bytes(), len);
}

/// The digits of a number of up to eight, from the lowest byte on, and how many there are.
#[inline(always)]
fn short(n: u64) -> (u64, usize) {
    without_zeros(digits(n))
}

/// Text of digits, and how many there are without the zeros before them.
#[inline(always)]
fn without_zeros(digits: u64) -> (u64, usize) {
    // One digit at least, also of zero.
    let zeros = (digits | (1 << 56)).trailing_zeros() & !7;
    ((digits | ZEROS) >> zeros, 8 - zeros as usize / 8)
}

/// Writes all eight digits.
#[inline(always)]
fn following(line: &mut Line<'_>, n: u64) {
    line.put_word((digits(n) | ZEROS).to_le_bytes(), 8);
}

/// `'0'` in every byte.
const ZEROS: u64 = 0x3030_3030_3030_3030;

/// The eight digits of a number below a hundred million, the first one in the lowest byte.
#[inline(always)]
fn digits(n: u64) -> u64 {
    // Two numbers below ten thousand, in halves of a word, are divided by a hundred at once, and
    // so on: the products stay exact, as what they are divided by is small.
    let fours = (n / 10_000) | ((n % 10_000) << 32);
    let hundreds = ((fours * 10_486) >> 20) & 0x0000_007f_0000_007f;
    let twos = hundreds | ((fours - 100 * hundreds) << 16);
    let tens = ((twos * 103) >> 10) & 0x000f_000f_000f_000f;
    tens | ((twos - 10 * tens) << 8)
}

/// Writes a float.
pub(crate) fn float(line: &mut Line<'_>, value: f64, open_metrics: bool) {
    if value.is_nan() {
        return line.put(b"NaN");
    }
    if value.is_infinite() {
        return line.put(if value > 0.0 { b"+Inf" } else { b"-Inf" });
    }
    if value == 0.0 {
        return line.put(if open_metrics { b"0.0" } else { b"0" });
    }
    let mut buffer = zmij::Buffer::new();
    let text = buffer.format_finite(value);
    // In this range it writes neither an exponent nor another number of digits than Go.
    if (1e-4..1e6).contains(&value.abs()) {
        let whole = text.strip_suffix(".0").filter(|_| !open_metrics);
        return line.put(whole.unwrap_or(text).as_bytes());
    }
    let text = match text.strip_prefix('-') {
        Some(rest) => {
            line.put_byte(b'-');
            rest
        }
        None => text,
    };
    scientific(line, text);
}

/// Writes with an exponent what has none or one of another form.
fn scientific(line: &mut Line<'_>, text: &str) {
    let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = whole.bytes().chain(fraction.bytes());
    let before = digits.clone().take_while(|digit| *digit == b'0').count();
    let after = digits.clone().rev().take_while(|digit| *digit == b'0');
    let len = whole.len() + fraction.len() - before - after.count();
    for (at, digit) in digits.skip(before).take(len).enumerate() {
        if at == 1 {
            line.put_byte(b'.');
        }
        line.put_byte(digit);
    }
    // The exponent is one that has just been written.
    let exponent = exponent.parse::<i32>().unwrap_or(0);
    let exponent = exponent + whole.len() as i32 - 1 - before as i32;
    line.put_pair(if exponent < 0 { *b"e-" } else { *b"e+" });
    let exponent = u64::from(exponent.unsigned_abs());
    if exponent < 10 {
        line.put_byte(b'0');
    }
    unsigned(line, exponent);
}

/// Writes Unix time to the millisecond, without an exponent.
pub(crate) fn time(line: &mut Line<'_>, seconds: f64) {
    let millis = (seconds.max(0.0) * 1e3).round() as u64;
    unsigned(line, millis / 1000);
    line.put_byte(b'.');
    let text = (digits(millis % 1000) | ZEROS) >> 40;
    line.put_word(text.to_le_bytes(), 3);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::buffer::Buffer;

    fn written(write: impl FnOnce(&mut Line<'_>)) -> String {
        let mut buffer = Buffer::default();
        buffer.write(ROOM, write);
        String::from_utf8(buffer.as_slice().to_vec()).expect("ASCII")
    }

    fn text(value: f64) -> (String, String) {
        let write = |open_metrics| written(|line| float(line, value, open_metrics));
        (write(false), write(true))
    }

    #[test]
    fn the_exponent_appears_from_a_million_on() {
        assert_eq!(text(999_999.9).0, "999999.9");
        assert_eq!(text(1e6), ("1e+06".into(), "1e+06".into()));
        assert_eq!(text(1_234_567.5).0, "1.2345675e+06");
        assert_eq!(text(0.0001), ("0.0001".into(), "0.0001".into()));
        assert_eq!(text(0.00001).0, "1e-05");
        assert_eq!(text(0.000_012_5).0, "1.25e-05");
        assert_eq!(text(100_000.0), ("100000".into(), "100000.0".into()));
        assert_eq!(text(-1.5e300).0, "-1.5e+300");
    }

    #[test]
    fn values_that_are_not_numbers_have_names() {
        assert_eq!(text(f64::NAN).0, "NaN");
        assert_eq!(text(f64::NEG_INFINITY).1, "-Inf");
        assert_eq!(text(-0.0), ("0".into(), "0.0".into()));
    }

    #[test]
    fn whole_numbers_are_written_as_everybody_writes_them() {
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

    #[test]
    fn many_numbers_are_written_as_each_is_alone() {
        let up_to_eight = (0..EIGHT).step_by(977).chain(EIGHT - 300..EIGHT + 300);
        let tens = (3..9).flat_map(|power| {
            let ten = 10_u64.pow(power);
            [ten - 1, ten, ten + 1]
        });
        let numbers = (0..1_000).chain(tens).chain(up_to_eight);
        let numbers: Vec<u64> = numbers.chain([u64::MAX]).collect();
        for numbers in numbers.chunks(100) {
            let mut digits = [Digits::default(); 128];
            many(numbers, &mut digits);
            let mut narrow = [Digits::default(); 128];
            let loop_of_all = Many {
                numbers,
                digits: &mut narrow,
            };
            loop_of_all.run();
            assert_eq!(digits, narrow, "whatever vectors there are");
            let (mut ends, mut narrow) = (Ends::new(), Ends::new());
            ends.find(numbers, &digits);
            let loop_of_all = FindEnds {
                numbers,
                digits: &digits,
                ends: &mut narrow,
            };
            loop_of_all.run();
            for (at, (number, digits)) in numbers.iter().zip(&digits).enumerate() {
                let mut line = [0; 16];
                let len = known_line(&mut line, digits);
                if *number < EIGHT {
                    assert_eq!(line[..len], *format!("{number}\n").as_bytes());
                }
                let mut line = [0; 48];
                let len = any_line(&mut line, *number, digits);
                assert_eq!(line[..len], *format!("{number}\n").as_bytes());
                if *number < SEVEN {
                    for ends in [&ends, &narrow] {
                        assert_eq!(usize::from(ends.lens[at]), len);
                        assert_eq!(ends.words[at].to_le_bytes()[..len], line[..len]);
                    }
                }
            }
        }
    }

    #[test]
    fn times_are_written_to_the_millisecond() {
        assert_eq!(
            written(|line| time(line, 1_600_000_000.5)),
            "1600000000.500"
        );
        assert_eq!(written(|line| time(line, 0.0625)), "0.063");
    }
}
