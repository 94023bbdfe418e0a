//! [`CallForm`]: whether a call ends when the function returns, or with a future or stream that the
//! function returns.

use proc_macro2::Ident;
use quote::ToTokens;
use syn::{
    GenericArgument, PathArguments, ReturnType, Type, TypeImplTrait, TypeParamBound,
    punctuated::Punctuated, token::Plus,
};

use super::{Function, Stated, mentions, ungrouped};

/// The event at which a call ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CallForm {
    /// The call ends when the function returns.
    Value,
    /// The call ends with the future of an `async fn`, or with the stream that is the future's
    /// output.
    AsyncFn(Option<Follow>),
    /// The call ends with the returned `impl Future`.
    Opaque,
    /// The call ends with the returned `Pin<Box<dyn Future>>`, `BoxFuture` or `LocalBoxFuture`.
    Boxed,
    /// The call ends with the future or stream that the function returns, if it returns one.
    Returned(Follow),
}

/// The kind of a returned value with which a call may end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Follow {
    /// The compiler decides whether the value is a future or stream.
    Probed,
    Future,
    IntoFuture,
    Stream,
}

type Bounds = Punctuated<TypeParamBound, Plus>;

impl CallForm {
    /// Determines the form of a function from its signature and from `stated`, the arguments of its
    /// attributes.
    pub(super) fn of(function: &Function, stated: Stated) -> Self {
        let sig = &function.sig;
        if function.code.is_some() {
            // A call of code in `measure!` ends with that code, even if the code returns a future
            // or stream.
            return match sig.asyncness {
                Some(_) => CallForm::AsyncFn(None),
                None => CallForm::Value,
            };
        }
        let returned = match &sig.output {
            ReturnType::Type(_, ty) => Some(ungrouped(ty)),
            ReturnType::Default => None,
        };
        if sig.asyncness.is_some() {
            return CallForm::AsyncFn(match (stated.stream, returned) {
                (Some(true), Some(_)) => Some(Follow::Stream),
                (None, Some(ty)) if may_be_followed(ty) => Some(Follow::Probed),
                _ => None,
            });
        }
        let Some(ty) = returned else {
            return CallForm::Value;
        };
        if stated.stream == Some(true) {
            return CallForm::Returned(Follow::Stream);
        }
        if stated.future != Some(false) {
            if let Some((form, _)) = future(ty) {
                return form;
            }
            if bounds(ty).is_some_and(is_followed_into_future) {
                return CallForm::Returned(Follow::IntoFuture);
            }
        }
        if stated.future == Some(true) {
            return CallForm::Returned(Follow::Future);
        }
        let is_stated = stated.future.is_some() || stated.stream.is_some();
        // Does not probe a function with `#[track_caller]`: the probe runs the body in a closure,
        // where `Location::caller()` is not the caller of the function.
        if is_stated || function.attribute("track_caller").is_some() || !may_be_followed(ty) {
            CallForm::Value
        } else {
            CallForm::Returned(Follow::Probed)
        }
    }

    /// The [`Follow`] in `self`, if the variant has one.
    pub(crate) fn follow(self) -> Option<Follow> {
        match self {
            CallForm::Value | CallForm::Opaque | CallForm::Boxed => None,
            CallForm::AsyncFn(follow) => follow,
            CallForm::Returned(follow) => Some(follow),
        }
    }

    /// The type of the value that decides the outcome, if the syntax of the return type tells this
    /// type.
    pub(super) fn read_type(self, output: &ReturnType) -> Option<ReturnType> {
        let ReturnType::Type(_, ty) = output else {
            return Some(output.clone());
        };
        let ty = ungrouped(ty);
        let bounds = bounds(ty);
        let read = match self {
            CallForm::Value | CallForm::AsyncFn(None) => return Some(output.clone()),
            CallForm::Opaque | CallForm::Boxed => Some(future(ty)?.1),
            CallForm::AsyncFn(Some(follow)) | CallForm::Returned(follow) => match follow {
                Follow::Probed => binding(bounds.filter(|_| is_stream(ty))?, "Stream", "Item"),
                Follow::Future => bounds.and_then(|bounds| any_binding(bounds, "Output")),
                Follow::IntoFuture => binding(bounds?, "IntoFuture", "Output"),
                Follow::Stream => bounds.and_then(|bounds| any_binding(bounds, "Item")),
            },
        };
        read.map(|ty| syn::parse_quote!(-> #ty))
    }
}

/// The [`CallForm`] and the output of the return type `ty` if that is a future: `impl Future`,
/// `Pin<Box<dyn Future>>`, or the aliases `BoxFuture` and `LocalBoxFuture` of the crate `futures`.
fn future(ty: &Type) -> Option<(CallForm, &Type)> {
    if let Some(bounds) = bounds(ty) {
        let output = output(bounds).filter(|_| may_be_tracked(bounds))?;
        return Some((CallForm::Opaque, output));
    }
    let Type::Path(path) = ty else { return None };
    if path.qself.is_some() {
        return None;
    }
    let last = path.path.segments.last()?;
    if last.ident == "BoxFuture" || last.ident == "LocalBoxFuture" {
        return Some((CallForm::Boxed, type_arguments(last).last()?));
    }
    let Type::Path(inner) = single_argument(last, "Pin")? else {
        return None;
    };
    let bounds = match single_argument(inner.path.segments.last()?, "Box")? {
        Type::TraitObject(object) => &object.bounds,
        Type::ImplTrait(opaque) => &opaque.bounds,
        _ => return None,
    };
    Some((CallForm::Boxed, output(bounds)?))
}

/// The `Output` in a bound on `Future` or `FusedFuture`.
fn output(bounds: &Bounds) -> Option<&Type> {
    let of = |name| binding(bounds, name, "Output");
    of("Future").or_else(|| of("FusedFuture"))
}

/// Whether the bounds are those of an `impl IntoFuture` for which the expansion can return its own
/// future: they do not name the associated type `IntoFuture`.
fn is_followed_into_future(bounds: &Bounds) -> bool {
    let of = |key| binding(bounds, "IntoFuture", key);
    of("Output").is_some() && of("IntoFuture").is_none() && may_be_tracked(bounds)
}

/// Whether the future with which the expansion wraps another one may satisfy the bounds: that
/// future implements each trait of the standard library among them.
fn may_be_tracked(bounds: &Bounds) -> bool {
    const TRACKED: [&str; 8] = [
        "Any",
        "Debug",
        "RefUnwindSafe",
        "Send",
        "Sized",
        "Sync",
        "Unpin",
        "UnwindSafe",
    ];

    traits(bounds).all(|last| {
        let is_one_of = |names: &[&str]| names.iter().any(|name| last.ident == name);
        is_one_of(&TRACKED) || !is_one_of(&VALUE_TRAITS)
    })
}

/// The bounds of a type that is `impl Trait`; `None` for other types.
fn bounds(ty: &Type) -> Option<&Bounds> {
    match ty {
        Type::ImplTrait(TypeImplTrait { bounds, .. }) => Some(bounds),
        _ => None,
    }
}

/// Whether a type is `impl Stream` whose further bounds, if any, the stream with which the
/// expansion wraps another one always satisfies.
pub(crate) fn is_stream(ty: &Type) -> bool {
    const BOUNDS: [&str; 5] = ["Stream", "FusedStream", "Send", "Sync", "Unpin"];

    bounds(ungrouped(ty)).is_some_and(|bounds| {
        any_binding(bounds, "Item").is_some()
            && traits(bounds).all(|last| BOUNDS.iter().any(|name| last.ident == name))
    })
}

/// The last path segment of each trait bound.
fn traits(bounds: &Bounds) -> impl Iterator<Item = &syn::PathSegment> {
    bounds.iter().filter_map(|bound| match bound {
        TypeParamBound::Trait(bound) => bound.path.segments.last(),
        _ => None,
    })
}

/// The type that a bound on the trait `name` states for its associated type `key`, such as `u8` for
/// `Item` in `Stream<Item = u8>`.
fn binding<'a>(bounds: &'a Bounds, name: &str, key: &str) -> Option<&'a Type> {
    traits(bounds)
        .filter(|last| last.ident == name)
        .find_map(|last| associated(last, key))
}

/// The type that any of the bounds states for its associated type `key`.
fn any_binding<'a>(bounds: &'a Bounds, key: &str) -> Option<&'a Type> {
    traits(bounds).find_map(|last| associated(last, key))
}

fn associated<'a>(segment: &'a syn::PathSegment, key: &str) -> Option<&'a Type> {
    let PathArguments::AngleBracketed(arguments) = &segment.arguments else {
        return None;
    };
    arguments.args.iter().find_map(|argument| match argument {
        GenericArgument::AssocType(bound) if bound.ident == key => Some(&bound.ty),
        _ => None,
    })
}

fn type_arguments(segment: &syn::PathSegment) -> impl Iterator<Item = &Type> {
    let arguments = match &segment.arguments {
        PathArguments::AngleBracketed(arguments) => Some(&arguments.args),
        _ => None,
    };
    arguments
        .into_iter()
        .flatten()
        .filter_map(|argument| match argument {
            GenericArgument::Type(ty) => Some(ungrouped(ty)),
            _ => None,
        })
}

/// The first type argument of a path segment, if the segment's name is `name`.
fn single_argument<'a>(segment: &'a syn::PathSegment, name: &str) -> Option<&'a Type> {
    (segment.ident == name).then(|| type_arguments(segment).next())?
}

/// Well-known types that are not futures or streams.
const VALUE_TYPES: [&str; 24] = [
    "bool", "char", "str", "u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64",
    "i128", "isize", "f32", "f64", "String", "Vec", "Option", "Rc", "Arc", "Cow", "Result",
];

/// Whether a type may be a future or stream. For other types, code by which the compiler decides
/// this would only make the expansion larger.
fn may_be_followed(ty: &Type) -> bool {
    match ty {
        Type::ImplTrait(opaque) => may_bounds_be_followed(&opaque.bounds),
        Type::TraitObject(object) => may_bounds_be_followed(&object.bounds),
        Type::Path(path) => {
            let Some(last) = path.path.segments.last() else {
                return false;
            };
            // A function that returns `Self` is taken for a constructor or setter, whose result is
            // not a future.
            let is_value = path.qself.is_none()
                && (path.path.is_ident("Self")
                    || VALUE_TYPES.iter().any(|value| last.ident == value));
            let inner = single_argument(last, "Box").or_else(|| single_argument(last, "Pin"));
            let is_impl = |word: &Ident| word == "impl";
            !is_value
                && inner.is_none_or(may_be_followed)
                && !mentions(ty.to_token_stream(), &is_impl)
        }
        Type::Macro(_) => true,
        _ => false,
    }
}

/// Well-known traits of values that callers do not poll.
const VALUE_TRAITS: [&str; 38] = [
    "Any",
    "AsMut",
    "AsRef",
    "Borrow",
    "BorrowMut",
    "BufRead",
    "Clone",
    "Copy",
    "Debug",
    "Default",
    "Deref",
    "DerefMut",
    "Display",
    "DoubleEndedIterator",
    "Eq",
    "Error",
    "ExactSizeIterator",
    "Extend",
    "From",
    "FusedIterator",
    "Hash",
    "Into",
    "IntoIterator",
    "Iterator",
    "Ord",
    "PartialEq",
    "PartialOrd",
    "Read",
    "RefUnwindSafe",
    "Seek",
    "Send",
    "Sized",
    "Sync",
    "ToOwned",
    "ToString",
    "Unpin",
    "UnwindSafe",
    "Write",
];

/// Whether a type may be an alias of `Result`, or an associated type that is one.
pub(super) fn may_be_alias(ty: &Type) -> bool {
    match ungrouped(ty) {
        Type::Path(path) => {
            let last = path.path.segments.last();
            let is_value = |last: &syn::PathSegment| {
                last.ident == "Self" || VALUE_TYPES.iter().any(|value| last.ident == value)
            };
            path.qself.is_some() || last.is_some_and(|last| !is_value(last))
        }
        Type::Macro(_) => true,
        _ => false,
    }
}

/// Whether bounds may be those of a future or stream: at least one trait is neither a closure
/// trait, such as `Fn()`, nor in [`VALUE_TRAITS`].
fn may_bounds_be_followed(bounds: &Bounds) -> bool {
    traits(bounds).any(|last| {
        let is_closure = matches!(last.arguments, PathArguments::Parenthesized(_));
        !is_closure && !VALUE_TRAITS.iter().any(|value| last.ident == value)
    })
}
