//! Writes the closure that reads the result of a call: the closure decides whether the result is an
//! error, and computes the labels of the result. The arguments of the attribute select the
//! closure's form:
//!
//! | arguments | closure |
//! |---|---|
//! | none | `\|__result\| call::ValueProbe(__result).is_error()` |
//! | none, in `measure!` | `\|__result\| call::ValueProbe(__result.__inferred()).is_error()` |
//! | `ok_if = path` | `\|__result\| !call::map_result::<_, bool>(__result, path)` |
//! | `error_if = path` | `\|__result\| call::map_result::<_, bool>(__result, path)` |
//! | `labels(on_return(size: Size = f))` | `\|__result\| call::LabelledOutcome::new(.., &(call::ResultValue(Some(call::map_result::<_, Size>(__result, f))),))` |
//! | `err(fault: Fault)` | `\|__result\| call::LabelledOutcome::new(.., &(call::ResultValue::<&Fault>(call::error_of(__result)),))` |
//!
//! A label without a type is wrapped in `call::OpenLabel`, because its values are not known at
//! compile time.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::Expr;

use super::tokens::located_at;
use crate::model::{Args, Returns, first_span};

/// The closure that decides a call's outcome and result labels, and the imports that the closure
/// needs in scope. An error about an unknown type of the result appears at `span`.
pub(super) fn ending(
    args: &Args,
    returns: &Returns,
    call: &TokenStream,
    span: Span,
) -> (TokenStream, TokenStream) {
    let result = Ident::new("__result", Span::mixed_site());
    let mut imports = quote!();
    let is_error = if let Some(ok_if) = args.ok_if.get() {
        let is_ok = look(call, &result, ok_if, &quote!(bool));
        quote!(!#is_ok)
    } else if let Some(error_if) = args.error_if.get() {
        look(call, &result, error_if, &quote!(bool))
    } else if returns.decides_outcome(args) {
        imports = quote! {
            #[allow(unused_imports)]
            use #call::ValueProbeFallback as _;
        };
        let value = if returns.is_inferred() {
            imports.extend(quote! {
                #[allow(unused_imports)]
                use #call::Inferred as _;
            });
            quote_spanned!(span=> #result.__inferred())
        } else {
            quote!(#result)
        };
        quote!(#call::ValueProbe(#value).is_error())
    } else {
        quote!(false)
    };
    let mut labels = Vec::new();
    let mut first = None;
    for label in args.result_labels() {
        let ty = label.ty.as_ref();
        let ty_tokens = ty.map_or_else(|| quote!(_), ToTokens::to_token_stream);
        let mut value = look(call, &result, &label.value, &ty_tokens);
        if ty.is_none() {
            value = quote!(#call::OpenLabel(#value));
        }
        labels.push(quote!(#call::ResultValue(::core::option::Option::Some(#value))));
        first.get_or_insert(first_span(&label.value));
    }
    if let Some(label) = args.err.get() {
        let span = label.name.span();
        let call = located_at(call, span);
        let result = located_at(&result, span);
        let error = quote_spanned!(span=> #call::error_of(#result));
        labels.push(if let Some(ty) = &label.ty {
            quote_spanned!(span=> #call::ResultValue::<&#ty>(#error))
        } else {
            quote_spanned!(span=> #call::ResultValue(#error.map(#call::OpenLabel)))
        });
        first.get_or_insert(span);
    }
    // Emits a closure expression, because the compiler infers the type of a closure's parameter
    // only if the closure is written as an argument of the call. An error about a value that does
    // not implement `Label` appears at the tuple's span.
    let ending = if let Some(first) = first {
        let labels = quote_spanned!(first=> &(#(#labels,)*));
        quote!(|#result| #call::LabelledOutcome::new(#is_error, #labels))
    } else {
        quote!(|#result| #is_error)
    };
    (ending, imports)
}

/// Calls `function`, a closure or function of the user, with the result. Errors about the type of
/// `function` appear at its tokens.
fn look(call: &TokenStream, result: &Ident, function: &Expr, ty: &TokenStream) -> TokenStream {
    let span = first_span(function);
    let call = located_at(call, span);
    quote_spanned!(span=> #call::map_result::<_, #ty>(#result, #function))
}
