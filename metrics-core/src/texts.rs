//! The rendered labels of an index's series, side by side: a scrape reads them in order, and none
//! pays for an allocation of its own.

/// Series whose texts stand together. A power of two, so that those of a region do.
const TOGETHER: usize = 256;

/// So many bytes of memory stand there from the beginning of any text on, however short it is:
/// what is copied in whole pieces need not look where the text ends.
pub(crate) const AHEAD: usize = 288;

/// Texts by the numbers of the series.
#[derive(Debug, Default)]
pub(crate) struct Texts {
    spans: Vec<Span>,
    chunks: Vec<Chunk>,
}

/// Where a text stands in its chunk.
#[derive(Clone, Copy, Debug, Default)]
struct Span {
    start: u32,
    len: u32,
}

#[derive(Debug)]
struct Chunk {
    /// The texts, and [`AHEAD`] after the last one.
    text: String,
    /// Bytes of texts that are not there any more.
    dead: usize,
}

impl Texts {
    pub(crate) fn len(&self) -> usize {
        self.spans.len()
    }

    pub(crate) fn reserve_exact(&mut self, more: usize) {
        self.spans.reserve_exact(more);
        let chunks = (self.len() + more).div_ceil(TOGETHER);
        self.chunks.reserve_exact(chunks - self.chunks.len());
    }

    /// Makes room for another text, which is empty.
    pub(crate) fn push(&mut self) {
        if self.len() == TOGETHER * self.chunks.len() {
            self.chunks.push(Chunk::with_capacity(0));
        }
        self.spans.push(Span::default());
    }

    /// Sets the text of a series.
    pub(crate) fn set(&mut self, number: usize, text: &str) {
        let chunk = &mut self.chunks[number / TOGETHER];
        chunk.dead += self.spans[number].len as usize;
        self.spans[number] = Span::default();
        if chunk.text.capacity() - chunk.text.len() < text.len() {
            let first = number / TOGETHER * TOGETHER;
            let last = self.spans.len().min(first + TOGETHER);
            chunk.make_room(text.len(), &mut self.spans[first..last]);
        }
        self.spans[number] = chunk.add(text);
    }

    /// Forgets the text of a series.
    pub(crate) fn clear(&mut self, number: usize) {
        self.set(number, "");
    }

    /// The text of a series; none where there is no such number.
    pub(crate) fn get(&self, number: usize) -> Option<&str> {
        let span = self.spans.get(number)?;
        Some(span.of(&self.chunks[number / TOGETHER].text))
    }

    /// The texts of some series, which stand in one region.
    pub(crate) fn in_region(&self, numbers: std::ops::Range<usize>) -> Together<'_> {
        debug_assert!(
            numbers.is_empty() || numbers.start / TOGETHER == (numbers.end - 1) / TOGETHER
        );
        let chunk = self.chunks.get(numbers.start / TOGETHER);
        Together {
            text: chunk.map_or("", |chunk| &chunk.text),
            spans: &self.spans[numbers],
        }
    }

    /// What all of them come to.
    pub(crate) fn bytes(&self) -> usize {
        let chunks = self.chunks.iter();
        chunks.map(|chunk| chunk.used() - chunk.dead).sum()
    }
}

impl Span {
    #[inline(always)]
    fn of(self, text: &str) -> &str {
        let start = self.start as usize;
        text.get(start..start + self.len as usize).unwrap_or("")
    }
}

impl Chunk {
    fn with_capacity(texts: usize) -> Self {
        let mut text = String::with_capacity(texts + AHEAD);
        text.extend(std::iter::repeat_n(' ', AHEAD));
        Chunk { text, dead: 0 }
    }

    /// What the texts come to, dead ones among them.
    fn used(&self) -> usize {
        self.text.len() - AHEAD
    }

    fn add(&mut self, text: &str) -> Span {
        let start = self.used();
        self.text.insert_str(start, text);
        Span {
            start: start as u32,
            len: text.len() as u32,
        }
    }

    /// Makes room for a text: by leaving out what is dead, if that is much, or by growing a
    /// little.
    fn make_room(&mut self, len: usize, spans: &mut [Span]) {
        let live = self.used() - self.dead;
        // An eighth is as much as is left unused.
        let mut chunk = Chunk::with_capacity(live + len + (live + len) / 8);
        if self.dead == 0 {
            chunk.add(&self.text[..self.used()]);
        } else {
            for span in spans {
                *span = chunk.add(span.of(&self.text));
            }
        }
        *self = chunk;
    }
}

/// Texts that stand together, in the order of their series.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Together<'a> {
    text: &'a str,
    spans: &'a [Span],
}

impl<'a> Together<'a> {
    /// Each as how long it is, and as many bytes of memory from its beginning on, where there are
    /// so many.
    #[inline(always)]
    pub(crate) fn iter_text<const BYTES: usize>(
        self,
    ) -> impl Iterator<Item = (Option<&'a [u8; BYTES]>, usize)> + use<'a, BYTES> {
        let bytes = self.text.as_bytes();
        self.spans.iter().map(move |span| {
            let start = span.start as usize;
            let text = bytes.get(start..start + BYTES);
            (text.and_then(|text| text.first_chunk()), span.len as usize)
        })
    }

    /// One of them; an empty one where there are not so many.
    pub(crate) fn get(self, at: usize) -> &'a str {
        self.spans.get(at).map_or("", |span| span.of(self.text))
    }

    /// Those after so many.
    pub(crate) fn after(self, some: usize) -> Self {
        Together {
            spans: &self.spans[some..],
            ..self
        }
    }

    /// What they come to.
    pub(crate) fn bytes(self) -> usize {
        self.spans.iter().map(|span| span.len as usize).sum()
    }

    #[inline(always)]
    pub(crate) fn iter(self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.spans.iter().map(move |span| span.of(self.text))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn room_is_found_again_where_texts_come_and_go() {
        let mut texts = Texts::default();
        (0..300).for_each(|_| texts.push());
        for round in 0..10_000_usize {
            texts.set(round % 300, &"x".repeat(round % 50));
        }
        let capacity: usize = texts.chunks.iter().map(|chunk| chunk.text.capacity()).sum();
        let most = 300 * 50 * 5 / 4 + 2 * AHEAD;
        assert!(capacity < most, "{capacity}");
    }

    proptest! {
        #[test]
        fn texts_are_those_that_were_set_last(
            sets in prop::collection::vec((0..600_usize, ".{0,40}"), 0..2000),
        ) {
            let mut texts = Texts::default();
            let mut model = Vec::new();
            for (number, text) in sets {
                while texts.len() <= number {
                    texts.push();
                    model.push(String::new());
                }
                texts.set(number, &text);
                model[number] = text;
            }
            for (number, text) in model.iter().enumerate() {
                prop_assert_eq!(texts.get(number), Some(text.as_str()));
            }
            let whole: usize = model.iter().map(String::len).sum();
            prop_assert_eq!(texts.bytes(), whole);
            let first = model.len().min(TOGETHER);
            let together: Vec<&str> = texts.in_region(0..first).iter().collect();
            prop_assert_eq!(together, &model[..first]);
        }
    }
}
