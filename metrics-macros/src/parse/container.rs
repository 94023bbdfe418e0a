//! Parses an `impl` block, a trait or an inline module that a function attribute is on.

use proc_macro2::TokenStream;
use syn::{
    Attribute, Token,
    parse::{ParseStream, Parser},
};

use super::{header::header, member::member};
use crate::model::{Container, Item};

/// Parses an item that is not a function.
pub(crate) fn container(tokens: &TokenStream) -> syn::Result<Item> {
    let parser = |input: ParseStream| {
        let attrs = input.call(Attribute::parse_outer)?;
        let Some(header) = header(input)? else {
            input.parse::<TokenStream>()?;
            return Ok(Item::Other);
        };
        if input.parse::<Option<Token![;]>>()?.is_some() {
            return Ok(Item::FileModule(header.tokens));
        }
        let content;
        let brace = syn::braced!(content in input);
        let inner_attrs = content.call(Attribute::parse_inner)?;
        let mut members = Vec::new();
        while !content.is_empty() {
            members.push(member(&content)?);
        }
        Ok(Item::Container(Container {
            attrs,
            header: header.tokens,
            inner_attrs,
            members,
            enclosing: header.enclosing,
            brace: brace.span.join(),
        }))
    };
    parser.parse2(tokens.clone())
}
