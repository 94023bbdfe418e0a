//! Parses what the arguments of all macros share: `key = value`, `key(...)`, lists.

use proc_macro2::{Ident, Span, TokenTree};
use syn::{
    Path, Token,
    ext::IdentExt,
    parenthesized,
    parse::{Parse, ParseBuffer, ParseStream},
};

use crate::model::Errors;

/// Parses items that are separated by commas, up to the end.
pub(crate) fn comma_separated(
    input: ParseStream,
    mut item: impl FnMut(ParseStream) -> syn::Result<()>,
) -> syn::Result<()> {
    while !input.is_empty() {
        item(input)?;
        if !input.is_empty() {
            input.parse::<Token![,]>()?;
        }
    }
    Ok(())
}

/// Parses a list that is separated by commas.
pub(crate) fn items<T: Parse>(input: ParseStream) -> syn::Result<Vec<T>> {
    let list = input.parse_terminated(T::parse, Token![,])?;
    Ok(list.into_iter().collect())
}

/// Parses a list in parentheses.
pub(crate) fn list<T: Parse>(input: ParseStream) -> syn::Result<Vec<T>> {
    let content;
    parenthesized!(content in input);
    items(&content)
}

/// Parses `= value` after a key; the example is for the error message.
pub(crate) fn value<T: Parse>(key: &Ident, example: &str, input: ParseStream) -> syn::Result<T> {
    equals(key, example, input)?;
    input.parse()
}

/// Parses `=` after a key.
pub(crate) fn equals(key: &Ident, example: &str, input: ParseStream) -> syn::Result<()> {
    if input.parse::<Option<Token![=]>>()?.is_none() {
        let message = format_args!("`{key}` needs a value; write `{key} = {example}`");
        return Err(syn::Error::new(key.span(), message));
    }
    Ok(())
}

/// Parses `= value` if an `=` follows.
pub(crate) fn optional_value<T: Parse>(input: ParseStream) -> syn::Result<Option<T>> {
    let equals: Option<Token![=]> = input.parse()?;
    equals.map(|_| input.parse()).transpose()
}

/// The content of the parentheses after a key; the example is for the error message.
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
    let (last, others) = known.split_last().expect("there are known keys");
    let others = others.join("`, `");
    errors.at(
        key,
        format_args!("unknown {noun} `{key}`; expected `{others}` or `{last}`"),
    );
    skip_argument(input)
}

/// Skips to the next comma.
pub(crate) fn skip_argument(input: ParseStream) -> syn::Result<()> {
    while !input.is_empty() && !input.peek(Token![,]) {
        input.parse::<TokenTree>()?;
    }
    Ok(())
}

/// Whether one of these words follows, keyword or not.
pub(crate) fn is_word(input: ParseStream, words: &[&str]) -> bool {
    let word = input.fork().call(Ident::parse_any);
    word.is_ok_and(|word| words.iter().any(|known| word == known))
}

/// The absolute path of a crate, such as `::metrics_core`.
pub(crate) fn crate_path(name: &str) -> Path {
    let name = Ident::new(name, Span::call_site());
    syn::parse_quote!(::#name)
}
