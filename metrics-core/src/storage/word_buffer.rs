//! [`WordBuffer`]: a list of words that begins on the stack, where its unused part is not zeroed.
//!
//! A look-up of long labels writes their key into such a buffer. Zeroing the buffer first would
//! take longer than the rest of the look-up.

#![allow(
    unsafe_code,
    reason = "reads the written part of an uninitialised array"
)]

use std::mem::MaybeUninit;

/// A growing list of words, of which the first [`INLINE`](Self::INLINE) need no allocation.
pub(crate) struct WordBuffer {
    /// The words, unless there are `spilled` ones. The first `len` are initialised.
    inline: [MaybeUninit<u64>; WordBuffer::INLINE],
    /// At most `INLINE`.
    len: usize,
    /// All words, once they are more than fit into `inline`.
    spilled: Vec<u64>,
}

impl WordBuffer {
    /// Number of words that need no allocation: four kilobytes.
    pub(crate) const INLINE: usize = 512;

    #[inline(always)]
    pub(crate) fn new() -> Self {
        WordBuffer {
            inline: [const { MaybeUninit::uninit() }; WordBuffer::INLINE],
            len: 0,
            spilled: Vec::new(),
        }
    }

    /// Adds words at the end.
    #[inline(always)]
    pub(crate) fn push<const N: usize>(&mut self, words: [u64; N]) {
        let end = self.len + N;
        match self.inline.get_mut(self.len..end) {
            Some(room) => {
                for (slot, word) in room.iter_mut().zip(words) {
                    slot.write(word);
                }
                self.len = end;
            }
            None => self.spill(words),
        }
    }

    #[cold]
    #[inline(never)]
    fn spill<const N: usize>(&mut self, words: [u64; N]) {
        if self.spilled.is_empty() {
            self.spilled = self.words().to_vec();
            // No later word fits into `inline` either, so that their order stays.
            self.len = WordBuffer::INLINE;
        }
        self.spilled.extend(words);
    }

    /// Adds `first`, then `middle` if `has_middle`, then `last`. Returns false, and adds nothing, if
    /// there may be no room for them without an allocation.
    ///
    /// Does not branch on `has_middle`, which the processor could not predict for labels of various
    /// lengths: `last` overwrites an unwanted `middle`.
    #[inline(always)]
    pub(crate) fn push_pairs(
        &mut self,
        first: [u64; 2],
        middle: [u64; 2],
        has_middle: bool,
        last: [u64; 2],
    ) -> bool {
        let len = self.len;
        let Some(room) = self.inline.get_mut(len..len + 6) else {
            return false;
        };
        let at = if has_middle { 4 } else { 2 };
        for (at, pair) in [(0, first), (2, middle), (at, last)] {
            room[at].write(pair[0]);
            room[at + 1].write(pair[1]);
        }
        self.len = len + at + 2;
        true
    }

    #[inline(always)]
    pub(crate) fn words(&self) -> &[u64] {
        if !self.spilled.is_empty() {
            return &self.spilled;
        }
        let written = &self.inline[..self.len];
        // SAFETY: `push` and `push_pairs` have initialised the words up to each value that they have
        // given to `len`. `spill` sets `len` without doing so, but then `spilled` is not empty, as
        // it is given at least one word: see the check above.
        unsafe { written.assume_init_ref() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_are_those_that_were_pushed() {
        for ones_first in [0, 1] {
            let (mut buffer, mut model) = (WordBuffer::new(), Vec::new());
            assert!(buffer.words().is_empty());
            for word in 0..3 * WordBuffer::INLINE as u64 {
                if word < ones_first {
                    buffer.push([word]);
                    model.push(word);
                } else {
                    buffer.push([word, !word]);
                    model.extend([word, !word]);
                }
                assert_eq!(buffer.words(), model);
            }
        }
    }

    #[test]
    fn pairs_are_added_as_if_each_was_pushed() {
        for before in (0..40).chain(WordBuffer::INLINE as u64 - 12..WordBuffer::INLINE as u64 + 4) {
            let (mut buffer, mut model) = (WordBuffer::new(), Vec::new());
            for word in 0..before {
                buffer.push([word]);
                model.push(word);
            }
            for has_middle in [false, true, false, false] {
                let pairs = [[100, 101], [102, 103], [104, 105]];
                let [first, middle, last] = pairs;
                if buffer.push_pairs(first, middle, has_middle, last) {
                    let added = pairs.iter().filter(|pair| has_middle || **pair != middle);
                    model.extend(added.flatten());
                }
                assert_eq!(buffer.words(), model);
            }
            assert_eq!(model.len() > before as usize, before <= 506);
        }
    }
}
