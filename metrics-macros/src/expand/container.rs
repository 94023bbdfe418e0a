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
//!     #[::metrics_core::counted(labels(self.region), __inherited, __block("Cart", T))]
//!     pub fn add(&mut self, item: T) { .. }
//!     #[::metrics_core::counted(labels(self.region), __inherited, __block("Cart", T))]
//!     #[counted(skip)]
//!     pub fn len(&self) -> usize { .. }
//! }
//! ```
//!
//! The attribute on the block cannot tell whether an item has its own attribute, because that may
//! be in a `cfg_attr` or imported under another name. So the inherited attribute checks this when
//! it is expanded.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;

use super::{
    expectations::relax,
    stack::{block_argument, with_hidden},
    tokens::in_braces,
};
use crate::model::{Args, Container, Enclosing, INHERITED_ARGUMENT, Member, MemberKind, is_inert};

/// Puts the attribute of an `impl` block, trait or module on the functions and blocks in it, even
/// on an item whose own attribute may replace it: see `model::merge`.
pub(crate) fn container(args: &Args, container: &Container) -> TokenStream {
    let Container {
        header,
        members,
        enclosing,
        brace,
        ..
    } = container;
    let [attrs, inner_attrs] = [&container.attrs, &container.inner_attrs].map(|attrs| {
        let mut attrs = attrs.clone();
        relax(&mut attrs);
        attrs
    });
    let members = members
        .iter()
        .map(|item| member(args, enclosing.as_ref(), item));
    let body = in_braces(*brace, quote!(#(#inner_attrs)* #(#members)*));
    quote!(#(#attrs)* #header #body)
}

fn member(args: &Args, enclosing: Option<&Enclosing>, member: &Member) -> TokenStream {
    let Member { attrs, item, kind } = member;
    let can_have_own = kind.is_function() || *kind == MemberKind::Container;
    let may_have_own = can_have_own && attrs.iter().any(|attr| !is_inert(attr));
    let added = (kind.is_instrumentable() || may_have_own).then(|| {
        let inherited = Ident::new(INHERITED_ARGUMENT, Span::call_site());
        let block = enclosing.filter(|_| kind.is_function()).map(block_argument);
        with_hidden(args, [Some(quote!(#inherited)), block])
    });
    quote!(#added #(#attrs)* #item)
}
