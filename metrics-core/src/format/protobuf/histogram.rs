//! Encodes the parts of a `Histogram` message: classic buckets, native buckets, exemplars.

use super::{
    labels::LabelFields,
    timestamp::Time,
    wire::{self, SLACK, double, field_len, tag, varint, varint_len, zigzag},
};
use crate::{
    format::buffer::{Buffer, Line},
    sample::value::{HistogramValue, RenderedExemplar},
    storage::native::NativeHistogramSnapshot,
};

/// Encodes an `Exemplar`.
pub(super) fn encode_exemplar(exemplar: &RenderedExemplar) -> Vec<u8> {
    let mut labels = LabelFields::default();
    labels.parse(&exemplar.labels);
    let time = Time::new(exemplar.time);
    let mut buffer = Buffer::default();
    buffer.write(labels.room() + 9 + Time::ROOM + SLACK, |line| {
        labels.write(&exemplar.labels, line);
        double(line, 2, exemplar.value);
        time.write(line, 3);
    });
    buffer.as_slice().to_vec()
}

/// The length of a `Bucket`.
pub(super) fn bucket_len(total: u64, exemplar: Option<&[u8]>) -> usize {
    let exemplar = exemplar.map_or(0, |exemplar| field_len(exemplar.len()));
    1 + varint_len(total) + 9 + exemplar
}

/// Calls `each` with the cumulative count, the bound and the exemplar, if any, of the classic
/// buckets.
///
/// Leaves out the last bucket, `+Inf`, unless it has an exemplar, as Prometheus' Go client does,
/// because the Prometheus server adds that bucket.
pub(super) fn for_each_bucket(
    value: &HistogramValue<'_>,
    mut exemplars: &[(f64, Vec<u8>)],
    mut each: impl FnMut(u64, f64, Option<&[u8]>),
) {
    // A histogram with native buckets only has no classic buckets to write.
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

/// The buckets of a native histogram.
#[derive(Debug, Default)]
pub(super) struct NativeBuckets {
    positive: Spans,
    negative: Spans,
}

/// The buckets of positive or of negative observations.
#[derive(Debug, Default)]
struct Spans {
    /// For each span, the number of buckets between it and the span before, and its length. The
    /// first span has the index of its first bucket instead.
    spans: Vec<(i32, u32)>,
    /// The difference between each bucket's count and the previous bucket's.
    deltas: Vec<i64>,
}

impl NativeBuckets {
    pub(super) fn set(&mut self, native: &NativeHistogramSnapshot) {
        self.positive.set(&native.positive);
        self.negative.set(&native.negative);
        if native.zero_count == 0
            && self.positive.spans.is_empty()
            && self.negative.spans.is_empty()
        {
            // Adds an empty span, which distinguishes a native histogram without observations from
            // a classic one.
            self.positive.spans.push((0, 0));
        }
    }

    /// The length of the encoded fields.
    pub(super) fn size(&self) -> usize {
        self.negative.size() + self.positive.size()
    }

    pub(super) fn write(&self, line: &mut Line<'_>) {
        self.negative.write(line, 9);
        self.positive.write(line, 12);
    }
}

impl Spans {
    fn set(&mut self, buckets: &[(i32, u64)]) {
        self.spans.clear();
        self.deltas.clear();
        let (mut next, mut before) = (0, 0_i64);
        for (index, count) in buckets {
            let skipped = index - next;
            match self.spans.last_mut() {
                // Fills a short gap with empty buckets, which take fewer bytes than another span.
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

    fn size(&self) -> usize {
        let spans = self.spans.iter().map(|span| 2 + span_len(*span));
        let deltas = self.deltas.iter();
        let deltas = deltas.map(|delta| 1 + varint_len(zigzag(*delta)));
        spans.sum::<usize>() + deltas.sum::<usize>()
    }

    /// Writes the spans as fields with this number, and the deltas as a field with the next number.
    fn write(&self, line: &mut Line<'_>, field: u8) {
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

/// The length of a `BucketSpan`.
fn span_len((offset, len): (i32, u32)) -> usize {
    2 + varint_len(zigzag(offset.into())) + varint_len(len.into())
}
