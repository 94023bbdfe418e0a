//! Writes the lines of families that consist of a single unlabelled sample in a text format.

use crate::{
    format::{
        buffer::{Buffer, Line, STEP},
        number,
        number::{
            EIGHT_DIGITS,
            batch::{Digits, find_digits, put_line},
        },
    },
    sample::{
        packed_strings::{PackedSlice, READ_AHEAD},
        single::{BATCH_SIZE, SingleSamples},
        value::Number,
    },
    storage::cpu::{WideLoop, with_wide_vectors},
};

/// Writes a batch of families: the prefix of each, which is its head and the start of its line, and
/// its value.
pub(super) fn write(
    buffer: &mut Buffer,
    singles: &SingleSamples<'_>,
    prefixes: PackedSlice<'_>,
    is_open_metrics: bool,
) {
    let mut counts = [0; BATCH_SIZE];
    for (count, words) in counts.iter_mut().zip(singles.words()) {
        *count = words[0];
    }
    let mut digits = [Digits::default(); BATCH_SIZE];
    find_digits(&counts, &mut digits);
    let room = prefixes.byte_len() + singles.len() * number::ROOM + SHORT_LINES;
    buffer.write(room, |line| {
        let mut at = 0;
        loop {
            let counts = counts[at..].iter().zip(&digits[at..]);
            let (lines, written) = with_wide_vectors(ShortLines {
                out: line.rest(),
                prefixes: prefixes.skip(at),
                values: singles.are_counters()[at..].iter().zip(counts),
            });
            line.skip(written);
            at += lines;
            let Some(number) = singles.number(at) else {
                break;
            };
            long_line(line, prefixes.get(at), number, is_open_metrics);
            at += 1;
        }
    });
}

const _: () = assert!(READ_AHEAD.is_multiple_of(STEP));
/// The memory that the lines of a family are written into: the prefix in whole steps, and the
/// value.
const SHORT_LINES: usize = 2 * READ_AHEAD + 16;

/// Writes the lines of counters up to the first family that is not a counter, whose prefix is
/// longer than [`READ_AHEAD`], or whose total has more than eight digits.
///
/// Returns the number of families and of bytes. A plain loop of copies takes 52 % more time (row
/// "1,000 families of a counter" of the encoding bench).
struct ShortLines<'a, I> {
    out: &'a mut [u8],
    prefixes: PackedSlice<'a>,
    /// For each family, whether it is a counter, its total and the digits of the total.
    values: I,
}

impl<'a, I> WideLoop for ShortLines<'_, I>
where
    I: Iterator<Item = (&'a bool, (&'a u64, &'a Digits))>,
{
    type Output = (usize, usize);

    #[inline(always)]
    fn run(self) -> (usize, usize) {
        let ShortLines {
            mut out,
            prefixes,
            values,
        } = self;
        let room = out.len();
        let mut at = 0;
        for ((prefix, len), (is_counter, (count, digits))) in prefixes.iter_ahead().zip(values) {
            let Some(prefix) = prefix.filter(|_| len <= READ_AHEAD && *is_counter) else {
                break;
            };
            let Some(line) = out.first_chunk_mut::<SHORT_LINES>() else {
                break;
            };
            let steps = line.as_chunks_mut::<STEP>().0.iter_mut();
            for (at, (out, step)) in steps.zip(prefix.as_chunks().0).enumerate() {
                if at * STEP < len {
                    *out = *step;
                }
            }
            // The modulo saves a bounds check; `len` is at most `READ_AHEAD`.
            let len = len % (2 * READ_AHEAD);
            let value = line[len..].first_chunk_mut();
            let (Some(value), ..EIGHT_DIGITS) = (value, *count) else {
                break;
            };
            let value_len = put_line(value, digits);
            out = &mut out[len + value_len..];
            at += 1;
        }
        (at, room - out.len())
    }
}

#[inline(never)]
fn long_line(line: &mut Line<'_>, prefix: &[u8], number: Number, is_open_metrics: bool) {
    line.put(prefix);
    number::write(line, number, is_open_metrics);
    line.put_byte(b'\n');
}
