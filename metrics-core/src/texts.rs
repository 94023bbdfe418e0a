//! The rendered labels of an index's series, side by side: a scrape reads them in order, and none
//! pays for an allocation of its own.
//!
//! They stand as the format writes them that is asked for again and again: who scrapes asks for the
//! same each time, and most of an exposition is copied then.

use std::{iter, ops::Range};

use crate::encode::protobuf::Pairs;

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

/// How labels are written down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Form {
    /// As the text formats have them: `a="1",b="2"`.
    #[default]
    Text,
    /// As protobuf has them: fields of a `Metric`.
    Pairs,
}

/// Where a text stands in its chunk.
#[derive(Clone, Copy, Debug, Default)]
struct Span {
    start: u32,
    len: u32,
}

/// Texts that stand together.
#[derive(Debug)]
struct Chunk {
    /// The texts, and [`AHEAD`] after the last one.
    written: Written,
    /// Bytes of texts that are not there any more.
    dead: usize,
    /// What was asked for last.
    wanted: Form,
}

#[derive(Debug)]
enum Written {
    Text(String),
    Pairs(Vec<u8>),
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
            self.chunks.push(Chunk::with_capacity(Form::Text, 0));
        }
        self.spans.push(Span::default());
    }

    /// Sets the text of a series.
    pub(crate) fn set(&mut self, number: usize, text: &str) {
        let at = number / TOGETHER;
        self.chunks[at].dead += self.spans[number].len as usize;
        self.spans[number] = Span::default();
        // Little more than in text; where it is not enough, the chunk grows.
        let room = text.len() + text.len() / 8;
        if self.chunks[at].room() < room {
            self.write_anew(at, self.chunks[at].form(), room);
        }
        self.spans[number] = self.chunks[at].add(text, &mut Pairs::default());
    }

    /// Forgets the text of a series.
    pub(crate) fn clear(&mut self, number: usize) {
        self.set(number, "");
    }

    /// The text of a series; none where there is no such number. What has to be made text of is in
    /// `read`.
    pub(crate) fn get<'a>(&'a self, number: usize, read: &'a mut String) -> Option<&'a str> {
        let span = self.spans.get(number)?;
        Some(self.chunks[number / TOGETHER].text(*span, read))
    }

    /// The texts of some series, which stand in one region.
    pub(crate) fn in_region(&self, numbers: Range<usize>) -> Together<'_> {
        debug_assert!(
            numbers.is_empty() || numbers.start / TOGETHER == (numbers.end - 1) / TOGETHER
        );
        let chunk = self.chunks.get(numbers.start / TOGETHER);
        Together {
            bytes: chunk.map_or(&[], Chunk::bytes),
            text: match chunk.map(|chunk| &chunk.written) {
                Some(Written::Text(text)) => Some(text),
                Some(Written::Pairs(_)) => None,
                None => Some(""),
            },
            spans: &self.spans[numbers],
        }
    }

    /// The same for who wants them in this form: they get it when they want it for the second
    /// time in a row.
    pub(crate) fn wanted(&mut self, numbers: Range<usize>, form: Form) -> Together<'_> {
        let at = numbers.start / TOGETHER;
        if numbers.start.is_multiple_of(TOGETHER)
            && let Some(chunk) = self.chunks.get_mut(at)
        {
            let was_wanted = chunk.wanted == form;
            chunk.wanted = form;
            if was_wanted && chunk.form() != form {
                self.write_anew(at, form, 0);
            }
        }
        self.in_region(numbers)
    }

    /// Writes a chunk once more, without what is dead, in this form and with room for so many
    /// bytes.
    #[cold]
    fn write_anew(&mut self, at: usize, form: Form, room: usize) {
        let first = at * TOGETHER;
        let last = self.spans.len().min(first + TOGETHER);
        let mut chunk = Chunk::with_capacity(form, self.chunks[at].used() + room);
        let (mut read, mut pairs) = (String::new(), Pairs::default());
        for span in &mut self.spans[first..last] {
            *span = chunk.add(self.chunks[at].text(*span, &mut read), &mut pairs);
        }
        // An eighth is as much as is left unused.
        chunk.set_room(room + (chunk.used() + room) / 8);
        chunk.wanted = self.chunks[at].wanted;
        self.chunks[at] = chunk;
    }

    /// What all of them come to as pairs, at the most; each has no more than so many labels.
    pub(crate) fn most_as_pairs(&self, labels: usize) -> usize {
        let bytes = self.chunks.iter().map(|chunk| match chunk.written {
            Written::Text(_) => most_as_pairs(chunk.live(), labels * TOGETHER),
            Written::Pairs(_) => chunk.live(),
        });
        bytes.sum()
    }
}

/// What so many labels that take so many bytes of text come to as pairs, at the most.
///
/// In text a label takes four bytes beside name and value, as a pair six, and one or two more for
/// each 128 that it is long.
pub(crate) fn most_as_pairs(text: usize, labels: usize) -> usize {
    text + text / 64 + 2 * labels
}

impl Span {
    #[inline(always)]
    fn of(self, text: &str) -> &str {
        let start = self.start as usize;
        text.get(start..start + self.len as usize).unwrap_or("")
    }

    #[inline(always)]
    fn of_bytes(self, bytes: &[u8]) -> &[u8] {
        let start = self.start as usize;
        bytes.get(start..start + self.len as usize).unwrap_or(&[])
    }
}

impl Chunk {
    fn with_capacity(form: Form, texts: usize) -> Self {
        let capacity = texts + AHEAD;
        let written = match form {
            Form::Text => {
                let mut text = String::with_capacity(capacity);
                text.extend(iter::repeat_n(' ', AHEAD));
                Written::Text(text)
            }
            Form::Pairs => {
                let mut pairs = Vec::with_capacity(capacity);
                pairs.resize(AHEAD, 0);
                Written::Pairs(pairs)
            }
        };
        Chunk {
            written,
            dead: 0,
            wanted: form,
        }
    }

    fn form(&self) -> Form {
        match self.written {
            Written::Text(_) => Form::Text,
            Written::Pairs(_) => Form::Pairs,
        }
    }

    #[inline(always)]
    fn bytes(&self) -> &[u8] {
        match &self.written {
            Written::Text(text) => text.as_bytes(),
            Written::Pairs(pairs) => pairs,
        }
    }

    /// One of the texts; `read` is where it stands if it has to be made of pairs.
    fn text<'a>(&'a self, span: Span, read: &'a mut String) -> &'a str {
        match &self.written {
            Written::Text(text) => span.of(text),
            Written::Pairs(pairs) => text_of(span.of_bytes(pairs), read),
        }
    }

    /// What the texts come to, dead ones among them.
    fn used(&self) -> usize {
        self.bytes().len() - AHEAD
    }

    /// What those come to that are there.
    fn live(&self) -> usize {
        self.used() - self.dead
    }

    /// How much may be added before there has to be more memory.
    fn room(&self) -> usize {
        let capacity = match &self.written {
            Written::Text(text) => text.capacity(),
            Written::Pairs(pairs) => pairs.capacity(),
        };
        capacity - self.bytes().len()
    }

    /// Has room for so much more, and no more.
    fn set_room(&mut self, room: usize) {
        let capacity = self.bytes().len() + room;
        match &mut self.written {
            Written::Text(text) => {
                text.reserve_exact(room);
                text.shrink_to(capacity);
            }
            Written::Pairs(pairs) => {
                pairs.reserve_exact(room);
                pairs.shrink_to(capacity);
            }
        }
    }

    fn add(&mut self, added: &str, pairs: &mut Pairs) -> Span {
        let start = self.used();
        match &mut self.written {
            Written::Text(text) => text.insert_str(start, added),
            Written::Pairs(all) => {
                all.truncate(start);
                pairs.read(added);
                pairs.add_to(all, added);
                all.resize(all.len() + AHEAD, 0);
            }
        }
        Span {
            start: start as u32,
            len: (self.used() - start) as u32,
        }
    }
}

/// Texts that stand together, in the order of their series.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Together<'a> {
    /// In whichever form.
    bytes: &'a [u8],
    /// The same, if they are text.
    text: Option<&'a str>,
    spans: &'a [Span],
}

impl<'a> Together<'a> {
    /// Each as how long it is, and as many bytes of memory from its beginning on, where there are
    /// so many.
    #[inline(always)]
    pub(crate) fn iter_ahead<const BYTES: usize>(
        self,
    ) -> impl Iterator<Item = (Option<&'a [u8; BYTES]>, usize)> + use<'a, BYTES> {
        self.spans.iter().map(move |span| {
            let start = span.start as usize;
            let text = self.bytes.get(start..start + BYTES);
            (text.and_then(|text| text.first_chunk()), span.len as usize)
        })
    }

    /// One of them; an empty one where there are not so many.
    pub(crate) fn get(self, at: usize) -> &'a [u8] {
        self.spans
            .get(at)
            .map_or(&[], |span| span.of_bytes(self.bytes))
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

    /// In which form they are.
    #[inline(always)]
    pub(crate) fn form(self) -> Form {
        match self.text {
            Some(_) => Form::Text,
            None => Form::Pairs,
        }
    }

    /// Each, where they are text, as those are that nobody has wanted otherwise.
    #[inline(always)]
    pub(crate) fn iter(self) -> impl Iterator<Item = &'a str> + use<'a> {
        let text = self.text.unwrap_or("");
        self.spans.iter().map(move |span| span.of(text))
    }

    /// One of them as text, which is made in `read` if it has to be.
    pub(crate) fn text<'r>(self, at: usize, read: &'r mut String) -> &'r str
    where
        'a: 'r,
    {
        let span = self.spans.get(at).copied().unwrap_or_default();
        match self.text {
            Some(text) => span.of(text),
            None => text_of(span.of_bytes(self.bytes), read),
        }
    }
}

/// Makes text of pairs.
fn text_of<'r>(pairs: &[u8], read: &'r mut String) -> &'r str {
    read.clear();
    Pairs::add_text_to(read, pairs);
    read
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::render;

    #[test]
    fn room_is_found_again_where_texts_come_and_go() {
        let mut texts = Texts::default();
        (0..300).for_each(|_| texts.push());
        for round in 0..10_000_usize {
            texts.set(round % 300, &"x".repeat(round % 50));
        }
        let whole = |chunk: &Chunk| chunk.bytes().len() + chunk.room();
        let capacity: usize = texts.chunks.iter().map(whole).sum();
        let most = 300 * 50 * 5 / 4 + 2 * AHEAD;
        assert!(capacity < most, "{capacity}");
    }

    /// What is done to texts.
    #[derive(Clone, Debug)]
    enum Step {
        Set(usize, String),
        Clear(usize),
        /// Those of a region are wanted in this form.
        Want(usize, Form),
    }

    fn step() -> impl Strategy<Value = Step> {
        let number = 0..600_usize;
        prop_oneof![
            8 => (number.clone(), ".{1,40}", "[\\\\\"x]{0,3}").prop_map(|(number, a, b)| {
                let mut text = String::new();
                render::pairs(&mut text, &[("first", a), ("second", b)]);
                Step::Set(number, text)
            }),
            1 => number.clone().prop_map(Step::Clear),
            1 => (number, any::<bool>()).prop_map(|(number, is_text)| {
                Step::Want(number, if is_text { Form::Text } else { Form::Pairs })
            }),
        ]
    }

    fn as_pairs(text: &str) -> Vec<u8> {
        let (mut pairs, mut fields) = (Pairs::default(), Vec::new());
        pairs.read(text);
        pairs.add_to(&mut fields, text);
        fields
    }

    proptest! {
        #[test]
        fn texts_are_those_that_were_set_last_in_whatever_form(
            steps in prop::collection::vec(step(), 0..2000),
        ) {
            let (mut texts, mut model) = (Texts::default(), Vec::new());
            for step in steps {
                let (Step::Set(number, _) | Step::Clear(number) | Step::Want(number, _)) = step;
                while texts.len() <= number {
                    texts.push();
                    model.push(String::new());
                }
                match step {
                    Step::Set(_, text) => {
                        texts.set(number, &text);
                        model[number] = text;
                    }
                    Step::Clear(_) => {
                        texts.clear(number);
                        model[number].clear();
                    }
                    Step::Want(_, form) => {
                        let first = number - number % TOGETHER;
                        texts.wanted(first..number + 1, form);
                        let together = texts.wanted(first..number + 1, form);
                        let expected = match form {
                            Form::Text => model[number].clone().into_bytes(),
                            Form::Pairs => as_pairs(&model[number]),
                        };
                        prop_assert_eq!(together.form(), form);
                        prop_assert_eq!(together.get(number - first), expected);
                        let other = [Form::Text, Form::Pairs][usize::from(form == Form::Text)];
                        let once = texts.wanted(first..number + 1, other);
                        let mut read = String::new();
                        prop_assert_eq!(once.form(), form);
                        prop_assert_eq!(once.text(number - first, &mut read), &model[number]);
                    }
                }
            }
            let mut read = String::new();
            for (number, text) in model.iter().enumerate() {
                prop_assert_eq!(texts.get(number, &mut read), Some(text.as_str()));
            }
            let as_pairs = model.iter().map(|text| as_pairs(text).len());
            prop_assert!(texts.most_as_pairs(2) >= as_pairs.sum());
            let first = model.len().min(TOGETHER);
            texts.wanted(0..first, Form::Text);
            let together: Vec<&str> = texts.wanted(0..first, Form::Text).iter().collect();
            prop_assert_eq!(together, &model[..first]);
        }
    }
}
