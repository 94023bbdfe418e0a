//! [`Body`]: the type of all response bodies, and of the bodies of requests that push metrics.

use std::{
    collections::VecDeque,
    fmt::{self, Debug, Formatter},
    io, mem,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use hyper::body::{Body as HttpBody, Bytes, Frame, SizeHint};

use super::{
    pipe::{Pipe, Writer},
    transfer::Transfer,
};

/// The body of a response.
///
/// An exposition is streamed in chunks at the client's pace. One of up to 1 MiB may be held in
/// memory as a whole, because identical scrapes share it. A body that cannot be completed ends with
/// an error, which closes the connection, so that the client does not mistake a partial exposition
/// for a complete one.
///
/// ```
/// use metrics_http::Body;
///
/// let response = hyper::Response::new(Body::new("not found\n"));
/// # let _ = response;
/// ```
pub struct Body {
    content: Content,
    /// Notes how the body of an exposition ends; `None` from then on.
    transfer: Option<Transfer>,
}

enum Content {
    Full(Bytes),
    /// The response to `HEAD`: its headers are those of a body of unknown length.
    Head,
    /// Filled by a [`Writer`] on another thread.
    Stream(Arc<Pipe>),
    /// A complete exposition that was encoded for another scrape.
    Chunks(VecDeque<Bytes>),
}

impl Body {
    /// A body that is complete in memory.
    pub fn new(content: impl Into<Bytes>) -> Body {
        Body::of(Content::Full(content.into()))
    }

    pub(super) fn head() -> Body {
        Body::of(Content::Head)
    }

    pub(super) fn from_chunks(chunks: VecDeque<Bytes>) -> Body {
        Body::of(Content::Chunks(chunks))
    }

    /// A streamed body and the writer that fills it.
    ///
    /// A write that has to wait for the client fails once the timeout has passed.
    pub(super) fn stream(timeout: Duration) -> (Body, Writer) {
        let pipe = Arc::new(Pipe::default());
        let writer = Writer::new(Arc::clone(&pipe), timeout);
        (Body::of(Content::Stream(pipe)), writer)
    }

    /// Notes in `transfer` how the body ends.
    pub(super) fn with_transfer(mut self, transfer: Transfer) -> Body {
        self.transfer = Some(transfer);
        self
    }

    fn of(content: Content) -> Body {
        Body {
            content,
            transfer: None,
        }
    }
}

impl HttpBody for Body {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let frame = match &mut self.content {
            Content::Full(bytes) => {
                let bytes = mem::take(bytes);
                Poll::Ready((!bytes.is_empty()).then(|| Ok(Frame::data(bytes))))
            }
            Content::Head => Poll::Ready(None),
            Content::Stream(pipe) => pipe.poll_next(context).map_ok(Frame::data),
            Content::Chunks(chunks) => {
                Poll::Ready(chunks.pop_front().map(|it| Ok(Frame::data(it))))
            }
        };
        if let Poll::Ready(Some(Ok(frame))) = &frame
            && let Some(transfer) = &mut self.transfer
        {
            transfer.add(frame.data_ref().map_or(0, Bytes::len));
        }
        // `Chunks` end with the last chunk, because hyper does not poll a body of known length
        // again.
        let has_ended = match &self.content {
            Content::Chunks(chunks) => chunks.is_empty(),
            _ => matches!(frame, Poll::Ready(None)),
        };
        if has_ended && let Some(transfer) = self.transfer.take() {
            transfer.complete();
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        match &self.content {
            Content::Full(bytes) => bytes.is_empty(),
            Content::Chunks(chunks) => chunks.is_empty(),
            Content::Head | Content::Stream(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.content {
            Content::Full(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Content::Chunks(chunks) => {
                SizeHint::with_exact(chunks.iter().map(|it| it.len() as u64).sum())
            }
            Content::Head | Content::Stream(_) => SizeHint::default(),
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
        let is_broken = match &self.content {
            Content::Stream(pipe) => pipe.disconnect(),
            _ => false,
        };
        // The encoder reports why it has broken the body.
        if let Some(transfer) = self.transfer.take()
            && !is_broken
        {
            transfer.disconnect();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{io::Write, pin::pin, sync::Mutex, task::Waker, thread};

    use super::{
        super::pipe::{CHUNK_BYTES, Tee},
        *,
    };

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
    fn a_body_delivers_in_order_what_is_written() {
        let written: Vec<u8> = (0..1_000_000_u32).map(|n| n as u8).collect();
        let (mut body, mut writer) = Body::stream(Duration::from_mins(1));
        let sent = written.clone();
        let encoder = thread::spawn(move || {
            writer.write_all(&sent)?;
            writer.finish()
        });
        let mut received = Vec::new();
        while let Some(chunk) = next(&mut body) {
            received.extend_from_slice(&chunk.unwrap());
        }
        encoder.join().unwrap().unwrap();
        assert_eq!(received, written);
    }

    #[test]
    fn dropping_the_writer_ends_the_body_with_an_error() {
        let (mut body, mut writer) = Body::stream(Duration::from_mins(1));
        writer.write_all(b"half").unwrap();
        drop(writer);
        assert!(next(&mut body).unwrap().is_err());
    }

    #[test]
    fn dropping_the_body_stops_a_blocked_writer() {
        let (body, mut writer) = Body::stream(Duration::MAX);
        let encoder = thread::spawn(move || writer.write_all(&vec![0; 10 * CHUNK_BYTES]));
        drop(body);
        let error = encoder.join().unwrap().unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
    }

    #[test]
    fn a_write_fails_after_the_timeout() {
        let (_body, mut writer) = Body::stream(Duration::ZERO);
        let error = writer.write_all(&vec![0; 10 * CHUNK_BYTES]).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    /// A tee whose `complete` reads `body`, and notes in `has_ended` whether `body` has an end
    /// already.
    #[derive(Clone, Default)]
    struct ReadOnComplete {
        body: Arc<Mutex<Option<Body>>>,
        has_ended: Arc<Mutex<Option<bool>>>,
    }

    impl Tee for ReadOnComplete {
        fn accept(&mut self, content: Vec<u8>) -> (Bytes, bool) {
            (content.into(), true)
        }

        fn complete(self: Box<Self>) {
            let mut body = self.body.lock().unwrap();
            let body = body.as_mut().unwrap();
            assert!(matches!(poll(body), Poll::Ready(Some(Ok(_)))));
            *self.has_ended.lock().unwrap() = Some(poll(body).is_ready());
        }
    }

    #[test]
    fn the_tee_is_completed_before_the_client_sees_the_end() {
        let tee = ReadOnComplete::default();
        let (body, writer) = Body::stream(Duration::from_mins(1));
        let mut writer = writer.with_tee(Box::new(tee.clone()));
        *tee.body.lock().unwrap() = Some(body);
        writer.write_all(b"all").unwrap();
        writer.finish().unwrap();
        assert_eq!(*tee.has_ended.lock().unwrap(), Some(false));
        assert!(next(tee.body.lock().unwrap().as_mut().unwrap()).is_none());
    }

    #[test]
    fn a_full_body_knows_its_length() {
        let mut body = Body::new("four");
        assert_eq!(body.size_hint().exact(), Some(4));
        assert_eq!(next(&mut body).unwrap().unwrap(), "four");
        assert!(next(&mut body).is_none());
    }
}
