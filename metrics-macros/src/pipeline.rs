//! Runs each macro through its stages: parse, check, expand.

use proc_macro2::TokenStream;
use quote::quote;
use syn::Attribute;

use crate::{
    expand,
    model::{
        self, Args, Declarations, DeriveItem, Errors, Instrument, Item, LabelEnum, LabelStruct,
        Measured, Metric, Mode,
    },
    parse,
};

/// Expands a function attribute. `reached_through` is the name of the crate that re-exports the
/// attribute. On an error, emits the error and the unchanged item.
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
    let krate = parse::crate_path(reached_through);
    let args = parse::args(instrument, args.clone(), krate, &mut errors);
    let (mut attrs, rest) = parse::attributes(item)?;
    let mut all = parse::moved_attributes(&mut attrs, &args, reached_through);
    all.push(args);
    all.retain(|args| !args.is_inherited || !give_way(args, &mut attrs));
    model::merge(&mut all, &mut errors);
    let tokens = quote!(#(#attrs)* #rest);
    let Some((args, others)) = all.split_last() else {
        errors.finish()?;
        return Ok(tokens);
    };
    let parsed = errors.take(parse::item(&tokens));
    let cannot_record = match &parsed {
        Some(Item::Function(function)) => function.sig.constness.is_some(),
        Some(Item::Declaration(_)) => true,
        _ => false,
    };
    if cannot_record && all.iter().all(|args| args.is_inherited) {
        errors.finish()?;
        return Ok(tokens);
    }
    if let Some(item) = &parsed {
        for args in all.iter().filter(|args| !args.is_incomplete) {
            model::check(args, item, &mut errors);
        }
    }
    errors.finish()?;
    let others = others.iter().map(expand::attribute);
    Ok(match parsed {
        Some(Item::Function(function)) if mode == Mode::On => expand::function(&all, *function),
        Some(Item::Function(function)) => {
            let function = expand::function_off(args, &function);
            quote!(#(#others)* #function)
        }
        Some(Item::Container(container)) => {
            let container = expand::container(args, &container);
            quote!(#(#others)* #container)
        }
        // Unreachable: `parse::item` or `model::check` has reported an error, which `finish` has
        // returned.
        Some(Item::Declaration(_) | Item::FileModule(_) | Item::Other) | None => TokenStream::new(),
    })
}

/// Replaces the block's attribute `inherited` by the item's own, or moves `inherited` below an
/// attribute that may be the item's own. Returns false if the item has neither.
///
/// An own attribute with the same name is replaced at once. An attribute that may be the same one
/// under an imported name has to be expanded first, so `inherited` moves below it.
fn give_way(inherited: &Args, attrs: &mut Vec<Attribute>) -> bool {
    let instrument = inherited.instrument;
    let mut has_own = false;
    while let Some(own) = parse::own_attribute(attrs, instrument) {
        has_own = true;
        expand::replace(inherited, attrs, own);
        if inherited.enclosing.is_none() {
            break;
        }
    }
    if has_own {
        return true;
    }
    let renamed = parse::renamed_attribute(attrs, instrument);
    if let Some(renamed) = renamed.filter(|_| !inherited.is_moved) {
        attrs.insert(renamed + 1, expand::moved(inherited));
        return true;
    }
    false
}

/// Expands `measure!`. On a syntax error, emits only the error. On other errors, emits them and the
/// unchanged code, so that the code around `measure!` causes no further errors.
pub(crate) fn measure(input: TokenStream, mode: Mode) -> TokenStream {
    let mut errors = Errors::default();
    let parsed = parse::measured(input, &mut errors);
    let Some(measured) = errors.take(parsed) else {
        let error = errors.finish().err().map(syn::Error::into_compile_error);
        return quote!({ #error });
    };
    let Measured {
        krate,
        mut attributes,
        function,
    } = measured;
    model::merge(&mut attributes, &mut errors);
    for args in attributes.iter().filter(|args| !args.is_incomplete) {
        model::check_function(args, &function, &mut errors);
    }
    if let Err(error) = errors.finish() {
        let error = error.into_compile_error();
        let code = expand::unmeasured(&krate, &function);
        return quote!({ #error #code });
    }
    match mode {
        Mode::On => expand::measured(&attributes, &function),
        Mode::Off => expand::measured_off(&krate, &attributes, &function),
    }
}

/// Expands `metrics!`. On a syntax error of the whole input, emits only the error. On other errors,
/// emits them and every metric that can be generated, so that code that uses the metric causes no
/// further errors.
pub(crate) fn declare(input: TokenStream, mode: Mode) -> TokenStream {
    let mut errors = Errors::default();
    let declarations = match parse::declarations(input, &mut errors) {
        Ok(declarations) => declarations,
        Err(error) => return error.into_compile_error(),
    };
    let mut tokens = TokenStream::new();
    let Declarations {
        krate,
        prefix,
        list,
    } = declarations;
    for declaration in list {
        for (cfgs, declaration) in declaration.by_cfg(&mut errors) {
            let mut own = Errors::default();
            if let Some(metric) = Metric::new(declaration, prefix.as_ref(), &mut own) {
                tokens.extend(expand::metric(&metric, &krate, mode));
            }
            if cfgs.is_empty() {
                errors.append(own);
            } else if let Err(error) = own.finish() {
                // Emits the error with the `cfg` attributes of its combination of labels, so that
                // the compiler reports the error only if the combination occurs.
                let error = error.into_compile_error();
                tokens.extend(quote!(#(#cfgs)* const _: () = { #error };));
            }
        }
    }
    tokens.extend(errors.finish().err().map(syn::Error::into_compile_error));
    tokens
}

/// Expands `#[derive(Label)]`.
pub(crate) fn derive_label(input: TokenStream, reached_through: &str) -> TokenStream {
    derive(input, reached_through, |item, errors| {
        expand::label_enum(&LabelEnum::new(item, errors))
    })
}

/// Expands `#[derive(Labels)]`.
pub(crate) fn derive_labels(input: TokenStream, reached_through: &str) -> TokenStream {
    derive(input, reached_through, |item, errors| {
        expand::label_struct(&LabelStruct::new(item, errors))
    })
}

/// Expands a derive. On a syntax error, emits only the error. On other errors, emits them and the
/// result of `expand`, so that code that uses the type causes no further errors.
fn derive(
    input: TokenStream,
    reached_through: &str,
    expand: fn(DeriveItem, &mut Errors) -> TokenStream,
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
