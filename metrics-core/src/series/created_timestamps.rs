//! [`CreatedTimestamps`]: the created timestamps of the series in an index.
//!
//! Series that are created in one millisecond have the same timestamp. Neighbouring series
//! therefore store the distinct timestamps once and one byte for each series, so that a scrape
//! reads less memory.

use std::ops::Range;

use crate::sample::{
    created::CreatedBatch,
    label_chunk::{CHUNK_SIZE, first_unused},
};

/// Created timestamps by position, as Unix times in seconds; arbitrary where none was set.
#[derive(Debug, Default)]
pub(crate) struct CreatedTimestamps {
    /// For each series, the index of its timestamp among the timestamps of its chunk.
    indices: Vec<u8>,
    /// The distinct timestamps of each chunk.
    chunks: Vec<Vec<f64>>,
}

impl CreatedTimestamps {
    pub(crate) fn reserve_exact(&mut self, additional: usize) {
        self.indices.reserve_exact(additional);
        let chunks = (self.indices.len() + additional).div_ceil(CHUNK_SIZE);
        self.chunks.reserve_exact(chunks - self.chunks.len());
    }

    /// Adds a position, whose timestamp must be set before it is read.
    pub(crate) fn push(&mut self) {
        if self.indices.len() == CHUNK_SIZE * self.chunks.len() {
            self.chunks.push(Vec::new());
        }
        self.indices.push(0);
    }

    pub(crate) fn set(&mut self, position: usize, created: f64) {
        let chunk = &mut self.chunks[position / CHUNK_SIZE];
        // Searches from the back, because most series have the timestamp that was added last.
        let known = chunk
            .iter()
            .rposition(|known| known.to_bits() == created.to_bits());
        let index = known.unwrap_or_else(|| {
            if chunk.len() < CHUNK_SIZE {
                chunk.push(created);
                return chunk.len() - 1;
            }
            let first = position / CHUNK_SIZE * CHUNK_SIZE;
            let all = self.indices[first..].iter().take(CHUNK_SIZE).enumerate();
            let others = all.filter(|(at, _)| first + at != position);
            let index = first_unused(others.map(|(_, index)| *index));
            chunk[index] = created;
            index
        });
        self.indices[position] = index as u8;
    }

    pub(crate) fn get(&self, position: usize) -> f64 {
        let chunk = &self.chunks[position / CHUNK_SIZE];
        let created = chunk.get(usize::from(self.indices[position]));
        created.copied().unwrap_or_default()
    }

    /// The timestamps of a range of series, which are in one chunk.
    pub(crate) fn batch(&self, positions: Range<usize>) -> CreatedBatch<'_> {
        debug_assert!(
            positions.is_empty()
                || positions.start / CHUNK_SIZE == (positions.end - 1) / CHUNK_SIZE
        );
        let chunk = self.chunks.get(positions.start / CHUNK_SIZE);
        CreatedBatch {
            distinct: chunk.map_or(&[], Vec::as_slice),
            indices: &self.indices[positions],
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn each_series_has_the_timestamp_that_was_set_last(
            steps in prop::collection::vec((0..600_usize, 0..400_u32), 0..3000),
        ) {
            let (mut timestamps, mut model) = (CreatedTimestamps::default(), Vec::<f64>::new());
            for (position, created) in steps {
                while model.len() <= position {
                    timestamps.push();
                    model.push(0.0);
                }
                timestamps.set(position, created.into());
                model[position] = created.into();
            }
            // Leaves out positions without a timestamp, which an index never reads.
            for (position, created) in model.iter().enumerate().filter(|(_, at)| **at != 0.0) {
                prop_assert_eq!(timestamps.get(position).to_bits(), created.to_bits());
                let chunk = position - position % CHUNK_SIZE..position + 1;
                let last = timestamps.batch(chunk.clone()).iter().last();
                prop_assert_eq!(last.map(f64::to_bits), Some(created.to_bits()));
                let one = timestamps.batch(chunk).skip(position % CHUNK_SIZE);
                let one = one.iter().next();
                prop_assert_eq!(one.map(f64::to_bits), Some(created.to_bits()));
            }
        }
    }
}
