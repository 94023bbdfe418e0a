//! `#[derive(Label)]` and `#[derive(Labels)]`.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::{
    Attribute, Data, DeriveInput, Fields, LitStr, Path, Token, ext::IdentExt, spanned::Spanned,
};

use crate::{
    attr::{Slot, krate, located_at, mentions, skip_argument},
    errors::Errors,
};

/// What `#[label(...)]` may say of a type, a variant or a field.
#[derive(Default)]
struct LabelAttr {
    rename: Slot<LitStr>,
    rename_all: Slot<Case>,
    utf8: Slot<()>,
    krate: Slot<Path>,
}

impl LabelAttr {
    fn parse(attributes: &[Attribute], errors: &mut Errors) -> Self {
        let mut parsed = LabelAttr::default();
        for attribute in attributes
            .iter()
            .filter(|attr| attr.path().is_ident("label"))
        {
            let result = attribute.parse_args_with(|input: syn::parse::ParseStream<'_>| {
                while !input.is_empty() {
                    let key = input.call(Ident::parse_any)?;
                    if !["rename", "rename_all", "utf8", "crate"].iter().any(|known| key == known) {
                        errors.at(
                            &key,
                            format_args!(
                                "unknown argument `{key}`; there are `rename`, `rename_all`, `utf8` and `crate`"
                            ),
                        );
                        skip_argument(input)?;
                        let _: Option<Token![,]> = input.parse()?;
                        continue;
                    }
                    if key == "utf8" {
                        parsed.utf8.set(&key, (), errors);
                    } else if input.peek(Token![=]) {
                        input.parse::<Token![=]>()?;
                    } else {
                        let message = format_args!("`{key}` has a value; write `{key} = ...`");
                        return Err(syn::Error::new(key.span(), message));
                    }
                    match key.to_string().as_str() {
                        "rename" => parsed.rename.set(&key, input.parse()?, errors),
                        "rename_all" => parsed.rename_all.set(&key, input.parse()?, errors),
                        "crate" => {
                            let path = input.call(Path::parse_mod_style)?;
                            parsed.krate.set(&key, path, errors);
                        }
                        _ => {}
                    }
                    if !input.is_empty() {
                        input.parse::<Token![,]>()?;
                    }
                }
                Ok(())
            });
            errors.take(result);
        }
        parsed
    }

    /// Reports arguments that belong elsewhere.
    fn refuse_on_part(&self, what: &str, errors: &mut Errors) {
        for key in [self.rename_all.key(), self.utf8.key(), self.krate.key()]
            .into_iter()
            .flatten()
        {
            errors.at(
                key,
                format_args!("`{key}` belongs on the type, not on a {what}"),
            );
        }
    }

    fn refuse_on_type(&self, what: &str, errors: &mut Errors) {
        if let Some(key) = self.rename.key() {
            errors.at(
                key,
                format_args!("`rename` belongs on a {what}, not on the type"),
            );
        }
    }
}

/// How names are spelled.
#[derive(Clone, Copy)]
struct Case {
    separator: &'static str,
    first: fn(char) -> String,
    others: fn(char) -> String,
    /// The first letter of the words after the first.
    start: fn(char) -> String,
}

impl syn::parse::Parse for Case {
    fn parse(input: syn::parse::ParseStream<'_>) -> syn::Result<Self> {
        let lit: LitStr = input.parse()?;
        let lower: fn(char) -> String = |c| c.to_lowercase().collect();
        let upper: fn(char) -> String = |c| c.to_uppercase().collect();
        let case = |separator, first, start, others| Case {
            separator,
            first,
            others,
            start,
        };
        Ok(match lit.value().as_str() {
            "snake_case" => case("_", lower, lower, lower),
            "kebab-case" => case("-", lower, lower, lower),
            "lowercase" => case("", lower, lower, lower),
            "UPPERCASE" => case("", upper, upper, upper),
            "SCREAMING_SNAKE_CASE" => case("_", upper, upper, upper),
            "SCREAMING-KEBAB-CASE" => case("-", upper, upper, upper),
            "camelCase" => case("", lower, upper, lower),
            "PascalCase" => case("", upper, upper, lower),
            other => {
                return Err(syn::Error::new(
                    lit.span(),
                    format_args!(
                        "unknown case `{other}`; there are `snake_case`, `kebab-case`, `lowercase`, \
                         `UPPERCASE`, `SCREAMING_SNAKE_CASE`, `SCREAMING-KEBAB-CASE`, `camelCase` \
                         and `PascalCase`"
                    ),
                ));
            }
        })
    }
}

impl Case {
    fn apply(self, name: &Ident) -> String {
        let mut out = String::new();
        for (at, word) in words(&name.unraw().to_string()).iter().enumerate() {
            if at > 0 {
                out.push_str(self.separator);
            }
            for (letter, c) in word.chars().enumerate() {
                let spell = match (at, letter) {
                    (0, 0) => self.first,
                    (_, 0) => self.start,
                    _ => self.others,
                };
                out.push_str(&spell(c));
            }
        }
        out
    }
}

/// The words of an identifier in any case: `HTTPServer` is `HTTP` and `Server`.
fn words(name: &str) -> Vec<String> {
    let letters: Vec<char> = name.chars().collect();
    let mut words = vec![String::new()];
    for (at, &c) in letters.iter().enumerate() {
        let before = at.checked_sub(1).map(|at| letters[at]);
        let after = letters.get(at + 1);
        let begins = c.is_uppercase()
            && before.is_some_and(|before| {
                !before.is_uppercase() || after.is_some_and(|after| after.is_lowercase())
            });
        if c == '_' || begins {
            words.push(String::new());
        }
        if c != '_' {
            words.last_mut().expect("never empty").push(c);
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Expands `#[derive(Label)]`.
pub(crate) fn expand_label(input: TokenStream, krate: &str) -> TokenStream {
    syn::parse2(input)
        .and_then(|input| label(&input, krate))
        .unwrap_or_else(syn::Error::into_compile_error)
}

fn label(input: &DeriveInput, reached: &str) -> syn::Result<TokenStream> {
    let mut errors = Errors::default();
    let on_type = LabelAttr::parse(&input.attrs, &mut errors);
    on_type.refuse_on_type("variant", &mut errors);
    if let Some(key) = on_type.utf8.key() {
        errors.at(key, "a value holds any text; remove `utf8`");
    }
    let Data::Enum(data) = &input.data else {
        errors.at(
            &input.ident,
            "`Label` is derived for enums; a struct of labels derives `Labels`",
        );
        return Err(errors.finish().err().unwrap_or_else(unreachable));
    };
    if data.variants.is_empty() {
        errors.at(
            &input.ident,
            "a label has at least one value; add a variant",
        );
    }
    let case = on_type.rename_all.get().copied();
    let mut values: Vec<String> = Vec::new();
    for variant in &data.variants {
        let attr = LabelAttr::parse(&variant.attrs, &mut errors);
        attr.refuse_on_part("variant", &mut errors);
        let value = match (attr.rename.get(), case) {
            (Some(rename), _) => rename.value(),
            (None, Some(case)) => case.apply(&variant.ident),
            (None, None) => snake_case(&variant.ident),
        };
        if value.is_empty() {
            let message = "an empty value is a label that is absent; name it";
            errors.at(&variant.ident, message);
        }
        if values.contains(&value) {
            let message = format_args!("two variants have the value `{value}`; rename one");
            errors.at(&variant.ident, message);
        }
        values.push(value);
    }
    let errors = errors.finish().err().map(syn::Error::into_compile_error);

    let krate = krate(&on_type.krate, reached);
    let name = &input.ident;
    let (generics, arguments, predicates) = input.generics.split_for_impl();
    let arms = data.variants.iter().enumerate().map(|(at, variant)| {
        let ident = &variant.ident;
        let rest = match variant.fields {
            Fields::Unit => quote!(),
            Fields::Unnamed(_) => quote!((..)),
            Fields::Named(_) => quote!({ .. }),
        };
        quote!(#name::#ident #rest => #at,)
    });
    let allow = crate::site::allow();
    Ok(quote! {
        #errors
        #allow
        const _: () = {
            const __VALUES: &[&'static str] = &[#(#values),*];

            #[automatically_derived]
            impl #generics #krate::Label for #name #arguments #predicates {
                const VALUES: ::core::option::Option<&'static [&'static str]> =
                    ::core::option::Option::Some(__VALUES);

                #[inline]
                fn index(&self) -> usize {
                    match *self {
                        #(#arms)*
                    }
                }

                fn with_str<__R>(
                    &self,
                    __with: impl ::core::ops::FnOnce(&str) -> __R,
                ) -> __R {
                    __with(__VALUES[#krate::Label::index(self)])
                }
            }
        };
    })
}

fn unreachable() -> syn::Error {
    syn::Error::new(proc_macro2::Span::call_site(), "an error was just reported")
}

/// The name of a variant as a value, or of a static as a metric.
pub(crate) fn snake_case(name: &Ident) -> String {
    words(&name.unraw().to_string()).join("_").to_lowercase()
}

/// Expands `#[derive(Labels)]`.
pub(crate) fn expand_labels(input: TokenStream, krate: &str) -> TokenStream {
    syn::parse2(input)
        .and_then(|input| labels(&input, krate))
        .unwrap_or_else(syn::Error::into_compile_error)
}

fn labels(input: &DeriveInput, reached: &str) -> syn::Result<TokenStream> {
    let mut errors = Errors::default();
    let on_type = LabelAttr::parse(&input.attrs, &mut errors);
    on_type.refuse_on_type("field", &mut errors);
    let fields = match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(fields) => Some(fields),
            _ => None,
        },
        _ => None,
    };
    let Some(fields) = fields else {
        errors.at(
            &input.ident,
            "`Labels` is derived for structs with named fields; a single label is an enum that derives `Label`",
        );
        return Err(errors.finish().err().unwrap_or_else(unreachable));
    };
    let krate = krate(&on_type.krate, reached);
    let case = on_type.rename_all.get().copied();
    let mut names: Vec<LitStr> = Vec::new();
    for field in &fields.named {
        let attr = LabelAttr::parse(&field.attrs, &mut errors);
        attr.refuse_on_part("field", &mut errors);
        let Some(ident) = &field.ident else { continue };
        let name = match (attr.rename.into_inner(), case) {
            (Some(rename), _) => rename,
            (None, Some(case)) => LitStr::new(&case.apply(ident), ident.span()),
            (None, None) => LitStr::new(&ident.unraw().to_string(), ident.span()),
        };
        if names.iter().any(|known| known.value() == name.value()) {
            let message = format_args!("two fields have the label `{}`; rename one", name.value());
            errors.at(ident, message);
        }
        names.push(name);
    }
    errors.finish()?;

    let check = if on_type.utf8.key().is_some() {
        "check_utf8_label"
    } else {
        "check_derived_label"
    };
    let checks = names.iter().map(|name| {
        let krate = located_at(&krate, name.span());
        let check = Ident::new(check, name.span());
        quote_spanned! {name.span()=>
            const _: () = #krate::__private::#check(#name, #krate::Kind::Unknown);
        }
    });
    let name = &input.ident;
    let types: Vec<_> = fields.named.iter().map(|field| &field.ty).collect();
    let mut generics = input.generics.clone();
    let is_param = |ident: &Ident| {
        input
            .generics
            .type_params()
            .any(|param| param.ident == *ident)
    };
    for ty in types
        .iter()
        .filter(|ty| mentions(ty.to_token_stream(), &is_param))
    {
        let bound = quote_spanned!(ty.span()=> #ty: #krate::Label);
        generics
            .make_where_clause()
            .predicates
            .push(syn::parse_quote!(#bound));
    }
    let (generics, arguments, predicates) = generics.split_for_impl();
    let sets = types
        .iter()
        .map(|ty| quote_spanned!(ty.span()=> <#ty as #krate::Label>::VALUES));
    let idents = fields.named.iter().map(|field| &field.ident);
    let allow = crate::site::allow();
    Ok(quote! {
        #allow
        const _: () = {
            #(#checks)*

            #[automatically_derived]
            impl #generics #krate::LabelSet for #name #arguments #predicates {
                const VALUE_SETS: &'static [::core::option::Option<&'static [&'static str]>] =
                    &[#(#sets),*];

                #[inline(always)]
                fn visit(&self, __visitor: &mut impl #krate::LabelVisitor) {
                    #(#krate::LabelVisitor::label(__visitor, &self.#idents);)*
                }
            }

            #[automatically_derived]
            impl #generics #krate::Labels for #name #arguments #predicates {
                const NAMES: &'static [&'static str] = &[#(#names),*];
            }
        };
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_end_where_the_case_changes() {
        let split = |name| words(name).join(" ");
        assert_eq!(split("HTTPServer"), "HTTP Server");
        assert_eq!(split("NotFound"), "Not Found");
        assert_eq!(split("not_found"), "not found");
        assert_eq!(split("V2"), "V2");
    }
}
