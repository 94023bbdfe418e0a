//! Catches panics, so that no code of the program can end a thread that pushes.

use std::{
    any::Any,
    future::{Future, poll_fn},
    mem,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
};

/// Calls a function; returns the message of its panic, if it panics.
pub(super) fn catch_panic<T>(call: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(call)).map_err(message)
}

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

fn message(payload: Box<dyn Any + Send>) -> String {
    let message = if let Some(text) = payload.downcast_ref::<&str>() {
        (*text).to_owned()
    } else if let Some(text) = payload.downcast_ref::<String>() {
        text.clone()
    } else {
        "the panic has no message".to_owned()
    };
    // The destructor of a payload may panic, and so may that of the second payload.
    if let Err(second) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        mem::forget(second);
    }
    message
}

#[cfg(test)]
mod tests {
    use std::panic::panic_any;

    use super::*;

    #[test]
    fn the_message_of_a_panic_is_returned() {
        assert_eq!(catch_panic(|| 1), Ok(1));
        assert_eq!(catch_panic(|| panic!("one")), Err::<(), _>("one".into()));
        let two = 2;
        assert_eq!(catch_panic(|| panic!("{two}")), Err::<(), _>("2".into()));
    }

    #[test]
    fn a_payload_whose_destructor_panics_does_not_panic() {
        struct Bomb;

        impl Drop for Bomb {
            fn drop(&mut self) {
                panic!("the payload is dropped");
            }
        }

        let caught = catch_panic(|| panic_any(Bomb));
        assert_eq!(caught, Err::<(), _>("the panic has no message".into()));
    }

    #[tokio::test]
    async fn the_panic_of_a_future_is_caught() {
        assert_eq!(catch_panic_of(async { 1 }).await, Ok(1));
        let caught = catch_panic_of(async { panic!("one") }).await;
        assert_eq!(caught, Err::<(), _>("one".into()));
    }
}
