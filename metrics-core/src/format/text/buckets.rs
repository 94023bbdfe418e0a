//! The lines of a histogram's buckets.

use super::Start;
use crate::{
    format::{
        buffer::{Buffer, Line, Padded, STEP},
        number,
        number::ROW,
    },
    sample::{
        batch::HistogramBatch,
        value::{HistogramValue, RenderedExemplar},
    },
    storage::cpu::{WideLoop, with_wide_vectors},
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
    /// What the buckets of some histograms add up to, each in rows of its own, and the digits of
    /// that.
    totals: Vec<[u64; ROW]>,
    digits: Vec<[number::Digits; ROW]>,
}

impl Buckets {
    /// Another family begins.
    pub(super) fn new_family(&mut self) {
        self.bounds_at = None;
    }

    /// Begins a series: `start` is what its lines begin with before its labels.
    pub(super) fn begin(&mut self, start: &Padded, labels: &[u8]) {
        self.start.set(&[start.as_slice()]);
        self.begin_like_others(start, labels);
    }

    /// The same where the lines of the series before began so too.
    #[inline(always)]
    fn begin_like_others(&mut self, start: &Padded, labels: &[u8]) {
        self.start.truncate(start.len());
        if !labels.is_empty() {
            self.start.push(labels);
            self.start.push(b",");
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
        let rows = self.rows();
        let total = add_up(value.counts, &mut self.totals.iter_mut());
        number::rows(&self.totals[..rows], &mut self.digits);
        buffer.write(self.room(), |line| self.lines(line, 0));
        total
    }

    /// Writes all lines of histograms, one after the other.
    pub(super) fn write_many(
        &mut self,
        buffer: &mut Buffer,
        histograms: &HistogramBatch<'_>,
        [bucket, sum, count, _]: &[Start; 4],
        open_metrics: bool,
    ) {
        self.know_bounds(histograms.bounds, open_metrics);
        self.start.set(&[bucket.labels.as_slice()]);
        let rows = self.rows();
        let at_once = (AT_ONCE / rows).max(1);
        let mut all = histograms.iter();
        loop {
            // The digits of several are told at once: each of them alone would wait for what was
            // just added up, and its lines for them.
            let (mut some, mut found) = ([None; AT_ONCE], 0);
            let mut totals = self.totals.iter_mut();
            for (one, (labels, _, read)) in some[..at_once].iter_mut().zip(&mut all) {
                *one = Some((labels, read.sum, add_up(read.counts, &mut totals)));
                found += 1;
            }
            if found == 0 {
                break;
            }
            number::rows(&self.totals[..found * rows], &mut self.digits);
            for (at, (labels, observed, total)) in some.iter().flatten().enumerate() {
                self.begin_like_others(&bucket.labels, labels);
                let others = sum.labels.room() + count.labels.room() + 2 * STEP;
                let others = others + 2 * (labels.len() + number::ROOM);
                buffer.write(self.room() + others, |line| {
                    self.lines(line, at * rows);
                    begin_line(line, sum, labels);
                    number::float(line, *observed, open_metrics);
                    line.put_byte(b'\n');
                    begin_line(line, count, labels);
                    self.end_line(line, *total, at * rows + rows - 1);
                });
            }
        }
    }

    /// Writes the lines of all buckets of a histogram, whose totals begin in this row.
    #[inline(always)]
    fn lines(&self, line: &mut Line<'_>, row: usize) {
        let rows = self.totals[row..].iter().zip(&self.digits[row..]);
        for (ends, (totals, digits)) in self.ends.chunks(ROW).zip(rows) {
            lines(
                line,
                Lines {
                    start: &self.start,
                    ends,
                    totals,
                    digits,
                },
            );
        }
    }

    /// Ends a line in what all buckets of a histogram add up to, whose last row it is.
    #[inline(always)]
    fn end_line(&self, line: &mut Line<'_>, total: u64, last: usize) {
        let out = line.rest().first_chunk_mut();
        if total < number::EIGHT
            && let Some(out) = out
        {
            let len = number::known_line(out, &self.digits[last][ROW - 1]);
            line.skip(len);
        } else {
            number::unsigned_line(line, total);
        }
    }

    /// The rows that a histogram takes.
    fn rows(&self) -> usize {
        self.ends.len().div_ceil(ROW)
    }

    /// The room that the lines of its buckets take.
    fn room(&self) -> usize {
        (self.start.room() + STEP + number::ROOM) * self.ends.len() + SHORT
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
        buffer.write(room, |line| long_line(line, &self.start, le, total));
    }

    /// Renders the ends of the lines of buckets with these bounds.
    #[cold]
    fn note_bounds(&mut self, bounds: &[f64], open_metrics: bool) {
        self.bounds = bounds.to_vec();
        let bounds = bounds.iter().copied().chain([f64::INFINITY]);
        self.ends = bounds.map(|bound| Le::new(bound, open_metrics)).collect();
        let rows = self.rows().max(AT_ONCE);
        self.totals.resize(rows, [0; ROW]);
        self.digits.resize(rows, [number::Digits::default(); ROW]);
    }
}

/// What stands between the labels and the value of a bucket: `le="0.1"} `.
#[derive(Debug)]
struct Le {
    /// The longest float has 24 characters.
    text: [u8; STEP],
    len: u8,
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
            len: buffer.len() as u8,
        }
    }

    #[inline(always)]
    fn put(&self, line: &mut Line<'_>) {
        line.put_step(&self.text, self.len.into());
    }
}

/// So many rows are told at once, unless one histogram takes more.
const AT_ONCE: usize = 8;

/// Adds up counts one after the other in the next rows, and fills them up; returns what all come
/// to.
#[inline(always)]
fn add_up<'t>(counts: &[u64], rows: &mut impl Iterator<Item = &'t mut [u64; ROW]>) -> u64 {
    let mut total = 0;
    for (counts, totals) in counts.chunks(ROW).zip(rows) {
        let before = total;
        // What is more than a word holds is seen afterwards: each addition waits for the one
        // before, and is to wait for nothing else.
        let mut all = before;
        for (count, up_to) in counts.iter().zip(&mut *totals) {
            all |= *count;
            total = total.wrapping_add(*count);
            *up_to = total;
        }
        if all > u64::MAX / (2 * ROW as u64) {
            total = before;
            for (count, up_to) in counts.iter().zip(&mut *totals) {
                total = total.saturating_add(*count);
                *up_to = total;
            }
        }
        totals[counts.len()..].fill(total);
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

/// Buckets of a histogram, no more than a row of them, and what their lines begin with.
#[derive(Clone, Copy)]
struct Lines<'a> {
    start: &'a Padded,
    ends: &'a [Le],
    totals: &'a [u64; ROW],
    digits: &'a [number::Digits; ROW],
}

/// Writes the lines of buckets.
#[inline(always)]
fn lines(line: &mut Line<'_>, buckets: Lines<'_>) {
    let lines = match buckets.start.steps().len() {
        1 => lines_of::<1>,
        2 => lines_of::<2>,
        3 => lines_of::<3>,
        4 => lines_of::<4>,
        _ => lines_of::<0>,
    };
    lines(line, buckets);
}

/// The same where their start takes so many steps, so that there is no loop in a line; 0 stands
/// for any number.
#[inline(never)]
fn lines_of<const STEPS: usize>(line: &mut Line<'_>, buckets: Lines<'_>) {
    let Lines {
        start,
        ends,
        totals,
        digits,
    } = buckets;
    let mut at = 0;
    if let Some(steps) = start.steps().first_chunk::<STEPS>().filter(|_| STEPS > 0) {
        // No total is lower than the one before.
        let short = if totals[ROW - 1] < number::EIGHT {
            ends.len()
        } else {
            totals[..ends.len()].partition_point(|total| *total < number::EIGHT)
        };
        let written;
        (at, written) = with_wide_vectors(ShortLines {
            out: line.rest(),
            start: (steps, start.len()),
            ends: &ends[..short],
            digits,
        });
        line.skip(written);
    }
    if at < ends.len() {
        long_lines(line, start, &ends[at..], &totals[at..]);
    }
}

/// What a short line is written in: the steps of its start, its bound, and the number.
const SHORT: usize = MOST_STEPS * STEP + 256 + 16;
/// A start that takes more steps makes a line long.
const MOST_STEPS: usize = 4;

/// Lines of buckets that are short, as most are: how many these are, and how long.
///
/// Everything is written in whole steps at places that are known to be there, so that little is
/// left to check, and nothing is called, so that all that is needed stays in registers.
struct ShortLines<'a, const STEPS: usize> {
    out: &'a mut [u8],
    start: (&'a [[u8; STEP]; STEPS], usize),
    ends: &'a [Le],
    digits: &'a [number::Digits; ROW],
}

impl<const STEPS: usize> WideLoop for ShortLines<'_, STEPS> {
    type Output = (usize, usize);

    #[inline(always)]
    fn run(self) -> (usize, usize) {
        let ShortLines {
            mut out,
            start: (steps, start_len),
            ends,
            digits,
        } = self;
        // Copies, which need no pointer.
        let (steps, start_len) = (*steps, start_len.min(MOST_STEPS * STEP));
        let room = out.len();
        let mut lines = 0;
        for (le, digits) in ends.iter().zip(digits) {
            let Some(line) = out.first_chunk_mut::<SHORT>() else {
                break;
            };
            for (place, step) in line.as_chunks_mut().0.iter_mut().zip(&steps) {
                *place = *step;
            }
            line[start_len..][..STEP].copy_from_slice(&le.text);
            let value_at = start_len + usize::from(le.len);
            let value = line[value_at..].first_chunk_mut();
            let value = value.map_or(0, |out| number::known_line(out, digits));
            out = &mut out[value_at + value..];
            lines += 1;
        }
        (lines, room - out.len())
    }
}

/// Writes lines that are not short: their totals are of more digits, or what they begin with is
/// longer.
#[inline(never)]
fn long_lines(line: &mut Line<'_>, start: &Padded, ends: &[Le], totals: &[u64]) {
    for (le, total) in ends.iter().zip(totals) {
        long_line(line, start, le, *total);
    }
}

fn long_line(line: &mut Line<'_>, start: &Padded, le: &Le, total: u64) {
    line.put_padded(start);
    le.put(line);
    number::unsigned_line(line, total);
}

/// Adds an exemplar to the line that was just written.
pub(super) fn add_exemplar(buffer: &mut Buffer, exemplar: &RenderedExemplar) {
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
    use super::*;
    use crate::{Format, Histogram, Options, Registry};

    #[test]
    fn counts_that_add_up_to_more_than_a_word_stay_at_the_most() {
        let counts = [1, u64::MAX - 2, 1, 1, 5, u64::MAX];
        let mut rows = [[0; ROW]; 2];
        let most = u64::MAX;
        assert_eq!(add_up(&counts, &mut rows.iter_mut()), most);
        assert_eq!(rows[0][..6], [1, most - 1, most, most, most, most]);
        let counts = [&[1; ROW][..], &[2, most - 20, 9]].concat();
        assert_eq!(add_up(&counts, &mut rows.iter_mut()), most);
        assert_eq!(rows[0][14..], [15, 16]);
        assert_eq!(rows[1][..4], [18, most - 2, most, most]);
        // Of what comes after a whole row all is little.
        let counts = [&[most - 20][..], &[0; ROW - 1], &[9; 3]].concat();
        assert_eq!(add_up(&counts, &mut rows.iter_mut()), most);
        assert_eq!(rows[1][..4], [most - 11, most - 2, most, most]);
    }

    #[test]
    fn totals_of_any_length_are_as_if_they_were_formatted() {
        for start_len in [1, 31, 32, 33, 64, 65, 96, 97, 128, 129, 200] {
            let mut start = Padded::default();
            start.set(&["n".repeat(start_len - 1).as_bytes(), b"{"]);
            let lens = [1, 15, 16, 17, 40].into_iter();
            for (len, high) in lens.flat_map(|len| (0..=len).map(move |high| (len, high))) {
                let bounds: Vec<f64> = (1..len).map(f64::from).collect();
                let counts = (0..len).map(|at| if at == high { 100_000_000 } else { 7 });
                let counts: Vec<u64> = counts.collect();
                let mut buffer = Buffer::default();
                let mut buckets = Buckets::default();
                buckets.begin(&start, b"");
                let value = HistogramValue {
                    bounds: &bounds,
                    counts: &counts,
                    sum: 0.0,
                    allows_negative: false,
                    native: None,
                    exemplars: &[],
                };
                let all = buckets.write(&mut buffer, &value, false);
                let mut total = 0;
                let lines = counts.iter().enumerate().map(|(at, count)| {
                    total += count;
                    let le = bounds.get(at).map_or("+Inf".to_owned(), f64::to_string);
                    let name = "n".repeat(start_len - 1);
                    format!("{name}{{le=\"{le}\"}} {total}\n")
                });
                let expected: String = lines.collect();
                assert_eq!(String::from_utf8_lossy(buffer.as_slice()), expected);
                assert_eq!(all, total);
            }
        }
    }

    #[test]
    fn histograms_of_any_length_are_as_if_they_were_formatted() {
        for (name_len, bounds, shortest) in [
            (1, 3, 0),
            (20, 14, 1),
            (30, 15, 1),
            (40, 16, 1),
            (70, 33, 1),
            (30, 140, 1),
            (200, 2, 1),
        ] {
            // Without labels a series has other lines, and so have its neighbours.
            let name = "n".repeat(name_len);
            let registry = Registry::new();
            let bounds: Vec<f64> = (1..=bounds).map(f64::from).collect();
            let options = Options::new(name.clone(), "Help.").labels(["a"]);
            let options = options.buckets(bounds.clone());
            let histograms = registry.create_family::<Histogram>(options).expect("valid");
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
