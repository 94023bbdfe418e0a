//! [`LineStart`]: the bytes of a text line before its value: sample name, const labels, and the
//! labels of the series.

use crate::{
    describe::escaping,
    format::buffer::{Line, Padded},
    sample::label_encoding::LabelRendering,
};

/// The start of all lines with one sample name.
#[derive(Debug, Default)]
pub(super) struct LineStart {
    /// The bytes before the labels of a series: `name{const="1",`.
    pub(super) labels: Padded,
    /// The bytes before the value of a series without labels: `name{const="1"} `.
    pub(super) value: Padded,
}

impl LineStart {
    /// Sets the name of the sample, given as the name of its family and a suffix.
    ///
    /// A name that is quoted is among the labels: `{"http.requests",const="1"} `.
    pub(super) fn set(&mut self, family: &str, suffix: &str, is_quoted: bool, const_labels: &str) {
        let (name, mut quoted) = ([family.as_bytes(), suffix.as_bytes()], String::new());
        if is_quoted {
            escaping::push_quoted(&mut quoted, &format!("{family}{suffix}"));
        }
        let (quoted, labels) = (quoted.as_bytes(), const_labels.as_bytes());
        let comma: &[u8] = if labels.is_empty() { b"" } else { b"," };
        if is_quoted {
            self.labels.set(&[b"{", quoted, b",", labels, comma]);
            self.value.set(&[b"{", quoted, comma, labels, b"} "]);
        } else {
            let [family, suffix] = name;
            self.labels.set(&[family, suffix, b"{", labels, comma]);
            if labels.is_empty() {
                self.value.set(&[family, suffix, b" "]);
            } else {
                self.value.set(&[family, suffix, b"{", labels, b"} "]);
            }
        }
    }

    /// Writes the line of a series up to its value.
    #[inline(always)]
    pub(super) fn put(&self, line: &mut Line<'_>, labels: &[u8]) {
        if labels.is_empty() {
            return line.put_padded(&self.value);
        }
        line.put_padded(&self.labels);
        line.put(labels);
        line.put_pair(*b"} ");
    }

    /// The room that [`put`](Self::put) takes.
    #[inline(always)]
    pub(super) fn room(&self, labels: &[u8]) -> usize {
        if labels.is_empty() {
            self.value.room()
        } else {
            self.labels.room() + labels.len() + LabelRendering::BEFORE_VALUE.len()
        }
    }
}
