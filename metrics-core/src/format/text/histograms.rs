//! Writes the lines of histograms in a text format: buckets, sum and count.

use super::{dialect::SampleName, line_start::LineStart};
use crate::{
    format::{
        buffer::{Buffer, Line, Padded, STEP},
        number,
        number::{
            EIGHT_DIGITS,
            batch::{Digits, ROW, find_digits_of_rows, put_line},
        },
    },
    sample::{
        batch::HistogramBatch,
        value::{HistogramValue, RenderedExemplar},
    },
    storage::cpu::{WideLoop, with_wide_vectors},
};

/// Writes the lines of histograms, and keeps what consecutive histograms have in common.
#[derive(Debug, Default)]
pub(super) struct HistogramWriter {
    bounds: Vec<f64>,
    /// Address and length of the bounds of the previous series of this family. Another series with
    /// the same address has the same bounds, which need not be compared value by value.
    bounds_at: Option<(usize, usize)>,
    /// The `le` label of each bucket.
    le_labels: Vec<Le>,
    /// The start of all bucket lines of a series.
    start: Padded,
    /// The cumulative counts of the histograms being written; each histogram begins a new row.
    totals: Vec<[u64; ROW]>,
    digits: Vec<[Digits; ROW]>,
}

impl HistogramWriter {
    /// Begins a family. Forgets the address of the bounds, because other bounds may have this
    /// address now.
    pub(super) fn new_family(&mut self) {
        self.bounds_at = None;
    }

    /// Begins a series. `start` is the start of its bucket lines, up to its labels.
    pub(super) fn begin(&mut self, start: &Padded, labels: &[u8]) {
        self.start.set(&[start.as_slice()]);
        self.begin_next(start, labels);
    }

    /// Begins a series whose lines start like those of the previous series, up to the labels.
    #[inline(always)]
    fn begin_next(&mut self, start: &Padded, labels: &[u8]) {
        self.start.truncate(start.len());
        if !labels.is_empty() {
            self.start.push(labels);
            self.start.push(b",");
        }
    }

    /// Writes the lines of all buckets; returns the number of observations.
    pub(super) fn write(
        &mut self,
        buffer: &mut Buffer,
        value: &HistogramValue<'_>,
        is_open_metrics: bool,
    ) -> u64 {
        self.set_bounds(value.bounds, is_open_metrics);
        if is_open_metrics && !value.exemplars.is_empty() {
            return self.write_with_exemplars(buffer, value);
        }
        let rows = self.rows();
        let total = accumulate(value.counts, &mut self.totals.iter_mut());
        find_digits_of_rows(&self.totals[..rows], &mut self.digits);
        buffer.write(self.room(), |line| self.lines(line, 0));
        total
    }

    /// Writes all lines of a batch of histograms.
    pub(super) fn write_batch(
        &mut self,
        buffer: &mut Buffer,
        histograms: &HistogramBatch<'_>,
        starts: &[LineStart; 4],
        is_open_metrics: bool,
    ) {
        self.set_bounds(histograms.bounds, is_open_metrics);
        let start = |sample| &starts[sample as usize];
        let (bucket, sum) = (start(SampleName::Main), start(SampleName::Sum));
        let count = start(SampleName::Count);
        self.start.set(&[bucket.labels.as_slice()]);
        let rows = self.rows();
        let at_once = (AT_ONCE / rows).max(1);
        let mut all = histograms.iter();
        loop {
            // Encodes several histograms at once. With a single one, the processor would wait for
            // the cumulative counts before it finds their digits, and for the digits before it
            // writes the lines.
            let (mut batch, mut len) = ([None; AT_ONCE], 0);
            let mut totals = self.totals.iter_mut();
            for (one, (labels, _, read)) in batch[..at_once].iter_mut().zip(&mut all) {
                *one = Some((labels, read.sum, accumulate(read.counts, &mut totals)));
                len += 1;
            }
            if len == 0 {
                break;
            }
            find_digits_of_rows(&self.totals[..len * rows], &mut self.digits);
            for (at, (labels, observed, total)) in batch.iter().flatten().enumerate() {
                self.begin_next(&bucket.labels, labels);
                let others = sum.room(labels) + count.room(labels) + 2 * number::ROOM;
                buffer.write(self.room() + others, |line| {
                    self.lines(line, at * rows);
                    sum.put(line, labels);
                    number::float(line, *observed, is_open_metrics);
                    line.put_byte(b'\n');
                    count.put(line, labels);
                    self.put_total(line, *total, at * rows + rows - 1);
                });
            }
        }
    }

    /// Writes the lines of all buckets of a histogram, whose cumulative counts begin in the row
    /// `row`.
    #[inline(always)]
    fn lines(&self, line: &mut Line<'_>, row: usize) {
        let rows = self.totals[row..].iter().zip(&self.digits[row..]);
        for (le_labels, (totals, digits)) in self.le_labels.chunks(ROW).zip(rows) {
            lines(
                line,
                Lines {
                    start: &self.start,
                    le_labels,
                    totals,
                    digits,
                },
            );
        }
    }

    /// Writes the number of observations and ends the line. Its digits are at the end of the row
    /// `last`, which `accumulate` fills with the total.
    #[inline(always)]
    fn put_total(&self, line: &mut Line<'_>, total: u64, last: usize) {
        let out = line.rest().first_chunk_mut();
        if total < EIGHT_DIGITS
            && let Some(out) = out
        {
            let len = put_line(out, &self.digits[last][ROW - 1]);
            line.skip(len);
        } else {
            number::unsigned_line(line, total);
        }
    }

    /// The number of rows, of [`ROW`] buckets each, that a histogram takes.
    fn rows(&self) -> usize {
        self.le_labels.len().div_ceil(ROW)
    }

    /// The room that the lines of all buckets take.
    fn room(&self) -> usize {
        (self.start.room() + STEP + number::ROOM) * self.le_labels.len() + SHORT_LINE
    }

    /// Prepares the `le` labels of buckets with these bounds.
    fn set_bounds(&mut self, bounds: &[f64], is_open_metrics: bool) {
        let bounds_at = (bounds.as_ptr().addr(), bounds.len());
        if self.bounds_at != Some(bounds_at) {
            self.bounds_at = Some(bounds_at);
            if self.le_labels.is_empty() || self.bounds != bounds {
                self.render_bounds(bounds, is_open_metrics);
            }
        }
    }

    fn write_with_exemplars(&self, buffer: &mut Buffer, value: &HistogramValue<'_>) -> u64 {
        let mut exemplars = value.exemplars;
        let mut total = 0_u64;
        for (at, (le, count)) in self.le_labels.iter().zip(value.counts).enumerate() {
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

    #[cold]
    fn render_bounds(&mut self, bounds: &[f64], is_open_metrics: bool) {
        self.bounds = bounds.to_vec();
        let bounds = bounds.iter().copied().chain([f64::INFINITY]);
        self.le_labels = bounds
            .map(|bound| Le::new(bound, is_open_metrics))
            .collect();
        let rows = self.rows().max(AT_ONCE);
        self.totals.resize(rows, [0; ROW]);
        self.digits.resize(rows, [Digits::default(); ROW]);
    }
}

/// The bytes between the labels and the value of a bucket: `le="0.1"} `.
#[derive(Debug)]
struct Le {
    /// [`STEP`] bytes are enough, because a float has at most 24 characters, and seven surround it.
    text: [u8; STEP],
    len: u8,
}

impl Le {
    fn new(bound: f64, is_open_metrics: bool) -> Self {
        let mut buffer = Buffer::default();
        buffer.write(number::ROOM, |line| {
            line.put(b"le=\"");
            number::float(line, bound, is_open_metrics);
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

/// The most rows whose digits are found at once, unless one histogram takes more.
const AT_ONCE: usize = 8;

/// Writes the cumulative counts of a histogram into the next rows, and fills the rest of the last
/// row with the total. Returns the total.
#[inline(always)]
fn accumulate<'t>(counts: &[u64], rows: &mut impl Iterator<Item = &'t mut [u64; ROW]>) -> u64 {
    let mut total = 0;
    for (counts, totals) in counts.chunks(ROW).zip(rows) {
        let before = total;
        // Overflow is checked after the loop, because each addition waits for the previous one, and
        // a saturating addition takes longer. `all` is at least the largest addend.
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

/// Up to [`ROW`] consecutive buckets of a histogram: the parts of their lines.
#[derive(Clone, Copy)]
struct Lines<'a> {
    start: &'a Padded,
    le_labels: &'a [Le],
    totals: &'a [u64; ROW],
    digits: &'a [Digits; ROW],
}

/// Writes the lines of up to [`ROW`] consecutive buckets.
#[inline(never)]
fn lines(line: &mut Line<'_>, buckets: Lines<'_>) {
    let Lines {
        start,
        le_labels,
        totals,
        digits,
    } = buckets;
    let mut at = 0;
    if start.steps().len() <= MOST_STEPS {
        // The number of buckets whose totals have at most eight digits. Totals never decrease from
        // one bucket to the next, so a binary search finds it.
        let short = if totals[ROW - 1] < EIGHT_DIGITS {
            le_labels.len()
        } else {
            totals[..le_labels.len()].partition_point(|total| *total < EIGHT_DIGITS)
        };
        let written;
        (at, written) = with_wide_vectors(ShortLines {
            out: line.rest(),
            start,
            le_labels: &le_labels[..short],
            digits,
        });
        line.skip(written);
    }
    if at < le_labels.len() {
        long_lines(line, start, &le_labels[at..], &totals[at..]);
    }
}

/// The memory that a short line is written into: the steps of its start, its bound, and its value.
/// The length of a bound is a `u8`, so 256 bytes for it save bounds checks.
const SHORT_LINE: usize = MOST_STEPS * STEP + 256 + 16;
/// The most steps that the start of a short line takes.
const MOST_STEPS: usize = 4;

/// Writes the lines of buckets whose totals have at most eight digits.
///
/// Returns the number of lines and of bytes. See `counters::ShortLines` for the technique.
struct ShortLines<'a> {
    out: &'a mut [u8],
    start: &'a Padded,
    le_labels: &'a [Le],
    digits: &'a [Digits; ROW],
}

impl WideLoop for ShortLines<'_> {
    type Output = (usize, usize);

    #[inline(always)]
    fn run(self) -> (usize, usize) {
        let ShortLines {
            mut out,
            start,
            le_labels,
            digits,
        } = self;
        let start_len = start.len().min(MOST_STEPS * STEP);
        // Each line copies all `MOST_STEPS` steps, used or not. This needs no loop over the used
        // ones, so the steps stay in registers.
        let mut steps = [[0; STEP]; MOST_STEPS];
        for (step, used) in steps.iter_mut().zip(start.steps()) {
            *step = *used;
        }
        let room = out.len();
        let mut lines = 0;
        for (le, digits) in le_labels.iter().zip(digits) {
            let Some(line) = out.first_chunk_mut::<SHORT_LINE>() else {
                break;
            };
            line[..MOST_STEPS * STEP].copy_from_slice(steps.as_flattened());
            line[start_len..][..STEP].copy_from_slice(&le.text);
            let value_at = start_len + usize::from(le.len);
            let value = line[value_at..].first_chunk_mut();
            let value = value.map_or(0, |out| put_line(out, digits));
            out = &mut out[value_at + value..];
            lines += 1;
        }
        (lines, room - out.len())
    }
}

/// Writes the lines that [`ShortLines`] left: with longer totals, a longer start, or little room.
#[inline(never)]
fn long_lines(line: &mut Line<'_>, start: &Padded, le_labels: &[Le], totals: &[u64]) {
    for (le, total) in le_labels.iter().zip(totals) {
        long_line(line, start, le, *total);
    }
}

fn long_line(line: &mut Line<'_>, start: &Padded, le: &Le, total: u64) {
    line.put_padded(start);
    le.put(line);
    number::unsigned_line(line, total);
}

/// Appends an exemplar to the line that was written last.
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
    fn cumulative_counts_saturate() {
        let counts = [1, u64::MAX - 2, 1, 1, 5, u64::MAX];
        let mut rows = [[0; ROW]; 2];
        let most = u64::MAX;
        assert_eq!(accumulate(&counts, &mut rows.iter_mut()), most);
        assert_eq!(rows[0][..6], [1, most - 1, most, most, most, most]);
        let counts = [&[1; ROW][..], &[2, most - 20, 9]].concat();
        assert_eq!(accumulate(&counts, &mut rows.iter_mut()), most);
        assert_eq!(rows[0][14..], [15, 16]);
        assert_eq!(rows[1][..4], [18, most - 2, most, most]);
        // The total overflows in the second row, although the counts of this row are small.
        let counts = [&[most - 20][..], &[0; ROW - 1], &[9; 3]].concat();
        assert_eq!(accumulate(&counts, &mut rows.iter_mut()), most);
        assert_eq!(rows[1][..4], [most - 11, most - 2, most, most]);
    }

    #[test]
    fn bucket_lines_of_any_length_are_complete() {
        for start_len in [1, 31, 32, 33, 64, 65, 96, 97, 128, 129, 200] {
            let mut start = Padded::default();
            start.set(&["n".repeat(start_len - 1).as_bytes(), b"{"]);
            let lens = [1, 15, 16, 17, 40].into_iter();
            for (len, high) in lens.flat_map(|len| (0..=len).map(move |high| (len, high))) {
                let bounds: Vec<f64> = (1..len).map(f64::from).collect();
                let counts = (0..len).map(|at| if at == high { 100_000_000 } else { 7 });
                let counts: Vec<u64> = counts.collect();
                let mut buffer = Buffer::default();
                let mut buckets = HistogramWriter::default();
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
    fn batches_of_histograms_of_any_length_are_complete() {
        for (name_len, bounds, shortest) in [
            (1, 3, 0),
            (20, 14, 1),
            (30, 15, 1),
            (40, 16, 1),
            (70, 33, 1),
            (30, 140, 1),
            (200, 2, 1),
        ] {
            // Lengths from 0 on include a series without labels, whose lines have another start.
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
