//! When the series of an index were born, side by side: what neighbours have in common stands there
//! once, and a scrape goes through less memory.

use std::ops::Range;

use crate::sample::{
    births::SomeBirths,
    label_chunk::{TOGETHER, unused},
};

/// Births by the numbers of the series, as Unix times in seconds; 0 where none is known.
#[derive(Debug, Default)]
pub(crate) struct Births {
    /// Which of its chunk's each is.
    which: Vec<u8>,
    chunks: Vec<Vec<f64>>,
}

impl Births {
    pub(crate) fn reserve_exact(&mut self, more: usize) {
        self.which.reserve_exact(more);
        let chunks = (self.which.len() + more).div_ceil(TOGETHER);
        self.chunks.reserve_exact(chunks - self.chunks.len());
    }

    /// Makes room for another, which is not known.
    pub(crate) fn push(&mut self) {
        if self.which.len() == TOGETHER * self.chunks.len() {
            self.chunks.push(Vec::new());
        }
        self.which.push(0);
    }

    pub(crate) fn set(&mut self, number: usize, birth: f64) {
        let chunk = &mut self.chunks[number / TOGETHER];
        // Most are born together with the one before.
        let known = chunk
            .iter()
            .rposition(|known| known.to_bits() == birth.to_bits());
        let at = known.unwrap_or_else(|| {
            if chunk.len() < TOGETHER {
                chunk.push(birth);
                return chunk.len() - 1;
            }
            let first = number / TOGETHER * TOGETHER;
            let all = self.which[first..].iter().take(TOGETHER).enumerate();
            let others = all.filter(|(at, _)| first + at != number);
            let at = unused(others.map(|(_, which)| *which));
            chunk[at] = birth;
            at
        });
        self.which[number] = at as u8;
    }

    pub(crate) fn get(&self, number: usize) -> f64 {
        let birth = self.chunks[number / TOGETHER].get(usize::from(self.which[number]));
        birth.copied().unwrap_or_default()
    }

    /// The births of some series, which stand in one region.
    pub(crate) fn in_region(&self, numbers: Range<usize>) -> SomeBirths<'_> {
        debug_assert!(
            numbers.is_empty() || numbers.start / TOGETHER == (numbers.end - 1) / TOGETHER
        );
        let all = self.chunks.get(numbers.start / TOGETHER);
        SomeBirths {
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
            let (mut births, mut model) = (Births::default(), Vec::<f64>::new());
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
                let region = number - number % TOGETHER..number + 1;
                let shown = births.in_region(region.clone()).iter().last();
                prop_assert_eq!(shown.map(f64::to_bits), Some(birth.to_bits()));
                let one = births.in_region(region).after(number % TOGETHER);
                let one = one.iter().next();
                prop_assert_eq!(one.map(f64::to_bits), Some(birth.to_bits()));
            }
        }
    }
}
