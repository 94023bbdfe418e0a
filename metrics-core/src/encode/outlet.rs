//! Where an exposition goes, and the buffer before it.

use std::io;

use super::buffer::Buffer;

/// What was written leaves in pieces of about this size.
pub(crate) const PIECE: usize = 32 * 1024;

/// A buffer that is emptied into a writer.
pub(crate) struct Outlet<'w> {
    out: &'w mut dyn io::Write,
    result: io::Result<()>,
    pub(crate) buffer: Buffer,
}

impl<'w> Outlet<'w> {
    pub(crate) fn new(out: &'w mut dyn io::Write) -> Self {
        Outlet {
            out,
            result: Ok(()),
            buffer: Buffer::with_capacity(PIECE + PIECE / 4),
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
        self.result
    }

    fn flush(&mut self) {
        if self.result.is_ok() {
            self.result = self.out.write_all(self.buffer.as_slice());
        }
        self.buffer.clear();
    }
}
