//! Expands `measure!`: wraps the closure, block or `async` block in code that records its call.
//!
//! `measure!("parse", counted, in_flight, || text.parse::<u32>())` expands to
//!
//! ```text
//! {
//!     use call::ValueProbeFallback as _;
//!     use call::Inferred as _;
//!     call::run_call::<call::Counted<_>, _, _>(
//!         { .. },                                            // the series: see `recorder`
//!         || call::run_call::<call::InFlightCall<_>, _, _>(
//!             { .. },
//!             || -> _ { text.parse::<u32>() },
//!             call::never_fails,
//!         ),
//!         |__result| call::ValueProbe(__result.__inferred()).is_error(),   // see `ending`
//!     )
//! }
//! ```
//!
//! A block expands like a closure. For an `async` block, the value is the future that the body of an
//! `async fn` becomes: see `future`.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};

use super::future::{imports, measured_block};
use crate::{
    expand::{output::closure_output, recorder::Recorder, tokens::in_braces},
    model::Function,
};

/// Wraps the code in `recorders`, of which there is at least one; the first is the outermost.
pub(in crate::expand) fn code(function: &Function, recorders: &[Recorder]) -> TokenStream {
    let imports = imports(recorders, None);
    let code = if function.sig.asyncness.is_some() {
        measured_block(function, recorders)
    } else {
        called(function, recorders)
    };
    quote!({ #imports #code })
}

/// Expands to code that calls the closure or block, or creates the future, without recorders.
/// `call` is the path of `metrics_core::__private::call`.
pub(in crate::expand) fn run(function: &Function, call: &TokenStream) -> TokenStream {
    let (capture, body) = (function.capture(), &function.body);
    if function.sig.asyncness.is_some() {
        return quote_spanned!(function.brace=> async #capture { #body });
    }
    let closure = closure(function);
    quote_spanned!(function.brace=> #call::make_future(#closure))
}

fn closure(function: &Function) -> TokenStream {
    let capture = function.capture();
    let output = closure_output(&function.sig.output);
    let body = in_braces(function.brace, function.body.clone());
    quote_spanned!(function.brace=> #capture || #output #body)
}

/// Wraps the call of the closure in the recorders.
fn called(function: &Function, recorders: &[Recorder]) -> TokenStream {
    let Some((recorder, inner)) = recorders.split_first() else {
        return TokenStream::new();
    };
    let Recorder {
        call,
        ty,
        series,
        ending,
        ..
    } = recorder;
    let body = if inner.is_empty() {
        closure(function)
    } else {
        let capture = function.capture();
        let body = in_braces(function.brace, called(function, inner));
        quote_spanned!(function.brace=> #capture || #body)
    };
    quote_spanned! {function.brace=>
        #call::run_call::<#ty, _, _>(#series, #body, #ending)
    }
}
