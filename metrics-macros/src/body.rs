//! The function with a recorder around its body. How it is wrapped depends on what is returned:
//!
//! * a result that is not looked at: a guard before the body;
//! * a result that is: the body as a closure, which a function of metrics-core calls;
//! * a future: the body in a future of metrics-core.

use proc_macro2::{Delimiter, Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::{FnArg, Pat, Path, ReturnType, Signature, Visibility};

use crate::{
    args::Args,
    attr::first_span,
    call_site,
    function::{Function, Measure},
    output::{Returns, closure_output, hint, is_never},
};

/// Whether series have the label `outcome`.
pub(crate) fn outcome_is_told<M: Measure>(args: &Args) -> bool {
    M::OUTCOME && args.outcome.get().is_none_or(|outcome| outcome.value)
}

/// Whether the result is looked at.
pub(crate) fn looks<M: Measure>(args: &Args, returns: &Returns) -> bool {
    let has_labels = args.result_labels().next().is_some() || args.err.get().is_some();
    has_labels || outcome_is_told::<M>(args) && returns.fallible.may()
}

/// What the shapes have in common.
struct Wrapping<'a> {
    function: &'a Function,
    /// `metrics_core::__private::call`.
    call: TokenStream,
    recorder: TokenStream,
    /// The expression for the series that the call belongs to, after the items that it needs.
    called: TokenStream,
    /// Whether it names arguments.
    labelled: bool,
    /// The closure that tells how a call ended from what it returned.
    ending: TokenStream,
    /// What must be in scope for it.
    scope: TokenStream,
}

pub(crate) fn wrap<M: Measure>(args: &Args, krate: &Path, function: &Function) -> TokenStream {
    let call = quote!(#krate::__private::call);
    let returns = Returns::of(function, args);
    let site = Ident::new("__SITE", Span::mixed_site());
    let items = call_site::items::<M>(args, krate, function, &returns, &site);
    let (called, labelled) = called(args, function, &call, &site);
    let looks = looks::<M>(args, &returns);
    let (ending, scope) = if looks {
        ending::<M>(args, &returns, &call)
    } else {
        (quote!(#call::never), quote!())
    };
    let wrapping = Wrapping {
        function,
        recorder: recorder::<M>(args, &call),
        called: quote!({ #items #called }),
        labelled,
        ending,
        scope,
        call,
    };
    if function.sig.asyncness.is_some() {
        if can_return_future(function) {
            wrapping.returned_future()
        } else {
            wrapping.async_fn()
        }
    } else if returns.is_future {
        wrapping.future(&returns)
    } else if looks {
        wrapping.closure()
    } else {
        wrapping.guard()
    }
}

fn recorder<M: Measure>(args: &Args, call: &TokenStream) -> TokenStream {
    if let Some(sample) = args.sample.get() {
        let (share, of) = (sample.share, sample.of);
        return quote!(#call::Sampled<#share, #of>);
    }
    if args.busy.get().is_some() {
        return quote!(#call::Busy);
    }
    let recorder = format_ident!("{}", M::RECORDER);
    quote!(#call::#recorder)
}

/// The series of a call, and whether arguments are named.
fn called(
    args: &Args,
    function: &Function,
    call: &TokenStream,
    site: &Ident,
) -> (TokenStream, bool) {
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
            if let Some(ty) = ty.or_else(|| function.argument_type(label, args)) {
                // The type is stated, so that it is this one and the error is here if it is not.
                quote_spanned!(span=> #call::typed::<#ty>(&(#value)))
            } else {
                // Borrowed, so that the body may still move what it is computed from.
                quote_spanned!(span=> &(#value))
            }
        })
        .collect();
    let has_results = args.result_labels().next().is_some() || args.err.get().is_some();
    let labelled = !values.is_empty();
    // Where it shows that a value is no label.
    let first = args.entry_labels().next();
    let at = first.map_or(function.brace, |label| {
        label.value.as_ref().map_or(label.name.span(), first_span)
    });
    let labels = quote_spanned!(at=> &(#(#values,)*));
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
        quote!(!#call::look::<_, bool>(#result, #ok_if))
    } else if let Some(error_if) = args.error_if.get() {
        quote!(#call::look::<_, bool>(#result, #error_if))
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
        let span = first_span(value);
        quote_spanned! {span=>
            #call::Known(::core::option::Option::Some(#call::look::<_, #ty>(#result, #value)))
        }
    });
    let err = args.err.get().map(|err| {
        let ty = err.ty.as_ref().map_or_else(|| quote!(_), |ty| quote!(&#ty));
        quote_spanned!(err.name.span()=> #call::Known::<#ty>(#call::error_of(#result)))
    });
    let labels: Vec<_> = labels.chain(err).collect();
    // A closure is given its parameter's type only where it stands as an argument itself.
    let ending = if labels.is_empty() {
        quote!(|#result| #is_error)
    } else {
        quote!(|#result| #call::Ended::new(#is_error, &(#(#labels,)*)))
    };
    (ending, scope)
}

/// Whether nothing else needs to see that the function is `async`: then it can return the future
/// itself, which is smaller than one inside another.
fn can_return_future(function: &Function) -> bool {
    const INERT: [&str; 15] = [
        "allow",
        "cfg",
        "cold",
        "deny",
        "deprecated",
        "doc",
        "expect",
        "export_name",
        "forbid",
        "inline",
        "link_section",
        "no_mangle",
        "target_feature",
        "track_caller",
        "warn",
    ];
    let is_inert = |attr: &syn::Attribute| {
        let path = attr.path();
        let first = path.segments.first();
        let is_tool = path.segments.len() > 1
            && first.is_some_and(|first| first.ident == "clippy" || first.ident == "rustfmt");
        is_tool || INERT.iter().any(|inert| path.is_ident(inert))
    };
    function.attrs.iter().all(is_inert) && !is_never(&function.sig.output)
}

impl Wrapping<'_> {
    /// The function with another signature and body.
    fn emit(&self, sig: &Signature, body: &TokenStream) -> TokenStream {
        let Function {
            attrs,
            vis,
            defaultness,
            inner_attrs,
            brace,
            ..
        } = self.function;
        let inside = quote!(#(#inner_attrs)* #body);
        let mut group = proc_macro2::Group::new(Delimiter::Brace, inside);
        group.set_span(*brace);
        quote!(#(#attrs)* #vis #defaultness #sig #group)
    }

    fn guard(&self) -> TokenStream {
        let Wrapping {
            call,
            recorder,
            called,
            ..
        } = self;
        let guard = Ident::new("__call", Span::mixed_site());
        let body = &self.function.body;
        let body = quote!(let #guard = #call::Guard::<#recorder>::new(#called); #body);
        self.emit(&self.function.sig, &body)
    }

    fn closure(&self) -> TokenStream {
        let Wrapping {
            call,
            recorder,
            called,
            ending,
            scope,
            function,
            ..
        } = self;
        let output = closure_output(&function.sig.output);
        let body = in_braces(function, &function.body);
        let body = quote_spanned! {function.brace=>
            #scope
            #call::run::<#recorder, _, _>(#called, move || #output #body, #ending)
        };
        self.emit(&function.sig, &body)
    }

    /// The future around `body`, which computes the labels itself where they name arguments.
    fn tracked(&self, before: &TokenStream, body: &TokenStream) -> TokenStream {
        let Wrapping {
            call,
            recorder,
            called,
            ending,
            function,
            ..
        } = self;
        let enter = self.labelled.then(|| {
            let series = Ident::new("__series", Span::mixed_site());
            // On its own, so that nothing borrowed is held while the body is suspended.
            quote! {
                let #series = #called;
                #call::Entering::with(#series).await;
            }
        });
        let body = quote_spanned!(function.brace=> async move { #before #enter #body });
        let tracked = quote_spanned!(function.brace=> #call::Tracked::<_, #recorder, _>);
        if self.labelled {
            quote_spanned!(function.brace=> #tracked::labelled(#body, #ending))
        } else {
            quote_spanned!(function.brace=> #tracked::new(#called, #body, #ending))
        }
    }

    fn async_fn(&self) -> TokenStream {
        let Wrapping {
            function, scope, ..
        } = self;
        let hint = hint(&function.sig.output);
        let body = &function.body;
        let tracked = self.tracked(&hint, body);
        // A value that cannot be is one of any type: also of `!`, which cannot be named here.
        let body = if is_never(&function.sig.output) {
            quote_spanned!(function.brace=> #scope match #tracked.await {})
        } else {
            quote_spanned!(function.brace=> #scope #tracked.await)
        };
        self.emit(&function.sig, &body)
    }

    /// An `async fn` as a function that returns the future.
    fn returned_future(&self) -> TokenStream {
        let Wrapping {
            function, scope, ..
        } = self;
        let mut sig = function.sig.clone();
        sig.asyncness = None;
        let output = match &sig.output {
            ReturnType::Type(_, ty) => ty.to_token_stream(),
            ReturnType::Default => quote!(()),
        };
        // Of this crate's edition, in which such a type captures all lifetimes as `async fn` does.
        let future = quote_spanned! {Span::mixed_site().located_at(function.brace)=>
            -> impl ::core::future::Future<Output = #output>
        };
        sig.output = ReturnType::Type(
            syn::Token![->](Span::mixed_site()),
            Box::new(syn::Type::Verbatim(future.into_iter().skip(2).collect())),
        );
        let arguments = arguments(&mut sig);
        let hint = hint(&function.sig.output);
        let tracked = self.tracked(&quote!(#arguments #hint), &function.body);
        let emitted = self.emit(&sig, &quote_spanned!(function.brace=> #scope #tracked));
        let emitted = quote! {
            #[allow(clippy::manual_async_fn)]
            #emitted
        };
        if !is_documented(function) {
            return emitted;
        }
        // The documentation shows it as it was written.
        let written = self.emit(&function.sig, &function.body);
        quote! {
            #[cfg(doc)]
            #written
            #[cfg(not(doc))]
            #emitted
        }
    }

    /// A function that returns a future and is not `async`: what it does before that is part of no
    /// call.
    fn future(&self, returns: &Returns) -> TokenStream {
        let Wrapping {
            function,
            call,
            recorder,
            called,
            ending,
            scope,
            ..
        } = self;
        let tracked = if let Some((path, body)) = pinned_block(&function.body) {
            let tracked = self.tracked(&quote!(), &body);
            quote_spanned!(function.brace=> #path(#tracked))
        } else {
            let output = closure_output(&function.sig.output);
            let body = in_braces(function, &function.body);
            let tracked = quote_spanned! {function.brace=>
                #call::Tracked::<_, #recorder, _>::new(
                    #called,
                    #call::made(move || #output #body),
                    #ending,
                )
            };
            if returns.boxed {
                quote_spanned!(function.brace=> #call::boxed(#tracked))
            } else {
                tracked
            }
        };
        self.emit(
            &function.sig,
            &quote_spanned!(function.brace=> #scope #tracked),
        )
    }
}

fn is_documented(function: &Function) -> bool {
    let is_method = function.sig.receiver().is_some();
    is_method || !matches!(function.vis, Visibility::Inherited)
}

fn in_braces(function: &Function, body: &TokenStream) -> TokenTree {
    let mut group = proc_macro2::Group::new(Delimiter::Brace, body.clone());
    group.set_span(function.brace);
    group.into()
}

/// Moves the arguments into the future as an `async fn` does: all of them, in their order, and
/// taken apart there.
fn arguments(sig: &mut Signature) -> TokenStream {
    let mut moved = TokenStream::new();
    for (at, input) in sig.inputs.iter_mut().enumerate() {
        match input {
            // Named, it is captured whole.
            FnArg::Receiver(receiver) => {
                let this = &receiver.self_token;
                moved.extend(quote!(let _ = &#this;));
                receiver.mutability = receiver.mutability.filter(|_| receiver.reference.is_some());
            }
            FnArg::Typed(input) => {
                let plain = match &*input.pat {
                    Pat::Ident(pat) if pat.by_ref.is_none() && pat.subpat.is_none() => {
                        Some(pat.ident.clone())
                    }
                    _ => None,
                };
                let pat = &input.pat;
                let ident = plain.unwrap_or_else(|| {
                    let name = format_ident!("__arg{at}", span = Span::mixed_site());
                    moved.extend(quote!(let #name = #name;));
                    name
                });
                moved.extend(quote!(let #pat = #ident;));
                *input.pat = syn::parse_quote!(#ident);
            }
        }
    }
    moved
}

/// `Box::pin(async move { ... })`, which `#[async_trait]` makes of a body: the path and the block.
fn pinned_block(body: &TokenStream) -> Option<(TokenStream, TokenStream)> {
    let mut path: Vec<TokenTree> = body.clone().into_iter().collect();
    let TokenTree::Group(argument) = path.pop()? else {
        return None;
    };
    let is_path = |token: &TokenTree| match token {
        TokenTree::Ident(_) => true,
        TokenTree::Punct(punct) => punct.as_char() == ':',
        _ => false,
    };
    let spelled: String = path.iter().map(ToString::to_string).collect();
    if !path.iter().all(is_path) || !spelled.ends_with("Box::pin") {
        return None;
    }
    let block: Vec<TokenTree> = argument.stream().into_iter().collect();
    match &block[..] {
        [
            TokenTree::Ident(word),
            TokenTree::Ident(by),
            TokenTree::Group(body),
        ] if word == "async" && by == "move" && body.delimiter() == Delimiter::Brace => {
            Some((path.into_iter().collect(), body.stream()))
        }
        _ => None,
    }
}
