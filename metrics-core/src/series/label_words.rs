//! The words of an open label in the key of a series (see `key.rs`).
//!
//! A label with up to [`MAX_SHORT`] bytes is two words: its bytes, and their number in the upper
//! byte of the second word. A longer one is its first 8 bytes, the word [`LONG`] with its length,
//! and then all further bytes, two words at a time. The last two words are the last 16 bytes, which
//! may overlap the words before, so that no part of a word is loaded.

use crate::storage::WordBuffer;

/// Maximum length in bytes of an open label that is two words.
const MAX_SHORT: usize = 15;
/// Maximum length in bytes of an open label that is at most six words.
const MAX_MIDDLE: usize = 40;
/// Marks the second word of a label longer than [`MAX_SHORT`]; the word's other bits are the
/// length.
const LONG: u64 = 0xff << 56;

/// Appends the words of an open label.
#[inline(never)]
pub(crate) fn push_text(words: &mut WordBuffer, text: &str) {
    let bytes = text.as_bytes();
    if !push_middle(words, bytes) {
        push_short_or_long(words, bytes);
    }
}

/// Not inlined, so that the code for the other lengths needs no stack frame.
#[inline(never)]
fn push_short_or_long(words: &mut WordBuffer, bytes: &[u8]) {
    match packed_short(bytes) {
        Some(packed) => words.push(packed),
        None => push_long(words, bytes),
    }
}

/// Appends the words of an open label of more than [`MAX_SHORT`] and at most [`MAX_MIDDLE`] bytes,
/// without a loop and without a branch on its length. Returns false if the label has another length
/// or `words` has no room.
#[inline(always)]
fn push_middle(words: &mut WordBuffer, bytes: &[u8]) -> bool {
    let len = bytes.len();
    if !(MAX_SHORT + 1..=MAX_MIDDLE).contains(&len) {
        return false;
    }
    let last = len - 16;
    let first = [eight(bytes, 0), LONG | len as u64];
    words.push_pairs(
        first,
        sixteen(bytes, last.min(8)),
        last > 8,
        sixteen(bytes, last),
    )
}

/// Appends the words of an open label that is longer than [`MAX_SHORT`].
#[inline(never)]
fn push_long(words: &mut WordBuffer, bytes: &[u8]) {
    let pair = |bytes: &[u8; 16]| [eight(bytes, 0), eight(bytes, 8)];
    words.push([eight(bytes, 0), LONG | bytes.len() as u64]);
    if let Some(last) = bytes.last_chunk() {
        // Leaves at least one byte for the last pair, so that it adds something.
        let (pairs, _) = bytes[8..bytes.len() - 1].as_chunks();
        for bytes in pairs {
            words.push(pair(bytes));
        }
        words.push(pair(last));
    }
}

/// The two words of an open label with up to [`MAX_SHORT`] bytes; `None` for a longer label.
#[inline(always)]
pub(crate) fn packed_short(bytes: &[u8]) -> Option<[u64; 2]> {
    let len = bytes.len();
    let [first, rest] = if (8..=MAX_SHORT).contains(&len) {
        // Two loads instead of a loop. The last eight bytes overlap the first eight; the shift
        // makes room for the length and drops a byte that the first word contains.
        [eight(bytes, 0), eight(bytes, len - 8) >> 8]
    } else if len > MAX_SHORT {
        return None;
    } else if len >= 4 {
        let last = u64::from(four(bytes, len - 4)) << 32;
        [u64::from(four(bytes, 0)) | last, 0]
    } else if len > 0 {
        let at = |at: usize| u64::from(bytes[at]) << (8 * at);
        [at(0) | at(len / 2) | at(len - 1), 0]
    } else {
        [0, 0]
    };
    Some([first, rest | (len as u64) << 56])
}

/// The 16 bytes from `at` on as two words; zeros if there are fewer.
#[inline(always)]
fn sixteen(bytes: &[u8], at: usize) -> [u64; 2] {
    let bytes = bytes.get(at..at + 16).unwrap_or_default();
    [eight(bytes, 0), eight(bytes, 8)]
}

#[inline(always)]
fn eight(bytes: &[u8], at: usize) -> u64 {
    let bytes = bytes.get(at..).and_then(|bytes| bytes.first_chunk());
    bytes.map_or(0, |bytes| u64::from_le_bytes(*bytes))
}

#[inline(always)]
fn four(bytes: &[u8], at: usize) -> u32 {
    bytes[at..]
        .first_chunk()
        .map_or(0, |bytes| u32::from_le_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_has_the_same_words_with_and_without_a_loop() {
        for len in MAX_SHORT + 1..=MAX_MIDDLE {
            let bytes: Vec<u8> = (0..len).map(|at| at as u8).collect();
            let [mut one, mut other] = [WordBuffer::new(), WordBuffer::new()];
            assert!(push_middle(&mut one, &bytes));
            push_long(&mut other, &bytes);
            assert_eq!(one.words(), other.words(), "{len}");
        }
    }
}
