//! The metrics of many counters: most of what there is.

use super::wire::{self, Birth, tag};
use crate::{
    cell::{Loop, with_wide_vectors},
    encode::{
        Counters,
        buffer::{LONGEST, Piece},
    },
};

/// What a value takes.
const VALUE: usize = 1 + 8;
/// What a metric is written in: everything goes there in whole steps, in order, and the rest of
/// each is overwritten by the next.
const ROOM: usize = 4 * LONGEST + 2 * 16;

/// The room that so many take.
pub(super) fn room(counters: usize) -> usize {
    (counters + 1) * ROOM
}

/// Writes the metrics of counters until one is not short, or would be beyond so many bytes;
/// returns how many these are, and how long.
///
/// `common` are the labels that all series have, as fields of a `Metric`.
pub(super) fn write(
    out: &mut [u8],
    counters: &Counters<'_>,
    births: &[Birth],
    common: &[u8],
    most: usize,
) -> (usize, usize) {
    let Some(before) = Piece::of([common, counters.labels.prefix()]) else {
        return (0, 0);
    };
    with_wide_vectors(ShortMetrics {
        most: most.min(out.len()),
        out,
        before: &before,
        counters,
        births,
    })
}

/// Metrics of counters until one is not short, as most are.
///
/// As in `text/counters.rs` nothing is called, and little is left to check.
struct ShortMetrics<'a> {
    out: &'a mut [u8],
    before: &'a Piece,
    counters: &'a Counters<'a>,
    births: &'a [Birth],
    most: usize,
}

impl Loop for ShortMetrics<'_> {
    type Output = (usize, usize);

    #[inline(always)]
    fn run(self) -> (usize, usize) {
        let ShortMetrics {
            mut out,
            before,
            counters,
            births,
            most,
        } = self;
        let (before, before_len) = before.bytes_and_len();
        let room = out.len();
        // What is to be left of `out`.
        let end = room.saturating_sub(most);
        let short = counters.short();
        let series = counters.labels.iter_ahead::<LONGEST>();
        let series = series.zip(counters.totals.iter().zip(births)).take(short);
        let mut at = 0;
        for ((labels, len), (total, birth)) in series {
            let size = before_len + len + VALUE + Birth::SIZE;
            // A varint of one byte, or of two.
            let (length, head_len) = match size {
                ..0x80 => (size, 2),
                _ => ((size & 0x7f) | 0x80 | ((size >> 7) << 8), 3),
            };
            let left = out.len() - end;
            let (Some(metric), Some(labels)) = (out.first_chunk_mut::<ROOM>(), labels) else {
                break;
            };
            if head_len + size > left || !birth.is_known() {
                break;
            }
            let head = usize::from(tag(4, wire::LEN)) | length << 8;
            metric[..4].copy_from_slice(&(head as u32).to_le_bytes());
            Piece::copy(&mut metric[head_len..], before, before_len);
            let labels_at = head_len + before_len;
            Piece::copy(&mut metric[labels_at..], labels, len);
            // Which it is anyway; said so, nothing has to be compared.
            let birth_at = (labels_at + len) % (4 * LONGEST);
            let (place, value) = metric[birth_at..].split_at_mut(Birth::SIZE);
            place.copy_from_slice(birth.as_bytes());
            value[0] = tag(1, wire::DOUBLE);
            value[1..VALUE].copy_from_slice(&(*total as f64).to_le_bytes());
            out = &mut out[head_len + size..];
            at += 1;
        }
        (at, room - out.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::texts::{Form, Texts};

    #[test]
    fn one_whose_birth_is_not_known_is_left_to_the_way_that_writes_all() {
        let mut texts = Texts::sharing();
        for (number, text) in ["of=\"a\"", "of=\"b\"", "of=\"c\""].iter().enumerate() {
            texts.push();
            texts.set(number, text);
        }
        for _ in 0..2 {
            texts.want(0, Form::Pairs);
        }
        let created = [1.7e9, 1.7e9, 0.0];
        let counters = Counters {
            live: &[true; 3],
            labels: texts.in_region(0..3),
            created: &created,
            totals: &[1, 2, 3],
        };
        let mut births = [Birth::default(); 3];
        Birth::of_all(&created, &mut births);
        let mut out = vec![0; room(3)];
        let (some, written) = write(&mut out, &counters, &births, &[], usize::MAX);
        let metric = 2 + "\n\x07\n\x02of\x12\x01a".len() + Birth::SIZE + VALUE;
        assert_eq!((some, written), (2, 2 * metric));
        // No more than is asked for.
        let (some, written) = write(&mut out, &counters, &births, &[], 2 * metric - 1);
        assert_eq!((some, written), (1, metric));
    }
}
