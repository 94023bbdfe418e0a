//! [`Index`]: finds a series of a metric by its label values, without a lock, if these values are
//! not known at compile time.
//!
//! A *key* is the label values encoded as integers. Each series has an *entry* (`entry.rs`) that
//! holds its key. A *hash table* (`hash_table.rs`) leads to the entries. Writers hold the lock on
//! the [`State`]. A reader that runs while the table is rebuilt may fail to find a key that is
//! there but never finds a wrong one; an insertion looks again under the lock.
//!
//! An entry is reused for another key once its series was removed and no handle refers to it. The
//! entry's version is odd while look-ups find the series, and differs for every series, so it is
//! also the
//! *generation* of the series' storage: if a recorder is stopped between the look-up and the
//! recording, and the storage is given to another series meanwhile, then the generations differ and
//! the recording does not reach the other series (see `Regions::ready`). Recorders and writers do
//! not wait for each other.
//!
//! Insertion, removal, reading and expiry are in `insert.rs`, `remove.rs`, `read.rs` and
//! `expiry.rs`.

use std::sync::{PoisonError, atomic::Ordering};

use crate::{
    sample::label_encoding::LabelRendering,
    series::{
        blocks::{Block, Blocks, region_bits, within},
        entry::Entry,
        hash_table::{HashTable, hash_key, table_hash},
        id::{CachedSeries, SeriesId},
        place::{locate, place_of, position_of},
        rendered_labels::RenderedLabels,
        state::State,
    },
    storage::{
        CachedCells, Region,
        layout::Layout,
        sync::{AtomicBool, AtomicU64, Mutex, MutexGuard, hash_seed},
    },
};

/// The series of one metric with open labels (labels whose values are not known at compile time).
///
/// The table is the first field, so that its address needs no offset.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Index {
    pub(crate) table: HashTable,
    /// The random seed of the hash, so that a client that chooses label values cannot choose keys
    /// that collide.
    seed: [u64; 2],
    /// Whether an insertion has found the limit on series to be reached. Reset when a series is
    /// removed or expires, and when the limit changes.
    pub(crate) is_full: AtomicBool,
    pub(crate) blocks: Blocks,
    state: Mutex<State>,
    pub(crate) layout: Layout,
    /// Nanoseconds without change after which a series expires; 0 if series do not expire.
    pub(crate) expiry: u64,
}

/// Consecutive series that are read together, all in one region.
pub(crate) struct Tile<'a> {
    pub(crate) region: &'a Region,
    /// The position of the region's first series.
    pub(crate) first: usize,
    /// The position after the last series.
    pub(crate) end: usize,
}

impl Index {
    /// An index for the metric `name`, whose series have `rows` groups of cells of this layout
    /// each.
    pub(crate) fn new(
        name: &str,
        layout: Layout,
        rows: usize,
        limit: usize,
        allows_negative: bool,
    ) -> Self {
        let labels = if layout == Layout::Count {
            let prefix = format!("{name}{{");
            RenderedLabels::split(LabelRendering::in_line(prefix.as_bytes()))
        } else {
            RenderedLabels::default()
        };
        Index {
            table: HashTable::new(),
            seed: hash_seed(),
            is_full: AtomicBool::new(false),
            blocks: Blocks::new(layout, rows, limit, allows_negative),
            state: Mutex::new(State::new(labels)),
            layout,
            expiry: 0,
        }
    }

    /// Lets series expire after `nanos` nanoseconds without change; never if it is 0.
    pub(crate) fn expiring(mut self, nanos: u64) -> Self {
        self.expiry = nanos;
        self
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets insertions check again whether there is room. Call it after the limit has changed.
    pub(crate) fn limit_changed(&self) {
        // Takes the lock, because otherwise an insertion that has read the old limit could set
        // `is_full` afterwards.
        let _state = self.lock();
        self.is_full.store(false, Ordering::Relaxed);
    }

    /// Finds a series by its key, with this thread's cells of it if they are [ready].
    ///
    /// `hash` is the [hash](Self::hash) of the key, and `N` the number of cells of a series.
    ///
    /// [ready]: crate::storage::Regions::ready
    #[inline(always)]
    pub(crate) fn find_cached<const N: usize>(
        &self,
        key: &[u64],
        hash: u64,
    ) -> Option<(CachedSeries<'_>, Option<CachedCells<'_, [AtomicU64; N]>>)> {
        let (found, block, offset) = self.find_in_block(key, hash)?;
        let (region, at) = within(offset, const { region_bits(N) });
        let cells = block.regions.ready(region, at, found.id.generation);
        Some((found, cells))
    }

    /// Like [`find_cached`](Self::find_cached), for a number of cells that is known only at run
    /// time.
    #[inline(always)]
    pub(crate) fn find_dynamic(
        &self,
        key: &[u64],
        hash: u64,
    ) -> Option<(CachedSeries<'_>, Option<CachedCells<'_, [AtomicU64]>>)> {
        let (found, block, offset) = self.find_in_block(key, hash)?;
        let (region, at) = within(offset, self.blocks.region_bits());
        let cells = block.regions.ready_slice(region, at, found.id.generation);
        Some((found, cells))
    }

    /// Finds a series by its key.
    #[inline(always)]
    pub(crate) fn find(&self, key: &[u64]) -> Option<SeriesId> {
        self.find_hashed(key, self.hash(key))
    }

    #[inline(always)]
    pub(crate) fn find_hashed(&self, key: &[u64], hash: u64) -> Option<SeriesId> {
        let (found, ..) = self.find_in_block(key, hash)?;
        Some(found.id)
    }

    #[inline(always)]
    fn find_in_block(&self, key: &[u64], hash: u64) -> Option<(CachedSeries<'_>, &Block, usize)> {
        self.table.find(table_hash(hash), |place| {
            let (number, offset) = locate(place);
            let block = self.blocks.get(number)?;
            let entry = block.entries.get(offset)?;
            let generation = entry.matches(key, &self.blocks.arena)?;
            let id = SeriesId { place, generation };
            Some((CachedSeries { id, entry }, block, offset))
        })
    }

    #[inline(always)]
    pub(crate) fn hash(&self, key: &[u64]) -> u64 {
        hash_key(key, self.seed)
    }

    /// Whether the index is full and certainly lacks this key, so that an insertion would fail.
    ///
    /// Takes no lock, so that recordings beyond the limit do not wait for each other.
    pub(crate) fn rejects(&self, key: &[u64]) -> bool {
        if !self.is_full.load(Ordering::Relaxed) {
            return false;
        }
        self.table.lacks(|| self.find(key).is_some())
    }

    /// The position of the suspended series of a key (expired, but not removed yet), if there is
    /// one.
    pub(crate) fn find_suspended(&self, state: &State, key: &[u64], hash: u64) -> Option<usize> {
        if state.suspended == 0 {
            return None;
        }
        self.table.find(table_hash(hash), |place| {
            // Skips places that do not exist, which the table may pass, because their positions may
            // exceed `usize`.
            self.blocks.get(locate(place).0)?;
            let position = position_of(place);
            let entry = self.blocks.entry(place);
            let is_it = state.is_suspended(position) && entry.has_key(key, || &self.blocks.arena);
            is_it.then_some(position)
        })
    }

    /// Whether the series has neither been removed nor expired.
    pub(crate) fn contains(&self, series: SeriesId) -> bool {
        self.region_of_live(series).is_some()
    }

    /// The result of [`region_of`](Self::region_of) if the index [contains](Self::contains) the
    /// series.
    #[inline(always)]
    pub(crate) fn region_of_live(&self, series: SeriesId) -> Option<(&Region, usize)> {
        self.blocks.region_of_live(series)
    }

    /// The region with the cells of a place's series, and the position of the series in the region.
    #[inline(always)]
    pub(crate) fn region_of(&self, place: u32) -> (&Region, usize) {
        self.blocks.region_of(place)
    }

    /// The entry of the series at a position.
    pub(crate) fn entry_at(&self, position: usize) -> &Entry {
        self.blocks.entry(place_of(position))
    }

    /// The entry of the series in a place.
    pub(crate) fn entry(&self, place: u32) -> &Entry {
        self.blocks.entry(place)
    }

    /// Pins a series, so that no other series gets its place; false if the series was removed or
    /// has expired.
    pub(crate) fn pin(&self, series: SeriesId) -> bool {
        self.blocks.entry(series.place).pin(series.generation)
    }

    /// If series expire, notes that the program has recorded into the gauge or state set in this
    /// place, which the caller has pinned.
    #[inline]
    pub(crate) fn note_recording(&self, place: u32) {
        if self.expiry != 0 {
            self.blocks.entry(place).note_recording();
        }
    }

    /// Adds a pin without a check of the generation: for a series that is pinned already, or for
    /// a handle of generation 0, which no series has and whose recordings are discarded.
    pub(crate) fn pin_again(&self, place: u32) {
        self.blocks.entry(place).pin_again();
    }

    pub(crate) fn unpin(&self, place: u32) {
        self.blocks.entry(place).unpin();
    }

    /// The number of series that have neither been removed nor expired.
    pub(crate) fn len(&self) -> usize {
        self.lock().live
    }

    /// The rendered labels of a series; `None` if it was removed or has expired.
    pub(crate) fn labels(&self, series: SeriesId) -> Option<Box<str>> {
        let state = self.lock();
        let position = position_of(series.place);
        let mut scratch = String::new();
        let labels = state.columns.labels.get(position, &mut scratch)?;
        let is_there = state.columns.is_live[position] && self.contains(series);
        is_there.then(|| labels.into())
    }

    /// The tile of the region that has the position `from`; `None` after the last position.
    ///
    /// `from` is not the region's first series if the previous tile or batch ended inside the
    /// region, for instance because series were added after it was read.
    pub(crate) fn tile(&self, state: &State, from: usize) -> Option<Tile<'_>> {
        if from >= state.columns.len() {
            return None;
        }
        let place = place_of(from);
        let (block, _) = locate(place);
        let (region, at) = self.blocks.region_of(place);
        let first = from - at;
        let end = (first + self.blocks.region_size(block)).min(state.columns.len());
        Some(Tile { region, first, end })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        series::key::Key,
        storage::{Reader, scalar::increment},
    };

    fn index() -> Index {
        Index::new("name", Layout::Count, 1, 10, false)
    }

    #[test]
    fn keys_with_one_hash_are_told_apart_by_every_word() {
        let index = index();
        let text = "x".repeat(100);
        let texts = (0..text.len()).map(|len| (&text[..len], &text[len..]));
        let keys: Vec<Vec<u64>> = texts
            .map(|texts| Key::new().words_of(&texts).to_vec())
            .collect();
        for key in &keys {
            let found = index.insert(key, || 10, false, "");
            let hash = index.hash(key);
            assert_eq!(index.find_hashed(key, hash), found);
            for other in keys.iter().filter(|other| *other != key) {
                assert_eq!(index.find_hashed(other, hash), None);
            }
            let mut words = key.clone();
            for at in 0..words.len() {
                words[at] ^= 1 << 40;
                assert_eq!(index.find_hashed(&words, hash), None, "{words:?}");
                words[at] ^= 1 << 40;
            }
            assert!(index.remove(key));
        }
    }

    #[test]
    fn a_recording_into_a_replaced_series_is_dropped() {
        let index = index();
        let insert = |key: u64| index.insert(&[key], || 10, false, "").expect("room");
        let replace = |series: u64| {
            assert!(index.remove(&[series]));
            insert(series + 1)
        };
        let count = |series: SeriesId| {
            let (region, at) = index.region_of(series.place);
            region.record_open(at, series.generation, |words| increment(&words[0]));
        };
        let total = |series: SeriesId| {
            let (region, at) = index.region_of(series.place);
            let mut total = 0;
            region.read(&mut Reader::default(), [at], |_, values| total = values[0]);
            total
        };
        let first = insert(1);
        let second = replace(1);
        // This thread has no cells in the region yet.
        count(first);
        assert_eq!((second.place, total(second)), (first.place, 0));
        let third = replace(2);
        let fourth = replace(3);
        // The thread has cells now, which it last zeroed for the second series.
        count(third);
        assert_eq!((fourth.place, total(fourth)), (first.place, 0));
        count(fourth);
        assert_eq!(total(fourth), 1);
    }
}
