//! Parses the item that a function attribute is on.

use proc_macro2::{Ident, TokenStream};
use syn::{
    Attribute, Token, Visibility,
    parse::{ParseStream, Parser},
};

use super::{
    container::container,
    function::{Declared, function_follows},
};
use crate::model::Item;

/// Parses the item that an attribute is on.
pub(crate) fn item(tokens: &TokenStream) -> syn::Result<Item> {
    if !is_function(tokens) {
        return container(tokens);
    }
    if let Ok(name) = declaration.parse2(tokens.clone()) {
        return Ok(Item::Declaration(name));
    }
    let function = syn::parse2(tokens.clone())?;
    Ok(Item::Function(Box::new(function)))
}

/// The name of a function without a body.
fn declaration(input: ParseStream) -> syn::Result<Ident> {
    input.call(Attribute::parse_outer)?;
    let declared: Declared = input.parse()?;
    input.parse::<Token![;]>()?;
    Ok(declared.sig.ident)
}

fn is_function(item: &TokenStream) -> bool {
    let parser = |input: ParseStream| {
        input.call(Attribute::parse_outer)?;
        input.parse::<Visibility>()?;
        let found = function_follows(input);
        input.parse::<TokenStream>()?;
        Ok(found)
    };
    parser.parse2(item.clone()).unwrap_or(false)
}
