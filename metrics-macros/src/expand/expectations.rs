//! Replaces `#[expect(lint)]` by `#[allow(lint)]` for lints that the expansion may silence.
//!
//! Some lints look at a function's signature, at whether it awaits, or at whether its result is
//! always `Ok`. They do not find this in the expansion, and `#[expect]` would report an unfulfilled
//! expectation. This module replaces all Clippy lints and `unconditional_recursion`, on the
//! function, on its arguments and on the `impl` block, trait or module around it:
//!
//! `#[expect(clippy::unused_async, dead_code)]` gives `#[allow(clippy::unused_async)]` and
//! `#[expect(dead_code)]`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Attribute, FnArg, Meta, Path, Token, parse_quote, punctuated::Punctuated};

use crate::model::Function;

/// Replaces `#[expect]` by `#[allow]`, for lints that the expansion may silence, on a function and
/// its arguments.
pub(super) fn relax_function(function: &mut Function) {
    relax(&mut function.attrs);
    relax(&mut function.inner_attrs);
    for input in &mut function.sig.inputs {
        relax(match input {
            FnArg::Receiver(receiver) => &mut receiver.attrs,
            FnArg::Typed(input) => &mut input.attrs,
        });
    }
}

/// Replaces `#[expect]` by `#[allow]` for lints that the expansion may silence.
pub(super) fn relax(attrs: &mut Vec<Attribute>) {
    let all = std::mem::take(attrs);
    attrs.extend(all.into_iter().flat_map(|attr| {
        let metas = relaxed(&attr.meta);
        metas.into_iter().map(move |meta| Attribute {
            meta,
            ..attr.clone()
        })
    }));
}

/// Returns the attributes that replace an attribute: in most cases, the attribute itself.
fn relaxed(meta: &Meta) -> Vec<Meta> {
    let unchanged = vec![meta.clone()];
    let Meta::List(list) = meta else {
        return unchanged;
    };
    let is_conditional = list.path.is_ident("cfg_attr");
    if !is_conditional && !list.path.is_ident("expect") {
        return unchanged;
    }
    let parser = Punctuated::<Meta, Token![,]>::parse_terminated;
    let Ok(arguments) = list.parse_args_with(parser) else {
        // Leaves the attribute to the compiler, which reports the error in it.
        return unchanged;
    };
    if is_conditional {
        let condition = arguments.first();
        let attrs = arguments.iter().skip(1).flat_map(relaxed);
        return vec![parse_quote!(cfg_attr(#condition #(, #attrs)*))];
    }
    let (lints, reason): (Vec<Meta>, Vec<Meta>) = arguments
        .into_iter()
        .partition(|argument| matches!(argument, Meta::Path(_)));
    let (allowed, expected): (Vec<Meta>, Vec<Meta>) = lints
        .into_iter()
        .partition(|lint| depends_on_form(lint.path()));
    let level = |name: TokenStream, lints: &[Meta]| -> Option<Meta> {
        (!lints.is_empty()).then(|| parse_quote!(#name(#(#lints,)* #(#reason),*)))
    };
    let levels = [
        level(quote!(allow), &allowed),
        level(quote!(expect), &expected),
    ];
    levels.into_iter().flatten().collect()
}

/// Whether a lint may report a function as written but not its expansion.
fn depends_on_form(lint: &Path) -> bool {
    let first = lint.segments.first();
    first.is_some_and(|first| first.ident == "clippy") || lint.is_ident("unconditional_recursion")
}
