//! The metrics of many counters: most of what there is.

use super::wire::{self, Birth, tag};
use crate::{
    cell::{Loop, with_wide_vectors},
    encode::{Counters, buffer::STEP},
};

/// Labels are copied as so many bytes, or as two times as many.
const PIECE: usize = 2 * STEP;
const LABELS: usize = 2 * PIECE;
/// What stands before the labels: tag and length of the `Metric`, and what labels all series have
/// in common.
const HEAD: usize = 3 + PIECE;
/// What a counter takes beside its labels and its birth.
const VALUE: usize = 2 + 1 + 8;
/// What a metric is written in: everything goes there in whole pieces, in order, and the rest of
/// each is overwritten by the next.
const ROOM: usize = 256;
const _: () = assert!(HEAD + LABELS + VALUE + 16 <= ROOM);

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
    let mut piece = [0; PIECE];
    let Some(place) = piece.get_mut(..common.len()) else {
        return (0, 0);
    };
    place.copy_from_slice(common);
    let most = most.min(out.len());
    with_wide_vectors(ShortMetrics {
        out,
        counters,
        births,
        common: (piece, common.len()),
        most,
    })
}

/// Metrics of counters until one is not short, as most are.
///
/// As in `text/counters.rs` nothing is called, and little is left to check.
struct ShortMetrics<'a> {
    out: &'a mut [u8],
    counters: &'a Counters<'a>,
    births: &'a [Birth],
    common: ([u8; PIECE], usize),
    most: usize,
}

impl Loop for ShortMetrics<'_> {
    type Output = (usize, usize);

    #[inline(always)]
    fn run(self) -> (usize, usize) {
        let ShortMetrics {
            mut out,
            counters,
            births,
            common: (common, common_len),
            most,
        } = self;
        let room = out.len();
        let series = counters.labels.iter_ahead::<LABELS>().zip(counters.totals);
        let series = counters.live.iter().zip(series.zip(births));
        let mut at = 0;
        for (live, (((labels, len), total), birth)) in series {
            if *live {
                let written = room - out.len();
                let (Some(metric), Some(labels)) = (out.first_chunk_mut::<ROOM>(), labels) else {
                    break;
                };
                let size = common_len + len + VALUE + Birth::SIZE;
                // A varint of one byte, or of two.
                let (length, head_len) = match size {
                    ..0x80 => (size, 2),
                    _ => ((size & 0x7f) | 0x80 | ((size >> 7) << 8), 3),
                };
                let whole = head_len + size;
                if len > LABELS || !birth.is_known() || written + whole > most {
                    break;
                }
                let head = usize::from(tag(4, wire::LEN)) | length << 8;
                metric[..4].copy_from_slice(&(head as u32).to_le_bytes());
                if common_len > 0 {
                    metric[head_len..][..PIECE].copy_from_slice(&common);
                }
                let labels_at = (head_len + common_len).min(HEAD);
                let place = &mut metric[labels_at..];
                place[..PIECE].copy_from_slice(&labels[..PIECE]);
                if len > PIECE {
                    place[PIECE..LABELS].copy_from_slice(&labels[PIECE..]);
                }
                let value = &mut metric[(labels_at + len).min(HEAD + LABELS)..][..VALUE + 16];
                value[..4].copy_from_slice(&[
                    tag(3, wire::LEN),
                    (VALUE - 2 + Birth::SIZE) as u8,
                    tag(1, wire::DOUBLE),
                    0,
                ]);
                value[3..VALUE].copy_from_slice(&(*total as f64).to_le_bytes());
                value[VALUE..].copy_from_slice(&birth.field());
                out = &mut out[whole..];
            }
            at += 1;
        }
        (at, room - out.len())
    }
}
