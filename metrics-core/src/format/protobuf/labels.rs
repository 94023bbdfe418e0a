//! Encodes the labels of a series, given as text, as fields of a `Metric` message.

use super::wire::{self, SLACK, field_len, tag, varint};
use crate::{format::buffer::Line, sample::label_text::LabelView};

/// The parsed labels of a series: the position of each name and value.
#[derive(Debug, Default)]
pub(super) struct LabelFields {
    all: Vec<Pair>,
    /// The length of the encoded fields.
    pub(super) size: usize,
    /// The unescaped names and values, if the parsed text has escapes or quoted names.
    unescaped: String,
    /// Whether `all` has positions in `unescaped` instead of the parsed text.
    is_unescaped: bool,
}

/// The ranges of the name and the value of a label.
#[derive(Clone, Copy, Debug)]
struct Pair {
    name: (u32, u32),
    value: (u32, u32),
}

impl Pair {
    #[inline(always)]
    fn lens(self) -> (usize, usize) {
        let len = |(start, end): (u32, u32)| (end - start) as usize;
        (len(self.name), len(self.value))
    }

    /// The length of a `LabelPair`.
    #[inline(always)]
    fn len(self) -> usize {
        let (name, value) = self.lens();
        field_len(name) + field_len(value)
    }
}

impl LabelFields {
    /// Parses labels as `label_text::push_label` writes them.
    #[inline(always)]
    pub(super) fn parse(&mut self, labels: &str) {
        self.all.clear();
        self.size = 0;
        self.is_unescaped = false;
        let text = labels.as_bytes();
        let mut at = 0;
        while at < text.len() {
            // Finds the two quotes in `name="value"`. Text with escapes or quoted names goes to the
            // slower parser.
            let Some(quote) = find_quote(text, at).filter(|quote| *quote > at) else {
                return self.parse_escaped(labels);
            };
            let Some(end) = find_quote(text, quote + 1) else {
                return self.parse_escaped(labels);
            };
            self.add(Pair {
                name: (at as u32, quote as u32 - 1),
                value: (quote as u32 + 1, end as u32),
            });
            at = end + 2;
        }
    }

    #[inline(always)]
    fn add(&mut self, pair: Pair) {
        self.all.push(pair);
        self.size += field_len(pair.len());
    }

    #[cold]
    #[inline(never)]
    fn parse_escaped(&mut self, labels: &str) {
        self.all.clear();
        self.size = 0;
        let mut text = std::mem::take(&mut self.unescaped);
        text.clear();
        for (name, value) in LabelView::new(labels).iter() {
            self.push(&mut text, &name, &value);
        }
        self.unescaped = text;
        self.is_unescaped = true;
    }

    /// Appends a label to the unescaped text.
    fn push(&mut self, text: &mut String, name: &str, value: &str) {
        let name_at = text.len() as u32;
        text.push_str(name);
        let value_at = text.len() as u32;
        text.push_str(value);
        self.add(Pair {
            name: (name_at, value_at),
            value: (value_at, text.len() as u32),
        });
    }

    /// The room that [`write`](Self::write) needs.
    #[inline(always)]
    pub(super) fn room(&self) -> usize {
        self.size + SLACK
    }

    /// Writes the labels. `labels` is the text that was parsed.
    #[inline(always)]
    pub(super) fn write(&self, labels: &str, line: &mut Line<'_>) {
        let text = if self.is_unescaped {
            self.unescaped.as_bytes()
        } else {
            labels.as_bytes()
        };
        for pair in &self.all {
            let (name, value) = pair.lens();
            line.put_byte(tag(1, wire::LEN));
            varint(line, pair.len() as u64);
            line.put_byte(tag(1, wire::LEN));
            varint(line, name as u64);
            line.put(&text[pair.name.0 as usize..][..name]);
            line.put_byte(tag(2, wire::LEN));
            varint(line, value as u64);
            line.put(&text[pair.value.0 as usize..][..value]);
        }
    }
}

/// The next quote from `at` on, searched eight bytes at a time; `None` if there is none or if a
/// backslash comes first.
#[inline(always)]
fn find_quote(text: &[u8], mut at: usize) -> Option<usize> {
    loop {
        let rest = text.get(at..).filter(|rest| !rest.is_empty())?;
        let (word, len) = match rest.first_chunk::<8>() {
            Some(word) => (u64::from_le_bytes(*word), 8),
            None => (last_word(text, rest.len()), rest.len()),
        };
        let (quotes, escapes) = (zeros(word ^ QUOTES), zeros(word ^ ESCAPES));
        let first = (quotes | escapes).trailing_zeros();
        if first < 64 {
            let is_quote = quotes.trailing_zeros() == first;
            let found = at + first as usize / 8;
            return (is_quote && found < text.len()).then_some(found);
        }
        at += len;
    }
}

const QUOTES: u64 = 0x2222_2222_2222_2222;
const ESCAPES: u64 = 0x5c5c_5c5c_5c5c_5c5c;

/// The last `len` bytes of a text as a word, padded with zeros; `len` is below eight.
#[inline(always)]
fn last_word(text: &[u8], len: usize) -> u64 {
    match text.last_chunk::<8>() {
        Some(word) if len > 0 => u64::from_le_bytes(*word) >> (8 * (8 - len)),
        _ => {
            let mut word = [0; 8];
            let start = text.len() - len;
            word[..len].copy_from_slice(&text[start..]);
            u64::from_le_bytes(word)
        }
    }
}

/// The upper bit of each byte that is zero; correct up to the first such byte.
#[inline(always)]
fn zeros(word: u64) -> u64 {
    word.wrapping_sub(0x0101_0101_0101_0101) & !word & 0x8080_8080_8080_8080
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quote_is_found_up_to_the_end() {
        for len in 0..20 {
            let text = "x".repeat(len);
            assert!((0..=len + 1).all(|at| find_quote(text.as_bytes(), at).is_none()));
            let quoted = text + "\"";
            assert_eq!(find_quote(quoted.as_bytes(), 0), Some(len));
        }
    }
}
