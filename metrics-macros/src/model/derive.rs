//! The items that derive `Label` or `Labels`, and the rules for them.

use proc_macro2::Ident;
use syn::{
    Data, Fields, Generics, LitStr, Path, Type, Variant, ext::IdentExt, punctuated::Punctuated,
};

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
    pub(crate) display: Slot<()>,
    pub(crate) flatten: Slot<()>,
    pub(crate) skip: Slot<()>,
    pub(crate) other: Slot<()>,
    pub(crate) krate: Slot<Path>,
}

impl LabelAttr {
    /// The keys of the arguments that belong on a variant or a field.
    pub(crate) fn of_parts(&self) -> impl Iterator<Item = &Ident> {
        let LabelAttr {
            rename,
            display,
            flatten,
            skip,
            other,
            ..
        } = self;
        let keys = [
            rename.key(),
            display.key(),
            flatten.key(),
            skip.key(),
            other.key(),
        ];
        keys.into_iter().flatten()
    }

    /// The keys of the arguments that belong on the type.
    pub(crate) fn of_types(&self) -> impl Iterator<Item = &Ident> {
        let keys = [self.rename_all.key(), self.utf8.key(), self.krate.key()];
        keys.into_iter().flatten()
    }
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
    /// The value of the label; `None` for the variant with `#[label(other)]`, whose only field is
    /// the value.
    pub(crate) value: Option<String>,
}

impl LabelEnum {
    /// Checks an enum. Returns a [`LabelEnum`] even if there are errors, so that code that uses the
    /// enum as a label causes no further errors.
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
            check_variant(&variant, attr, &variants, errors);
            // A variant with `#[label(other)]` without exactly one field, which is an error, counts
            // as an ordinary one.
            let is_other = attr.other.is_set() && variant.fields.len() == 1;
            let value = (!is_other).then(|| {
                let value = attr.rename.get().map(LitStr::value);
                value.unwrap_or_else(|| case.apply(&variant.ident))
            });
            if value.as_ref().is_some_and(String::is_empty) {
                let message = "a label with an empty value counts as absent; choose another value";
                errors.at(&variant.ident, message);
            }
            if let Some(value) = &value
                && variants
                    .iter()
                    .any(|earlier| earlier.value.as_ref() == Some(value))
            {
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

/// Reports arguments of `#[label(...)]` on a variant that do not belong there.
fn check_variant(
    variant: &Variant,
    attr: &LabelAttr,
    earlier: &[LabelVariant],
    errors: &mut Errors,
) {
    for key in [attr.display.key(), attr.flatten.key()]
        .into_iter()
        .flatten()
    {
        let message =
            format_args!("`{key}` belongs on a field of a struct with `Labels`; remove it");
        errors.at(key, message);
    }
    if let Some(key) = attr.skip.key() {
        let message = "each variant is a value of the label; remove `skip`, and record `None` of an \
                       `Option` where the label is absent";
        errors.at(key, message);
    }
    let Some(other) = attr.other.key() else {
        return;
    };
    if variant.fields.len() != 1 {
        let message = "`other` needs one field, which has the value; write `Other(String)`";
        errors.at(other, message);
    }
    if let Some(key) = attr.rename.key() {
        let message = "the value of this variant is the text in it; remove `rename`";
        errors.at(key, message);
    }
    if earlier.iter().any(|earlier| earlier.value.is_none()) {
        errors.at(
            other,
            "another variant has all other values; remove one `other`",
        );
    }
}

/// A struct that derives `Labels`.
pub(crate) struct LabelStruct {
    pub(crate) ident: Ident,
    pub(crate) generics: Generics,
    pub(crate) krate: Path,
    pub(crate) fields: Vec<LabelField>,
    /// Whether label names may contain all characters except control characters.
    pub(crate) is_utf8: bool,
    /// Whether the expansion checks the label names: false after an error, because the check could
    /// report the same error again.
    pub(crate) needs_checks: bool,
}

pub(crate) struct LabelField {
    pub(crate) ident: Ident,
    pub(crate) ty: Type,
    pub(crate) labels: FieldLabels,
}

/// The labels of a field.
pub(crate) enum FieldLabels {
    /// A label of this name.
    One(LitStr),
    /// A label of this name, whose value is formatted with `Display`. Errors point at the key.
    Displayed(LitStr, Ident),
    /// The labels of the struct in the field, which derives `Labels`. Errors point at the key.
    Flattened(Ident),
}

impl LabelField {
    /// The name of the label; `None` for a flattened field.
    pub(crate) fn name(&self) -> Option<&LitStr> {
        match &self.labels {
            FieldLabels::One(name) | FieldLabels::Displayed(name, _) => Some(name),
            FieldLabels::Flattened(_) => None,
        }
    }
}

impl LabelStruct {
    /// Checks a struct. Even if there are errors, returns a [`LabelStruct`] with the fields that
    /// can be labels, so that code that uses the struct as a set of labels causes no further
    /// errors.
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
            check_field(&attr, errors);
            if attr.skip.is_set() {
                continue;
            }
            let name = attr.rename.into_inner().unwrap_or_else(|| {
                let name = case.map(|case| case.apply(&ident));
                let name = name.unwrap_or_else(|| ident.unraw().to_string());
                LitStr::new(&name, ident.span())
            });
            let labels = match (attr.flatten.key(), attr.display.key()) {
                (Some(key), _) => FieldLabels::Flattened(key.clone()),
                (None, Some(key)) => FieldLabels::Displayed(name, key.clone()),
                (None, None) => FieldLabels::One(name),
            };
            let field = LabelField {
                ident,
                ty: field.ty,
                labels,
            };
            let earlier = fields.iter().filter_map(LabelField::name);
            let mut earlier = earlier.map(LitStr::value);
            if let Some(name) = field.name().map(LitStr::value)
                && earlier.any(|earlier| earlier == name)
            {
                let message = format_args!("two fields have the label `{name}`; rename one");
                errors.at(&field.ident, message);
                continue;
            }
            fields.push(field);
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

/// Reports arguments of `#[label(...)]` on a field that do not belong there, or not together.
fn check_field(attr: &LabelAttr, errors: &mut Errors) {
    if let Some(key) = attr.other.key() {
        let message = "`other` belongs on a variant of an enum with `Label`; remove it";
        errors.at(key, message);
    }
    let excludes = [
        (
            &attr.skip,
            "a skipped field has no label",
            [attr.rename.key(), attr.display.key(), attr.flatten.key()],
        ),
        (
            &attr.flatten,
            "a flattened field has the labels of the struct in it",
            [attr.rename.key(), attr.display.key(), None],
        ),
    ];
    for (argument, reason, others) in excludes {
        for key in others.into_iter().flatten() {
            if argument.is_set() {
                errors.at(key, format_args!("{reason}; remove `{key}`"));
            }
        }
    }
}
