//! Parses a function, and the function attributes that moved below the one being expanded.

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{
    Attribute, LitStr, Meta, Signature, Token, Visibility,
    ext::IdentExt,
    parse::{Parse, ParseStream},
};

use super::{args, grammar::is_word};
use crate::model::{Args, Errors, Function, Instrument, MOVED_ARGUMENT};

/// Whether `input`, the rest of an item after its visibility, is a function.
pub(crate) fn function_follows(input: ParseStream) -> bool {
    let ahead = input.fork();
    loop {
        if ahead.peek(Token![fn]) {
            return true;
        }
        // Not a token tree: at the start of a fragment, that would be the whole fragment.
        let is_qualifier = is_word(&ahead, &["const", "async", "unsafe", "extern", "default"]);
        let is_parsed = if is_qualifier {
            ahead.call(Ident::parse_any).is_ok()
        } else {
            ahead.parse::<LitStr>().is_ok()
        };
        if !is_parsed {
            return false;
        }
    }
}

/// A function up to its body.
pub(super) struct Declared {
    vis: Visibility,
    defaultness: Option<Token![default]>,
    pub(super) sig: Signature,
}

impl Parse for Declared {
    fn parse(input: ParseStream) -> syn::Result<Self> {
        Ok(Declared {
            vis: input.parse()?,
            defaultness: input.parse()?,
            sig: input.parse()?,
        })
    }
}

impl ToTokens for Declared {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        self.vis.to_tokens(tokens);
        self.defaultness.to_tokens(tokens);
        self.sig.to_tokens(tokens);
    }
}

impl Parse for Function {
    fn parse(input: ParseStream) -> syn::Result<Self> {
        let attrs = input.call(Attribute::parse_outer)?;
        let Declared {
            vis,
            defaultness,
            sig,
        } = input.parse()?;
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
