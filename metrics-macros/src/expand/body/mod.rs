//! The function with recorders around its body.
//!
//! The form depends on what is returned; `guard` and `run` are in `sync`, the others in `future`:
//!
//! | function | expands to |
//! |---|---|
//! | result not read | `let __call = call::CallGuard::<..>::new(series); { body }` |
//! | result read | `call::run_call::<..>(series, move \|\| { body }, ending)` |
//! | `async fn` | `fn .. -> impl Future { call::TrackedFuture::<..>::new(series, async move { body }, ending) }` |
//! | `async fn` below another attribute | `async fn .. { call::TrackedFuture::<..>::new(..).await }` |
//! | returns `impl Future` | `call::TrackedFuture::<..>::new(series, call::make_future(move \|\| body), ending)` |
//! | returns `Pin<Box<dyn Future>>` | the same in `call::box_future(..)` |
//! | `#[async_trait]` | `Box::pin(call::TrackedFuture::<..>::new(series, async move { body }, ending))` |
//!
//! No form copies the body or changes its tokens, so that errors in it appear as without the
//! attribute.

mod arguments;
mod future;
mod sync;

use proc_macro2::{Delimiter, Group, Span, TokenStream, TokenTree};
use quote::quote;
use syn::{ReturnType, Signature, Type, visit_mut::VisitMut};

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

/// The function with this signature and body.
pub(super) fn emit(function: &Function, sig: &Signature, body: &TokenStream) -> TokenStream {
    let Function {
        attrs,
        vis,
        defaultness,
        inner_attrs,
        brace,
        ..
    } = function;
    let body = in_braces(*brace, quote!(#(#inner_attrs)* #body));
    quote!(#(#attrs)* #vis #defaultness #sig #body)
}

/// A block whose braces have this span.
pub(super) fn in_braces(brace: Span, tokens: TokenStream) -> TokenTree {
    let mut group = Group::new(Delimiter::Brace, tokens);
    group.set_span(brace);
    group.into()
}

/// The body in braces of its own, which keep its items before all statements.
///
/// On one line, the body may be a mere expression, and with the user's span the compiler would
/// report the braces as unneeded.
fn body_block(brace: Span, body: &TokenStream) -> TokenTree {
    // The snapshot tests run outside of a compiler.
    let is_on_one_line =
        proc_macro::is_available() && brace.unwrap().start().line() == brace.unwrap().end().line();
    let span = if is_on_one_line {
        Span::mixed_site().located_at(brace)
    } else {
        brace
    };
    in_braces(span, body.clone())
}

/// `-> Type` for a closure, unless the type cannot be named there.
pub(super) fn closure_output(output: &ReturnType) -> TokenStream {
    match output {
        ReturnType::Type(arrow, ty) if !names_impl(ty) => quote!(#arrow #ty),
        _ => quote!(),
    }
}

fn names_impl(ty: &Type) -> bool {
    struct Finder(bool);

    impl VisitMut for Finder {
        fn visit_type_impl_trait_mut(&mut self, _: &mut syn::TypeImplTrait) {
            self.0 = true;
        }
    }

    let mut finder = Finder(false);
    finder.visit_type_mut(&mut ty.clone());
    finder.0
}
