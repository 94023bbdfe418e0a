//! Writes the methods of a declared metric with labels, and of an info.
//!
//! `static PAGES: Counter<(cache: Cache)>` gets
//!
//! ```text
//! impl PAGES {
//!     pub fn with(&self, cache: Cache) -> Counter<DeclaredSeries<PAGES>> {
//!         <Counter<DeclaredSeries<PAGES>>>::at(DeclaredSeries::with(&(cache,)))
//!     }
//!     pub fn bind(&self, cache: Cache) -> Counter {
//!         Counter::at(Handle::bind(<PAGES as DeclaredMetric>::family(), &(cache,)))
//!     }
//!     pub fn remove(&self, cache: Cache) -> bool { .. }
//!     pub fn clear(&self) { .. }
//!     pub fn retain(&self, keep: impl FnMut(LabelView<'_>) -> bool) { .. }
//! }
//! // for the compile error about `PAGES.inc()`
//! impl Deref for PAGES { type Target = NeedsLabels<PAGES>; .. }
//! ```
//!
//! A gauge or state set with labels also gets
//!
//! ```text
//! pub fn replace(&self, series: impl FnOnce(&mut dyn FnMut(Cache, i64))) {
//!     let mut replacement = Replacement::default();
//!     series(&mut |cache: Cache, value: i64| replacement.set(&(cache,), &value));
//!     replacement.apply(<PAGES as DeclaredMetric>::family());
//! }
//! ```
//!
//! `static BUILD: Info<(version: &str)>` gets `get(&self)` and `set(&self, version: &str)`.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;

use super::Expansion;
use crate::{
    expand::tokens::{allow, located_at},
    model::{Declaration, LabelsType, MetricKind, Mode},
};

impl Expansion<'_> {
    pub(super) fn label_methods(&self, metric: &TokenStream) -> TokenStream {
        let (krate, p) = (self.krate, &self.p);
        let Declaration {
            ident, ty, attrs, ..
        } = self.declaration();
        let cfgs = &attrs.cfgs;
        let kind = &ty.kind;
        let states = ty.states.as_ref().map(|states| quote!(<#states>));
        let (parameters, set) = self.parameters();
        let family = quote!(<#ident as #p::DeclaredMetric>::family());
        // An error about a type that does not implement `Label` appears at this span.
        let span = match &ty.labels {
            LabelsType::List(labels) => labels[0].ty.span(),
            LabelsType::Type(ty) => ty.span(),
            LabelsType::None => ident.span(),
        };
        let located = located_at(krate, span);
        let span = Span::call_site().located_at(span);
        let (series, bound) = match self.mode {
            Mode::On => (
                quote_spanned!(span=> #located::__private::DeclaredSeries::with(#set)),
                quote_spanned!(span=> #located::__private::Handle::bind(#family, #set)),
            ),
            Mode::Off => (
                quote_spanned!(span=> #located::__private::Disabled::with(#set)),
                quote_spanned!(span=> #located::__private::Disabled::bind(#set)),
            ),
        };
        let (remove, clear, retain) = match self.mode {
            Mode::On => (
                quote!(#family.remove(#set)),
                quote!(#family.clear();),
                quote!(#family.retain(keep);),
            ),
            Mode::Off => (
                quote!({ let _ = #set; false }),
                quote!(),
                quote!(let _ = keep;),
            ),
        };
        let replace = self.replace_method(span);
        let allow = allow();
        quote! {
            #(#cfgs)*
            #allow
            #[automatically_derived]
            impl #ident {
                /// Returns the series of these labels, for one recording.
                #[inline(always)]
                pub fn with(&self, #parameters) -> #metric {
                    <#metric>::at(#series)
                }

                /// Returns a handle to the series of these labels, which can be stored.
                pub fn bind(&self, #parameters) -> #krate::#kind #states {
                    #krate::#kind::at(#bound)
                }

                /// Removes the series of these labels and returns whether there was one. Series
                /// whose labels are all closed are never removed.
                pub fn remove(&self, #parameters) -> bool {
                    #remove
                }

                /// Removes all series, unless all labels are closed.
                pub fn clear(&self) {
                    #clear
                }

                /// Removes the series for which `keep` returns false, unless all labels are closed.
                pub fn retain(
                    &self,
                    keep: impl ::core::ops::FnMut(#krate::LabelView<'_>) -> bool,
                ) {
                    #retain
                }

                #replace
            }

            #(#cfgs)*
            #[doc(hidden)]
            #[automatically_derived]
            impl #p::Deref for #ident {
                type Target = #p::NeedsLabels<#ident>;

                fn deref(&self) -> &Self::Target {
                    #p::NeedsLabels::new()
                }
            }
        }
    }

    /// The method that replaces all series of a gauge or a state set.
    fn replace_method(&self, span: Span) -> Option<TokenStream> {
        let (krate, p) = (self.krate, &self.p);
        let Declaration { ident, ty, .. } = self.declaration();
        // The variables of the method have hygienic spans, so that the parameter of a label does
        // not hide them. Parameters of labels with `normalize` functions have hygienic spans as
        // well, but no label begins with `__`.
        let variable = |name| Ident::new(name, Span::mixed_site());
        let [series, value, replacement] = ["series", "__value", "__replacement"].map(variable);
        let (value_type, cell) = match self.metric.kind {
            MetricKind::Gauge => (quote!(::core::primitive::i64), quote!(&#value)),
            MetricKind::FloatGauge => (quote!(::core::primitive::f64), quote!(&#value)),
            MetricKind::StateSet => {
                let states = ty.states.as_ref()?;
                let index = quote!(#krate::Label::index(&#value));
                (quote!(#states), quote!(&(#index as ::core::primitive::i64)))
            }
            _ => return None,
        };
        let (parameters, set) = self.parameters();
        let types = self.parameter_types();
        let body = match self.mode {
            Mode::On => {
                let add = quote_spanned!(span=> #replacement.set(#set, #cell));
                quote! {
                    let mut #replacement = <#p::Replacement as ::core::default::Default>::default();
                    #series(&mut |#parameters, #value: #value_type| #add);
                    #replacement.apply(<#ident as #p::DeclaredMetric>::family());
                }
            }
            Mode::Off => quote!(let _ = #series;),
        };
        Some(quote! {
            /// Replaces all series by those that the closure `series` sets through its argument.
            ///
            /// A scrape exposes either all earlier series or all new ones. If all labels are closed,
            /// series that are not set become 0.
            pub fn replace(
                &self,
                #series: impl ::core::ops::FnOnce(
                    &mut dyn ::core::ops::FnMut(#(#types,)* #value_type),
                ),
            ) {
                #body
            }
        })
    }

    pub(super) fn info_methods(&self) -> TokenStream {
        let (krate, p) = (self.krate, &self.p);
        let Declaration { ident, attrs, .. } = self.declaration();
        let cfgs = &attrs.cfgs;
        let (parameters, set) = self.parameters();
        let family = quote!(<#ident as #p::DeclaredMetric>::family());
        let (get, set) = match self.mode {
            Mode::On => (
                quote!(#krate::Info::at(#family).get()),
                quote!(#krate::Info::at(#family).set(#set);),
            ),
            Mode::Off => (quote!(::core::option::Option::None), quote!(let _ = #set;)),
        };
        let allow = allow();
        quote! {
            #(#cfgs)*
            #allow
            #[automatically_derived]
            impl #ident {
                /// Returns the names and values of the labels, or `None` before they are set.
                pub fn get(
                    &self,
                ) -> ::core::option::Option<
                    #p::Vec<(#p::String, #p::String)>,
                > {
                    #get
                }

                /// Replaces the values of the labels.
                pub fn set(&self, #parameters) {
                    #set
                }
            }
        }
    }
}
