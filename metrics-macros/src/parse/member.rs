//! Parses one item of a container, as far as needed to find its end and to tell whether a function
//! attribute can be on it. Bodies of functions stay token trees, so that the compiler and not the
//! macro reports errors in them.

use proc_macro2::{Delimiter, Group, Ident, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::{
    Attribute, Generics, LitStr, Path, Token, Visibility, WhereClause,
    ext::IdentExt,
    parse::ParseStream,
    token::{Brace, Paren},
};

use super::{
    function::{Declared, function_follows},
    grammar::is_word,
    header::header,
};
use crate::model::{Member, MemberKind};

/// Parses the next item. A fragment of a `macro_rules!`, such as a `$body:block`, is a group without
/// delimiters; syn's parsers look through it.
pub(super) fn member(input: ParseStream) -> syn::Result<Member> {
    let attrs = input.call(Attribute::parse_outer)?;
    let ahead = input.fork();
    ahead.parse::<Visibility>()?;
    if function_follows(&ahead) {
        let declared: Declared = input.parse()?;
        let is_const = declared.sig.constness.is_some();
        let body = braces_or_semicolon(input)?;
        let has_body = matches!(body, TokenTree::Group(_));
        return Ok(Member {
            attrs,
            item: quote!(#declared #body),
            kind: MemberKind::Function {
                is_instrumentable: has_body && !is_const,
            },
        });
    }
    if let Some(header) = header(input)? {
        let tokens = header.tokens;
        let body = braces_or_semicolon(input)?;
        let has_body = matches!(body, TokenTree::Group(_));
        return Ok(Member {
            attrs,
            item: quote!(#tokens #body),
            kind: if has_body {
                MemberKind::Container
            } else {
                MemberKind::FileModule
            },
        });
    }
    Ok(Member {
        attrs,
        item: other(input)?,
        kind: MemberKind::Other,
    })
}

/// Parses an item that no function attribute can be on.
fn other(input: ParseStream) -> syn::Result<TokenStream> {
    let mut item = input.parse::<Visibility>()?.into_token_stream();
    if is_macro(input) {
        macro_call(input, &mut item)?;
    } else if is_word(input, &["struct", "enum"]) || is_union(input) {
        data_type(input, &mut item)?;
    } else if is_block_of_foreign_items(input) || is_word(input, &["macro"]) {
        // A block of foreign items or a macro definition: `extern "C" { .. }`, `macro name { .. }`,
        // `macro name(..) { .. }`.
        while !input.peek(Brace) {
            input.parse::<TokenTree>()?.to_tokens(&mut item);
        }
        braces_or_semicolon(input)?.to_tokens(&mut item);
    } else {
        // Constants, statics, types, imports and aliases of traits end in a semicolon, and their
        // values have none outside of delimiters. The first word may be in a group without
        // delimiters, together with the semicolon.
        if input.peek(Ident::peek_any) {
            input.call(Ident::parse_any)?.to_tokens(&mut item);
        }
        until_semicolon(input, &mut item)?;
    }
    Ok(item)
}

fn is_union(input: ParseStream) -> bool {
    is_word(input, &["union"]) && input.peek2(syn::Ident)
}

fn is_macro(input: ParseStream) -> bool {
    let ahead = input.fork();
    ahead.call(Path::parse_mod_style).is_ok() && ahead.peek(Token![!])
}

/// Whether `extern "C" { .. }` follows, and not `extern crate`.
fn is_block_of_foreign_items(input: ParseStream) -> bool {
    let ahead = input.fork();
    let parsed = ahead.parse::<Option<Token![unsafe]>>();
    parsed.is_ok()
        && ahead.parse::<Token![extern]>().is_ok()
        && ahead.parse::<Option<LitStr>>().is_ok()
        && ahead.peek(Brace)
}

fn macro_call(input: ParseStream, item: &mut TokenStream) -> syn::Result<()> {
    input.call(Path::parse_mod_style)?.to_tokens(item);
    input.parse::<Token![!]>()?.to_tokens(item);
    // The name in `macro_rules! name`.
    input.parse::<Option<Ident>>()?.to_tokens(item);
    if input.peek(Brace) {
        braces_or_semicolon(input)?.to_tokens(item);
        return Ok(());
    }
    until_semicolon(input, item)
}

/// A struct, an enum or a union.
fn data_type(input: ParseStream, item: &mut TokenStream) -> syn::Result<()> {
    input.call(Ident::parse_any)?.to_tokens(item);
    input.parse::<Ident>()?.to_tokens(item);
    input.parse::<Generics>()?.to_tokens(item);
    input.parse::<Option<WhereClause>>()?.to_tokens(item);
    if input.peek(Paren) {
        return until_semicolon(input, item);
    }
    braces_or_semicolon(input)?.to_tokens(item);
    Ok(())
}

fn until_semicolon(input: ParseStream, item: &mut TokenStream) -> syn::Result<()> {
    loop {
        if let Some(end) = input.parse::<Option<Token![;]>>()? {
            end.to_tokens(item);
            return Ok(());
        }
        input.parse::<TokenTree>()?.to_tokens(item);
    }
}

/// Parses a body in braces, which stays a token tree, or the semicolon in its place.
pub(super) fn braces_or_semicolon(input: ParseStream) -> syn::Result<TokenTree> {
    if input.peek(Token![;]) {
        return input.parse();
    }
    let content;
    let brace = syn::braced!(content in input);
    let mut group = Group::new(Delimiter::Brace, content.parse()?);
    group.set_span(brace.span.join());
    Ok(group.into())
}
