//! [`Blocks`]: the memory of an index of series: blocks of entries with the storage of their
//! series, and the arena with the parts of keys that are too long for an entry.
//!
//! Blocks are allocated on first use and freed with the index, so that a reader may look at an
//! entry at any time.

use std::sync::OnceLock;

use crate::{
    series::{
        entry::Entry,
        id::SeriesId,
        key_arena::KeyArena,
        place::{MAX_SERIES, block_size, blocks_for, locate},
    },
    storage::{Region, Regions, layout::Layout},
};

/// Entries of an index that are allocated together, and the storage of their series.
#[derive(Debug)]
pub(crate) struct Block {
    pub(crate) entries: Box<[Entry]>,
    pub(crate) regions: Regions,
}

/// All blocks of an index.
#[derive(Debug)]
pub(crate) struct Blocks {
    /// Blocks for as many series as the limit was when the index was created.
    first: Box<[OnceLock<Block>]>,
    /// The blocks after `first`: for a raised limit, and for suspended series (expired, but not
    /// removed yet), which take places beyond the limit.
    extra: OnceLock<Box<[OnceLock<Block>]>>,
    /// What does not fit into the entries of long keys.
    pub(crate) arena: KeyArena,
    /// The binary logarithm of the number of series in a region, the storage that a thread
    /// allocates at once; a block with fewer series is one region.
    region_bits: u32,
    layout: Layout,
    /// The number of groups of cells in one series: one for each outcome row (a combination of
    /// outcome and result labels) of an instrumented function, else 1.
    rows: usize,
    /// Whether observations may be negative, so that sums may decrease.
    allows_negative: bool,
}

impl Blocks {
    pub(crate) fn new(layout: Layout, rows: usize, limit: usize, allows_negative: bool) -> Self {
        let first = blocks_for(limit.min(MAX_SERIES));
        Blocks {
            first: (0..first).map(|_| OnceLock::new()).collect(),
            extra: OnceLock::new(),
            arena: KeyArena::new(),
            region_bits: region_bits(layout.cells() * rows),
            layout,
            rows,
            allows_negative,
        }
    }

    /// The number of cells of a series in a thread.
    pub(crate) fn cells_of_series(&self) -> usize {
        self.layout.cells() * self.rows
    }

    /// The binary logarithm of the number of series in a region.
    #[inline(always)]
    pub(crate) fn region_bits(&self) -> u32 {
        self.region_bits
    }

    /// A block, if it has been allocated.
    #[inline(always)]
    pub(crate) fn get(&self, block: usize) -> Option<&Block> {
        match self.first.get(block) {
            Some(block) => block.get(),
            None => self.get_extra(block),
        }
    }

    #[cold]
    #[inline(never)]
    fn get_extra(&self, block: usize) -> Option<&Block> {
        self.extra.get()?.get(block - self.first.len())?.get()
    }

    /// A block, which is allocated on first use.
    pub(crate) fn get_or_allocate(&self, block: usize) -> &Block {
        let slot = match block.checked_sub(self.first.len()) {
            None => &self.first[block],
            Some(extra) => {
                // Creates slots for as many series as the highest limit allows, because the limit
                // may be raised, and for as many suspended series.
                let last = blocks_for(2 * MAX_SERIES);
                let all = || (self.first.len()..last).map(|_| OnceLock::new()).collect();
                &self.extra.get_or_init(all)[extra]
            }
        };
        slot.get_or_init(|| {
            let size = block_size(block);
            let in_region = self.region_size(block);
            let region = || {
                Region::open(self.layout, in_region, self.rows).can_decrease(self.allows_negative)
            };
            Block {
                entries: (0..size).map(|_| Entry::new()).collect(),
                regions: Regions::new(size / in_region, region),
            }
        })
    }

    /// The number of series in each region of a block.
    pub(crate) fn region_size(&self, block: usize) -> usize {
        block_size(block).min(1 << self.region_bits)
    }

    /// The region with the cells of a place's series, and the position of the series in the region.
    #[inline(always)]
    pub(crate) fn region_of(&self, place: u32) -> (&Region, usize) {
        let (block, offset) = locate(place);
        let block = self
            .get(block)
            .unwrap_or_else(|| self.get_or_allocate(block));
        let (region, at) = within(offset, self.region_bits);
        (block.regions.get(region), at)
    }

    /// The result of [`region_of`](Self::region_of) for the place of a series that look-ups find;
    /// `None` for a removed, expired or suspended series.
    #[inline(always)]
    pub(crate) fn region_of_live(&self, series: SeriesId) -> Option<(&Region, usize)> {
        let (block, offset) = locate(series.place);
        let block = self.get(block)?;
        if block.entries.get(offset)?.version() != series.generation {
            return None;
        }
        let (region, at) = within(offset, self.region_bits);
        Some((block.regions.get(region), at))
    }

    /// The entry of a place.
    pub(crate) fn entry(&self, place: u32) -> &Entry {
        let (block, offset) = locate(place);
        &self.get_or_allocate(block).entries[offset]
    }
}

/// The binary logarithm of the number of series of `width` cells in a region.
///
/// A thread's first recording into a region allocates its cells of all series there: at most two
/// kilobytes, unless a single series needs more.
pub(crate) const fn region_bits(width: usize) -> u32 {
    let series = 256 / if width == 0 { 1 } else { width };
    if series == 0 { 0 } else { series.ilog2() }
}

/// The number of the region that an offset in a block belongs to, and the position in the region.
#[inline(always)]
pub(crate) fn within(offset: usize, region_bits: u32) -> (usize, usize) {
    (offset >> region_bits, offset & ((1 << region_bits) - 1))
}
