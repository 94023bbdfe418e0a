//! The encodings in which rendered labels are kept.

use super::label_text::{self, LabelView};

/// How labels are written down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum LabelEncoding {
    /// As the text formats have them: `a="1",b="2"`.
    #[default]
    Text,
    /// As protobuf has them: fields of a `Metric`.
    Protobuf,
}

/// Labels as they stand in an exposition: what all series have before and after them is copied with
/// them then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LabelRendering<'a> {
    pub(crate) form: LabelEncoding,
    pub(crate) before: &'a [u8],
    pub(crate) after: &'static [u8],
}

impl LabelRendering<'static> {
    /// As text, and nothing else.
    pub(crate) const TEXT: Self = LabelRendering {
        form: LabelEncoding::Text,
        before: &[],
        after: &[],
    };
}

impl<'a> LabelRendering<'a> {
    /// As in a line of text: after this, and before a value.
    pub(crate) fn in_line(before: &'a [u8]) -> Self {
        LabelRendering {
            form: LabelEncoding::Text,
            before,
            after: LabelRendering::BEFORE_VALUE,
        }
    }

    /// What stands between labels and a value in text.
    pub(crate) const BEFORE_VALUE: &'static [u8] = b"} ";
}

impl LabelEncoding {
    /// Writes labels that are text in this form.
    pub(crate) fn write(self, text: &str, out: &mut Vec<u8>) {
        match self {
            LabelEncoding::Text => out.extend_from_slice(text.as_bytes()),
            LabelEncoding::Protobuf => add_fields(out, text),
        }
    }

    /// Labels in this form as text.
    pub(crate) fn read<'r>(self, halves: [&'r [u8]; 2], read: &'r mut String) -> &'r str {
        if self == LabelEncoding::Text && halves[0].is_empty() {
            return str::from_utf8(halves[1]).unwrap_or_default();
        }
        let mut whole = std::mem::take(read).into_bytes();
        whole.clear();
        whole.extend_from_slice(halves[0]);
        whole.extend_from_slice(halves[1]);
        match self {
            // What was written was text.
            LabelEncoding::Text => *read = String::from_utf8(whole).unwrap_or_default(),
            LabelEncoding::Protobuf => make_text(read, &whole),
        }
        read
    }

    /// Where the last label begins, or another place: neighbours have more in common where it is
    /// that.
    pub(crate) fn last_label(self, text: &[u8]) -> usize {
        match self {
            LabelEncoding::Text => {
                let ends = text.windows(2).rposition(|bytes| bytes == b"\",");
                ends.map_or(0, |at| at + 2)
            }
            LabelEncoding::Protobuf => last_field(text),
        }
    }
}

/// Appends the labels of a text as fields of protobuf's `Metric`: each is its field number, its
/// length, and a `LabelPair` of name and value.
fn add_fields(out: &mut Vec<u8>, labels: &str) {
    for (name, value) in LabelView::new(labels).iter() {
        let len = field_len(name.len()) + field_len(value.len());
        push_len(out, LABEL, len);
        push_len(out, NAME, name.len());
        out.extend_from_slice(name.as_bytes());
        push_len(out, VALUE, value.len());
        out.extend_from_slice(value.as_bytes());
    }
}

/// The length of a field of so many bytes, its number and its length included.
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

/// Makes a text of the labels that such fields hold, as `label_text::push_label` writes them.
fn make_text(out: &mut String, mut fields: &[u8]) {
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

/// Where the last of some fields begins.
fn last_field(fields: &[u8]) -> usize {
    let mut last = fields.len();
    let mut left = fields;
    while let Some((_, rest)) = field(left) {
        last = fields.len() - left.len();
        left = rest;
    }
    last
}

/// The length at the beginning of some bytes, and what follows it.
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

/// The next field that begins with its length, and what follows it.
fn field(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (len, rest) = len_and_rest(bytes.get(1..)?)?;
    rest.split_at_checked(len)
}

/// The tags of length-delimited fields: `Metric.label`, `LabelPair.name` and `LabelPair.value`.
const LABEL: u8 = 0x0a;
const NAME: u8 = 0x0a;
const VALUE: u8 = 0x12;

/// The longest varint.
const VARINT_LEN: usize = 10;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn labels_are_the_same_text_again_after_they_were_pairs(
            labels in prop::collection::vec(("[a-z.\"\\\\é]{1,200}", ".{1,300}"), 0..6),
        ) {
            let mut text = String::new();
            label_text::push_pairs(&mut text, &labels);
            let (mut fields, mut again) = (vec![7], String::new());
            add_fields(&mut fields, &text);
            make_text(&mut again, &fields[1..]);
            prop_assert_eq!(again, text);
        }
    }
}
