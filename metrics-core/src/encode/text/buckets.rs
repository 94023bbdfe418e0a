//! The lines of a histogram's buckets.

use crate::encode::{
    Exemplar, HistogramValue,
    buffer::{Buffer, Line, Padded, STEP},
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
    pub(super) fn begin(&mut self, start: &Padded, labels: &str) {
        if labels.is_empty() {
            self.start.set(&[start.as_slice()]);
        } else {
            self.start.set(&[start.as_slice(), labels.as_bytes(), b","]);
        }
    }

    /// Writes the lines of all buckets; returns what they add up to.
    pub(super) fn write(
        &mut self,
        buffer: &mut Buffer,
        value: &HistogramValue<'_>,
        open_metrics: bool,
    ) -> u64 {
        // Those of a family stand in one place.
        let bounds_at = (value.bounds.as_ptr().addr(), value.bounds.len());
        if self.bounds_at != Some(bounds_at) {
            self.bounds_at = Some(bounds_at);
            if self.ends.is_empty() || self.bounds != value.bounds {
                self.note_bounds(value.bounds, open_metrics);
            }
        }
        if open_metrics && !value.exemplars.is_empty() {
            return self.write_with_exemplars(buffer, value);
        }
        match self.start.steps() {
            1 => self.write_short::<1>(buffer, value.counts),
            2 => self.write_short::<2>(buffer, value.counts),
            3 => self.write_short::<3>(buffer, value.counts),
            4 => self.write_short::<4>(buffer, value.counts),
            _ => {
                let mut total = 0_u64;
                for (le, count) in self.ends.iter().zip(value.counts) {
                    total = total.saturating_add(*count);
                    self.line(buffer, le, total);
                }
                total
            }
        }
    }

    /// The same where lines begin with so many steps: there is no loop in a line.
    #[inline(never)]
    fn write_short<const STEPS: usize>(&self, buffer: &mut Buffer, counts: &[u64]) -> u64 {
        let mut total = 0_u64;
        let room = (self.start.room() + STEP + number::ROOM) * self.ends.len() + SHORT;
        buffer.write(room, |line| {
            for (ends, counts) in self.ends.chunks(AT_ONCE).zip(counts.chunks(AT_ONCE)) {
                let mut totals = [0; AT_ONCE];
                for (up_to, count) in totals.iter_mut().zip(counts) {
                    total = total.saturating_add(*count);
                    *up_to = total;
                }
                let mut digits = [number::Digits::default(); AT_ONCE];
                number::many(&totals, &mut digits);
                let mut values = ends.iter().zip(totals.iter().zip(&digits));
                while let Some((le, total)) = short_lines::<STEPS>(line, &self.start, &mut values) {
                    let written = long_line(line.rest(), &self.start, le, total);
                    line.skip(written);
                }
            }
        });
        total
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

/// What a line is written in whose start takes no more than four steps.
const SHORT: usize = 256 + 16;

/// Writes lines until one is not short, as most are; returns the bound and the total of that one.
///
/// Everything is written in whole pieces at places that are known to be there, so that little is
/// left to check, and nothing is called, so that all that is needed stays in registers.
#[inline(always)]
fn short_lines<'a, const STEPS: usize>(
    line: &mut Line<'_>,
    start: &Padded,
    values: &mut impl Iterator<Item = (&'a Le, (&'a u64, &'a number::Digits))>,
) -> Option<(&'a Le, u64)> {
    let start = start.some_steps::<STEPS>();
    let out = line.rest();
    let (mut rest, mut long) = (out, None);
    let room = rest.len();
    for (le, (total, digits)) in values {
        let written = rest
            .first_chunk_mut()
            .zip(start)
            .and_then(|(out, start)| short_line(out, start, le, *total, digits));
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
fn short_line<const STEPS: usize>(
    out: &mut [u8; SHORT],
    (start_len, start): (usize, &[[u8; STEP]; STEPS]),
    le: &Le,
    total: u64,
    digits: &number::Digits,
) -> Option<usize> {
    for (out, step) in out.as_chunks_mut().0.iter_mut().zip(start) {
        *out = *step;
    }
    let start_len = start_len.min(STEPS * STEP);
    out[start_len..][..STEP].copy_from_slice(&le.text);
    // Which it is anyway; said so, nothing has to be compared.
    let value_at = (start_len + le.len) % 256;
    let value = out[value_at..].first_chunk_mut()?;
    Some(value_at + number::known_line(value, total, digits)?)
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
