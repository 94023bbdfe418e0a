//! Wraps the body of an `async fn`, or of a function that returns a future, in a future that
//! records the call.
//!
//! `#[counted] async fn wait(millis: u64) -> u64 { sleep(millis).await }` expands to
//!
//! ```text
//! fn wait(millis: u64) -> impl ::core::future::Future<Output = u64> {
//!     return call::TrackedFuture::<_, call::Counted<_>, _>::new(
//!         { .. },                                           // the series: see `recorder`
//!         async move {
//!             let millis = millis;                          // see `arguments`
//!             if false { let __result: u64 = loop {}; return __result; } // see `output`
//!             { sleep(millis).await }
//!         },
//!         call::never_fails,                                      // see `recorder`
//!     );
//! }
//! ```
//!
//! With labels of arguments, the series is not known before the first poll:
//!
//! ```text
//! return call::TrackedFuture::<_, call::Counted<_>, _>::labelled(
//!     async move {
//!         let __series = { .. };
//!         call::CallStart::new(__series).await;
//!         ..
//!     },
//!     call::never_fails,
//! );
//! ```

use proc_macro2::{Delimiter, Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::{ReturnType, Type, Visibility};

use super::{
    arguments::{are_plain, move_arguments, name_variables, owned_arguments},
    emit::{body_block, emit, return_statement},
};
use crate::{
    expand::{
        output::{closure_output, is_never, type_hint},
        recorder::Recorder,
        tokens::{in_braces, located_at},
    },
    model::{CallForm, Follow, Function, first_span, ungrouped},
};

/// Wraps the body of an `async fn`.
pub(super) fn async_fn(
    function: &Function,
    recorders: &[Recorder],
    follow: Option<Follow>,
) -> TokenStream {
    // The function stays `async` in three cases: an attribute below may look for the keyword
    // `async`, `#[must_use]` on an `async fn` is about the output and not about the future, and `!`
    // cannot be named in `impl Future<Output = !>`.
    if function.next_active_attribute().is_some()
        || function.attribute("must_use").is_some()
        || is_never(&function.sig.output)
    {
        awaited(function, recorders, follow)
    } else {
        desugared(function, recorders, follow)
    }
}

/// Keeps the function `async`, and awaits the recorded body in it.
fn awaited(function: &Function, recorders: &[Recorder], follow: Option<Follow>) -> TokenStream {
    let imports = imports(recorders, follow);
    let hint = type_hint(&function.sig.output);
    let named = name_variables(&function.sig);
    let before = quote!(#named #hint);
    let tracked = tracked_block(
        function,
        recorders,
        follow,
        Labels::First,
        &before,
        &function.body,
    );
    // A `match` without arms coerces to every type, including `!`, which stable Rust cannot name
    // here.
    let body = if is_never(&function.sig.output) {
        quote_spanned!(function.brace=> match #tracked.await {})
    } else {
        return_statement(&quote_spanned!(function.brace=> #tracked.await))
    };
    let body = quote!(#imports #body);
    emit(function, &function.sig, &body)
}

/// Turns an `async fn` into a function that returns the future of the recorded body. This future is
/// smaller than that of an `async fn` that awaits it.
fn desugared(function: &Function, recorders: &[Recorder], follow: Option<Follow>) -> TokenStream {
    let mut sig = function.sig.clone();
    sig.asyncness = None;
    let output = match &sig.output {
        ReturnType::Type(_, ty) => ty.to_token_stream(),
        ReturnType::Default => quote!(()),
    };
    // The span gives `impl Future` the edition of this crate, 2024, in which it captures all
    // lifetimes, as the future of an `async fn` does.
    let future = quote_spanned! {Span::mixed_site().located_at(function.brace)=>
        impl ::core::future::Future<Output = #output>
    };
    sig.output = ReturnType::Type(
        syn::Token![->](Span::mixed_site()),
        Box::new(Type::Verbatim(future)),
    );
    let labels = if are_plain(&function.sig) {
        Labels::First
    } else {
        Labels::AfterArguments
    };
    let moved = move_arguments(&mut sig, recorders);
    let hint = type_hint(&function.sig.output);
    let imports = imports(recorders, follow);
    let before = quote!(#moved #hint);
    let tracked = tracked_block(function, recorders, follow, labels, &before, &function.body);
    let returned = return_statement(&tracked);
    let body = quote!(#imports #returned);
    let emitted = emit(function, &sig, &body);
    let emitted = quote! {
        #[allow(clippy::manual_async_fn)]
        #emitted
    };
    let is_documented =
        function.sig.receiver().is_some() || !matches!(function.vis, Visibility::Inherited);
    if !is_documented {
        return emitted;
    }
    // For rustdoc, emits the function as written, so that the documentation shows it as an `async
    // fn`.
    let written = emit(function, &function.sig, &function.body);
    quote! {
        #[cfg(doc)]
        #written
        #[cfg(not(doc))]
        #emitted
    }
}

/// Wraps a function that returns a future and is not `async`. The function's work before it returns
/// the future is not part of the call.
pub(super) fn returned(function: &Function, recorders: &[Recorder], form: CallForm) -> TokenStream {
    let imports = imports(recorders, None);
    if let Some((path, block)) = pinned_block(&function.body) {
        let tracked = tracked_block(function, recorders, None, Labels::First, &quote!(), &block);
        let returned = return_statement(&quote_spanned!(function.brace=> #path(#tracked)));
        let body = quote!(#imports #returned);
        return emit(function, &function.sig, &body);
    }
    let call = &recorders[0].call;
    let output = closure_output(&function.sig.output);
    let mut sig = function.sig.clone();
    let owned = owned_arguments(function, recorders, &mut sig);
    let body = body_block(function.brace, &function.body);
    let body = in_braces(function.brace, quote!(#owned #body));
    let made = quote_spanned!(function.brace=> #call::make_future(move || #output #body));
    let tracked = recorders
        .iter()
        .rev()
        .fold(made, |made, recorder| tracked(function, recorder, &made));
    let tracked = if form == CallForm::Boxed {
        quote_spanned!(function.brace=> #call::box_future(#tracked))
    } else {
        tracked
    };
    let returned = return_statement(&tracked);
    let body = quote!(#imports #returned);
    emit(function, &sig, &body)
}

/// Where a future computes the labels whose values are known when the call begins.
#[derive(Clone, Copy)]
enum Labels {
    First,
    /// After the patterns of the arguments, whose variables the labels may name. The arguments then
    /// take up room in the future twice.
    AfterArguments,
}

/// An `async` block of `before` and `body`, wrapped in one future for each of `recorders`.
fn tracked_block(
    function: &Function,
    recorders: &[Recorder],
    follow: Option<Follow>,
    labels: Labels,
    before: &TokenStream,
    body: &TokenStream,
) -> TokenStream {
    // The innermost recorder comes first, because its future polls the block and so takes the first
    // `CallStart` that the block awaits.
    let labelled = recorders
        .iter()
        .rev()
        .filter(|recorder| recorder.is_labelled);
    let enter = labelled.map(|Recorder { call, series, .. }| {
        let name = Ident::new("__series", Span::mixed_site());
        // The series is computed in a statement of its own, so that the future holds no borrow
        // while it is suspended.
        quote! {
            let #name = #series;
            #call::CallStart::new(#name).await;
        }
    });
    let body = recorders[0].hinted(body_block(function.brace, body).into());
    let block = match labels {
        Labels::First => quote!(#(#enter)* #before #body),
        Labels::AfterArguments => quote!(#before #(#enter)* #body),
    };
    let capture = function.capture();
    let block = quote_spanned!(function.brace=> async #capture { #block });
    recorders.iter().rev().fold(block, |future, recorder| {
        if let Some(follow) = follow {
            return tracked_output(function, recorder, follow, &future);
        }
        if !recorder.is_labelled {
            return tracked(function, recorder, &future);
        }
        let Recorder {
            call, ty, ending, ..
        } = recorder;
        quote_spanned! {function.brace=>
            #call::TrackedFuture::<_, #ty, _>::labelled(#future, #ending)
        }
    })
}

/// Wraps `future` in the `TrackedFuture` of a recorder whose series is known before the first poll.
fn tracked(function: &Function, recorder: &Recorder, future: &TokenStream) -> TokenStream {
    let Recorder {
        call,
        ty,
        series,
        ending,
        ..
    } = recorder;
    quote_spanned! {function.brace=>
        #call::TrackedFuture::<_, #ty, _>::new(#series, #future, #ending)
    }
}

/// Wraps an `async` block that is the argument of `measure!`.
pub(super) fn measured_block(function: &Function, recorders: &[Recorder]) -> TokenStream {
    tracked_block(
        function,
        recorders,
        None,
        Labels::First,
        &TokenStream::new(),
        &function.body,
    )
}

/// Wraps a future whose output is a stream, or may be one, in a recorder's `TrackedFuture`:
///
/// ```text
/// {
///     let __future = async move { .. };
///     let __form = (&&&&call::output_of::<call::Undeclared, _>(&__future)).form();
///     let __ending = __form.ending::<call::Counted<_>, _, _>(|__result| ..);
///     call::TrackedFuture::<_, call::Counted<_>, _>::with({ .. }, __future, __ending)
/// }
/// ```
///
/// `metrics_core::call::output` describes how the compiler selects the form. With `#[counted(stream)]`
/// the ending is `call::stream_ending::<call::Counted<_>, _, _, _, _>(&__future, ..)`.
fn tracked_output(
    function: &Function,
    recorder: &Recorder,
    follow: Follow,
    future: &TokenStream,
) -> TokenStream {
    let Recorder {
        call,
        ty,
        series,
        ending,
        declared,
        ..
    } = recorder;
    let bounds = &declared.bounds;
    let [name, form_name] = ["__future", "__form"].map(|name| Ident::new(name, Span::mixed_site()));
    // Takes the span of the return type, so that errors and warnings about the type appear there.
    let (span, is_opaque) = match &function.sig.output {
        ReturnType::Type(_, ty) => (first_span(ty), matches!(ungrouped(ty), Type::ImplTrait(_))),
        ReturnType::Default => (function.brace, false),
    };
    let ending_name = match (follow, is_opaque) {
        (Follow::Stream, true) => Some("stream_ending"),
        (Follow::Stream, false) => Some("boxed_stream_ending"),
        _ => None,
    };
    let (form, ending) = if let Some(ending_name) = ending_name {
        let ending_name = Ident::new(ending_name, span);
        let (call, ty) = (located_at(call, span), located_at(ty, span));
        let function = quote_spanned!(span=> #call::#ending_name::<#ty, _, _, _, _>);
        (quote!(), quote!(#function(&#name, #ending)))
    } else {
        let form = quote_spanned!(span=> form());
        let form = quote! {
            #[allow(clippy::needless_borrow)]
            let #form_name = (&&&&#call::output_of::<#bounds, _>(&#name)).#form;
        };
        (form, quote!(#form_name.ending::<#ty, _, _>(#ending)))
    };
    let ending_variable = Ident::new("__ending", Span::mixed_site());
    let (constructor, series) = if recorder.is_labelled {
        ("labelled_with", None)
    } else {
        ("with", Some(quote!(#series,)))
    };
    let constructor = Ident::new(constructor, Span::call_site());
    let tracked = quote! {
        let #ending_variable = #ending;
        #call::TrackedFuture::<_, #ty, _>::#constructor(#series #name, #ending_variable)
    };
    // Allows the lint, because the user's code, and not the generated block, yields a future.
    let allow = quote!(#[allow(clippy::async_yields_async)]);
    let block = quote_spanned! {function.brace=>
        #allow
        let #name = #future;
        #form
        #tracked
    };
    in_braces(function.brace, block).into()
}

/// The `use` declarations and items that the wrapped body and the closures of its recorders need in
/// scope.
pub(super) fn imports(recorders: &[Recorder], follow: Option<Follow>) -> TokenStream {
    let imports = recorders.iter().map(|recorder| recorder.imports.clone());
    let imports: TokenStream = imports.collect();
    let Some(follow) = follow else {
        return imports;
    };
    let Recorder { call, declared, .. } = &recorders[0];
    let items = &declared.items;
    let levels = (follow == Follow::Probed).then(|| {
        quote! {
            #[allow(unused_imports)]
            use #call::output_levels::*;
        }
    });
    quote!(#imports #levels #items)
}

/// The path and the block of `Box::pin(async move { ... })`, the form to which `#[async_trait]`
/// changes a body.
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
