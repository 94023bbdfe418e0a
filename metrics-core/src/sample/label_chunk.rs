//! Rendered labels of neighbouring series, in the encoding of the format requested last.

use std::{ops::Range, sync::Arc};

use super::label_encoding::{LabelEncoding, LabelRendering};

/// Series of which what they have in common stands there once. A power of two, so that those of a
/// region stand together, and no more than a byte tells apart.
pub(crate) const CHUNK_SIZE: usize = 256;

/// So many bytes of memory stand there from the beginning of any half on, however short it is:
/// what is copied in whole pieces need not look where it ends.
pub(crate) const READ_AHEAD: usize = 256;

/// What texts that are not empty come to, without what stands before and after them, how many
/// they are, and how long the longest is.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct LabelSizes {
    pub(crate) bytes: usize,
    pub(crate) texts: usize,
    pub(crate) longest: usize,
}

/// The same in memory of its own, which texts share that are kept so.
#[derive(Debug, Default)]
pub(crate) struct OwnedRendering {
    pub(crate) form: LabelEncoding,
    before: Vec<u8>,
    after: &'static [u8],
}

/// Texts that stand together.
#[derive(Debug)]
pub(crate) struct LabelChunk {
    pub(crate) kept: Arc<OwnedRendering>,
    /// What was asked for last.
    pub(crate) wanted: Arc<OwnedRendering>,
    /// Halves in any order, and [`READ_AHEAD`] after the last one.
    pub(crate) bytes: Vec<u8>,
    /// First and second halves, no two the same: each text's, and some that are none's any more.
    pub(crate) halves: [Vec<HalfSpan>; 2],
    /// The tag of each.
    tags: [Vec<u8>; 2],
    /// How many texts had to leave since these are there.
    replaced: usize,
    /// What all texts come to.
    pub(crate) sizes: LabelSizes,
}

/// Where half a text stands in its chunk: what is before it in an exposition belongs to the first
/// one, and what is after it to the second.
///
/// In one word, which is one load: how long it is, and below that where it begins, of which the
/// upper bit is set where it is [not short](HalfSpan::new).
#[derive(Clone, Copy, Debug)]
pub(crate) struct HalfSpan(u64);

/// What the labels of some series, no more than so many of each, that take so many bytes of text
/// come to as pairs, at the most.
///
/// In text a label takes four bytes beside name and value, the first one three, and as a pair six,
/// and one or two more for each 128 that it is long.
pub(crate) fn max_protobuf_len(text: usize, series: usize, labels: usize) -> usize {
    text + text / 64 + series * (2 * labels + 1)
}

impl OwnedRendering {
    pub(crate) fn of(written: LabelRendering<'_>) -> Self {
        OwnedRendering {
            form: written.form,
            before: written.before.into(),
            after: written.after,
        }
    }

    #[inline(always)]
    pub(crate) fn as_written(&self) -> LabelRendering<'_> {
        LabelRendering {
            form: self.form,
            before: &self.before,
            after: self.after,
        }
    }

    /// How long what stands before and after a text is.
    fn around(&self) -> usize {
        self.before.len() + self.after.len()
    }
}

impl LabelChunk {
    pub(crate) fn new(kept: Arc<OwnedRendering>) -> Self {
        LabelChunk {
            wanted: Arc::clone(&kept),
            kept,
            bytes: vec![0; READ_AHEAD],
            // What a text is before it is set.
            halves: [0, 1].map(|which| vec![HalfSpan::new(which, 0, 0)]),
            tags: [(); 2].map(|()| vec![tag(&[])]),
            replaced: 0,
            sizes: LabelSizes::default(),
        }
    }

    /// Both halves of a text, without what stands before and after it.
    #[inline(always)]
    pub(crate) fn get(&self, halves: [u8; 2]) -> [&[u8]; 2] {
        let [first, second] = std::array::from_fn(|which| {
            let half = self.halves[which].get(usize::from(halves[which]));
            half.and_then(|half| self.bytes.get(half.range()))
                .unwrap_or_default()
        });
        let end = second.len().saturating_sub(self.kept.after.len());
        [
            first.get(self.kept.before.len()..).unwrap_or_default(),
            &second[..end],
        ]
    }

    /// Whether index 0 stands for an empty half, as it does in a new chunk.
    pub(crate) fn has_empty_first_halves(&self) -> bool {
        let mut firsts = self.halves.iter().map(|halves| halves[0]);
        firsts.all(|half| half.range().is_empty())
    }

    /// Makes room for a text: by leaving out what is not used any more, if that may be much, or by
    /// growing a little.
    pub(crate) fn make_room(&mut self, all: &mut [[u8; 2]], text: usize, is_split: bool) {
        let least = self.bytes.len() + self.kept.around() + text;
        if self.bytes.capacity() >= least {
            return;
        }
        if self.replaced > self.sizes.texts / 8 {
            self.rebuild(all, Arc::clone(&self.kept), is_split);
        }
        let least = self.bytes.len() + self.kept.around() + text;
        // An eighth is as much as is left unused.
        let more = least + least / 8 - self.bytes.len();
        self.bytes.reserve_exact(more);
    }

    /// Sets one of its texts.
    pub(crate) fn set(&mut self, all: &mut [[u8; 2]], at: usize, text: &[u8], is_split: bool) {
        let old_len: usize = self.get(all[at]).iter().map(|half| half.len()).sum();
        self.replaced += usize::from(old_len > 0);
        self.sizes.texts -= usize::from(old_len > 0);
        self.sizes.bytes -= old_len;
        self.sizes.texts += usize::from(!text.is_empty());
        self.sizes.bytes += text.len();
        self.sizes.longest = self.sizes.longest.max(text.len());
        self.put(all, at, text, is_split);
    }

    /// Puts one of its texts there, whatever there was.
    pub(crate) fn put(&mut self, all: &mut [[u8; 2]], at: usize, text: &[u8], is_split: bool) {
        let kept = Arc::clone(&self.kept);
        let middle = if is_split {
            kept.form.last_label(text)
        } else {
            0
        };
        let (first, second) = text.split_at(middle);
        let (before, after) = if text.is_empty() {
            (&[][..], &[][..])
        } else {
            (&kept.before[..], kept.after)
        };
        all[at][0] = self.find_or_add(0, [before, first], all, at);
        all[at][1] = self.find_or_add(1, [second, after], all, at);
    }

    /// Finds the half that has these parts for this text or adds it, in the place of one that no
    /// other text has where there are too many.
    fn find_or_add(&mut self, which: usize, parts: [&[u8]; 2], all: &[[u8; 2]], text: usize) -> u8 {
        let (halves, tags) = (&mut self.halves[which], &mut self.tags[which]);
        // Which the others have in common.
        let tag = tag(parts[which ^ 1]);
        let len = parts[0].len() + parts[1].len();
        let is_it = |half: HalfSpan| {
            let bytes = &self.bytes[half.range()];
            bytes.len() == len && bytes.starts_with(parts[0]) && bytes.ends_with(parts[1])
        };
        // What was added last is the most likely.
        let mut left = &tags[..];
        while let Some(at) = left.iter().rposition(|known| *known == tag) {
            if is_it(halves[at]) {
                return at as u8;
            }
            left = &left[..at];
        }
        let at = if halves.len() < CHUNK_SIZE {
            halves.push(HalfSpan::new(which, 0, 0));
            tags.push(tag);
            halves.len() - 1
        } else {
            let others = all.iter().enumerate().filter(|(at, _)| *at != text);
            unused(others.map(|(_, other)| other[which]))
        };
        let old = halves[at].range();
        let start = if old.len() < len {
            let end = self.bytes.len();
            self.bytes.resize(end + len, 0);
            end - READ_AHEAD
        } else {
            old.start
        };
        halves[at] = HalfSpan::new(which, start, len);
        tags[at] = tag;
        let (first, second) = self.bytes[start..start + len].split_at_mut(parts[0].len());
        first.copy_from_slice(parts[0]);
        second.copy_from_slice(parts[1]);
        at as u8
    }

    /// Writes all texts once more, like this, and only what is used.
    #[cold]
    pub(crate) fn rebuild(
        &mut self,
        all: &mut [[u8; 2]],
        kept: Arc<OwnedRendering>,
        is_split: bool,
    ) {
        let (form, mut read) = (kept.form, String::new());
        let mut new = LabelChunk::new(kept);
        new.wanted = Arc::clone(&self.wanted);
        let old = all.to_vec();
        all.fill([0; 2]);
        for (at, halves) in old.iter().enumerate() {
            let old = self.get(*halves);
            let text = if self.kept.form == form {
                old.concat()
            } else {
                let mut text = Vec::new();
                form.write(self.kept.form.read(old, &mut read), &mut text);
                text
            };
            new.set(all, at, &text, is_split);
        }
        new.bytes.shrink_to_fit();
        new.halves.iter_mut().for_each(Vec::shrink_to_fit);
        new.tags.iter_mut().for_each(Vec::shrink_to_fit);
        *self = new;
    }
}

/// What none of these is, which are fewer than [`CHUNK_SIZE`].
pub(crate) fn unused(used: impl Iterator<Item = u8>) -> usize {
    let mut is_used = [false; CHUNK_SIZE];
    used.for_each(|at| is_used[usize::from(at)] = true);
    is_used.iter().position(|is_used| !is_used).unwrap_or(0)
}

/// Something that is the same for the same text, and seldom for another.
fn tag(text: &[u8]) -> u8 {
    let words = text.chunks(8).map(|bytes| {
        let mut word = [0; 8];
        word[..bytes.len()].copy_from_slice(bytes);
        u64::from_le_bytes(word)
    });
    let mix = |tag: u64, word: u64| {
        (tag ^ word)
            .wrapping_mul(0x9e37_79b9_7f4a_7c15)
            .rotate_left(32)
    };
    words.fold(text.len() as u64, mix) as u8
}

impl HalfSpan {
    const NOT_SHORT: u64 = 1 << 31;

    /// A first or a second one. It is short if it is shorter than [`READ_AHEAD`], and a second one not
    /// empty, which is that of no labels at all.
    fn new(which: usize, start: usize, len: usize) -> Self {
        let is_short = (which..READ_AHEAD).contains(&len);
        let mark = if is_short { 0 } else { HalfSpan::NOT_SHORT };
        HalfSpan((len as u64) << 32 | mark | start as u64)
    }

    fn range(self) -> Range<usize> {
        let start = (self.0 & (HalfSpan::NOT_SHORT - 1)) as usize;
        start..start + (self.0 >> 32) as usize
    }
}

/// Texts that stand together, in the order of their series.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LabelBatch<'a> {
    /// None where there are no texts.
    pub(crate) chunk: Option<&'a LabelChunk>,
    /// Which halves each is.
    pub(crate) texts: &'a [[u8; 2]],
    /// Whether they are kept as they are wanted.
    pub(crate) is_as_requested: bool,
}

impl<'a> LabelBatch<'a> {
    /// In which form they are.
    pub(crate) fn form(self) -> LabelEncoding {
        self.chunk
            .map_or(LabelEncoding::Text, |chunk| chunk.kept.form)
    }

    /// Whether they are kept as they are wanted, with what stands before and after them.
    pub(crate) fn is_as_requested(self) -> bool {
        self.is_as_requested
    }

    /// Which halves each is.
    #[inline(always)]
    pub(crate) fn texts(self) -> &'a [[u8; 2]] {
        self.texts
    }

    /// The halves that are short.
    pub(crate) fn short_halves<'t>(self, table: &'t mut HalfTable) -> ShortHalves<'t>
    where
        'a: 't,
    {
        let Some(LabelChunk { bytes, halves, .. }) = self.chunk else {
            return ShortHalves { bytes: &[], table };
        };
        for (table, halves) in table.0.chunks_exact_mut(CHUNK_SIZE).zip(halves) {
            let used = table.len().min(halves.len());
            table[..used].copy_from_slice(&halves[..used]);
        }
        ShortHalves { bytes, table }
    }

    /// Both halves of each; the first ones are empty where texts are whole.
    #[inline(always)]
    pub(crate) fn iter(self) -> impl Iterator<Item = [&'a [u8]; 2]> + use<'a> {
        self.texts.iter().map(move |halves| self.both(*halves))
    }

    /// Both halves of one of them; empty ones where there are not so many.
    pub(crate) fn get(self, at: usize) -> [&'a [u8]; 2] {
        let halves = self.texts.get(at);
        halves.map_or_else(Default::default, |halves| self.both(*halves))
    }

    #[inline(always)]
    fn both(self, halves: [u8; 2]) -> [&'a [u8]; 2] {
        self.chunk
            .map(|chunk| chunk.get(halves))
            .unwrap_or_default()
    }

    /// Those after so many.
    pub(crate) fn after(self, some: usize) -> Self {
        LabelBatch {
            texts: self.texts.get(some..).unwrap_or_default(),
            ..self
        }
    }

    /// What they come to, at the most.
    pub(crate) fn most_bytes(self) -> usize {
        self.chunk.map_or(0, |chunk| chunk.sizes.bytes)
    }

    /// The text that has these halves, which is made in `read` where it does not stand there as it
    /// is.
    pub(crate) fn text<'r>(self, halves: [&'r [u8]; 2], read: &'r mut String) -> &'r str {
        self.form().read(halves, read)
    }
}

/// Where first and second halves stand, for any of the bytes that tell them apart: little is left
/// to check then.
#[derive(Debug)]
pub(crate) struct HalfTable([HalfSpan; 2 * CHUNK_SIZE]);

impl HalfTable {
    pub(crate) fn new() -> Self {
        HalfTable([HalfSpan::new(1, 0, 0); 2 * CHUNK_SIZE])
    }
}

/// The halves of texts that stand together.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ShortHalves<'a> {
    bytes: &'a [u8],
    table: &'a HalfTable,
}

impl<'a> ShortHalves<'a> {
    /// A first half with what stands before it, if it is shorter than [`READ_AHEAD`]: so many bytes of
    /// memory from its beginning on, and how long it is.
    #[inline(always)]
    pub(crate) fn first(self, first: u8) -> Option<(&'a [u8; READ_AHEAD], u8)> {
        self.get(self.table.0[usize::from(first)])
    }

    /// The same of a second half with what stands after it, if there are labels.
    #[inline(always)]
    pub(crate) fn second(self, second: u8) -> Option<(&'a [u8; READ_AHEAD], u8)> {
        self.get(self.table.0[CHUNK_SIZE + usize::from(second)])
    }

    #[inline(always)]
    fn get(self, HalfSpan(half): HalfSpan) -> Option<(&'a [u8; READ_AHEAD], u8)> {
        let start = half as u32 as usize;
        let bytes = self.bytes.get(start..start + READ_AHEAD)?.first_chunk()?;
        Some((bytes, (half >> 32) as u8))
    }
}
