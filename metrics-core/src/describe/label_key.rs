//! Encodes the label values of a series as integers, which are the key of the series in a hash
//! table.

use crate::describe::label::{Label, LabelSet, LabelVisitor, index_of};

/// A label set encoded as words. The words of two label sets of one type are equal exactly if the
/// label sets are equal.
///
/// A *closed* label, which has a fixed set of values, is one word: the index of its value. Another
/// label (an *open* one) is two words: the bytes of its text, at most [`MAX_SHORT`], and their
/// number in the upper byte of the second word. A label whose text has more bytes needs a
/// [`LongKey`]: the two words are the first 8 bytes, and the length with the mark [`LONG`]; the
/// other bytes follow after the words of all labels.
///
/// The number of words is a constant (see [`key_words`]), so that the words can stay in registers.
#[derive(Debug)]
pub(crate) struct Key<const N: usize> {
    words: [u64; N],
    len: usize,
    is_short: bool,
}

/// Maximum length in bytes of an open label in a [`Key`].
const MAX_SHORT: usize = 15;
/// Marks the second word of a label longer than [`MAX_SHORT`]; the word's other bits are the
/// length.
const LONG: u64 = 0xff << 56;

/// The number of words of a [`Key`]; 0 if `sets` is empty, as for the labels of dynamic metrics.
pub(crate) const fn key_words(sets: &[Option<&'static [&'static str]>]) -> usize {
    let mut words = 0;
    let mut i = 0;
    while i < sets.len() {
        words += if sets[i].is_some() { 1 } else { 2 };
        i += 1;
    }
    words
}

/// Evaluates `$call`, which returns an `Option`, with the words of the [`Key`] of `$labels`.
///
/// `None` if an open label is too long, or if there are no words or more than 12.
macro_rules! with_key {
    ($set:ty, $labels:expr, |$key:ident| $call:expr) => {
        $crate::describe::label_key::with_key!(@ $set, $labels, $key, $call, 1 2 3 4 5 6 7 8 9 10 11 12)
    };
    (@ $set:ty, $labels:expr, $key:ident, $call:expr, $($words:literal)*) => {
        match const { $crate::describe::label_key::key_words(<$set>::VALUE_SETS) } {
            $($words => $crate::describe::label_key::Key::<$words>::of($labels).and_then(
                #[inline(always)]
                |key| {
                    let $key = &key;
                    $call
                },
            ),)*
            _ => None,
        }
    };
}

pub(crate) use with_key;

impl<const N: usize> Key<N> {
    /// The words; `None` if an open label is longer than [`MAX_SHORT`].
    #[inline(always)]
    pub(crate) fn of(labels: &impl LabelSet) -> Option<[u64; N]> {
        let mut key = Key {
            words: [0; N],
            len: 0,
            is_short: true,
        };
        labels.visit(&mut key);
        key.is_short.then_some(key.words)
    }

    #[inline(always)]
    fn push(&mut self, word: u64) {
        if let Some(slot) = self.words.get_mut(self.len) {
            *slot = word;
            self.len += 1;
        }
    }
}

impl<const N: usize> LabelVisitor for Key<N> {
    #[inline(always)]
    fn label<L: Label>(&mut self, label: &L) {
        if L::VALUES.is_some() {
            return self.push(index_of(label) as u64);
        }
        label.with_str(
            #[inline(always)]
            |text| {
                let packed = packed_short(text.as_bytes());
                self.is_short &= packed.is_some();
                let [first, second] = packed.unwrap_or([0; 2]);
                self.push(first);
                self.push(second);
            },
        );
    }
}

/// The two words of an open label.
#[inline(always)]
fn packed(bytes: &[u8]) -> [u64; 2] {
    match packed_short(bytes) {
        Some(words) => words,
        None => [eight(bytes, 0), LONG | bytes.len() as u64],
    }
}

/// The two words of an open label with up to [`MAX_SHORT`] bytes; `None` for a longer label.
#[inline(always)]
fn packed_short(bytes: &[u8]) -> Option<[u64; 2]> {
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

#[inline(always)]
fn eight(bytes: &[u8], at: usize) -> u64 {
    bytes[at..]
        .first_chunk()
        .map_or(0, |bytes| u64::from_le_bytes(*bytes))
}

#[inline(always)]
fn four(bytes: &[u8], at: usize) -> u32 {
    bytes[at..]
        .first_chunk()
        .map_or(0, |bytes| u32::from_le_bytes(*bytes))
}

/// Like [`Key`], for any number of labels of any length.
#[derive(Debug)]
pub(crate) struct LongKey {
    len: usize,
    inline: [u64; LongKey::INLINE],
    spilled: Vec<u64>,
    /// Whether the second pass, which adds the remaining bytes of long labels, has begun.
    is_second_pass: bool,
}

impl LongKey {
    /// Number of words that need no allocation.
    const INLINE: usize = 128;

    pub(crate) fn new(labels: &impl LabelSet) -> Self {
        let mut key = LongKey {
            len: 0,
            inline: [0; LongKey::INLINE],
            spilled: Vec::new(),
            is_second_pass: false,
        };
        labels.visit(&mut key);
        key.is_second_pass = true;
        labels.visit(&mut key);
        key
    }

    pub(crate) fn words(&self) -> &[u64] {
        if self.spilled.is_empty() {
            &self.inline[..self.len]
        } else {
            &self.spilled
        }
    }

    fn push(&mut self, word: u64) {
        if self.spilled.is_empty() {
            if let Some(slot) = self.inline.get_mut(self.len) {
                *slot = word;
                self.len += 1;
                return;
            }
            self.spilled.extend_from_slice(&self.inline);
        }
        self.spilled.push(word);
    }
}

impl LabelVisitor for LongKey {
    fn label<L: Label>(&mut self, label: &L) {
        if L::VALUES.is_some() {
            if !self.is_second_pass {
                self.push(index_of(label) as u64);
            }
            return;
        }
        label.with_str(|text| {
            let bytes = text.as_bytes();
            if !self.is_second_pass {
                let [first, second] = packed(bytes);
                self.push(first);
                self.push(second);
            } else if bytes.len() > MAX_SHORT {
                for chunk in bytes[8..].chunks(8) {
                    let mut word = [0; 8];
                    word[..chunk.len()].copy_from_slice(chunk);
                    self.push(u64::from_le_bytes(word));
                }
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(labels: &impl LabelSet) -> Vec<u64> {
        LongKey::new(labels).words().to_vec()
    }

    #[test]
    fn a_key_has_the_words_of_the_long_key() {
        fn short<L: LabelSet>(labels: &L) -> Option<Vec<u64>> {
            with_key!(L, labels, |key| Some(key.to_vec()))
        }
        for len in 0..40 {
            let text = "x".repeat(len);
            let labels = (true, text.as_str(), 3_u8);
            let expected = (len <= MAX_SHORT).then(|| key(&labels));
            assert_eq!(short(&labels), expected, "{len}");
        }
    }

    #[test]
    fn keys_are_equal_exactly_when_the_labels_are() {
        assert_ne!(key(&("ab", "c")), key(&("a", "bc")));
        assert_ne!(key(&("a", "")), key(&("", "a")));
        assert_ne!(key(&("a\0",)), key(&("a",)));
        assert_eq!(key(&("a", 1_u8)), key(&("a", "1")));
        let texts: Vec<String> = (0..40).map(|len| "\u{1}".repeat(len)).collect();
        for (at, text) in texts.iter().enumerate() {
            for other in &texts[..at] {
                assert_ne!(key(&(text,)), key(&(other,)));
            }
            for flipped in 0..text.len() {
                let mut other = text.clone();
                other.replace_range(flipped..=flipped, "\u{2}");
                assert_ne!(key(&(text,)), key(&(other,)));
            }
        }
        let long = "x".repeat(1000);
        assert_eq!(key(&(long.as_str(),)), key(&(long.clone(),)));
        assert_ne!(key(&(long.as_str(),)), key(&(&long[1..],)));
    }
}
