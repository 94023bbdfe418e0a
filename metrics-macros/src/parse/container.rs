//! Parses an `impl` block, a trait or an inline module that a function attribute is on.

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::{
    Attribute, GenericArgument, GenericParam, ItemImpl, ItemTrait, LitStr, PathArguments, Token,
    Type, TypeReference, Visibility,
    parse::{ParseStream, Parser},
    visit_mut::{self, VisitMut},
};

use super::function::function_follows;
use crate::model::{Container, Enclosing, Item, Member, mentions};

/// Parses an item that is not a function.
pub(crate) fn container(tokens: &TokenStream) -> syn::Result<Item> {
    let parser = |input: ParseStream| {
        let attrs = input.call(Attribute::parse_outer)?;
        let (header, body) = header_and_body(input)?;
        Ok((attrs, header, body))
    };
    let Ok((attrs, header, body)) = parser.parse2(tokens.clone()) else {
        return Ok(Item::Other);
    };
    let Some(body) = body else {
        let is_module = starts_with(&header, "mod");
        return Ok(if is_module {
            Item::FileModule(header)
        } else {
            Item::Other
        });
    };
    let enclosing = match kind_of(&header) {
        Some(Kind::Type(enclosing)) => Some(enclosing),
        Some(Kind::Module) => None,
        None => return Ok(Item::Other),
    };
    let parser = |input: ParseStream| {
        let inner_attrs = input.call(Attribute::parse_inner)?;
        let mut members = Vec::new();
        while !input.is_empty() {
            members.push(member(input)?);
        }
        Ok((inner_attrs, members))
    };
    let (inner_attrs, members) = parser.parse2(body.stream())?;
    Ok(Item::Container(Container {
        attrs,
        header,
        inner_attrs,
        members,
        enclosing,
        brace: body.span(),
    }))
}

fn member(input: ParseStream) -> syn::Result<Member> {
    let attrs = input.call(Attribute::parse_outer)?;
    let ahead = input.fork();
    ahead.parse::<Visibility>()?;
    let is_function = function_follows(&ahead);
    let is_const = ahead.peek(Token![const]) || ahead.peek2(Token![const]);
    let (header, body) = header_and_body(input)?;
    let can_be_recorded = if is_function {
        !is_const
    } else {
        kind_of(&header).is_some()
    };
    Ok(Member {
        attrs,
        item: quote!(#header #body),
        is_function,
        is_instrumentable: body.is_some() && can_be_recorded,
    })
}

/// Splits an item into the tokens before its body and the body. An item that ends in a semicolon
/// has no body.
///
/// The body stays a token tree, so that the compiler and not the macro reports errors in a
/// function's body.
fn header_and_body(input: ParseStream) -> syn::Result<(TokenStream, Option<Group>)> {
    let mut header = TokenStream::new();
    let mut before = ' ';
    let mut is_assigned = false;
    while !input.is_empty() {
        match input.parse::<TokenTree>()? {
            // Braces after `<` or `,` are taken for a const argument, as in `Foo<{ N }>` and
            // `Foo<A, { N }>`, and braces after an `=`, as in a constant, for part of the value.
            TokenTree::Group(group)
                if group.delimiter() == Delimiter::Brace
                    && !['<', ','].contains(&before)
                    && !is_assigned =>
            {
                return Ok((header, Some(group)));
            }
            TokenTree::Punct(punct) => {
                before = punct.as_char();
                let ends = before == ';';
                is_assigned |= before == '=' && !allows_bounds(&header);
                TokenTree::Punct(punct).to_tokens(&mut header);
                if ends {
                    break;
                }
            }
            other => {
                before = ' ';
                other.to_tokens(&mut header);
            }
        }
    }
    Ok((header, None))
}

/// Whether an `=` after this header is taken for part of a bound, such as `Iterator<Item = u8>`.
fn allows_bounds(header: &TokenStream) -> bool {
    header.clone().into_iter().any(|token| {
        matches!(&token, TokenTree::Ident(ident)
            if ["fn", "impl", "trait", "mod", "struct", "enum"].iter().any(|word| ident == word))
    })
}

fn starts_with(header: &TokenStream, word: &str) -> bool {
    let parser = |input: ParseStream| {
        input.parse::<Visibility>()?;
        let first = input.parse::<TokenTree>()?;
        let found = matches!(first, TokenTree::Ident(ident) if ident == word);
        input.parse::<TokenStream>()?;
        Ok(found)
    };
    parser.parse2(header.clone()).unwrap_or(false)
}

enum Kind {
    /// An `impl` block or a trait.
    Type(Enclosing),
    Module,
}

/// The kind of container that has this header; `None` for other items.
fn kind_of(header: &TokenStream) -> Option<Kind> {
    if starts_with(header, "mod") {
        return Some(Kind::Module);
    }
    let whole = quote!(#header {});
    let (name, generics) = if let Ok(item) = syn::parse2::<ItemImpl>(whole.clone()) {
        let generics = generics(&item.generics);
        (type_name(&item.self_ty, &generics), generics)
    } else {
        let item = syn::parse2::<ItemTrait>(whole).ok()?;
        (item.ident.to_string(), generics(&item.generics))
    };
    Some(Kind::Type(Enclosing {
        ty: LitStr::new(&name, Span::call_site()),
        generics,
    }))
}

fn generics(generics: &syn::Generics) -> Vec<Ident> {
    let named = generics.params.iter().filter_map(|param| match param {
        GenericParam::Type(param) => Some(param.ident.clone()),
        GenericParam::Const(param) => Some(param.ident.clone()),
        GenericParam::Lifetime(_) => None,
    });
    named.collect()
}

/// The short name of a type: `Store` for `store::Store<'a, T>`, where `T` is one of `generics`.
fn type_name(ty: &Type, generics: &[Ident]) -> String {
    let mut ty = ty.clone();
    Shorten(generics).visit_type_mut(&mut ty);
    let mut name = String::new();
    spell(&mut name, ty.to_token_stream());
    name
}

/// Removes paths, lifetimes of references and arguments, and arguments that mention these generic
/// parameters from a type.
struct Shorten<'a>(&'a [Ident]);

impl VisitMut for Shorten<'_> {
    fn visit_path_mut(&mut self, path: &mut syn::Path) {
        if let Some(last) = path.segments.last().cloned() {
            path.leading_colon = None;
            path.segments = std::iter::once(last).collect();
        }
        visit_mut::visit_path_mut(self, path);
    }

    fn visit_path_segment_mut(&mut self, segment: &mut syn::PathSegment) {
        if let PathArguments::AngleBracketed(arguments) = &mut segment.arguments {
            let is_param = |ident: &Ident| self.0.contains(ident);
            let kept = arguments.args.iter().filter(|argument| match argument {
                GenericArgument::Lifetime(_) => false,
                other => !mentions(other.to_token_stream(), &is_param),
            });
            arguments.args = kept.cloned().collect();
            if arguments.args.is_empty() {
                segment.arguments = PathArguments::None;
            }
        }
        visit_mut::visit_path_segment_mut(self, segment);
    }

    fn visit_type_reference_mut(&mut self, reference: &mut TypeReference) {
        reference.lifetime = None;
        visit_mut::visit_type_reference_mut(self, reference);
    }
}

/// Writes tokens with spaces only after commas and semicolons and between words.
fn spell(out: &mut String, tokens: TokenStream) {
    for token in tokens {
        match token {
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Brace => ("{", "}"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::None => ("", ""),
                };
                out.push_str(open);
                spell(out, group.stream());
                out.push_str(close);
            }
            TokenTree::Punct(punct) => {
                out.push(punct.as_char());
                if matches!(punct.as_char(), ',' | ';') {
                    out.push(' ');
                }
            }
            word => {
                let runs_on = out.ends_with(|c: char| c.is_alphanumeric() || c == '_');
                if runs_on {
                    out.push(' ');
                }
                out.push_str(&word.to_string());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(header: &str) -> String {
        let header: TokenStream = header.parse().expect("tokens");
        match kind_of(&header) {
            Some(Kind::Type(enclosing)) => enclosing.ty.value(),
            _ => panic!("neither an `impl` nor a trait"),
        }
    }

    #[test]
    fn a_type_is_named_without_paths_lifetimes_and_parameters() {
        assert_eq!(named("impl Slug"), "Slug");
        assert_eq!(
            named("impl<'a, T: Clone> fmt::Display for store::Store<'a, T>"),
            "Store"
        );
        assert_eq!(named("impl Store<net::Redis>"), "Store<Redis>");
        assert_eq!(
            named("impl Take for &'static mut dyn Store"),
            "&mut dyn Store"
        );
        assert_eq!(named("impl<const N: usize> Sum for [u8; N]"), "[u8; N]");
        assert_eq!(named("pub(crate) trait Find<T>: Sized"), "Find");
    }

    #[test]
    fn only_the_braces_of_a_body_are_taken_for_one() {
        let split = |item: &str| {
            let tokens: TokenStream = item.parse().expect("tokens");
            let (_, body) = header_and_body.parse2(tokens).expect("an item");
            body.map(|body| body.stream().to_string())
        };
        assert_eq!(split("fn f() -> Foo<{ N }> { 1 }").as_deref(), Some("1"));
        assert_eq!(
            split("fn f() where T: Is<Out = u8> { 2 }").as_deref(),
            Some("2")
        );
        assert_eq!(split("const X: u8 = { 3 };"), None);
        assert_eq!(split("fn f();"), None);
    }
}
