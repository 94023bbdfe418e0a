//! Expands a function attribute on an `impl` block, a trait or an inline module.
//!
//! ```text
//! #[counted(labels(self.region))]
//! impl<T: Item> Cart<T> {
//!     pub fn add(&mut self, item: T) { .. }
//!     #[counted(skip)]
//!     pub fn len(&self) -> usize { .. }
//! }
//! ```
//!
//! expands to
//!
//! ```text
//! impl<T: Item> Cart<T> {
//!     #[::metrics_core::counted(labels(self.region), __block("Cart", T))]
//!     pub fn add(&mut self, item: T) { .. }
//!     pub fn len(&self) -> usize { .. }
//! }
//! ```

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;
use syn::{Attribute, Meta};

use super::tokens::in_braces;
use crate::model::{Args, BLOCK_ARGUMENT, Container, Enclosing, Member, without_comma};

/// Puts the attribute on the functions and containers in a container, except on members that have
/// the attribute themselves, `const fn`s and functions without a body.
pub(crate) fn container(args: &Args, container: &Container) -> TokenStream {
    let Container {
        attrs,
        header,
        inner_attrs,
        members,
        enclosing,
        brace,
    } = container;
    let members = members
        .iter()
        .map(|item| member(args, enclosing.as_ref(), item));
    let body = in_braces(*brace, quote!(#(#inner_attrs)* #(#members)*));
    quote!(#(#attrs)* #header #body)
}

fn member(args: &Args, enclosing: Option<&Enclosing>, member: &Member) -> TokenStream {
    let attribute = args.instrument.attribute;
    let mut attrs = member.attrs.clone();
    let block = enclosing.filter(|_| member.is_function).map(block_argument);
    let is_own = |attr: &Attribute| {
        let last = attr.path().segments.last();
        last.is_some_and(|last| last.ident == attribute)
    };
    let item = &member.item;
    let Some(own) = attrs.iter().position(is_own) else {
        let added = member.is_instrumentable.then(|| {
            let krate = &args.krate;
            let name = Ident::new(attribute, Span::call_site());
            let arguments = with_argument(args.tokens.clone(), block.as_ref());
            quote!(#[#krate::#name(#arguments)])
        });
        return quote!(#added #(#attrs)* #item);
    };
    // The function's own arguments replace the block's.
    let tokens = match &attrs[own].meta {
        Meta::List(list) => without_comma(list.tokens.clone()),
        _ => TokenStream::new(),
    };
    if tokens.to_string() == "skip" {
        attrs.remove(own);
    } else if block.is_some() {
        let path = attrs[own].path().clone();
        let arguments = with_argument(tokens, block.as_ref());
        attrs[own] = syn::parse_quote!(#[#path(#arguments)]);
    }
    quote!(#(#attrs)* #item)
}

/// The arguments in `tokens`, with `argument` added at the end if there is one.
fn with_argument(tokens: TokenStream, argument: Option<&TokenStream>) -> TokenStream {
    let tokens = without_comma(tokens);
    let comma = (!tokens.is_empty() && argument.is_some()).then(|| quote!(,));
    quote!(#tokens #comma #argument)
}

/// The tokens that `parse` reads as an [`Enclosing`].
fn block_argument(Enclosing { ty, generics }: &Enclosing) -> TokenStream {
    let name = Ident::new(BLOCK_ARGUMENT, Span::call_site());
    quote!(#name(#ty #(, #generics)*))
}
