//! Tells whether a type has a meaning outside of the function that it is written in. This matters
//! because constants of an expansion are items, which cannot name the generic parameters of the
//! function around them.

use proc_macro2::{Ident, TokenStream};
use quote::ToTokens;
use syn::{Signature, Type};

use super::{Args, mentions};

/// Whether a constant outside of the function can name the type: it mentions no generic parameter
/// and no `impl`.
pub(super) fn is_concrete(ty: &Type, sig: &Signature, args: &Args) -> bool {
    let tokens = ty.to_token_stream();
    !names_impl(tokens.clone()) && is_nameable(tokens, sig, args)
}

/// Whether an item inside or outside of the function can name the types in `tokens`, because
/// `tokens` mention no generic parameter.
///
/// The parameters of an enclosing `impl` block are known if the attribute is on the block. If not,
/// every name of one capital letter, such as `T`, or of one and digits, such as `T1`, is taken for
/// a generic parameter.
pub(crate) fn is_nameable(tokens: TokenStream, sig: &Signature, args: &Args) -> bool {
    let is_like_parameter = |ident: &Ident| {
        let text = ident.to_string();
        let mut letters = text.chars();
        letters.next().is_some_and(|c| c.is_ascii_uppercase())
            && letters.all(|c| c.is_ascii_digit())
    };
    !names_parameter(tokens.clone(), sig, args)
        && (args.enclosing.is_some() || !mentions(tokens, &is_like_parameter))
}

/// Whether the type mentions a type or const parameter, `Self` or `impl`, which have no meaning
/// outside of the function.
pub(super) fn names_generic(ty: &Type, sig: &Signature, args: &Args) -> bool {
    let tokens = ty.to_token_stream();
    names_impl(tokens.clone()) || names_parameter(tokens, sig, args)
}

fn names_impl(tokens: TokenStream) -> bool {
    mentions(tokens, &|ident| ident == "impl")
}

/// Whether the tokens mention a type or const parameter, or `Self`.
fn names_parameter(tokens: TokenStream, sig: &Signature, args: &Args) -> bool {
    let enclosing = args.enclosing.as_ref();
    let is_generic = |ident: &Ident| {
        ident == "Self"
            || (sig.generics.type_params()).any(|param| param.ident == *ident)
            || (sig.generics.const_params()).any(|param| param.ident == *ident)
            || enclosing.is_some_and(|enclosing| enclosing.generics.contains(ident))
    };
    mentions(tokens, &is_generic)
}
