//! One attribute of a function: the recorder that it puts around a call, and what that needs.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::{Expr, Path};

use crate::{
    args::Args,
    attr::{first_span, located_at},
    call_site,
    function::{Function, Measure},
    output::{Returns, closure_output},
};

/// A recorder around a call.
pub(crate) struct Layer {
    /// `metrics_core::__private::call`.
    pub(crate) call: TokenStream,
    /// The recorder's type.
    pub(crate) recorder: TokenStream,
    /// The expression for the series that the call belongs to, with the items that it needs.
    pub(crate) called: TokenStream,
    /// Whether it names arguments.
    pub(crate) is_labelled: bool,
    /// Whether the result is looked at.
    pub(crate) looks: bool,
    /// The closure that tells how a call ended from what it returned.
    pub(crate) ending: TokenStream,
    /// What must be in scope for it.
    pub(crate) scope: TokenStream,
}

impl Layer {
    pub(crate) fn of<M: Measure>(args: &Args, krate: &Path, function: &Function) -> Self {
        let call = quote!(#krate::__private::call);
        let returns = Returns::of(function, args);
        let site = Ident::new("__SITE", Span::mixed_site());
        let items = call_site::items::<M>(args, krate, function, &returns, &site);
        let (called, is_labelled) = called(args, function, &call, &site);
        let called = if returns.is_future {
            called
        } else {
            call_site::near::<M>(krate, &called)
        };
        let looks = looks::<M>(args, &returns);
        let (ending, scope) = if looks {
            ending::<M>(args, &returns, &call)
        } else {
            (quote!(#call::never), quote!())
        };
        Layer {
            recorder: recorder::<M>(args, &call),
            called: quote!({ #items #called }),
            is_labelled,
            looks,
            ending,
            scope,
            call,
        }
    }
}

/// Whether series have the label `outcome`.
pub(crate) fn outcome_is_told<M: Measure>(args: &Args) -> bool {
    M::OUTCOME && args.outcome.get().is_none_or(|outcome| outcome.value)
}

/// Whether the result is looked at.
pub(crate) fn looks<M: Measure>(args: &Args, returns: &Returns) -> bool {
    let has_labels = args.result_labels().next().is_some() || args.err.get().is_some();
    has_labels || outcome_is_told::<M>(args) && returns.fallible.may()
}

/// What arguments say, for the compiler to check and to see in use, where metrics are off.
pub(crate) fn unused<M: Measure>(args: &Args, krate: &Path, function: &Function) -> TokenStream {
    let call = quote!(#krate::__private::call);
    let checks = call_site::checks::<M>(args, krate);
    let labels = args.entry_labels().next().map(|_| {
        let labels = labels(args, function, &call);
        quote!(let _ = || { let _ = #labels; };)
    });
    let returns = Returns::of(function, args);
    let output = closure_output(&returns.output);
    let is_decided = args.ok_if.get().is_some() || args.error_if.get().is_some();
    let looks = is_decided || args.result_labels().next().is_some() || args.err.get().is_some();
    // What cannot be named cannot be shown to a closure that is not called.
    let ending = (looks && !output.is_empty()).then(|| {
        let (ending, scope) = ending::<M>(args, &returns, &call);
        let ty: TokenStream = output.into_iter().skip(2).collect();
        quote!(let _ = || { #scope #call::ends::<#ty, _>(#ending); };)
    });
    quote!(#checks #labels #ending)
}

fn recorder<M: Measure>(args: &Args, call: &TokenStream) -> TokenStream {
    let (name, mut parameters) = if let Some(sample) = args.sample.get() {
        let (share, of) = (sample.share, sample.of);
        ("Sampled", vec![quote!(#share), quote!(#of), quote!(_)])
    } else if args.busy.get().is_some() {
        ("Busy", Vec::new())
    } else {
        (M::RECORDER, vec![quote!(_)])
    };
    parameters.extend(besides(args, call));
    let name = format_ident!("{name}");
    let parameters = (!parameters.is_empty()).then(|| quote!(<#(#parameters),*>));
    quote!(#call::#name #parameters)
}

/// What the recorder does besides, if anything.
fn besides(args: &Args, call: &TokenStream) -> Option<TokenStream> {
    let is_native = args
        .buckets
        .get()
        .is_some_and(|buckets| buckets.native.is_some());
    match (args.exemplars.get().is_some(), is_native) {
        (false, false) => None,
        (true, false) => Some(quote!({ #call::EXEMPLARS })),
        (false, true) => Some(quote!({ #call::NATIVE })),
        (true, true) => Some(quote!({ #call::EXEMPLARS | #call::NATIVE })),
    }
}

/// The labels that are known when the call begins, as a tuple.
fn labels(args: &Args, function: &Function, call: &TokenStream) -> TokenStream {
    let values: Vec<_> = args
        .entry_labels()
        .map(|label| {
            // Without an expression it is the argument of that name, `r#` included.
            let name = &label.name;
            let value = label
                .value
                .as_ref()
                .map_or_else(|| quote!(#name), ToTokens::to_token_stream);
            let span = label.value.as_ref().map_or(label.name.span(), first_span);
            let ty = label.ty.as_ref();
            let call = located_at(call, span);
            if let Some(ty) = ty.or_else(|| function.argument_type(label, args)) {
                // The type is stated, so that it is this one and the error is here if it is not.
                quote_spanned!(span=> #call::typed::<#ty>(&(#value)))
            } else {
                // Borrowed, so that the body may still move what it is computed from.
                quote_spanned!(span=> #call::Open(&(#value)))
            }
        })
        .collect();
    // Where it shows that a value is no label.
    let first = args.entry_labels().next();
    let at = first.map_or(function.brace, |label| {
        label.value.as_ref().map_or(label.name.span(), first_span)
    });
    quote_spanned!(at=> &(#(#values,)*))
}

/// The series of a call, and whether arguments are named.
fn called(
    args: &Args,
    function: &Function,
    call: &TokenStream,
    site: &Ident,
) -> (TokenStream, bool) {
    let labels = labels(args, function, call);
    let has_results = args.result_labels().next().is_some() || args.err.get().is_some();
    let labelled = args.entry_labels().next().is_some();
    let called = match (labelled, has_results) {
        (false, false) => quote!(#call::Called::plain(&#site)),
        (true, false) => quote!(#call::Called::with(&#site, #labels)),
        (_, true) => quote!(#call::Called::unfinished(&#site, #labels)),
    };
    (called, labelled)
}

/// The closure that looks at a result, and what must be in scope for it.
fn ending<M: Measure>(
    args: &Args,
    returns: &Returns,
    call: &TokenStream,
) -> (TokenStream, TokenStream) {
    let result = Ident::new("__result", Span::mixed_site());
    let mut scope = quote!();
    let is_error = if let Some(ok_if) = args.ok_if.get() {
        let look = look(call, &result, ok_if, &quote!(bool));
        quote!(!#look)
    } else if let Some(error_if) = args.error_if.get() {
        look(call, &result, error_if, &quote!(bool))
    } else if outcome_is_told::<M>(args) && returns.fallible.may() {
        scope = quote! {
            #[allow(unused_imports)]
            use #call::NeverError as _;
        };
        quote!(#call::Look(#result).is_error())
    } else {
        quote!(false)
    };
    let labels = args.result_labels().map(|label| {
        let value = &label.value;
        let ty = label
            .ty
            .as_ref()
            .map_or_else(|| quote!(_), ToTokens::to_token_stream);
        let look = look(call, &result, value, &ty);
        let known = if label.ty.is_some() {
            look
        } else {
            quote!(#call::Open(#look))
        };
        quote!(#call::Known(::core::option::Option::Some(#known)))
    });
    let err = args.err.get().map(|err| {
        let at = err.name.span();
        let call = located_at(call, at);
        let result = located_at(&result, at);
        let error = quote_spanned!(at=> #call::error_of(#result));
        if let Some(ty) = &err.ty {
            quote_spanned!(at=> #call::Known::<&#ty>(#error))
        } else {
            quote_spanned!(at=> #call::Known(#error.map(#call::Open)))
        }
    });
    // Where it shows that a value is no label.
    let first = args.result_labels().map(|label| first_span(&label.value));
    let first = first
        .chain(args.err.get().map(|err| err.name.span()))
        .next();
    let labels: Vec<_> = labels.chain(err).collect();
    // A closure is given its parameter's type only where it stands as an argument itself.
    let ending = if let Some(first) = first {
        let labels = quote_spanned!(first=> &(#(#labels,)*));
        quote!(|#result| #call::Ended::new(#is_error, #labels))
    } else {
        quote!(|#result| #is_error)
    };
    (ending, scope)
}

/// What a closure or a function of the user's says about a result, so that it shows there if it
/// is one of something else.
fn look(call: &TokenStream, result: &Ident, at: &Expr, ty: &TokenStream) -> TokenStream {
    let span = first_span(at);
    let call = located_at(call, span);
    quote_spanned!(span=> #call::look::<_, #ty>(#result, #at))
}
