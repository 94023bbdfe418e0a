//! The bodies of requests and responses, measured as they are read.

use std::{
    any,
    fmt::{self, Debug, Formatter},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
};

use hyper::{
    HeaderMap, Response,
    body::{Body, Buf, Frame, SizeHint},
    header::CONTENT_LENGTH,
};
use pin_project_lite::pin_project;

use super::{call::Call, recorder::End};

pin_project! {
    /// The body of a request that is measured: what is read of it counts.
    ///
    /// Frames, trailers, its end and what it says of its size are those of the body inside.
    pub struct RequestBody<B> {
        #[pin]
        inner: B,
        read: Option<Arc<AtomicU64>>,
    }
}

impl<B: Body> RequestBody<B> {
    pub(super) fn new(inner: B, call: Option<&mut Call>) -> RequestBody<B> {
        let has_content = !inner.is_end_stream();
        let read = call.filter(|_| has_content).map(Call::count_request);
        RequestBody { inner, read }
    }
}

impl<B: Body> Body for RequestBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let this = self.project();
        let polled = this.inner.poll_frame(context);
        if let (Poll::Ready(Some(Ok(frame))), Some(read)) = (&polled, this.read) {
            read.fetch_add(content(frame) as u64, Ordering::Relaxed);
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl<B: Default> Default for RequestBody<B> {
    /// One that belongs to no request.
    fn default() -> RequestBody<B> {
        RequestBody {
            inner: B::default(),
            read: None,
        }
    }
}

impl<B> Debug for RequestBody<B> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestBody").finish_non_exhaustive()
    }
}

pin_project! {
    /// The body of a response that is measured: the request ends with it.
    ///
    /// Frames, trailers, its end and what it says of its size are those of the body inside.
    pub struct ResponseBody<B> {
        #[pin]
        inner: B,
        // None when the request has ended.
        call: Option<Call>,
        // How many bytes there will be, where that is known.
        length: Option<u64>,
    }
}

impl<B: Body> ResponseBody<B> {
    /// Wraps the body of a response, whose request may have ended with it.
    pub(super) fn of(response: Response<B>, call: Option<Call>) -> Response<ResponseBody<B>> {
        let Some(mut call) = call else {
            return response.map(|inner| ResponseBody {
                inner,
                call: None,
                length: None,
            });
        };
        let (parts, inner) = response.into_parts();
        call.respond(parts.status);
        let end = call.verdict(&parts.headers);
        let length = inner.size_hint().exact();
        let length = length.or_else(|| stated_length(&parts.headers));
        let call = if inner.is_end_stream() {
            call.finish(end);
            None
        } else {
            // Nobody reads a body that is not sent.
            let is_unread = call.has_no_body() || length == Some(0);
            let is_settled = is_unread || end != End::Complete;
            call.leave(if is_settled { end } else { End::Cancelled });
            Some(call)
        };
        let body = ResponseBody {
            inner,
            call,
            length,
        };
        Response::from_parts(parts, body)
    }
}

impl<B: Body> Body for ResponseBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let mut this = self.project();
        let Some(mut call) = this.call.take() else {
            return this.inner.poll_frame(context);
        };
        // Where the body panics, it ends here.
        let before = call.enter();
        let polled = this.inner.as_mut().poll_frame(context);
        let end = match &polled {
            Poll::Pending => {
                call.leave(before);
                None
            }
            Poll::Ready(None) => Some(before.at_end()),
            Poll::Ready(Some(Err(_))) => Some(End::Failed(any::type_name::<B::Error>())),
            Poll::Ready(Some(Ok(frame))) => {
                let read = call.add(content(frame));
                // Those who know the length ask for no more when they have it.
                let is_whole = this.length.is_some_and(|length| read >= length);
                call.leave(if is_whole { before.at_end() } else { before });
                match frame.trailers_ref() {
                    // Nothing comes after them, and not everybody asks.
                    Some(trailers) => Some(call.verdict(trailers)),
                    None => this.inner.is_end_stream().then(|| before.at_end()),
                }
            }
        };
        if let Some(end) = end {
            call.finish(end);
            return polled;
        }
        *this.call = Some(call);
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl<B: Default> Default for ResponseBody<B> {
    /// One that belongs to no request.
    fn default() -> ResponseBody<B> {
        ResponseBody {
            inner: B::default(),
            call: None,
            length: None,
        }
    }
}

impl<B> Debug for ResponseBody<B> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseBody").finish_non_exhaustive()
    }
}

fn stated_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// The bytes of content in a frame.
fn content(frame: &Frame<impl Buf>) -> usize {
    frame.data_ref().map_or(0, Buf::remaining)
}
