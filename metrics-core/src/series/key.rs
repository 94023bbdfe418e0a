//! The key of a series: its label values as a sequence of words (64-bit integers), which the index
//! hashes and compares.
//!
//! A *closed* label, which has a fixed set of values, is one word: the index of its value. Another
//! label (an *open* one) with up to 15 bytes is two words, a longer one is more: see
//! `label_words.rs`.
//!
//! The keys of two label sets with the same labels are equal exactly if the label sets are equal.
//! If they differ, they differ in a word within the shorter one, because the words of each label
//! tell their number.
//!
//! A key of short labels stays in registers. The first longer label of a set continues the look-up
//! in a function of its own, which writes the words to memory. Either way, each label is visited
//! once.

use crate::{
    describe::label::{Label, LabelSet, LabelVisitor, index_of},
    series::label_words::{packed_short, push_text},
    storage::WordBuffer,
};

/// Returns the result of `find` for the words of the key of `labels`.
///
/// `find` is compiled twice: for a number of words that is known at compile time, which is the case
/// for at most 12 words of a declared metric's short labels, and for any number.
#[inline(always)]
pub(crate) fn with_key<L: LabelSet, R>(
    labels: &L,
    find: impl Fn(&[u64]) -> Option<R> + Copy,
) -> Option<R> {
    match const { key_words(L::VALUE_SETS) } {
        1 => with_short_key::<1, _, _>(labels, find),
        2 => with_short_key::<2, _, _>(labels, find),
        3 => with_short_key::<3, _, _>(labels, find),
        4 => with_short_key::<4, _, _>(labels, find),
        5 => with_short_key::<5, _, _>(labels, find),
        6 => with_short_key::<6, _, _>(labels, find),
        7 => with_short_key::<7, _, _>(labels, find),
        8 => with_short_key::<8, _, _>(labels, find),
        9 => with_short_key::<9, _, _>(labels, find),
        10 => with_short_key::<10, _, _>(labels, find),
        11 => with_short_key::<11, _, _>(labels, find),
        12 => with_short_key::<12, _, _>(labels, find),
        _ => with_long_key(labels, find),
    }
}

/// The number of words of a key of short labels; 0 if `sets` is empty, as for the labels of dynamic
/// metrics.
const fn key_words(sets: &[Option<&'static [&'static str]>]) -> usize {
    let mut words = 0;
    let mut i = 0;
    while i < sets.len() {
        words += if sets[i].is_some() { 1 } else { 2 };
        i += 1;
    }
    words
}

/// Like [`with_key`], for labels that are `N` words if all of them are short.
#[inline(always)]
fn with_short_key<const N: usize, L: LabelSet, R>(
    labels: &L,
    find: impl Fn(&[u64]) -> Option<R> + Copy,
) -> Option<R> {
    let mut words = [0; N];
    let mut key = ShortKey {
        labels,
        words: &mut words,
        len: 0,
        visited: 0,
        find,
        is_long: false,
        found: None,
    };
    labels.visit(&mut key);
    if key.is_long { key.found } else { find(&words) }
}

#[inline(never)]
fn with_long_key<R>(labels: &impl LabelSet, find: impl FnOnce(&[u64]) -> Option<R>) -> Option<R> {
    find(Key::new().words_of(labels))
}

/// The key of a label set as far as it has been visited, while all visited labels are short.
struct ShortKey<'a, const N: usize, L, R, F> {
    labels: &'a L,
    /// Not a part of this struct, so that the compiler first keeps `len` in a register, then knows
    /// its value at each label, and then keeps the words in registers.
    words: &'a mut [u64; N],
    /// The number of words of the labels that have been visited, which does not depend on their
    /// values.
    len: usize,
    visited: usize,
    find: F,
    /// Whether a label was too long, so that the look-up has been continued with [`continue_long`].
    is_long: bool,
    /// The result of that look-up.
    found: Option<R>,
}

impl<const N: usize, L, R, F> ShortKey<'_, N, L, R, F> {
    #[inline(always)]
    fn push(&mut self, word: u64) {
        if let Some(slot) = self.words.get_mut(self.len) {
            *slot = word;
            self.len += 1;
        }
    }
}

impl<const N: usize, L, R, F> LabelVisitor for ShortKey<'_, N, L, R, F>
where
    L: LabelSet,
    F: Fn(&[u64]) -> Option<R> + Copy,
{
    #[inline(always)]
    fn label<T: Label>(&mut self, label: &T) {
        if self.is_long {
            return;
        }
        if T::VALUES.is_some() {
            self.push(index_of(label) as u64);
        } else {
            label.with_str(
                #[inline(always)]
                |text| {
                    let packed = packed_short(text.as_bytes());
                    if packed.is_none() {
                        // A copy, because `words` itself would be in memory from the start.
                        let words = *self.words;
                        let before = &words[..self.len];
                        self.found =
                            continue_long(self.labels, self.visited, before, text, self.find);
                        self.is_long = true;
                    }
                    // Pushes even if the words are not used, so that the compiler knows `len`.
                    let [first, second] = packed.unwrap_or_default();
                    self.push(first);
                    self.push(second);
                },
            );
        }
        self.visited += 1;
    }
}

/// Continues a look-up at the first label that is not short: the labels before it have the words
/// `before`, and it has the text `text`.
#[inline(never)]
fn continue_long<R>(
    labels: &impl LabelSet,
    visited: usize,
    before: &[u64],
    text: &str,
    find: impl FnOnce(&[u64]) -> Option<R>,
) -> Option<R> {
    let mut words = WordBuffer::new();
    for word in before {
        words.push([*word]);
    }
    push_text(&mut words, text);
    labels.visit(&mut LongKey {
        words: &mut words,
        number: 0,
        first: visited + 1,
    });
    find(words.words())
}

/// The key of any label set.
///
/// It takes four kilobytes, so it belongs in the frame of a function that is not inlined. A key of
/// more than that is on the heap.
pub(crate) struct Key {
    words: WordBuffer,
}

impl Key {
    #[inline(always)]
    pub(crate) fn new() -> Self {
        Key {
            words: WordBuffer::new(),
        }
    }

    /// The words of the key of `labels`. Call it once: it adds the words to those of earlier calls.
    ///
    /// A function that returned a `Key` of the labels would copy four kilobytes.
    #[inline(always)]
    pub(crate) fn words_of(&mut self, labels: &impl LabelSet) -> &[u64] {
        labels.visit(&mut LongKey {
            words: &mut self.words,
            number: 0,
            first: 0,
        });
        self.words.words()
    }
}

/// Adds the words of the labels from one of them on to a buffer.
struct LongKey<'a> {
    /// Not a part of this struct, so that the compiler knows `number` at each label.
    words: &'a mut WordBuffer,
    /// The number of labels that have been visited.
    number: usize,
    /// The number of labels whose words are in `words` before the visit.
    first: usize,
}

impl LabelVisitor for LongKey<'_> {
    #[inline(always)]
    fn label<L: Label>(&mut self, label: &L) {
        if self.number >= self.first {
            if L::VALUES.is_some() {
                self.words.push([index_of(label) as u64]);
            } else {
                label.with_str(|text| push_text(self.words, text));
            }
        }
        self.number += 1;
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use proptest::prelude::*;

    use super::*;
    use crate::describe::label_values::LabelValues;

    fn key(labels: &impl LabelSet) -> Vec<u64> {
        Key::new().words_of(labels).to_vec()
    }

    #[test]
    fn a_look_up_gets_the_key_of_the_labels() {
        fn found<L: LabelSet>(labels: &L) -> Option<Vec<u64>> {
            with_key(labels, |key| Some(key.to_vec()))
        }
        let texts: Vec<String> = (0..60).map(|len| "x".repeat(len)).collect();
        for first in &texts {
            assert_eq!(found(&(first,)), Some(key(&(first,))));
            for last in &texts {
                let labels = (true, first, false, 3_u8, last);
                assert_eq!(found(&labels), Some(key(&labels)), "{first} {last}");
                let dynamic = LabelValues(&[first.as_str(), last.as_str()]);
                assert_eq!(found(&dynamic), Some(key(&(first, last))));
            }
        }
    }

    #[test]
    fn a_look_up_visits_each_label_once() {
        struct Counted<'a>(&'a Cell<u32>, &'a str);

        impl Label for Counted<'_> {
            const VALUES: Option<&'static [&'static str]> = None;

            fn with_str<R>(&self, with: impl FnOnce(&str) -> R) -> R {
                self.0.set(self.0.get() + 1);
                with(self.1)
            }
        }

        let long = "a text of more than 15 bytes";
        for texts in [
            ["a", "b", "c"],
            ["a", long, "c"],
            [long, long, long],
            ["a", "b", long],
        ] {
            let visits = [const { Cell::new(0) }; 3];
            let [a, b, c] = [0, 1, 2].map(|at| Counted(&visits[at], texts[at]));
            let found = with_key(&(a, b, c), |key| Some(key.to_vec()));
            let [a, b, c] = texts;
            assert_eq!(found, Some(key(&(a, b, c))));
            assert_eq!(visits, [const { Cell::new(1) }; 3], "{texts:?}");
        }
    }

    /// Asserts that two label sets have different keys, which differ within the shorter one.
    fn check_different(one: &(&str, &str), other: &(&str, &str)) -> Result<(), TestCaseError> {
        let (one, other) = (key(one), key(other));
        let len = one.len().min(other.len());
        prop_assert_ne!(&one[..len], &other[..len]);
        Ok(())
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn labels_of_any_length_that_differ_in_a_byte_or_their_lengths_have_different_keys(
            first in "[ab]{0,300}",
            second in "[ab]{0,300}",
            at in any::<prop::sample::Index>(),
        ) {
            let (first, second) = (first.as_str(), second.as_str());
            prop_assert_eq!(key(&(first, second)), key(&LabelValues(&[first, second])));
            check_different(&(first, second), &(first, &format!("{second}a")))?;
            check_different(&(first, second), &(&format!("a{first}"), second))?;
            if !first.is_empty() {
                let at = at.index(first.len());
                let mut flipped = first.to_owned();
                flipped.replace_range(at..=at, if &first[at..=at] == "a" { "b" } else { "a" });
                check_different(&(first, second), &(&flipped, second))?;
                // The bytes of both labels together stay the same.
                let (kept, moved) = first.split_at(at);
                check_different(&(first, second), &(kept, &format!("{moved}{second}")))?;
            }
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
