//! The encoding of protocol buffers: fields, varints, and what fills a message up.
//!
//! <https://protobuf.dev/programming-guides/encoding/>

use crate::{
    format::buffer::{Buffer, Line},
    sample::created::YEAR_10000,
    storage::cpu::{WideLoop, with_wide_vectors},
};

/// What a varint takes at the most, in bytes.
pub(super) const VARINT_LEN: usize = 10;
/// What writing of a few bytes at once may take beyond the end.
pub(super) const SLACK: usize = 64;

/// The type of a field that is a varint.
pub(super) const VARINT: u8 = 0;
/// The type of a field that is a `double`.
pub(super) const DOUBLE: u8 = 1;
/// The type of a field that begins with its length.
pub(super) const LEN: u8 = 2;

/// What a field of a number below 16 begins with.
pub(super) const fn tag(field: u8, wire: u8) -> u8 {
    (field << 3) | wire
}

/// What a field begins with whose number is 16 or more.
pub(super) fn long_tag(line: &mut Line<'_>, field: u32, wire: u8) {
    varint(line, u64::from((field << 3) | u32::from(wire)));
}

/// How long a varint is.
#[inline(always)]
pub(super) const fn varint_len(value: u64) -> usize {
    // Seven bits in each byte, and one byte at least.
    ((value | 1).ilog2() as usize) / 7 + 1
}

/// Writes a varint; takes [`SLACK`] of room.
#[inline(always)]
pub(super) fn varint(line: &mut Line<'_>, value: u64) {
    if value < 0x80 {
        line.put_byte(value as u8);
    } else if value < 1 << 56 {
        let len = varint_len(value);
        line.put_word((spread(value) | continued(len)).to_le_bytes(), len);
    } else {
        long_varint(line, value);
    }
}

#[cold]
fn long_varint(line: &mut Line<'_>, mut value: u64) {
    while value >= 0x80 {
        line.put_byte(value as u8 | 0x80);
        value >>= 7;
    }
    line.put_byte(value as u8);
}

/// Groups of seven bits, each in a byte of its own.
#[inline(always)]
const fn spread(value: u64) -> u64 {
    let fours = (value & 0x0fff_ffff) | ((value & 0x00ff_ffff_f000_0000) << 4);
    let twos = (fours & 0x0000_3fff_0000_3fff) | ((fours & 0x0fff_c000_0fff_c000) << 2);
    (twos & 0x007f_007f_007f_007f) | ((twos & 0x3f80_3f80_3f80_3f80) << 1)
}

/// In both halves of a word the same of the lowest 28 bits, of which more follow.
#[inline(always)]
const fn spread_halves(value: u64) -> u64 {
    let twos = (value & 0x3fff_0000_3fff) | ((value & 0x0fff_c000_0fff_c000) << 2);
    (twos & 0x007f_007f_007f_007f) | ((twos & 0x3f80_3f80_3f80_3f80) << 1) | 0x8080_8080_8080_8080
}

pub(super) const fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)).cast_unsigned()
}

#[inline(always)]
pub(super) fn double(line: &mut Line<'_>, field: u8, value: f64) {
    line.put_byte(tag(field, DOUBLE));
    line.put_word(value.to_le_bytes(), 8);
}

pub(super) fn bytes(line: &mut Line<'_>, field: u8, bytes: &[u8]) {
    line.put_byte(tag(field, LEN));
    varint(line, bytes.len() as u64);
    line.put(bytes);
}

/// How long a field of so many bytes is, with its tag of one byte.
pub(super) const fn field_len(len: usize) -> usize {
    1 + varint_len(len as u64) + len
}

/// A field that no reader knows.
pub(super) const FILLER_FIELD: u32 = 1000;
/// Room for a filler of any length that has to be.
pub(super) const FILLER: usize = 16;

/// Fills the rest of a message of announced length.
pub(super) fn fill(buffer: &mut Buffer, mut left: usize) {
    pub(super) const ZEROS: [u8; 1024] = [0; 1024];
    pub(super) const TAG: usize = 2;
    while left > 0 {
        // Of some lengths there is no field: an empty one before makes it another.
        let fits = |digits: &usize| {
            left.checked_sub(TAG + digits)
                .is_some_and(|len| varint_len(len as u64) == *digits)
        };
        let len = match (1..=VARINT_LEN).find(fits) {
            Some(digits) => left - TAG - digits,
            None => 0,
        };
        buffer.write(2 * SLACK, |line| {
            long_tag(line, FILLER_FIELD, LEN);
            varint(line, len as u64);
        });
        let mut zeros = len;
        while zeros > 0 {
            let some = zeros.min(ZEROS.len());
            buffer.put(&ZEROS[..some]);
            zeros -= some;
        }
        left -= TAG + varint_len(len as u64) + len;
    }
}
/// A `Timestamp`, ready to be written, or nothing where there is none.
#[derive(Clone, Copy)]
pub(super) struct Time {
    /// Its fields and how long they are.
    seconds: (u64, usize),
    nanos: (u64, usize),
}

impl Time {
    pub(super) const NONE: Time = Time {
        seconds: (0, 0),
        nanos: (0, 0),
    };

    /// What its field takes up to the year 2106, with a tag of one byte.
    pub(super) const USUAL: usize = 2 + (1 + 5) + (1 + 5);
    /// The most that it takes.
    pub(super) const MOST: usize = 2 + (1 + 6) + (1 + 5);
    /// The room that writing it takes.
    pub(super) const ROOM: usize = Time::MOST + SLACK;

    /// From Unix time, of which none and less stand for nothing, as does what is no timestamp any
    /// more.
    #[inline(always)]
    pub(super) fn new(seconds: f64) -> Time {
        if !(seconds > 0.0 && seconds < YEAR_10000) {
            return Time::NONE;
        }
        let (second, micros) = second_and_micros(seconds);
        Time {
            seconds: short_field(1, second as u64),
            nanos: short_field(2, micros as u64 * 1_000),
        }
    }

    #[inline(always)]
    fn fields(self) -> usize {
        self.seconds.1 + self.nanos.1
    }

    /// How long its field is, with a tag of one byte.
    #[inline(always)]
    pub(super) fn size(self) -> usize {
        if self.seconds.1 == 0 {
            return 0;
        }
        2 + self.fields()
    }

    #[inline(always)]
    pub(super) fn write(self, line: &mut Line<'_>, field: u8) {
        if self.seconds.1 != 0 {
            line.put_pair([tag(field, LEN), self.fields() as u8]);
            line.put_word(self.seconds.0.to_le_bytes(), self.seconds.1);
            line.put_word(self.nanos.0.to_le_bytes(), self.nanos.1);
        }
    }
}

/// A float of this and a few whole numbers more has them in its lowest bits, rounded: processors
/// have vectors for that, and few for other ways to round.
const WHOLE: f64 = (1_u64 << 52) as f64;

/// When a counter was born, as it stands after its value, ready to be written with no regard to
/// what it is.
///
/// All are of one length: nanoseconds take five bytes, as most of them do anyway; of those that
/// would take less the last bytes are empty groups, which every reader reads. They are written as
/// two whole words.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Birth {
    /// The first begins with a zero where the birth is not known.
    words: [[u8; 8]; 2],
}

impl Birth {
    /// How long it is.
    pub(super) const SIZE: usize = 3 + 5 + 1 + 5;
    /// In what it is written: nothing else stands behind it there.
    pub(super) const ROOM: usize = 16;
    /// What is the same in all: the field, and of that the tag of the seconds.
    const HEAD: u64 = u64::from_le_bytes([
        tag(3, LEN),
        (Birth::SIZE - 2) as u8,
        tag(1, VARINT),
        0,
        0,
        0,
        0,
        0,
    ]);

    /// Makes some of Unix times that take five bytes, which they do from 1978 to 2106, to the
    /// microsecond; returns whether all are known.
    pub(super) fn of_all(times: &[f64], births: &mut [Birth]) -> bool {
        with_wide_vectors(Births { times, births })
    }

    #[inline(always)]
    fn new(time: f64) -> Birth {
        let (second, micros) = second_and_micros(time);
        let is_known = ((1_u64 << 28) as f64..(1_u64 << 32) as f64).contains(&second);
        let seconds = (second + WHOLE).to_bits() & 0xffff_ffff;
        let low = spread_halves(seconds) & 0xffff_ffff;
        let start = Birth::HEAD | low << 24 | (seconds >> 28) << 56;
        let nanos = ((micros + WHOLE).to_bits() & 0x000f_ffff) * 1_000;
        let low = spread_halves(nanos) & 0xffff_ffff;
        let end = u64::from(tag(2, VARINT)) | low << 8 | nanos >> 28 << 40;
        let start = if is_known { start } else { 0 };
        Birth {
            words: [start.to_le_bytes(), end.to_le_bytes()],
        }
    }

    #[inline(always)]
    pub(super) fn is_known(&self) -> bool {
        self.words[0][0] != 0
    }

    #[inline(always)]
    pub(super) fn as_bytes(&self) -> &[u8] {
        self.words.as_flattened()
    }
}

/// Births to be made of Unix times.
struct Births<'a> {
    times: &'a [f64],
    births: &'a mut [Birth],
}

impl WideLoop for Births<'_> {
    type Output = bool;

    #[inline(always)]
    fn run(self) -> bool {
        let mut are_known = true;
        for (time, birth) in self.times.iter().zip(self.births) {
            *birth = Birth::new(*time);
            are_known &= birth.is_known();
        }
        are_known
    }
}

/// The second of a Unix time, and how many microseconds it is later: a float has no more digits.
#[inline(always)]
fn second_and_micros(time: f64) -> (f64, f64) {
    let second = time as i64 as f64;
    let micros = (time - second) * 1e6 + WHOLE - WHOLE;
    if micros < 1e6 {
        (second, micros)
    } else {
        (second + 1.0, 0.0)
    }
}

/// A field of a number that takes no more than seven bytes, in the lower bytes, and how long it
/// is.
#[inline(always)]
const fn short_field(field: u8, value: u64) -> (u64, usize) {
    let len = varint_len(value);
    let varint = spread(value) | continued(len);
    ((varint << 8) | tag(field, VARINT) as u64, 1 + len)
}

/// The upper bit of all bytes but the last one of so many.
#[inline(always)]
const fn continued(len: usize) -> u64 {
    0x8080_8080_8080_8080 & ((1 << (8 * (len - 1))) - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn varints_are_those_of_the_specification() {
        let around = (0..64).flat_map(|bits| {
            let power = 1_u64 << bits;
            [
                power - 1,
                power,
                power + 1,
                power | 0x5555_5555 >> (63 - bits).min(31),
            ]
        });
        for value in around.chain([300, u64::MAX]) {
            let mut expected = Vec::new();
            let mut rest = value;
            while rest >= 0x80 {
                expected.push(rest as u8 | 0x80);
                rest >>= 7;
            }
            expected.push(rest as u8);
            let mut buffer = Buffer::default();
            buffer.write(SLACK, |line| varint(line, value));
            assert_eq!(buffer.as_slice(), expected, "{value}");
            assert_eq!(varint_len(value), expected.len());
        }
    }

    #[test]
    fn births_say_the_time_to_the_microsecond() {
        let number = |bytes: &[u8]| {
            let groups = bytes.iter().rev();
            groups.fold(0, |number, byte| number << 7 | u64::from(byte & 0x7f))
        };
        let mut births = [Birth::default(); 8];
        for whole in [1_u64 << 28, 1_700_000_000, (1 << 32) - 2] {
            for micros in (0..1_000_000).step_by(977).chain(999_990..1_000_000) {
                let time = whole as f64 + micros as f64 / 1e6;
                Birth::of_all(&[time], &mut births);
                assert!(births[0].is_known());
                let field = births[0].as_bytes();
                let mores = field[3..7].iter().chain(&field[9..13]);
                assert!(mores.copied().all(|byte| byte >= 0x80));
                assert_eq!(field[..3], [tag(3, LEN), 12, tag(1, VARINT)]);
                assert_eq!(field[8], tag(2, VARINT));
                let read = number(&field[3..8]) * 1_000_000 + number(&field[9..14]) / 1_000;
                assert_eq!(read, whole * 1_000_000 + micros, "{time}");
            }
        }
        // At the end of a second, where a float has four steps in a microsecond; as other series
        // have it.
        for steps in 0..12 {
            for whole in [1_700_000_000_u64, 1_700_000_001] {
                let time = whole as f64 - f64::from(steps) / f64::from(1 << 22);
                Birth::of_all(&[time - 0.5, time], &mut births);
                let field = births[1].as_bytes();
                let read = number(&field[3..8]) * 1_000_000 + number(&field[9..14]) / 1_000;
                assert!(number(&field[9..14]) < 1_000_000_000, "{time}");
                let quarters = (time * f64::from(1 << 22)) as u128;
                let rounded = (quarters * 1_000_000 + (1 << 21)) >> 22;
                assert_eq!(u128::from(read), rounded, "{time}");
                let mut other = Buffer::default();
                other.write(Time::ROOM, |line| Time::new(time).write(line, 3));
                let other = other.as_slice();
                let nanos_at = other.iter().rposition(|byte| *byte == tag(2, VARINT));
                let nanos_at = nanos_at.expect("it has nanoseconds");
                assert_eq!(number(&other[3..nanos_at]), number(&field[3..8]));
                assert_eq!(number(&other[nanos_at + 1..]), number(&field[9..14]));
            }
        }
        // Of whatever seconds they are, each is what it is alone.
        let times: [f64; 8] = std::array::from_fn(|at| 1.7e9 + (at * at) as f64 * 0.4);
        Birth::of_all(&times, &mut births);
        for (time, birth) in times.iter().zip(&births) {
            let mut alone = [Birth::default()];
            Birth::of_all(&[*time], &mut alone);
            assert_eq!(birth.as_bytes(), alone[0].as_bytes(), "{time}");
        }
        Birth::of_all(
            &[0.0, -1.0, 4_294_967_296.0, 268_435_455.0, f64::NAN],
            &mut births,
        );
        assert!(births[..5].iter().all(|birth| !birth.is_known()));
    }

    #[test]
    fn a_filler_has_any_length_that_is_asked_for() {
        for left in (FILLER..400).chain([16_500, 16_520, 2_100_000]) {
            let mut buffer = Buffer::default();
            fill(&mut buffer, left);
            assert_eq!(buffer.len(), left);
        }
    }
}
