//! Request and response bodies that count their bytes and notice their end.

use std::{
    any,
    fmt::{self, Debug, Formatter},
    pin::Pin,
    task::{Context, Poll},
};

use hyper::{
    HeaderMap, Response,
    body::{Body, Buf, Frame, SizeHint},
    header::CONTENT_LENGTH,
};
use pin_project_lite::pin_project;

use super::{
    byte_count::ByteCount,
    outcome::Completion,
    request::{self, MeasuredRequest},
};

pin_project! {
    /// The body of a measured request; counts the bytes that are read.
    ///
    /// Frames, trailers and size hint are those of the inner body.
    pub struct RequestBody<B> {
        #[pin]
        inner: B,
        bytes: Option<ByteCount>,
    }
}

impl<B: Body> RequestBody<B> {
    pub(super) fn new(inner: B, request: Option<&mut MeasuredRequest>) -> RequestBody<B> {
        let has_content = !inner.is_end_stream();
        let bytes = request
            .filter(|_| has_content)
            .map(MeasuredRequest::request_bytes);
        RequestBody { inner, bytes }
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
        if let (Poll::Ready(Some(Ok(frame))), Some(bytes)) = (&polled, this.bytes) {
            bytes.add(content_len(frame) as u64);
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
    /// A body that is not measured.
    fn default() -> RequestBody<B> {
        RequestBody {
            inner: B::default(),
            bytes: None,
        }
    }
}

impl<B> Debug for RequestBody<B> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestBody").finish_non_exhaustive()
    }
}

pin_project! {
    /// The body of a measured response; its end completes the request.
    ///
    /// Frames, trailers and size hint are those of the inner body.
    pub struct ResponseBody<B> {
        #[pin]
        inner: B,
        // `None` if the request is complete or not measured.
        request: Option<MeasuredRequest>,
        // Length of the whole body in bytes, if known.
        length: Option<u64>,
    }
}

impl<B: Body> ResponseBody<B> {
    /// Wraps the body of a response; completes the request if the body is empty.
    pub(super) fn wrap(
        response: Response<B>,
        request: Option<MeasuredRequest>,
    ) -> Response<ResponseBody<B>> {
        let mut length = None;
        let request = request.and_then(|mut request| {
            request.note_response(response.status(), response.headers());
            length = response.body().size_hint().exact();
            length = length.or_else(|| content_length(response.headers()));
            if response.body().is_end_stream() {
                request.finish(Completion::Complete);
                return None;
            }
            // Servers drop an empty body without reading it, so the drop is not a cancellation.
            let is_empty = request.has_no_body() || length == Some(0);
            request.leave(if is_empty || request.has_grpc_status() {
                Completion::Complete
            } else {
                Completion::Cancelled
            });
            Some(request)
        });
        response.map(|inner| ResponseBody {
            inner,
            request,
            length,
        })
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
        let Some(before) = this.request.as_mut().map(MeasuredRequest::enter) else {
            return this.inner.poll_frame(context);
        };
        let polled = request::run(this.request, || this.inner.as_mut().poll_frame(context));
        let Some(request) = this.request else {
            return polled;
        };
        let completion = match &polled {
            Poll::Pending => {
                request.leave(before);
                None
            }
            Poll::Ready(None) => Some(before.at_body_end()),
            Poll::Ready(Some(Err(_))) => Some(Completion::Failed(any::type_name::<B::Error>())),
            Poll::Ready(Some(Ok(frame))) => {
                let bytes = request.add_response_bytes(content_len(frame));
                // The last byte completes the body, because a reader that knows the length may not
                // poll for the end.
                let is_complete = this.length.is_some_and(|length| bytes >= length);
                request.leave(if is_complete {
                    before.at_body_end()
                } else {
                    before
                });
                match frame.trailers_ref() {
                    // Trailers complete the request, because they are the last frame, and not every
                    // reader polls for the end.
                    Some(trailers) => {
                        request.note_grpc_status(trailers);
                        Some(Completion::Complete)
                    }
                    None => this.inner.is_end_stream().then(|| before.at_body_end()),
                }
            }
        };
        if let Some(completion) = completion {
            request.leave(completion);
            *this.request = None;
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

impl<B: Default> Default for ResponseBody<B> {
    /// A body that is not measured.
    fn default() -> ResponseBody<B> {
        ResponseBody {
            inner: B::default(),
            request: None,
            length: None,
        }
    }
}

impl<B> Debug for ResponseBody<B> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseBody").finish_non_exhaustive()
    }
}

fn content_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Number of bytes of data in a frame.
fn content_len(frame: &Frame<impl Buf>) -> usize {
    frame.data_ref().map_or(0, Buf::remaining)
}
