//! Reads the series of an index for a scrape, one tile (the series whose values are stored
//! together) or batch at a time.
//!
//! The index's lock is held while a tile or batch is read and encoded, so that no other thread
//! inserts or removes a series meanwhile, and is released between them. A [`Cursor`] decides which
//! series a scrape sees: those that existed when it began.

use std::{borrow::Cow, iter, ops::Range, sync::Arc};

use crate::{
    sample::{
        batch::{CounterBatch, HistogramBatch, SeriesBatch},
        label_chunk::OwnedRendering,
        label_encoding::LabelRendering,
    },
    series::{
        cursor::Cursor,
        id::SeriesId,
        index::{Index, Tile},
        place::place_of,
        state::{Columns, State},
    },
    storage::Reader,
};

impl Index {
    /// Calls `each` with the series of the next tile: labels, created timestamp and values.
    ///
    /// Returns false at the end.
    pub(crate) fn read_tile(
        &self,
        reader: &mut Reader,
        cursor: &mut Cursor,
        mut each: impl FnMut(SeriesId, &str, f64, &[u64]),
    ) -> bool {
        let mut state = self.lock();
        cursor.begin(&state);
        if let Some(batch) = cursor.take_replaced() {
            drop(state);
            for series in batch
                .series()
                .iter()
                .filter(|series| cursor.sees(series.id.generation))
            {
                each(series.id, &series.labels, series.created, &series.values);
            }
            return !batch.series().is_empty();
        }
        let from = cursor.next;
        let Some(Tile { region, first, end }) = self.tile(&state, from) else {
            return false;
        };
        cursor.next = end;
        let listed = (from..end).filter(|position| {
            state.is_listed(*position) && cursor.sees(region.generation(position - first))
        });
        reader.select(listed.map(|position| position - first));
        let is_size_pass = reader.is_counting_pass;
        let exposition = reader.exposition;
        // A reader of one thread expires no series, because the values of one thread do not tell
        // whether a series is idle.
        let cannot_expire = self.expiry == 0 || reader.is_for_this_thread();
        let mut scratch = String::new();
        region.read_selected(reader, |at, values| {
            let position = first + at;
            let is_shown = if cannot_expire {
                true
            } else if is_size_pass {
                state.columns.is_live[position]
            } else {
                self.update_activity(&mut state, position, values, exposition)
            };
            if !is_shown {
                return;
            }
            let series = SeriesId {
                place: place_of(position),
                generation: region.generation(at),
            };
            let created = state.columns.created.get(position);
            let labels = state.columns.labels.get(position, &mut scratch);
            each(series, labels.unwrap_or_default(), created, values);
        });
        true
    }

    /// Calls `each` with a batch of counters that do not expire.
    ///
    /// The labels are in `rendering` if the previous call for these series requested the same
    /// rendering. Returns false at the end.
    pub(crate) fn read_counters(
        &self,
        reader: &mut Reader,
        cursor: &mut Cursor,
        rendering: Option<&Arc<OwnedRendering>>,
        each: impl FnOnce(&CounterBatch<'_>),
    ) -> bool {
        let mut state = self.lock();
        cursor.begin(&state);
        let from = cursor.next;
        let Some(Tile { region, first, end }) = self.tile(&state, from) else {
            return false;
        };
        let end = end.min(from + CounterBatch::MAX_LEN);
        cursor.next = end;
        let totals = region.read_scalars(reader, from - first..end - first);
        if let Some(rendering) = rendering {
            state.columns.labels.request(from..end, rendering);
        }
        let is_live = self.live_for(cursor, &state, from..end);
        each(&CounterBatch {
            series: state.columns.batch(from..end, &is_live, rendering),
            totals,
        });
        true
    }

    /// Returns the `Arc` that equal renderings share, for [`read_counters`](Self::read_counters).
    pub(crate) fn intern_rendering(&self, rendering: LabelRendering<'_>) -> Arc<OwnedRendering> {
        self.lock().columns.labels.intern(rendering)
    }

    /// Calls `each` with a batch of histograms that do not expire, and the values of the live ones.
    ///
    /// Returns false at the end.
    pub(crate) fn read_histograms(
        &self,
        reader: &mut Reader,
        cursor: &mut Cursor,
        each: impl FnOnce(SeriesBatch<'_>, &[u64]),
    ) -> bool {
        let state = self.lock();
        cursor.begin(&state);
        let columns = &state.columns;
        let from = cursor.next;
        let end = (from + HistogramBatch::MAX_LEN).min(columns.len());
        if from >= end {
            return false;
        }
        cursor.next = end;
        let is_live = &*self.live_for(cursor, &state, from..end);
        let mut at = from;
        // Finds the runs of consecutive live series; each run is within one region.
        let runs = iter::from_fn(|| {
            at += is_live[at - from..]
                .iter()
                .take_while(|is_live| !**is_live)
                .count();
            let tile = self.tile(&state, at).filter(|_| at < end)?;
            let run = is_live[at - from..tile.end.min(end) - from].iter();
            let run = at..at + run.take_while(|is_live| **is_live).count();
            at = run.end;
            Some((tile.region, run.start - tile.first..run.end - tile.first))
        });
        let values = reader.read_histograms::<{ HistogramBatch::MAX_LEN }>(self.layout, runs);
        each(columns.batch(from..end, is_live, None), values);
        true
    }

    /// For each of these positions, whether it has a live series that the scrape sees.
    fn live_for<'s>(
        &self,
        cursor: &Cursor,
        state: &'s State,
        positions: Range<usize>,
    ) -> Cow<'s, [bool]> {
        let is_live = &state.columns.is_live[positions.clone()];
        // Avoids the copy below in the usual case: no series was created since the scrape began.
        if cursor.sees(state.generation) {
            return Cow::Borrowed(is_live);
        }
        let is_seen = |position| {
            let (region, at) = self.region_of(place_of(position));
            cursor.sees(region.generation(at))
        };
        let all = positions.zip(is_live);
        all.map(|(position, is_live)| *is_live && is_seen(position))
            .collect()
    }

    /// The number of series, and upper bounds of the length in protobuf of all labels together and
    /// of the longest label set. Each series has at most `labels` labels.
    pub(crate) fn size(&self, labels: usize) -> (usize, (usize, usize)) {
        let state = self.lock();
        let series = state.live + state.suspended;
        (series, state.columns.labels.max_protobuf_len(labels))
    }
}

impl Columns {
    /// The series at `positions`, which must be in one
    /// [chunk](crate::sample::label_chunk::CHUNK_SIZE).
    fn batch<'c>(
        &'c self,
        positions: Range<usize>,
        is_live: &'c [bool],
        rendering: Option<&Arc<OwnedRendering>>,
    ) -> SeriesBatch<'c> {
        SeriesBatch {
            is_live,
            labels: self.labels.batch(positions.clone(), rendering),
            created: self.created.batch(positions),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{sample::label_batch::Form, storage::layout::Layout};

    #[test]
    fn labels_of_a_new_counter_are_rendered_for_a_line_of_text() {
        let index = Index::new("name", Layout::Count, 1, 10, false);
        index.insert(&[1], || 10, false, "of=\"a\"");
        let rendering = index.intern_rendering(LabelRendering::in_line(b"name{"));
        let mut form = Form::Other;
        let (mut reader, mut cursor) = (Reader::default(), Cursor::default());
        index.read_counters(&mut reader, &mut cursor, Some(&rendering), |counters| {
            form = counters.series.labels.form;
        });
        assert_eq!(form, Form::Requested);
    }
}
