//! Functions for the tests of streams: they create a stream, collect its items, or poll it once.

use std::{
    pin::pin,
    task::{Context, Poll, Waker},
};

use futures_util::{Stream, StreamExt, stream};
use tests::{run, suspend};

/// A stream of `items` that returns `Poll::Pending` once before each item.
pub(crate) fn items<T>(items: impl IntoIterator<Item = T>) -> impl Stream<Item = T> {
    stream::iter(items).then(async |item| {
        suspend().await;
        item
    })
}

/// The items of a stream.
pub(crate) fn collect<S: Stream>(stream: S) -> Vec<S::Item> {
    run(stream.collect())
}

/// Polls a stream once for the next item.
pub(crate) fn poll_next<S: Stream + Unpin>(stream: &mut S) -> Poll<Option<S::Item>> {
    pin!(stream).poll_next(&mut Context::from_waker(Waker::noop()))
}

pub(crate) fn assert_send<T: Send>(value: T) -> T {
    value
}
