//! Catches panics of futures, so that no code of the program can end a thread that pushes.

use std::{
    future::{Future, poll_fn},
    pin::pin,
};

pub(super) use crate::error::catch_panic;

/// Runs a future; returns the message of its panic, if it panics.
///
/// A future that has panicked is dropped and not polled again.
pub(super) async fn catch_panic_of<F: Future>(future: F) -> Result<F::Output, String> {
    let mut future = pin!(future);
    poll_fn(
        |context| match catch_panic(|| future.as_mut().poll(context)) {
            Ok(poll) => poll.map(Ok),
            Err(message) => Err(message).into(),
        },
    )
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_panic_of_a_future_is_caught() {
        assert_eq!(catch_panic_of(async { 1 }).await, Ok(1));
        let caught = catch_panic_of(async { panic!("one") }).await;
        assert_eq!(caught, Err::<(), _>("one".into()));
    }
}
