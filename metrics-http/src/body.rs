//! Response bodies: a short text, or a pipe that a blocking writer fills and the connection drains.

use std::{
    collections::VecDeque,
    convert::Infallible,
    fmt::{self, Debug, Formatter},
    io::{self, IoSlice, Write},
    mem,
    pin::Pin,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
    time::{Duration, Instant},
};

use hyper::body::{Body as HttpBody, Bytes, Frame, SizeHint};

use crate::share::Keep;

/// The body of a response.
///
/// An exposition is never held in memory as a whole: it passes through in pieces, at the
/// pace of the client. One that could not be finished ends in an error, so that the
/// connection breaks off and a part is not taken for the whole.
///
/// ```
/// use metrics_http::Body;
///
/// let answer = hyper::Response::new(Body::new("not here\n"));
/// # let _ = answer;
/// ```
pub struct Body(Kind);

enum Kind {
    Whole(Bytes),
    /// The response to `HEAD`: it bears the headers of a body of unknown length.
    Unsent,
    Piped(Arc<Pipe>),
    /// What was encoded for another scrape.
    Pieces(VecDeque<Bytes>),
}

impl Body {
    /// A body that is at hand as a whole.
    pub fn new(content: impl Into<Bytes>) -> Body {
        Body(Kind::Whole(content.into()))
    }

    pub(crate) fn unsent() -> Body {
        Body(Kind::Unsent)
    }

    pub(crate) fn pieces(pieces: VecDeque<Bytes>) -> Body {
        Body(Kind::Pieces(pieces))
    }

    /// A body and the writer that fills it; the writer fails once the time is up.
    ///
    /// As long as the body is kept for others, the writer does not wait for its reader: the memory
    /// is taken anyway.
    pub(crate) fn piped(time: Duration, keep: Option<Box<dyn Keep>>) -> (Body, Writer) {
        let pipe = Arc::new(Pipe::default());
        let writer = Writer {
            pipe: Arc::clone(&pipe),
            buffer: Vec::new(),
            deadline: Instant::now().checked_add(time),
            keep,
        };
        (Body(Kind::Piped(pipe)), writer)
    }
}

impl HttpBody for Body {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        match &mut self.0 {
            Kind::Whole(text) => {
                let text = mem::take(text);
                Poll::Ready((!text.is_empty()).then(|| Ok(Frame::data(text))))
            }
            Kind::Unsent => Poll::Ready(None),
            Kind::Piped(pipe) => pipe.poll_next(context).map_ok(Frame::data),
            Kind::Pieces(pieces) => Poll::Ready(pieces.pop_front().map(|it| Ok(Frame::data(it)))),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Kind::Whole(text) => text.is_empty(),
            Kind::Pieces(pieces) => pieces.is_empty(),
            Kind::Unsent | Kind::Piped(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Kind::Whole(text) => SizeHint::with_exact(text.len() as u64),
            Kind::Pieces(pieces) => {
                SizeHint::with_exact(pieces.iter().map(|it| it.len() as u64).sum())
            }
            Kind::Unsent | Kind::Piped(_) => SizeHint::default(),
        }
    }
}

impl Debug for Body {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("Body").finish_non_exhaustive()
    }
}

impl Drop for Body {
    fn drop(&mut self) {
        if let Kind::Piped(pipe) = &self.0 {
            pipe.hang_up();
        }
    }
}

/// The blocking end of a piped body. Dropped before [`Writer::finish`], it breaks the body off.
pub(crate) struct Writer {
    pipe: Arc<Pipe>,
    buffer: Vec<u8>,
    /// `None` when the time given goes beyond what the clock can express.
    deadline: Option<Instant>,
    /// Whoever keeps what is written for others.
    keep: Option<Box<dyn Keep>>,
}

impl Writer {
    /// Sends what is left and marks the body as complete.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        self.send()?;
        // Others join no more before the reader sees the end: what it asks for next is encoded then.
        if let Some(keep) = self.keep.take() {
            keep.complete();
        }
        self.pipe.end(End::Complete);
        Ok(())
    }

    fn send(&mut self) -> io::Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let chunk = mem::take(&mut self.buffer).into();
        self.keep.take_if(|keep| !keep.keep(&chunk));
        let waits = self.keep.is_none();
        self.pipe.push(chunk, waits, self.deadline)
    }
}

impl Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.buffer.capacity() == 0 {
            self.buffer.reserve_exact(CHUNK);
        }
        let taken = bytes.len().min(CHUNK - self.buffer.len());
        self.buffer.extend_from_slice(&bytes[..taken]);
        if self.buffer.len() == CHUNK {
            self.send()?;
        }
        Ok(taken)
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        let mut taken = 0;
        for slice in slices {
            let some = self.write(slice)?;
            taken += some;
            if some < slice.len() {
                break;
            }
        }
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        // Chunks go out when they are full: encoders flush more often than a socket likes.
        Ok(())
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.pipe.end(End::Broken);
    }
}

/// A bounded queue with a blocking end, which can wait no longer than a deadline, and a polled one.
#[derive(Default)]
struct Pipe {
    state: Mutex<State>,
    drained: Condvar,
}

#[derive(Default)]
struct State {
    chunks: VecDeque<Bytes>,
    end: Option<End>,
    hung_up: bool,
    reader: Option<Waker>,
}

#[derive(Clone, Copy)]
enum End {
    Complete,
    Broken,
}

impl Pipe {
    fn push(&self, chunk: Bytes, waits: bool, deadline: Option<Instant>) -> io::Result<()> {
        let mut state = self.lock();
        while waits && !state.hung_up && state.chunks.len() >= CHUNKS {
            state = self.wait(state, deadline)?;
        }
        if state.hung_up {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        state.chunks.push_back(chunk);
        wake(state);
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

    /// The first end counts.
    fn end(&self, end: End) {
        let mut state = self.lock();
        state.end.get_or_insert(end);
        wake(state);
    }

    fn poll_next(&self, context: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
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
                "the exposition could not be finished",
            )))),
        }
    }

    fn hang_up(&self) {
        let mut state = self.lock();
        state.hung_up = true;
        state.chunks.clear();
        self.drained.notify_one();
    }

    /// No code that can panic runs under the lock, so a poisoned one is sound.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Wakes the reader after the lock is free, as it takes the lock first thing.
fn wake(mut state: MutexGuard<'_, State>) {
    let reader = state.reader.take();
    drop(state);
    if let Some(reader) = reader {
        reader.wake();
    }
}

/// What a service answers: it never fails, a fault is a response too.
pub(crate) type Answer = Result<hyper::Response<Body>, Infallible>;

/// Large enough that a chunk's framing and hand-over cost nothing beside its content.
const CHUNK: usize = 64 * 1024;
/// Chunks that wait for the connection, so that encoding and sending overlap.
const CHUNKS: usize = 2;

#[cfg(test)]
mod tests {
    use std::{pin::pin, thread};

    use super::*;

    fn poll(body: &mut Body) -> Poll<Option<io::Result<Bytes>>> {
        let mut context = Context::from_waker(Waker::noop());
        pin!(body)
            .poll_frame(&mut context)
            .map_ok(|frame| frame.into_data().unwrap_or_default())
    }

    fn next(body: &mut Body) -> Option<io::Result<Bytes>> {
        loop {
            match poll(body) {
                Poll::Ready(item) => return item,
                Poll::Pending => thread::yield_now(),
            }
        }
    }

    #[test]
    fn what_is_written_arrives_in_order_and_ends() {
        let written: Vec<u8> = (0..1_000_000_u32).map(|n| n as u8).collect();
        let (mut body, mut writer) = Body::piped(Duration::from_mins(1), None);
        let sent = written.clone();
        let encoder = thread::spawn(move || {
            writer.write_all(&sent)?;
            writer.finish()
        });
        let mut arrived = Vec::new();
        while let Some(chunk) = next(&mut body) {
            arrived.extend_from_slice(&chunk.unwrap());
        }
        encoder.join().unwrap().unwrap();
        assert_eq!(arrived, written);
    }

    #[test]
    fn a_writer_that_is_dropped_breaks_the_body_off() {
        let (mut body, mut writer) = Body::piped(Duration::from_mins(1), None);
        writer.write_all(b"half").unwrap();
        drop(writer);
        assert!(next(&mut body).unwrap().is_err());
    }

    #[test]
    fn a_body_that_is_dropped_stops_a_waiting_writer() {
        let (body, mut writer) = Body::piped(Duration::MAX, None);
        let encoder = thread::spawn(move || writer.write_all(&vec![0; 10 * CHUNK]));
        drop(body);
        let error = encoder.join().unwrap().unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
    }

    #[test]
    fn a_writer_gives_up_when_its_time_is_over() {
        let (_body, mut writer) = Body::piped(Duration::ZERO, None);
        let error = writer.write_all(&vec![0; 10 * CHUNK]).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    /// Reads the body on when nobody can join any more, and notes whether it ends then.
    struct Reading {
        body: Arc<Mutex<Body>>,
        ended: Arc<Mutex<Vec<bool>>>,
    }

    impl Keep for Reading {
        fn keep(&mut self, _: &Bytes) -> bool {
            true
        }

        fn complete(self: Box<Self>) {
            let mut body = self.body.lock().unwrap();
            assert!(matches!(poll(&mut body), Poll::Ready(Some(Ok(_)))));
            let ended = poll(&mut body).is_ready();
            self.ended.lock().unwrap().push(ended);
        }
    }

    #[test]
    fn nobody_can_join_a_body_whose_reader_has_seen_its_end() {
        let (body, mut writer) = Body::piped(Duration::from_mins(1), None);
        let (body, ended) = (Arc::new(Mutex::new(body)), Arc::default());
        writer.keep = Some(Box::new(Reading {
            body: Arc::clone(&body),
            ended: Arc::clone(&ended),
        }));
        writer.write_all(b"all").unwrap();
        writer.finish().unwrap();
        assert_eq!(*ended.lock().unwrap(), [false]);
        assert!(next(&mut body.lock().unwrap()).is_none());
    }

    #[test]
    fn a_whole_body_knows_its_length() {
        let mut body = Body::new("four");
        assert_eq!(body.size_hint().exact(), Some(4));
        assert_eq!(next(&mut body).unwrap().unwrap(), "four");
        assert!(next(&mut body).is_none());
    }
}
