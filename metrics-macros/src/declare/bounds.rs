//! What bounds the series of a declaration: `#[allow_only(...)]` and `#[normalize(...)]` on its
//! labels, which may have a `#[name("...")]`, too, and `#[expire("...")]`.

use proc_macro2::{Ident, TokenStream};
use quote::{quote, quote_spanned};
use syn::{
    LitStr, Path, Token,
    ext::IdentExt,
    parse::{Parse, ParseStream},
    spanned::Spanned,
};

use super::parse::ListedLabel;
use crate::{
    args::seconds,
    attr::{Slot, label_name, located_at, value},
    errors::Errors,
};

/// What bounds the values of a label, and what else it is called.
#[derive(Default)]
pub(crate) struct LabelBounds {
    name: Slot<LitStr>,
    allow_only: Slot<AllowList>,
    normalize: Slot<Path>,
}

/// `"GET", "POST", else = "unknown"`.
struct AllowList {
    values: Vec<LitStr>,
    other: Option<LitStr>,
}

impl Parse for AllowList {
    fn parse(input: ParseStream) -> syn::Result<Self> {
        let mut list = AllowList {
            values: Vec::new(),
            other: None,
        };
        while !input.is_empty() {
            if input.peek(Token![else]) {
                let key = input.call(Ident::parse_any)?;
                list.other = Some(value(&key, input)?);
                if !input.is_empty() {
                    input.parse::<Token![,]>()?;
                }
                if !input.is_empty() {
                    return Err(input.error("nothing follows `else`; put it first"));
                }
                break;
            }
            list.values.push(input.parse()?);
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(list)
    }
}

impl LabelBounds {
    pub(crate) fn new(label: &ListedLabel, errors: &mut Errors) -> Self {
        let mut bounds = LabelBounds::default();
        for attr in &label.attrs {
            let key = attr.path().get_ident();
            let result = match key.map(Ident::to_string).as_deref().zip(key) {
                Some(("name", key)) => attr
                    .parse_args()
                    .map(|name| bounds.name.set(key, name, errors)),
                Some(("allow_only", key)) => attr
                    .parse_args()
                    .map(|list: AllowList| bounds.allow_only.set(key, list, errors)),
                Some(("normalize", key)) => attr
                    .parse_args_with(Path::parse_mod_style)
                    .map(|path| bounds.normalize.set(key, path, errors)),
                _ => Err(syn::Error::new(
                    attr.path().span(),
                    "unknown attribute of a label; there are `allow_only`, `name` and `normalize`",
                )),
            };
            errors.take(result);
        }
        if let (Some(key), Some(list)) = (bounds.allow_only.key(), bounds.allow_only.get()) {
            if list.values.is_empty() {
                let message = "nothing is allowed; write `allow_only(\"GET\", \"POST\")`";
                errors.at(key, message);
            }
            for (at, value) in list.values.iter().enumerate() {
                let text = value.value();
                if list.values[..at].iter().any(|other| other.value() == text) {
                    let message = format_args!("`{text}` is there twice; drop one");
                    errors.at(value, message);
                }
            }
        }
        bounds
    }

    /// The label's name: that of the parameter unless it has another.
    pub(crate) fn name(&self, label: &ListedLabel) -> LitStr {
        let name = self.name.get().cloned();
        name.unwrap_or_else(|| label_name(&label.name))
    }

    /// Whether a function is called with the value.
    pub(crate) fn calls(&self) -> bool {
        self.normalize.get().is_some()
    }

    /// The values of an allow-list, and which of them stands for all others.
    pub(crate) fn list(&self, krate: &Path, metric: &Ident, at: usize) -> Option<TokenStream> {
        let list = self.allow_only.get()?;
        let other = list
            .other
            .as_ref()
            .map_or("other".to_owned(), LitStr::value);
        let mut values: Vec<String> = list.values.iter().map(LitStr::value).collect();
        let known = values.iter().position(|value| *value == other);
        let index = known.unwrap_or(values.len());
        if known.is_none() {
            values.push(other);
        }
        Some(quote! {
            #[automatically_derived]
            impl #krate::__private::AllowList<#at> for #metric {
                const VALUES: &'static [&'static str] = &[#(#values),*];
                const OTHER: usize = #index;
            }
        })
    }

    /// The values of the label, as an expression of what `Label::VALUES` is; `None` when nothing
    /// bounds them but their type, which is `ty`.
    pub(crate) fn values(
        &self,
        krate: &Path,
        metric: &Ident,
        at: usize,
        ty: &TokenStream,
    ) -> Option<TokenStream> {
        if self.allow_only.get().is_some() {
            return Some(quote! {
                <#krate::__private::Allowed<#metric, #at> as #krate::Label>::VALUES
            });
        }
        let path = self.normalize.get()?;
        let krate = located_at(krate, path.span());
        Some(quote_spanned!(path.span()=> #krate::__private::normalizer_values::<#ty, _>(#path)))
    }

    /// What becomes of a value.
    pub(crate) fn applied(
        &self,
        krate: &Path,
        metric: &Ident,
        at: usize,
        name: &Ident,
    ) -> TokenStream {
        let mut value = quote!(#name);
        if let Some(path) = self.normalize.get() {
            let krate = located_at(krate, path.span());
            value = quote_spanned! {path.span()=>
                #krate::__private::normalized(#path, #value)
            };
        }
        if let Some(key) = self.allow_only.key() {
            let krate = located_at(krate, key.span());
            value = quote_spanned! {key.span()=>
                #krate::__private::Allowed::<#metric, #at>::new(&#value)
            };
        }
        value
    }

    /// The value as it is where nothing is recorded: whatever bounds it is named, and not called.
    pub(crate) fn named(&self, name: &Ident) -> TokenStream {
        let path = self.normalize.get();
        let named = path.map(|path| quote!({ let _ = || #path(#name); "" }));
        named.unwrap_or_else(|| quote!(#name))
    }
}

/// `"1h"`: the time after which idle series expire.
pub(crate) struct Span {
    pub(crate) nanos: u64,
    pub(crate) at: proc_macro2::Span,
}

impl Parse for Span {
    fn parse(input: ParseStream) -> syn::Result<Self> {
        let at = input.span();
        let wrong = || {
            let message = "no time; write a number and `s`, `m`, `h` or `d`, such as \"1h\"";
            syn::Error::new(at, message)
        };
        let time: LitStr = input.parse().map_err(|_| wrong())?;
        // Spans are longer than latencies, whose units these are otherwise.
        let text = time.value();
        let longer = [("m", 60.0), ("h", 3600.0), ("d", 86_400.0)];
        let longer = longer
            .iter()
            .find_map(|(unit, of)| Some((text.strip_suffix(unit)?, of)));
        let seconds = match longer {
            Some((number, of)) => seconds(&LitStr::new(&format!("{number}s"), at)).map(|n| n * of),
            None => seconds(&time),
        };
        let seconds = seconds.map_err(|_| wrong())?;
        let nanos = (seconds * 1e9).round() as u64;
        if nanos == 0 {
            return Err(wrong());
        }
        Ok(Span { nanos, at })
    }
}
