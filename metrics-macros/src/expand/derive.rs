//! Expands the derives: the implementations of `Label`, and of `LabelSet` and `Labels`.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::{Fields, spanned::Spanned};

use super::tokens::{allow, check};
use crate::model::{LabelEnum, LabelStruct, mentions};

/// `enum Cache { Hit, Miss(u8) }` gets
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
    let (generics, arguments, predicates) = generics.split_for_impl();
    let values: Vec<&str> = if variants.is_empty() {
        vec![""]
    } else {
        variants.iter().map(|variant| &*variant.value).collect()
    };
    let arms = variants.iter().enumerate().map(|(index, variant)| {
        let name = &variant.ident;
        let rest = match variant.fields {
            Fields::Unit => quote!(),
            Fields::Unnamed(_) => quote!((..)),
            Fields::Named(_) => quote!({ .. }),
        };
        quote!(#ident::#name #rest => #index,)
    });
    let index = if variants.is_empty() {
        quote!(0)
    } else {
        quote!(match *self { #(#arms)* })
    };
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

/// `struct Page<'a> { cache: Cache, host: &'a str }` gets
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
    let checked = fields.iter().filter(|_| *needs_checks);
    let checks = checked.map(|field| {
        let name = &field.name;
        let arguments = quote!(#name, #krate::Kind::Unknown);
        check(krate, name.span(), function, arguments)
    });
    let is_param = |ident: &Ident| {
        let mut params = generics.type_params();
        params.any(|param| param.ident == *ident)
    };
    let generic_fields = fields
        .iter()
        .filter(|field| mentions(field.ty.to_token_stream(), &is_param));
    let mut generics = generics.clone();
    for field in generic_fields {
        let ty = &field.ty;
        let bound = quote_spanned!(ty.span()=> #ty: #krate::Label);
        let predicates = &mut generics.make_where_clause().predicates;
        predicates.push(syn::parse_quote!(#bound));
    }
    let (generics, arguments, predicates) = generics.split_for_impl();
    let sets = fields.iter().map(|field| {
        let ty = &field.ty;
        quote_spanned!(ty.span()=> <#ty as #krate::Label>::VALUES)
    });
    let idents = fields.iter().map(|field| &field.ident);
    let names = fields.iter().map(|field| &field.name);
    let allow = allow();
    quote! {
        #allow
        const _: () = {
            #(#checks)*

            #[automatically_derived]
            impl #generics #krate::LabelSet for #ident #arguments #predicates {
                const VALUE_SETS: &'static [::core::option::Option<&'static [&'static str]>] =
                    &[#(#sets),*];

                #[inline(always)]
                fn visit(&self, __visitor: &mut impl #krate::LabelVisitor) {
                    #(#krate::LabelVisitor::label(__visitor, &self.#idents);)*
                }
            }

            #[automatically_derived]
            impl #generics #krate::Labels for #ident #arguments #predicates {
                const NAMES: &'static [&'static str] = &[#(#names),*];
            }
        };
    }
}
