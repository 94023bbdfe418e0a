//! Parses a function, and the function attributes that moved below the one being expanded.

use proc_macro2::TokenTree;
use syn::{
    Attribute, LitStr, Meta, Signature, Token,
    parse::{Parse, ParseStream},
};

use super::args;
use crate::model::{Args, Errors, Function, Instrument, MOVED_ARGUMENT};

/// Whether `input`, the rest of an item after its visibility, is a function.
pub(crate) fn function_follows(input: ParseStream) -> bool {
    let ahead = input.fork();
    loop {
        if ahead.peek(Token![fn]) {
            return true;
        }
        let is_qualifier = ahead.peek(Token![const])
            || ahead.peek(Token![async])
            || ahead.peek(Token![unsafe])
            || ahead.peek(Token![extern])
            || ahead.peek(LitStr)
            || ahead.peek(Token![default]);
        if !is_qualifier || ahead.parse::<TokenTree>().is_err() {
            return false;
        }
    }
}

impl Parse for Function {
    fn parse(input: ParseStream) -> syn::Result<Self> {
        let attrs = input.call(Attribute::parse_outer)?;
        let vis = input.parse()?;
        let defaultness = input.parse()?;
        let sig: Signature = input.parse()?;
        if input.peek(Token![;]) {
            let message = "the function has no body to record; put the attribute on its \
                           implementations";
            return Err(syn::Error::new(sig.ident.span(), message));
        }
        let content;
        let brace = syn::braced!(content in input);
        let inner_attrs = content.call(Attribute::parse_inner)?;
        Ok(Function {
            attrs,
            vis,
            defaultness,
            sig,
            inner_attrs,
            body: content.parse()?,
            brace: brace.span.join(),
        })
    }
}

/// Removes from a function the attributes that moved directly below the one being expanded, and
/// returns them, the topmost first; see `expand::stack`.
pub(crate) fn moved_attributes(function: &mut Function, reached_through: &str) -> Vec<Args> {
    let mut moved = Vec::new();
    while let Some(next) = function.next_active_attribute()
        && let Meta::List(meta) = &function.attrs[next].meta
        && let Some(last) = meta.path.segments.last()
        && let Some(instrument) = Instrument::named(&last.ident)
        && meta.tokens.clone().into_iter().any(is_mark)
    {
        // The attribute's own expansion has reported its errors: with any, it would not have moved.
        let errors = &mut Errors::default();
        moved.push(args(
            instrument,
            meta.tokens.clone(),
            reached_through,
            errors,
        ));
        function.attrs.remove(next);
    }
    moved
}

fn is_mark(token: TokenTree) -> bool {
    matches!(token, TokenTree::Ident(word) if word == MOVED_ARGUMENT)
}
