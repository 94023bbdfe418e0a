//! Polls futures without an async runtime.

use std::{
    future::poll_fn,
    mem,
    pin::{Pin, pin},
    task::{Context, Poll, Waker},
};

/// Polls a future once, with a waker that does nothing.
pub fn poll<F: Future + ?Sized>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// Polls a future until it is ready, without waiting between two polls.
pub fn run<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = poll(future.as_mut()) {
            return output;
        }
    }
}

/// Suspends the caller once: the first poll is pending, the second one ready.
pub async fn suspend() {
    let mut is_suspended = false;
    poll_fn(|_| {
        if mem::replace(&mut is_suspended, true) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
    .await;
}
