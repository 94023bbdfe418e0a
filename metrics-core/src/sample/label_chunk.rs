//! [`LabelChunk`]: stores the encoded labels of up to [`CHUNK_SIZE`] neighbouring series in one
//! piece of memory.
//!
//! Labels are stored in a *rendering*: an encoding, and the bytes that precede and follow the
//! labels in the output, so that a format copies labels and these bytes at once. A `LabelChunk`
//! changes to a rendering that is requested twice in a row, because a scraper usually requests the
//! same format every time.
//!
//! Each label set is stored as two *halves*, and equal halves are stored once. If labels are split,
//! the second half is usually the last label, because neighbouring series often differ in that
//! label only. Otherwise the first half is empty.

use std::{ops::Range, sync::Arc};

use super::label_encoding::{LabelEncoding, LabelRendering};

/// The number of series whose labels are stored in one [`LabelChunk`]. It is a power of two, so
/// that a region of storage does not cross chunks, and so small that one byte is enough for the
/// index of a half.
pub(crate) const CHUNK_SIZE: usize = 256;

/// Bytes that can be read from the beginning of any stored half of a label set, however short the
/// half is, so that encoders copy in pieces of fixed size.
pub(crate) const READ_AHEAD: usize = 256;

/// The rendered labels of neighbouring series, each split into two halves; equal halves are stored
/// once.
#[derive(Debug)]
pub(crate) struct LabelChunk {
    pub(crate) rendering: Arc<OwnedRendering>,
    /// The rendering that was requested last. The labels change to it at the second request in a
    /// row.
    pub(crate) requested: Arc<OwnedRendering>,
    /// The bytes of the halves, in any order, and [`READ_AHEAD`] bytes after the last one.
    pub(crate) bytes: Vec<u8>,
    /// The distinct first and second halves of label sets; some may not be in use any more.
    pub(crate) halves: [Vec<HalfSpan>; 2],
    /// The ranges of halves that a [`HalfSpan`] has no room for.
    long: Vec<Range<usize>>,
    /// A [`fingerprint`] of each half.
    fingerprints: [Vec<u8>; 2],
    /// The number of label sets replaced since the last rebuild; the bytes of some may be unused.
    replaced: usize,
    pub(crate) sizes: LabelSizes,
}

/// A [`LabelRendering`] in memory of its own, shared by the chunks that use it.
#[derive(Debug, Default)]
pub(crate) struct OwnedRendering {
    pub(crate) encoding: LabelEncoding,
    prefix: Vec<u8>,
    suffix: &'static [u8],
}

/// The number and lengths of the label sets that are not empty, without prefix and suffix.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct LabelSizes {
    pub(crate) count: usize,
    pub(crate) bytes: usize,
    /// The length of the longest set, which may have been removed since.
    pub(crate) longest: usize,
}

impl OwnedRendering {
    pub(crate) fn of(rendering: LabelRendering<'_>) -> Self {
        OwnedRendering {
            encoding: rendering.encoding,
            prefix: rendering.prefix.into(),
            suffix: rendering.suffix,
        }
    }

    #[inline(always)]
    pub(crate) fn as_rendering(&self) -> LabelRendering<'_> {
        LabelRendering {
            encoding: self.encoding,
            prefix: &self.prefix,
            suffix: self.suffix,
        }
    }
}

impl LabelChunk {
    pub(crate) fn new(rendering: Arc<OwnedRendering>) -> Self {
        LabelChunk {
            requested: Arc::clone(&rendering),
            rendering,
            bytes: vec![0; READ_AHEAD],
            // An empty half at index 0, to which series without labels refer.
            halves: [HalfSpan::EMPTY_FIRST, HalfSpan::EMPTY_SECOND].map(|half| vec![half]),
            long: Vec::new(),
            fingerprints: [(); 2].map(|()| vec![fingerprint(&[])]),
            replaced: 0,
            sizes: LabelSizes::default(),
        }
    }

    /// The two halves of the label set with these indices, without prefix and suffix.
    #[inline(always)]
    pub(crate) fn get(&self, indices: [u8; 2]) -> [&[u8]; 2] {
        let [first, second] = std::array::from_fn(|which| {
            let half = self.halves[which].get(usize::from(indices[which]));
            half.and_then(|half| self.bytes.get(self.range(*half)))
                .unwrap_or_default()
        });
        let end = second.len().saturating_sub(self.rendering.suffix.len());
        [
            first.get(self.rendering.prefix.len()..).unwrap_or_default(),
            &second[..end],
        ]
    }

    /// Whether the halves at index 0, which a new position refers to, are still empty.
    pub(crate) fn has_empty_first_halves(&self) -> bool {
        let mut firsts = self.halves.iter().map(|halves| halves[0]);
        firsts.all(|half| self.range(half).is_empty())
    }

    /// Whether so few label sets have the same first half that the bytes before the labels are
    /// most of what is stored with a first half.
    pub(crate) fn shares_few_first_halves(&self) -> bool {
        self.halves[0].len() > CHUNK_SIZE / 4
    }

    /// Frees memory that is not in use.
    pub(crate) fn shrink_to_fit(&mut self) {
        self.bytes.shrink_to_fit();
        self.long.shrink_to_fit();
        self.halves.iter_mut().for_each(Vec::shrink_to_fit);
        self.fingerprints.iter_mut().for_each(Vec::shrink_to_fit);
    }

    fn range(&self, half: HalfSpan) -> Range<usize> {
        match half.long_index() {
            None => {
                let (start, len) = half.start_and_short_len();
                start..start + usize::from(len)
            }
            // `EMPTY_SECOND` is not among the long halves.
            Some(index) => self.long.get(index).cloned().unwrap_or_default(),
        }
    }

    /// Makes room for labels of `len` bytes. If the memory does not suffice, rebuilds the chunk if
    /// many bytes may be unused, then reserves an eighth more than needed.
    ///
    /// `all` are the indices of the halves of each series in the chunk.
    pub(crate) fn reserve(&mut self, all: &mut [[u8; 2]], len: usize, is_split: bool) {
        let added = self.rendering.prefix.len() + len + self.rendering.suffix.len();
        if self.bytes.capacity() >= self.bytes.len() + added {
            return;
        }
        if self.replaced > self.sizes.count / 8 {
            self.rebuild(all, Arc::clone(&self.rendering), is_split);
        }
        let needed = self.bytes.len() + added;
        self.bytes
            .reserve_exact(needed + needed / 8 - self.bytes.len());
    }

    /// Sets the labels of the series at `at`; `labels` are in the chunk's encoding already.
    pub(crate) fn set(&mut self, all: &mut [[u8; 2]], at: usize, labels: &[u8], is_split: bool) {
        let old_len: usize = self.get(all[at]).iter().map(|half| half.len()).sum();
        self.replaced += usize::from(old_len > 0);
        self.sizes.count -= usize::from(old_len > 0);
        self.sizes.bytes -= old_len;
        self.sizes.count += usize::from(!labels.is_empty());
        self.sizes.bytes += labels.len();
        self.sizes.longest = self.sizes.longest.max(labels.len());
        self.store(all, at, labels, is_split);
    }

    /// Stores the labels of the series at `at` without a change to the sizes.
    pub(crate) fn store(&mut self, all: &mut [[u8; 2]], at: usize, labels: &[u8], is_split: bool) {
        let rendering = Arc::clone(&self.rendering);
        let middle = if is_split {
            rendering.encoding.last_label_start(labels)
        } else {
            0
        };
        let (first, second) = labels.split_at(middle);
        let (prefix, suffix) = if labels.is_empty() {
            (&[][..], &[][..])
        } else {
            (&rendering.prefix[..], rendering.suffix)
        };
        all[at][0] = self.find_or_add(0, [prefix, first], all, at);
        all[at][1] = self.find_or_add(1, [second, suffix], all, at);
    }

    /// Returns the index of the half (of a label set) that consists of these parts; adds the half
    /// if it is missing. If there are [`CHUNK_SIZE`] halves already, the new half replaces one that
    /// no other series uses.
    fn find_or_add(&mut self, which: usize, parts: [&[u8]; 2], all: &[[u8; 2]], at: usize) -> u8 {
        let (halves, fingerprints) = (&self.halves[which], &self.fingerprints[which]);
        // The fingerprint is of the labels only, because prefix and suffix do not tell halves
        // apart.
        let fingerprint = fingerprint(parts[which ^ 1]);
        let len = parts[0].len() + parts[1].len();
        let is_it = |half: HalfSpan| {
            let bytes = &self.bytes[self.range(half)];
            bytes.len() == len && bytes.starts_with(parts[0]) && bytes.ends_with(parts[1])
        };
        // Searches from the back, because the half that was added last is the most likely match.
        let mut left = &fingerprints[..];
        while let Some(index) = left.iter().rposition(|known| *known == fingerprint) {
            if is_it(halves[index]) {
                return index as u8;
            }
            left = &left[..index];
        }
        let index = if halves.len() < CHUNK_SIZE {
            self.halves[which].push(HalfSpan::EMPTY_SECOND);
            self.fingerprints[which].push(fingerprint);
            self.halves[which].len() - 1
        } else {
            let others = all.iter().enumerate().filter(|(other, _)| *other != at);
            first_unused(others.map(|(_, other)| other[which]))
        };
        let old_half = self.halves[which][index];
        let old = self.range(old_half);
        let start = if old.len() < len {
            let end = self.bytes.len();
            self.bytes.resize(end + len, 0);
            end - READ_AHEAD
        } else {
            old.start
        };
        self.halves[which][index] = self.span(old_half, which, start, len);
        self.fingerprints[which][index] = fingerprint;
        let (first, second) = self.bytes[start..start + len].split_at_mut(parts[0].len());
        first.copy_from_slice(parts[0]);
        second.copy_from_slice(parts[1]);
        index as u8
    }

    /// The span of a half, which replaces `old`.
    fn span(&mut self, old: HalfSpan, which: usize, start: usize, len: usize) -> HalfSpan {
        if let Some(span) = HalfSpan::short(which, start, len) {
            return span;
        }
        if len == 0 {
            return HalfSpan::EMPTY_SECOND;
        }
        let old = old.long_index().filter(|index| *index < self.long.len());
        let index = old.unwrap_or_else(|| {
            self.long.push(0..0);
            self.long.len() - 1
        });
        self.long[index] = start..start + len;
        HalfSpan::long(index)
    }

    /// Stores all labels again, in this rendering and without unused bytes.
    #[cold]
    pub(crate) fn rebuild(
        &mut self,
        all: &mut [[u8; 2]],
        rendering: Arc<OwnedRendering>,
        is_split: bool,
    ) {
        let (encoding, mut scratch) = (rendering.encoding, String::new());
        let mut new = LabelChunk::new(rendering);
        new.requested = Arc::clone(&self.requested);
        let old = all.to_vec();
        all.fill([0; 2]);
        for (at, indices) in old.iter().enumerate() {
            let halves = self.get(*indices);
            let labels = if self.rendering.encoding == encoding {
                halves.concat()
            } else {
                let text = self.rendering.encoding.decode(halves, &mut scratch);
                let mut labels = Vec::new();
                encoding.encode(text, &mut labels);
                labels
            };
            new.set(all, at, &labels, is_split);
        }
        new.shrink_to_fit();
        *self = new;
    }
}

/// The range of bytes in a chunk that hold one half of a label set, with the prefix of a first half
/// or the suffix of a second half.
///
/// Packed into half a word, because a chunk of labels in random order has one for each series: the
/// length of a *short* half in the lower eight bits, and its start above them. The upper bit marks
/// another half, whose range is in a list of the chunk; its index there is in the other bits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HalfSpan(u32);

impl HalfSpan {
    const NOT_SHORT: u32 = 1 << 31;

    /// An empty first half.
    pub(crate) const EMPTY_FIRST: Self = HalfSpan(0);
    /// An empty second half. It does not count as short, because the series has no labels then, and
    /// encoders leave out the braces.
    pub(crate) const EMPTY_SECOND: Self = HalfSpan(u32::MAX);

    /// The end of the bytes of a chunk in which short halves can be.
    pub(crate) const SHORT_END: usize = 1 << 23;

    /// The span of a first (`which` = 0) or second half, if it is short: shorter than
    /// [`READ_AHEAD`], and not an empty second half.
    fn short(which: usize, start: usize, len: usize) -> Option<Self> {
        let is_short = (which..READ_AHEAD).contains(&len);
        let is_short = is_short && start + READ_AHEAD <= HalfSpan::SHORT_END;
        is_short.then_some(HalfSpan((start << 8 | len) as u32))
    }

    fn long(index: usize) -> Self {
        HalfSpan(HalfSpan::NOT_SHORT | index as u32)
    }

    /// The index in the chunk's list of long halves, unless the half is short.
    fn long_index(self) -> Option<usize> {
        let index = (self.0 & !HalfSpan::NOT_SHORT) as usize;
        (self.0 & HalfSpan::NOT_SHORT != 0).then_some(index)
    }

    /// The start and the length of a short half. For another half, the start is not below
    /// [`SHORT_END`](Self::SHORT_END), and the length is not valid.
    #[inline(always)]
    pub(crate) fn start_and_short_len(self) -> (usize, u8) {
        ((self.0 >> 8) as usize, self.0 as u8)
    }
}

/// The first index that `used` does not yield. `used` must yield fewer than [`CHUNK_SIZE`] indices.
pub(crate) fn first_unused(used: impl Iterator<Item = u8>) -> usize {
    let mut is_used = [false; CHUNK_SIZE];
    used.for_each(|index| is_used[usize::from(index)] = true);
    is_used.iter().position(|is_used| !is_used).unwrap_or(0)
}

/// A hash of one byte, which tells most different halves of label sets apart.
fn fingerprint(half: &[u8]) -> u8 {
    let words = half.chunks(8).map(|bytes| {
        let mut word = [0; 8];
        word[..bytes.len()].copy_from_slice(bytes);
        u64::from_le_bytes(word)
    });
    let mix = |hash: u64, word: u64| {
        (hash ^ word)
            .wrapping_mul(0x9e37_79b9_7f4a_7c15)
            .rotate_left(32)
    };
    words.fold(half.len() as u64, mix) as u8
}
