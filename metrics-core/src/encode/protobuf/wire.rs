//! The encoding of protocol buffers: fields, varints, and what fills a message up.
//!
//! <https://protobuf.dev/programming-guides/encoding/>

use crate::encode::buffer::{Buffer, Line};

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

#[inline(always)]
pub(super) fn varint(line: &mut Line<'_>, mut value: u64) {
    while value >= 0x80 {
        line.put_byte(value as u8 | 0x80);
        value >>= 7;
    }
    line.put_byte(value as u8);
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
        buffer.write(TAG + VARINT_LEN, |line| {
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
    seconds: u64,
    nanos: u64,
}

impl Time {
    pub(super) const NONE: Time = Time {
        seconds: 0,
        nanos: 0,
    };

    /// The most that its field takes, with a tag of one byte.
    pub(super) const MOST: usize = 2 + (1 + 6) + (1 + 5);
    /// The room that writing it takes.
    pub(super) const ROOM: usize = Time::MOST + SLACK;

    /// From Unix time, of which none and less stand for nothing.
    #[inline(always)]
    pub(super) fn new(seconds: f64) -> Time {
        if !(seconds > 0.0 && seconds < 1e11) {
            return Time::NONE;
        }
        let whole = seconds as u64;
        Time {
            seconds: whole,
            // A float has no more digits of it than micros.
            nanos: ((seconds - whole as f64) * 1e6) as u64 * 1000,
        }
    }

    #[inline(always)]
    pub(super) fn fields(self) -> usize {
        let nanos = if self.nanos == 0 {
            0
        } else {
            1 + varint_len(self.nanos)
        };
        1 + varint_len(self.seconds) + nanos
    }

    /// How long its field is, with a tag of one byte.
    #[inline(always)]
    pub(super) fn size(self) -> usize {
        if self.seconds == 0 {
            return 0;
        }
        2 + self.fields()
    }

    #[inline(always)]
    pub(super) fn write(self, line: &mut Line<'_>, field: u8) {
        if self.seconds == 0 {
            return;
        }
        line.put_pair([tag(field, LEN), self.fields() as u8]);
        line.put_byte(tag(1, VARINT));
        varint(line, self.seconds);
        if self.nanos != 0 {
            line.put_byte(tag(2, VARINT));
            varint(line, self.nanos);
        }
    }
}
