//! Parses the input of the derives `Label` and `Labels`.

use proc_macro2::TokenStream;
use syn::{Attribute, Data, DeriveInput, LitStr, Meta, parse::ParseStream};

use super::grammar::{comma_separated, crate_path, flag, key, literal, path, unknown};
use crate::model::{Case, DeriveItem, Errors, LabelAttr, either};

/// Parses the item of a derive that the crate `reached_through` re-exports.
///
/// Returns a syntax error in the item; collects errors in `#[label(...)]`.
pub(crate) fn derive_item(
    tokens: TokenStream,
    reached_through: &str,
    errors: &mut Errors,
) -> syn::Result<DeriveItem> {
    let input: DeriveInput = syn::parse2(tokens)?;
    let (part, attrs): (_, Vec<_>) = match &input.data {
        Data::Enum(data) => (
            "variant",
            data.variants.iter().map(|variant| &variant.attrs).collect(),
        ),
        Data::Struct(data) => (
            "field",
            data.fields.iter().map(|field| &field.attrs).collect(),
        ),
        Data::Union(_) => ("field", Vec::new()),
    };
    let mut on_type = label_attr(&input.attrs, errors);
    for key in on_type.of_parts() {
        let message = format_args!("`{key}` belongs on a {part}, not on the type");
        errors.at(key, message);
    }
    let on_parts = attrs.into_iter().map(|attrs| {
        let attr = label_attr(attrs, errors);
        for key in attr.of_types() {
            let message = format_args!("`{key}` belongs on the type, not on a {part}");
            errors.at(key, message);
        }
        attr
    });
    let on_parts = on_parts.collect();
    let krate = std::mem::take(&mut on_type.krate).into_inner();
    Ok(DeriveItem {
        ident: input.ident,
        generics: input.generics,
        data: input.data,
        krate: krate.unwrap_or_else(|| crate_path(reached_through)),
        on_type,
        on_parts,
    })
}

fn label_attr(attrs: &[Attribute], errors: &mut Errors) -> LabelAttr {
    let mut parsed = LabelAttr::default();
    for attr in attrs.iter().filter(|attr| attr.path().is_ident("label")) {
        let Meta::List(_) = &attr.meta else {
            let message = "`label` needs arguments in parentheses, such as \
                           `#[label(rename = \"...\")]`; add them";
            errors.at(&attr.meta, message);
            continue;
        };
        let result = attr.parse_args_with(|input: ParseStream| {
            comma_separated(input, |input| argument(&mut parsed, input, errors))
        });
        errors.take(result);
    }
    parsed
}

fn argument(parsed: &mut LabelAttr, input: ParseStream, errors: &mut Errors) -> syn::Result<()> {
    const ARGUMENTS: [&str; 8] = [
        "rename",
        "rename_all",
        "display",
        "flatten",
        "skip",
        "other",
        "utf8",
        "crate",
    ];

    if let Ok(text) = input.fork().parse::<LitStr>() {
        let message = format_args!("an argument has a key; write `rename = {}`", text.token());
        return Err(syn::Error::new(text.span(), message));
    }
    let key = &key(
        format_args!("an argument; write {}", either(&ARGUMENTS)),
        input,
    )?;
    match key.to_string().as_str() {
        "rename" => {
            let name = literal(key, "a string literal", "\"...\"", input)?;
            parsed.rename.set(key, name, errors);
        }
        "rename_all" => {
            let name = literal(key, "a string literal", "\"kebab-case\"", input)?;
            parsed.rename_all.set(key, case(&name)?, errors);
        }
        "display" => flag(key, &mut parsed.display, input, errors)?,
        "flatten" => flag(key, &mut parsed.flatten, input, errors)?,
        "skip" => flag(key, &mut parsed.skip, input, errors)?,
        "other" => flag(key, &mut parsed.other, input, errors)?,
        "utf8" => flag(key, &mut parsed.utf8, input, errors)?,
        "crate" => {
            let path = path(key, "::metrics_core", input)?;
            parsed.krate.set(key, path, errors);
        }
        _ => unknown("argument", key, &ARGUMENTS, input, errors)?,
    }
    Ok(())
}

/// The case that `rename_all` names.
fn case(name: &LitStr) -> syn::Result<Case> {
    Case::named(&name.value()).ok_or_else(|| {
        let message = format_args!(
            "unknown case `{}`; expected `snake_case`, `kebab-case`, `lowercase`, `UPPERCASE`, \
             `SCREAMING_SNAKE_CASE`, `SCREAMING-KEBAB-CASE`, `camelCase` or `PascalCase`",
            name.value()
        );
        syn::Error::new(name.span(), message)
    })
}
