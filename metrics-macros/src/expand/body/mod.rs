//! Wraps the body of a function in the code that records its calls.
//!
//! The form of the expansion depends on the return type. The first two forms are in `sync`, the
//! others in `future`:
//!
//! | function | expands to |
//! |---|---|
//! | result not read | `let __call = call::CallGuard::<..>::new(series); { body }` |
//! | result read | `call::run_call::<..>(series, move \|\| { body }, ending)` |
//! | `async fn` | `fn .. -> impl Future { call::TrackedFuture::<..>::new(series, async move { body }, ending) }` |
//! | `async fn` with another macro or `#[must_use]` below the attribute, or `-> !` | `async fn .. { call::TrackedFuture::<..>::new(..).await }` |
//! | returns `impl Future` | `call::TrackedFuture::<..>::new(series, call::make_future(move \|\| body), ending)` |
//! | returns `Pin<Box<dyn Future>>` | the same in `call::box_future(..)` |
//! | `#[async_trait]` | `Box::pin(call::TrackedFuture::<..>::new(series, async move { body }, ending))` |
//!
//! No form changes the tokens of the body, so that errors in it appear as without the attribute.

mod arguments;
mod code;
mod emit;
mod future;
mod sync;

use proc_macro2::TokenStream;

pub(super) use self::{
    code::{code, run},
    emit::emit,
};
use super::recorder::Recorder;
use crate::model::{Function, FutureForm};

/// The function with these recorders, of which there is at least one, around its body; the first is
/// the outermost.
pub(super) fn wrap(
    function: &Function,
    form: Option<FutureForm>,
    recorders: &[Recorder],
) -> TokenStream {
    match form {
        None => sync::wrap(function, recorders),
        Some(FutureForm::AsyncFn) => future::async_fn(function, recorders),
        Some(form) => future::returned(function, recorders, form),
    }
}
