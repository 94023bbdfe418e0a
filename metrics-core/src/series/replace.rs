//! Replaces all series of an index at once.
//!
//! The whole replacement happens under one hold of the index's lock. A scrape that has read some of
//! the series reads the rest of them from a copy; see [`cursor`](crate::series::cursor).

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, atomic::Ordering},
};

use crate::{
    series::{
        entry::Removal,
        id::SeriesId,
        index::{Index, Tile},
        place::{MAX_SERIES, place_of, position_of},
        replaced::{ReplacedSeries, SeriesSet},
        state::State,
    },
    storage::Reader,
};

/// One of the series that a replacement keeps or creates.
#[derive(Debug)]
pub(crate) struct NewSeries {
    pub(crate) key: Box<[u64]>,
    /// The rendered labels.
    pub(crate) labels: String,
    /// The value of a gauge or the state of a state set.
    pub(crate) value: u64,
}

impl Index {
    /// Replaces all series by the given ones. Series that exist already stay the same series.
    ///
    /// If a key occurs several times, the last value counts. `limit` is the limit on series. The
    /// value of a series beyond it goes to the overflow series, which `overflow` returns for the
    /// position of the series in `new`. Returns the number of series beyond the limit.
    pub(crate) fn replace(
        &self,
        new: &[NewSeries],
        limit: impl Fn() -> usize,
        overflow: impl Fn(usize) -> NewSeries,
    ) -> u64 {
        let distinct = distinct(new);
        let mut state = self.lock();
        self.store_for_scrapes(&mut state);
        let limit = limit().min(MAX_SERIES);
        let mut kept = HashSet::new();
        let mut missing = Vec::new();
        for at in &distinct {
            let key = &new[*at].key;
            match self.listed_position(&state, key) {
                Some(position) => _ = kept.insert(position),
                None => missing.push(*at),
            }
        }
        let is_counted = |position: &&usize| !state.overflow.contains(position);
        let room = limit.saturating_sub(kept.iter().filter(is_counted).count());
        for at in missing.iter().skip(room) {
            kept.extend(self.listed_position(&state, &overflow(*at).key));
        }
        for position in 0..state.columns.len() {
            if state.is_listed(position) && !kept.contains(&position) {
                self.remove_place(&mut state, place_of(position), Removal::Requested);
            }
        }
        let mut overflowed = 0;
        for at in distinct {
            if !self.put(&mut state, &new[at], limit, false) {
                overflowed += 1;
                // Ignores a failure, which means that handles pin too many places of removed
                // series.
                self.put(&mut state, &overflow(at), limit, true);
            }
        }
        overflowed
    }

    /// Sets the value of a series, which is created if it does not exist; false if there is no
    /// room.
    fn put(&self, state: &mut State, new: &NewSeries, limit: usize, beyond_limit: bool) -> bool {
        let hash = self.hash(&new.key);
        let labels = &new.labels;
        let Some(series) = self.find_or_insert(state, &new.key, hash, limit, beyond_limit, labels)
        else {
            return false;
        };
        if self.layout.is_shared() {
            let (region, at) = self.region_of(series.place);
            region.shared_cells(at)[0].store(new.value, Ordering::Relaxed);
        }
        // The value counts as changed even if it is the same as before, as after a call of `set`.
        self.start_activity(state, position_of(series.place));
        true
    }

    /// The position of the series of a key, if it is live or suspended (expired, but not removed
    /// yet).
    fn listed_position(&self, state: &State, key: &[u64]) -> Option<usize> {
        let hash = self.hash(key);
        let live = self.find_hashed(key, hash);
        live.map(|series| position_of(series.place))
            .or_else(|| self.find_suspended(state, key, hash))
    }

    /// Stores all series for the scrapes that are reading them, and begins another set of series.
    fn store_for_scrapes(&self, state: &mut State) {
        let set = std::mem::replace(&mut state.set, Arc::new(SeriesSet::default()));
        // Stores nothing if no scrape is reading the series: each scrape takes a reference under
        // the lock. If a reference is just being dropped, the series may be stored needlessly.
        if Arc::strong_count(&set) == 1 {
            return;
        }
        let mut all = Vec::with_capacity(state.live);
        let (mut reader, mut scratch) = (Reader::default(), String::new());
        let mut from = 0;
        while let Some(Tile { region, first, end }) = self.tile(state, from) {
            let live = (from..end).filter(|position| state.columns.is_live[*position]);
            region.read(
                &mut reader,
                live.map(|position| position - first),
                |at, values| {
                    let position = first + at;
                    let labels = state.columns.labels.get(position, &mut scratch);
                    all.push(ReplacedSeries {
                        position,
                        id: SeriesId {
                            place: place_of(position),
                            generation: region.generation(at),
                        },
                        labels: labels.unwrap_or_default().into(),
                        created: state.columns.created.get(position),
                        values: values.into(),
                    });
                },
            );
            from = end;
        }
        set.store(all.into_boxed_slice());
    }
}

/// For each key, in the order in which the keys occur first, the position of its last series.
fn distinct(new: &[NewSeries]) -> Vec<usize> {
    let mut positions = Vec::new();
    let mut known: HashMap<&[u64], usize> = HashMap::with_capacity(new.len());
    for (at, series) in new.iter().enumerate() {
        let key = *known.entry(&series.key).or_insert(positions.len());
        match positions.get_mut(key) {
            Some(position) => *position = at,
            None => positions.push(at),
        }
    }
    positions
}
