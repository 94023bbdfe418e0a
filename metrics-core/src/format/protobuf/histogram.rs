//! Histograms: classic buckets, native buckets as spans and differences, exemplars.

use super::{
    pairs::Pairs,
    wire::{self, SLACK, Time, double, field_len, tag, varint, varint_len, zigzag},
};
use crate::{
    format::buffer::{Buffer, Line},
    sample::value::{HistogramValue, RenderedExemplar},
    storage::native::NativeHistogramSnapshot,
};

/// An `Exemplar`.
pub(super) fn example(exemplar: &RenderedExemplar) -> Vec<u8> {
    let mut pairs = Pairs::default();
    pairs.read(&exemplar.labels);
    let time = Time::new(exemplar.time);
    let mut buffer = Buffer::default();
    buffer.write(pairs.room() + 9 + Time::ROOM + SLACK, |line| {
        pairs.write(&exemplar.labels, line);
        double(line, 2, exemplar.value);
        time.write(line, 3);
    });
    buffer.as_slice().to_vec()
}

/// How long a `Bucket` is.
pub(super) fn bucket_len(total: u64, exemplar: Option<&[u8]>) -> usize {
    let exemplar = exemplar.map_or(0, |exemplar| field_len(exemplar.len()));
    1 + varint_len(total) + 9 + exemplar
}

/// Shows the classic buckets of a histogram: the observations in it and those before, its bound,
/// and an exemplar. The last one is left to the reader, as other clients do, unless it has an
/// exemplar.
pub(super) fn classic(
    value: &HistogramValue<'_>,
    mut exemplars: &[(f64, Vec<u8>)],
    mut each: impl FnMut(u64, f64, Option<&[u8]>),
) {
    // Without bounds, what there is is the native part.
    if value.bounds.is_empty() && value.native.is_some() {
        return;
    }
    let mut total = 0_u64;
    for (at, count) in value.counts.iter().enumerate() {
        total = total.saturating_add(*count);
        let bound = value.bounds.get(at).copied().unwrap_or(f64::INFINITY);
        let inside = exemplars.partition_point(|(value, _)| *value <= bound);
        let (of_this, rest) = exemplars.split_at(inside);
        exemplars = rest;
        let exemplar = of_this.last().map(|(_, exemplar)| exemplar.as_slice());
        if bound < f64::INFINITY || exemplar.is_some() {
            each(total, bound, exemplar);
        }
    }
}

/// The buckets of a native histogram, as spans and differences.
#[derive(Debug, Default)]
pub(super) struct Sides {
    positive: Side,
    negative: Side,
}

/// Those above zero, or those below.
#[derive(Debug, Default)]
pub(super) struct Side {
    /// Buckets that are left out, and those that follow.
    spans: Vec<(i32, u32)>,
    /// Of the counts of neighbours.
    deltas: Vec<i64>,
}

impl Sides {
    pub(super) fn take(&mut self, native: &NativeHistogramSnapshot) {
        self.positive.take(&native.positive);
        self.negative.take(&native.negative);
        if native.zero_count == 0
            && self.positive.spans.is_empty()
            && self.negative.spans.is_empty()
        {
            // It tells a histogram without observations from one that is not native.
            self.positive.spans.push((0, 0));
        }
    }

    pub(super) fn size(&self) -> usize {
        self.negative.size() + self.positive.size()
    }

    pub(super) fn write(&self, line: &mut Line<'_>) {
        self.negative.write(line, 9);
        self.positive.write(line, 12);
    }
}

impl Side {
    pub(super) fn take(&mut self, buckets: &[(i32, u64)]) {
        self.spans.clear();
        self.deltas.clear();
        let (mut next, mut before) = (0, 0_i64);
        for (index, count) in buckets {
            let skipped = index - next;
            match self.spans.last_mut() {
                // A short gap costs less as empty buckets than as another span.
                Some((_, len)) if skipped <= 2 => {
                    for _ in 0..skipped {
                        self.deltas.push(-before);
                        before = 0;
                    }
                    *len += skipped as u32 + 1;
                }
                _ => self.spans.push((skipped, 1)),
            }
            let count = i64::try_from(*count).unwrap_or(i64::MAX);
            self.deltas.push(count - before);
            before = count;
            next = index + 1;
        }
    }

    pub(super) fn size(&self) -> usize {
        let spans = self.spans.iter().map(|span| 2 + span_len(*span));
        let deltas = self.deltas.iter();
        let deltas = deltas.map(|delta| 1 + varint_len(zigzag(*delta)));
        spans.sum::<usize>() + deltas.sum::<usize>()
    }

    /// Writes the fields, of which the deltas have the number after the spans'.
    pub(super) fn write(&self, line: &mut Line<'_>, field: u8) {
        for span in &self.spans {
            line.put_pair([tag(field, wire::LEN), span_len(*span) as u8]);
            line.put_byte(tag(1, wire::VARINT));
            varint(line, zigzag(span.0.into()));
            line.put_byte(tag(2, wire::VARINT));
            varint(line, span.1.into());
        }
        for delta in &self.deltas {
            line.put_byte(tag(field + 1, wire::VARINT));
            varint(line, zigzag(*delta));
        }
    }
}

pub(super) fn span_len((offset, len): (i32, u32)) -> usize {
    2 + varint_len(zigzag(offset.into())) + varint_len(len.into())
}
