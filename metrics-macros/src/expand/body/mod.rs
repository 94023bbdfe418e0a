//! Wraps the body of a function in the code that records its calls.
//!
//! The signature and the attribute select the form of the expansion. The closure `ending` reads the
//! result. `sync` has the first three forms, `returned` the last, and `future` the others:
//!
//! | function | expands to |
//! |---|---|
//! | result not read | `let __call = call::PanicGuard::<..>::new(series); let __result: T = { body }; __call.returned(); __result` |
//! | the same, with a `return` in the body | `let __call = call::CallGuard::<..>::new(series); { body }` |
//! | result read | `call::run_call::<..>(series, move \|\| { body }, ending)` |
//! | `async fn` | `fn .. -> impl Future { call::TrackedFuture::<..>::new(series, async move { body }, ending) }` |
//! | `async fn` with another macro or `#[must_use]` below the attribute, or `-> !` | `async fn .. { call::TrackedFuture::<..>::new(..).await }` |
//! | returns `impl Future` | `call::TrackedFuture::<..>::new(series, call::make_future(move \|\| body), ending)` |
//! | returns `Pin<Box<dyn Future>>` | the same in `call::box_future(..)` |
//! | `#[async_trait]` | `Box::pin(call::TrackedFuture::<..>::new(series, async move { body }, ending))` |
//! | may return a future or stream | `let __body = call::body(move \|\| { body }); (&&&&&&&__body.probe::<..>()).form().run::<..>(series, __body, ending)` |
//!
//! No form changes the tokens of the body, so that errors in the body appear as without the
//! attribute.

mod arguments;
mod code;
mod emit;
mod future;
mod returned;
mod sync;

use proc_macro2::TokenStream;

pub(super) use self::{
    code::{code, run},
    emit::emit,
};
use super::recorder::Recorder;
use crate::model::{CallForm, Function};

/// Wraps the body of `function` in `recorders`, of which there is at least one; the first is
/// the outermost.
pub(super) fn wrap(function: &Function, form: CallForm, recorders: &[Recorder]) -> TokenStream {
    match form {
        CallForm::Value => sync::wrap(function, recorders),
        CallForm::AsyncFn(follow) => future::async_fn(function, recorders, follow),
        CallForm::Opaque | CallForm::Boxed => future::returned(function, recorders, form),
        CallForm::Returned(follow) => returned::wrap(function, recorders, follow),
    }
}
