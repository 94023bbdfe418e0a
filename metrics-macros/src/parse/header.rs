//! Parses the header of an `impl` block, a trait or an inline module with syn's grammar, which tells
//! the braces of a body from those in types, `where` clauses and fragments of a `macro_rules!`.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;
use syn::{
    GenericParam, Generics, LitStr, Token, Type, TypeParamBound, Visibility, WhereClause,
    ext::IdentExt, parse::ParseStream, punctuated::Punctuated, token::Brace,
};

use super::{
    grammar::is_word,
    type_name::{trait_name, type_name},
};
use crate::model::Enclosing;

/// The tokens of an `impl` block, a trait or a module before the braces.
pub(super) struct Header {
    pub(super) tokens: TokenStream,
    /// The `impl` block or trait; `None` for a module.
    pub(super) enclosing: Option<Enclosing>,
}

/// Parses the header of an `impl` block, a trait or a module; returns `None` and parses nothing if
/// another item follows.
pub(super) fn header(input: ParseStream) -> syn::Result<Option<Header>> {
    let ahead = input.fork();
    ahead.parse::<Visibility>()?;
    while is_word(&ahead, &["default", "unsafe", "auto"]) {
        ahead.call(Ident::parse_any)?;
    }
    Ok(if ahead.peek(Token![impl]) {
        Some(impl_header(input)?)
    } else if ahead.peek(Token![trait]) && !is_alias(&ahead)? {
        Some(trait_header(input)?)
    } else if ahead.peek(Token![mod]) {
        Some(module_header(input)?)
    } else {
        None
    })
}

fn module_header(input: ParseStream) -> syn::Result<Header> {
    let vis: Visibility = input.parse()?;
    let unsafety: Option<Token![unsafe]> = input.parse()?;
    let token: Token![mod] = input.parse()?;
    let name: Ident = input.parse()?;
    Ok(Header {
        tokens: quote!(#vis #unsafety #token #name),
        enclosing: None,
    })
}

fn impl_header(input: ParseStream) -> syn::Result<Header> {
    let vis: Visibility = input.parse()?;
    let defaultness: Option<Token![default]> = input.parse()?;
    let unsafety: Option<Token![unsafe]> = input.parse()?;
    let token: Token![impl] = input.parse()?;
    let generics: Generics = if begins_generics(input) {
        input.parse()?
    } else {
        Generics::default()
    };
    let constness: Option<Token![const]> = input.parse()?;
    let negation: Option<Token![!]> = input.parse()?;
    let first: Type = input.parse()?;
    let is_for: Option<Token![for]> = input.parse()?;
    let names = parameters(&generics);
    let (ty, name) = if is_for.is_some() {
        let ty: Type = input.parse()?;
        let (of, within) = (type_name(&ty, &names), trait_name(&first, &names));
        (Some(ty), format!("<{of} as {within}>"))
    } else {
        (None, type_name(&first, &names))
    };
    let clause: Option<WhereClause> = input.parse()?;
    Ok(Header {
        tokens: quote! {
            #vis #defaultness #unsafety #token #generics #constness #negation #first #is_for #ty
            #clause
        },
        enclosing: Some(Enclosing {
            ty: LitStr::new(&name, Span::call_site()),
            generics: names,
        }),
    })
}

/// Whether generic parameters follow the word `impl`, and not a type such as `<T as Trait>::Type`.
fn begins_generics(input: ParseStream) -> bool {
    let ahead = input.fork();
    if ahead.parse::<Token![<]>().is_err() {
        return false;
    }
    if ahead.peek(Token![>]) || ahead.peek(Token![#]) || ahead.peek(Token![const]) {
        return true;
    }
    let is_name = ahead.peek(syn::Ident) || ahead.peek(syn::Lifetime);
    is_name
        && (ahead.peek2(Token![:]) && !ahead.peek2(Token![::])
            || ahead.peek2(Token![,])
            || ahead.peek2(Token![>])
            || ahead.peek2(Token![=]))
}

/// Whether a trait is an alias of others, which has no functions. Parses its name.
fn is_alias(input: ParseStream) -> syn::Result<bool> {
    input.parse::<Token![trait]>()?;
    input.parse::<Ident>()?;
    input.parse::<Generics>()?;
    Ok(input.peek(Token![=]))
}

fn trait_header(input: ParseStream) -> syn::Result<Header> {
    let vis: Visibility = input.parse()?;
    let unsafety: Option<Token![unsafe]> = input.parse()?;
    let auto: Option<Token![auto]> = input.parse()?;
    let token: Token![trait] = input.parse()?;
    let name: Ident = input.parse()?;
    let generics: Generics = input.parse()?;
    let colon: Option<Token![:]> = input.parse()?;
    let mut bounds: Punctuated<TypeParamBound, Token![+]> = Punctuated::new();
    while colon.is_some() && !input.peek(Token![where]) && !input.peek(Brace) {
        bounds.push_value(input.parse()?);
        let Some(plus) = input.parse()? else { break };
        bounds.push_punct(plus);
    }
    let clause: Option<WhereClause> = input.parse()?;
    Ok(Header {
        enclosing: Some(Enclosing {
            ty: LitStr::new(&name.unraw().to_string(), Span::call_site()),
            generics: parameters(&generics),
        }),
        tokens: quote!(#vis #unsafety #auto #token #name #generics #colon #bounds #clause),
    })
}

/// The names of type and const parameters.
fn parameters(generics: &Generics) -> Vec<Ident> {
    let named = generics.params.iter().filter_map(|param| match param {
        GenericParam::Type(param) => Some(param.ident.clone()),
        GenericParam::Const(param) => Some(param.ident.clone()),
        GenericParam::Lifetime(_) => None,
    });
    named.collect()
}

#[cfg(test)]
mod tests {
    use syn::parse::Parser;

    fn named(header: &str) -> String {
        let parsed = super::header.parse_str(header).expect("a header");
        let enclosing = parsed.and_then(|header| header.enclosing);
        enclosing.expect("an `impl` or a trait").ty.value()
    }

    #[test]
    fn a_type_is_named_without_paths_lifetimes_and_parameters() {
        assert_eq!(named("impl Slug"), "Slug");
        assert_eq!(named("impl Store<net::Redis>"), "Store<Redis>");
        assert_eq!(named("impl<T> Store<T> where T: Clone,"), "Store");
        assert_eq!(named("impl<T> Store<Vec<T>>"), "Store");
        assert_eq!(named("impl Fixed<{ 1 + 1 }>"), "Fixed<{1+1}>");
        assert_eq!(named("pub(crate) trait Find<T>: Sized"), "Find");
        assert_eq!(named("unsafe auto trait Free where Self: Sized,"), "Free");
        assert_eq!(named("impl <Slug as Of>::Type"), "Type");
    }

    #[test]
    fn an_implementation_is_named_after_its_type_and_trait() {
        assert_eq!(
            named("impl<'a, T: Clone> fmt::Display for store::Store<'a, T>"),
            "<Store as Display>"
        );
        assert_eq!(
            named("impl Take for &'static mut dyn Store"),
            "<&mut dyn Store as Take>"
        );
        assert_eq!(
            named("impl<const N: usize> Sum for [u8; N]"),
            "<[u8; N] as Sum>"
        );
        assert_eq!(
            named("unsafe impl From<net::Redis> for Store"),
            "<Store as From<Redis>>"
        );
        assert_eq!(named("impl<T> From<T> for Store<T>"), "<Store as From>");
        assert_eq!(
            named("impl<T> From<Vec<T>> for Store<T>"),
            "<Store as From<Vec>>"
        );
    }
}
