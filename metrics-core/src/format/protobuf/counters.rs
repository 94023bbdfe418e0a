//! The metrics of many counters: most of what there is.

use super::wire::{self, Birth, tag};
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

/// What a value takes, with its tag.
const VALUE: usize = 1 + 8;
/// What stands between labels and a value: the counter and its tag, and that of the value.
const AFTER: &[u8] = &[
    tag(3, wire::LEN),
    (VALUE + Birth::SIZE) as u8,
    tag(1, wire::DOUBLE),
];
/// What a metric is written in: everything goes there in whole steps, in order, and the rest of
/// each is overwritten by the next.
const ROOM: usize = 4 + 2 * LONGEST + 8 + Birth::ROOM;

/// The room that they take, where all series have so many bytes of labels.
pub(super) fn room(counters: &CounterBatch<'_>, common: usize) -> usize {
    let each = 3 + common + AFTER.len() + 8 + Birth::SIZE;
    each * counters.totals.len() + counters.series.labels.max_bytes() + ROOM
}

/// How labels are to be kept. `common` are those that all series have, as fields of a `Metric`.
pub(super) fn written(common: &[u8]) -> LabelRendering<'_> {
    LabelRendering {
        encoding: LabelEncoding::Protobuf,
        prefix: common,
        suffix: AFTER,
    }
}

/// What is found out of so many counters as are written at once.
#[derive(Debug)]
pub(super) struct Many {
    /// All births that there are, each once.
    births: [Birth; CounterBatch::MAX_LEN],
    /// Where their labels stand.
    table: HalfTable,
}

impl Default for Many {
    fn default() -> Self {
        Many {
            births: [Birth::default(); CounterBatch::MAX_LEN],
            table: HalfTable::new(),
        }
    }
}

impl Many {
    /// Makes ready the births of counters that are [written](write) next; false where one is not
    /// known.
    pub(super) fn know_births(&mut self, created: CreatedBatch<'_>) -> bool {
        let all = created.distinct;
        Birth::of_all(all, &mut self.births)
    }
}

/// Writes the metrics of counters whose labels are [kept](written) so until one is not short, or
/// its birth is not there, or it might be beyond so many bytes; returns how many these are, and
/// how long.
pub(super) fn write(
    out: &mut [u8],
    counters: &CounterBatch<'_>,
    Many { births, table }: &mut Many,
    most: usize,
) -> (usize, usize) {
    let halves = counters.series.labels.short_halves(table);
    let (some, written) = with_wide_vectors(ShortMetrics {
        out,
        counters,
        halves,
        births,
        most,
    });
    (some, written)
}

/// Metrics of counters until one is not short, as most are.
///
/// As in `text/counters.rs` nothing is called, and little is left to check. Whether lengths are to
/// take one byte is known, and whether all were born together, as most neighbours are.
struct ShortMetrics<'a> {
    out: &'a mut [u8],
    counters: &'a CounterBatch<'a>,
    halves: ShortHalves<'a>,
    births: &'a [Birth; CounterBatch::MAX_LEN],
    most: usize,
}

impl WideLoop for ShortMetrics<'_> {
    type Output = (usize, usize);

    #[inline(always)]
    fn run(self) -> (usize, usize) {
        let ShortMetrics {
            mut out,
            counters,
            halves,
            births,
            most,
        } = self;
        let room = out.len();
        let some = counters.live_prefix_len().min(most / ROOM);
        let born = counters.series.created.indices;
        let (labels, totals) = (
            &counters.series.labels.halves[..some],
            &counters.totals[..some],
        );
        let born = &born[..some];
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
                let second_len = usize::from(second_len);
                let size = first_len + second_len + 8 + Birth::SIZE;
                let Some(metric) = out.first_chunk_mut::<ROOM>() else {
                    break 'all;
                };
                // A varint of one byte, or of two.
                let (length, head_len) = match size {
                    ..0x80 => (size, 2),
                    _ => ((size & 0x7f) | 0x80 | ((size >> 7) << 8), 3),
                };
                let head = usize::from(tag(4, wire::LEN)) | length << 8;
                metric[..4].copy_from_slice(&(head as u32).to_le_bytes());
                copy_short::<48>(&mut metric[head_len..], first, first_len);
                copy_short::<32>(&mut metric[head_len + first_len..], second, second_len);
                let value_at = head_len + first_len + second_len;
                let (value, place) = metric[value_at..].split_at_mut(8);
                value.copy_from_slice(&(totals[at] as f64).to_le_bytes());
                place[..Birth::ROOM].copy_from_slice(births[usize::from(born[at])].as_bytes());
                out = &mut out[head_len + size..];
                at += 1;
            }
        }
        (at, room - out.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        sample::batch::SeriesBatch,
        series::{created_timestamps::CreatedTimestamps, rendered_labels::RenderedLabels},
    };

    #[test]
    fn no_more_is_written_than_there_may_be_and_each_has_its_birth() {
        for born in [[1.7e9; 3], [1.7e9, 1.8e9, 1.7e9]] {
            let (mut texts, mut created) = (
                RenderedLabels::split(LabelRendering::TEXT),
                CreatedTimestamps::default(),
            );
            for (number, text) in ["of=\"a\"", "of=\"b\"", "of=\"c\""].iter().enumerate() {
                texts.push();
                texts.set(number, text);
                created.push();
                created.set(number, born[number]);
            }
            let wanted = texts.intern(written(&[]));
            texts.request(0..3, &wanted);
            texts.request(0..3, &wanted);
            let counters = CounterBatch {
                series: SeriesBatch {
                    is_live: &[true; 3],
                    labels: texts.batch(0..3, Some(&wanted)),
                    created: created.batch(0..3),
                },
                totals: &[1, 2, 3],
            };
            let (mut out, mut many) = (vec![0; room(&counters, 0)], Many::default());
            assert!(many.know_births(counters.series.created));
            let metric = 2 + "\n\x07\n\x02of\x12\x01a".len() + AFTER.len() + 8 + Birth::SIZE;
            let mosts = [usize::MAX, 2 * ROOM, 2 * ROOM - 1, ROOM, ROOM - 1, 0];
            for (most, some) in mosts.into_iter().zip([3, 3, 2, 1, 0, 0]) {
                out.fill(0);
                let written = write(&mut out, &counters, &mut many, most);
                assert_eq!(written, (some, some * metric));
                for (metric, born) in out.chunks(metric).zip(born).take(some) {
                    let mut birth = [Birth::default()];
                    Birth::of_all(&[born], &mut birth);
                    assert!(
                        metric.ends_with(&birth[0].as_bytes()[..Birth::SIZE]),
                        "{born}"
                    );
                }
            }
        }
    }
}
