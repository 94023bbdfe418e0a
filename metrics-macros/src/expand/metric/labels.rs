//! Writes the labels of a declared metric: their names, the values that are known at compile time,
//! and the label set of a recording.
//!
//! For the labels `(#[allow_only("GET", else = "?")] method: &str, #[normalize(f)] host: &str)` of
//! `REQUESTS`,
//!
//! ```text
//! // closed values
//! &[<Allowed<REQUESTS, 0> as Label>::VALUES, normalizer_values::<&str, _>(f)]
//! // the label set of a recording
//! &(Allowed::<REQUESTS, 0>::new(&method), normalized(f, host))
//! // the list
//! impl AllowList<0> for REQUESTS {
//!     const VALUES: &'static [&'static str] = &["GET", "?"];
//!     const OTHER: usize = 1;
//! }
//! ```

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::{LitStr, Type, spanned::Spanned};

use super::Expansion;
use crate::{
    expand::tokens::{displayed, located_at},
    model::{
        Declaration, LabelsType, ListedLabel, MAX_LISTED_LABELS, Mode, last_segment, optional,
    },
};

impl Expansion<'_> {
    /// The names of the labels, as an expression.
    pub(super) fn label_names(&self) -> TokenStream {
        let krate = self.krate;
        match &self.declaration().ty.labels {
            LabelsType::None => quote!(&[]),
            LabelsType::List(labels) => {
                let names = labels.iter().map(ListedLabel::name);
                let names = names.take(MAX_LISTED_LABELS);
                quote!(&[#(#names),*])
            }
            LabelsType::Type(ty) => quote!(<#ty as #krate::Labels>::NAMES),
        }
    }

    /// The values of each label that are known at compile time, as an expression.
    pub(super) fn label_sets(&self) -> TokenStream {
        let krate = self.krate;
        match &self.declaration().ty.labels {
            LabelsType::None => quote!(&[]),
            LabelsType::List(labels) => {
                let labels = labels.iter().enumerate();
                let sets = labels.map(|(index, label)| self.values(index, label));
                let sets = sets.take(MAX_LISTED_LABELS);
                quote!(&[#(#sets),*])
            }
            LabelsType::Type(ty) => quote!(<#ty as #krate::LabelSet>::VALUE_SETS),
        }
    }

    /// The expression for the values of a label, an `Option`: those of its allow-list, of the type
    /// that its `normalize` function returns, or of the type of the label.
    fn values(&self, index: usize, label: &ListedLabel) -> TokenStream {
        let (krate, p) = (self.krate, &self.p);
        let metric = &self.declaration().ident;
        if label.rules.allow_only.is_set() {
            return quote!(<#p::Allowed<#metric, #index> as #krate::Label>::VALUES);
        }
        if let Some(path) = label.rules.normalize.get() {
            let krate = located_at(krate, path.span());
            let ty = borrowed(&label.ty);
            return quote_spanned!(path.span()=> #krate::__private::normalizer_values::<#ty, _>(#path));
        }
        if label.rules.display.is_set() {
            return quote!(::core::option::Option::None);
        }
        let ty = &label.ty;
        quote!(<#ty as #krate::Label>::VALUES)
    }

    /// The implementations of `AllowList`, one for each label with `allow_only`.
    pub(super) fn allow_lists(&self) -> TokenStream {
        let p = &self.p;
        let Declaration { ident, ty, .. } = self.declaration();
        let LabelsType::List(labels) = &ty.labels else {
            return TokenStream::new();
        };
        let lists = labels.iter().enumerate().filter_map(|(index, label)| {
            let list = label.rules.allow_only.get()?;
            let other = list.other.as_ref().map(LitStr::value);
            let other = other.unwrap_or_else(|| "other".to_owned());
            // The label is absent for `None`, which is the empty value, so the values of an
            // optional label begin with it.
            let is_optional = optional(&label.ty).is_some();
            let mut values = vec![String::new(); usize::from(is_optional)];
            for value in list.values.iter().map(LitStr::value) {
                // Skips a duplicate, which `model` reports, so that it does not cause a second
                // error.
                if !values.contains(&value) {
                    values.push(value);
                }
            }
            let known = values.iter().position(|value| *value == other);
            let other_index = known.unwrap_or(values.len());
            if known.is_none() {
                values.push(other);
            }
            Some(quote! {
                #[automatically_derived]
                impl #p::AllowList<#index> for #ident {
                    const VALUES: &'static [&'static str] = &[#(#values),*];
                    const OTHER: usize = #other_index;
                }
            })
        });
        lists.collect()
    }

    /// The parameters of methods that take labels, and the label set made of them.
    pub(super) fn parameters(&self) -> (TokenStream, TokenStream) {
        match &self.declaration().ty.labels {
            LabelsType::None => (quote!(), quote!(&())),
            LabelsType::List(labels) => {
                let names = parameter_names(labels);
                let parameters = names.iter().zip(labels).enumerate();
                let parameters = parameters.map(|(index, (name, label))| {
                    let ty = borrowed(&label.ty);
                    if index < MAX_LISTED_LABELS {
                        quote!(#name: #ty)
                    } else {
                        quote!(_: #ty)
                    }
                });
                let values = names.iter().zip(labels).enumerate();
                let values = values.map(|(index, (name, label))| match self.mode {
                    Mode::On => self.recorded_value(index, name, label),
                    Mode::Off => self.unrecorded_value(name, label),
                });
                // Leaves out surplus labels, which `model` reports, because a longer tuple is not a
                // label set.
                let values = values.take(MAX_LISTED_LABELS);
                let span = Span::call_site().located_at(labels[0].ty.span());
                (
                    quote!(#(#parameters),*),
                    quote_spanned!(span=> &(#(#values,)*)),
                )
            }
            LabelsType::Type(ty) => {
                let span = Span::call_site().located_at(ty.span());
                (
                    quote_spanned!(span=> labels: &#ty),
                    quote_spanned!(span=> labels),
                )
            }
        }
    }

    /// The types of the parameters of [`parameters`](Self::parameters).
    pub(super) fn parameter_types(&self) -> Vec<TokenStream> {
        match &self.declaration().ty.labels {
            LabelsType::None => Vec::new(),
            LabelsType::List(labels) => labels.iter().map(|label| borrowed(&label.ty)).collect(),
            LabelsType::Type(ty) => vec![quote!(&#ty)],
        }
    }

    /// The expression for the recorded value of a label: the parameter `name`, passed through the
    /// label's `normalize` function and allow-list.
    fn recorded_value(&self, index: usize, name: &Ident, label: &ListedLabel) -> TokenStream {
        let metric = &self.declaration().ident;
        let mut value = quote!(#name);
        if let Some(path) = label.rules.normalize.get() {
            let krate = located_at(self.krate, path.span());
            value = quote_spanned! {path.span()=>
                #krate::__private::normalized(#path, #value)
            };
        } else if let Some(key) = label.rules.display.key() {
            value = displayed(
                self.krate,
                key.span(),
                &value,
                optional(&label.ty).is_some(),
            );
        }
        if let Some(key) = label.rules.allow_only.key() {
            let krate = located_at(self.krate, key.span());
            value = quote_spanned! {key.span()=>
                #krate::__private::Allowed::<#metric, #index>::new(&#value)
            };
        }
        value
    }

    /// The expression for a label's value in a program without metrics. It type-checks the
    /// `normalize` function without a call.
    fn unrecorded_value(&self, name: &Ident, label: &ListedLabel) -> TokenStream {
        if let Some(path) = label.rules.normalize.get() {
            return quote!({ let _ = || #path(#name); "" });
        }
        if let Some(key) = label.rules.display.key() {
            let is_optional = optional(&label.ty).is_some();
            return displayed(self.krate, key.span(), &quote!(#name), is_optional);
        }
        quote!(#name)
    }
}

/// A name for each label's parameter: keywords in their raw form, and duplicates, which `model`
/// reports, under another name.
fn parameter_names(labels: &[ListedLabel]) -> Vec<Ident> {
    let is_normalized = |label: &ListedLabel| label.rules.normalize.is_set();
    let has_functions = labels.iter().any(is_normalized);
    let mut names: Vec<Ident> = Vec::new();
    for (index, ListedLabel { parameter, .. }) in labels.iter().enumerate() {
        let is_word = syn::parse2::<Ident>(quote!(#parameter)).is_ok();
        let name = match parameter.to_string().as_str() {
            // `r#` cannot precede any of the five; `model` reports them as errors.
            "self" | "Self" | "super" | "crate" | "_" => {
                format_ident!("__{index}", span = parameter.span())
            }
            // `gen` is a keyword since edition 2024; its raw form is valid in all editions.
            "gen" => Ident::new_raw("gen", parameter.span()),
            _ if names.contains(parameter) => format_ident!("__{index}", span = parameter.span()),
            _ if is_word => parameter.clone(),
            keyword => Ident::new_raw(keyword, parameter.span()),
        };
        names.push(name);
    }
    if has_functions {
        // The parameters get hygienic spans, so that a parameter does not hide a `normalize`
        // function of the same name.
        for name in &mut names {
            name.set_span(name.span().resolved_at(Span::mixed_site()));
        }
    }
    names
}

/// The type of a parameter: `&str` where the declaration says `String`, also in an `Option`, else the
/// declared type.
fn borrowed(ty: &Type) -> TokenStream {
    let is_string = |ty: &Type| {
        let last = last_segment(ty);
        last.is_some_and(|last| last.ident == "String" && last.arguments.is_none())
    };
    if is_string(ty) {
        quote!(&str)
    } else if optional(ty).is_some_and(is_string) {
        quote!(::core::option::Option<&str>)
    } else {
        quote!(#ty)
    }
}
