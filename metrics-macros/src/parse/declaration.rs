//! Parses the input of `metrics!`.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{
    Attribute, LitStr, Path, Token, Visibility,
    ext::IdentExt,
    parse::{ParseStream, Parser},
};

use super::{
    grammar::attributes, metric_attrs::metric_attrs, metric_type::metric_type, text::text,
};
use crate::model::{Declaration, Declarations, Errors, similar};

/// Parses the path of metrics-core, which the `macro_rules!` macro `metrics!` passes, and the
/// user's input.
///
/// Each part up to a `;` is parsed by itself, so that a part with a syntax error does not hide
/// errors in the others.
pub(crate) fn declarations(tokens: TokenStream, errors: &mut Errors) -> syn::Result<Declarations> {
    let parser = |input: ParseStream| {
        let krate = input.call(Path::parse_mod_style)?;
        let prefix = prefix(input, errors)?;
        let mut parts = vec![TokenStream::new()];
        while !input.is_empty() {
            let token: TokenTree = input.parse()?;
            let is_end = matches!(&token, TokenTree::Punct(punct) if punct.as_char() == ';');
            parts.last_mut().expect("never empty").extend([token]);
            if is_end {
                parts.push(TokenStream::new());
            }
        }
        Ok((krate, prefix, parts))
    };
    let (krate, prefix, parts) = parser.parse2(tokens)?;
    let mut list = Vec::new();
    for part in parts {
        add_declarations(part, &mut list, errors);
    }
    Ok(Declarations {
        krate,
        prefix,
        list,
    })
}

/// Parses a declaration, or several if the `;` between them is missing.
fn add_declarations(tokens: TokenStream, list: &mut Vec<Declaration>, errors: &mut Errors) {
    let mut own = Errors::default();
    let parser = |input: ParseStream| {
        while !input.is_empty() {
            match declaration(input, &mut own) {
                Ok(declaration) => list.push(declaration),
                Err(error) => {
                    own.push(error);
                    input.parse::<TokenStream>()?;
                }
            }
        }
        Ok(())
    };
    let skipped = parser.parse2(tokens).err();
    // Reports a skipped token only if there is no other error, because that may be the cause.
    if let Some(skipped) = skipped.filter(|_| own.is_empty()) {
        own.push(syn::Error::new(
            skipped.span(),
            "unexpected token; remove it",
        ));
    }
    errors.append(own);
}

/// Parses `prefix = "app";`, if the block begins with a setting. Reports a malformed setting and
/// returns a prefix in its place, so that metrics without a name cause no further errors.
fn prefix(input: ParseStream, errors: &mut Errors) -> syn::Result<Option<LitStr>> {
    const EXAMPLE: &str = "write `prefix = \"app\";`";

    let is_setting = input.peek(syn::Ident)
        && (input.peek2(Token![=]) || input.peek2(Token![:]) || input.peek2(syn::token::Paren));
    if !is_setting {
        return Ok(None);
    }
    let key: Ident = input.parse()?;
    if key != "prefix" {
        let remedy = match similar(&key, &["prefix"]) {
            Some(_) => "did you mean `prefix`?",
            None => "expected `prefix`",
        };
        errors.at(&key, format_args!("unknown setting `{key}`; {remedy}"));
    } else if !input.peek(Token![=]) {
        errors.at(&key, format_args!("the prefix needs `=`; {EXAMPLE}"));
    } else {
        input.parse::<Token![=]>()?;
        let prefix = text(input, |span| {
            let message = format_args!("the prefix is a string literal; {EXAMPLE}");
            syn::Error::new(span, message)
        });
        if let Some(prefix) = errors.take(prefix) {
            end(&prefix, "the prefix", input, errors)?;
            return Ok(Some(prefix));
        }
    }
    while !input.is_empty() && input.parse::<Option<Token![;]>>()?.is_none() {
        input.parse::<TokenTree>()?;
    }
    Ok(Some(LitStr::new("app", key.span())))
}

fn declaration(input: ParseStream, errors: &mut Errors) -> syn::Result<Declaration> {
    let attrs = attributes(input)?;
    let vis: Visibility = input.parse()?;
    let keyword = keyword(attrs.last(), &vis, input)?;
    let attrs = metric_attrs(attrs, errors);
    if let Some(mutable) = input.parse::<Option<Token![mut]>>()? {
        errors.at(mutable, "recording needs no mutable static; remove `mut`");
    }
    let ident = input.parse::<Ident>().map_err(|error| {
        let message = "the metric needs a name; write `static REQUESTS: Counter`";
        syn::Error::new(error.span(), message)
    })?;
    if input.parse::<Option<Token![:]>>()?.is_none() {
        let message = format_args!("the type is missing; write `static {ident}: Counter`");
        return Err(syn::Error::new(ident.span(), message));
    }
    let ty = metric_type(input, errors)?;
    let name = name(input, errors)?;
    let end = match &name {
        Some(name) => end(name, "a declaration", input, errors)?,
        None => end(&ty.kind, "a declaration", input, errors)?,
    };
    Ok(Declaration {
        attrs,
        vis,
        keyword,
        end,
        ident,
        ty,
        name,
    })
}

/// Parses the word `static`.
fn keyword(
    last_attr: Option<&Attribute>,
    vis: &Visibility,
    input: ParseStream,
) -> syn::Result<Token![static]> {
    if input.peek(Token![static]) {
        return input.parse();
    }
    if input.is_empty() {
        let message = "the declaration is missing; write `static NAME: Counter = \"...\";`, or \
                       remove this";
        return Err(match last_attr {
            Some(attr) => syn::Error::new_spanned(attr, message),
            None => syn::Error::new_spanned(vis, message),
        });
    }
    let next: Option<Ident> = input.fork().call(Ident::parse_any).ok();
    let message = if next.is_some_and(|next| next == "prefix") {
        "the prefix applies to the whole block; move it before the first declaration"
    } else if input.peek(Token![const]) || input.peek(Token![let]) {
        "a metric is a static; write `static` in place of this"
    } else {
        "expected a declaration; write `static NAME: Counter = \"...\";`"
    };
    Err(input.error(message))
}

/// Parses `= "name"`, if the declaration does not end here.
fn name(input: ParseStream, errors: &mut Errors) -> syn::Result<Option<LitStr>> {
    let has_name = input.parse::<Option<Token![=]>>()?.is_some();
    if !has_name && !input.peek(LitStr) {
        return Ok(None);
    }
    let name = text(input, |span| {
        let message = "the name is a string literal; write `= \"app_name\"`";
        syn::Error::new(span, message)
    })?;
    if !has_name {
        errors.at(&name, "`=` is missing before the name; add it");
    }
    Ok(Some(name))
}

/// Parses the `;` at the end of a declaration or the prefix, whose last token is `last`. Reports
/// that it is missing, and adds it, if the input ends or another declaration follows.
fn end(
    last: &impl ToTokens,
    what: &str,
    input: ParseStream,
    errors: &mut Errors,
) -> syn::Result<Token![;]> {
    if input.peek(Token![;]) {
        return input.parse();
    }
    let is_at_next = input.is_empty()
        || input.peek(Token![#])
        || input.peek(Token![static])
        || input.peek(Token![pub]);
    if is_at_next {
        errors.at(last, format_args!("{what} ends in `;`; add it"));
        return Ok(Token![;](Span::call_site()));
    }
    let message = format_args!("{what} ends in `;` here; write that in place of this");
    Err(input.error(message))
}
