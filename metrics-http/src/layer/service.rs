//! `Measured`, the service that a layer wraps around a service to measure its requests.

use std::{
    any,
    fmt::{self, Debug, Formatter},
    future::Future,
    marker::PhantomData,
    pin::Pin,
    task::{Context, Poll},
};

use hyper::{Request, Response, body::Body};
use pin_project_lite::pin_project;
use tower_service::Service;

use super::{
    body::{RequestBody, ResponseBody},
    outcome::Completion,
    recorder::Recorder,
    request::{self, MeasuredRequest},
};

/// A service whose requests are measured.
///
/// Created by [`ServerLayer`](super::ServerLayer) and [`ClientLayer`](super::ClientLayer).
#[derive(Clone, Debug)]
pub struct Measured<S> {
    inner: S,
    recorder: &'static Recorder,
}

impl<S> Measured<S> {
    pub(super) fn new(inner: S, recorder: &'static Recorder) -> Measured<S> {
        Measured { inner, recorder }
    }
}

impl<S, B, R> Service<Request<B>> for Measured<S>
where
    S: Service<Request<RequestBody<B>>, Response = Response<R>>,
    B: Body,
    R: Body,
{
    type Response = Response<ResponseBody<R>>;
    type Error = S::Error;
    type Future = MeasuredFuture<S::Future, S::Error>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let (parts, body) = request.into_parts();
        let mut measured = MeasuredRequest::begin(self.recorder, &parts);
        let body = RequestBody::new(body, measured.as_mut());
        let inner = self.inner.call(Request::from_parts(parts, body));
        if let Some(measured) = &mut measured {
            measured.leave(Completion::Cancelled);
        }
        MeasuredFuture {
            inner,
            request: measured,
            error: PhantomData,
        }
    }
}

pin_project! {
    /// The future of a [`Measured`] service.
    #[must_use = "futures do nothing unless polled"]
    pub struct MeasuredFuture<F, E> {
        #[pin]
        inner: F,
        request: Option<MeasuredRequest>,
        error: PhantomData<fn() -> E>,
    }
}

impl<F, R, E> Future for MeasuredFuture<F, E>
where
    F: Future<Output = Result<Response<R>, E>>,
    R: Body,
{
    type Output = Result<Response<ResponseBody<R>>, E>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if let Some(request) = this.request {
            request.enter();
        }
        match request::run(this.request, || this.inner.poll(context)) {
            Poll::Pending => {
                if let Some(request) = this.request {
                    request.leave(Completion::Cancelled);
                }
                Poll::Pending
            }
            Poll::Ready(Ok(response)) => {
                Poll::Ready(Ok(ResponseBody::wrap(response, this.request.take())))
            }
            Poll::Ready(Err(error)) => {
                if let Some(request) = this.request.take() {
                    request.finish(Completion::Failed(any::type_name::<E>()));
                }
                Poll::Ready(Err(error))
            }
        }
    }
}

impl<F, E> Debug for MeasuredFuture<F, E> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("MeasuredFuture").finish_non_exhaustive()
    }
}
