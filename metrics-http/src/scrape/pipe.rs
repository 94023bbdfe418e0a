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

use super::{places::Place, waiting_list::Abortable};

/// The blocking end of a pipe. Dropping it before [`Writer::finish`] ends the body with an error.
pub(super) struct Writer {
    pipe: Arc<Pipe>,
    buffer: Vec<u8>,
    /// `None` if the timeout exceeds what the clock can represent.
    deadline: Option<Instant>,
    /// Given away while the writer waits for the reader; `None` if the number of writers is not
    /// limited.
    place: Option<Place>,
    tee: Option<Box<dyn Tee>>,
    sent_bytes: u64,
}

/// Receives a copy of each chunk that a [`Writer`] sends.
pub(super) trait Tee: Send {
    /// Makes a chunk of `content`, and keeps a copy of it if it returns true.
    ///
    /// If it returns false, the tee is dropped without a call of `complete`.
    fn accept(&mut self, content: Vec<u8>) -> (Bytes, bool);

    /// Called after the last chunk of a complete body.
    fn complete(self: Box<Self>);
}

impl Writer {
    pub(super) fn new(pipe: Arc<Pipe>, timeout: Duration) -> Writer {
        Writer {
            pipe,
            buffer: Vec::new(),
            deadline: Instant::now().checked_add(timeout),
            place: None,
            tee: None,
            sent_bytes: 0,
        }
    }

    /// Sets the place that the writer gives away while it waits for the reader.
    pub(super) fn with_place(mut self, place: Place) -> Writer {
        self.place = Some(place);
        self
    }

    /// Sets the receiver of copies. As long as it keeps them, the writer does not wait for the
    /// reader, because the chunks are in memory anyway.
    pub(super) fn with_tee(mut self, tee: Box<dyn Tee>) -> Writer {
        self.tee = Some(tee);
        self
    }

    /// Sends the rest of the buffer and marks the body as complete.
    pub(super) fn finish(mut self) -> io::Result<()> {
        self.send()?;
        // The tee is completed, and the place is free, before the client sees the end, because the
        // client's next scrape must neither be answered from this one nor wait for it.
        if let Some(tee) = self.tee.take() {
            tee.complete();
        }
        self.place = None;
        self.pipe.end(End::Complete);
        Ok(())
    }

    fn send(&mut self) -> io::Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let content = mem::take(&mut self.buffer);
        let chunk = match &mut self.tee {
            None => content.into(),
            Some(tee) => {
                let (chunk, is_kept) = tee.accept(content);
                if !is_kept {
                    self.tee = None;
                }
                chunk
            }
        };
        if self.tee.is_none() && self.pipe.is_full() {
            self.wait_for_reader()?;
        }
        self.sent_bytes += chunk.len() as u64;
        self.pipe.push(chunk)
    }

    fn wait_for_reader(&mut self) -> io::Result<()> {
        let (pipe, deadline) = (&self.pipe, self.deadline);
        let wait = |until| pipe.wait_for_room(deadline, until);
        match &mut self.place {
            Some(place) => place.wait_for_reader(pipe, self.sent_bytes, wait),
            None => wait(None).map(|_| ()),
        }
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
    is_aborted: bool,
    reader: Option<Waker>,
}

#[derive(Clone, Copy)]
enum End {
    Complete,
    Broken,
}

impl Pipe {
    /// Whether the writer has to wait before it pushes another chunk.
    fn is_full(&self) -> bool {
        self.lock().is_full()
    }

    /// # Errors
    ///
    /// `BrokenPipe` if the reader is gone.
    fn push(&self, chunk: Bytes) -> io::Result<()> {
        let mut state = self.lock();
        if state.is_disconnected {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        state.chunks.push_back(chunk);
        unlock_and_wake(state);
        Ok(())
    }

    /// Waits until the reader has taken a chunk; false if it has not at `until`.
    ///
    /// # Errors
    ///
    /// `BrokenPipe` if the reader is gone, `TimedOut` after the deadline, `ResourceBusy` after
    /// [`Abortable::abort`]. The last two break the body, so that [`Pipe::disconnect`] tells who
    /// failed.
    fn wait_for_room(&self, deadline: Option<Instant>, until: Option<Instant>) -> io::Result<bool> {
        let mut state = self.lock();
        let error = loop {
            if state.is_disconnected {
                return Err(io::ErrorKind::BrokenPipe.into());
            }
            if state.is_aborted {
                break io::ErrorKind::ResourceBusy;
            }
            if !state.is_full() {
                return Ok(true);
            }
            let now = Instant::now();
            if deadline.is_some_and(|deadline| deadline <= now) {
                break io::ErrorKind::TimedOut;
            }
            if until.is_some_and(|until| until <= now) {
                return Ok(false);
            }
            let next = [deadline, until].into_iter().flatten().min();
            state = self.wait(state, next.map(|next| next - now));
        };
        state.end = Some(End::Broken);
        // Of no use to a client that does not receive the rest, and it may not read them for long.
        state.chunks.clear();
        unlock_and_wake(state);
        Err(error.into())
    }

    fn wait<'a>(
        &self,
        state: MutexGuard<'a, State>,
        timeout: Option<Duration>,
    ) -> MutexGuard<'a, State> {
        match timeout {
            None => {
                let woken = self.drained.wait(state);
                woken.unwrap_or_else(PoisonError::into_inner)
            }
            Some(timeout) => {
                let woken = self.drained.wait_timeout(state, timeout);
                woken.unwrap_or_else(PoisonError::into_inner).0
            }
        }
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
    ///
    /// Returns whether the writer has broken the body before.
    pub(super) fn disconnect(&self) -> bool {
        let mut state = self.lock();
        state.is_disconnected = true;
        state.chunks.clear();
        self.drained.notify_one();
        matches!(state.end, Some(End::Broken))
    }

    /// Ignores poisoning, because no code that can panic runs under the lock.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Abortable for Pipe {
    fn abort(&self) {
        self.lock().is_aborted = true;
        self.drained.notify_one();
    }
}

impl State {
    fn is_full(&self) -> bool {
        self.chunks.len() >= QUEUED_CHUNKS
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
