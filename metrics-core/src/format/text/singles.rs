//! The lines of families that consist of a single unlabelled sample.

use crate::{
    format::{
        buffer::{Buffer, Line, STEP},
        number,
    },
    sample::{
        packed_strings::{PackedSlice, READ_AHEAD},
        single::{BATCH_SIZE, SingleSamples},
        value::Number,
    },
    storage::cpu::{WideLoop, with_wide_vectors},
};

/// Writes families whose numbers these texts stand before.
pub(super) fn write(
    buffer: &mut Buffer,
    singles: &SingleSamples<'_>,
    texts: PackedSlice<'_>,
    open_metrics: bool,
) {
    let mut counts = [0; BATCH_SIZE];
    for (count, words) in counts.iter_mut().zip(singles.words()) {
        *count = words[0];
    }
    let mut digits = [number::Digits::default(); BATCH_SIZE];
    number::many(&counts, &mut digits);
    let room = texts.byte_len() + singles.len() * number::ROOM + SHORT;
    buffer.write(room, |line| {
        let mut at = 0;
        loop {
            let some = singles.are_counters()[at..].iter();
            let some = some.zip(counts[at..].iter().zip(&digits[at..]));
            let (lines, written) = with_wide_vectors(ShortLines {
                out: line.rest(),
                texts: texts.skip(at),
                singles: some,
            });
            line.skip(written);
            at += lines;
            let Some(number) = singles.number(at) else {
                break;
            };
            long_line(line, texts.get(at), number, open_metrics);
            at += 1;
        }
    });
}

/// Texts are copied in steps, of which short ones take no more than so many bytes.
const TEXT: usize = READ_AHEAD;
const _: () = assert!(TEXT.is_multiple_of(STEP));
/// What short lines are written in: the text, in whole steps, and the number.
const SHORT: usize = 2 * TEXT + 16;

/// Lines of families until one is not short or is no count, as most are: how many these are, and
/// how long.
struct ShortLines<'a, I> {
    out: &'a mut [u8],
    texts: PackedSlice<'a>,
    singles: I,
}

impl<'a, I> WideLoop for ShortLines<'_, I>
where
    I: Iterator<Item = (&'a bool, (&'a u64, &'a number::Digits))>,
{
    type Output = (usize, usize);

    #[inline(always)]
    fn run(self) -> (usize, usize) {
        let ShortLines {
            mut out,
            texts,
            singles,
        } = self;
        let room = out.len();
        let mut at = 0;
        for ((text, len), (is_counter, (count, digits))) in texts.iter_ahead().zip(singles) {
            let Some(text) = text.filter(|_| len <= TEXT && *is_counter) else {
                break;
            };
            let Some(line) = out.first_chunk_mut::<SHORT>() else {
                break;
            };
            let steps = line.as_chunks_mut::<STEP>().0.iter_mut();
            for (at, (out, step)) in steps.zip(text.as_chunks().0).enumerate() {
                if at * STEP < len {
                    *out = *step;
                }
            }
            // Which it is anyway; said so, nothing has to be compared.
            let len = len % (2 * TEXT);
            let value = line[len..].first_chunk_mut();
            let (Some(value), ..number::EIGHT) = (value, *count) else {
                break;
            };
            let value = number::known_line(value, digits);
            out = &mut out[len + value..];
            at += 1;
        }
        (at, room - out.len())
    }
}

#[inline(never)]
fn long_line(line: &mut Line<'_>, text: &[u8], number: Number, open_metrics: bool) {
    line.put(text);
    number::write(line, number, open_metrics);
    line.put_byte(b'\n');
}
