//! Wraps the body of a function that returns a future or stream, or may do so, although the syntax
//! of its return type does not show which.
//!
//! `#[counted] fn call(&mut self, n: u8) -> Self::Future { self.service.call(n) }` expands to
//!
//! ```text
//! fn call(&mut self, n: u8) -> Self::Future {
//!     use call::ValueProbeFallback as _;
//!     use call::return_levels::*;
//!     return {
//!         let __series = { .. };                            // the series: see `recorder`
//!         let __body = call::body(move || -> Self::Future {
//!             let _ = &self;                                // see `arguments`
//!             let n = n;
//!             { self.service.call(n) }
//!         });
//!         let __form = (&&&&&&&__body.probe::<call::Undeclared>()).form();
//!         __form.run::<call::Counted<_>, call::Counted<_>, _, _, _, _>(
//!             __series,
//!             __body,
//!             |__result| call::ValueProbe(__result).is_error(),   // see `ending`
//!         )
//!     };
//! }
//! ```
//!
//! `metrics_core::call::returned` describes how the compiler selects the form. With
//! `#[counted(future)]` the form is known: the last two statements are then
//! `call::follow::<call::BoxedFutureForm, call::Counted<_>, _, _, _, _>(__series, __body, ..)`. If
//! the return type is `impl Trait`, its bounds are in the place of `call::Undeclared`:
//!
//! ```text
//! enum __Declared {}
//! impl<__T: Trait> call::Declares<__T> for __Declared {}
//! ```

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::{ReturnType, Type};

use super::{
    arguments::owned_arguments,
    emit::{body_block, emit, return_statement},
};
use crate::{
    expand::{
        output::closure_output,
        recorder::Recorder,
        tokens::{in_braces, located_at},
    },
    model::{Follow, Function, first_span, ungrouped},
};

/// Wraps a function that returns a future or stream, or may do so.
pub(super) fn wrap(function: &Function, recorders: &[Recorder], follow: Follow) -> TokenStream {
    let mut sig = function.sig.clone();
    let owned = owned_arguments(function, recorders, &mut sig);
    let imports = recorders.iter().map(|recorder| &recorder.imports);
    let call = &recorders[0].call;
    let levels = (follow == Follow::Probed).then(|| {
        quote! {
            #[allow(unused_imports)]
            use #call::return_levels::*;
        }
    });
    let items = &recorders[0].declared.items;
    let body = recorders[0].hinted(body_block(function.brace, &function.body).into());
    let mut body = quote!(#owned #body);
    for recorder in recorders.iter().rev() {
        body = call_of(function, recorder, follow, &body);
    }
    let body = return_statement(&in_braces(function.brace, body).into());
    let body = quote!(#(#imports)* #levels #items #body);
    emit(function, &sig, &body)
}

/// The statements that put `body` in a closure, run it, and record the call.
fn call_of(
    function: &Function,
    recorder: &Recorder,
    follow: Follow,
    body: &TokenStream,
) -> TokenStream {
    let Recorder {
        call,
        ty,
        series,
        ending,
        declared,
        ..
    } = recorder;
    let bounds = &declared.bounds;
    let [series_name, body_name, form_name] =
        ["__series", "__body", "__form"].map(|name| Ident::new(name, Span::mixed_site()));
    let output = closure_output(&function.sig.output);
    let closure = in_braces(function.brace, body.clone());
    // Takes the span of the return type, so that errors and warnings about the type appear there.
    let (span, is_opaque) = match &function.sig.output {
        ReturnType::Type(_, ty) => (first_span(ty), is_opaque(ty)),
        ReturnType::Default => (function.brace, false),
    };
    let form = match (follow, is_opaque) {
        (Follow::Probed, _) => None,
        (Follow::IntoFuture, _) => Some("IntoFutureForm"),
        (Follow::Future, true) => Some("FutureForm"),
        (Follow::Future, false) => Some("BoxedFutureForm"),
        (Follow::Stream, true) => Some("StreamForm"),
        (Follow::Stream, false) => Some("BoxedStreamForm"),
    };
    let run = if let Some(form) = form {
        let form = Ident::new(form, span);
        let (call, ty) = (located_at(call, span), located_at(ty, span));
        let follow = quote_spanned!(span=> #call::follow::<#call::#form, #ty, _, _, _, _>);
        quote!(#follow(#series_name, #body_name, #ending))
    } else {
        let form = quote_spanned!(span=> form());
        quote! {
            #[allow(clippy::needless_borrow)]
            let #form_name = (&&&&&&&#body_name.probe::<#bounds>()).#form;
            #form_name.run::<#ty, #ty, _, _, _, _>(#series_name, #body_name, #ending)
        }
    };
    quote_spanned! {function.brace=>
        let #series_name = #series;
        let #body_name = #call::body(move || #output #closure);
        #run
    }
}

fn is_opaque(ty: &Type) -> bool {
    matches!(ungrouped(ty), Type::ImplTrait(_))
}
