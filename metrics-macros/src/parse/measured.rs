//! Parses the input of `measure!`.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;
use syn::{
    Block, LitStr, Path, ReturnType, Token,
    parse::{ParseStream, Parser},
    parse_quote, parse_quote_spanned,
    spanned::Spanned,
    token::{Brace, Paren},
};

use super::{args, grammar::comma, text::text};
use crate::model::{
    Args, Code, Errors, Function, Instrument, Measured, check_exits, similar, without_comma,
};

/// Parses the path of metrics-core, which the `macro_rules!` macro `measure!` passes, and the user's
/// input.
///
/// Returns a syntax error outside of the arguments of an attribute; collects the others.
pub(crate) fn measured(tokens: TokenStream, errors: &mut Errors) -> syn::Result<Measured> {
    let parser = |input: ParseStream| {
        let krate = input.call(Path::parse_mod_style)?;
        let name = text(input, |span| {
            let message = "the name is missing; write `measure!(\"name\", timed, || ...)`";
            syn::Error::new(span, message)
        })?;
        if name.value().is_empty() {
            errors.at(&name, "the name is empty; describe what the code does");
        }
        let mut attributes = Vec::new();
        while !input.is_empty() {
            comma(input)?;
            if !input.peek(syn::Ident) {
                break;
            }
            attributes.push(attribute(&krate, input, errors)?);
        }
        if attributes.is_empty() {
            let message = "nothing is recorded; write `counted`, `timed` or `in_flight` after the \
                           name";
            errors.at(&name, message);
        }
        let function = code(name, input, errors)?;
        Ok(Measured {
            krate,
            attributes,
            function,
        })
    };
    parser.parse2(tokens)
}

fn attribute(krate: &Path, input: ParseStream, errors: &mut Errors) -> syn::Result<Args> {
    let word: Ident = input.parse()?;
    let Some(instrument) = Instrument::named(&word) else {
        let remedy = match similar(&word, &["counted", "timed", "in_flight"]) {
            Some(similar) => format!("did you mean `{similar}`?"),
            None => "expected `counted`, `timed` or `in_flight`, or the code: `|| ...`, \
                     `async { ... }` or `{ ... }`"
                .to_owned(),
        };
        let message = format_args!("unknown attribute `{word}`; {remedy}");
        return Err(syn::Error::new(word.span(), message));
    };
    let mut arguments = TokenStream::new();
    if input.peek(Paren) {
        let content;
        syn::parenthesized!(content in input);
        arguments = content.parse()?;
    }
    Ok(args(instrument, arguments, krate.clone(), errors))
}

/// Parses the code: a closure, an `async` block or a block.
fn code(name: LitStr, input: ParseStream, errors: &mut Errors) -> syn::Result<Function> {
    const EXPECTED: &str = "expected the code to measure; write `|| ...`, `async { ... }` or \
                            `{ ... }`";

    if input.is_empty() {
        let message = "the code to measure is missing; write `|| ...`, `async { ... }` or \
                       `{ ... }` after the attributes";
        return Err(syn::Error::new(name.span(), message));
    }
    let is_block = input.peek(Brace);
    let asyncness: Option<Token![async]> = input.parse()?;
    let capture: Option<Token![move]> = input.parse()?;
    let mut output: ReturnType = parse_quote!(-> _);
    let (body, brace) = if input.peek(Brace) && (asyncness.is_some() || capture.is_none()) {
        let (body, brace) = braces(input)?;
        if asyncness.is_none() {
            // Ignores a block that `syn` cannot parse, because the compiler reports it.
            if let Ok(mut block) = syn::parse2::<Block>(quote!({ #body })) {
                check_exits(&mut block, errors);
            }
        }
        (body, brace)
    } else if asyncness.is_none() && input.peek(Token![||]) {
        input.parse::<Token![||]>()?;
        if input.peek(Token![->]) {
            output = input.parse()?;
        }
        if input.peek(Brace) {
            braces(input)?
        } else {
            let body = without_comma(input.parse()?);
            let span = Span::mixed_site().located_at(body.span());
            (body, span)
        }
    } else if asyncness.is_none() && input.peek(Token![|]) {
        let message = "a measured closure takes no arguments; write the macro in a closure that \
                       does";
        return Err(input.error(message));
    } else {
        return Err(input.error(EXPECTED));
    };
    input.parse::<Option<Token![,]>>()?;
    if !input.is_empty() {
        return Err(input.error("nothing may follow the code; remove this, or move it before"));
    }
    Ok(Function {
        attrs: Vec::new(),
        vis: syn::Visibility::Inherited,
        defaultness: None,
        sig: parse_quote_spanned!(name.span()=> #asyncness fn __code() #output),
        inner_attrs: Vec::new(),
        body,
        brace,
        code: Some(Code {
            name,
            capture,
            is_block,
        }),
    })
}

/// The content of braces, and their span.
fn braces(input: ParseStream) -> syn::Result<(TokenStream, Span)> {
    let content;
    let brace = syn::braced!(content in input);
    Ok((content.parse()?, brace.span.join()))
}
