//! [`Outlet`]: the buffer of an exposition, whose content goes to a writer in pieces or to a
//! vector.

use std::io::{self, IoSlice};

use super::buffer::Buffer;

/// [`Outlet::flush_if_large`] writes the buffer out if it holds at least this number of bytes.
pub(crate) const PIECE: usize = 16 * 1024;

/// The destination of an exposition.
pub(crate) enum Output<'w> {
    /// The exposition is written piece by piece.
    Writer(&'w mut dyn io::Write),
    /// The exposition replaces the content of the vector, whose memory is reused.
    Memory(&'w mut Vec<u8>),
}

/// The buffer of an exposition, and the output that its content goes to.
pub(crate) struct Outlet<'w> {
    out: Output<'w>,
    /// Whether to call `write_vectored`; false once the writer has taken no more than the first of
    /// several slices.
    is_vectored: bool,
    result: io::Result<()>,
    pub(crate) buffer: Buffer,
}

impl<'w> Outlet<'w> {
    pub(crate) fn new(mut out: Output<'w>) -> Self {
        let buffer = match &mut out {
            Output::Writer(_) => Buffer::with_capacity(2 * PIECE),
            Output::Memory(bytes) => Buffer::over(std::mem::take(bytes)),
        };
        Outlet {
            out,
            is_vectored: true,
            result: Ok(()),
            buffer,
        }
    }

    /// Passes the buffer to the writer, if there is one, once it holds at least [`PIECE`] bytes.
    pub(crate) fn flush_if_large(&mut self) {
        if self.buffer.len() >= PIECE {
            self.flush();
        }
    }

    /// Whether no write has failed.
    pub(crate) fn is_open(&self) -> bool {
        self.result.is_ok()
    }

    /// Writes the rest of the buffer out, or moves the content to the vector. Returns the first
    /// write error.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        self.flush();
        if let Output::Memory(bytes) = self.out {
            *bytes = self.buffer.into_bytes();
        }
        self.result
    }

    fn flush(&mut self) {
        let Output::Writer(out) = &mut self.out else {
            return;
        };
        let mut rest = self.buffer.as_slice();
        while self.result.is_ok() && !rest.is_empty() {
            let written = if self.is_vectored {
                let mut slices = [IoSlice::new(&[]); SLICES];
                for (slice, chunk) in slices.iter_mut().zip(rest.chunks(SLICE)) {
                    *slice = IoSlice::new(chunk);
                }
                let len = rest.len().div_ceil(SLICE).min(SLICES);
                out.write_vectored(&slices[..len])
            } else {
                out.write(rest)
            };
            match written {
                Ok(0) => self.result = Err(io::ErrorKind::WriteZero.into()),
                Ok(len) => {
                    // Stops using `write_vectored` if it has written only the first slice, as the
                    // default implementation does. A plain `write` of all bytes then takes fewer
                    // calls.
                    self.is_vectored &= len > SLICE || rest.len() <= SLICE;
                    rest = &rest[len..];
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => self.result = Err(error),
            }
        }
        self.buffer.clear();
    }
}

/// The size of the slices of a vectored write. glibc may copy larger ones with `rep movsb`, which
/// on some processors is slow unless source and destination are aligned alike.
const SLICE: usize = 2048;
/// The most slices in one call of `write_vectored`.
const SLICES: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    /// A writer that takes at most `bytes` and `slices` per call and fails every third call with
    /// `Interrupted`.
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
        let mut outlet = Outlet::new(Output::Writer(out));
        for some in text.chunks(10_000) {
            outlet.buffer.put(some);
            outlet.flush_if_large();
        }
        outlet.finish()
    }

    #[test]
    fn a_writer_gets_all_bytes_however_few_it_takes_at_once() {
        let text: Vec<u8> = (0..300_000_u32).map(|n| (n % 251) as u8).collect();
        for bytes in [1, SLICE - 1, SLICE, SLICE + 1, usize::MAX] {
            for slices in [1, 2, usize::MAX] {
                let mut out = Reluctant {
                    bytes,
                    slices,
                    calls: 0,
                    taken: Vec::new(),
                };
                write(&mut out, &text).expect("the writer takes everything in the end");
                assert!(out.taken == text, "{bytes} bytes of {slices} slices");
            }
        }
    }

    #[test]
    fn a_failed_writer_is_not_called_again() {
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
