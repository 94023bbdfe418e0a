//! [`LabelBatch`]: the encoded labels of consecutive series, which a format copies or decodes.

use super::{
    label_chunk::{CHUNK_SIZE, HalfSpan, LabelChunk, READ_AHEAD},
    label_encoding::LabelEncoding,
};

/// The rendered labels of consecutive series, which are in one [chunk](LabelChunk).
#[derive(Clone, Copy, Debug)]
pub(crate) struct LabelBatch<'a> {
    /// `None` if there are no series.
    pub(crate) chunk: Option<&'a LabelChunk>,
    /// For each series, the indices in the chunk of the two halves into which its labels are split.
    pub(crate) halves: &'a [[u8; 2]],
    pub(crate) form: Form,
}

/// How the labels of a batch are stored, compared with the rendering that the sink has requested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// As requested: the stored halves include prefix and suffix.
    Requested,
    /// As text without the requested prefix, which has fewer bytes than [`READ_AHEAD`], and without
    /// the suffix.
    BareText,
    /// In another rendering.
    Other,
}

impl<'a> LabelBatch<'a> {
    pub(crate) fn encoding(self) -> LabelEncoding {
        self.chunk
            .map_or(LabelEncoding::Text, |chunk| chunk.rendering.encoding)
    }

    /// Both stored halves of each series' labels, without the prefix and suffix of the chunk's
    /// rendering.
    ///
    /// First halves are empty if labels are not split.
    #[inline(always)]
    pub(crate) fn iter(self) -> impl Iterator<Item = [&'a [u8]; 2]> + use<'a> {
        self.halves
            .iter()
            .map(move |indices| self.resolve(*indices))
    }

    /// Both halves of one series' labels, as in [`iter`](Self::iter); empty past the end.
    pub(crate) fn get(self, at: usize) -> [&'a [u8]; 2] {
        let indices = self.halves.get(at);
        indices.map_or_else(Default::default, |indices| self.resolve(*indices))
    }

    #[inline(always)]
    fn resolve(self, indices: [u8; 2]) -> [&'a [u8]; 2] {
        self.chunk
            .map(|chunk| chunk.get(indices))
            .unwrap_or_default()
    }

    /// The labels without those of the first `n` series.
    pub(crate) fn skip(self, n: usize) -> Self {
        LabelBatch {
            halves: self.halves.get(n..).unwrap_or_default(),
            ..self
        }
    }

    /// An upper bound of the length of all labels together, without prefixes and suffixes.
    pub(crate) fn max_bytes(self) -> usize {
        self.chunk.map_or(0, |chunk| chunk.sizes.bytes)
    }

    /// The labels in `halves` as text. The text is in `scratch` unless the labels are stored as one
    /// piece of text.
    pub(crate) fn text<'r>(self, halves: [&'r [u8]; 2], scratch: &'r mut String) -> &'r str {
        self.encoding().decode(halves, scratch)
    }

    /// Copies the spans of the halves of label sets in the chunk to `table`, in which short halves
    /// are looked up.
    pub(crate) fn short_halves<'t>(self, table: &'t mut HalfTable) -> ShortHalves<'t>
    where
        'a: 't,
    {
        let Some(LabelChunk { bytes, halves, .. }) = self.chunk else {
            return ShortHalves { bytes: &[], table };
        };
        let bytes = &bytes[..bytes.len().min(HalfSpan::SHORT_END)];
        for (table, halves) in table.0.chunks_exact_mut(CHUNK_SIZE).zip(halves) {
            let used = table.len().min(halves.len());
            table[..used].copy_from_slice(&halves[..used]);
        }
        ShortHalves { bytes, table }
    }
}

/// The spans of a chunk's 256 first halves, then those of its 256 second halves. The table has room
/// for every `u8` index, so that a look-up needs no bounds check.
#[derive(Debug)]
pub(crate) struct HalfTable([HalfSpan; 2 * CHUNK_SIZE]);

impl HalfTable {
    pub(crate) fn new() -> Self {
        HalfTable([HalfSpan::EMPTY_SECOND; 2 * CHUNK_SIZE])
    }
}

/// Looks up halves of labels that are shorter than [`READ_AHEAD`], prefix and suffix included.
///
/// The methods return memory that begins with the half, and the length of the half; `None` for a
/// longer half.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ShortHalves<'a> {
    bytes: &'a [u8],
    table: &'a HalfTable,
}

impl<'a> ShortHalves<'a> {
    /// The bytes and the length of the first half of labels with this index, prefix included.
    #[inline(always)]
    pub(crate) fn first(self, index: u8) -> Option<(&'a [u8; READ_AHEAD], u8)> {
        self.get(self.table.0[usize::from(index)])
    }

    /// The bytes and the length of the second half of labels with this index, suffix included;
    /// `None` also for a series without labels.
    #[inline(always)]
    pub(crate) fn second(self, index: u8) -> Option<(&'a [u8; READ_AHEAD], u8)> {
        self.get(self.table.0[CHUNK_SIZE + usize::from(index)])
    }

    #[inline(always)]
    fn get(self, half: HalfSpan) -> Option<(&'a [u8; READ_AHEAD], u8)> {
        let (start, len) = half.start_and_short_len();
        let bytes = self.bytes.get(start..start + READ_AHEAD)?.first_chunk()?;
        Some((bytes, len))
    }
}
