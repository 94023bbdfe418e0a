//! The lines of many counters: most of what there is.

use super::Start;
use crate::{
    format::{
        buffer::{Buffer, LONGEST, Line, STEP, copy_short},
        number,
    },
    sample::{
        batch::CounterBatch,
        label_batch::{HalfTable, ShortHalves},
        label_encoding::LabelRendering,
    },
    storage::cpu::{WideLoop, with_wide_vectors},
};

/// What is found out of so many counters as are written at once.
#[derive(Debug)]
pub(super) struct Many {
    /// The digits of their totals.
    digits: [number::Digits; CounterBatch::MAX_LEN],
    /// How their lines end, if all are short.
    ends: number::Ends<{ CounterBatch::MAX_LEN }>,
    /// Where their labels stand.
    table: HalfTable,
}

impl Default for Many {
    fn default() -> Self {
        Many {
            digits: [number::Digits::default(); CounterBatch::MAX_LEN],
            ends: number::Ends::new(),
            table: HalfTable::new(),
        }
    }
}

/// Writes the lines of counters whose labels are text, and begin like this.
pub(super) fn write(
    buffer: &mut Buffer,
    counters: &CounterBatch<'_>,
    start: &Start,
    Many {
        digits,
        ends,
        table,
    }: &mut Many,
) {
    let (before, value) = (start.labels.as_slice(), start.value.as_slice());
    let highest = number::many(counters.totals, digits);
    let each = before.len() + LabelRendering::BEFORE_VALUE.len() + value.len() + number::ROOM;
    let labels = counters.series.labels;
    let room = each * counters.totals.len() + labels.max_bytes() + SHORT;
    let short_lines = if highest < number::SEVEN {
        ends.find(counters.totals, digits);
        short_lines::<true>
    } else {
        short_lines::<false>
    };
    let halves = labels.short_halves(table);
    buffer.write(room, |line| {
        let mut at = 0;
        loop {
            let left = counters.skip(at);
            if labels.is_as_requested() {
                at += short_lines(line, &left, halves, &digits[at..], ends.after(at));
            }
            let Some(total) = counters.totals.get(at) else {
                break;
            };
            if let Some((labels, ..)) = counters.skip(at).first() {
                long_line(line, before, labels, value, *total);
            }
            at += 1;
        }
    });
}

/// Writes lines of counters until one is not short, as most are, or not there; returns how many
/// counters these are. Whether all totals are below [`SEVEN`](number::SEVEN) is known.
#[inline(never)]
fn short_lines<const ARE_LOW: bool>(
    line: &mut Line<'_>,
    counters: &CounterBatch<'_>,
    halves: ShortHalves<'_>,
    digits: &[number::Digits],
    ends: (&[u64], &[u8]),
) -> usize {
    let (lines, written) = with_wide_vectors(ShortLines::<ARE_LOW> {
        out: line.rest(),
        counters,
        halves,
        digits,
        ends,
    });
    line.skip(written);
    lines
}

/// What a short line is written in: both halves of what stands before the value, and that, each in
/// whole steps.
const SHORT: usize = 2 * LONGEST + 16 + STEP;

/// Lines of counters: how many there are, and how long.
///
/// Everything is written in whole steps at places that are known to be there, so that little is
/// left to check, and nothing is called, so that all that is needed stays in registers.
struct ShortLines<'a, const ARE_LOW: bool> {
    out: &'a mut [u8],
    counters: &'a CounterBatch<'a>,
    halves: ShortHalves<'a>,
    digits: &'a [number::Digits],
    ends: (&'a [u64], &'a [u8]),
}

impl<const ARE_LOW: bool> WideLoop for ShortLines<'_, ARE_LOW> {
    type Output = (usize, usize);

    #[inline(always)]
    fn run(self) -> (usize, usize) {
        let ShortLines {
            mut out,
            counters,
            halves,
            digits,
            ends: (words, lens),
        } = self;
        let room = out.len();
        let some = counters.live_prefix_len();
        let (labels, totals) = (
            &counters.series.labels.halves[..some],
            &counters.totals[..some],
        );
        let (words, lens, digits) = (&words[..some], &lens[..some], &digits[..some]);
        let mut at = 0;
        'all: while at < some {
            let head = labels[at][0];
            let Some((first, first_len)) = halves.first(head) else {
                break;
            };
            let first_len = usize::from(first_len);
            // Neighbours have it in common.
            while at < some && labels[at][0] == head {
                let Some((second, second_len)) = halves.second(labels[at][1]) else {
                    break 'all;
                };
                let Some(line) = out.first_chunk_mut::<SHORT>() else {
                    break 'all;
                };
                let second_len = usize::from(second_len);
                copy_short::<64>(line, first, first_len);
                copy_short::<16>(&mut line[first_len..], second, second_len);
                let value_at = first_len + second_len;
                let value = if ARE_LOW {
                    line[value_at..value_at + 8].copy_from_slice(&words[at].to_le_bytes());
                    lens[at].into()
                } else {
                    let value = line[value_at..].first_chunk_mut();
                    value.map_or(0, |out| number::any_line(out, totals[at], &digits[at]))
                };
                out = &mut out[value_at + value..];
                at += 1;
            }
        }
        (at, room - out.len())
    }
}

#[cold]
#[inline(never)]
fn long_line(
    line: &mut Line<'_>,
    before: &[u8],
    [first, second]: [&[u8]; 2],
    value: &[u8],
    total: u64,
) {
    if second.is_empty() {
        line.put(value);
    } else {
        for part in [before, first, second, LabelRendering::BEFORE_VALUE] {
            line.put(part);
        }
    }
    number::unsigned(line, total);
    line.put_byte(b'\n');
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
    fn lines_whose_labels_begin_alike_are_as_if_they_were_formatted() {
        for name_len in [1, 3, 56, 57, 58, 120, 130] {
            // What stands before the last label is then of 64 bytes, of 256, or of some more or less.
            for common_len in [0, 1, 50, 51, 52, 59, 60, 61, 200, 241, 242, 243] {
                let (name, common) = ("n".repeat(name_len) + "_total", "c".repeat(common_len));
                let registry = Registry::new();
                let options = Options::new(name.clone(), "Help.").labels(["a", "b"]);
                let counters = registry.create_family::<Counter>(options).expect("valid");
                let mut expected = format!("# HELP {name} Help.\n# TYPE {name} counter\n");
                for len in (1..70).chain(240..260_u32) {
                    let value = "v".repeat(len as usize);
                    // In some expositions all of them are of few digits.
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
