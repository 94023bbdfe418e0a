//! [`Returns`]: the result type of a call, whether the result can be an error, whether the call can
//! be cancelled, and when it ends.

use proc_macro2::Ident;
use syn::{ReturnType, Signature, Type, visit_mut::VisitMut};

use super::{
    Args, CallForm, Follow, Function,
    call_form::{is_stream, may_be_alias},
    generics::is_concrete,
};

/// The facts about a function's calls that follow from its return type and the attribute's
/// arguments.
pub(crate) struct Returns {
    /// The type of the value that decides the outcome: of a future, the output, and of a stream,
    /// the items, if the syntax tells that type. Otherwise the type that the function returns.
    pub(crate) output: ReturnType,
    /// Whether the syntax of the return type tells the type that the outcome is read from.
    pub(crate) is_output_known: bool,
    /// Whether a call can return an error.
    pub(crate) fallible: Certainty,
    /// Whether a call can be cancelled.
    pub(crate) cancellable: Certainty,
    pub(crate) form: CallForm,
}

/// Whether a call can end with an outcome such as `error`, or how the compiler decides this.
pub(crate) enum Certainty {
    /// The macro decides by an argument or by the syntax of the type.
    Known(bool),
    /// The compiler decides in a constant, because only the compiler can resolve aliases of this
    /// type.
    Probe(Box<Type>),
    /// The compiler decides when it compiles the body. No constant can decide, because constants
    /// cannot name the type.
    Unknown,
}

impl Returns {
    pub(crate) fn of(function: &Function, args: &Args) -> Self {
        let sig = &function.sig;
        let form = CallForm::of(function, args.stated);
        let read = form.read_type(&sig.output);
        Returns {
            fallible: fallible(read.as_ref(), form, function, args),
            cancellable: cancellable(form, sig, args),
            is_output_known: read.is_some(),
            output: read.unwrap_or_else(|| sig.output.clone()),
            form,
        }
    }

    /// Whether the compiler infers the type `output`, as it does for most code in `measure!`.
    pub(crate) fn is_inferred(&self) -> bool {
        is_inferred(&self.output)
    }

    /// Whether the recorder reads the result, for the outcome or for a label.
    pub(crate) fn is_read(&self, args: &Args) -> bool {
        args.has_result_labels() || self.decides_outcome(args)
    }

    /// Whether the outcome depends on the result.
    pub(crate) fn decides_outcome(&self, args: &Args) -> bool {
        args.has_outcome() && self.fallible.is_possible()
    }
}

impl Certainty {
    pub(crate) fn is_possible(&self) -> bool {
        !matches!(self, Certainty::Known(false))
    }
}

/// Whether a type is left to the compiler to infer.
fn is_inferred(output: &ReturnType) -> bool {
    matches!(output, ReturnType::Type(_, ty) if matches!(**ty, Type::Infer(_)))
}

/// Whether a call can return an error. `read` is the type that the outcome is read from, if the syntax
/// tells.
fn fallible(
    read: Option<&ReturnType>,
    form: CallForm,
    function: &Function,
    args: &Args,
) -> Certainty {
    let sig = &function.sig;
    if let Some(fallible) = args.fallible.get() {
        return Certainty::Known(fallible.value);
    }
    if args.ok_if.is_set() || args.error_if.is_set() {
        return Certainty::Known(true);
    }
    let ReturnType::Type(_, ty) = read.unwrap_or(&sig.output) else {
        return Certainty::Known(false);
    };
    if is_inferred(&sig.output) {
        // The compiler infers the type, which may be a `Result`, so a call may return an error.
        return Certainty::Known(true);
    }
    let by_name = is_result_by_name(ty).filter(|_| read.is_some());
    if let Some(fallible) = by_name {
        Certainty::Known(fallible)
    } else if is_concrete(ty, sig, args) {
        Certainty::Probe(ty.clone())
    } else if type_name(ty).is_some_and(|name| name.ends_with("Result")) {
        Certainty::Known(true)
    } else if read.is_none() || may_be_alias(ty) && !shows_caller(form, function) {
        Certainty::Unknown
    } else {
        Certainty::Known(false)
    }
}

/// Whether a closure around the body, which code that reads the result needs, would become the
/// caller that `#[track_caller]` reports.
fn shows_caller(form: CallForm, function: &Function) -> bool {
    form == CallForm::Value && function.attribute("track_caller").is_some()
}

/// Whether a call can be cancelled: whether it ends with a future or stream.
fn cancellable(form: CallForm, sig: &Signature, args: &Args) -> Certainty {
    match (form, &sig.output) {
        (CallForm::Value, _) => Certainty::Known(false),
        (CallForm::Returned(Follow::Probed), ReturnType::Type(_, ty)) => {
            if is_stream(ty) {
                Certainty::Known(true)
            } else if is_concrete(ty, sig, args) {
                Certainty::Probe(ty.clone())
            } else {
                Certainty::Unknown
            }
        }
        _ => Certainty::Known(true),
    }
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
