//! The lines of many counters: most of what there is.

use super::Start;
use crate::cell::{Loop, with_wide_vectors};
use crate::encode::{
    Counters,
    buffer::{Buffer, Line, Padded, STEP},
    number,
};

/// Writes the lines of counters, which begin like this.
pub(super) fn write(buffer: &mut Buffer, counters: &Counters<'_>, start: &Start) {
    match start.labels.steps() {
        1 => write_named::<1>(buffer, counters, start),
        2 => write_named::<2>(buffer, counters, start),
        _ => write_named::<0>(buffer, counters, start),
    }
}

/// The same where their names take so many steps; 0 stands for any number.
fn write_named<const STEPS: usize>(buffer: &mut Buffer, counters: &Counters<'_>, start: &Start) {
    let Start { labels, value } = start;
    let each = labels.room().max(value.room()) + number::ROOM;
    let room = each * counters.totals.len() + counters.labels.bytes() + SHORT;
    let mut digits = [number::Digits::default(); Counters::AT_ONCE];
    number::many(counters.totals, &mut digits);
    buffer.write(room, |line| {
        let mut at = 0;
        loop {
            let left = counters.after(at);
            let (lines, written) = with_wide_vectors(ShortLines::<STEPS> {
                out: line.rest(),
                name: labels,
                counters: &left,
                digits: &digits[at..],
            });
            line.skip(written);
            at += lines;
            let Some(total) = counters.totals.get(at) else {
                break;
            };
            let written = long_line(line.rest(), start, counters.labels.get(at), *total);
            line.skip(written);
            at += 1;
        }
    });
}

/// What a short line is written in: the name, the labels and the value, each in whole pieces.
const SHORT: usize = 256 + 2 + 16;
/// Labels are copied as so many bytes, or as two times as many.
const PIECE: usize = 2 * STEP;
const LABELS: usize = 2 * PIECE;

/// Lines of counters until one is not short, as most are: how many counters these are, and how
/// long their lines.
///
/// Everything is written in whole pieces at places that are known to be there, so that little is
/// left to check, and nothing is called, so that all that is needed stays in registers.
struct ShortLines<'a, const STEPS: usize> {
    out: &'a mut [u8],
    name: &'a Padded,
    counters: &'a Counters<'a>,
    digits: &'a [number::Digits],
}

impl<const STEPS: usize> Loop for ShortLines<'_, STEPS> {
    type Output = (usize, usize);

    #[inline(always)]
    fn run(self) -> (usize, usize) {
        let ShortLines {
            mut out,
            name,
            counters,
            digits,
        } = self;
        let Some((name_len, name)) = name.some_steps::<STEPS>() else {
            return (0, 0);
        };
        let (name_len, room) = (name_len.min(STEPS * STEP), out.len());
        let series = counters.labels.iter_ahead::<LABELS>().zip(counters.totals);
        let series = counters.live.iter().zip(series.zip(digits));
        let mut at = 0;
        for (live, (((text, len), total), digits)) in series {
            if *live {
                let (Some(line), Some(text)) = (out.first_chunk_mut::<SHORT>(), text) else {
                    break;
                };
                if STEPS == 0 || len == 0 || len > LABELS {
                    break;
                }
                for (line, step) in line.as_chunks_mut().0.iter_mut().zip(name) {
                    *line = *step;
                }
                let labels = &mut line[name_len..];
                labels[..PIECE].copy_from_slice(&text[..PIECE]);
                if len > PIECE {
                    labels[PIECE..LABELS].copy_from_slice(&text[PIECE..]);
                }
                // Which it is anyway; said so, nothing has to be compared.
                let value_at = (name_len + len) % 256;
                let (end, value) = line[value_at..].split_at_mut(2);
                end.copy_from_slice(b"} ");
                let value = value.first_chunk_mut();
                let Some(value) = value.and_then(|out| number::known_line(out, *total, digits))
                else {
                    break;
                };
                out = &mut out[value_at + 2 + value..];
            }
            at += 1;
        }
        (at, room - out.len())
    }
}

#[cold]
#[inline(never)]
fn long_line(out: &mut [u8], start: &Start, labels: &[u8], total: u64) -> usize {
    let room = out.len();
    let mut line = Line::new(out);
    if labels.is_empty() {
        line.put_padded(&start.value);
    } else {
        line.put_padded(&start.labels);
        line.put(labels);
        line.put_pair(*b"} ");
    }
    number::unsigned(&mut line, total);
    line.put_byte(b'\n');
    room - line.room()
}

#[cfg(test)]
mod tests {
    use crate::{Counter, Format, Options, Registry};

    #[test]
    fn lines_of_any_length_are_as_if_they_were_formatted() {
        for name_len in (1..6).chain(22..30).chain(54..62).chain([200]) {
            let name = "n".repeat(name_len) + "_total";
            let registry = Registry::new();
            let options = Options::new(name.clone(), "Help.").labels(["a", "b"]);
            let counters = registry.create_labelled::<Counter>(options).expect("valid");
            let mut expected = format!("# HELP {name} Help.\n# TYPE {name} counter\n");
            for len in 0..280_usize {
                let value = "v".repeat(len);
                let total = u64::MAX >> (len * 7 % 64);
                counters.with(&[&value, ""]).inc_by(total);
                let total = if total >= 3 << 62 { u64::MAX } else { total };
                let labels = match len {
                    0 => String::new(),
                    _ => format!("{{a=\"{value}\"}}"),
                };
                let line = format!("{name}{labels} {total}\n");
                expected += &line;
            }
            assert_eq!(registry.encode_to_string(Format::Text), expected);
        }
    }
}
