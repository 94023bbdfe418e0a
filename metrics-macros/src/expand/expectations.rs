//! Replaces `#[expect(...)]` on an instrumented function by `#[allow(...)]` where the lint does not
//! see the function's form.
//!
//! Lints that look at the form of a function (its signature, whether it awaits, whether its result
//! is always `Ok`) do not find this form in the expansion, and `#[expect]` would then report an
//! unfulfilled expectation. For such lints, `allow` therefore replaces `expect`:
//!
//! `#[expect(clippy::unused_async, dead_code)]` gives `#[allow(clippy::unused_async)]` and
//! `#[expect(dead_code)]`.

use syn::{Attribute, Meta, Path, Token, parse_quote, punctuated::Punctuated};

/// Rewrites the `#[expect]` attributes.
pub(super) fn relax(attrs: &mut Vec<Attribute>) {
    let all = std::mem::take(attrs);
    attrs.extend(all.into_iter().flat_map(relaxed));
}

fn relaxed(attr: Attribute) -> Vec<Attribute> {
    if !attr.path().is_ident("expect") {
        return vec![attr];
    }
    let parser = Punctuated::<Meta, Token![,]>::parse_terminated;
    let Ok(arguments) = attr.parse_args_with(parser) else {
        // The compiler reports what is wrong with the attribute.
        return vec![attr];
    };
    let (lints, reason): (Vec<Meta>, Vec<Meta>) = arguments
        .into_iter()
        .partition(|argument| matches!(argument, Meta::Path(_)));
    let (allowed, expected): (Vec<Meta>, Vec<Meta>) = lints
        .into_iter()
        .partition(|lint| depends_on_form(lint.path()));
    let reason = &reason;
    let mut attrs = Vec::new();
    if !allowed.is_empty() {
        attrs.push(parse_quote!(#[allow(#(#allowed,)* #(#reason),*)]));
    }
    if !expected.is_empty() {
        attrs.push(parse_quote!(#[expect(#(#expected,)* #(#reason),*)]));
    }
    attrs
}

/// Whether a lint may not find in the expansion what it finds in the function as it is written.
fn depends_on_form(lint: &Path) -> bool {
    let first = lint.segments.first();
    first.is_some_and(|first| first.ident == "clippy") || lint.is_ident("unconditional_recursion")
}
