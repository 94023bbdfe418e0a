//! Removes series from the index of a metric.

use std::sync::atomic::Ordering;

use crate::series::{
    entry::Removal,
    id::SeriesId,
    index::Index,
    place::{place_of, position_of},
    state::State,
};

impl Index {
    /// Removes the series of a key; false if there is none, or if it has expired.
    pub(crate) fn remove(&self, key: &[u64]) -> bool {
        let mut state = self.lock();
        if let Some(series) = self.find(key) {
            return self.remove_place(&mut state, series.place, Removal::Requested);
        }
        // A suspended series (expired, but not removed yet) is removed as well, so that it is not
        // resumed after this call.
        if let Some(position) = self.find_suspended(&state, key, self.hash(key)) {
            self.remove_place(&mut state, place_of(position), Removal::Requested);
        }
        false
    }

    /// Removes the series for whose labels `keep` returns false. `keep` is called without a lock.
    pub(crate) fn retain(&self, mut keep: impl FnMut(&str) -> bool) {
        let listed: Vec<(SeriesId, Box<str>)> = {
            let state = self.lock();
            let listed = (0..state.columns.len()).filter(|position| state.is_listed(*position));
            let mut scratch = String::new();
            listed
                .map(|position| {
                    let labels = state.columns.labels.get(position, &mut scratch);
                    let place = place_of(position);
                    let generation = self.blocks.entry(place).version();
                    let series = SeriesId { place, generation };
                    (series, labels.unwrap_or_default().into())
                })
                .collect()
        };
        for (series, labels) in listed {
            if !keep(&labels) {
                let mut state = self.lock();
                if self.contains(series) {
                    self.remove_place(&mut state, series.place, Removal::Requested);
                }
            }
        }
    }

    /// Removes the series at a place, if it is live or suspended (expired, but not removed yet);
    /// false if there is none.
    pub(crate) fn remove_place(&self, state: &mut State, place: u32, removal: Removal) -> bool {
        let position = position_of(place);
        let was_suspended = state.end_suspension(position);
        let was_live = std::mem::take(&mut state.columns.is_live[position]);
        if !was_live && !was_suspended {
            return false;
        }
        state.columns.labels.clear(position);
        state.live -= usize::from(was_live);
        state.overflow.retain(|overflow| *overflow != position);
        self.is_full.store(false, Ordering::Relaxed);
        let entry = self.blocks.entry(place);
        self.table.remove(state.columns.hashes[position], place);
        entry.remove(removal);
        if let Some(rest) = entry.rest() {
            self.blocks.arena.free(&mut state.free_runs, rest);
        }
        if entry.is_pinned() {
            state.pinned_places.push(place);
        } else {
            state.free_places.push(place);
        }
        true
    }
}
