//! Parses the input of the derives `Label` and `Labels`.

use proc_macro2::{Ident, TokenStream};
use syn::{
    Attribute, Data, DeriveInput, LitStr, Path,
    ext::IdentExt,
    parse::{Parse, ParseStream},
};

use super::grammar::{comma_separated, crate_path, equals, unknown, value};
use crate::model::{Case, DeriveItem, Errors, LabelAttr};

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
    if let Some(key) = on_type.rename.key() {
        let message = format_args!("`rename` belongs on a {part}, not on the type");
        errors.at(key, message);
    }
    let on_parts = attrs.into_iter().map(|attrs| {
        let attr = label_attr(attrs, errors);
        for key in [attr.rename_all.key(), attr.utf8.key(), attr.krate.key()]
            .into_iter()
            .flatten()
        {
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
        let result = attr.parse_args_with(|input: ParseStream| {
            comma_separated(input, |input| argument(&mut parsed, input, errors))
        });
        errors.take(result);
    }
    parsed
}

fn argument(parsed: &mut LabelAttr, input: ParseStream, errors: &mut Errors) -> syn::Result<()> {
    const ARGUMENTS: [&str; 4] = ["rename", "rename_all", "utf8", "crate"];

    let key = &input.call(Ident::parse_any)?;
    match key.to_string().as_str() {
        "rename" => {
            let name = value(key, "...", input)?;
            parsed.rename.set(key, name, errors);
        }
        "rename_all" => {
            let case = value(key, "...", input)?;
            parsed.rename_all.set(key, case, errors);
        }
        "utf8" => parsed.utf8.set(key, (), errors),
        "crate" => {
            equals(key, "...", input)?;
            let path = input.call(Path::parse_mod_style)?;
            parsed.krate.set(key, path, errors);
        }
        _ => unknown("argument", key, &ARGUMENTS, input, errors)?,
    }
    Ok(())
}

impl Parse for Case {
    fn parse(input: ParseStream) -> syn::Result<Self> {
        let name: LitStr = input.parse()?;
        Case::named(&name.value()).ok_or_else(|| {
            let message = format_args!(
                "unknown case `{}`; expected `snake_case`, `kebab-case`, `lowercase`, \
                 `UPPERCASE`, `SCREAMING_SNAKE_CASE`, `SCREAMING-KEBAB-CASE`, `camelCase` or \
                 `PascalCase`",
                name.value()
            );
            syn::Error::new(name.span(), message)
        })
    }
}
