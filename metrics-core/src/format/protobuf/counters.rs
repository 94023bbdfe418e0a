//! Encodes the `Metric` messages of consecutive counters.

use super::{
    timestamp::CreatedField,
    wire::{self, tag},
};
use crate::{
    format::buffer::{LONGEST, copy_short},
    sample::{
        batch::CounterBatch,
        created::CreatedBatch,
        label_batch::{HalfTable, ShortHalves},
        label_encoding::{LabelEncoding, LabelRendering},
    },
    storage::cpu::{WideLoop, with_wide_vectors},
};

/// The length of the field `value` of a `Counter`.
const VALUE: usize = 1 + 8;
/// The bytes between the labels and the value: the tag and the length of the `Counter`, and the tag
/// of its value.
const SUFFIX: &[u8] = &[
    tag(3, wire::LEN),
    (VALUE + CreatedField::SIZE) as u8,
    tag(1, wire::DOUBLE),
];
/// The room that a `Metric` needs. It exceeds the length of the `Metric`, because each part is
/// copied in pieces of fixed size, and the next part overwrites the surplus.
const ROOM: usize = 4 + 2 * LONGEST + 8 + CreatedField::ROOM;

/// The room that the counters need. `const_labels` is the length of the registry's const labels.
pub(super) fn room(counters: &CounterBatch<'_>, const_labels: usize) -> usize {
    let each = 3 + const_labels + SUFFIX.len() + 8 + CreatedField::SIZE;
    each * counters.totals.len() + counters.series.labels.max_bytes() + ROOM
}

/// The rendering in which labels must be stored for [`write()`]. `const_labels` are encoded fields
/// `label`.
pub(super) fn rendering(const_labels: &[u8]) -> LabelRendering<'_> {
    LabelRendering {
        encoding: LabelEncoding::Protobuf,
        prefix: const_labels,
        suffix: SUFFIX,
    }
}

/// Memory for the encoding of counters, reused for every batch.
#[derive(Debug)]
pub(super) struct Scratch {
    /// The distinct created timestamps, encoded.
    created: [CreatedField; CounterBatch::MAX_LEN],
    table: HalfTable,
}

impl Default for Scratch {
    fn default() -> Self {
        Scratch {
            created: [CreatedField::default(); CounterBatch::MAX_LEN],
            table: HalfTable::new(),
        }
    }
}

impl Scratch {
    /// Encodes the created timestamps of the counters that [`write()`] gets next; false if one
    /// cannot be encoded in a fixed length.
    pub(super) fn encode_created(&mut self, created: CreatedBatch<'_>) -> bool {
        CreatedField::encode_all(created.distinct, &mut self.created)
    }
}

/// Writes counters whose labels are stored as [`rendering`] demands. Stops at the first counter
/// that was removed, has long labels, or might make the output exceed `limit` bytes.
///
/// Returns the number of counters and of bytes.
pub(super) fn write(
    out: &mut [u8],
    counters: &CounterBatch<'_>,
    Scratch { created, table }: &mut Scratch,
    limit: usize,
) -> (usize, usize) {
    with_wide_vectors(ShortMetrics {
        out,
        counters,
        halves: counters.series.labels.short_halves(table),
        created,
        limit,
    })
}

/// The loop of [`write()`]. The technique is that of `text/counters.rs`.
struct ShortMetrics<'a> {
    out: &'a mut [u8],
    counters: &'a CounterBatch<'a>,
    halves: ShortHalves<'a>,
    created: &'a [CreatedField; CounterBatch::MAX_LEN],
    limit: usize,
}

impl WideLoop for ShortMetrics<'_> {
    type Output = (usize, usize);

    #[inline(always)]
    fn run(self) -> (usize, usize) {
        let ShortMetrics {
            mut out,
            counters,
            halves,
            created,
            limit,
        } = self;
        let room = out.len();
        let len = counters.live_prefix_len().min(limit / ROOM);
        let indices = &counters.series.labels.halves[..len];
        let created_indices = &counters.series.created.indices[..len];
        let totals = &counters.totals[..len];
        let mut at = 0;
        'all: while at < len {
            let first_index = indices[at][0];
            let Some((first, first_len)) = halves.first(first_index) else {
                break;
            };
            let first_len = usize::from(first_len);
            // One look-up serves all adjacent metrics whose labels have the same first half.
            while at < len && indices[at][0] == first_index {
                let Some((second, second_len)) = halves.second(indices[at][1]) else {
                    break 'all;
                };
                let Some(metric) = out.first_chunk_mut::<ROOM>() else {
                    break 'all;
                };
                let second_len = usize::from(second_len);
                let size = first_len + second_len + 8 + CreatedField::SIZE;
                // The length of the message is a varint of one byte or two.
                let (varint, head_len) = match size {
                    ..0x80 => (size, 2),
                    _ => ((size & 0x7f) | 0x80 | ((size >> 7) << 8), 3),
                };
                let head = usize::from(tag(4, wire::LEN)) | varint << 8;
                metric[..4].copy_from_slice(&(head as u32).to_le_bytes());
                copy_short::<48>(&mut metric[head_len..], first, first_len);
                copy_short::<32>(&mut metric[head_len + first_len..], second, second_len);
                let value_at = head_len + first_len + second_len;
                let (value, rest) = metric[value_at..].split_at_mut(8);
                value.copy_from_slice(&(totals[at] as f64).to_le_bytes());
                let created = &created[usize::from(created_indices[at])];
                rest[..CreatedField::ROOM].copy_from_slice(created.as_bytes());
                out = &mut out[head_len + size..];
                at += 1;
            }
        }
        (at, room - out.len())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::sample::{
        batch::SeriesBatch,
        label_batch::{Form, LabelBatch},
        label_chunk::{LabelChunk, OwnedRendering},
    };

    #[test]
    fn counters_have_their_timestamps_and_stay_below_the_limit() {
        let mut chunk = LabelChunk::new(Arc::new(OwnedRendering::of(rendering(&[]))));
        let mut halves = [[0; 2]; 3];
        for (at, text) in ["of=\"a\"", "of=\"b\"", "of=\"c\""].iter().enumerate() {
            let mut labels = Vec::new();
            LabelEncoding::Protobuf.encode(text, &mut labels);
            chunk.reserve(&mut halves, labels.len(), true);
            chunk.set(&mut halves, at, &labels, true);
        }
        let labels = LabelBatch {
            chunk: Some(&chunk),
            halves: &halves,
            form: Form::Requested,
        };
        for (distinct, indices) in [(vec![1.7e9], [0; 3]), (vec![1.7e9, 1.8e9], [0, 1, 0])] {
            let created = CreatedBatch {
                distinct: &distinct,
                indices: &indices,
            };
            let counters = CounterBatch {
                series: SeriesBatch {
                    is_live: &[true; 3],
                    labels,
                    created,
                },
                totals: &[1, 2, 3],
            };
            let (mut out, mut scratch) = (vec![0; room(&counters, 0)], Scratch::default());
            assert!(scratch.encode_created(counters.series.created));
            let metric =
                2 + "\n\x07\n\x02of\x12\x01a".len() + SUFFIX.len() + 8 + CreatedField::SIZE;
            let limits = [usize::MAX, 2 * ROOM, 2 * ROOM - 1, ROOM, ROOM - 1, 0];
            for (limit, len) in limits.into_iter().zip([3, 2, 1, 1, 0, 0]) {
                out.fill(0);
                let written = write(&mut out, &counters, &mut scratch, limit);
                assert_eq!(written, (len, len * metric));
                for (metric, created) in out.chunks(metric).zip(created.iter()).take(len) {
                    let mut field = [CreatedField::default()];
                    CreatedField::encode_all(&[created], &mut field);
                    assert!(
                        metric.ends_with(&field[0].as_bytes()[..CreatedField::SIZE]),
                        "{created}"
                    );
                }
            }
        }
    }
}
