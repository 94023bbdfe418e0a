//! Tokens for several files of `expand`: compile-time checks, label values, spans, allowed lints.

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::{LitStr, Path};

/// The tokens of a path with the location of `span`: the path resolves as before, but errors in it
/// appear at `span`.
pub(crate) fn located_at(path: impl ToTokens, span: Span) -> TokenStream {
    let locate = |mut token: TokenTree| {
        token.set_span(token.span().located_at(span));
        token
    };
    path.into_token_stream().into_iter().map(locate).collect()
}

/// The label value for `value`, which implements `Display`, or is an `Option` of such a type if
/// `is_optional`. An error about the type of `value` appears at `span`.
pub(super) fn displayed(
    krate: &Path,
    span: Span,
    value: &TokenStream,
    is_optional: bool,
) -> TokenStream {
    let krate = located_at(krate, span);
    let function = if is_optional {
        quote_spanned!(span=> displayed_option)
    } else {
        quote_spanned!(span=> displayed)
    };
    quote_spanned!(span=> #krate::__private::#function(&(#value)))
}

/// A block of `tokens` whose braces have the span `brace`.
pub(super) fn in_braces(brace: Span, tokens: TokenStream) -> TokenTree {
    let mut group = Group::new(Delimiter::Brace, tokens);
    group.set_span(brace);
    group.into()
}

/// A constant that calls `function`, a `const fn` of metrics-core that panics if a rule is broken.
/// The panic is a compile error at `span`.
pub(crate) fn check(
    krate: &Path,
    span: Span,
    function: &str,
    arguments: impl ToTokens,
) -> TokenStream {
    let krate = located_at(krate, span);
    let function = Ident::new(function, span);
    quote_spanned! {span=>
        const _: () = #krate::__private::#function(#arguments);
    }
}

/// The compile-time checks of a metric's name, with `function`, and of its unit, if it has one.
pub(crate) fn check_name(
    krate: &Path,
    function: &str,
    name: &LitStr,
    unit: Option<&LitStr>,
    kind: &TokenStream,
) -> TokenStream {
    let mut checks = check(krate, name.span(), function, quote!(#name, #kind));
    if let Some(unit) = unit {
        let arguments = quote!(#name, #unit, #kind);
        checks.extend(check(krate, unit.span(), "check_unit", arguments));
    }
    checks
}

/// `#krate::Kind::Name`.
pub(crate) fn kind(krate: &Path, name: &str) -> TokenStream {
    let name = format_ident!("{name}");
    quote!(#krate::Kind::#name)
}

/// The line of a token in the file that `file!()` names; see `metrics_core::__private::line_in`.
pub(crate) fn line(private: &TokenStream, span: Span) -> TokenStream {
    // Reads the span only inside a compiler: the snapshot tests run outside of one, where spans
    // have no lines.
    let (file, line) = if proc_macro::is_available() {
        let span = span.unwrap();
        (span.file(), u32::try_from(span.line()).unwrap_or(0))
    } else {
        (String::new(), 0)
    };
    quote!(#private::line_in(::core::file!(), ::core::line!(), #file, #line))
}

/// Allows the lints that generated items would trip.
pub(crate) fn allow() -> TokenStream {
    quote! {
        #[allow(
            non_camel_case_types,
            non_snake_case,
            dead_code,
            unused_qualifications,
            clippy::all,
            clippy::pedantic,
            clippy::nursery,
            clippy::restriction
        )]
    }
}
