//! [`ObservedStream`]: a stream that notices that everything is written, and that the client has
//! closed its side.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::activity::Activity;
use crate::server::listener::Stream;

/// The stream between hyper and TLS or the socket.
pub(super) struct ObservedStream<S> {
    stream: S,
    activity: Arc<Activity>,
    allows_half_close: bool,
}

impl<S> ObservedStream<S> {
    pub(super) fn new(stream: S, activity: Arc<Activity>) -> ObservedStream<S> {
        ObservedStream {
            stream,
            activity,
            allows_half_close: false,
        }
    }

    /// Conceals from hyper that the client has closed its side until its responses are written.
    ///
    /// hyper's own setting for half-closed connections is not used, because hyper then does not
    /// read while it answers a request, and does not notice that a client resets the connection.
    #[must_use]
    pub(super) fn allow_half_close(mut self) -> ObservedStream<S> {
        self.allows_half_close = true;
        self
    }
}

impl<S: Stream> AsyncRead for ObservedStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let filled = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        let is_end = buffer.filled().len() == filled && buffer.remaining() > 0;
        if is_end && self.allows_half_close {
            return self.activity.poll_closed(context).map(Ok);
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: Stream> AsyncWrite for ObservedStream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    /// hyper flushes after it has written all that it had buffered, and TLS then writes what it has
    /// buffered to the socket, so a flush means that everything is written.
    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_flush(context))?;
        self.activity.flushed();
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }
}
