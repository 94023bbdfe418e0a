//! Catches panics of the program's code, so that they cannot end a thread of this crate.

use std::{
    any::Any,
    mem,
    panic::{AssertUnwindSafe, catch_unwind},
};

/// Calls a function; returns the message of its panic, if it panics.
///
/// Used instead of `catch_unwind`, whose result panics when it is dropped if the destructor of the
/// panic's payload does.
pub(crate) fn catch_panic<T>(call: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(call)).map_err(message)
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
}
