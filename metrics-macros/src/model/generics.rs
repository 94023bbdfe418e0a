//! Whether a type has a meaning outside of the function that it is written in. Constants of an
//! expansion are items, which cannot name the generic parameters of the function around them.

use proc_macro2::Ident;
use quote::ToTokens;
use syn::{Signature, Type};

use super::{Args, mentions};

/// Whether a constant outside of the function can name the type: it mentions no generic parameter.
///
/// The parameters of an enclosing `impl` block are known if the attribute is on the block. If not,
/// every name of one capital letter, such as `T`, or of one and digits, such as `T1`, is taken for
/// a generic parameter.
pub(super) fn is_concrete(ty: &Type, sig: &Signature, args: &Args) -> bool {
    let is_like_parameter = |ident: &Ident| {
        let text = ident.to_string();
        let mut letters = text.chars();
        letters.next().is_some_and(|c| c.is_ascii_uppercase())
            && letters.all(|c| c.is_ascii_digit())
    };
    !names_generic(ty, sig, args)
        && (args.enclosing.is_some() || !mentions(ty.to_token_stream(), &is_like_parameter))
}

/// Whether the type mentions a type or const parameter, `Self` or `impl`, which have no meaning
/// outside of the function.
pub(super) fn names_generic(ty: &Type, sig: &Signature, args: &Args) -> bool {
    let enclosing = args.enclosing.as_ref();
    let is_generic = |ident: &Ident| {
        ident == "Self"
            || ident == "impl"
            || (sig.generics.type_params()).any(|param| param.ident == *ident)
            || (sig.generics.const_params()).any(|param| param.ident == *ident)
            || enclosing.is_some_and(|enclosing| enclosing.generics.contains(ident))
    };
    mentions(ty.to_token_stream(), &is_generic)
}
