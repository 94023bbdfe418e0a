//! Expands `#[derive(Label)]` to an implementation of `Label`, and `#[derive(Labels)]` to
//! implementations of `LabelSet` and `Labels`.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::{Fields, GenericParam, Generics, Path, Type, parse_quote, spanned::Spanned};

use super::tokens::{allow, check, displayed, located_at};
use crate::model::{
    FieldLabels, LabelEnum, LabelField, LabelStruct, LabelVariant, mentions, optional,
};

/// Expands the derive `Label`: `enum Cache { Hit, Miss(u8) }` gets
///
/// ```text
/// const __VALUES: &[&'static str] = &["hit", "miss"];
///
/// impl Label for Cache {
///     const VALUES: Option<&'static [&'static str]> = Some(__VALUES);
///     fn index(&self) -> usize {
///         match *self { Cache::Hit => 0usize, Cache::Miss(..) => 1usize, }
///     }
///     fn with_str<__R>(&self, __with: impl FnOnce(&str) -> __R) -> __R {
///         __with(__VALUES[Label::index(self)])
///     }
/// }
/// ```
pub(crate) fn label_enum(label: &LabelEnum) -> TokenStream {
    let LabelEnum {
        ident,
        generics,
        krate,
        variants,
    } = label;
    if variants.iter().any(|variant| variant.value.is_none()) {
        return open_enum(label);
    }
    let (generics, arguments, predicates) = generics.split_for_impl();
    let mut values: Vec<&str> = variants
        .iter()
        .filter_map(|variant| variant.value.as_deref())
        .collect();
    let arms = variants.iter().enumerate().map(|(index, variant)| {
        let pattern = pattern(ident, variant, &quote!(..));
        quote!(#pattern => #index,)
    });
    let mut index = quote!(match *self { #(#arms)* });
    if variants.is_empty() {
        values.push("");
        index = quote!(0);
    }
    let allow = allow();
    quote! {
        #allow
        const _: () = {
            const __VALUES: &[&'static str] = &[#(#values),*];

            #[automatically_derived]
            impl #generics #krate::Label for #ident #arguments #predicates {
                const VALUES: ::core::option::Option<&'static [&'static str]> =
                    ::core::option::Option::Some(__VALUES);

                #[inline]
                fn index(&self) -> usize {
                    #index
                }

                fn with_str<__R>(
                    &self,
                    __with: impl ::core::ops::FnOnce(&str) -> __R,
                ) -> __R {
                    __with(__VALUES[#krate::Label::index(self)])
                }
            }
        };
    }
}

/// Expands the derive `Label` with `#[label(other)]`: `enum Cache { Hit, #[label(other)]
/// Other(String) }` gets
///
/// ```text
/// impl Label for Cache {
///     const VALUES: Option<&'static [&'static str]> = None;
///     fn with_str<__R>(&self, __with: impl FnOnce(&str) -> __R) -> __R {
///         match self { Cache::Hit => __with("hit"), Cache::Other(__value) => Label::with_str(__value, __with), }
///     }
/// }
/// ```
fn open_enum(label: &LabelEnum) -> TokenStream {
    let LabelEnum {
        ident,
        generics,
        krate,
        variants,
    } = label;
    let mut generics = generics.clone();
    let others = variants.iter().filter(|variant| variant.value.is_none());
    for field in others.flat_map(|variant| &variant.fields) {
        add_bound(&mut generics, &field.ty, &quote!(#krate::Label));
    }
    let (generics, arguments, predicates) = generics.split_for_impl();
    let arms = variants.iter().map(|variant| {
        if let Some(value) = &variant.value {
            let pattern = pattern(ident, variant, &quote!(..));
            return quote!(#pattern => __with(#value),);
        }
        let span = variant.fields.iter().next().map(|field| field.ty.span());
        let krate = located_at(krate, span.unwrap_or(variant.ident.span()));
        let pattern = pattern(ident, variant, &quote!(__value));
        quote!(#pattern => #krate::Label::with_str(__value, __with),)
    });
    let allow = allow();
    quote! {
        #allow
        const _: () = {
            #[automatically_derived]
            impl #generics #krate::Label for #ident #arguments #predicates {
                const VALUES: ::core::option::Option<&'static [&'static str]> =
                    ::core::option::Option::None;

                #[inline]
                fn with_str<__R>(
                    &self,
                    __with: impl ::core::ops::FnOnce(&str) -> __R,
                ) -> __R {
                    match self {
                        #(#arms)*
                    }
                }
            }
        };
    }
}

/// The pattern that matches a variant; `content` is `..`, or the variable for the variant's only
/// field.
fn pattern(ident: &Ident, variant: &LabelVariant, content: &TokenStream) -> TokenStream {
    let name = &variant.ident;
    match &variant.fields {
        Fields::Unit => quote!(#ident::#name),
        Fields::Unnamed(_) => quote!(#ident::#name(#content)),
        Fields::Named(fields) => {
            let field = fields.named.first().and_then(|field| field.ident.as_ref());
            let field = field.filter(|_| variant.value.is_none());
            let field = field.map(|field| quote!(#field:));
            quote!(#ident::#name { #field #content })
        }
    }
}

/// Expands the derive `Labels`: `struct Page<'a> { cache: Cache, host: &'a str }` gets
///
/// ```text
/// const _: () = check_derived_label("cache", Kind::Unknown); // and so on, at the names
///
/// impl<'a> LabelSet for Page<'a> {
///     const VALUE_SETS: &'static [Option<&'static [&'static str]>] =
///         &[<Cache as Label>::VALUES, <&'a str as Label>::VALUES];
///     fn visit(&self, __visitor: &mut impl LabelVisitor) {
///         LabelVisitor::label(__visitor, &self.cache);
///         LabelVisitor::label(__visitor, &self.host);
///     }
/// }
///
/// impl<'a> Labels for Page<'a> {
///     const NAMES: &'static [&'static str] = &["cache", "host"];
/// }
/// ```
///
/// With `#[label(flatten)] site: Site` in place of `host`, the lists are composed of the lists of
/// the fields:
///
/// ```text
/// const _: () = check_distinct_labels(<Page as Labels>::NAMES); // at `flatten`
///
/// impl LabelFields for Page {
///     const VALUE_SETS: .. = &[&[<Cache as Label>::VALUES], <Site as LabelSet>::VALUE_SETS];
///     const NAMES: .. = &[&["cache"], <Site as Labels>::NAMES];
/// }
///
/// impl LabelSet for Page {
///     const VALUE_SETS: .. = Flattened::<Self>::VALUE_SETS;
///     fn visit(&self, __visitor: &mut impl LabelVisitor) {
///         LabelVisitor::label(__visitor, &self.cache);
///         LabelSet::visit(&self.site, __visitor);
///     }
/// }
/// ```
pub(crate) fn label_struct(labels: &LabelStruct) -> TokenStream {
    let LabelStruct {
        ident,
        generics,
        krate,
        fields,
        is_utf8,
        needs_checks,
    } = labels;
    let function = if *is_utf8 {
        "check_utf8_label"
    } else {
        "check_derived_label"
    };
    let names = fields.iter().filter_map(LabelField::name);
    let checks = names.filter(|_| *needs_checks).map(|name| {
        let arguments = quote!(#name, #krate::Kind::Unknown);
        check(krate, name.span(), function, arguments)
    });
    let distinct = distinct(labels);
    let is_flattened = |field: &LabelField| matches!(field.labels, FieldLabels::Flattened(_));
    let are_joined = fields.iter().any(is_flattened);
    let (mut value_sets, mut names) = lists(krate, fields, are_joined);
    let mut generics = generics.clone();
    for LabelField { ty, labels, .. } in fields {
        match labels {
            FieldLabels::One(_) => add_bound(&mut generics, ty, &quote!(#krate::Label)),
            FieldLabels::Displayed(..) => {
                let ty = optional(ty).unwrap_or(ty);
                add_bound(&mut generics, ty, &quote!(::core::fmt::Display));
            }
            FieldLabels::Flattened(_) => add_bound(&mut generics, ty, &quote!(#krate::Labels)),
        }
    }
    let (generics, arguments, predicates) = generics.split_for_impl();
    let visits = fields.iter().map(|field| visit(krate, field));
    let joined = are_joined.then(|| {
        quote! {
            #[automatically_derived]
            impl #generics #krate::__private::LabelFields for #ident #arguments #predicates {
                const VALUE_SETS:
                    &'static [&'static [::core::option::Option<&'static [&'static str]>]] =
                    #value_sets;
                const NAMES: &'static [&'static [&'static str]] = #names;
            }
        }
    });
    if are_joined {
        value_sets = quote!(#krate::__private::Flattened::<Self>::VALUE_SETS);
        names = quote!(#krate::__private::Flattened::<Self>::NAMES);
    }
    let allow = allow();
    quote! {
        #allow
        const _: () = {
            #(#checks)*
            #distinct
            #joined

            #[automatically_derived]
            impl #generics #krate::LabelSet for #ident #arguments #predicates {
                const VALUE_SETS: &'static [::core::option::Option<&'static [&'static str]>] =
                    #value_sets;

                #[inline(always)]
                fn visit(&self, __visitor: &mut impl #krate::LabelVisitor) {
                    #(#visits)*
                }
            }

            #[automatically_derived]
            impl #generics #krate::Labels for #ident #arguments #predicates {
                const NAMES: &'static [&'static str] = #names;
            }
        };
    }
}

/// The values and the names of the labels, as two lists. If `are_joined`, each list contains one
/// list for each field.
fn lists(krate: &Path, fields: &[LabelField], are_joined: bool) -> (TokenStream, TokenStream) {
    let element = |element: TokenStream| {
        if are_joined {
            quote!(&[#element])
        } else {
            element
        }
    };
    let (mut value_sets, mut names) = (Vec::new(), Vec::new());
    for LabelField { ty, labels, .. } in fields {
        let span = ty.span();
        match labels {
            FieldLabels::One(name) => {
                let values = quote_spanned!(span=> <#ty as #krate::Label>::VALUES);
                value_sets.push(element(values));
                names.push(element(quote!(#name)));
            }
            FieldLabels::Displayed(name, _) => {
                value_sets.push(element(quote!(::core::option::Option::None)));
                names.push(element(quote!(#name)));
            }
            FieldLabels::Flattened(_) => {
                value_sets.push(quote_spanned!(span=> <#ty as #krate::LabelSet>::VALUE_SETS));
                names.push(quote_spanned!(span=> <#ty as #krate::Labels>::NAMES));
            }
        }
    }
    (quote!(&[#(#value_sets),*]), quote!(&[#(#names),*]))
}

/// The statement that passes the labels of a field to the visitor.
fn visit(krate: &Path, field: &LabelField) -> TokenStream {
    let LabelField { ident, ty, labels } = field;
    match labels {
        FieldLabels::One(_) => quote!(#krate::LabelVisitor::label(__visitor, &self.#ident);),
        FieldLabels::Displayed(_, key) => {
            let is_optional = optional(ty).is_some();
            let value = displayed(krate, key.span(), &quote!(self.#ident), is_optional);
            quote!(#krate::LabelVisitor::label(__visitor, &#value);)
        }
        FieldLabels::Flattened(_) => quote!(#krate::LabelSet::visit(&self.#ident, __visitor);),
    }
}

/// The checks that no label of a flattened field has the name of another label of the struct. A
/// struct with generic types is checked where a metric uses it.
fn distinct(labels: &LabelStruct) -> TokenStream {
    let LabelStruct {
        ident,
        generics,
        krate,
        fields,
        needs_checks,
        ..
    } = labels;
    let is_lifetime = |param: &GenericParam| matches!(param, GenericParam::Lifetime(_));
    if !needs_checks || !generics.params.iter().all(is_lifetime) {
        return TokenStream::new();
    }
    let lifetimes = generics.params.iter().map(|_| quote!('static));
    let checks = fields.iter().filter_map(|field| {
        let FieldLabels::Flattened(key) = &field.labels else {
            return None;
        };
        let lifetimes = lifetimes.clone();
        let names = quote!(<#ident<#(#lifetimes),*> as #krate::Labels>::NAMES);
        Some(check(krate, key.span(), "check_distinct_labels", names))
    });
    // One check suffices, because it covers all labels of the struct.
    checks.take(1).collect()
}

/// Adds `ty: bound` to the `where` clause if the type mentions a type parameter.
fn add_bound(generics: &mut Generics, ty: &Type, bound: &TokenStream) {
    let is_param = |ident: &Ident| {
        let mut params = generics.type_params();
        params.any(|param| param.ident == *ident)
    };
    if mentions(ty.to_token_stream(), &is_param) {
        let bound = quote_spanned!(ty.span()=> #ty: #bound);
        let predicates = &mut generics.make_where_clause().predicates;
        predicates.push(parse_quote!(#bound));
    }
}
