//! [`Returns`]: the return type of a function: the output of a call, whether this output can be an
//! error, and whether the call is a future.

use proc_macro2::Ident;
use syn::{ReturnType, Signature, Type, visit_mut::VisitMut};

use super::{Args, Function, generics::is_concrete};

/// The return type of a function.
pub(crate) struct Returns {
    /// The return type; for a future, the type of the future's output.
    pub(crate) output: ReturnType,
    pub(crate) fallible: Fallible,
    /// Set if the call is a future.
    pub(crate) future: Option<FutureForm>,
}

/// How a function that returns a future is written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum FutureForm {
    AsyncFn,
    /// A function that returns `impl Future`.
    Opaque,
    /// A function that returns `Pin<Box<dyn Future>>`, `BoxFuture` or `LocalBoxFuture`.
    Boxed,
}

/// Whether a call can return an error.
pub(crate) enum Fallible {
    /// Decided by an argument or by the syntax of the type.
    Known(bool),
    /// Decided by the compiler, which sees through aliases of `Result`.
    Probe(Box<Type>),
}

impl Returns {
    pub(crate) fn of(function: &Function, args: &Args) -> Self {
        let sig = &function.sig;
        let (output, future) = if sig.asyncness.is_some() {
            (sig.output.clone(), Some(FutureForm::AsyncFn))
        } else if let Some((output, form)) = future(&sig.output) {
            (output, Some(form))
        } else {
            (sig.output.clone(), None)
        };
        Returns {
            fallible: Fallible::of(&output, sig, args),
            output,
            future,
        }
    }

    /// Whether the type is not written, as that of most code in `measure!`.
    pub(crate) fn is_inferred(&self) -> bool {
        is_inferred(&self.output)
    }

    /// Whether the recorder reads the result: for the outcome, or for a label.
    pub(crate) fn is_read(&self, args: &Args) -> bool {
        args.has_result_labels() || self.decides_outcome(args)
    }

    /// Whether the outcome depends on the result.
    pub(crate) fn decides_outcome(&self, args: &Args) -> bool {
        args.has_outcome() && self.fallible.is_possible()
    }
}

impl Fallible {
    fn of(output: &ReturnType, sig: &Signature, args: &Args) -> Self {
        if let Some(fallible) = args.fallible.get() {
            return Fallible::Known(fallible.value);
        }
        if args.ok_if.is_set() || args.error_if.is_set() {
            return Fallible::Known(true);
        }
        let ReturnType::Type(_, ty) = output else {
            return Fallible::Known(false);
        };
        if is_inferred(output) {
            // Only the value tells.
            return Fallible::Known(true);
        }
        if let Some(fallible) = is_result_by_name(ty) {
            Fallible::Known(fallible)
        } else if is_concrete(ty, sig, args) {
            Fallible::Probe(ty.clone())
        } else {
            Fallible::Known(type_name(ty).is_some_and(|name| name.ends_with("Result")))
        }
    }

    pub(crate) fn is_possible(&self) -> bool {
        !matches!(self, Fallible::Known(false))
    }
}

fn is_inferred(output: &ReturnType) -> bool {
    matches!(output, ReturnType::Type(_, ty) if matches!(**ty, Type::Infer(_)))
}

/// The output and form of a returned future: `impl Future`, `Pin<Box<dyn Future>>`, or the aliases
/// `BoxFuture` and `LocalBoxFuture` of the crate `futures`.
fn future(output: &ReturnType) -> Option<(ReturnType, FutureForm)> {
    match output {
        ReturnType::Type(_, ty) => future_type(ty),
        ReturnType::Default => None,
    }
}

fn future_type(ty: &Type) -> Option<(ReturnType, FutureForm)> {
    match ty {
        Type::ImplTrait(ty) => Some((future_output(&ty.bounds)?, FutureForm::Opaque)),
        Type::Group(group) => future_type(&group.elem),
        Type::Paren(paren) => future_type(&paren.elem),
        Type::Path(path) if path.qself.is_none() => {
            let last = path.path.segments.last()?;
            if last.ident == "BoxFuture" || last.ident == "LocalBoxFuture" {
                let output = type_arguments(last).last()?;
                return Some((syn::parse_quote!(-> #output), FutureForm::Boxed));
            }
            let Type::Path(inner) = single_argument(last, "Pin")? else {
                return None;
            };
            let inner = single_argument(inner.path.segments.last()?, "Box")?;
            let Type::TraitObject(object) = inner else {
                return None;
            };
            Some((future_output(&object.bounds)?, FutureForm::Boxed))
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

/// The first type argument of a path segment, if the segment has this name.
fn single_argument<'a>(segment: &'a syn::PathSegment, name: &str) -> Option<&'a Type> {
    (segment.ident == name).then(|| type_arguments(segment).next())?
}

/// The type of `Output` in the bound on `Future`.
fn future_output<'a>(
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

/// The type as a constant outside of the function can name it: with `'static` lifetimes.
///
/// The constants tell whether a type is a `Result` and which values a label has. Neither depends on
/// lifetimes, so the changed type gives the same answer.
pub(crate) fn with_static_lifetimes(ty: &Type) -> Type {
    let mut ty = ty.clone();
    StaticLifetimes::default().visit_type_mut(&mut ty);
    ty
}

/// Makes all written lifetimes `'static` except the ones that a `for<...>` in the type introduces.
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

/// Whether a type is a `Result`, if its name alone decides that.
///
/// A probe would have to name the type's arguments, and these may be generic parameters of an
/// `impl` block that the macro cannot see.
fn is_result_by_name(ty: &Type) -> Option<bool> {
    const NOT_RESULTS: [&str; 23] = [
        "bool", "char", "str", "u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32",
        "i64", "i128", "isize", "f32", "f64", "String", "Vec", "Option", "Box", "Rc", "Arc",
    ];
    match ty {
        Type::Path(path) if path.qself.is_none() => {
            let last = path.path.segments.last()?;
            if last.ident == "Result" && !last.arguments.is_none() {
                return Some(true);
            }
            let is_other = NOT_RESULTS.iter().any(|name| last.ident == name);
            is_other.then_some(false)
        }
        Type::Group(group) => is_result_by_name(&group.elem),
        Type::Paren(paren) => is_result_by_name(&paren.elem),
        Type::Path(_) | Type::Macro(_) | Type::Infer(_) | Type::Verbatim(_) => None,
        _ => Some(false),
    }
}

/// The name of a type without its path and arguments: `Result` for `io::Result<()>`.
fn type_name(ty: &Type) -> Option<String> {
    match ty {
        Type::Path(path) => path.path.segments.last().map(|last| last.ident.to_string()),
        Type::Group(group) => type_name(&group.elem),
        Type::Paren(paren) => type_name(&paren.elem),
        _ => None,
    }
}
