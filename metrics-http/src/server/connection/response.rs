//! [`TrackedBody`]: a response's body that reports its progress to the connection.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll, ready},
};

use hyper::body::{Body as HttpBody, Buf, Bytes, Frame, SizeHint};

use super::activity::{ChunkProgress, ResponseProgress};
use crate::scrape::Body;

/// A body whose chunks report when hyper has written them.
///
/// That hyper has read a body to its end does not mean that it has written it: an HTTP/2 connection
/// keeps chunks until the client's flow control admits them.
pub(super) struct TrackedBody {
    body: Body,
    progress: ResponseProgress,
}

impl TrackedBody {
    pub(super) fn new(body: Body, progress: ResponseProgress) -> TrackedBody {
        progress.head_ready();
        let tracked = TrackedBody { body, progress };
        // hyper does not poll an empty body.
        tracked.note_end();
        tracked
    }

    fn note_end(&self) {
        if self.body.is_end_stream() {
            self.progress.completed();
        }
    }
}

impl HttpBody for TrackedBody {
    type Data = TrackedChunk;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<TrackedChunk>>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        match &frame {
            None => self.progress.completed(),
            Some(Ok(_)) => self.note_end(),
            Some(Err(_)) => {}
        }
        let track = |frame: Frame<Bytes>| {
            frame.map_data(|bytes| TrackedChunk {
                progress: self.progress.chunk_ready(bytes.is_empty()),
                bytes,
            })
        };
        Poll::Ready(frame.map(|frame| frame.map(track)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A part of a body.
pub(super) struct TrackedChunk {
    bytes: Bytes,
    progress: ChunkProgress,
}

impl Buf for TrackedChunk {
    fn remaining(&self) -> usize {
        self.bytes.remaining()
    }

    fn chunk(&self) -> &[u8] {
        self.bytes.chunk()
    }

    fn chunks_vectored<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        self.bytes.chunks_vectored(slices)
    }

    fn advance(&mut self, count: usize) {
        self.bytes.advance(count);
        if count > 0 {
            self.progress.advanced(self.bytes.is_empty());
        }
    }
}
