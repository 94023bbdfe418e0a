//! [`Buffer`] and [`Line`]: the memory that an exposition is encoded into.
//!
//! Some methods of [`Line`], such as `put_padded`, copy text in pieces of fixed size. The last
//! piece may reach past the end of the text, and whatever is written next overwrites the surplus.
//! For short text, that takes less time than a call of `memcpy`.

use std::mem;

/// Encoded bytes that have not been output yet.
///
/// `bytes` has initialised memory after the first `len` bytes, so that a line is written into a
/// slice. Pushing each part of the line to a vector would check the capacity every time.
#[derive(Debug, Default)]
pub(crate) struct Buffer {
    bytes: Vec<u8>,
    len: usize,
}

impl Buffer {
    pub(crate) fn with_capacity(capacity: usize) -> Self {
        Buffer {
            bytes: vec![0; capacity],
            len: 0,
        }
    }

    /// An empty buffer that reuses the memory of `bytes`.
    pub(crate) fn over(bytes: Vec<u8>) -> Self {
        Buffer { bytes, len: 0 }
    }

    /// The bytes that were written.
    pub(crate) fn into_bytes(mut self) -> Vec<u8> {
        self.bytes.truncate(self.len);
        self.bytes
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn as_slice(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    pub(crate) fn clear(&mut self) {
        self.len = 0;
    }

    /// Removes all but the first `len` bytes.
    pub(crate) fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
    }

    pub(crate) fn put(&mut self, text: &[u8]) {
        self.write(text.len(), |line| line.put(text));
    }

    /// Calls `line` to write at most `room` bytes.
    ///
    /// # Panics
    ///
    /// May panic if `line` writes more than `room` bytes, because the memory may end there.
    #[inline(always)]
    pub(crate) fn write(&mut self, room: usize, line: impl FnOnce(&mut Line<'_>)) {
        let room = room + BEYOND;
        if self.bytes.len() - self.len < room {
            self.grow(room);
        }
        let mut writer = Line::new(&mut self.bytes[self.len..]);
        line(&mut writer);
        let left = writer.room();
        self.len = self.bytes.len() - left;
    }

    /// Inserts a text at an earlier position.
    pub(crate) fn insert(&mut self, at: usize, text: &[u8]) {
        let end = self.len;
        self.put(text);
        self.bytes.copy_within(at..end, at + text.len());
        self.bytes[at..][..text.len()].copy_from_slice(text);
    }

    #[cold]
    #[inline(never)]
    fn grow(&mut self, room: usize) {
        let least = self.len + room;
        // Only the part of the allocated memory that is needed next is initialised, so that it is
        // in the caches when text is written to it.
        self.bytes.reserve(least - self.bytes.len());
        let size = least.next_multiple_of(4096).min(self.bytes.capacity());
        self.bytes.resize(size, 0);
    }
}

/// The unused memory of a [`Buffer`] while one or several lines are written into it.
#[derive(Debug)]
pub(crate) struct Line<'b> {
    rest: &'b mut [u8],
}

impl<'b> Line<'b> {
    pub(crate) fn new(room: &'b mut [u8]) -> Self {
        Line { rest: room }
    }

    /// The number of bytes that are left.
    pub(crate) fn room(&self) -> usize {
        self.rest.len()
    }

    /// Writes a text.
    #[inline(always)]
    pub(crate) fn put(&mut self, text: &[u8]) {
        let (out, rest) = mem::take(&mut self.rest).split_at_mut(text.len());
        copy(out, text);
        self.rest = rest;
    }

    /// Writes a text by copying whole steps, so that fewer than [`STEP`] bytes of surplus follow
    /// the text.
    #[inline(always)]
    pub(crate) fn put_padded(&mut self, text: &Padded) {
        // Most texts have one or two blocks of `STEP` bytes; a loop would cost more than the copy.
        match text.steps() {
            [step] => self.put_step(step, text.len),
            [first, second] => {
                self.put_step(first, STEP);
                self.put_step(second, text.len - STEP);
            }
            steps => {
                let (out, _) = self.rest.as_chunks_mut::<STEP>();
                for (out, step) in out.iter_mut().zip(steps) {
                    *out = *step;
                }
                self.skip(text.len);
            }
        }
    }

    #[inline(always)]
    pub(crate) fn put_byte(&mut self, byte: u8) {
        self.put_chunk(&[byte], 1);
    }

    /// Writes the first `len` of eight bytes, and ends the line. `Buffer::write` reserves
    /// [`BEYOND`] more bytes than the line needs, so at least 16 are left.
    #[inline(always)]
    pub(crate) fn put_word_and_newline(&mut self, word: [u8; 8], len: usize) {
        if let Some(out) = self.rest.first_chunk_mut::<16>() {
            if let Some(out) = out.first_chunk_mut() {
                *out = word;
            }
            out[len % 16] = b'\n';
        }
        self.skip(len + 1);
    }

    /// Writes the first `len` of [`STEP`] bytes.
    #[inline(always)]
    pub(crate) fn put_step(&mut self, step: &[u8; STEP], len: usize) {
        self.put_chunk(step, len);
    }

    /// Writes two bytes at once.
    #[inline(always)]
    pub(crate) fn put_pair(&mut self, pair: [u8; 2]) {
        self.put_chunk(&pair, 2);
    }

    /// Writes the first `len` of eight bytes.
    #[inline(always)]
    pub(crate) fn put_word(&mut self, word: [u8; 8], len: usize) {
        self.put_chunk(&word, len);
    }

    /// Writes the first `len` bytes of a chunk. Copies the whole chunk if there is room.
    #[inline(always)]
    fn put_chunk<const N: usize>(&mut self, chunk: &[u8; N], len: usize) {
        match self.rest.first_chunk_mut() {
            Some(out) => *out = *chunk,
            None => put_exactly(self.rest, *chunk, len),
        }
        self.skip(len);
    }

    /// The memory that is left.
    #[inline(always)]
    pub(crate) fn rest(&mut self) -> &mut [u8] {
        self.rest
    }

    /// Skips bytes that were written to the [rest](Self::rest).
    #[inline(always)]
    pub(crate) fn skip(&mut self, len: usize) {
        self.rest = &mut mem::take(&mut self.rest)[len..];
    }
}

/// The number of bytes that must be free after a line, because copies of fixed size write beyond
/// its end.
const BEYOND: usize = 2 * STEP;

/// Writes the start of a chunk when there is no room for the whole chunk.
#[cold]
#[inline(never)]
fn put_exactly<const N: usize>(out: &mut [u8], chunk: [u8; N], len: usize) {
    out[..len].copy_from_slice(&chunk[..len]);
}

/// The number of bytes in a step, which most processors copy with one or two vector moves.
pub(crate) const STEP: usize = 32;

/// Half a step, which x86-64 and 64-bit Arm processors copy with one vector move.
pub(crate) const HALF: usize = STEP / 2;

/// A text that is written many times, stored in whole [steps](STEP).
#[derive(Clone, Debug, Default)]
pub(crate) struct Padded {
    steps: Vec<[u8; STEP]>,
    len: usize,
}

impl Padded {
    pub(crate) fn as_slice(&self) -> &[u8] {
        &self.steps.as_flattened()[..self.len]
    }

    /// Sets the text, given in parts.
    pub(crate) fn set(&mut self, parts: &[&[u8]]) {
        self.len = 0;
        for part in parts {
            self.push(part);
        }
    }

    #[inline(always)]
    pub(crate) fn push(&mut self, text: &[u8]) {
        let len = self.len + text.len();
        if self.steps.len() * STEP < len {
            self.steps.resize(len.div_ceil(STEP), [0; STEP]);
        }
        copy(&mut self.steps.as_flattened_mut()[self.len..len], text);
        self.len = len;
    }

    /// Removes all but the first `len` bytes.
    #[inline(always)]
    pub(crate) fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// The steps that the text takes.
    #[inline(always)]
    pub(crate) fn steps(&self) -> &[[u8; STEP]] {
        &self.steps[..self.len.div_ceil(STEP)]
    }

    /// The room that [`Line::put_padded`] needs.
    #[inline(always)]
    pub(crate) fn room(&self) -> usize {
        self.steps().len() * STEP
    }
}

/// The most bytes that [`copy_short`] copies.
pub(crate) const LONGEST: usize = 8 * STEP;

/// Copies the first `len` bytes of a short text, and some bytes after them.
///
/// Most texts should be at most `MOST` bytes long. `MOST` bytes are always copied, in moves of
/// fixed size (`MOST` is a constant, so the loop is unrolled), and the branch for longer texts is
/// predictable.
#[inline(always)]
pub(crate) fn copy_short<const MOST: usize>(out: &mut [u8], text: &[u8; LONGEST], len: usize) {
    const FEW: usize = 2 * STEP;
    let out = &mut out[..LONGEST];
    let mut at = 0;
    while at < MOST {
        let step = if MOST - at < STEP { HALF } else { STEP };
        out[at..at + step].copy_from_slice(&text[at..at + step]);
        at += step;
    }
    if len > MOST {
        let more = if MOST < FEW { FEW } else { 2 * FEW };
        out[MOST..more].copy_from_slice(&text[MOST..more]);
        if len > more {
            out[more..].copy_from_slice(&text[more..]);
        }
    }
}

/// Copies a text; both slices have the same length.
///
/// Two moves of equal size, which may overlap, copy any text of one to two times that size.
#[inline(always)]
fn copy(out: &mut [u8], text: &[u8]) {
    if text.len() > 8 * STEP {
        out.copy_from_slice(text);
    } else if ends::<STEP>(out, text) {
        let between = STEP..text.len() - STEP;
        if !between.is_empty() {
            let out = out[between.clone()].chunks_mut(STEP);
            for (out, text) in out.zip(text[between].chunks(STEP)) {
                if !ends::<STEP>(out, text) {
                    out.copy_from_slice(text);
                }
            }
        }
    } else if !ends::<16>(out, text) && !ends::<8>(out, text) && !ends::<4>(out, text) {
        for (out, byte) in out.iter_mut().zip(text) {
            *out = *byte;
        }
    }
}

/// Copies the first and the last `N` bytes of a text; false if the text has fewer.
#[inline(always)]
fn ends<const N: usize>(out: &mut [u8], text: &[u8]) -> bool {
    let (Some(start), Some(end)) = (text.first_chunk::<N>(), text.last_chunk::<N>()) else {
        return false;
    };
    if let Some(out) = out.first_chunk_mut::<N>() {
        *out = *start;
    }
    if let Some(out) = out.last_chunk_mut::<N>() {
        *out = *end;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_every_length_are_copied() {
        let text: Vec<u8> = (0..700_u32).map(|n| n as u8).collect();
        let mut buffer = Buffer::default();
        let mut expected = Vec::new();
        for len in 0..text.len() {
            buffer.put(&text[..len]);
            expected.extend_from_slice(&text[..len]);
        }
        assert!(buffer.as_slice() == expected);
    }

    #[test]
    fn the_padding_of_a_text_is_overwritten() {
        let (mut padded, mut buffer) = (Padded::default(), Buffer::default());
        for len in 0..=2 * STEP {
            padded.set(&[&b"x".repeat(len), b"y"]);
            buffer.clear();
            buffer.write(padded.room() + 1, |line| {
                line.put_padded(&padded);
                line.put_byte(b'z');
            });
            let expected = ["x".repeat(len).as_str(), "yz"].concat();
            assert_eq!(buffer.as_slice(), expected.as_bytes());
        }
    }
}
