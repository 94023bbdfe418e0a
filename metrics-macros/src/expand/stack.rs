//! Merges several function attributes on one function into one expansion.
//!
//! ```text
//! #[counted(labels(path))]
//! #[timed]
//! async fn fetch(path: &str) -> Page { .. }
//! ```
//!
//! `#[counted]`, which the compiler expands first, only moves below `#[timed]`:
//!
//! ```text
//! #[timed]
//! #[::metrics_core::counted(labels(path), __moved)]
//! async fn fetch(path: &str) -> Page { .. }
//! ```
//!
//! and `#[timed]` then removes the moved attribute and wraps the body once for both. If the
//! attribute below only has the name of a function attribute and is from another crate, that
//! attribute does not remove the moved ones. The compiler expands them later, so no attribute is
//! lost.
//!
//! An attribute that is inherited from a block moves below the attributes that may take its place,
//! which have to be expanded first: see `model::merge`.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;
use syn::{Attribute, Meta};

use crate::model::{
    Args, BLOCK_ARGUMENT, Enclosing, Function, Instrument, MOVED_ARGUMENT, mentions, without_comma,
};

/// Moves `attributes` below the next attribute that may be a macro, if that has the name of a
/// function attribute; returns whether it did.
pub(super) fn move_below_next(attributes: &[Args], function: &mut Function) -> bool {
    let Some(next) = function.next_active_attribute() else {
        return false;
    };
    let last = function.attrs[next].path().segments.last();
    if last.is_none_or(|last| Instrument::named(&last.ident).is_none()) {
        return false;
    }
    let moved = attributes.iter().map(moved);
    let moved: Vec<Attribute> = moved.collect();
    function.attrs.splice(next + 1..=next, moved);
    true
}

/// The attribute, with the hidden argument `__moved`, which says that it has moved below another
/// one.
pub(crate) fn moved(args: &Args) -> Attribute {
    let is_block = |word: &Ident| word == BLOCK_ARGUMENT;
    let enclosing = args.enclosing.as_ref();
    let block = enclosing.filter(|_| !mentions(args.tokens.clone(), &is_block));
    let mark = Ident::new(MOVED_ARGUMENT, Span::call_site());
    let attribute = with_hidden(args, [block.map(block_argument), Some(quote!(#mark))]);
    syn::parse_quote!(#attribute)
}

/// Removes the item's attribute at `own` if its argument is `skip`, else adds the block's type name
/// and generics, if any, to it.
pub(crate) fn replace(inherited: &Args, attrs: &mut Vec<Attribute>, own: usize) {
    let tokens = match &attrs[own].meta {
        Meta::List(list) => without_comma(list.tokens.clone()),
        _ => TokenStream::new(),
    };
    if tokens.to_string() == "skip" {
        attrs.remove(own);
    } else if let Some(enclosing) = &inherited.enclosing {
        let path = attrs[own].path();
        let comma = (!tokens.is_empty()).then(|| quote!(,));
        let block = block_argument(enclosing);
        attrs[own] = syn::parse_quote!(#[#path(#tokens #comma #block)]);
    }
}

/// The attribute with its arguments as written.
pub(crate) fn attribute(args: &Args) -> TokenStream {
    with_hidden(args, [])
}

/// The attribute with its arguments as written, and hidden ones.
pub(super) fn with_hidden<const N: usize>(
    args: &Args,
    hidden: [Option<TokenStream>; N],
) -> TokenStream {
    let krate = &args.krate;
    let name = Ident::new(args.instrument.attribute, Span::call_site());
    let written = without_comma(args.tokens.clone());
    let written = (!written.is_empty()).then_some(written);
    let arguments = written.into_iter().chain(hidden.into_iter().flatten());
    quote!(#[#krate::#name(#(#arguments),*)])
}

/// The hidden argument `__block(...)`, which `parse` reads as an [`Enclosing`].
pub(super) fn block_argument(Enclosing { ty, generics }: &Enclosing) -> TokenStream {
    let name = Ident::new(BLOCK_ARGUMENT, Span::call_site());
    quote!(#name(#ty #(, #generics)*))
}
