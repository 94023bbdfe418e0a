//! [`PackedStrings`]: strings stored one after the other, so that reading all of them reads memory
//! in order.

/// Bytes that can be read from the beginning of any string, however short it is, so that encoders
/// copy in pieces of fixed size.
pub(crate) const READ_AHEAD: usize = 256;

/// The start of every `STRIDE`th string is stored; the others are found by adding lengths.
const STRIDE: usize = 128;

/// Strings in one vector of bytes, found by index.
#[derive(Debug)]
pub(crate) struct PackedStrings {
    lens: Vec<u32>,
    /// Where every [`STRIDE`]th string starts.
    starts: Vec<u32>,
    /// The strings, and [`READ_AHEAD`] bytes after the last one.
    bytes: Vec<u8>,
}

impl PackedStrings {
    pub(crate) fn of(strings: impl Iterator<Item = String>) -> Self {
        let (mut lens, mut starts, mut bytes) = (Vec::new(), Vec::new(), Vec::new());
        for (at, string) in strings.enumerate() {
            if at.is_multiple_of(STRIDE) {
                starts.push(bytes.len() as u32);
            }
            lens.push(string.len() as u32);
            bytes.extend_from_slice(string.as_bytes());
        }
        bytes.resize(bytes.len() + READ_AHEAD, 0);
        bytes.shrink_to_fit();
        PackedStrings {
            lens,
            starts,
            bytes,
        }
    }

    /// The strings in a range.
    pub(crate) fn range(&self, range: std::ops::Range<usize>) -> PackedSlice<'_> {
        let stride = range.start / STRIDE;
        let start = self.starts.get(stride).copied().unwrap_or_default();
        let slice = PackedSlice {
            bytes: &self.bytes,
            start: start as usize,
            lens: &self.lens[stride * STRIDE..range.end],
        };
        slice.skip(range.start % STRIDE)
    }
}

/// Consecutive strings of a [`PackedStrings`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct PackedSlice<'a> {
    bytes: &'a [u8],
    /// Where the first string starts.
    start: usize,
    lens: &'a [u32],
}

impl<'a> PackedSlice<'a> {
    /// For each string, [`READ_AHEAD`] bytes from its start on, and its length.
    #[inline(always)]
    pub(crate) fn iter_ahead(
        self,
    ) -> impl Iterator<Item = (Option<&'a [u8; READ_AHEAD]>, usize)> + use<'a> {
        let mut start = self.start as u32;
        self.lens.iter().map(move |len| {
            let string = self.bytes.get(start as usize..);
            start = start.wrapping_add(*len);
            (
                string.and_then(|string| string.first_chunk()),
                *len as usize,
            )
        })
    }

    /// One string; empty past the end.
    pub(crate) fn get(self, at: usize) -> &'a [u8] {
        let PackedSlice { bytes, start, lens } = self.skip(at);
        let len = lens.first().map_or(0, |len| *len as usize);
        &bytes[start..][..len]
    }

    /// The strings without the first `n`.
    pub(crate) fn skip(self, n: usize) -> Self {
        let (skipped, lens) = self.lens.split_at(n.min(self.lens.len()));
        PackedSlice {
            start: self.start + sum(skipped),
            lens,
            ..self
        }
    }

    /// The length of all strings together.
    pub(crate) fn byte_len(self) -> usize {
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
    fn strings_are_found_by_index_in_any_range() {
        let all: Vec<String> = (0..400).map(|at| "x".repeat(at % 7) + "y").collect();
        let strings = PackedStrings::of(all.iter().cloned());
        for from in [0, 1, 127, 128, 129, 255, 256, 399, 400] {
            let slice = strings.range(from..400);
            let left = &all[from..];
            assert_eq!(
                slice.byte_len(),
                left.iter().map(String::len).sum::<usize>()
            );
            for (at, string) in left.iter().enumerate() {
                assert_eq!(slice.get(at), string.as_bytes());
            }
            assert_eq!(slice.get(left.len()), b"");
            assert_eq!(slice.iter_ahead().count(), left.len());
            for ((bytes, len), string) in slice.iter_ahead().zip(left) {
                assert_eq!(bytes.map(|bytes| &bytes[..len]), Some(string.as_bytes()));
            }
        }
    }
}
