//! What a function's return type tells: whether it can fail, and how to say the type again.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote};
use syn::{Path, ReturnType, Signature, Type, visit_mut::VisitMut};

use crate::attr::mentions;

/// Whether a function can return an error.
pub(crate) enum Fallible {
    /// Told by an argument, or by the head of a type that a constant cannot name.
    Known(bool),
    /// The compiler knows, also of an alias of `Result`.
    Probe(Box<Type>),
}

impl Fallible {
    pub(crate) fn of(sig: &Signature) -> Self {
        let ReturnType::Type(_, ty) = &sig.output else {
            return Fallible::Known(false);
        };
        if let Some(fallible) = told_by_head(ty) {
            Fallible::Known(fallible)
        } else if is_concrete(ty, sig) {
            Fallible::Probe(ty.clone())
        } else {
            Fallible::Known(head(ty).is_some_and(|head| head.ends_with("Result")))
        }
    }

    pub(crate) fn may(&self) -> bool {
        !matches!(self, Fallible::Known(false))
    }

    pub(crate) fn constant(&self, krate: &Path) -> TokenStream {
        match self {
            Fallible::Known(fallible) => quote!(#fallible),
            Fallible::Probe(ty) => {
                let mut ty = ty.clone();
                // Of lifetimes a constant knows `'static` alone, and a `Result` is one under all.
                StaticLifetimes::default().visit_type_mut(&mut ty);
                quote! {
                    {
                        #[allow(unused_imports)]
                        use #krate::__private::call::Infallible as _;
                        #krate::__private::call::Probe::<#ty>::FALLIBLE
                    }
                }
            }
        }
    }
}

/// Makes lifetimes `'static`, but for those that a `for<...>` in the type introduces.
#[derive(Default)]
struct StaticLifetimes(Vec<Ident>);

impl VisitMut for StaticLifetimes {
    fn visit_bound_lifetimes_mut(&mut self, bound: &mut syn::BoundLifetimes) {
        for param in &bound.lifetimes {
            if let syn::GenericParam::Lifetime(param) = param {
                self.0.push(param.lifetime.ident.clone());
            }
        }
    }

    fn visit_lifetime_mut(&mut self, lifetime: &mut syn::Lifetime) {
        if !self.0.contains(&lifetime.ident) {
            *lifetime = syn::Lifetime::new("'static", lifetime.span());
        }
    }
}

/// What the head of a type tells by itself: a constant need not name its arguments then, which
/// may be generic parameters of an `impl` block that cannot be seen from here.
fn told_by_head(ty: &Type) -> Option<bool> {
    const NO_RESULTS: [&str; 23] = [
        "bool", "char", "str", "u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32",
        "i64", "i128", "isize", "f32", "f64", "String", "Vec", "Option", "Box", "Rc", "Arc",
    ];
    match ty {
        Type::Path(path) if path.qself.is_none() => {
            let last = path.path.segments.last()?;
            if last.ident == "Result" && !last.arguments.is_none() {
                return Some(true);
            }
            NO_RESULTS
                .iter()
                .any(|no| last.ident == no)
                .then_some(false)
        }
        Type::Group(group) => told_by_head(&group.elem),
        Type::Paren(paren) => told_by_head(&paren.elem),
        Type::Path(_) | Type::Macro(_) | Type::Infer(_) | Type::Verbatim(_) => None,
        _ => Some(false),
    }
}

/// The name of a type's head: `Result` of `io::Result<()>`.
fn head(ty: &Type) -> Option<String> {
    match ty {
        Type::Path(path) => path.path.segments.last().map(|last| last.ident.to_string()),
        Type::Group(group) => head(&group.elem),
        Type::Paren(paren) => head(&paren.elem),
        _ => None,
    }
}

/// Whether a constant outside the function can name the type: it mentions no generic parameter.
///
/// Those of an `impl` block around the function cannot be seen from here; they are taken to be
/// called like `T` or `T1`, which few other types are.
fn is_concrete(ty: &Type, sig: &Signature) -> bool {
    let is_generic = |ident: &Ident| {
        let text = ident.to_string();
        let mut letters = text.chars();
        ident == "Self"
            || ident == "impl"
            || sig
                .generics
                .type_params()
                .any(|param| param.ident == *ident)
            || sig
                .generics
                .const_params()
                .any(|param| param.ident == *ident)
            || letters.next().is_some_and(|c| c.is_ascii_uppercase())
                && letters.all(|c| c.is_ascii_digit())
    };
    !mentions(ty.to_token_stream(), &is_generic)
}

/// `-> Type` for a closure, where it can be said.
pub(crate) fn closure_output(output: &ReturnType) -> TokenStream {
    match output {
        ReturnType::Type(arrow, ty) if !names_impl(ty) => quote!(#arrow #ty),
        _ => quote!(),
    }
}

fn names_impl(ty: &Type) -> bool {
    struct Finder(bool);

    impl VisitMut for Finder {
        fn visit_type_impl_trait_mut(&mut self, _: &mut syn::TypeImplTrait) {
            self.0 = true;
        }
    }

    let mut finder = Finder(false);
    finder.visit_type_mut(&mut ty.clone());
    finder.0
}

pub(crate) fn is_never(output: &ReturnType) -> bool {
    matches!(output, ReturnType::Type(_, ty) if matches!(**ty, Type::Never(_)))
}

/// Tells the compiler what an `async` block returns, as the signature of the function would.
pub(crate) fn hint(output: &ReturnType) -> TokenStream {
    struct Placeholders;

    impl VisitMut for Placeholders {
        fn visit_type_mut(&mut self, ty: &mut Type) {
            if let Type::ImplTrait(_) = ty {
                *ty = syn::parse_quote!(_);
            } else {
                syn::visit_mut::visit_type_mut(self, ty);
            }
        }
    }

    let ReturnType::Type(_, ty) = output else {
        return quote! {
            #[allow(unreachable_code, clippy::unused_unit, clippy::diverging_sub_expression)]
            if false {
                return ();
            }
        };
    };
    let mut ty = ty.clone();
    Placeholders.visit_type_mut(&mut ty);
    if is_never(output) {
        ty = syn::parse_quote!(::core::convert::Infallible);
    }
    quote! {
        #[allow(
            unreachable_code,
            clippy::diverging_sub_expression,
            clippy::let_unit_value,
            clippy::empty_loop,
            clippy::needless_return
        )]
        if false {
            let __result: #ty = loop {};
            return __result;
        }
    }
}
