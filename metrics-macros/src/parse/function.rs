//! Parses a function, whose body is kept as tokens.

use proc_macro2::{Ident, TokenStream};
use quote::ToTokens;
use syn::{
    Attribute, LitStr, Signature, Token, Visibility,
    ext::IdentExt,
    parse::{Parse, ParseStream},
};

use super::grammar::is_word;
use crate::model::Function;

/// Whether `input`, the rest of an item after its visibility, is a function.
pub(crate) fn function_follows(input: ParseStream) -> bool {
    let ahead = input.fork();
    loop {
        if ahead.peek(Token![fn]) {
            return true;
        }
        // Parses a qualifier as an identifier, because `TokenTree` would parse the whole fragment
        // of a `macro_rules!` that begins with the qualifier.
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
            code: None,
        })
    }
}
