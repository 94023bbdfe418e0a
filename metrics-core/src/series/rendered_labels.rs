//! The rendered labels of an index's series, side by side: a scrape reads them in order, and none
//! pays for an allocation of its own.

use std::{ops::Range, sync::Arc};

use crate::sample::{
    label_chunk::{
        CHUNK_SIZE, LabelBatch, LabelChunk, LabelSizes, OwnedRendering, max_protobuf_len,
    },
    label_encoding::{LabelEncoding, LabelRendering},
};

/// Texts by the numbers of the series.
#[derive(Debug, Default)]
pub(crate) struct RenderedLabels {
    /// Which of its chunk's first and second halves each is.
    texts: Vec<[u8; 2]>,
    chunks: Vec<LabelChunk>,
    /// Whether texts are split; first halves are empty otherwise.
    is_split: bool,
    /// How texts were wanted last.
    asked: Vec<Arc<OwnedRendering>>,
    /// What those that are kept in each form come to. The longest one may have left.
    sizes: [LabelSizes; 2],
}

/// So many ways in which texts are wanted are told from new ones.
const ASKED: usize = 8;

impl RenderedLabels {
    /// Texts in two halves, which will be wanted like this for all that is known.
    pub(crate) fn split(written: LabelRendering<'_>) -> Self {
        RenderedLabels {
            is_split: true,
            asked: vec![Arc::new(OwnedRendering::of(written))],
            ..RenderedLabels::default()
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.texts.len()
    }

    pub(crate) fn reserve_exact(&mut self, more: usize) {
        self.texts.reserve_exact(more);
        let chunks = (self.len() + more).div_ceil(CHUNK_SIZE);
        self.chunks.reserve_exact(chunks - self.chunks.len());
    }

    /// Makes room for another text, which is empty.
    pub(crate) fn push(&mut self) {
        if self.len() == CHUNK_SIZE * self.chunks.len() {
            let last = self.asked.last().cloned();
            let kept = last.unwrap_or_else(|| self.intern(LabelRendering::TEXT));
            self.chunks.push(LabelChunk::new(kept));
        }
        self.texts.push([0; 2]);
        let (chunk, all, is_split) = self.chunk(self.chunks.len() - 1);
        if !chunk.has_empty_first_halves() {
            chunk.put(all, all.len() - 1, &[], is_split);
        }
    }

    /// Sets the text of a series.
    pub(crate) fn set(&mut self, number: usize, text: &str) {
        self.change(number / CHUNK_SIZE, |chunk, all, is_split| {
            let mut added = Vec::new();
            chunk.kept.form.write(text, &mut added);
            chunk.make_room(all, added.len(), is_split);
            chunk.set(all, number % CHUNK_SIZE, &added, is_split);
        });
    }

    /// Forgets the text of a series.
    pub(crate) fn clear(&mut self, number: usize) {
        self.set(number, "");
    }

    /// The text of a series, which is made in `read` where it does not stand there as it is; none
    /// where there is no such number.
    pub(crate) fn get<'r>(&'r self, number: usize, read: &'r mut String) -> Option<&'r str> {
        let halves = *self.texts.get(number)?;
        let chunk = &self.chunks[number / CHUNK_SIZE];
        Some(chunk.kept.form.read(chunk.get(halves), read))
    }

    /// The texts of some series, which stand in one region.
    pub(crate) fn batch(&self, numbers: Range<usize>) -> LabelBatch<'_> {
        debug_assert!(
            numbers.is_empty() || numbers.start / CHUNK_SIZE == (numbers.end - 1) / CHUNK_SIZE
        );
        LabelBatch {
            chunk: self.chunks.get(numbers.start / CHUNK_SIZE),
            texts: &self.texts[numbers],
            is_as_requested: false,
        }
    }

    /// The same for who wants them like this, which they are when it is for the second time in a
    /// row.
    pub(crate) fn batch_as(
        &mut self,
        numbers: Range<usize>,
        wanted: &Arc<OwnedRendering>,
    ) -> LabelBatch<'_> {
        let mut is_as_requested = false;
        if numbers.start < self.len() {
            let at = numbers.start / CHUNK_SIZE;
            let chunk = &mut self.chunks[at];
            // Asked once for all of them.
            if numbers.start.is_multiple_of(CHUNK_SIZE) {
                if !Arc::ptr_eq(&chunk.wanted, wanted) {
                    chunk.wanted = Arc::clone(wanted);
                } else if !Arc::ptr_eq(&chunk.kept, wanted) {
                    self.change(at, |chunk, all, is_split| {
                        chunk.rebuild(all, Arc::clone(wanted), is_split);
                    });
                }
            }
            is_as_requested = Arc::ptr_eq(&self.chunks[at].kept, wanted);
        }
        LabelBatch {
            is_as_requested,
            ..self.batch(numbers)
        }
    }

    /// How texts are wanted, as it was remembered when they were wanted so before.
    pub(crate) fn intern(&mut self, written: LabelRendering<'_>) -> Arc<OwnedRendering> {
        let known = self.asked.iter().find(|kept| kept.as_written() == written);
        if let Some(known) = known {
            return Arc::clone(known);
        }
        if self.asked.len() == ASKED {
            self.asked.remove(0);
        }
        let kept = Arc::new(OwnedRendering::of(written));
        self.asked.push(Arc::clone(&kept));
        kept
    }

    /// A chunk and its texts, and whether they are split.
    fn chunk(&mut self, at: usize) -> (&mut LabelChunk, &mut [[u8; 2]], bool) {
        let first = at * CHUNK_SIZE;
        let to = self.texts.len().min(first + CHUNK_SIZE);
        (
            &mut self.chunks[at],
            &mut self.texts[first..to],
            self.is_split,
        )
    }

    /// Changes a chunk, and what all come to with it.
    fn change(&mut self, at: usize, change: impl FnOnce(&mut LabelChunk, &mut [[u8; 2]], bool)) {
        let (chunk, all, is_split) = self.chunk(at);
        let before = (chunk.kept.form, chunk.sizes);
        change(chunk, all, is_split);
        let after = (chunk.kept.form, chunk.sizes);
        let (form, less) = before;
        let sizes = &mut self.sizes[form as usize];
        sizes.bytes -= less.bytes;
        sizes.texts -= less.texts;
        let (form, more) = after;
        let sizes = &mut self.sizes[form as usize];
        sizes.bytes += more.bytes;
        sizes.texts += more.texts;
        sizes.longest = sizes.longest.max(more.longest);
    }

    /// What all of them come to as pairs, at the most, and what the longest one does; each has no
    /// more than so many labels.
    pub(crate) fn max_protobuf_len(&self, labels: usize) -> (usize, usize) {
        let text = self.sizes[LabelEncoding::Text as usize];
        let pairs = self.sizes[LabelEncoding::Protobuf as usize];
        let all = max_protobuf_len(text.bytes, text.texts, labels) + pairs.bytes;
        let longest = match text.texts {
            0 => pairs.longest,
            _ => max_protobuf_len(text.longest, 1, labels).max(pairs.longest),
        };
        (all, longest)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::sample::{
        label_chunk::{HalfTable, READ_AHEAD},
        label_text,
    };

    #[test]
    fn room_is_found_again_where_texts_come_and_go() {
        for is_split in [false, true] {
            let mut texts = RenderedLabels {
                is_split,
                ..RenderedLabels::default()
            };
            (0..300).for_each(|_| texts.push());
            for round in 0..10_000_usize {
                let text = format!("a=\"{}\",b=\"{round}\"", "x".repeat(round % 50));
                texts.set(round % 300, &text);
            }
            let chunks = texts.chunks.iter();
            let capacity: usize = chunks.map(|chunk| chunk.bytes.capacity()).sum();
            let most = 300 * 64 * 3 / 2 + 2 * READ_AHEAD;
            assert!(capacity < most, "{capacity}");
        }
    }

    #[test]
    fn what_neighbours_have_in_common_stands_there_once() {
        let mut texts = RenderedLabels::split(LabelRendering::TEXT);
        for number in 0..256 {
            texts.push();
            let text = format!("of=\"{}\",as=\"{}\"", number / 16, number % 16);
            texts.set(number, &text);
        }
        let [chunk] = &texts.chunks[..] else {
            panic!("they stand together");
        };
        // Those of none as well.
        assert_eq!(chunk.halves.each_ref().map(Vec::len), [17, 17]);
    }

    #[test]
    fn there_are_as_many_different_ones_as_stand_together() {
        let mut texts = RenderedLabels::split(LabelRendering::TEXT);
        let text = |number: usize, round| format!("of=\"{number}\",as=\"{round}\"");
        (0..256).for_each(|_| texts.push());
        for round in 0..5 {
            for number in 0..256 {
                texts.set(number, &text(number, round));
            }
            for number in 0..256 {
                let mut read = String::new();
                let expected = text(number, round);
                assert_eq!(texts.get(number, &mut read), Some(expected.as_str()));
            }
        }
    }

    /// What is done to texts.
    #[derive(Clone, Debug)]
    enum Step {
        Set(usize, String),
        Clear(usize),
        /// Those of a region are wanted like this.
        Want(usize, LabelRendering<'static>),
    }

    const WAYS: [LabelRendering<'_>; 4] = [
        LabelRendering::TEXT,
        LabelRendering {
            form: LabelEncoding::Text,
            before: b"name{",
            after: b"} ",
        },
        LabelRendering {
            form: LabelEncoding::Text,
            before: b"other{",
            after: b"} ",
        },
        LabelRendering {
            form: LabelEncoding::Protobuf,
            before: b"",
            after: b"\x01\x02",
        },
    ];

    fn step() -> impl Strategy<Value = Step> {
        let number = 0..600_usize;
        prop_oneof![
            8 => (number.clone(), ".{1,40}", "[\\\\\"x]{0,3}").prop_map(|(number, a, b)| {
                let mut text = String::new();
                label_text::push_pairs(&mut text, &[("first", a), ("second", b)]);
                Step::Set(number, text)
            }),
            1 => number.clone().prop_map(Step::Clear),
            1 => (number, 0..WAYS.len()).prop_map(|(number, way)| Step::Want(number, WAYS[way])),
        ]
    }

    fn as_pairs(text: &str) -> Vec<u8> {
        let mut fields = Vec::new();
        LabelEncoding::Protobuf.write(text, &mut fields);
        fields
    }

    proptest! {
        #[test]
        fn texts_are_those_that_were_set_last_in_whatever_form(
            steps in prop::collection::vec(step(), 0..2000),
            is_split: bool,
        ) {
            let (mut texts, mut model) = (RenderedLabels::default(), Vec::new());
            texts.is_split = is_split;
            let mut table = HalfTable::new();
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
                    Step::Want(_, way) => {
                        let first = number - number % CHUNK_SIZE;
                        let wanted = texts.intern(way);
                        texts.batch_as(first..number + 1, &wanted);
                        let together = texts.batch_as(first..number + 1, &wanted);
                        prop_assert!(together.is_as_requested());
                        let expected = match way.form {
                            LabelEncoding::Text => model[number].clone().into_bytes(),
                            LabelEncoding::Protobuf => as_pairs(&model[number]),
                        };
                        prop_assert_eq!(together.form(), way.form);
                        let last = together.get(number - first);
                        prop_assert_eq!(last.concat(), &expected[..]);
                        let short = together.short_halves(&mut table);
                        let [head, tail] = together.texts()[number - first];
                        let short = short.first(head).zip(short.second(tail));
                        let bytes = |(bytes, len): (&[u8; READ_AHEAD], u8)| bytes[..len.into()].to_vec();
                        let whole = short.map(|(head, tail)| [bytes(head), bytes(tail)].concat());
                        let around = [way.before, &expected, way.after].concat();
                        // Such texts are no longer than that.
                        let is_there = !expected.is_empty();
                        prop_assert_eq!(whole, is_there.then_some(around));
                        let other = WAYS[usize::from(way == LabelRendering::TEXT)];
                        let other = texts.intern(other);
                        let once = texts.batch_as(first..number + 1, &other);
                        prop_assert!(!once.is_as_requested());
                        let (mut read, last) = (String::new(), once.get(number - first));
                        prop_assert_eq!(once.text(last, &mut read), &model[number]);
                    }
                }
            }
            let mut read = String::new();
            for (number, text) in model.iter().enumerate() {
                prop_assert_eq!(texts.get(number, &mut read), Some(text.as_str()));
            }
            let (foretold, longest) = texts.max_protobuf_len(2);
            let longest_there_is = model.iter().map(|text| as_pairs(text).len()).max();
            prop_assert!(longest >= longest_there_is.unwrap_or(0));
            let as_pairs: usize = model.iter().map(|text| as_pairs(text).len()).sum();
            // A label that is absent takes nothing.
            let most = as_pairs + as_pairs / 32 + 3 * model.len();
            prop_assert!((as_pairs..=most).contains(&foretold), "{foretold} of {as_pairs}");
        }
    }
}
