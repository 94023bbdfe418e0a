//! The lines of a histogram's buckets.

use super::Start;
use crate::encode::{
    Exemplar, HistogramValue, Histograms,
    buffer::{Buffer, HALF, Line, Padded, STEP},
    number,
};

/// What the lines of the last histogram had in common with those of the next.
#[derive(Debug, Default)]
pub(super) struct Buckets {
    /// Its bounds, where they stand if it is of this family, and the ends of their lines.
    bounds: Vec<f64>,
    bounds_at: Option<(usize, usize)>,
    ends: Vec<Le>,
    /// What all its lines begin with.
    start: Padded,
}

impl Buckets {
    /// Another family begins.
    pub(super) fn new_family(&mut self) {
        self.bounds_at = None;
    }

    /// Begins a series: `start` is what its lines begin with before its labels.
    pub(super) fn begin(&mut self, start: &Padded, labels: &[u8]) {
        if labels.is_empty() {
            self.start.set(&[start.as_slice()]);
        } else {
            self.start.set(&[start.as_slice(), labels, b","]);
        }
    }

    /// Writes the lines of all buckets; returns what they add up to.
    pub(super) fn write(
        &mut self,
        buffer: &mut Buffer,
        value: &HistogramValue<'_>,
        open_metrics: bool,
    ) -> u64 {
        self.know_bounds(value.bounds, open_metrics);
        if open_metrics && !value.exemplars.is_empty() {
            return self.write_with_exemplars(buffer, value);
        }
        let mut total = 0;
        let room = (self.start.room() + STEP + number::ROOM) * self.ends.len() + SHORT;
        buffer.write(room, |line| (total, _) = self.lines(line, value.counts));
        total
    }

    /// Writes all lines of histograms, one after the other.
    pub(super) fn write_many(
        &mut self,
        buffer: &mut Buffer,
        histograms: &Histograms<'_>,
        [bucket, sum, count, _]: &[Start; 4],
        open_metrics: bool,
    ) {
        self.know_bounds(histograms.bounds, open_metrics);
        histograms.iter().for_each(|(labels, _, read)| {
            self.begin(&bucket.labels, labels);
            let line = self.start.room() + STEP + number::ROOM;
            let others = sum.labels.room() + count.labels.room() + 2 * STEP;
            let others = others + 2 * (labels.len() + number::ROOM);
            buffer.write(line * self.ends.len() + others + SHORT, |line| {
                let (total, digits) = self.lines(line, read.counts);
                begin_line(line, sum, labels);
                number::float(line, read.sum, open_metrics);
                line.put_byte(b'\n');
                begin_line(line, count, labels);
                let last = line.rest().first_chunk_mut();
                match last.filter(|_| total < number::EIGHT) {
                    Some(out) => {
                        let len = number::known_line(out, &digits);
                        line.skip(len);
                    }
                    None => number::unsigned_line(line, total),
                }
            });
        });
    }

    /// Writes the lines of all buckets; returns what they add up to, and its digits.
    #[inline(always)]
    fn lines(&self, line: &mut Line<'_>, counts: &[u64]) -> (u64, number::Digits) {
        let (mut total, mut last) = (0, number::Digits::default());
        for (ends, counts) in self.ends.chunks(AT_ONCE).zip(counts.chunks(AT_ONCE)) {
            let mut totals = [0; AT_ONCE];
            total = add_up(total, counts, &mut totals);
            let mut digits = [number::Digits::default(); AT_ONCE];
            number::many(&totals, &mut digits);
            let buckets = Lines {
                start: &self.start,
                ends,
                totals: &totals,
                digits: &digits,
            };
            lines(line, buckets);
            if let Some(digits) = digits.get(ends.len() - 1) {
                last = *digits;
            }
        }
        (total, last)
    }

    /// Has the ends of the lines of buckets with these bounds ready.
    fn know_bounds(&mut self, bounds: &[f64], open_metrics: bool) {
        // Those of a family stand in one place.
        let bounds_at = (bounds.as_ptr().addr(), bounds.len());
        if self.bounds_at != Some(bounds_at) {
            self.bounds_at = Some(bounds_at);
            if self.ends.is_empty() || self.bounds != bounds {
                self.note_bounds(bounds, open_metrics);
            }
        }
    }

    fn write_with_exemplars(&self, buffer: &mut Buffer, value: &HistogramValue<'_>) -> u64 {
        let mut exemplars = value.exemplars;
        let mut total = 0_u64;
        for (at, (le, count)) in self.ends.iter().zip(value.counts).enumerate() {
            total = total.saturating_add(*count);
            self.line(buffer, le, total);
            let inside = match value.bounds.get(at) {
                Some(bound) => exemplars.partition_point(|exemplar| exemplar.value <= *bound),
                None => exemplars.len(),
            };
            let (of_this, rest) = exemplars.split_at(inside);
            exemplars = rest;
            if let Some(exemplar) = of_this.last() {
                add_exemplar(buffer, exemplar);
            }
        }
        total
    }

    fn line(&self, buffer: &mut Buffer, le: &Le, total: u64) {
        let room = self.start.room() + STEP + number::ROOM;
        buffer.write(room, |line| {
            let written = long_line(line.rest(), &self.start, le, total);
            line.skip(written);
        });
    }

    /// Renders the ends of the lines of buckets with these bounds.
    #[cold]
    fn note_bounds(&mut self, bounds: &[f64], open_metrics: bool) {
        self.bounds = bounds.to_vec();
        let bounds = bounds.iter().copied().chain([f64::INFINITY]);
        self.ends = bounds.map(|bound| Le::new(bound, open_metrics)).collect();
    }
}

/// What stands between the labels and the value of a bucket: `le="0.1"} `.
#[derive(Debug)]
struct Le {
    /// The longest float has 24 characters.
    text: [u8; STEP],
    len: usize,
}

impl Le {
    fn new(bound: f64, open_metrics: bool) -> Self {
        let mut buffer = Buffer::default();
        buffer.write(number::ROOM, |line| {
            line.put(b"le=\"");
            number::float(line, bound, open_metrics);
            line.put(b"\"} ");
        });
        let mut text = [0; STEP];
        text[..buffer.len()].copy_from_slice(buffer.as_slice());
        Le {
            text,
            len: buffer.len(),
        }
    }

    #[inline(always)]
    fn put(&self, line: &mut Line<'_>) {
        line.put_step(&self.text, self.len);
    }
}

/// The digits of so many buckets are told at once.
const AT_ONCE: usize = 16;

/// Adds up counts one after the other, on top of this; returns what all come to.
#[inline(always)]
fn add_up(before: u64, counts: &[u64], totals: &mut [u64; AT_ONCE]) -> u64 {
    // What is more than a word holds is seen afterwards: each addition waits for the one before,
    // and is to wait for nothing else.
    let (mut total, mut is_over) = (before, false);
    for (up_to, count) in totals.iter_mut().zip(counts) {
        total = total.wrapping_add(*count);
        is_over |= total < *count;
        *up_to = total;
    }
    if is_over {
        total = before;
        for (up_to, count) in totals.iter_mut().zip(counts) {
            total = total.saturating_add(*count);
            *up_to = total;
        }
    }
    total
}

/// Begins a line that has the labels of its series alone.
#[inline(always)]
fn begin_line(line: &mut Line<'_>, start: &Start, labels: &[u8]) {
    if labels.is_empty() {
        return line.put_padded(&start.value);
    }
    line.put_padded(&start.labels);
    line.put(labels);
    line.put_pair(*b"} ");
}

/// Buckets of a histogram, and what their lines begin with.
#[derive(Clone, Copy)]
struct Lines<'a> {
    start: &'a Padded,
    ends: &'a [Le],
    totals: &'a [u64],
    digits: &'a [number::Digits],
}

/// Writes the lines of buckets.
#[inline(always)]
fn lines(line: &mut Line<'_>, buckets: Lines<'_>) {
    let lines = match buckets.start.halves() {
        1 => lines_of::<1>,
        2 => lines_of::<2>,
        3 => lines_of::<3>,
        4 => lines_of::<4>,
        5 => lines_of::<5>,
        6 => lines_of::<6>,
        7 => lines_of::<7>,
        8 => lines_of::<8>,
        _ => lines_of::<0>,
    };
    lines(line, buckets);
}

/// The same where their start takes so many half steps, so that there is no loop in a line; 0
/// stands for any number.
///
/// Wider vectors would be slower: the start was just written in half steps, for which a load of
/// more than one of them has to wait.
#[inline(never)]
fn lines_of<const HALVES: usize>(line: &mut Line<'_>, buckets: Lines<'_>) {
    let Lines {
        start,
        ends,
        totals,
        digits,
    } = buckets;
    let mut values = ends.iter().zip(totals.iter().zip(digits));
    while let Some((le, total)) = short_lines::<HALVES>(line, start, &mut values) {
        let written = long_line(line.rest(), start, le, total);
        line.skip(written);
    }
}

/// What a line is written in whose start takes no more than eight half steps.
const SHORT: usize = 256 + 16;

/// Writes lines until one is not short, as most are; returns the bound and the total of that one.
///
/// Everything is written in whole pieces at places that are known to be there, so that little is
/// left to check, and nothing is called, so that all that is needed stays in registers.
#[inline(always)]
fn short_lines<'a, const HALVES: usize>(
    line: &mut Line<'_>,
    start: &Padded,
    values: &mut impl Iterator<Item = (&'a Le, (&'a u64, &'a number::Digits))>,
) -> Option<(&'a Le, u64)> {
    let start = start.some_halves::<HALVES>().filter(|_| HALVES > 0);
    // A copy on the stack, where all of it is found without a pointer to each half step.
    let start = start.map(|(len, halves)| (len, *halves));
    let out = line.rest();
    let (mut rest, mut long) = (out, None);
    let room = rest.len();
    for (le, (total, digits)) in values {
        let written = rest
            .first_chunk_mut()
            .zip(start.as_ref())
            .and_then(|(out, (len, start))| short_line(out, (*len, start), le, *total, digits));
        let Some(written) = written else {
            long = Some((le, *total));
            break;
        };
        rest = &mut rest[written..];
    }
    let written = room - rest.len();
    line.skip(written);
    long
}

/// Writes a line that most likely is short; returns its length.
#[inline(always)]
fn short_line<const HALVES: usize>(
    out: &mut [u8; SHORT],
    (start_len, start): (usize, &[[u8; HALF]; HALVES]),
    le: &Le,
    total: u64,
    digits: &number::Digits,
) -> Option<usize> {
    for (out, piece) in out.as_chunks_mut().0.iter_mut().zip(start) {
        *out = *piece;
    }
    let start_len = start_len.min(HALVES * HALF);
    let end = &mut out[start_len..][..STEP];
    if le.len > HALF {
        end.copy_from_slice(&le.text);
    } else {
        end[..HALF].copy_from_slice(&le.text[..HALF]);
    }
    // Which it is anyway; said so, nothing has to be compared.
    let value_at = (start_len + le.len) % 256;
    let value = out[value_at..].first_chunk_mut()?;
    (total < number::EIGHT).then(|| value_at + number::known_line(value, digits))
}

#[inline(never)]
fn long_line(out: &mut [u8], start: &Padded, le: &Le, total: u64) -> usize {
    let room = out.len();
    let mut line = Line::new(out);
    line.put_padded(start);
    le.put(&mut line);
    number::unsigned_line(&mut line, total);
    room - line.room()
}

/// Adds an exemplar to the line that was just written.
pub(super) fn add_exemplar(buffer: &mut Buffer, exemplar: &Exemplar) {
    buffer.truncate(buffer.len() - 1);
    let room = exemplar.labels.len() + 2 * number::ROOM;
    buffer.write(room, |line| {
        line.put(b" # {");
        line.put(exemplar.labels.as_bytes());
        line.put_pair(*b"} ");
        number::float(line, exemplar.value, true);
        line.put_byte(b' ');
        number::time(line, exemplar.time);
        line.put_byte(b'\n');
    });
}

#[cfg(test)]
mod tests {
    use crate::{Format, Histogram, Options, Registry};

    #[test]
    fn counts_that_add_up_to_more_than_a_word_stay_at_the_most() {
        let counts = [1, u64::MAX - 2, 1, 1, 5, u64::MAX];
        let mut totals = [0; super::AT_ONCE];
        assert_eq!(super::add_up(0, &counts, &mut totals), u64::MAX);
        let most = u64::MAX;
        assert_eq!(totals[..6], [1, most - 1, most, most, most, most]);
        assert_eq!(super::add_up(2, &[3, 4], &mut totals), 9);
        assert_eq!(totals[..2], [5, 9]);
    }

    #[test]
    fn histograms_of_any_length_are_as_if_they_were_formatted() {
        for (name_len, bounds, shortest) in [
            (1, 3, 0),
            (20, 14, 1),
            (30, 15, 1),
            (40, 16, 1),
            (70, 33, 1),
            (200, 2, 1),
        ] {
            // Without labels a series has other lines, and so have its neighbours.
            let name = "n".repeat(name_len);
            let registry = Registry::new();
            let bounds: Vec<f64> = (1..=bounds).map(f64::from).collect();
            let options = Options::new(name.clone(), "Help.").labels(["a"]);
            let options = options.buckets(bounds.clone());
            let histograms = registry
                .create_labelled::<Histogram>(options)
                .expect("valid");
            let mut lines = vec![format!("# HELP {name} Help.\n# TYPE {name} histogram\n")];
            for len in shortest..140_u32 {
                let value = "v".repeat(len as usize);
                let histogram = histograms.with(&[&value]);
                let observed = f64::from(len % 40);
                (0..len).for_each(|_| histogram.observe(observed));
                if len % 7 == 5 {
                    continue;
                }
                let (labels, first) = match len {
                    0 => (String::new(), "{".to_owned()),
                    _ => (format!("{{a=\"{value}\"}}"), format!("{{a=\"{value}\",")),
                };
                for bound in &bounds {
                    let count = if observed <= *bound { len } else { 0 };
                    lines.push(format!("{name}_bucket{first}le=\"{bound}\"}} {count}\n"));
                }
                lines.push(format!("{name}_bucket{first}le=\"+Inf\"}} {len}\n"));
                lines.push(format!(
                    "{name}_sum{labels} {}\n",
                    observed * f64::from(len)
                ));
                lines.push(format!("{name}_count{labels} {len}\n"));
            }
            for len in (0..140).filter(|len| len % 7 == 5) {
                assert!(histograms.remove(&["v".repeat(len).as_str()]));
            }
            assert_eq!(registry.encode_to_string(Format::Text), lines.concat());
        }
    }
}
