//! Texts in a row, side by side: who writes them all reads memory in order.

/// So many bytes of memory stand there from the beginning of any text on, however short it is:
/// what is copied in whole pieces need not look where the text ends.
pub(crate) const READ_AHEAD: usize = 256;

/// So many texts are skipped at once where one is looked for.
const SKIPPED: usize = 128;

/// Texts by their numbers.
#[derive(Debug)]
pub(crate) struct PackedStrings {
    lens: Vec<u32>,
    /// Where every [`SKIPPED`]th text begins.
    starts: Vec<u32>,
    /// One after the other, and [`READ_AHEAD`] after the last one.
    bytes: Vec<u8>,
}

impl PackedStrings {
    pub(crate) fn of(all: impl Iterator<Item = String>) -> Self {
        let (mut lens, mut starts, mut bytes) = (Vec::new(), Vec::new(), Vec::new());
        for (at, text) in all.enumerate() {
            if at.is_multiple_of(SKIPPED) {
                starts.push(bytes.len() as u32);
            }
            lens.push(text.len() as u32);
            bytes.extend_from_slice(text.as_bytes());
        }
        bytes.resize(bytes.len() + READ_AHEAD, 0);
        bytes.shrink_to_fit();
        PackedStrings {
            lens,
            starts,
            bytes,
        }
    }

    /// Some of them, in their order.
    pub(crate) fn range(&self, numbers: std::ops::Range<usize>) -> PackedSlice<'_> {
        let skipped = numbers.start / SKIPPED;
        let start = self.starts.get(skipped).copied().unwrap_or_default();
        let row = PackedSlice {
            bytes: &self.bytes,
            start: start as usize,
            lens: &self.lens[skipped * SKIPPED..numbers.end],
        };
        row.after(numbers.start % SKIPPED)
    }
}

/// Texts one after the other.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PackedSlice<'a> {
    bytes: &'a [u8],
    /// Where the first one begins.
    start: usize,
    lens: &'a [u32],
}

impl<'a> PackedSlice<'a> {
    /// Each as so many bytes of memory from its beginning on, and how long it is.
    #[inline(always)]
    pub(crate) fn iter_ahead(
        self,
    ) -> impl Iterator<Item = (Option<&'a [u8; READ_AHEAD]>, usize)> + use<'a> {
        // In 32 bits, in which nothing overflows that is added to it.
        let mut start = self.start as u32;
        self.lens.iter().map(move |len| {
            let text = self.bytes.get(start as usize..);
            start = start.wrapping_add(*len);
            (text.and_then(|text| text.first_chunk()), *len as usize)
        })
    }

    /// One of them; an empty one where there are not so many.
    pub(crate) fn get(self, at: usize) -> &'a [u8] {
        let PackedSlice { bytes, start, lens } = self.after(at);
        let len = lens.first().map_or(0, |len| *len as usize);
        &bytes[start..][..len]
    }

    /// Those after so many.
    pub(crate) fn after(self, some: usize) -> Self {
        let (before, lens) = self.lens.split_at(some.min(self.lens.len()));
        PackedSlice {
            start: self.start + sum(before),
            lens,
            ..self
        }
    }

    /// What they come to.
    pub(crate) fn bytes(self) -> usize {
        sum(self.lens)
    }
}

fn sum(lens: &[u32]) -> usize {
    lens.iter().map(|len| *len as usize).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_of_them_is_found_where_it_stands() {
        let all: Vec<String> = (0..400).map(|at| "x".repeat(at % 7) + "y").collect();
        let texts = PackedStrings::of(all.iter().cloned());
        for from in [0, 1, 127, 128, 129, 255, 256, 399, 400] {
            let row = texts.range(from..400);
            let left = &all[from..];
            assert_eq!(row.bytes(), left.iter().map(String::len).sum::<usize>());
            for (at, text) in left.iter().enumerate() {
                assert_eq!(row.get(at), text.as_bytes());
            }
            assert_eq!(row.get(left.len()), b"");
            assert_eq!(row.iter_ahead().count(), left.len());
            for ((bytes, len), text) in row.iter_ahead().zip(left) {
                assert_eq!(bytes.map(|bytes| &bytes[..len]), Some(text.as_bytes()));
            }
        }
    }
}
