//! [`LabelEncoding`]: the encodings in which the labels of series are stored, ready to be copied to
//! the output.

use super::label_text::{self, LabelView};

/// An encoding of labels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum LabelEncoding {
    /// As in the text formats: `a="1",b="2"`.
    #[default]
    Text,
    /// As in the protobuf format: the fields `label` of a `Metric`.
    Protobuf,
}

/// An encoding of labels, with the constant bytes that precede and follow them in the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LabelRendering<'a> {
    pub(crate) encoding: LabelEncoding,
    pub(crate) prefix: &'a [u8],
    pub(crate) suffix: &'static [u8],
}

impl LabelRendering<'static> {
    /// Text without prefix and suffix.
    pub(crate) const TEXT: Self = LabelRendering {
        encoding: LabelEncoding::Text,
        prefix: &[],
        suffix: &[],
    };
}

impl<'a> LabelRendering<'a> {
    /// The bytes between labels and value in a line of text.
    pub(crate) const BEFORE_VALUE: &'static [u8] = b"} ";

    /// The rendering of a line of text up to its value: `prefix`, the labels, and `} `.
    pub(crate) fn in_line(prefix: &'a [u8]) -> Self {
        LabelRendering {
            encoding: LabelEncoding::Text,
            prefix,
            suffix: LabelRendering::BEFORE_VALUE,
        }
    }
}

impl LabelEncoding {
    /// Appends labels in this encoding. `text` is as [`label_text::push_label`] writes it.
    pub(crate) fn encode(self, text: &str, out: &mut Vec<u8>) {
        match self {
            LabelEncoding::Text => out.extend_from_slice(text.as_bytes()),
            LabelEncoding::Protobuf => push_fields(out, text),
        }
    }

    /// The text of labels that are given as two halves in this encoding.
    ///
    /// The text is in `scratch` unless the second half is the text already.
    pub(crate) fn decode<'r>(self, halves: [&'r [u8]; 2], scratch: &'r mut String) -> &'r str {
        if self == LabelEncoding::Text && halves[0].is_empty() {
            return str::from_utf8(halves[1]).unwrap_or_default();
        }
        let mut whole = std::mem::take(scratch).into_bytes();
        whole.clear();
        whole.extend_from_slice(halves[0]);
        whole.extend_from_slice(halves[1]);
        match self {
            // The bytes are valid UTF-8, because `encode` was called with text.
            LabelEncoding::Text => *scratch = String::from_utf8(whole).unwrap_or_default(),
            LabelEncoding::Protobuf => decode_fields(scratch, &whole),
        }
        scratch
    }

    /// Where the last label starts.
    ///
    /// In text this is a guess, because a value may contain the separator `",`. A wrong guess does
    /// no harm: labels may be split anywhere, and this position only saves the most memory.
    pub(crate) fn last_label_start(self, labels: &[u8]) -> usize {
        match self {
            LabelEncoding::Text => {
                let ends = labels.windows(2).rposition(|bytes| bytes == b"\",");
                ends.map_or(0, |at| at + 2)
            }
            LabelEncoding::Protobuf => last_field_start(labels),
        }
    }
}

/// An upper bound of the length in protobuf of labels that take `text` bytes as text.
///
/// The labels belong to `series` series with at most `labels` labels each. Beside name and value, a
/// label takes at least four bytes as text (the first one three), and six as protobuf plus at most
/// two for each 128 bytes of its length.
pub(crate) fn max_protobuf_len(text: usize, series: usize, labels: usize) -> usize {
    text + text / 64 + series * (2 * labels + 1)
}

/// Appends labels as fields of a `Metric`: each is a tag, a length, and a `LabelPair` of name and
/// value.
fn push_fields(out: &mut Vec<u8>, labels: &str) {
    for (name, value) in LabelView::new(labels).iter() {
        let len = field_len(name.len()) + field_len(value.len());
        push_len(out, LABEL, len);
        push_len(out, NAME, name.len());
        out.extend_from_slice(name.as_bytes());
        push_len(out, VALUE, value.len());
        out.extend_from_slice(value.as_bytes());
    }
}

/// The length of a field with a content of `len` bytes.
fn field_len(len: usize) -> usize {
    1 + (1 | len).ilog2() as usize / 7 + 1 + len
}

fn push_len(out: &mut Vec<u8>, tag: u8, mut len: usize) {
    out.push(tag);
    while len >= 0x80 {
        out.push(len as u8 | 0x80);
        len >>= 7;
    }
    out.push(len as u8);
}

/// Sets `out` to the text of labels that are given as fields of a `Metric`.
fn decode_fields(out: &mut String, mut fields: &[u8]) {
    out.clear();
    while let Some((pair, rest)) = field(fields) {
        let name_and_value = field(pair).and_then(|(name, rest)| {
            let (value, _) = field(rest)?;
            Some((str::from_utf8(name).ok()?, str::from_utf8(value).ok()?))
        });
        if let Some((name, value)) = name_and_value {
            label_text::push_label(out, name, value);
        }
        fields = rest;
    }
}

fn last_field_start(fields: &[u8]) -> usize {
    let mut last = fields.len();
    let mut left = fields;
    while let Some((_, rest)) = field(left) {
        last = fields.len() - left.len();
        left = rest;
    }
    last
}

/// The varint at the beginning of some bytes, and the bytes after it.
fn len_and_rest(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let mut len = 0;
    for (at, byte) in bytes.iter().enumerate().take(VARINT_LEN) {
        len |= usize::from(byte & 0x7f) << (7 * at);
        if *byte < 0x80 {
            return Some((len, &bytes[at + 1..]));
        }
    }
    None
}

/// The content of the length-delimited field at the beginning of some bytes, and the bytes after
/// it.
fn field(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (len, rest) = len_and_rest(bytes.get(1..)?)?;
    rest.split_at_checked(len)
}

/// The tags of length-delimited fields: `Metric.label`, `LabelPair.name` and `LabelPair.value`.
const LABEL: u8 = 0x0a;
const NAME: u8 = 0x0a;
const VALUE: u8 = 0x12;

/// The length of the longest varint, in bytes.
const VARINT_LEN: usize = 10;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn labels_are_unchanged_after_encoding_and_decoding(
            labels in prop::collection::vec(("[a-z.\"\\\\é]{1,200}", ".{1,300}"), 0..6),
        ) {
            let mut text = String::new();
            label_text::push_pairs(&mut text, &labels);
            let (mut fields, mut again) = (vec![7], String::new());
            push_fields(&mut fields, &text);
            decode_fields(&mut again, &fields[1..]);
            prop_assert_eq!(again, text);
        }
    }
}
