//! When the series of an index were born, side by side: what neighbours have in common stands there
//! once, and a scrape goes through less memory.

use std::ops::Range;

use crate::sample::{
    created::CreatedBatch,
    label_chunk::{CHUNK_SIZE, unused},
};

/// Births by the numbers of the series, as Unix times in seconds; 0 where none is known.
#[derive(Debug, Default)]
pub(crate) struct CreatedTimestamps {
    /// Which of its chunk's each is.
    which: Vec<u8>,
    chunks: Vec<Vec<f64>>,
}

impl CreatedTimestamps {
    pub(crate) fn reserve_exact(&mut self, more: usize) {
        self.which.reserve_exact(more);
        let chunks = (self.which.len() + more).div_ceil(CHUNK_SIZE);
        self.chunks.reserve_exact(chunks - self.chunks.len());
    }

    /// Makes room for another, which is not known.
    pub(crate) fn push(&mut self) {
        if self.which.len() == CHUNK_SIZE * self.chunks.len() {
            self.chunks.push(Vec::new());
        }
        self.which.push(0);
    }

    pub(crate) fn set(&mut self, number: usize, birth: f64) {
        let chunk = &mut self.chunks[number / CHUNK_SIZE];
        // Most are born together with the one before.
        let known = chunk
            .iter()
            .rposition(|known| known.to_bits() == birth.to_bits());
        let at = known.unwrap_or_else(|| {
            if chunk.len() < CHUNK_SIZE {
                chunk.push(birth);
                return chunk.len() - 1;
            }
            let first = number / CHUNK_SIZE * CHUNK_SIZE;
            let all = self.which[first..].iter().take(CHUNK_SIZE).enumerate();
            let others = all.filter(|(at, _)| first + at != number);
            let at = unused(others.map(|(_, which)| *which));
            chunk[at] = birth;
            at
        });
        self.which[number] = at as u8;
    }

    pub(crate) fn get(&self, number: usize) -> f64 {
        let birth = self.chunks[number / CHUNK_SIZE].get(usize::from(self.which[number]));
        birth.copied().unwrap_or_default()
    }

    /// The births of some series, which stand in one region.
    pub(crate) fn batch(&self, numbers: Range<usize>) -> CreatedBatch<'_> {
        debug_assert!(
            numbers.is_empty() || numbers.start / CHUNK_SIZE == (numbers.end - 1) / CHUNK_SIZE
        );
        let all = self.chunks.get(numbers.start / CHUNK_SIZE);
        CreatedBatch {
            all: all.map_or(&[], Vec::as_slice),
            which: &self.which[numbers],
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn births_are_those_that_were_set_last(
            steps in prop::collection::vec((0..600_usize, 0..400_u32), 0..3000),
        ) {
            let (mut births, mut model) = (CreatedTimestamps::default(), Vec::<f64>::new());
            for (number, birth) in steps {
                while model.len() <= number {
                    births.push();
                    model.push(0.0);
                }
                births.set(number, birth.into());
                model[number] = birth.into();
            }
            // Numbers get a birth before they are shown.
            for (number, birth) in model.iter().enumerate().filter(|(_, birth)| **birth != 0.0) {
                prop_assert_eq!(births.get(number).to_bits(), birth.to_bits());
                let region = number - number % CHUNK_SIZE..number + 1;
                let shown = births.batch(region.clone()).iter().last();
                prop_assert_eq!(shown.map(f64::to_bits), Some(birth.to_bits()));
                let one = births.batch(region).after(number % CHUNK_SIZE);
                let one = one.iter().next();
                prop_assert_eq!(one.map(f64::to_bits), Some(birth.to_bits()));
            }
        }
    }
}
