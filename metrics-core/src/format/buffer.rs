//! Bytes on their way out: written in place, a line at a time.

use std::mem;

/// Bytes that were written and not yet handed on.
///
/// All of its memory is initialised, so that a line is written into a slice: growing by pieces
/// would ask for each of them whether there is room.
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

    /// An empty one that overwrites these bytes.
    pub(crate) fn over(bytes: Vec<u8>) -> Self {
        Buffer { bytes, len: 0 }
    }

    /// What was written.
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

    /// Forgets what was written after the first `len` bytes.
    pub(crate) fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
    }

    /// Writes a text.
    pub(crate) fn put(&mut self, text: &[u8]) {
        self.write(text.len(), |line| line.put(text));
    }

    /// Writes a line that takes no more than so many bytes.
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

    /// Writes a text at an earlier place, before what stands there.
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
        // Where memory is there already no more of it is initialised than is written soon: it is
        // in the caches then.
        self.bytes.reserve(least - self.bytes.len());
        let size = least.next_multiple_of(4096).min(self.bytes.capacity());
        self.bytes.resize(size, 0);
    }
}

/// A line in the making.
#[derive(Debug)]
pub(crate) struct Line<'b> {
    /// What is left of the room that whoever began the line has made for it.
    rest: &'b mut [u8],
}

impl<'b> Line<'b> {
    pub(crate) fn new(room: &'b mut [u8]) -> Self {
        Line { rest: room }
    }

    /// What is left of the room.
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

    /// Writes a text, in whole steps of [`STEP`] bytes of which the next text overwrites the
    /// rest.
    #[inline(always)]
    pub(crate) fn put_padded(&mut self, text: &Padded) {
        // Most are that short, and a loop costs more than the step.
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

    /// Writes the first `len` of eight bytes, and ends the line.
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

    /// Writes the first `len` bytes of a step.
    #[inline(always)]
    pub(crate) fn put_step(&mut self, step: &[u8; STEP], len: usize) {
        self.put_chunk(step, len);
    }

    /// Writes two bytes at once.
    #[inline(always)]
    pub(crate) fn put_pair(&mut self, pair: [u8; 2]) {
        self.put_chunk(&pair, 2);
    }

    /// Writes up to eight bytes: the first `len` of these.
    #[inline(always)]
    pub(crate) fn put_word(&mut self, word: [u8; 8], len: usize) {
        self.put_chunk(&word, len);
    }

    /// Writes the first `len` bytes of a chunk: the whole of it, of which what follows overwrites
    /// the rest.
    #[inline(always)]
    fn put_chunk<const N: usize>(&mut self, chunk: &[u8; N], len: usize) {
        match self.rest.first_chunk_mut() {
            Some(out) => *out = *chunk,
            None => put_exactly(self.rest, *chunk, len),
        }
        self.skip(len);
    }

    /// What is left of the room.
    #[inline(always)]
    pub(crate) fn rest(&mut self) -> &mut [u8] {
        self.rest
    }

    /// Goes on behind what was written to the [rest](Self::rest).
    #[inline(always)]
    pub(crate) fn skip(&mut self, len: usize) {
        self.rest = &mut mem::take(&mut self.rest)[len..];
    }
}

/// Room beyond a line, for what is copied in whole pieces.
const BEYOND: usize = 2 * STEP;

/// Writes the start of a chunk where there is no room for the whole of it.
#[cold]
#[inline(never)]
fn put_exactly<const N: usize>(out: &mut [u8], chunk: [u8; N], len: usize) {
    out[..len].copy_from_slice(&chunk[..len]);
}

/// Bytes in one step of [`Line::put_padded`], which the processor copies in two instructions.
pub(crate) const STEP: usize = 32;

/// Half a step, which the processor copies in one instruction.
pub(crate) const HALF: usize = STEP / 2;

/// A text that is written again and again, and a rest up to whole [steps](STEP).
#[derive(Clone, Debug, Default)]
pub(crate) struct Padded {
    steps: Vec<[u8; STEP]>,
    len: usize,
}

impl Padded {
    pub(crate) fn as_slice(&self) -> &[u8] {
        &self.steps.as_flattened()[..self.len]
    }

    /// Makes it this text, given in parts.
    pub(crate) fn set(&mut self, parts: &[&[u8]]) {
        self.len = 0;
        for part in parts {
            self.push(part);
        }
    }

    /// Adds a text.
    #[inline(always)]
    pub(crate) fn push(&mut self, text: &[u8]) {
        let len = self.len + text.len();
        if self.steps.len() * STEP < len {
            self.steps.resize(len.div_ceil(STEP), [0; STEP]);
        }
        copy(&mut self.steps.as_flattened_mut()[self.len..len], text);
        self.len = len;
    }

    /// Forgets what comes after the first `len` bytes.
    #[inline(always)]
    pub(crate) fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// The steps that it takes.
    #[inline(always)]
    pub(crate) fn steps(&self) -> &[[u8; STEP]] {
        &self.steps[..self.len.div_ceil(STEP)]
    }

    /// The room that it takes.
    #[inline(always)]
    pub(crate) fn room(&self) -> usize {
        self.steps().len() * STEP
    }
}

/// Bytes that [`copy_short`] copies at the most.
pub(crate) const LONGEST: usize = 8 * STEP;

/// Copies the first `len` bytes of a short text, and some of what follows: most are no longer than
/// so many, and a loop costs more than them.
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

/// Copies a text of any length; both are of the same.
///
/// A call of the C library's function costs more than what most labels take: here two moves that
/// may overlap do for up to twice their size.
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

/// Copies the first and the last so many bytes; false where there are not as many.
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
    fn texts_of_every_length_arrive_as_they_were() {
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
    fn a_padded_text_leaves_nothing_of_its_padding() {
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
