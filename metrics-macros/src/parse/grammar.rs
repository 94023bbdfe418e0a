//! Parses what the arguments of all macros share: `key = value`, `key(...)`, lists.
//!
//! The error about tokens that do not fit says what to write instead. Messages of syn, such as
//! "expected identifier", do not say that.

use std::fmt::Display;

use proc_macro2::{Ident, Span, TokenTree};
use syn::{
    Attribute, Expr, Path, Token, Type,
    ext::IdentExt,
    parenthesized,
    parse::{Parse, ParseBuffer, ParseStream},
};

use crate::model::{Errors, Slot, either, similar};

/// Parses the attributes and the doc comment of a declaration or a label.
pub(crate) fn attributes(input: ParseStream) -> syn::Result<Vec<Attribute>> {
    let span = input.span();
    input.call(Attribute::parse_outer).map_err(|_| {
        let message =
            "expected an attribute; write, for example, `#[name(arguments)]` or `/// ...`";
        syn::Error::new(span, message)
    })
}

/// Parses items that are separated by commas, up to the end.
pub(crate) fn comma_separated(
    input: ParseStream,
    mut item: impl FnMut(ParseStream) -> syn::Result<()>,
) -> syn::Result<()> {
    while !input.is_empty() {
        item(input)?;
        if !input.is_empty() {
            comma(input)?;
        }
    }
    Ok(())
}

/// Parses the comma after an item that is not the last one.
pub(crate) fn comma(input: ParseStream) -> syn::Result<()> {
    if input.parse::<Option<Token![,]>>()?.is_none() {
        return Err(comma_missing(input));
    }
    Ok(())
}

/// The error about a token in place of a comma.
pub(crate) fn comma_missing(input: ParseStream) -> syn::Error {
    input.error("expected `,` before this; add it, or remove this")
}

/// Parses a list that is separated by commas.
pub(crate) fn items<T: Parse>(input: ParseStream) -> syn::Result<Vec<T>> {
    let mut list = Vec::new();
    comma_separated(input, |input| {
        list.push(input.parse()?);
        Ok(())
    })?;
    Ok(list)
}

/// Parses a list in parentheses.
pub(crate) fn list<T: Parse>(input: ParseStream) -> syn::Result<Vec<T>> {
    let content;
    parenthesized!(content in input);
    items(&content)
}

/// Parses the key of an argument; `expected` is for the error message.
pub(crate) fn key(expected: impl Display, input: ParseStream) -> syn::Result<Ident> {
    let key = input.call(Ident::parse_any);
    key.map_err(|error| syn::Error::new(error.span(), format_args!("expected {expected}")))
}

/// Parses `= value` after a key; `example` is for the error message.
pub(crate) fn value<T: Parse>(key: &Ident, example: &str, input: ParseStream) -> syn::Result<T> {
    equals(key, example, input)?;
    input.parse()
}

/// Parses `= expression` after a key; `example` is for the error message.
pub(crate) fn expression(key: &Ident, example: &str, input: ParseStream) -> syn::Result<Expr> {
    equals(key, example, input)?;
    input.parse().map_err(|error: syn::Error| {
        let message = format_args!("expected an expression; write `{key} = {example}`");
        syn::Error::new(error.span(), message)
    })
}

/// Parses the type after `key:`.
pub(crate) fn type_of(key: &Ident, input: ParseStream) -> syn::Result<Type> {
    input.parse().map_err(|error: syn::Error| {
        let message = format_args!("expected a type; write, for example, `{key}: &str`");
        syn::Error::new(error.span(), message)
    })
}

/// Parses `= literal` after a key; `what` and `example` are for the error message.
pub(crate) fn literal<T: Parse>(
    key: &Ident,
    what: &str,
    example: &str,
    input: ParseStream,
) -> syn::Result<T> {
    equals(key, example, input)?;
    input.parse().map_err(|error| {
        let message = format_args!("`{key}` takes {what}; write `{key} = {example}`");
        syn::Error::new(error.span(), message)
    })
}

/// Parses `= path` after a key; `example` is for the error message.
pub(crate) fn path(key: &Ident, example: &str, input: ParseStream) -> syn::Result<Path> {
    equals(key, example, input)?;
    let path = input.call(Path::parse_mod_style);
    path.map_err(|error| {
        let message = format_args!("`{key}` takes a path; write `{key} = {example}`");
        syn::Error::new(error.span(), message)
    })
}

/// Parses the `=` after a key; fails if no value follows.
pub(crate) fn equals(key: &Ident, example: &str, input: ParseStream) -> syn::Result<()> {
    let is_other = input.peek(Token![==]) || input.peek(Token![=>]);
    let is_missing = is_other || input.parse::<Option<Token![=]>>()?.is_none();
    if is_missing || is_end(input) {
        let message = format_args!("`{key}` needs a value; write `{key} = {example}`");
        return Err(syn::Error::new(key.span(), message));
    }
    Ok(())
}

/// Whether `input` is at the end of an argument.
pub(crate) fn is_end(input: ParseStream) -> bool {
    input.is_empty() || input.peek(Token![,])
}

/// Sets an argument that consists of its key; reports a value after the key.
pub(crate) fn flag(
    key: &Ident,
    slot: &mut Slot<()>,
    input: ParseStream,
    errors: &mut Errors,
) -> syn::Result<()> {
    slot.set(key, (), errors);
    if input.peek(Token![=]) || input.peek(syn::token::Paren) {
        errors.at(
            key,
            format_args!("`{key}` takes no value; write `{key}` alone"),
        );
        return skip_argument(input);
    }
    Ok(())
}

/// The content of the parentheses after a key; `example` is for the error message.
pub(crate) fn arguments<'a>(
    key: &Ident,
    example: &str,
    input: ParseStream<'a>,
) -> syn::Result<ParseBuffer<'a>> {
    if !input.peek(syn::token::Paren) {
        let message = format_args!("`{key}` needs arguments; write `{key}({example})`");
        return Err(syn::Error::new(key.span(), message));
    }
    let content;
    parenthesized!(content in input);
    Ok(content)
}

/// Reports an unknown key and skips to the next comma, so that later arguments are checked as well.
pub(crate) fn unknown(
    noun: &str,
    key: &Ident,
    known: &[&str],
    input: ParseStream,
    errors: &mut Errors,
) -> syn::Result<()> {
    let remedy = match similar(key, known) {
        Some(similar) => format!("did you mean `{similar}`?"),
        None => format!("expected {}", either(known)),
    };
    errors.at(key, format_args!("unknown {noun} `{key}`; {remedy}"));
    skip_argument(input)
}

/// Skips to the next comma.
pub(crate) fn skip_argument(input: ParseStream) -> syn::Result<()> {
    while !is_end(input) {
        input.parse::<TokenTree>()?;
    }
    Ok(())
}

/// Whether the next token is one of `words`, which may be keywords.
pub(crate) fn is_word(input: ParseStream, words: &[&str]) -> bool {
    let word = input.fork().call(Ident::parse_any);
    word.is_ok_and(|word| words.iter().any(|known| word == known))
}

/// The absolute path of a crate, such as `::metrics_core`.
pub(crate) fn crate_path(name: &str) -> Path {
    let name = Ident::new(name, Span::call_site());
    syn::parse_quote!(::#name)
}
