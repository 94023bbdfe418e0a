//! The function with recorders around its body. How it is wrapped depends on what is returned:
//!
//! * a result that is not looked at: a guard before the body;
//! * a result that is: the body as a closure, which a function of metrics-core calls;
//! * a future: the body in a future of metrics-core.

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::{Attribute, FnArg, Pat, ReturnType, Signature, Type, Visibility, visit_mut::VisitMut};

use crate::{
    attr::mentions,
    function::Function,
    layer::Layer,
    output::{self, closure_output, hint, is_never},
};

/// Whether nothing else needs to see that the function is `async`: then it can return the future
/// itself, which is smaller than one inside another.
fn can_return_future(function: &Function) -> bool {
    function.attrs.iter().all(is_inert) && !is_never(&function.sig.output)
}

/// Whether an attribute expands to nothing that could ask what the function looks like.
pub(crate) fn is_inert(attr: &Attribute) -> bool {
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
    let path = attr.path();
    let first = path.segments.first();
    let is_tool = path.segments.len() > 1
        && first.is_some_and(|first| first.ident == "clippy" || first.ident == "rustfmt");
    is_tool || INERT.iter().any(|inert| path.is_ident(inert))
}

/// The function with these recorders around its body, the first outermost.
pub(crate) fn wrap(function: &Function, layers: &[Layer]) -> TokenStream {
    if function.sig.asyncness.is_some() {
        return if can_return_future(function) {
            returned_future(function, layers)
        } else {
            async_fn(function, layers)
        };
    }
    if let Some(future) = output::future(&function.sig.output) {
        return made_future(function, layers, future.boxed);
    }
    let mut sig = function.sig.clone();
    let looked_at = layers.iter().any(|layer| layer.looks);
    let owned = looked_at.then(|| owned(function, layers, &mut sig));
    emit(function, &sig, &called(function, layers, owned.as_ref()))
}

/// The function with another signature and body.
pub(crate) fn emit(function: &Function, sig: &Signature, body: &TokenStream) -> TokenStream {
    let Function {
        attrs,
        vis,
        defaultness,
        inner_attrs,
        brace,
        ..
    } = function;
    let inside = quote!(#(#inner_attrs)* #body);
    let body = in_braces(*brace, inside);
    quote!(#(#attrs)* #vis #defaultness #sig #body)
}

fn in_braces(brace: Span, tokens: TokenStream) -> TokenTree {
    let mut group = Group::new(Delimiter::Brace, tokens);
    group.set_span(brace);
    group.into()
}

/// The same inside braces of the user's. On one line they may be around a mere expression, and
/// the compiler finds them too many where it takes them for the user's.
fn in_own_braces(at: Span, tokens: TokenStream) -> TokenTree {
    if is_on_one_line(at) {
        in_braces(Span::mixed_site().located_at(at), tokens)
    } else {
        in_braces(at, tokens)
    }
}

fn is_on_one_line(at: Span) -> bool {
    // Tests of the expansions run where there is no compiler to ask.
    proc_macro::is_available() && at.unwrap().start().line() == at.unwrap().end().line()
}

/// A body that is a call as it stands: a guard before it, or a closure where it is looked at, of
/// which the innermost begins with what makes the arguments its own.
fn called(function: &Function, layers: &[Layer], owned: Option<&TokenStream>) -> TokenStream {
    let Some((layer, inner)) = layers.split_first() else {
        // In a block of its own, so that items in it still stand before any statement.
        return in_own_braces(function.brace, function.body.clone()).into();
    };
    let Layer {
        call,
        recorder,
        called,
        ending,
        scope,
        ..
    } = layer;
    let innermost = layer.looks && !inner.iter().any(|layer| layer.looks);
    let owned_here = owned.filter(|_| innermost);
    let body = self::called(function, inner, owned);
    if !layer.looks {
        let guard = Ident::new("__call", Span::mixed_site());
        return quote!(let #guard = #call::Guard::<#recorder>::new(#called); #body);
    }
    let output = closure_output(&function.sig.output);
    let body = in_braces(function.brace, quote!(#owned_here #body));
    quote_spanned! {function.brace=>
        #scope
        #call::run::<#recorder, _, _>(#called, move || #output #body, #ending)
    }
}

/// The future around a body that begins with `before`, and computes labels itself where they name
/// arguments: after `before`, or at once where they can and the arguments are not kept twice then.
fn tracked(
    function: &Function,
    layers: &[Layer],
    labels: Labels,
    before: &TokenStream,
    body: &TokenStream,
) -> TokenStream {
    // The innermost is the first to see the body suspended.
    let labelled = layers.iter().rev().filter(|layer| layer.is_labelled);
    let enter = labelled.map(|Layer { call, called, .. }| {
        let series = Ident::new("__series", Span::mixed_site());
        // On its own, so that nothing borrowed is held while the body is suspended.
        quote! {
            let #series = #called;
            #call::Entering::with(#series).await;
        }
    });
    let body = in_own_braces(function.brace, body.clone());
    let body = match labels {
        Labels::First => quote!(#(#enter)* #before #body),
        Labels::AfterArguments => quote!(#before #(#enter)* #body),
    };
    let body = quote_spanned!(function.brace=> async move { #body });
    layers.iter().rev().fold(body, |body, layer| {
        if layer.is_labelled {
            let Layer {
                call,
                recorder,
                ending,
                ..
            } = layer;
            quote_spanned! {function.brace=>
                #call::Tracked::<_, #recorder, _>::labelled(#body, #ending)
            }
        } else {
            tracked_as(function, layer, &body)
        }
    })
}

/// When a future computes labels.
#[derive(Clone, Copy)]
enum Labels {
    First,
    /// Of what patterns take out of the arguments.
    AfterArguments,
}

/// Whether a pattern is a name.
fn is_plain(pat: &Pat) -> bool {
    matches!(pat, Pat::Ident(pat) if pat.by_ref.is_none() && pat.subpat.is_none())
}

/// The future around a body whose series is known before it.
fn tracked_as(function: &Function, layer: &Layer, body: &TokenStream) -> TokenStream {
    let Layer {
        call,
        recorder,
        called,
        ending,
        ..
    } = layer;
    quote_spanned! {function.brace=>
        #call::Tracked::<_, #recorder, _>::new(#called, #body, #ending)
    }
}

fn scope(layers: &[Layer]) -> TokenStream {
    layers.iter().map(|layer| &layer.scope).cloned().collect()
}

fn async_fn(function: &Function, layers: &[Layer]) -> TokenStream {
    let scope = scope(layers);
    let hint = hint(&function.sig.output);
    let captures = captures(&function.sig);
    let before = quote!(#captures #hint);
    let tracked = tracked(function, layers, Labels::First, &before, &function.body);
    // A value that cannot be is one of any type: also of `!`, which cannot be named here.
    let body = if is_never(&function.sig.output) {
        quote_spanned!(function.brace=> #scope match #tracked.await {})
    } else {
        quote_spanned!(function.brace=> #scope #tracked.await)
    };
    emit(function, &function.sig, &body)
}

/// An `async fn` as a function that returns the future.
fn returned_future(function: &Function, layers: &[Layer]) -> TokenStream {
    let mut sig = function.sig.clone();
    sig.asyncness = None;
    let output = match &sig.output {
        ReturnType::Type(_, ty) => ty.to_token_stream(),
        ReturnType::Default => quote!(()),
    };
    // Of this crate's edition, in which such a type captures all lifetimes as `async fn` does.
    let future = quote_spanned! {Span::mixed_site().located_at(function.brace)=>
        impl ::core::future::Future<Output = #output>
    };
    sig.output = ReturnType::Type(
        syn::Token![->](Span::mixed_site()),
        Box::new(Type::Verbatim(future)),
    );
    let are_plain = function.sig.inputs.iter().all(|input| match input {
        FnArg::Receiver(_) => true,
        FnArg::Typed(input) => is_plain(&input.pat),
    });
    let labels = if are_plain {
        Labels::First
    } else {
        Labels::AfterArguments
    };
    let arguments = arguments(&mut sig, layers);
    let hint = hint(&function.sig.output);
    let scope = scope(layers);
    let before = quote!(#arguments #hint);
    let tracked = tracked(function, layers, labels, &before, &function.body);
    let body = quote_spanned!(function.brace=> #scope #tracked);
    let emitted = emit(function, &sig, &body);
    let emitted = quote! {
        #[allow(clippy::manual_async_fn)]
        #emitted
    };
    if !is_documented(function) {
        return emitted;
    }
    // The documentation shows it as it was written.
    let written = emit(function, &function.sig, &function.body);
    quote! {
        #[cfg(doc)]
        #written
        #[cfg(not(doc))]
        #emitted
    }
}

/// A function that returns a future and is not `async`: what it does before that is part of no
/// call.
fn made_future(function: &Function, layers: &[Layer], boxed: bool) -> TokenStream {
    let scope = scope(layers);
    if let Some((path, body)) = pinned_block(&function.body) {
        let tracked = tracked(function, layers, Labels::First, &quote!(), &body);
        let body = quote_spanned!(function.brace=> #scope #path(#tracked));
        return emit(function, &function.sig, &body);
    }
    let Some(call) = layers.first().map(|layer| &layer.call) else {
        return emit(function, &function.sig, &function.body);
    };
    let output = closure_output(&function.sig.output);
    let mut sig = function.sig.clone();
    let owned = owned(function, layers, &mut sig);
    let body = in_own_braces(function.brace, function.body.clone());
    let body = in_braces(function.brace, quote!(#owned #body));
    let made = quote_spanned!(function.brace=> #call::made(move || #output #body));
    let tracked = layers
        .iter()
        .rev()
        .fold(made, |made, layer| tracked_as(function, layer, &made));
    let tracked = if boxed {
        quote_spanned!(function.brace=> #call::boxed(#tracked))
    } else {
        tracked
    };
    let body = quote_spanned!(function.brace=> #scope #tracked);
    emit(function, &sig, &body)
}

fn is_documented(function: &Function) -> bool {
    let is_method = function.sig.receiver().is_some();
    is_method || !matches!(function.vis, Visibility::Inherited)
}

/// Has a closure own the arguments, so that they are dropped when and in the order in which they
/// would be without it; captured as they come, their order is that of their first use.
fn owned(function: &Function, layers: &[Layer], sig: &mut Signature) -> TokenStream {
    // Labels, and attributes below, name what a pattern takes out of an argument.
    let are_named = layers.iter().any(|layer| layer.is_labelled);
    if are_named || !function.attrs.iter().all(is_inert) {
        bindings(sig, layers)
    } else {
        arguments(sig, layers)
    }
}

/// Moves the variables that the arguments are bound to, where the signature keeps its patterns.
fn bindings(sig: &mut Signature, layers: &[Layer]) -> TokenStream {
    let mut moved = TokenStream::new();
    if let Some(receiver) = sig.receiver() {
        let this = &receiver.self_token;
        moved.extend(quote!(let _ = &#this;));
    }
    for_each_variable(sig, |pat| {
        let by_value = pat.by_ref.is_none();
        let mutability = pat.mutability.take_if(|_| by_value);
        let ident = &pat.ident;
        let lints = rebinding_lints(ident, layers);
        moved.extend(quote!(#[allow(#lints)] let #mutability #ident = #ident;));
    });
    moved
}

/// Has a block capture the arguments, the last one first: it drops them in that order, which is
/// that of a function. Moved, they would be kept twice.
fn captures(sig: &Signature) -> TokenStream {
    let mut named = Vec::new();
    if let Some(receiver) = sig.receiver() {
        let this = &receiver.self_token;
        named.push(quote!(let _ = &#this;));
    }
    for_each_variable(&mut sig.clone(), |pat| {
        let ident = &pat.ident;
        let lints = rebinding_lints(ident, &[]);
        named.push(quote!(#[allow(#lints)] let _ = &#ident;));
    });
    named.into_iter().rev().collect()
}

/// Shows the variables that the arguments are bound to, in their order.
fn for_each_variable(sig: &mut Signature, at: impl FnMut(&mut syn::PatIdent)) {
    struct Variables<F>(F);

    impl<F: FnMut(&mut syn::PatIdent)> VisitMut for Variables<F> {
        fn visit_pat_ident_mut(&mut self, pat: &mut syn::PatIdent) {
            (self.0)(pat);
            syn::visit_mut::visit_pat_ident_mut(self, pat);
        }

        // The arguments of a type that is a function have names, too.
        fn visit_type_mut(&mut self, _: &mut Type) {}
    }

    let mut variables = Variables(at);
    for input in &mut sig.inputs {
        variables.visit_fn_arg_mut(input);
    }
}

/// Moves the arguments into the future as an `async fn` does: all of them, in their order, and
/// taken apart there.
fn arguments(sig: &mut Signature, layers: &[Layer]) -> TokenStream {
    let mut moved = TokenStream::new();
    for (at, input) in sig.inputs.iter_mut().enumerate() {
        match input {
            // Named, it is captured whole.
            FnArg::Receiver(receiver) => {
                let this = &receiver.self_token;
                moved.extend(quote!(let _ = &#this;));
            }
            FnArg::Typed(input) => {
                // Lints of an argument are those of the variable that it becomes; what it is
                // configured by is of both.
                let attrs = input.attrs.clone();
                let is_cfg = |attr: &Attribute| attr.path().is_ident("cfg");
                input.attrs.retain(is_cfg);
                let cfgs = &input.attrs;
                let pat = &input.pat;
                let ident = match &*input.pat {
                    Pat::Ident(pat) if pat.by_ref.is_none() && pat.subpat.is_none() => {
                        let ident = pat.ident.clone();
                        let lints = rebinding_lints(&ident, layers);
                        moved.extend(quote!(#[allow(#lints)] #(#attrs)* let #pat = #ident;));
                        ident
                    }
                    _ => {
                        let name = format_ident!("__arg{at}", span = Span::mixed_site());
                        moved.extend(quote! {
                            // For patterns with `ref mut`.
                            #(#cfgs)*
                            #[allow(unused_mut)]
                            let mut #name = #name;
                            #(#attrs)*
                            let #pat = #name;
                        });
                        name
                    }
                };
                *input.pat = syn::parse_quote!(#ident);
            }
        }
    }
    moved
}

/// What lints have to say about `let ident = ident;`, in which the user wrote the name alone.
fn rebinding_lints(ident: &Ident, layers: &[Layer]) -> TokenStream {
    let mut lints = quote!(clippy::shadow_same);
    if ident.to_string().starts_with('_') {
        lints.extend(quote!(, clippy::no_effect_underscore_binding));
        lints.extend(quote!(, clippy::used_underscore_binding));
    }
    // An argument that only a label names is in use.
    let is_it = |word: &Ident| word == ident;
    let is_label = |layer: &Layer| layer.is_labelled && mentions(layer.called.clone(), &is_it);
    if layers.iter().any(is_label) {
        lints.extend(quote!(, unused_variables));
    }
    lints
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
