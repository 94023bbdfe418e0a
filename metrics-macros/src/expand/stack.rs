//! Several function attributes on one function, merged into one expansion.
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
//! and `#[timed]` then removes it and wraps the body once for both. If the attribute below has the
//! name of a function attribute and is from another crate, it leaves the moved ones alone, the
//! compiler expands them later, and nothing is lost.

use proc_macro2::{Ident, Span};
use quote::quote;
use syn::Attribute;

use crate::model::{Args, Function, Instrument, MOVED_ARGUMENT, without_comma};

/// Moves `attributes` below the next attribute that may be a macro, if that has the name of a
/// function attribute; returns whether it did.
pub(super) fn move_below_next(
    attributes: &[Args],
    krate: &syn::Path,
    function: &mut Function,
) -> bool {
    let Some(next) = function.next_active_attribute() else {
        return false;
    };
    let last = function.attrs[next].path().segments.last();
    if last.is_none_or(|last| Instrument::named(&last.ident).is_none()) {
        return false;
    }
    let mark = Ident::new(MOVED_ARGUMENT, Span::call_site());
    let moved = attributes.iter().map(|args| {
        let name = Ident::new(args.instrument.attribute, Span::call_site());
        let tokens = without_comma(args.tokens.clone());
        let comma = (!tokens.is_empty()).then(|| quote!(,));
        syn::parse_quote!(#[#krate::#name(#tokens #comma #mark)])
    });
    let moved: Vec<Attribute> = moved.collect();
    function.attrs.splice(next + 1..=next, moved);
    true
}
