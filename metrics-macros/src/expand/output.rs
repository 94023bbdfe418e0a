//! Converts the return type of a function to the output type of a closure around its body, and to
//! hints from which the compiler infers what the body returns.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote};
use syn::{
    Lifetime, PathArguments, ReturnType, Type, TypeImplTrait, TypeParamBound,
    punctuated::Punctuated,
    visit_mut::{self, VisitMut},
};

use super::tokens::allow;
use crate::model::{Args, CallForm, Follow, Function, is_nameable, is_stream, mentions, ungrouped};

/// `-> Type` for a closure, with `_` in place of `impl`, which is not allowed there.
pub(super) fn closure_output(output: &ReturnType) -> TokenStream {
    match output {
        ReturnType::Type(arrow, ty) => {
            let ty = with_placeholders(ty);
            quote!(#arrow #ty)
        }
        ReturnType::Default => quote!(),
    }
}

/// The type with `_` in place of each `impl Trait`.
pub(super) fn with_placeholders(ty: &Type) -> Type {
    replace_impl(ty, |_| syn::parse_quote!(_))
}

/// Whether the type contains `impl Trait`.
pub(super) fn names_impl(ty: &Type) -> bool {
    let mut is_found = false;
    replace_impl(ty, |_| {
        is_found = true;
        syn::parse_quote!(_)
    });
    is_found
}

fn replace_impl(ty: &Type, replace: impl FnMut(&TypeImplTrait) -> Type) -> Type {
    struct Replacer<F>(F);

    impl<F: FnMut(&TypeImplTrait) -> Type> VisitMut for Replacer<F> {
        fn visit_type_mut(&mut self, ty: &mut Type) {
            if let Type::ImplTrait(opaque) = ty {
                *ty = (self.0)(opaque);
            } else {
                visit_mut::visit_type_mut(self, ty);
            }
        }
    }

    let mut ty = ty.clone();
    Replacer(replace).visit_type_mut(&mut ty);
    ty
}

/// A function that returns its argument, and through which the body is passed if the return type
/// contains `impl Fn(...)`. From the bound, the compiler infers the parameters of a closure that
/// the body returns; it cannot infer them from `_`. A return type `impl Trait` also gets this
/// function if the macro does not know whether the trait is one of closures or of futures. `None`
/// for other types.
///
/// `-> Result<impl Fn(&str) -> usize, E>` gives
///
/// ```text
/// fn __declared<__T0: Fn(&str) -> usize>(value: Result<__T0, E>) -> Result<__T0, E> { value }
/// ```
///
/// Also `None` for a type that this function cannot name, because the type mentions generic
/// parameters or a lifetime that is not in the arguments of a bound.
pub(super) fn closure_hint(
    args: &Args,
    function: &Function,
    form: CallForm,
) -> Option<TokenStream> {
    let ReturnType::Type(_, ty) = &function.sig.output else {
        return None;
    };
    let mut parameters = Vec::new();
    let mut has_closure =
        form.follow() == Some(Follow::Probed) && opaque_bounds(ty).is_some() && !is_stream(ty);
    let declared = replace_impl(ty, |opaque| {
        has_closure |= opaque.bounds.iter().any(is_closure_bound);
        let name = format_ident!("__T{}", parameters.len(), span = Span::mixed_site());
        let bounds = &opaque.bounds;
        parameters.push(quote!(#name: #bounds));
        syn::parse_quote!(#name)
    });
    let is_nameable = || is_nameable(ty.to_token_stream(), &function.sig, args);
    (has_closure && is_nameable() && !names_lifetime(ty)).then(|| {
        let allow = allow();
        quote! {
            #allow
            fn __declared<#(#parameters),*>(value: #declared) -> #declared {
                value
            }
        }
    })
}

/// The bounds of an `impl Trait` that may be a future or stream, as a type that implements
/// `metrics_core::call::Declares`.
pub(super) struct Declared {
    /// The type that represents the bounds.
    pub(super) bounds: TokenStream,
    /// The definition of that type; empty if metrics-core defines it.
    pub(super) items: TokenStream,
}

/// The bounds of the return type, if that is `impl Trait` and an item can name them.
///
/// `-> impl Task<Output = u8> + Send` gives
///
/// ```text
/// enum __Declared {}
/// impl<__T: Task<Output = u8> + Send> call::Declares<__T> for __Declared {}
/// ```
pub(super) fn declared(
    args: &Args,
    function: &Function,
    form: CallForm,
    call: &TokenStream,
) -> Declared {
    let existing = |name: &str| {
        let name = format_ident!("{name}");
        Declared {
            bounds: quote!(#call::#name),
            items: quote!(),
        }
    };
    let ReturnType::Type(_, ty) = &function.sig.output else {
        return existing("Undeclared");
    };
    if is_stream(ty) {
        return existing("AnyDeclared");
    }
    let Some(bounds) = opaque_bounds(ty).filter(|_| form.follow() == Some(Follow::Probed)) else {
        return existing("Undeclared");
    };
    // Leaves out lifetimes, because the wrapper around a returned future lives as long as that
    // future.
    let traits = bounds
        .iter()
        .filter(|bound| matches!(bound, TypeParamBound::Trait(_)));
    let bounds = quote!(#(#traits)+*);
    let is_impl = |word: &Ident| word == "impl";
    if !is_nameable(bounds.clone(), &function.sig, args)
        || names_lifetime(&syn::parse_quote!(impl #bounds))
        || mentions(bounds.clone(), &is_impl)
    {
        return existing("Undeclared");
    }
    let allow = allow();
    Declared {
        bounds: quote!(__Declared),
        items: quote! {
            #allow
            enum __Declared {}
            impl<__T: #bounds> #call::Declares<__T> for __Declared {}
        },
    }
}

/// The bounds of a type that is `impl Trait`; `None` for other types.
fn opaque_bounds(ty: &Type) -> Option<&Punctuated<TypeParamBound, syn::Token![+]>> {
    match ungrouped(ty) {
        Type::ImplTrait(opaque) => Some(&opaque.bounds),
        _ => None,
    }
}

fn is_closure_bound(bound: &TypeParamBound) -> bool {
    let TypeParamBound::Trait(bound) = bound else {
        return false;
    };
    let last = bound.path.segments.last();
    last.is_some_and(|last| matches!(last.arguments, PathArguments::Parenthesized(_)))
}

/// Whether the type names a lifetime or has an elided one, apart from the arguments of `Fn(...)`.
fn names_lifetime(ty: &Type) -> bool {
    struct Finder(bool);

    impl VisitMut for Finder {
        fn visit_lifetime_mut(&mut self, lifetime: &mut Lifetime) {
            self.0 |= lifetime.ident != "static";
        }

        fn visit_type_reference_mut(&mut self, reference: &mut syn::TypeReference) {
            self.0 |= reference.lifetime.is_none();
            visit_mut::visit_type_reference_mut(self, reference);
        }

        fn visit_parenthesized_generic_arguments_mut(
            &mut self,
            _: &mut syn::ParenthesizedGenericArguments,
        ) {
        }
    }

    let mut finder = Finder(false);
    finder.visit_type_mut(&mut ty.clone());
    finder.0
}

/// Whether the type is `!`.
pub(super) fn is_never(output: &ReturnType) -> bool {
    matches!(output, ReturnType::Type(_, ty) if matches!(ungrouped(ty), Type::Never(_)))
}

/// Unreachable code from which the compiler infers what an `async` block returns, as it would from
/// the signature of an `async fn`.
pub(super) fn type_hint(output: &ReturnType) -> TokenStream {
    let ReturnType::Type(_, ty) = output else {
        return quote! {
            #[allow(unreachable_code, clippy::unused_unit, clippy::diverging_sub_expression)]
            if false {
                return ();
            }
        };
    };
    let ty = if is_never(output) {
        syn::parse_quote!(::core::convert::Infallible)
    } else {
        with_placeholders(ty)
    };
    quote! {
        #[allow(
            unreachable_code,
            clippy::diverging_sub_expression,
            clippy::let_unit_value,
            clippy::empty_loop,
            clippy::needless_return,
            clippy::type_complexity
        )]
        if false {
            let __result: #ty = loop {};
            return __result;
        }
    }
}
