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
            None => self.spill(&words),
        }
    }

    #[cold]
    #[inline(never)]
    fn spill(&mut self, words: &[u64]) {
        if self.spilled.is_empty() {
            self.spilled = self.words().to_vec();
            // No later word fits into `inline` either, so that their order stays.
            self.len = WordBuffer::INLINE;
        }
        self.spilled.extend_from_slice(words);
    }

    #[inline(always)]
    pub(crate) fn words(&self) -> &[u64] {
        if !self.spilled.is_empty() {
            return &self.spilled;
        }
        let written = &self.inline[..self.len];
        // SAFETY: `push` has initialised the words up to each value that it has given to `len`.
        // `spill` sets `len` without doing so, but then `spilled` is not empty, as it is given at
        // least one word: see the check above.
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
}
