//! Encodes timestamps as `google.protobuf.Timestamp` fields of other messages.

use super::wire::{LEN, SLACK, VARINT, short_field, tag};
use crate::{
    format::buffer::Line,
    sample::created::YEAR_10000,
    storage::cpu::{WideLoop, with_wide_vectors},
};

/// An encoded `Timestamp`, or nothing.
#[derive(Clone, Copy)]
pub(super) struct Time {
    /// The encoded field, and its length.
    seconds: (u64, usize),
    nanos: (u64, usize),
}

impl Time {
    pub(super) const NONE: Time = Time {
        seconds: (0, 0),
        nanos: (0, 0),
    };

    /// The greatest length of the field for times before the year 3058, with a tag of one byte.
    pub(super) const USUAL: usize = 2 + (1 + 5) + (1 + 5);
    /// The greatest length of the field for any time.
    pub(super) const MOST: usize = 2 + (1 + 6) + (1 + 5);
    /// The room that [`write`](Self::write) needs.
    pub(super) const ROOM: usize = Time::MOST + SLACK;

    /// Encodes a Unix time in seconds; nothing for times that are not positive or after the year
    /// 9999.
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

    /// The length of the field, with a tag of one byte.
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

/// Adding this number to a smaller positive float rounds the float to an integer, which is then in
/// the lowest bits of the sum. Every x86-64 processor can add vectors of floats; few can convert
/// them to 64-bit integers.
const ROUNDING: f64 = (1_u64 << 52) as f64;

/// The field `created_timestamp` of a `Counter`, in a fixed length.
///
/// Seconds and nanoseconds always take five bytes, as most do anyway: shorter varints are padded
/// with empty groups, which parsers accept. A loop that writes counters copies the field as two
/// words.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct CreatedField {
    /// The first byte is zero if there is no timestamp.
    words: [[u8; 8]; 2],
}

impl CreatedField {
    /// The length of the field.
    pub(super) const SIZE: usize = 3 + 5 + 1 + 5;
    /// The length of `words`.
    pub(super) const ROOM: usize = 16;
    /// The bytes with which all fields begin: the tag and length of the field, and the tag of the
    /// seconds.
    const HEAD: u64 = u64::from_le_bytes([
        tag(3, LEN),
        (CreatedField::SIZE - 2) as u8,
        tag(1, VARINT),
        0,
        0,
        0,
        0,
        0,
    ]);

    /// Encodes Unix times from 1978 to 2106, to the microsecond: those whose seconds take more than
    /// 28 and at most 32 bits.
    ///
    /// Returns whether all of them could be encoded.
    pub(super) fn encode_all(times: &[f64], fields: &mut [CreatedField]) -> bool {
        with_wide_vectors(EncodeAll { times, fields })
    }

    #[inline(always)]
    fn new(time: f64) -> CreatedField {
        let (second, micros) = second_and_micros(time);
        let is_known = ((1_u64 << 28) as f64..(1_u64 << 32) as f64).contains(&second);
        let seconds = (second + ROUNDING).to_bits() & 0xffff_ffff;
        let low = spread_halves(seconds) & 0xffff_ffff;
        let start = CreatedField::HEAD | low << 24 | (seconds >> 28) << 56;
        let nanos = ((micros + ROUNDING).to_bits() & 0x000f_ffff) * 1_000;
        let low = spread_halves(nanos) & 0xffff_ffff;
        let end = u64::from(tag(2, VARINT)) | low << 8 | nanos >> 28 << 40;
        let start = if is_known { start } else { 0 };
        CreatedField {
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

struct EncodeAll<'a> {
    times: &'a [f64],
    fields: &'a mut [CreatedField],
}

impl WideLoop for EncodeAll<'_> {
    type Output = bool;

    #[inline(always)]
    fn run(self) -> bool {
        let mut are_known = true;
        for (time, field) in self.times.iter().zip(self.fields) {
            *field = CreatedField::new(*time);
            are_known &= field.is_known();
        }
        are_known
    }
}

/// The seconds and microseconds of a Unix time. Not nanoseconds, because a present-day time as an
/// `f64` has a resolution of about a quarter of a microsecond.
#[inline(always)]
fn second_and_micros(time: f64) -> (f64, f64) {
    let second = time as i64 as f64;
    let micros = (time - second) * 1e6 + ROUNDING - ROUNDING;
    if micros < 1e6 {
        (second, micros)
    } else {
        (second + 1.0, 0.0)
    }
}

/// Spreads the lowest 28 bits of both halves of a word over bytes of seven bits, all of them with a
/// continuation bit.
#[inline(always)]
const fn spread_halves(value: u64) -> u64 {
    let twos = (value & 0x3fff_0000_3fff) | ((value & 0x0fff_c000_0fff_c000) << 2);
    (twos & 0x007f_007f_007f_007f) | ((twos & 0x3f80_3f80_3f80_3f80) << 1) | 0x8080_8080_8080_8080
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::buffer::Buffer;

    #[test]
    fn created_fields_have_microseconds() {
        let number = |bytes: &[u8]| {
            let groups = bytes.iter().rev();
            groups.fold(0, |number, byte| number << 7 | u64::from(byte & 0x7f))
        };
        let mut fields = [CreatedField::default(); 8];
        for whole in [1_u64 << 28, 1_700_000_000, (1 << 32) - 2] {
            for micros in (0..1_000_000).step_by(977).chain(999_990..1_000_000) {
                let time = whole as f64 + micros as f64 / 1e6;
                CreatedField::encode_all(&[time], &mut fields);
                assert!(fields[0].is_known());
                let field = fields[0].as_bytes();
                let mores = field[3..7].iter().chain(&field[9..13]);
                assert!(mores.copied().all(|byte| byte >= 0x80));
                assert_eq!(field[..3], [tag(3, LEN), 12, tag(1, VARINT)]);
                assert_eq!(field[8], tag(2, VARINT));
                let read = number(&field[3..8]) * 1_000_000 + number(&field[9..14]) / 1_000;
                assert_eq!(read, whole * 1_000_000 + micros, "{time}");
            }
        }
        // Tests times just before the end of a second, where a float has four steps in a
        // microsecond, by comparison with `Time`.
        for steps in 0..12 {
            for whole in [1_700_000_000_u64, 1_700_000_001] {
                let time = whole as f64 - f64::from(steps) / f64::from(1 << 22);
                CreatedField::encode_all(&[time - 0.5, time], &mut fields);
                let field = fields[1].as_bytes();
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
        // Each time is encoded the same in a batch as alone.
        let times: [f64; 8] = std::array::from_fn(|at| 1.7e9 + (at * at) as f64 * 0.4);
        CreatedField::encode_all(&times, &mut fields);
        for (time, field) in times.iter().zip(&fields) {
            let mut alone = [CreatedField::default()];
            CreatedField::encode_all(&[*time], &mut alone);
            assert_eq!(field.as_bytes(), alone[0].as_bytes(), "{time}");
        }
        CreatedField::encode_all(
            &[0.0, -1.0, 4_294_967_296.0, 268_435_455.0, f64::NAN],
            &mut fields,
        );
        assert!(fields[..5].iter().all(|field| !field.is_known()));
    }
}
