//! Functions that `sync.rs`, `future.rs` and others use to emit a function, a block around its
//! body, and a `return` statement.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::quote;
use syn::Signature;

use crate::{expand::tokens::in_braces, model::Function};

/// The function with this signature and body.
pub(in crate::expand) fn emit(
    function: &Function,
    sig: &Signature,
    body: &TokenStream,
) -> TokenStream {
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

/// The body in braces of its own, so that items in it do not follow generated statements.
///
/// The braces of a body on one line get a generated span, because the compiler would report braces
/// with the user's span around a mere expression as unneeded.
pub(super) fn body_block(brace: Span, body: &TokenStream) -> TokenTree {
    // Reads lines only inside a compiler: the snapshot tests run outside of one, where spans have
    // no lines.
    let is_on_one_line =
        proc_macro::is_available() && brace.unwrap().start().line() == brace.unwrap().end().line();
    let span = if is_on_one_line {
        Span::mixed_site().located_at(brace)
    } else {
        brace
    };
    in_braces(span, body.clone())
}

/// A statement that returns `expression` from the function. The `return` has a generated span, so
/// that it satisfies both `clippy::implicit_return` and `clippy::needless_return`.
pub(super) fn return_statement(expression: &TokenStream) -> TokenStream {
    let keyword = syn::Token![return](Span::mixed_site());
    quote!(#keyword #expression;)
}
