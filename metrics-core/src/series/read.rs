//! Reads the series of an index for a scrape, one tile (the series whose values are stored
//! together) or batch at a time.
//!
//! The index's lock is held while a tile or batch is read and encoded, so that no other thread
//! inserts or removes a series meanwhile, and is free in between.

use std::{iter, ops::Range, sync::Arc};

use crate::{
    sample::{
        batch::{CounterBatch, HistogramBatch, SeriesBatch},
        label_chunk::OwnedRendering,
        label_encoding::LabelRendering,
    },
    series::{
        id::SeriesId,
        index::{Index, Tile},
        place::place_of,
        state::Columns,
    },
    storage::Reader,
};

impl Index {
    /// Calls `each` with the series of the tile at `from`: labels, created timestamp and values.
    ///
    /// Returns the position of the next tile; `None` at the end.
    pub(crate) fn read_tile(
        &self,
        reader: &mut Reader,
        from: usize,
        mut each: impl FnMut(SeriesId, &str, f64, &[u64]),
    ) -> Option<usize> {
        let mut state = self.lock();
        let Tile { region, first, end } = self.tile(&state, from)?;
        let listed = (from..end).filter(|position| state.is_listed(*position));
        reader.select(listed.map(|position| position - first));
        let is_size_pass = reader.is_counting_pass;
        let exposition = reader.exposition;
        // The values of one thread do not tell whether the series is idle.
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
        Some(end)
    }

    /// Calls `each` with a batch of counters that do not expire.
    ///
    /// The labels are in `rendering` if the previous call for them requested it, too. Returns the
    /// position of the next batch; `None` at the end.
    pub(crate) fn read_counters(
        &self,
        reader: &mut Reader,
        from: usize,
        rendering: Option<&Arc<OwnedRendering>>,
        each: impl FnOnce(&CounterBatch<'_>),
    ) -> Option<usize> {
        let mut state = self.lock();
        let Tile { region, first, end } = self.tile(&state, from)?;
        let end = end.min(from + CounterBatch::MAX_LEN);
        let totals = region.read_scalars(reader, from - first..end - first);
        let columns = &mut state.columns;
        if let Some(rendering) = rendering {
            columns.labels.request(from..end, rendering);
        }
        each(&CounterBatch {
            series: columns.batch(from..end, rendering),
            totals,
        });
        Some(end)
    }

    /// The shared form of a rendering, which [`read_counters`](Self::read_counters) takes.
    pub(crate) fn intern_rendering(&self, rendering: LabelRendering<'_>) -> Arc<OwnedRendering> {
        self.lock().columns.labels.intern(rendering)
    }

    /// Calls `each` with a batch of histograms that do not expire, and the values of the live ones.
    ///
    /// Returns the position of the next batch; `None` at the end.
    pub(crate) fn read_histograms(
        &self,
        reader: &mut Reader,
        from: usize,
        each: impl FnOnce(SeriesBatch<'_>, &[u64]),
    ) -> Option<usize> {
        let state = self.lock();
        let columns = &state.columns;
        let end = (from + HistogramBatch::MAX_LEN).min(columns.len());
        if from == end {
            return None;
        }
        let is_live = &columns.is_live[from..end];
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
        each(columns.batch(from..end, None), values);
        Some(end)
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
    fn batch(
        &self,
        positions: Range<usize>,
        rendering: Option<&Arc<OwnedRendering>>,
    ) -> SeriesBatch<'_> {
        SeriesBatch {
            is_live: &self.is_live[positions.clone()],
            labels: self.labels.batch(positions.clone(), rendering),
            created: self.created.batch(positions),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::layout::Layout;

    #[test]
    fn labels_of_a_new_counter_are_rendered_for_a_line_of_text() {
        let index = Index::new("name", Layout::Count, 1, 10, false);
        index.insert(&[1], || 10, false, "of=\"a\"");
        let rendering = index.intern_rendering(LabelRendering::in_line(b"name{"));
        let mut is_as_requested = false;
        index.read_counters(&mut Reader::default(), 0, Some(&rendering), |counters| {
            is_as_requested = counters.series.labels.is_as_requested();
        });
        assert!(is_as_requested);
    }
}
