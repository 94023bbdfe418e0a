//! Writes the lines of consecutive counters in a text format.

use super::line_start::LineStart;
use crate::{
    format::{
        buffer::{Buffer, LONGEST, Line, STEP, copy_short},
        number,
        number::batch::{
            Digits, LongDigits, find_digits, find_long_digits, put_any_line, put_long_line,
        },
    },
    sample::{
        batch::CounterBatch,
        label_batch::{Form, HalfTable, ShortHalves},
        label_encoding::LabelRendering,
    },
    storage::cpu::{WideLoop, with_wide_vectors},
};

/// Memory for the encoding of counters, reused for every batch.
#[derive(Debug)]
pub(super) struct Scratch {
    /// The decimal digits of the counters' totals.
    digits: [Digits; CounterBatch::MAX_LEN],
    /// The decimal digits of the counters' totals, if some total has more than eight.
    long_digits: [LongDigits; CounterBatch::MAX_LEN],
    table: HalfTable,
}

impl Default for Scratch {
    fn default() -> Self {
        Scratch {
            digits: [Digits::default(); CounterBatch::MAX_LEN],
            long_digits: [LongDigits::default(); CounterBatch::MAX_LEN],
            table: HalfTable::new(),
        }
    }
}

/// Writes the lines of counters whose labels are encoded as text.
pub(super) fn write(
    buffer: &mut Buffer,
    counters: &CounterBatch<'_>,
    start: &LineStart,
    scratch: &mut Scratch,
) {
    let Scratch {
        digits,
        long_digits,
        table,
    } = scratch;
    // Folds all totals, so that the loop needs no branch and has wide vectors.
    let any = counters.totals.iter().fold(0, |any, total| any | total);
    let is_long = any >= number::EIGHT_DIGITS;
    if is_long {
        find_long_digits(counters.totals, long_digits);
    } else {
        find_digits(counters.totals, digits);
    }
    let labels = counters.series.labels;
    let each =
        start.labels.len() + LabelRendering::BEFORE_VALUE.len() + start.value.len() + number::ROOM;
    let room = each * counters.totals.len() + labels.max_bytes() + SHORT_LINE;
    let halves = labels.short_halves(table);
    let prefix = match labels.form {
        Form::BareText => Prefix::of(start.labels.as_slice()),
        _ => Prefix::NONE,
    };
    buffer.write(room, |line| {
        let mut at = 0;
        loop {
            let rest = counters.skip(at);
            let lines = ShortLines {
                out: line.rest(),
                counters: &rest,
                halves,
                digits: &digits[at..],
                long_digits: &long_digits[at..],
                prefix: &prefix,
            };
            let (lines, written) = match (labels.form, is_long) {
                (Form::Requested, false) => with_wide_vectors(Lines::<false, false>(lines)),
                (Form::Requested, true) => with_wide_vectors(Lines::<false, true>(lines)),
                (Form::BareText, false) => with_wide_vectors(Lines::<true, false>(lines)),
                (Form::BareText, true) => with_wide_vectors(Lines::<true, true>(lines)),
                (Form::Other, _) => (0, 0),
            };
            line.skip(written);
            at += lines;
            if at == counters.totals.len() {
                break;
            }
            if let Some((labels, _, total)) = counters.skip(at).first() {
                long_line(line, start, labels, total);
            }
            at += 1;
        }
    });
}

/// The memory that a short line is written into: the bytes before its labels, the two halves of its
/// labels, the bytes after them, and its value, each copied in pieces of fixed size.
const SHORT_LINE: usize = 3 * LONGEST + LabelRendering::BEFORE_VALUE.len() + 16 + STEP;

/// The bytes before the labels of [`BareLines`], in memory of fixed size.
struct Prefix {
    bytes: [u8; LONGEST],
    len: u8,
}

impl Prefix {
    const NONE: Self = Prefix {
        bytes: [0; LONGEST],
        len: 0,
    };

    /// `text` has fewer than [`LONGEST`] bytes, as [`Form::BareText`] guarantees.
    fn of(text: &[u8]) -> Self {
        let mut prefix = Prefix::NONE;
        prefix.bytes[..text.len()].copy_from_slice(text);
        prefix.len = text.len() as u8;
        prefix
    }
}

/// Writes the lines of counters up to the first that was removed or whose line is not short.
///
/// Returns the number of lines and of bytes. Copies have fixed sizes and go to a slice of known
/// length, so that few bounds checks are left. Only a total of more than eight digits takes a
/// function call, so that values can stay in registers.
struct ShortLines<'a> {
    out: &'a mut [u8],
    counters: &'a CounterBatch<'a>,
    halves: ShortHalves<'a>,
    digits: &'a [Digits],
    long_digits: &'a [LongDigits],
    prefix: &'a Prefix,
}

/// [`ShortLines`] in one of the forms that [`ShortLines::write`] describes.
struct Lines<'a, const IS_BARE: bool, const IS_LONG: bool>(ShortLines<'a>);

impl<const IS_BARE: bool, const IS_LONG: bool> WideLoop for Lines<'_, IS_BARE, IS_LONG> {
    type Output = (usize, usize);

    #[inline(always)]
    fn run(self) -> (usize, usize) {
        self.0.write::<IS_BARE, IS_LONG>()
    }
}

impl ShortLines<'_> {
    /// `IS_BARE` if the labels are stored in [`Form::BareText`], without the bytes before and after
    /// them; `IS_LONG` if a total has more than eight digits, so that `long_digits` has those of all.
    #[inline(always)]
    fn write<const IS_BARE: bool, const IS_LONG: bool>(self) -> (usize, usize) {
        let ShortLines {
            mut out,
            counters,
            halves,
            digits,
            long_digits,
            prefix,
        } = self;
        let room = out.len();
        let len = counters.live_prefix_len();
        let indices = &counters.series.labels.halves[..len];
        let (totals, digits) = (&counters.totals[..len], &digits[..len]);
        let long_digits = &long_digits[..len];
        let mut at = 0;
        'all: while at < len {
            let first_index = indices[at][0];
            let Some((first, first_len)) = halves.first(first_index) else {
                break;
            };
            let first_len = usize::from(first_len);
            // One look-up serves all adjacent lines whose labels have the same first half.
            while at < len && indices[at][0] == first_index {
                let Some((second, second_len)) = halves.second(indices[at][1]) else {
                    break 'all;
                };
                let Some(line) = out.first_chunk_mut::<SHORT_LINE>() else {
                    break 'all;
                };
                let second_len = usize::from(second_len);
                let first_at = if IS_BARE { usize::from(prefix.len) } else { 0 };
                if IS_BARE {
                    copy_short::<32>(line, &prefix.bytes, first_at);
                }
                copy_short::<64>(&mut line[first_at..], first, first_len);
                let second_at = first_at + first_len;
                copy_short::<16>(&mut line[second_at..], second, second_len);
                let mut value_at = second_at + second_len;
                if IS_BARE {
                    let end = LabelRendering::BEFORE_VALUE;
                    line[value_at..value_at + end.len()].copy_from_slice(end);
                    value_at += end.len();
                }
                let value = line[value_at..].first_chunk_mut();
                let value_len = value.map_or(0, |out| {
                    if IS_LONG {
                        put_long_line(out, totals[at], &long_digits[at])
                    } else {
                        put_any_line(out, totals[at], &digits[at])
                    }
                });
                out = &mut out[value_at + value_len..];
                at += 1;
            }
        }
        (at, room - out.len())
    }
}

#[cold]
#[inline(never)]
fn long_line(line: &mut Line<'_>, start: &LineStart, [first, second]: [&[u8]; 2], total: u64) {
    if second.is_empty() {
        line.put(start.value.as_slice());
    } else {
        let before = start.labels.as_slice();
        for part in [before, first, second, LabelRendering::BEFORE_VALUE] {
            line.put(part);
        }
    }
    number::unsigned_line(line, total);
}

#[cfg(test)]
mod tests {
    use crate::{Counter, Format, Options, Registry};

    #[test]
    fn lines_of_any_length_are_complete() {
        for name_len in (1..6).chain(22..30).chain(54..62).chain([200]) {
            let name = "n".repeat(name_len) + "_total";
            let registry = Registry::new();
            let options = Options::new(name.clone(), "Help.").labels(["a", "b"]);
            let counters = registry.create_family::<Counter>(options).expect("valid");
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

    #[test]
    fn lines_with_common_labels_are_complete() {
        for name_len in [1, 3, 56, 57, 58, 120, 130] {
            // For some of the names, the first half of the line has about 64 or 256 bytes.
            for common_len in [0, 1, 50, 51, 52, 59, 60, 61, 200, 241, 242, 243] {
                let (name, common) = ("n".repeat(name_len) + "_total", "c".repeat(common_len));
                let registry = Registry::new();
                let options = Options::new(name.clone(), "Help.").labels(["a", "b"]);
                let counters = registry.create_family::<Counter>(options).expect("valid");
                let mut expected = format!("# HELP {name} Help.\n# TYPE {name} counter\n");
                for len in (1..70).chain(240..260_u32) {
                    let value = "v".repeat(len as usize);
                    // In some expositions all totals have few digits.
                    let total = 9_u64.pow(len % (7 + name_len as u32 % 3));
                    counters.with(&[&common, &value]).inc_by(total);
                    let a = match common_len {
                        0 => String::new(),
                        _ => format!("a=\"{common}\","),
                    };
                    let line = format!("{name}{{{a}b=\"{value}\"}} {total}\n");
                    expected += &line;
                }
                for _ in 0..2 {
                    assert_eq!(registry.encode_to_string(Format::Text), expected);
                }
            }
        }
    }
}
