//! Encodes the parts of protocol buffers: varints, fields, and fillers (fields that readers skip).
//!
//! <https://protobuf.dev/programming-guides/encoding/>

use crate::format::buffer::{Buffer, Line};

/// The longest varint, in bytes.
pub(super) const VARINT_LEN: usize = 10;
/// The room that short fields need beyond their length, because they are written as whole words.
pub(super) const SLACK: usize = 64;

/// The wire type of a varint.
pub(super) const VARINT: u8 = 0;
/// The wire type of a `double`.
pub(super) const DOUBLE: u8 = 1;
/// The wire type of a length-delimited field.
pub(super) const LEN: u8 = 2;

/// The tag of a field with a number below 16.
pub(super) const fn tag(field: u8, wire: u8) -> u8 {
    (field << 3) | wire
}

/// Writes the tag of a field with a number from 16 on.
pub(super) fn long_tag(line: &mut Line<'_>, field: u32, wire: u8) {
    varint(line, u64::from((field << 3) | u32::from(wire)));
}

/// The length of a varint.
#[inline(always)]
pub(super) const fn varint_len(value: u64) -> usize {
    // Each byte has seven bits. `| 1` makes the length for zero one byte.
    ((value | 1).ilog2() as usize) / 7 + 1
}

/// Writes a varint, which needs [`SLACK`] of room.
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

/// Spreads a value over bytes of seven bits each.
#[inline(always)]
pub(super) const fn spread(value: u64) -> u64 {
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

/// The length of a length-delimited field with a tag of one byte.
pub(super) const fn field_len(len: usize) -> usize {
    1 + varint_len(len as u64) + len
}

/// The number of a field that `MetricFamily` does not define, so that readers skip it.
pub(super) const FILLER_FIELD: u32 = 1000;
/// From this length on, [`fill`] can fill any length exactly.
pub(super) const FILLER: usize = 16;

/// Fills the rest of a message, `left` bytes, with fields that readers skip.
pub(super) fn fill(buffer: &mut Buffer, mut left: usize) {
    const ZEROS: [u8; 1024] = [0; 1024];
    const TAG: usize = 2;
    while left > 0 {
        // No single field fills 131 bytes, for example: a field takes at most 130 with a length
        // prefix of one byte, at least 132 with one of two. For such a length, `find` returns
        // `None`, and an empty field of three bytes comes first.
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

/// A varint field in one word, from the lowest byte on, and its length. `value` must take at most
/// seven bytes as a varint.
#[inline(always)]
pub(super) const fn short_field(field: u8, value: u64) -> (u64, usize) {
    let len = varint_len(value);
    let varint = spread(value) | continued(len);
    ((varint << 8) | tag(field, VARINT) as u64, 1 + len)
}

/// The continuation bits of a varint of `len` bytes: the upper bit of all but the last.
#[inline(always)]
const fn continued(len: usize) -> u64 {
    0x8080_8080_8080_8080 & ((1 << (8 * (len - 1))) - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn varints_are_as_specified() {
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
    fn fillers_have_any_length_from_their_minimum_on() {
        for left in (FILLER..400).chain([16_500, 16_520, 2_100_000]) {
            let mut buffer = Buffer::default();
            fill(&mut buffer, left);
            assert_eq!(buffer.len(), left);
        }
    }
}
