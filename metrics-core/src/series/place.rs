//! Numbers the places (slots) of an index of series, and tells in which block of memory a place is.
//!
//! A *place* is the number of a block and an offset in the block, packed into 32 bits. Each place
//! has a *position* (0, 1, 2, ...), which is the index in vectors with an item for each series.
//!
//! Blocks double in size up to [`LARGEST_BLOCK`], so that an index of few series is small and one
//! of many leaves little memory unused.

/// The size of the first block of entries.
pub(crate) const FIRST_BLOCK: usize = 16;
/// The size of the largest blocks. It limits the entries of the last block that stay unused.
const LARGEST_BLOCK: usize = 1 << OFFSET_BITS;
/// The number of low bits of a place that hold the offset in the block; the bits above hold the
/// number of the block.
const OFFSET_BITS: u32 = 12;

/// The number of blocks that are smaller than the largest; the first two have the same size.
const DOUBLING: usize = (LARGEST_BLOCK / FIRST_BLOCK).ilog2() as usize + 1;

/// The highest limit on the number of series; a larger limit is lowered to it.
pub(crate) const MAX_SERIES: usize = 1 << 20;

/// The number of blocks for `series`, with room for the overflow series (recordings beyond the
/// limit) and for a few removed series that handles pin.
pub(crate) fn blocks_for(series: usize) -> usize {
    let (last, _) = locate(place_of(series.min(2 * MAX_SERIES) + FIRST_BLOCK));
    last + 1
}

/// The number of a place's block, and the offset in the block.
#[inline(always)]
pub(crate) fn locate(place: u32) -> (usize, usize) {
    let offset = place & ((1 << OFFSET_BITS) - 1);
    ((place >> OFFSET_BITS) as usize, offset as usize)
}

/// The number of entries in a block.
pub(crate) fn block_size(block: usize) -> usize {
    FIRST_BLOCK << block.saturating_sub(1).min(DOUBLING - 1)
}

/// Converts a position (0, 1, 2, ...) to a place (block number and offset in one word).
pub(crate) fn place_of(position: usize) -> u32 {
    let doubled = FIRST_BLOCK << (DOUBLING - 1);
    let (block, offset) = if position < FIRST_BLOCK {
        (0, position)
    } else if position < doubled {
        let block = (position / FIRST_BLOCK).ilog2() as usize;
        (block + 1, position - (FIRST_BLOCK << block))
    } else {
        let beyond = position - doubled;
        (DOUBLING + beyond / LARGEST_BLOCK, beyond % LARGEST_BLOCK)
    };
    (block << OFFSET_BITS | offset) as u32
}

/// Converts a place (block number and offset in one word) to a position (0, 1, 2, ...).
pub(crate) fn position_of(place: u32) -> usize {
    let (block, offset) = locate(place);
    let before = match block {
        0 => 0,
        block if block < DOUBLING => FIRST_BLOCK << (block - 1),
        block => (FIRST_BLOCK << (DOUBLING - 1)) + (block - DOUBLING) * LARGEST_BLOCK,
    };
    before + offset
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_and_places_convert_into_each_other() {
        let large = [MAX_SERIES - 1, MAX_SERIES, MAX_SERIES + FIRST_BLOCK];
        for position in (0..100_000).chain(large) {
            let place = place_of(position);
            let (block, offset) = locate(place);
            assert!(offset < block_size(block), "{position}");
            assert_eq!(position_of(place), position);
        }
    }
}
