//! Inserts series into the index of a metric.

use std::sync::atomic::Ordering;

use crate::{
    series::{
        entry::{GENERATION_STEP, INLINE_WORDS},
        hash_table::table_hash,
        id::SeriesId,
        index::Index,
        place::{MAX_SERIES, block_size, blocks_for, locate, place_of, position_of},
        state::State,
    },
    storage::clock,
};

impl Index {
    /// Finds the series of a key or inserts it; `None` if there is no room for it.
    ///
    /// There is no room if the limit on series is reached, if handles pin too many places of removed
    /// series, or if the parts of keys that are too long for their entries take half a gigabyte. `limit` is called under the lock, so that it returns a limit that was raised
    /// before [`limit_changed`]. `beyond_limit` inserts the series even if the limit is reached,
    /// and without counting towards it; that is for overflow series. `labels` are the rendered
    /// labels.
    ///
    /// [`limit_changed`]: Self::limit_changed
    #[cold]
    pub(crate) fn insert(
        &self,
        key: &[u64],
        limit: impl Fn() -> usize,
        beyond_limit: bool,
        labels: &str,
    ) -> Option<SeriesId> {
        let hash = self.hash(key);
        let mut state = self.lock();
        let limit = limit().min(MAX_SERIES);
        self.find_or_insert(&mut state, key, hash, limit, beyond_limit, labels)
    }

    /// Like [`insert`](Self::insert), under the lock.
    pub(super) fn find_or_insert(
        &self,
        state: &mut State,
        key: &[u64],
        hash: u64,
        limit: usize,
        beyond_limit: bool,
        labels: &str,
    ) -> Option<SeriesId> {
        if let Some(found) = self.find_hashed(key, hash) {
            return Some(found);
        }
        if !beyond_limit && state.live >= limit && state.live - state.live_overflow() >= limit {
            self.is_full.store(true, Ordering::Relaxed);
            return None;
        }
        if let Some(position) = self.find_suspended(state, key, hash) {
            return Some(self.resume(state, position));
        }
        let arena = &self.blocks.arena;
        let rest = match key.len().checked_sub(INLINE_WORDS) {
            None | Some(0) => None,
            Some(words) => Some(arena.take(&mut state.free_runs, words)?),
        };
        let Some(place) = self.take_place(state, limit) else {
            if let Some(rest) = rest {
                arena.free(&mut state.free_runs, rest);
            }
            return None;
        };
        let generation = self.start_generation(state, place);
        let entry = self.blocks.entry(place);
        entry.write(generation, key, rest, arena);
        let position = position_of(place);
        let columns = &mut state.columns;
        columns.labels.set(position, labels);
        columns.hashes[position] = table_hash(hash);
        columns.created.set(position, clock::created_timestamp());
        columns.is_live[position] = true;
        state.live += 1;
        if beyond_limit {
            state.overflow.push(position);
        }
        self.start_activity(state, position);
        self.add_to_table(state, table_hash(hash), place);
        Some(SeriesId { place, generation })
    }

    /// Takes a place that no series has and no handle pins; `None` if handles pin too many.
    fn take_place(&self, state: &mut State, limit: usize) -> Option<u32> {
        if let Some(place) = state.free_places.pop() {
            return Some(place);
        }
        let is_unpinned = |place: &u32| !self.blocks.entry(*place).is_pinned();
        if let Some(at) = state.pinned_places.iter().position(is_unpinned) {
            return Some(state.pinned_places.swap_remove(at));
        }
        let place = place_of(state.columns.len());
        let (block, offset) = locate(place);
        // Allows for more series than the limit, which exist if the limit was lowered, for
        // instance.
        if block >= blocks_for(limit.max(state.live) + state.suspended) {
            return None;
        }
        if offset == 0 {
            state.columns.reserve_exact(block_size(block));
        }
        state.columns.push();
        Some(place)
    }

    /// Gives a place to a new series, whose storage then counts from zero, and returns the
    /// generation of the series.
    ///
    /// The generation becomes the version of the entry. It is odd, because look-ups skip entries
    /// with an even version.
    fn start_generation(&self, state: &mut State, place: u32) -> u64 {
        let (region, at) = self.blocks.region_of(place);
        state.generation += GENERATION_STEP;
        if self.blocks.entry(place).version() == 0 {
            region.claim_first(at, state.generation);
        } else {
            region.claim(at, state.generation);
        }
        state.generation
    }

    /// Adds an entry to the hash table, which grows when it is half full.
    ///
    /// The caller has counted the series in the state already.
    fn add_to_table(&self, state: &mut State, hash: u32, place: u32) {
        let hash_of = |place| state.columns.hashes[position_of(place)];
        if (state.used_slots + 1) * 2 > self.table.len() {
            // Most slots may be those of removed series.
            let should_grow = (state.live + state.suspended) * 4 > self.table.len();
            state.used_slots = if should_grow {
                self.table.grow(hash_of)
            } else {
                self.table.tidy(hash_of)
            };
        }
        loop {
            if let Some(took_empty) = self.table.put(hash, place) {
                state.used_slots += usize::from(took_empty);
                return;
            }
            // One segment of the table is full although the table is not, by chance. Growing makes
            // room, because on average it halves the number of entries in each segment.
            state.used_slots = self.table.grow(hash_of);
        }
    }
}
