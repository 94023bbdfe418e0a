//! Wraps the body of a function that returns its result, and not a future.
//!
//! `#[counted] fn parse(text: &str) -> Result<u32, ParseError> { text.parse() }` expands to
//!
//! ```text
//! fn parse(text: &str) -> Result<u32, ParseError> {
//!     use call::ValueProbeFallback as _;
//!     return call::run_call::<call::Counted<_>, _, _>(
//!         { .. },                                       // the series: see `recorder`
//!         move || -> Result<u32, ParseError> {
//!             let text = text;                          // see `arguments`
//!             { text.parse() }
//!         },
//!         |__result| call::ValueProbe(__result).is_error(),   // see `ending`
//!     );
//! }
//! ```
//!
//! If no recorder reads the result, a guard before the body suffices, and the body needs no closure,
//! which would take longer to compile. The guard is a `PanicGuard` if the body can only end at its
//! end or by a panic: see `expand::function`. A body that may return early needs a `CallGuard`, which
//! takes 23 instructions more, because it checks at both ends whether the thread is panicking.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::ReturnType;

use super::{
    arguments::owned_arguments,
    emit::{body_block, emit, return_statement},
};
use crate::{
    expand::{
        output::{closure_output, is_never, names_impl},
        recorder::Recorder,
        tokens::in_braces,
    },
    model::{Function, may_return_early},
};

pub(super) fn wrap(function: &Function, recorders: &[Recorder]) -> TokenStream {
    let mut sig = function.sig.clone();
    let reads_result = recorders.iter().any(|recorder| recorder.reads_result);
    let owned = reads_result.then(|| owned_arguments(function, recorders, &mut sig));
    let returns_early = reads_result
        || may_return_early(&function.body)
        || is_never(&function.sig.output)
        || matches!(&function.sig.output, ReturnType::Type(_, ty) if names_impl(ty));
    let body = if returns_early {
        nested(function, recorders, owned.as_ref(), false)
    } else {
        ends_last(function, recorders)
    };
    emit(function, &sig, &body)
}

/// Puts a `PanicGuard` before the body for each recorder, and its end after the body. None of the
/// recorders reads the result.
fn ends_last(function: &Function, recorders: &[Recorder]) -> TokenStream {
    let Some((recorder, inner)) = recorders.split_first() else {
        return body_block(function.brace, &function.body).into();
    };
    let Recorder {
        call, ty, series, ..
    } = recorder;
    let body = ends_last(function, inner);
    let body = if inner.is_empty() {
        body
    } else {
        quote!({ #body })
    };
    let (guard, result) = ["__call", "__result"]
        .map(|name| Ident::new(name, Span::mixed_site()))
        .into();
    let begin = quote!(let #guard = #call::PanicGuard::<#ty>::new(#series););
    // The compiler may know that the body never ends, and would report the call as unreachable.
    let end = quote!(#[allow(unreachable_code)] #guard.returned(););
    match &function.sig.output {
        ReturnType::Default => quote!(#begin #body #end),
        ReturnType::Type(_, ty) => quote!(#begin let #result: #ty = #body; #end #result),
    }
}

/// For each recorder, puts a `CallGuard` before the body, or the body in a closure that `run_call`
/// calls. The innermost closure begins with `owned`, statements that make it own the arguments.
fn nested(
    function: &Function,
    recorders: &[Recorder],
    owned: Option<&TokenStream>,
    is_in_closure: bool,
) -> TokenStream {
    let Some((recorder, inner)) = recorders.split_first() else {
        return body_block(function.brace, &function.body).into();
    };
    let Recorder {
        call,
        ty,
        series,
        ending,
        imports,
        ..
    } = recorder;
    let is_in_closure_inside = is_in_closure || recorder.reads_result;
    let mut body = nested(function, inner, owned, is_in_closure_inside);
    if !recorder.reads_result {
        let guard = Ident::new("__call", Span::mixed_site());
        return quote!(let #guard = #call::CallGuard::<#ty>::new(#series); #body);
    }
    let is_innermost = !inner.iter().any(|inner| inner.reads_result);
    let owned = owned.filter(|_| is_innermost);
    if is_innermost {
        body = recorder.hinted(body);
    }
    let output = closure_output(&function.sig.output);
    let body = in_braces(function.brace, quote!(#owned #body));
    let mut run = quote_spanned! {function.brace=>
        #call::run_call::<#ty, _, _>(#series, move || #output #body, #ending)
    };
    if !is_in_closure {
        run = return_statement(&run);
    }
    quote!(#imports #run)
}
