//! An attribute on an `impl` block, a trait or an inline module: on every function in it.

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::{
    Attribute, GenericParam, LitStr, Meta, Token, Type, Visibility,
    parse::{ParseStream, Parser},
};

use crate::{
    args::{Args, Block},
    attr::without_comma,
    errors::Errors,
    function::{Measure, function_follows},
};

/// What a block is.
enum Kind {
    /// An `impl` or a trait: its functions are called after the type.
    Type(Block),
    Module,
}

/// Puts the attribute on what stands in the block; `None` when the item is no block.
pub(crate) fn expand<M: Measure>(
    args: &Args,
    tokens: &TokenStream,
    item: &TokenStream,
    krate: &str,
    errors: &mut Errors,
) -> Option<TokenStream> {
    let parser = |input: ParseStream| {
        let attrs = input.call(Attribute::parse_outer)?;
        let (header, body) = header_and_body(input)?;
        Ok((attrs, header, body))
    };
    let (attrs, header, body) = parser.parse2(item.clone()).ok()?;
    let Some(body) = body else {
        if starts_with(&header, "mod") {
            let message = format!(
                "`#[{}]` sees inline modules only; put it into the module's file, on its functions",
                M::ATTRIBUTE
            );
            errors.at(&header, message);
            return Some(item.clone());
        }
        return None;
    };
    let kind = kind_of(&header)?;
    if let Some(key) = args.skip.key() {
        let message = "`skip` leaves one function of a block out; remove the attribute";
        errors.at(key, message);
        return Some(item.clone());
    }
    let parser = |input: ParseStream| {
        let mut out = TokenStream::new();
        for attr in input.call(Attribute::parse_inner)? {
            attr.to_tokens(&mut out);
        }
        while !input.is_empty() {
            out.extend(member::<M>(&kind, args, tokens, krate, input)?);
        }
        Ok(out)
    };
    let brace = body.span();
    let body = errors.take(parser.parse2(body.stream()))?;
    let mut group = Group::new(Delimiter::Brace, body);
    group.set_span(brace);
    Some(quote!(#(#attrs)* #header #group))
}

/// One item of a block, with the attribute where it belongs.
fn member<M: Measure>(
    kind: &Kind,
    args: &Args,
    tokens: &TokenStream,
    krate: &str,
    input: ParseStream,
) -> syn::Result<TokenStream> {
    let mut attrs = input.call(Attribute::parse_outer)?;
    let fork = input.fork();
    fork.parse::<Visibility>()?;
    let is_function = function_follows(&fork);
    let is_const = fork.peek(Token![const]) || fork.peek2(Token![const]);
    let (header, body) = header_and_body(input)?;
    let rest = quote!(#header #body);
    let takes_it = body.is_some()
        && if is_function {
            !is_const
        } else {
            kind_of(&header).is_some()
        };
    let own = attrs.iter().position(is_own::<M>);
    let block = match kind {
        Kind::Type(block) if is_function => {
            let block = block.to_argument();
            Some(quote!(, #block))
        }
        _ => None,
    };
    if let Some(at) = own {
        let own = match &attrs[at].meta {
            Meta::List(list) => list.tokens.clone(),
            _ => TokenStream::new(),
        };
        let own = without_comma(own);
        if own.to_string() == "skip" {
            attrs.remove(at);
        } else if let Some(block) = block {
            let path = attrs[at].path().clone();
            let comma = (!own.is_empty()).then(|| quote!(,));
            let block: TokenStream = block.into_iter().skip(1).collect();
            attrs[at] = syn::parse_quote!(#[#path(#own #comma #block)]);
        }
        return Ok(quote!(#(#attrs)* #rest));
    }
    if !takes_it {
        return Ok(quote!(#(#attrs)* #rest));
    }
    let krate = args.krate(krate);
    let name = Ident::new(M::ATTRIBUTE, Span::call_site());
    let tokens = without_comma(tokens.clone());
    let given = if tokens.is_empty() {
        let block: TokenStream = block.into_iter().flatten().skip(1).collect();
        block
    } else {
        quote!(#tokens #block)
    };
    Ok(quote!(#[#krate::#name(#given)] #(#attrs)* #rest))
}

fn is_own<M: Measure>(attr: &Attribute) -> bool {
    let last = attr.path().segments.last();
    last.is_some_and(|last| last.ident == M::ATTRIBUTE)
}

/// The tokens of an item up to its body, and the body, which stays as it was written; an item
/// that ends in a semicolon has none.
fn header_and_body(input: ParseStream) -> syn::Result<(TokenStream, Option<Group>)> {
    let mut header = TokenStream::new();
    let mut before = ' ';
    let mut assigned = false;
    while !input.is_empty() {
        match input.parse::<TokenTree>()? {
            // `Foo<{ N }>` and `Foo<A, { N }>` have braces that are no body, and so has what a
            // constant is.
            TokenTree::Group(group)
                if group.delimiter() == Delimiter::Brace
                    && !['<', ','].contains(&before)
                    && !assigned =>
            {
                return Ok((header, Some(group)));
            }
            TokenTree::Punct(punct) => {
                before = punct.as_char();
                let ends = before == ';';
                assigned |= before == '=' && !header_is_function(&header);
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

/// Whether it is a function or a block, in whose header `=` is part of a bound.
fn header_is_function(header: &TokenStream) -> bool {
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

/// What kind of block begins like this.
fn kind_of(header: &TokenStream) -> Option<Kind> {
    if starts_with(header, "mod") {
        return Some(Kind::Module);
    }
    let whole = quote!(#header {});
    if let Ok(item) = syn::parse2::<syn::ItemImpl>(whole.clone()) {
        let generics = generics(&item.generics);
        return Some(Kind::Type(Block {
            ty: Some(LitStr::new(
                &type_name(&item.self_ty, &generics),
                Span::call_site(),
            )),
            generics,
        }));
    }
    let item = syn::parse2::<syn::ItemTrait>(whole).ok()?;
    Some(Kind::Type(Block {
        ty: Some(LitStr::new(&item.ident.to_string(), Span::call_site())),
        generics: generics(&item.generics),
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

/// A type's name without its path, its lifetimes, and the parameters of its `impl`.
fn type_name(ty: &Type, generics: &[Ident]) -> String {
    struct Shorten<'a>(&'a [Ident]);

    impl syn::visit_mut::VisitMut for Shorten<'_> {
        fn visit_path_mut(&mut self, path: &mut syn::Path) {
            if let Some(last) = path.segments.last().cloned() {
                path.leading_colon = None;
                path.segments = std::iter::once(last).collect();
            }
            syn::visit_mut::visit_path_mut(self, path);
        }

        fn visit_path_segment_mut(&mut self, segment: &mut syn::PathSegment) {
            if let syn::PathArguments::AngleBracketed(arguments) = &mut segment.arguments {
                let is_param = |ident: &Ident| self.0.contains(ident);
                let kept = arguments.args.iter().filter(|argument| match argument {
                    syn::GenericArgument::Lifetime(_) => false,
                    other => !crate::attr::mentions(other.to_token_stream(), &is_param),
                });
                arguments.args = kept.cloned().collect();
                if arguments.args.is_empty() {
                    segment.arguments = syn::PathArguments::None;
                }
            }
            syn::visit_mut::visit_path_segment_mut(self, segment);
        }

        fn visit_type_reference_mut(&mut self, reference: &mut syn::TypeReference) {
            reference.lifetime = None;
            syn::visit_mut::visit_type_reference_mut(self, reference);
        }
    }

    let mut ty = ty.clone();
    syn::visit_mut::VisitMut::visit_type_mut(&mut Shorten(generics), &mut ty);
    let mut name = String::new();
    spell(&mut name, ty.to_token_stream());
    name
}

/// Writes tokens with spaces only where two words would run together.
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
            Some(Kind::Type(block)) => block.ty.expect("a type").value(),
            _ => panic!("no type"),
        }
    }

    #[test]
    fn a_type_is_named_without_what_is_not_its_own() {
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
    fn a_body_is_told_from_other_braces() {
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
