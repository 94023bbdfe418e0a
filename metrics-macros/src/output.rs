//! What a function's return type tells: whether it can fail, and how to say the type again.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote};
use syn::{Path, ReturnType, Signature, Type, visit_mut::VisitMut};

use crate::{args::Args, attr::mentions, function::Function};

/// Whether a function can return an error.
pub(crate) enum Fallible {
    /// Told by an argument, or by the head of a type that a constant cannot name.
    Known(bool),
    /// The compiler knows, also of an alias of `Result`.
    Probe(Box<Type>),
}

impl Fallible {
    fn of(output: &ReturnType, sig: &Signature, args: &Args) -> Self {
        if let Some(said) = args.fallible.get() {
            return Fallible::Known(said.value);
        }
        if args.ok_if.get().is_some() || args.error_if.get().is_some() {
            return Fallible::Known(true);
        }
        let ReturnType::Type(_, ty) = output else {
            return Fallible::Known(false);
        };
        if let Some(fallible) = told_by_head(ty) {
            Fallible::Known(fallible)
        } else if is_concrete(ty, sig, args) {
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
                let ty = with_static_lifetimes(ty);
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

/// What a function returns.
pub(crate) struct Returns {
    /// The type, of the future's output where it is one.
    pub(crate) output: ReturnType,
    pub(crate) fallible: Fallible,
    /// Whether there is a future that is the call.
    pub(crate) is_future: bool,
}

impl Returns {
    pub(crate) fn of(function: &Function, args: &Args) -> Self {
        let sig = &function.sig;
        let future = match &sig.output {
            _ if sig.asyncness.is_some() => None,
            output => future(output),
        };
        let is_future = sig.asyncness.is_some() || future.is_some();
        let output = future.map_or_else(|| sig.output.clone(), |future| future.output);
        Returns {
            fallible: Fallible::of(&output, sig, args),
            output,
            is_future,
        }
    }
}

/// A future that a function returns instead of being `async`.
pub(crate) struct Future {
    output: ReturnType,
    /// Whether it is in a box.
    pub(crate) boxed: bool,
}

/// Recognizes `impl Future`, `Pin<Box<dyn Future>>` and the aliases of crate `futures`.
pub(crate) fn future(output: &ReturnType) -> Option<Future> {
    match output {
        ReturnType::Type(_, ty) => future_type(ty),
        ReturnType::Default => None,
    }
}

fn future_type(ty: &Type) -> Option<Future> {
    let returned = |ty: &Type| -> ReturnType { syn::parse_quote!(-> #ty) };
    match ty {
        Type::ImplTrait(ty) => future_bound(&ty.bounds).map(|output| Future {
            output,
            boxed: false,
        }),
        Type::Group(group) => future_type(&group.elem),
        Type::Paren(paren) => future_type(&paren.elem),
        Type::Path(path) if path.qself.is_none() => {
            let last = path.path.segments.last()?;
            if last.ident == "BoxFuture" || last.ident == "LocalBoxFuture" {
                let output = type_arguments(last).last()?;
                return Some(Future {
                    output: returned(output),
                    boxed: true,
                });
            }
            let inner = single_argument(last, "Pin")?;
            let Type::Path(inner) = inner else {
                return None;
            };
            let inner = single_argument(inner.path.segments.last()?, "Box")?;
            let Type::TraitObject(object) = inner else {
                return None;
            };
            future_bound(&object.bounds).map(|output| Future {
                output,
                boxed: true,
            })
        }
        _ => None,
    }
}

fn type_arguments(segment: &syn::PathSegment) -> impl Iterator<Item = &Type> {
    let arguments = match &segment.arguments {
        syn::PathArguments::AngleBracketed(arguments) => Some(&arguments.args),
        _ => None,
    };
    arguments
        .into_iter()
        .flatten()
        .filter_map(|argument| match argument {
            syn::GenericArgument::Type(ty) => Some(ty),
            _ => None,
        })
}

/// The argument of `Name<Argument>`.
fn single_argument<'a>(segment: &'a syn::PathSegment, name: &str) -> Option<&'a Type> {
    (segment.ident == name).then(|| type_arguments(segment).next())?
}

/// The output of a bound on `Future`.
fn future_bound<'a>(
    bounds: impl IntoIterator<Item = &'a syn::TypeParamBound>,
) -> Option<ReturnType> {
    bounds.into_iter().find_map(|bound| {
        let syn::TypeParamBound::Trait(bound) = bound else {
            return None;
        };
        let last = bound.path.segments.last()?;
        if last.ident != "Future" {
            return None;
        }
        let syn::PathArguments::AngleBracketed(arguments) = &last.arguments else {
            return None;
        };
        arguments.args.iter().find_map(|argument| match argument {
            syn::GenericArgument::AssocType(bound) if bound.ident == "Output" => {
                let ty = &bound.ty;
                Some(syn::parse_quote!(-> #ty))
            }
            _ => None,
        })
    })
}

/// The type as a constant outside of the function can name it: of lifetimes it knows `'static`
/// alone, and neither a `Result` nor a label's values depend on them.
pub(crate) fn with_static_lifetimes(ty: &Type) -> Type {
    let mut ty = ty.clone();
    StaticLifetimes::default().visit_type_mut(&mut ty);
    ty
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
/// Those of an `impl` block around the function are known when the attribute is on the block;
/// else they are taken to be called like `T` or `T1`, which few other types are.
pub(crate) fn is_concrete(ty: &Type, sig: &Signature, args: &Args) -> bool {
    let is_like_one = |ident: &Ident| {
        let text = ident.to_string();
        let mut letters = text.chars();
        letters.next().is_some_and(|c| c.is_ascii_uppercase())
            && letters.all(|c| c.is_ascii_digit())
    };
    !names_generic(ty, sig, args)
        && (args.block.is_some() || !mentions(ty.to_token_stream(), &is_like_one))
}

/// Whether the type mentions what is known to have no meaning outside the function.
pub(crate) fn names_generic(ty: &Type, sig: &Signature, args: &Args) -> bool {
    let is_generic = |ident: &Ident| {
        let of_block = args.block.as_ref().map(|block| &block.generics);
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
            || of_block.is_some_and(|generics| generics.contains(ident))
    };
    mentions(ty.to_token_stream(), &is_generic)
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
