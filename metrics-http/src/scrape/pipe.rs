//! [`Pipe`]: passes a streamed body from the encoder thread, whose writes may block, to the
//! connection, which polls for chunks.

use std::{
    collections::VecDeque,
    io::{self, IoSlice, Write},
    mem,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
    time::{Duration, Instant},
};

use hyper::body::Bytes;

/// The blocking end of a pipe. Dropping it before [`Writer::finish`] ends the body with an error.
pub(super) struct Writer {
    pipe: Arc<Pipe>,
    buffer: Vec<u8>,
    /// `None` if the timeout exceeds what the clock can represent.
    deadline: Option<Instant>,
    tee: Option<Box<dyn Tee>>,
    sent_bytes: u64,
}

/// Receives a copy of each chunk that a [`Writer`] sends.
pub(super) trait Tee: Send {
    /// Takes a chunk. If it returns false, the tee is dropped without a call of `complete`.
    fn accept(&mut self, chunk: &Bytes) -> bool;

    /// Called after the last chunk of a complete body.
    fn complete(self: Box<Self>);
}

impl Writer {
    pub(super) fn new(pipe: Arc<Pipe>, timeout: Duration, tee: Option<Box<dyn Tee>>) -> Writer {
        Writer {
            pipe,
            buffer: Vec::new(),
            deadline: Instant::now().checked_add(timeout),
            tee,
            sent_bytes: 0,
        }
    }

    /// Sends the rest of the buffer, marks the body as complete, and returns its size.
    pub(super) fn finish(mut self) -> io::Result<u64> {
        self.send()?;
        // The tee is completed before the client sees the end, because the client's next scrape
        // must not be answered from this one.
        if let Some(tee) = self.tee.take() {
            tee.complete();
        }
        self.pipe.end(End::Complete);
        Ok(self.sent_bytes)
    }

    fn send(&mut self) -> io::Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        self.sent_bytes += self.buffer.len() as u64;
        let chunk = mem::take(&mut self.buffer).into();
        self.tee.take_if(|tee| !tee.accept(&chunk));
        let should_wait = self.tee.is_none();
        self.pipe.push(chunk, should_wait, self.deadline)
    }
}

impl Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.buffer.capacity() == 0 {
            self.buffer.reserve_exact(CHUNK_BYTES);
        }
        let len = bytes.len().min(CHUNK_BYTES - self.buffer.len());
        self.buffer.extend_from_slice(&bytes[..len]);
        if self.buffer.len() == CHUNK_BYTES {
            self.send()?;
        }
        Ok(len)
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        let mut total = 0;
        for slice in slices {
            let len = self.write(slice)?;
            total += len;
            if len < slice.len() {
                break;
            }
        }
        Ok(total)
    }

    /// Does nothing, because encoders flush more often than a socket should be written to.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.pipe.end(End::Broken);
    }
}

/// A queue of chunks between a thread that writes, and may block, and a future that polls.
#[derive(Default)]
pub(super) struct Pipe {
    state: Mutex<State>,
    drained: Condvar,
}

#[derive(Default)]
struct State {
    chunks: VecDeque<Bytes>,
    end: Option<End>,
    is_disconnected: bool,
    reader: Option<Waker>,
}

#[derive(Clone, Copy)]
enum End {
    Complete,
    Broken,
}

impl Pipe {
    fn push(&self, chunk: Bytes, should_wait: bool, deadline: Option<Instant>) -> io::Result<()> {
        let mut state = self.lock();
        while should_wait && !state.is_disconnected && state.chunks.len() >= QUEUED_CHUNKS {
            state = self.wait(state, deadline)?;
        }
        if state.is_disconnected {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        state.chunks.push_back(chunk);
        unlock_and_wake(state);
        Ok(())
    }

    fn wait<'a>(
        &self,
        state: MutexGuard<'a, State>,
        deadline: Option<Instant>,
    ) -> io::Result<MutexGuard<'a, State>> {
        let Some(deadline) = deadline else {
            let woken = self.drained.wait(state);
            return Ok(woken.unwrap_or_else(PoisonError::into_inner));
        };
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        let woken = self.drained.wait_timeout(state, left);
        Ok(woken.unwrap_or_else(PoisonError::into_inner).0)
    }

    /// Ends the body; later calls have no effect.
    fn end(&self, end: End) {
        let mut state = self.lock();
        state.end.get_or_insert(end);
        unlock_and_wake(state);
    }

    pub(super) fn poll_next(&self, context: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
        let mut state = self.lock();
        if let Some(chunk) = state.chunks.pop_front() {
            self.drained.notify_one();
            return Poll::Ready(Some(Ok(chunk)));
        }
        match state.end {
            None => {
                state.reader = Some(context.waker().clone());
                Poll::Pending
            }
            Some(End::Complete) => Poll::Ready(None),
            Some(End::Broken) => Poll::Ready(Some(Err(io::Error::other(
                "the exposition could not be completed",
            )))),
        }
    }

    /// Called when the client is gone; the writer fails when it sends its next chunk.
    pub(super) fn disconnect(&self) {
        let mut state = self.lock();
        state.is_disconnected = true;
        state.chunks.clear();
        self.drained.notify_one();
    }

    /// Ignores poisoning, because no code that can panic runs under the lock.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Unlocks before waking the reader, because the woken reader begins by taking the lock.
fn unlock_and_wake(mut state: MutexGuard<'_, State>) {
    let reader = state.reader.take();
    drop(state);
    if let Some(reader) = reader {
        reader.wake();
    }
}

/// Large enough to make the cost of framing and handing over a chunk negligible.
pub(super) const CHUNK_BYTES: usize = 64 * 1024;
/// Maximum number of queued chunks, beyond which the writer waits unless a tee keeps them anyway.
///
/// It is more than one, so that encoding and sending overlap.
const QUEUED_CHUNKS: usize = 2;
