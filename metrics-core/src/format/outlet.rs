//! Where an exposition goes, and the buffer before it.

use std::io::{self, IoSlice};

use super::buffer::Buffer;

/// What was written leaves in pieces of about this size, or of what is written between two pauses
/// if that is more.
pub(crate) const PIECE: usize = 16 * 1024;

/// Who takes an exposition.
pub(crate) enum Out<'w> {
    /// A writer takes it piece by piece.
    Writer(&'w mut dyn io::Write),
    /// It is all of a vector's content in the end.
    Memory(&'w mut Vec<u8>),
}

/// A buffer that is emptied into a writer, or becomes what somebody has asked for.
pub(crate) struct Outlet<'w> {
    out: Out<'w>,
    /// Whether it takes several slices at once, as far as is known.
    takes_slices: bool,
    result: io::Result<()>,
    pub(crate) buffer: Buffer,
}

impl<'w> Outlet<'w> {
    pub(crate) fn new(mut out: Out<'w>) -> Self {
        let buffer = match &mut out {
            Out::Writer(_) => Buffer::with_capacity(2 * PIECE),
            Out::Memory(bytes) => Buffer::over(std::mem::take(bytes)),
        };
        Outlet {
            out,
            takes_slices: true,
            result: Ok(()),
            buffer,
        }
    }

    /// Lets out what there is, if it is enough.
    pub(crate) fn pause(&mut self) {
        if self.buffer.len() >= PIECE {
            self.flush();
        }
    }

    /// Whether nothing has failed.
    pub(crate) fn is_open(&self) -> bool {
        self.result.is_ok()
    }

    /// Lets out the rest.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        self.flush();
        if let Out::Memory(bytes) = self.out {
            *bytes = self.buffer.into_bytes();
        }
        self.result
    }

    fn flush(&mut self) {
        let Out::Writer(out) = &mut self.out else {
            return;
        };
        let mut rest = self.buffer.as_slice();
        while self.result.is_ok() && !rest.is_empty() {
            let written = if self.takes_slices {
                let mut slices = [IoSlice::new(&[]); SLICES];
                for (slice, some) in slices.iter_mut().zip(rest.chunks(SLICE)) {
                    *slice = IoSlice::new(some);
                }
                let some = rest.len().div_ceil(SLICE).min(SLICES);
                out.write_vectored(&slices[..some])
            } else {
                out.write(rest)
            };
            match written {
                Ok(0) => self.result = Err(io::ErrorKind::WriteZero.into()),
                Ok(len) => {
                    // A writer that knows nothing of slices has taken the first one.
                    self.takes_slices &= len > SLICE || rest.len() <= SLICE;
                    rest = &rest[len..];
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => self.result = Err(error),
            }
        }
        self.buffer.clear();
    }
}

/// What is to be copied goes out in slices of so many bytes. More at once glibc copies with
/// `rep movsb`, which on some processors is slow where source and destination do not happen to be
/// aligned alike, and leaves what it writes out of the caches.
const SLICE: usize = 2048;
/// So many slices go out at once.
const SLICES: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes only so many bytes of so many slices at once, and is interrupted now and then.
    struct Reluctant {
        bytes: usize,
        slices: usize,
        calls: usize,
        taken: Vec<u8>,
    }

    impl io::Write for Reluctant {
        fn write(&mut self, some: &[u8]) -> io::Result<usize> {
            self.write_vectored(&[IoSlice::new(some)])
        }

        fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
            self.calls += 1;
            if self.calls.is_multiple_of(3) {
                return Err(io::ErrorKind::Interrupted.into());
            }
            let some = slices.iter().take(self.slices);
            let some = some.flat_map(|slice| slice.iter()).take(self.bytes);
            let before = self.taken.len();
            self.taken.extend(some);
            Ok(self.taken.len() - before)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn write(out: &mut dyn io::Write, text: &[u8]) -> io::Result<()> {
        let mut outlet = Outlet::new(Out::Writer(out));
        for some in text.chunks(10_000) {
            outlet.buffer.put(some);
            outlet.pause();
        }
        outlet.finish()
    }

    #[test]
    fn all_arrives_whatever_a_writer_takes_at_once() {
        let text: Vec<u8> = (0..300_000_u32).map(|n| (n % 251) as u8).collect();
        for bytes in [1, SLICE - 1, SLICE, SLICE + 1, usize::MAX] {
            for slices in [1, 2, usize::MAX] {
                let mut out = Reluctant {
                    bytes,
                    slices,
                    calls: 0,
                    taken: Vec::new(),
                };
                write(&mut out, &text).expect("it takes everything in the end");
                assert!(out.taken == text, "{bytes} bytes of {slices} slices");
            }
        }
    }

    #[test]
    fn who_takes_nothing_any_more_is_asked_no_more() {
        let mut full = Reluctant {
            bytes: 0,
            slices: 1,
            calls: 0,
            taken: Vec::new(),
        };
        let error = write(&mut full, &b"x".repeat(100_000)).expect_err("it takes nothing");
        assert_eq!((error.kind(), full.calls), (io::ErrorKind::WriteZero, 1));
    }
}
