//! Expands function attributes on a function.
//!
//! ```text
//! #[counted]
//! fn size(text: &str) -> usize { text.len() }
//! ```
//!
//! expands to
//!
//! ```text
//! fn size(text: &str) -> usize {
//!     let __call = call::PanicGuard::<call::Counted<_>>::new({
//!         /* the statics of the metric: see `family` */
//!         call::LocalCallSeries::unlabelled(&__FAMILY, &__LOCAL)
//!     });
//!     let __result: usize = { text.len() };
//!     __call.returned();
//!     __result
//! }
//! ```
//!
//! where `call` is `::metrics_core::__private::call`. `body` has the other forms.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Path, ReturnType, Type};

use super::{
    body, docs,
    ending::ending,
    expectations,
    family::checks,
    output::names_impl,
    recorder::{Recorder, entry_values},
    stack::move_below_next,
};
use crate::model::{Args, CallForm, Function, Returns};

/// Wraps the body in the recorders of `attributes`, or moves all of `attributes` below the next
/// function attribute. The last of `attributes` is being expanded; the others had moved below it.
pub(crate) fn function(attributes: &[Args], mut function: Function) -> TokenStream {
    if let Some(args) = attributes.last() {
        docs::add(args, &mut function);
    }
    if move_below_next(attributes, &mut function) {
        return body::emit(&function, &function.sig, &function.body);
    }
    expectations::relax_function(&mut function);
    let form = Returns::of(&function, &attributes[0]).form;
    let recorders = attributes.iter().map(|args| Recorder::new(args, &function));
    body::wrap(&function, form, &recorders.collect::<Vec<_>>())
}

/// Emits the function as written, for a program without metrics.
///
/// The compiler still checks the arguments, and counts the variables that they name as used:
///
/// ```text
/// const _: () = check_label("path", Kind::Counter);
/// let _ = || { let _ = &(call::typed::<&str>(&(path)),); };
/// ```
pub(crate) fn function_off(args: &Args, function: &Function) -> TokenStream {
    let checks = arguments_off(args, function);
    let body = &function.body;
    body::emit(function, &function.sig, &quote!(#checks #body))
}

/// Wraps the code of `measure!` in the recorders of the attributes.
pub(crate) fn measured(attributes: &[Args], function: &Function) -> TokenStream {
    let recorders = attributes.iter().map(|args| Recorder::new(args, function));
    body::code(function, &recorders.collect::<Vec<_>>())
}

/// The code of `measure!` as written, which is emitted next to an error.
pub(crate) fn unmeasured(krate: &Path, function: &Function) -> TokenStream {
    let body = &function.body;
    match &function.code {
        Some(code) if code.is_block => quote!({ #body }),
        _ => body::run(function, &quote!(#krate::__private::call)),
    }
}

/// The code of `measure!` without recorders.
pub(crate) fn measured_off(krate: &Path, attributes: &[Args], function: &Function) -> TokenStream {
    let checks = attributes.iter().map(|args| arguments_off(args, function));
    let code = body::run(function, &quote!(#krate::__private::call));
    quote!({ #(#checks)* #code })
}

/// Checks the arguments of an attribute in a program without metrics.
fn arguments_off(args: &Args, function: &Function) -> TokenStream {
    let krate = &args.krate;
    let call = quote!(#krate::__private::call);
    let checks = checks(args);
    let labels = args.entry_labels().next().map(|_| {
        let values = entry_values(args, function, &call);
        quote!(let _ = || { let _ = #values; };)
    });
    let returns = Returns::of(function, args);
    let is_decided = args.ok_if.is_set() || args.error_if.is_set();
    let is_named = is_decided || args.has_result_labels();
    // Skips the closure if the type that it reads cannot be named: a type with `impl`, or the
    // inferred type of code in `measure!`.
    let output = match &returns.output {
        ReturnType::Type(_, ty) if is_named && !names_impl(ty) && !returns.is_inferred() => {
            Some(ty)
        }
        _ => None,
    };
    let ending = output.map(|ty| {
        let (ending, imports) = ending(args, &returns, &call, function.brace);
        let check = check_ending(&returns, ty, &call, &ending);
        quote!(let _ = || { #imports #check };)
    });
    quote!(#checks #labels #ending)
}

/// Type-checks the closure that reads a result. The compiler selects the type that the closure
/// reads, as it does in a program with metrics: the function's return type, a future's output, or
/// the items of a stream.
fn check_ending(
    returns: &Returns,
    ty: &Type,
    call: &TokenStream,
    ending: &TokenStream,
) -> TokenStream {
    match returns.form {
        _ if returns.is_output_known => quote!(#call::check_outcome::<#ty, _>(#ending);),
        CallForm::Returned(_) => quote! {
            use #call::return_levels::*;
            (&&&&&&&#call::body(|| -> #ty { loop {} }).probe::<#call::Undeclared>())
                .form()
                .check(#ending);
        },
        CallForm::AsyncFn(Some(_)) => quote! {
            use #call::output_levels::*;
            (&&&&#call::output_of::<#call::Undeclared, _>(&::core::future::pending::<#ty>()))
                .form()
                .ending::<#call::Counted<_>, _, _>(#ending);
        },
        _ => quote!(#call::check_outcome::<#ty, _>(#ending);),
    }
}
