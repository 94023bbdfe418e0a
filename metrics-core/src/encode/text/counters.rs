//! The lines of many counters: most of what there is.

use super::Start;
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
#[inline(never)]
fn write_named<const STEPS: usize>(buffer: &mut Buffer, counters: &Counters<'_>, start: &Start) {
    let Start { labels, value } = start;
    let each = labels.room().max(value.room()) + number::ROOM;
    let room = each * counters.totals.len() + counters.labels.bytes() + SHORT;
    buffer.write(room, |line| {
        for ((text, len), total) in counters.iter_text() {
            let written = match short_line::<STEPS>(line.rest(), labels, text, len, total) {
                Some(written) => written,
                None => long_line(line.rest(), start, &text[..len], total),
            };
            line.skip(written);
        }
    });
}

/// What a short line is written in: the name, the labels and the value, each in whole pieces.
const SHORT: usize = 256;
/// Labels are copied as so many bytes, or as two times as many.
const PIECE: usize = 2 * STEP;
const LABELS: usize = 2 * PIECE;

/// Writes a line that is short and most likely to come; returns its length.
///
/// Everything is written in whole pieces at places that are known to be there, so that little is
/// left to check.
#[inline(always)]
fn short_line<const STEPS: usize>(
    out: &mut [u8],
    name: &Padded,
    text: &[u8],
    len: usize,
    total: u64,
) -> Option<usize> {
    let out = out.first_chunk_mut::<SHORT>()?;
    let (name_len, name) = name.some_steps::<STEPS>()?;
    let text = text.first_chunk::<LABELS>()?;
    if STEPS == 0 || len == 0 || len > LABELS {
        return None;
    }
    for (out, step) in out.as_chunks_mut().0.iter_mut().zip(name) {
        *out = *step;
    }
    let out = &mut out[name_len.min(STEPS * STEP)..];
    out[..PIECE].copy_from_slice(&text[..PIECE]);
    if len > PIECE {
        out[PIECE..LABELS].copy_from_slice(&text[PIECE..]);
    }
    let value = out[len..].first_chunk_mut()?;
    Some(name_len + len + number::short_value(value, total)?)
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
