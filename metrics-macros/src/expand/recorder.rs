//! [`Recorder`]: the tokens that one function attribute contributes: the type of its recorder, the
//! series, and the closure that reads the result.
//!
//! On an `async fn` with the argument `plan: Plan`, `#[counted(labels(plan, path = page.path()),
//! err(fault: Fault))]` yields the code below, in which `call` abbreviates
//! `::metrics_core::__private::call`. If the call is not a future, the series is the
//! `LocalCallSeries` itself.
//!
//! ```text
//! // the type
//! call::Counted<_>
//! // the series
//! {
//!     /* the statics of the metric: see `family` */
//!     call::CallTarget::series(call::LocalCallSeries::with_result_labels(
//!         &__FAMILY,
//!         &__LOCAL,
//!         &(call::typed::<Plan>(&(plan)), call::OpenLabel(&(page.path()))),
//!     ))
//! }
//! // the ending, which reads the result
//! |__result| call::LabelledOutcome::new(
//!     call::ValueProbe(__result).is_error(),
//!     &(call::ResultValue::<&Fault>(call::error_of(__result)),),
//! )
//! ```

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};

use super::{
    ending::ending,
    family,
    output::{Declared, closure_hint, declared},
    tokens::{displayed, located_at},
};
use crate::model::{Args, CallForm, EntryLabel, Follow, Function, Returns, first_span, optional};

/// The tokens of one attribute's recorder.
pub(super) struct Recorder {
    /// The path of `metrics_core::__private::call`.
    pub(super) call: TokenStream,
    pub(super) ty: TokenStream,
    /// The expression for the series of a call, in a block with the statics that it needs.
    pub(super) series: TokenStream,
    /// Whether `series` computes labels, which may name arguments of the function.
    pub(super) is_labelled: bool,
    pub(super) reads_result: bool,
    /// The closure that decides the outcome and the labels of the result, or `never_fails`.
    pub(super) ending: TokenStream,
    /// The `use` declarations that `ending` needs in scope.
    pub(super) imports: TokenStream,
    /// The function of [`closure_hint`], if the return type needs one.
    pub(super) closure_hint: Option<TokenStream>,
    /// The bounds of the return type, as [`declared`] returns them.
    pub(super) declared: Declared,
}

impl Recorder {
    pub(super) fn new(args: &Args, function: &Function) -> Self {
        let krate = &args.krate;
        let call = quote!(#krate::__private::call);
        let returns = Returns::of(function, args);
        let name = Ident::new("__FAMILY", Span::mixed_site());
        let items = family::items(args, function, &returns, &name);
        let is_labelled = args.entry_labels().next().is_some();
        let is_future = !matches!(
            returns.form,
            CallForm::Value | CallForm::Returned(Follow::Probed)
        );
        let is_local = is_labelled || args.has_result_labels() || !is_future;
        let local = is_local.then(|| family::local_items(args, is_future));
        let constructor = if args.has_result_labels() {
            quote!(with_result_labels)
        } else if is_labelled {
            quote!(with)
        } else {
            quote!(unlabelled)
        };
        let values =
            (is_labelled || args.has_result_labels()).then(|| entry_values(args, function, &call));
        let series = if !is_local {
            quote!(#call::CallSeries::#constructor(&#name))
        } else if is_future {
            quote!(#call::CallTarget::series(#call::LocalCallSeries::#constructor(&#name, &__LOCAL, #values)))
        } else {
            quote!(#call::LocalCallSeries::#constructor(&#name, &__LOCAL, #values))
        };
        let reads_result = returns.is_read(args);
        let (ending, imports) = if reads_result {
            ending(args, &returns, &call, function.brace)
        } else if returns.form.follow().is_some() {
            // A closure, because the type of the function `never_fails` mentions the result's type:
            // a future or stream that holds the function could not outlive that type.
            (quote!(|__result| #call::never_fails(__result)), quote!())
        } else {
            (quote!(#call::never_fails), quote!())
        };
        Recorder {
            ty: recorder_type(args, &call),
            series: quote!({ #items #local #series }),
            is_labelled,
            reads_result,
            ending,
            imports,
            closure_hint: closure_hint(args, function, returns.form),
            declared: declared(args, function, returns.form, &call),
            call,
        }
    }

    /// The body, passed through the function of [`closure_hint`] if there is one.
    pub(super) fn hinted(&self, body: TokenStream) -> TokenStream {
        match &self.closure_hint {
            Some(hint) => quote!(#hint __declared(#body)),
            None => body,
        }
    }
}

fn recorder_type(args: &Args, call: &TokenStream) -> TokenStream {
    let (name, mut parameters) = if let Some(sample) = args.sample.get() {
        let (share, of) = (sample.share, sample.of);
        ("Sampled", vec![quote!(#share), quote!(#of), quote!(_)])
    } else if args.busy.is_set() {
        ("Busy", Vec::new())
    } else {
        (args.instrument.recorder, vec![quote!(_)])
    };
    let buckets = args.buckets.get();
    let is_native = buckets.is_some_and(|buckets| buckets.native.is_some());
    match (args.exemplars.is_set(), is_native) {
        (false, false) => {}
        (true, false) => parameters.push(quote!({ #call::EXEMPLARS })),
        (false, true) => parameters.push(quote!({ #call::NATIVE })),
        (true, true) => parameters.push(quote!({ #call::EXEMPLARS | #call::NATIVE })),
    }
    let name = format_ident!("{name}");
    let parameters = (!parameters.is_empty()).then(|| quote!(<#(#parameters),*>));
    quote!(#call::#name #parameters)
}

/// The values of the labels that are known when the call begins, as a reference to a tuple.
pub(super) fn entry_values(args: &Args, function: &Function, call: &TokenStream) -> TokenStream {
    let values = args.entry_labels().map(|label| {
        // Without an expression, the value is the argument with the label's name. The name keeps
        // its `r#`.
        let name = &label.name;
        let value = label.value.as_ref();
        let value = value.map_or_else(|| quote!(#name), ToTokens::to_token_stream);
        let span = value_span(label);
        if label.display.is_some() {
            let ty = function
                .argument_type(name)
                .filter(|_| label.value.is_none());
            let is_optional = ty.is_some_and(|ty| optional(ty).is_some());
            return displayed(&args.krate, span, &value, is_optional);
        }
        let call = located_at(call, span);
        if let Some(ty) = function.label_type(label, args) {
            // Makes a value of another type than the stated one a compile error at the value.
            quote_spanned!(span=> #call::typed::<#ty>(&(#value)))
        } else {
            // The value is borrowed, so that the body can still move the variable that the value is
            // read from.
            quote_spanned!(span=> #call::OpenLabel(&(#value)))
        }
    });
    let values = values.collect::<Vec<_>>();
    // An error about a value that does not implement `Label` appears at the first value.
    let first = args.entry_labels().next();
    let span = first.map_or(function.brace, value_span);
    quote_spanned!(span=> &(#(#values,)*))
}

fn value_span(label: &EntryLabel) -> Span {
    let value = label.value.as_ref();
    value.map_or(label.name.span(), first_span)
}
