//! Parses the attributes of an item, and finds the function attributes among them.

use proc_macro2::{Ident, TokenStream};
use syn::{
    Attribute, Meta,
    parse::{ParseStream, Parser},
};

use super::{args, grammar::crate_path};
use crate::model::{
    Args, BLOCK_ARGUMENT, Errors, INHERITED_ARGUMENT, Instrument, MOVED_ARGUMENT, is_inert,
    mentions,
};

/// The attributes of an item, and the item without them.
pub(crate) fn attributes(item: &TokenStream) -> syn::Result<(Vec<Attribute>, TokenStream)> {
    let parser = |input: ParseStream| Ok((input.call(Attribute::parse_outer)?, input.parse()?));
    parser.parse2(item.clone())
}

/// Removes the function attributes with the argument `__moved` that are directly below the
/// attribute `expanded`, or that `expanded` may replace, and returns them, the topmost first. See
/// `expand::stack`.
pub(crate) fn moved_attributes(
    attrs: &mut Vec<Attribute>,
    expanded: &Args,
    reached_through: &str,
) -> Vec<Args> {
    let mut moved = Vec::new();
    let mut is_directly_below = true;
    attrs.retain(|attr| {
        if let Some(instrument) = named(attr)
            && has_argument(attr, MOVED_ARGUMENT)
            && let Meta::List(list) = &attr.meta
            && (is_directly_below
                || !expanded.is_inherited && expanded.instrument.attribute == instrument.attribute)
        {
            // Drops the errors of a moved attribute: there are none, because an attribute with
            // errors does not move.
            let errors = &mut Errors::default();
            let tokens = list.tokens.clone();
            moved.push(args(
                instrument,
                tokens,
                crate_path(reached_through),
                errors,
            ));
            return false;
        }
        is_directly_below &= is_inert(attr);
        true
    });
    moved
}

/// The index of the first attribute that has the name of `instrument` and that no attribute on a
/// block has put on the item.
pub(crate) fn own_attribute(attrs: &[Attribute], instrument: &'static Instrument) -> Option<usize> {
    attrs.iter().position(|attr| {
        named(attr).is_some_and(|named| named.attribute == instrument.attribute)
            && !has_argument(attr, INHERITED_ARGUMENT)
            && !has_argument(attr, BLOCK_ARGUMENT)
    })
}

/// The index of the last attribute that may be a function attribute imported under another name; a
/// macro cannot see imports.
pub(crate) fn renamed_attribute(
    attrs: &[Attribute],
    instrument: &'static Instrument,
) -> Option<usize> {
    attrs.iter().rposition(|attr| {
        named(attr).is_none()
            && !is_inert(attr)
            && !is_foreign(attr)
            && has_arguments_of(attr, instrument)
    })
}

/// The function attribute that has the name of `attr`.
fn named(attr: &Attribute) -> Option<&'static Instrument> {
    Instrument::named(&attr.path().segments.last()?.ident)
}

fn has_argument(attr: &Attribute, name: &str) -> bool {
    let is_it = |word: &Ident| word == name;
    matches!(&attr.meta, Meta::List(list) if mentions(list.tokens.clone(), &is_it))
}

/// Whether an attribute has the name of a well-known attribute of the standard library or another
/// crate.
fn is_foreign(attr: &Attribute) -> bool {
    const FOREIGN: [&str; 9] = [
        "async_trait",
        "bench",
        "derive",
        "global_allocator",
        "instrument",
        "main",
        "panic_handler",
        "proc_macro",
        "test",
    ];
    let last = attr.path().segments.last();
    last.is_some_and(|last| FOREIGN.iter().any(|name| last.ident == name))
}

fn has_arguments_of(attr: &Attribute, instrument: &'static Instrument) -> bool {
    let mut errors = Errors::default();
    match &attr.meta {
        Meta::Path(_) => true,
        Meta::List(list) => {
            args(
                instrument,
                list.tokens.clone(),
                crate_path("m"),
                &mut errors,
            );
            errors.is_empty()
        }
        Meta::NameValue(_) => false,
    }
}
