//! The encoding of protocol buffers: fields, varints, and what fills a message up.
//!
//! <https://protobuf.dev/programming-guides/encoding/>

use crate::{
    collector::YEAR_10000,
    encode::buffer::{Buffer, Line},
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

    /// The most that its field takes, with a tag of one byte.
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
        let whole = seconds as u64;
        // A float has no more digits of it than micros.
        let nanos = ((seconds - whole as f64) * 1e6) as u64 * 1000;
        Time {
            seconds: short_field(1, whole),
            nanos: short_field(2, nanos),
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

    /// Writes the same and what is no part of it behind; nothing of it counts where there is none.
    #[inline(always)]
    pub(super) fn write_step(self, out: &mut [u8; 20], field: u8) {
        let seconds = self.seconds.1.min(8);
        out[..2].copy_from_slice(&[tag(field, LEN), self.fields() as u8]);
        out[2..10].copy_from_slice(&self.seconds.0.to_le_bytes());
        out[2 + seconds..][..8].copy_from_slice(&self.nanos.0.to_le_bytes());
    }
}

/// Makes timestamps that mostly lie in the same second.
#[derive(Default)]
pub(super) struct Times {
    second: f64,
    encoded: (u64, usize),
}

impl Times {
    #[inline(always)]
    pub(super) fn at(&mut self, seconds: f64) -> Time {
        let micros = (seconds - self.second) * 1e6;
        // Not so in the first second of Unix time, either, in which nothing was born.
        if self.second > 0.0 && (0.0..1e6).contains(&micros) {
            return Time {
                seconds: self.encoded,
                nanos: short_field(2, u64::from(micros as u32) * 1000),
            };
        }
        let time = Time::new(seconds);
        (self.second, self.encoded) = (seconds.floor(), time.seconds);
        time
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
    fn a_filler_has_any_length_that_is_asked_for() {
        for left in (FILLER..400).chain([16_500, 16_520, 2_100_000]) {
            let mut buffer = Buffer::default();
            fill(&mut buffer, left);
            assert_eq!(buffer.len(), left);
        }
    }
}
