//! Parses the item that a function attribute is on.

use proc_macro2::TokenStream;
use syn::{
    Attribute, Visibility,
    parse::{ParseStream, Parser},
};

use super::{container::container, function::function_follows};
use crate::model::Item;

/// Parses the item that an attribute is on.
pub(crate) fn item(tokens: &TokenStream) -> syn::Result<Item> {
    if is_function(tokens) {
        let function = syn::parse2(tokens.clone())?;
        Ok(Item::Function(Box::new(function)))
    } else {
        container(tokens)
    }
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
