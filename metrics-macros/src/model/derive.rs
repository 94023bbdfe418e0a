//! The items that derive `Label` or `Labels`, and the rules for them.

use proc_macro2::Ident;
use syn::{Data, Fields, Generics, LitStr, Path, Type, ext::IdentExt, punctuated::Punctuated};

use super::{Case, Errors, Slot};

/// An item with a derive, and the `#[label(...)]` attributes on it.
pub(crate) struct DeriveItem {
    pub(crate) ident: Ident,
    pub(crate) generics: Generics,
    pub(crate) data: Data,
    /// The path of metrics-core, or of a crate that re-exports its items.
    pub(crate) krate: Path,
    pub(crate) on_type: LabelAttr,
    /// The attributes on each variant of an enum, or on each field of a struct, in order.
    pub(crate) on_parts: Vec<LabelAttr>,
}

/// The arguments of `#[label(...)]` on a type, a variant or a field.
#[derive(Default)]
pub(crate) struct LabelAttr {
    pub(crate) rename: Slot<LitStr>,
    pub(crate) rename_all: Slot<Case>,
    pub(crate) utf8: Slot<()>,
    pub(crate) krate: Slot<Path>,
}

/// An enum that derives `Label`.
pub(crate) struct LabelEnum {
    pub(crate) ident: Ident,
    pub(crate) generics: Generics,
    pub(crate) krate: Path,
    /// Empty only if an error was reported.
    pub(crate) variants: Vec<LabelVariant>,
}

pub(crate) struct LabelVariant {
    pub(crate) ident: Ident,
    pub(crate) fields: Fields,
    /// The value of the label.
    pub(crate) value: String,
}

impl LabelEnum {
    /// Checks an enum. Returns it even if there are errors: code that uses it as a label then causes
    /// no further errors.
    pub(crate) fn new(item: DeriveItem, errors: &mut Errors) -> Self {
        if let Some(key) = item.on_type.utf8.key() {
            errors.at(
                key,
                "the values of a label may always have any characters; remove `utf8`",
            );
        }
        let of_enum = match item.data {
            Data::Enum(data) => {
                if data.variants.is_empty() {
                    let message = "a label needs at least one value; add a variant";
                    errors.at(&item.ident, message);
                }
                data.variants
            }
            Data::Struct(_) | Data::Union(_) => {
                let message = "`Label` can be derived for enums only; derive `Labels` for a struct";
                errors.at(&item.ident, message);
                Punctuated::new()
            }
        };
        let case = item.on_type.rename_all.get().copied();
        let case = case.unwrap_or(Case::SNAKE);
        let mut variants: Vec<LabelVariant> = Vec::new();
        for (variant, attr) in of_enum.into_iter().zip(&item.on_parts) {
            let value = attr.rename.get().map(LitStr::value);
            let value = value.unwrap_or_else(|| case.apply(&variant.ident));
            if value.is_empty() {
                let message = "a label with an empty value counts as absent; choose another value";
                errors.at(&variant.ident, message);
            }
            if variants.iter().any(|earlier| earlier.value == value) {
                let message = format_args!("two variants have the value `{value}`; rename one");
                errors.at(&variant.ident, message);
            }
            variants.push(LabelVariant {
                ident: variant.ident,
                fields: variant.fields,
                value,
            });
        }
        LabelEnum {
            ident: item.ident,
            generics: item.generics,
            krate: item.krate,
            variants,
        }
    }
}

/// A struct that derives `Labels`.
pub(crate) struct LabelStruct {
    pub(crate) ident: Ident,
    pub(crate) generics: Generics,
    pub(crate) krate: Path,
    pub(crate) fields: Vec<LabelField>,
    /// Whether names may contain all characters but control characters.
    pub(crate) is_utf8: bool,
    /// Whether the names are still to be checked. Not after an error, because a check could report
    /// the same fault again.
    pub(crate) needs_checks: bool,
}

pub(crate) struct LabelField {
    pub(crate) ident: Ident,
    pub(crate) ty: Type,
    /// The name of the label.
    pub(crate) name: LitStr,
}

impl LabelStruct {
    /// Checks a struct. Returns it even if there are errors, with the fields that can be labels: code
    /// that uses it as a set of labels then causes no further errors.
    pub(crate) fn new(item: DeriveItem, errors: &mut Errors) -> Self {
        let named = if let Data::Struct(syn::DataStruct {
            fields: Fields::Named(fields),
            ..
        }) = item.data
        {
            fields.named
        } else {
            let message = "`Labels` can be derived for structs with named fields only; derive \
                           `Label` for an enum";
            errors.at(&item.ident, message);
            Punctuated::new()
        };
        let case = item.on_type.rename_all.get();
        let mut fields: Vec<LabelField> = Vec::new();
        for (field, attr) in named.into_iter().zip(item.on_parts) {
            let ident = field.ident.expect("a named field");
            let name = attr.rename.into_inner().unwrap_or_else(|| {
                let name = case.map(|case| case.apply(&ident));
                let name = name.unwrap_or_else(|| ident.unraw().to_string());
                LitStr::new(&name, ident.span())
            });
            if fields
                .iter()
                .any(|earlier| earlier.name.value() == name.value())
            {
                let message =
                    format_args!("two fields have the label `{}`; rename one", name.value());
                errors.at(&ident, message);
                continue;
            }
            fields.push(LabelField {
                ident,
                ty: field.ty,
                name,
            });
        }
        LabelStruct {
            ident: item.ident,
            generics: item.generics,
            krate: item.krate,
            fields,
            is_utf8: item.on_type.utf8.is_set(),
            needs_checks: errors.is_empty(),
        }
    }
}
