//! [`RenderedLabels`]: the encoded labels of the series in an index, stored so that a scrape reads
//! them in order.
//!
//! A *chunk* stores the labels of up to 256 neighbouring series. It splits each label set into two
//! *halves*, one of which may be empty, and stores equal halves once. A *rendering* is an encoding
//! of labels with the bytes before and after them in the output.

use std::{ops::Range, sync::Arc};

use crate::sample::{
    label_batch::{Form, LabelBatch},
    label_chunk::{CHUNK_SIZE, LabelChunk, LabelSizes, OwnedRendering, READ_AHEAD},
    label_encoding::{LabelEncoding, LabelRendering, max_protobuf_len},
};

/// The rendered labels of the series of an index, by position.
#[derive(Debug, Default)]
pub(crate) struct RenderedLabels {
    /// For each series, the indices in its chunk of the two halves into which its labels are split.
    halves: Vec<[u8; 2]>,
    chunks: Vec<LabelChunk>,
    /// Whether label sets are split into halves before the last label; otherwise the second halves
    /// hold all labels.
    is_split: bool,
    /// Text without prefix and suffix, in which chunks are stored that would repeat the prefix for
    /// most of their series.
    bare: Arc<OwnedRendering>,
    /// The renderings that were interned last, the newest at the end.
    renderings: Vec<Arc<OwnedRendering>>,
    /// For each encoding, the total sizes of the labels in chunks that use it.
    sizes: [LabelSizes; 2],
}

/// The number of renderings that are recognised when they are requested again.
const MAX_RENDERINGS: usize = 8;

impl RenderedLabels {
    /// A store without positions that will split labels into two halves. `rendering` is the one
    /// that scrapes are likely to request.
    pub(crate) fn split(rendering: LabelRendering<'_>) -> Self {
        RenderedLabels {
            is_split: true,
            renderings: vec![Arc::new(OwnedRendering::of(rendering))],
            ..RenderedLabels::default()
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.halves.len()
    }

    pub(crate) fn reserve_exact(&mut self, additional: usize) {
        self.halves.reserve_exact(additional);
        let chunks = (self.len() + additional).div_ceil(CHUNK_SIZE);
        self.chunks.reserve_exact(chunks - self.chunks.len());
    }

    /// Adds a position without labels.
    pub(crate) fn push(&mut self) {
        if self.len() == CHUNK_SIZE * self.chunks.len() {
            let rendering = self.complete_last();
            self.chunks.push(LabelChunk::new(rendering));
        }
        self.halves.push([0; 2]);
        let (chunk, all, is_split) = self.chunk_mut(self.chunks.len() - 1);
        if !chunk.has_empty_first_halves() {
            chunk.store(all, all.len() - 1, &[], is_split);
        }
    }

    /// Frees memory that the last chunk does not use, because all its positions were set; returns
    /// the rendering for the next chunk.
    fn complete_last(&mut self) -> Arc<OwnedRendering> {
        let newest = self.renderings.last().cloned();
        let newest = newest.unwrap_or_else(|| self.intern(LabelRendering::TEXT));
        let Some(last) = self.chunks.len().checked_sub(1) else {
            return newest;
        };
        let stored = self.stored_form(last, &newest);
        let is_same_encoding = self.chunks[last].rendering.encoding == stored.encoding;
        self.change(last, |chunk, all, is_split| {
            if is_same_encoding && !Arc::ptr_eq(&chunk.rendering, &stored) {
                chunk.rebuild(all, Arc::clone(&stored), is_split);
            }
            chunk.shrink_to_fit();
        });
        stored
    }

    /// The rendering in which a chunk is stored for sinks that request `rendering`.
    fn stored_form(&self, at: usize, rendering: &Arc<OwnedRendering>) -> Arc<OwnedRendering> {
        let is_bare =
            self.is_split && bare_serves(rendering) && self.chunks[at].shares_few_first_halves();
        Arc::clone(if is_bare { &self.bare } else { rendering })
    }

    /// Sets the labels of a series, given as text.
    pub(crate) fn set(&mut self, position: usize, text: &str) {
        self.change(position / CHUNK_SIZE, |chunk, all, is_split| {
            let mut labels = Vec::new();
            chunk.rendering.encoding.encode(text, &mut labels);
            chunk.reserve(all, labels.len(), is_split);
            chunk.set(all, position % CHUNK_SIZE, &labels, is_split);
        });
    }

    /// Removes the labels of a series.
    pub(crate) fn clear(&mut self, position: usize) {
        self.set(position, "");
    }

    /// The labels of a series as text; `None` if there is no such position. The text is in
    /// `scratch` unless the labels are stored as one piece of text.
    pub(crate) fn get<'r>(&'r self, position: usize, scratch: &'r mut String) -> Option<&'r str> {
        let indices = *self.halves.get(position)?;
        let chunk = &self.chunks[position / CHUNK_SIZE];
        Some(chunk.rendering.encoding.decode(chunk.get(indices), scratch))
    }

    /// The labels of a range of series in one chunk. `requested` is the rendering that was
    /// [requested](Self::request) for them, if one was.
    pub(crate) fn batch(
        &self,
        positions: Range<usize>,
        requested: Option<&Arc<OwnedRendering>>,
    ) -> LabelBatch<'_> {
        debug_assert!(
            positions.is_empty()
                || positions.start / CHUNK_SIZE == (positions.end - 1) / CHUNK_SIZE
        );
        let chunk = self.chunks.get(positions.start / CHUNK_SIZE);
        let form = match chunk.zip(requested) {
            Some((chunk, requested)) if Arc::ptr_eq(&chunk.rendering, requested) => Form::Requested,
            Some((chunk, requested))
                if Arc::ptr_eq(&chunk.rendering, &self.bare) && bare_serves(requested) =>
            {
                Form::BareText
            }
            _ => Form::Other,
        };
        LabelBatch {
            chunk,
            halves: &self.halves[positions],
            form,
        }
    }

    /// Requests a rendering for a range of series in one chunk. The chunk changes to it at the
    /// second request in a row, because one request alone may not be repeated.
    pub(crate) fn request(&mut self, positions: Range<usize>, rendering: &Arc<OwnedRendering>) {
        // A chunk may be read in several ranges; only the first range counts as a request.
        if positions.start >= self.len() || !positions.start.is_multiple_of(CHUNK_SIZE) {
            return;
        }
        let at = positions.start / CHUNK_SIZE;
        let stored = self.stored_form(at, rendering);
        let chunk = &mut self.chunks[at];
        if !Arc::ptr_eq(&chunk.requested, rendering) {
            chunk.requested = Arc::clone(rendering);
        } else if !Arc::ptr_eq(&chunk.rendering, &stored) {
            self.change(at, |chunk, all, is_split| {
                chunk.rebuild(all, stored, is_split);
            });
        }
    }

    /// The shared form of a rendering: the same `Arc` for equal renderings, unless
    /// [`MAX_RENDERINGS`] other ones were new in between.
    pub(crate) fn intern(&mut self, rendering: LabelRendering<'_>) -> Arc<OwnedRendering> {
        let mut known = self.renderings.iter();
        if let Some(known) = known.find(|known| known.as_rendering() == rendering) {
            return Arc::clone(known);
        }
        if self.renderings.len() == MAX_RENDERINGS {
            self.renderings.remove(0);
        }
        let rendering = Arc::new(OwnedRendering::of(rendering));
        self.renderings.push(Arc::clone(&rendering));
        rendering
    }

    /// A chunk, the halves of its series, and whether labels are split.
    fn chunk_mut(&mut self, at: usize) -> (&mut LabelChunk, &mut [[u8; 2]], bool) {
        let first = at * CHUNK_SIZE;
        let end = self.halves.len().min(first + CHUNK_SIZE);
        (
            &mut self.chunks[at],
            &mut self.halves[first..end],
            self.is_split,
        )
    }

    /// Changes a chunk and updates the sizes.
    fn change(&mut self, at: usize, change: impl FnOnce(&mut LabelChunk, &mut [[u8; 2]], bool)) {
        let (chunk, all, is_split) = self.chunk_mut(at);
        let (old_encoding, old) = (chunk.rendering.encoding, chunk.sizes);
        change(chunk, all, is_split);
        let (new_encoding, new) = (chunk.rendering.encoding, chunk.sizes);
        let sizes = &mut self.sizes[old_encoding as usize];
        sizes.bytes -= old.bytes;
        sizes.count -= old.count;
        let sizes = &mut self.sizes[new_encoding as usize];
        sizes.bytes += new.bytes;
        sizes.count += new.count;
        sizes.longest = sizes.longest.max(new.longest);
    }

    /// Upper bounds of the length in protobuf of all labels together, and of the longest label set.
    ///
    /// Each series has at most `labels` labels.
    pub(crate) fn max_protobuf_len(&self, labels: usize) -> (usize, usize) {
        let text = self.sizes[LabelEncoding::Text as usize];
        let protobuf = self.sizes[LabelEncoding::Protobuf as usize];
        let all = max_protobuf_len(text.bytes, text.count, labels) + protobuf.bytes;
        let longest = match text.count {
            0 => protobuf.longest,
            _ => max_protobuf_len(text.longest, 1, labels).max(protobuf.longest),
        };
        (all, longest)
    }
}

/// Whether a sink that requests `rendering` can use [`Form::BareText`].
fn bare_serves(rendering: &OwnedRendering) -> bool {
    let LabelRendering {
        encoding, prefix, ..
    } = rendering.as_rendering();
    encoding == LabelEncoding::Text && prefix.len() < READ_AHEAD
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::sample::{label_batch::HalfTable, label_text};

    #[test]
    fn memory_is_reused_when_labels_are_replaced() {
        for is_split in [false, true] {
            let mut labels = RenderedLabels {
                is_split,
                ..RenderedLabels::default()
            };
            (0..300).for_each(|_| labels.push());
            for round in 0..10_000_usize {
                let text = format!("a=\"{}\",b=\"{round}\"", "x".repeat(round % 50));
                labels.set(round % 300, &text);
            }
            let chunks = labels.chunks.iter();
            let capacity: usize = chunks.map(|chunk| chunk.bytes.capacity()).sum();
            let most = 300 * 64 * 3 / 2 + 2 * READ_AHEAD;
            assert!(capacity < most, "{capacity}");
        }
    }

    #[test]
    fn neighbours_share_equal_halves() {
        let mut labels = RenderedLabels::split(LabelRendering::TEXT);
        for position in 0..256 {
            labels.push();
            let text = format!("of=\"{}\",as=\"{}\"", position / 16, position % 16);
            labels.set(position, &text);
        }
        let [chunk] = &labels.chunks[..] else {
            panic!("256 series are in one chunk");
        };
        // 16 different halves of label sets, and the empty half.
        assert_eq!(chunk.halves.each_ref().map(Vec::len), [17, 17]);
    }

    #[test]
    fn all_labels_of_a_chunk_may_differ() {
        let mut labels = RenderedLabels::split(LabelRendering::TEXT);
        let text = |position: usize, round| format!("of=\"{position}\",as=\"{round}\"");
        (0..256).for_each(|_| labels.push());
        for round in 0..5 {
            for position in 0..256 {
                labels.set(position, &text(position, round));
            }
            for position in 0..256 {
                let mut scratch = String::new();
                let expected = text(position, round);
                assert_eq!(labels.get(position, &mut scratch), Some(expected.as_str()));
            }
        }
    }

    #[derive(Clone, Debug)]
    enum Step {
        Set(usize, String),
        Clear(usize),
        /// Requests a rendering for the chunk of a series.
        Request(usize, LabelRendering<'static>),
    }

    const RENDERINGS: [LabelRendering<'_>; 4] = [
        LabelRendering::TEXT,
        LabelRendering {
            encoding: LabelEncoding::Text,
            prefix: b"name{",
            suffix: b"} ",
        },
        LabelRendering {
            encoding: LabelEncoding::Text,
            prefix: b"other{",
            suffix: b"} ",
        },
        LabelRendering {
            encoding: LabelEncoding::Protobuf,
            prefix: b"",
            suffix: b"\x01\x02",
        },
    ];

    fn step() -> impl Strategy<Value = Step> {
        let position = 0..600_usize;
        prop_oneof![
            8 => (position.clone(), ".{1,40}", "[\\\\\"x]{0,3}").prop_map(|(position, a, b)| {
                let mut text = String::new();
                label_text::push_pairs(&mut text, &[("first", a), ("second", b)]);
                Step::Set(position, text)
            }),
            1 => position.clone().prop_map(Step::Clear),
            1 => (position, 0..RENDERINGS.len()).prop_map(|(position, rendering)| {
                Step::Request(position, RENDERINGS[rendering])
            }),
        ]
    }

    fn protobuf(text: &str) -> Vec<u8> {
        let mut fields = Vec::new();
        LabelEncoding::Protobuf.encode(text, &mut fields);
        fields
    }

    proptest! {
        #[test]
        fn labels_are_those_that_were_set_last_in_any_rendering(
            steps in prop::collection::vec(step(), 0..2000),
            is_split: bool,
        ) {
            let (mut labels, mut model) = (RenderedLabels::default(), Vec::new());
            labels.is_split = is_split;
            let mut table = HalfTable::new();
            for step in steps {
                let (Step::Set(position, _) | Step::Clear(position) | Step::Request(position, _)) =
                    step;
                while labels.len() <= position {
                    labels.push();
                    model.push(String::new());
                }
                match step {
                    Step::Set(_, text) => {
                        labels.set(position, &text);
                        model[position] = text;
                    }
                    Step::Clear(_) => {
                        labels.clear(position);
                        model[position].clear();
                    }
                    Step::Request(_, rendering) => {
                        let first = position - position % CHUNK_SIZE;
                        let chunk = first..position + 1;
                        let requested = labels.intern(rendering);
                        labels.request(chunk.clone(), &requested);
                        labels.request(chunk.clone(), &requested);
                        let batch = labels.batch(chunk.clone(), Some(&requested));
                        prop_assert_ne!(batch.form, Form::Other);
                        let expected = match rendering.encoding {
                            LabelEncoding::Text => model[position].clone().into_bytes(),
                            LabelEncoding::Protobuf => protobuf(&model[position]),
                        };
                        prop_assert_eq!(batch.encoding(), rendering.encoding);
                        let last = batch.get(position - first);
                        prop_assert_eq!(last.concat(), &expected[..]);
                        let short = batch.short_halves(&mut table);
                        let [first_half, second_half] = batch.halves[position - first];
                        let short = short.first(first_half).zip(short.second(second_half));
                        let bytes =
                            |(bytes, len): (&[u8; READ_AHEAD], u8)| bytes[..len.into()].to_vec();
                        let whole = short.map(|(first, second)| [bytes(first), bytes(second)].concat());
                        let rendered = match batch.form {
                            Form::Requested => {
                                [rendering.prefix, &expected, rendering.suffix].concat()
                            }
                            _ => expected.clone(),
                        };
                        // `None` only for empty labels: the generated ones are short enough to be
                        // stored whole.
                        let is_there = !expected.is_empty();
                        prop_assert_eq!(whole, is_there.then_some(rendered));
                        let other = RENDERINGS[usize::from(rendering == LabelRendering::TEXT)];
                        let other = labels.intern(other);
                        labels.request(chunk.clone(), &other);
                        let batch = labels.batch(chunk, Some(&other));
                        let is_bare = batch.encoding() == LabelEncoding::Text && is_split;
                        prop_assert!(batch.form == Form::Other || is_bare);
                        let (mut scratch, last) = (String::new(), batch.get(position - first));
                        prop_assert_eq!(batch.text(last, &mut scratch), &model[position]);
                    }
                }
            }
            let mut scratch = String::new();
            for (position, text) in model.iter().enumerate() {
                prop_assert_eq!(labels.get(position, &mut scratch), Some(text.as_str()));
            }
            let (bound, longest_bound) = labels.max_protobuf_len(2);
            let longest = model.iter().map(|text| protobuf(text).len()).max();
            prop_assert!(longest_bound >= longest.unwrap_or(0));
            let all: usize = model.iter().map(|text| protobuf(text).len()).sum();
            // The bound allows for labels and for long length fields that may not be there.
            let most = all + all / 32 + 3 * model.len();
            prop_assert!((all..=most).contains(&bound), "{bound} of {all}");
        }
    }
}
