//! Runs each macro through its stages: parse, check, expand.

use proc_macro2::TokenStream;
use quote::quote;

use crate::{
    expand,
    model::{self, DeriveItem, Errors, Instrument, Item, LabelEnum, LabelStruct, Metric, Mode},
    parse,
};

/// Expands a function attribute of the re-exporting crate `reached_through`. If there are errors,
/// they are emitted next to the item as it is written.
pub(crate) fn instrument(
    instrument: &'static Instrument,
    args: &TokenStream,
    item: &TokenStream,
    reached_through: &str,
    mode: Mode,
) -> TokenStream {
    let expanded = try_instrument(instrument, args, item, reached_through, mode);
    expanded.unwrap_or_else(|error| {
        let error = error.into_compile_error();
        quote!(#error #item)
    })
}

fn try_instrument(
    instrument: &'static Instrument,
    args: &TokenStream,
    item: &TokenStream,
    reached_through: &str,
    mode: Mode,
) -> syn::Result<TokenStream> {
    let mut errors = Errors::default();
    let args = parse::args(instrument, args.clone(), reached_through, &mut errors);
    let item = errors.take(parse::item(item));
    if let Some(item) = &item {
        model::check(&args, item, &mut errors);
    }
    errors.finish()?;
    Ok(match item {
        Some(Item::Function(function)) if mode == Mode::Off => {
            expand::function_off(&args, &function)
        }
        Some(Item::Function(mut function)) => {
            let moved = parse::moved_attributes(&mut function, reached_through);
            expand::function(args, moved, *function)
        }
        Some(Item::Container(container)) => expand::container(&args, &container),
        // Unreachable: such an item was reported above, so `finish` has returned the error.
        Some(Item::FileModule(_) | Item::Other) | None => TokenStream::new(),
    })
}

/// Expands `metrics!`. A syntax error is emitted alone. With other errors, every metric that can be
/// generated is emitted next to them, so that code that uses it causes no further errors.
pub(crate) fn declare(input: TokenStream, mode: Mode) -> TokenStream {
    let mut errors = Errors::default();
    let declarations = match parse::declarations(input, &mut errors) {
        Ok(declarations) => declarations,
        Err(error) => return error.into_compile_error(),
    };
    let mut tokens = TokenStream::new();
    for declaration in declarations.list {
        let metric = Metric::new(declaration, declarations.prefix.as_ref(), &mut errors);
        if let Some(metric) = metric {
            tokens.extend(expand::metric(&metric, &declarations.krate, mode));
        }
    }
    tokens.extend(errors.finish().err().map(syn::Error::into_compile_error));
    tokens
}

/// Expands `#[derive(Label)]`.
pub(crate) fn derive_label(input: TokenStream, reached_through: &str) -> TokenStream {
    derive(input, reached_through, |item, errors| {
        LabelEnum::new(item, errors).map(|label| expand::label_enum(&label))
    })
}

/// Expands `#[derive(Labels)]`.
pub(crate) fn derive_labels(input: TokenStream, reached_through: &str) -> TokenStream {
    derive(input, reached_through, |item, errors| {
        LabelStruct::new(item, errors).map(|labels| expand::label_struct(&labels))
    })
}

/// Expands a derive: emits the errors, and what `expand` returns, so that code that uses the type
/// causes no further errors. A syntax error is emitted alone.
fn derive(
    input: TokenStream,
    reached_through: &str,
    expand: fn(DeriveItem, &mut Errors) -> Option<TokenStream>,
) -> TokenStream {
    let mut errors = Errors::default();
    let item = match parse::derive_item(input, reached_through, &mut errors) {
        Ok(item) => item,
        Err(error) => return error.into_compile_error(),
    };
    let expanded = expand(item, &mut errors);
    let error = errors.finish().err().map(syn::Error::into_compile_error);
    quote!(#error #expanded)
}
