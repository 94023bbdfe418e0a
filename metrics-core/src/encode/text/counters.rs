//! The lines of many counters: most of what there is.

use crate::{
    cell::{Loop, with_wide_vectors},
    encode::{
        Counters,
        buffer::{Buffer, LONGEST, Line, Piece, STEP},
        number,
    },
};

/// The digits of so many totals as are written at once.
pub(super) type Digits = [number::Digits; Counters::AT_ONCE];

/// Writes the lines of counters: before their labels stands this, and before the value of one
/// without labels that. `digits` is where those of the totals may stand.
pub(super) fn write(
    buffer: &mut Buffer,
    counters: &Counters<'_>,
    labels: &[u8],
    value: &[u8],
    digits: &mut Digits,
) {
    let prefix = counters.labels.prefix();
    let before = Piece::of([labels, prefix]);
    let highest = number::many(counters.totals, digits);
    let each = labels.len() + prefix.len() + value.len() + number::ROOM;
    let room = each * counters.totals.len() + counters.labels.most_bytes() + SHORT;
    let short_lines = if highest < number::SEVEN {
        short_lines::<true>
    } else {
        short_lines::<false>
    };
    buffer.write(room, |line| {
        let (mut left, mut digits) = (*counters, &digits[..]);
        loop {
            let before = before.as_ref();
            let lines = before.map_or(0, |before| short_lines(line, before, &left, digits));
            left = left.after(lines);
            let Some(total) = left.totals.first() else {
                break;
            };
            if let Some((rest, ..)) = left.first() {
                long_line(line, [labels, prefix, rest], value, *total);
            }
            left = left.after(1);
            digits = &digits[lines + 1..];
        }
    });
}

/// Writes lines of counters until one is not short, as most are, or not there; returns how many
/// counters these are. Whether all totals are below [`SEVEN`](number::SEVEN) is known.
#[inline(never)]
fn short_lines<const ARE_LOW: bool>(
    line: &mut Line<'_>,
    before: &Piece,
    counters: &Counters<'_>,
    digits: &[number::Digits],
) -> usize {
    let (lines, written) = with_wide_vectors(ShortLines::<ARE_LOW> {
        out: line.rest(),
        before,
        counters,
        digits,
    });
    line.skip(written);
    lines
}

/// What a short line is written in: what stands before, labels and the value, each in whole steps.
const SHORT: usize = 4 * LONGEST + 2 + 16 + STEP;

/// Lines of counters: how many there are, and how long.
///
/// Everything is written in whole steps at places that are known to be there, so that little is
/// left to check, and nothing is called, so that all that is needed stays in registers.
struct ShortLines<'a, const ARE_LOW: bool> {
    out: &'a mut [u8],
    before: &'a Piece,
    counters: &'a Counters<'a>,
    digits: &'a [number::Digits],
}

impl<const ARE_LOW: bool> Loop for ShortLines<'_, ARE_LOW> {
    type Output = (usize, usize);

    #[inline(always)]
    fn run(self) -> (usize, usize) {
        let ShortLines {
            mut out,
            before,
            counters,
            digits,
        } = self;
        let (before, before_len) = before.bytes_and_len();
        let room = out.len();
        let short = counters.short();
        let series = counters.labels.iter_ahead::<LONGEST>();
        let series = series.zip(counters.totals.iter().zip(digits));
        let mut at = 0;
        for ((labels, len), (total, digits)) in series.take(short) {
            let (Some(line), Some(labels)) = (out.first_chunk_mut::<SHORT>(), labels) else {
                break;
            };
            Piece::copy(line, before, before_len);
            Piece::copy(&mut line[before_len..], labels, len);
            // Which it is anyway; said so, nothing has to be compared.
            let value_at = (before_len + len) % (4 * LONGEST);
            let (end, value) = line[value_at..].split_at_mut(2);
            end.copy_from_slice(b"} ");
            let value = if ARE_LOW {
                let value = value.first_chunk_mut();
                value.map_or(0, |out| number::known_short_line(out, digits))
            } else {
                let value = value.first_chunk_mut();
                value.map_or(0, |out| number::any_line(out, *total, digits))
            };
            out = &mut out[value_at + 2 + value..];
            at += 1;
        }
        (at, room - out.len())
    }
}

#[cold]
#[inline(never)]
fn long_line(line: &mut Line<'_>, labels: [&[u8]; 3], value: &[u8], total: u64) {
    if labels[2].is_empty() {
        line.put(value);
    } else {
        for part in labels {
            line.put(part);
        }
        line.put_pair(*b"} ");
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

    #[test]
    fn lines_whose_labels_begin_alike_are_as_if_they_were_formatted() {
        for name_len in [1, 3, 56, 57, 58, 120, 130] {
            for common_len in [0, 1, 59, 60, 61, 200] {
                let (name, common) = ("n".repeat(name_len) + "_total", "c".repeat(common_len));
                let registry = Registry::new();
                let options = Options::new(name.clone(), "Help.").labels(["a", "b"]);
                let counters = registry.create_labelled::<Counter>(options).expect("valid");
                let mut expected = format!("# HELP {name} Help.\n# TYPE {name} counter\n");
                for len in 1..200_u32 {
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
