//! Native histograms in `#[buckets(...)]`: `native`, `native(growth = 1.1, ...)`, and classic
//! bounds after it.

use proc_macro2::{Ident, TokenStream};
use quote::{quote, quote_spanned};
use syn::{
    Expr, Path, Token,
    parse::{Parse, ParseStream},
};

use crate::{
    attr::{Buckets, Slot, arguments, first_span, float, located_at, skip_argument},
    errors::Errors,
};

/// The buckets of a declared histogram: native ones, classic ones or both.
pub(crate) struct HistogramBuckets {
    pub(crate) native: Option<Native>,
    pub(crate) classic: Option<Buckets>,
}

impl Parse for HistogramBuckets {
    fn parse(input: ParseStream) -> syn::Result<Self> {
        let key: Option<Ident> = input.fork().parse().ok();
        if key.is_none_or(|key| key != "native") {
            return Ok(HistogramBuckets {
                native: None,
                classic: Some(input.parse()?),
            });
        }
        let native = Some(input.parse()?);
        if !input.is_empty() {
            input.parse::<Token![,]>()?;
        }
        let classic = if input.is_empty() {
            None
        } else {
            Some(input.parse()?)
        };
        Ok(HistogramBuckets { native, classic })
    }
}

impl HistogramBuckets {
    /// The number of classic bounds, and the array of them; none beside native buckets unless they
    /// are there.
    pub(crate) fn expand_bounds(&self, krate: &Path) -> (TokenStream, TokenStream) {
        match &self.classic {
            Some(bounds) => bounds.expand(krate),
            None => (quote!(0), quote!([])),
        }
    }

    /// The constants that fail to compile at the token at fault.
    pub(crate) fn checks(&self, krate: &Path) -> TokenStream {
        let classic = self.classic.as_ref();
        let classic = classic.map(|bounds| bounds.checks(krate, "check_bucket", "check_buckets"));
        let native = self.native.as_ref().map(|native| native.checks(krate));
        quote!(#classic #native)
    }
}

/// `native` or `native(growth = 1.1, zero_threshold = 1e-9, ...)`.
#[derive(Default)]
pub(crate) struct Native {
    growth: Slot<Expr>,
    zero_threshold: Slot<Expr>,
    max_zero_threshold: Slot<Expr>,
    max_buckets: Slot<Expr>,
    negative: Slot<()>,
}

impl Parse for Native {
    fn parse(input: ParseStream) -> syn::Result<Self> {
        let key: Ident = input.parse()?;
        let mut native = Native::default();
        if !input.peek(syn::token::Paren) {
            return Ok(native);
        }
        let options = arguments(&key, "growth = 1.1", input)?;
        let mut errors = Errors::default();
        while !options.is_empty() {
            let key: Ident = options.parse()?;
            let slot = match key.to_string().as_str() {
                "growth" => Some(&mut native.growth),
                "zero_threshold" => Some(&mut native.zero_threshold),
                "max_zero_threshold" => Some(&mut native.max_zero_threshold),
                "max_buckets" => Some(&mut native.max_buckets),
                _ => None,
            };
            match slot {
                Some(slot) => slot.set(&key, value(&key, &options)?, &mut errors),
                None if key == "negative" => native.negative.set(&key, (), &mut errors),
                None => {
                    let message = format_args!(
                        "unknown option `{key}`; there are `growth`, `zero_threshold`, \
                         `max_zero_threshold`, `max_buckets` and `negative`"
                    );
                    errors.at(&key, message);
                    skip_argument(&options)?;
                }
            }
            if !options.is_empty() {
                options.parse::<Token![,]>()?;
            }
        }
        errors.finish()?;
        Ok(native)
    }
}

/// `= 1.1` after a key.
fn value(key: &Ident, input: ParseStream) -> syn::Result<Expr> {
    if !input.peek(Token![=]) {
        let message = format_args!("`{key}` has a value; write `{key} = ...`");
        return Err(syn::Error::new(key.span(), message));
    }
    input.parse::<Token![=]>()?;
    input.parse()
}

impl Native {
    /// Each option with the name of its setter, and of its check.
    fn options(&self) -> impl Iterator<Item = (TokenStream, TokenStream, Expr)> {
        let floats = [
            (quote!(growth), quote!(check_growth), &self.growth),
            (
                quote!(zero_threshold),
                quote!(check_zero_threshold),
                &self.zero_threshold,
            ),
            (
                quote!(max_zero_threshold),
                quote!(check_zero_threshold),
                &self.max_zero_threshold,
            ),
        ];
        let floats = floats
            .into_iter()
            .map(|(setter, check, slot)| (setter, check, slot.get().cloned().map(float)));
        let max = self.max_buckets.get().cloned();
        let max = (quote!(max_buckets), quote!(check_max_buckets), max);
        floats
            .chain([max])
            .filter_map(|(setter, check, value)| Some((setter, check, value?)))
    }

    /// Where it says that values may be negative.
    pub(crate) fn negative(&self) -> Option<&Ident> {
        self.negative.key()
    }

    /// What is declared, as an expression.
    pub(crate) fn expand(&self, krate: &Path) -> TokenStream {
        let set = self.options().map(|(setter, _, value)| {
            // That it is of another type is said by its check.
            quote!(.#setter(#value))
        });
        let negative = self.negative.get().map(|()| quote!(.negative()));
        quote!(#krate::__private::Native::DEFAULT #(#set)* #negative)
    }

    /// The constants that fail to compile at the value that breaks a rule.
    pub(crate) fn checks(&self, krate: &Path) -> TokenStream {
        let check = |(_, check, value): (TokenStream, TokenStream, Expr)| {
            let span = first_span(&value);
            let krate = located_at(krate, span);
            let check = located_at(check, span);
            quote_spanned! {span=>
                const _: () = #krate::__private::#check(#value);
            }
        };
        self.options().map(check).collect()
    }
}
