//! Writes the storage of a declared metric, and its registration.
//!
//! `static REQUESTS: Counter = "app_requests_total";` needs, with `p` for
//! `::metrics_core::__private`,
//!
//! ```text
//! const _: () = p::check_declared_metric("app_requests_total", Kind::Counter); // at the name
//! const __NAMES: &[&'static str] = &[];                          // labels
//! const __SETS: &[Option<&'static [&'static str]>] = &[];        // their closed values
//! const __SERIES: Option<usize> = p::closed_series(__SETS);      // `None` with open labels
//! const __MAX_SERIES: usize = DEFAULT_MAX_SERIES;
//! const _: () = p::check_series(__SERIES, __MAX_SERIES);         // at the labels
//! const __LAYOUT: p::Layout = p::Layout::Count;
//! const __CELLS: usize = p::thread_cell_count(__LAYOUT, __SERIES); // of one thread
//! type __Local = <p::Strategy<{ p::choose_strategy(__CELLS, __SERIES.is_some(), p::MAX_STATIC_CELLS) }>
//!     as p::StrategyStorage<__CELLS>>::Local;
//! const __ALL_CELLS: usize = p::shared_cell_count(__LAYOUT, __SERIES);
//! static __SHARED: [p::AtomicU64; __ALL_CELLS] = [const { p::AtomicU64::new(0) }; __ALL_CELLS];
//!
//! impl p::DeclaredMetric for REQUESTS {
//!     type Local = __Local;
//!     const LAYOUT: p::Layout = __LAYOUT;
//!     const SERIES: Option<usize> = __SERIES;
//!     fn local() -> &'static p::LocalKey<__Local> {
//!         p::thread_local! { static __LOCAL: __Local = const { <__Local as p::ConstInit>::INIT }; }
//!         &__LOCAL
//!     }
//!     fn family() -> &'static p::Family { &__FAMILY }
//!     fn shared() -> &'static [p::AtomicU64] { &__SHARED }
//! }
//!
//! static __FAMILY: p::Family = {
//!     __register! { p::Registration::Family(&__FAMILY) }
//!     p::declared_family::<REQUESTS>(/* see `description` */, __SETS, &__SHARED)
//! };
//! ```
//!
//! Before `__LAYOUT`, a histogram has its bounds and buckets (see `buckets`), a summary its
//! quantiles.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;

use super::Expansion;
use crate::{
    expand::tokens::{check, located_at},
    model::{LabelsType, MetricKind, first_span},
};

impl Expansion<'_> {
    pub(super) fn storage(&self) -> TokenStream {
        let (krate, p) = (self.krate, &self.p);
        let declaration = self.declaration();
        let (ty, attrs) = (&declaration.ident, &declaration.attrs);
        let checks = self.checks();
        let (names, sets) = (self.label_names(), self.label_sets());
        // An info has no series before it is set, so the number of its series is `None`.
        let series = if self.metric.kind == MetricKind::Info {
            quote!(::core::option::Option::None)
        } else {
            quote!(#p::closed_series(__SETS))
        };
        let max_series = attrs.max_series.get().map(|max| quote!(#max));
        let max_series = max_series.unwrap_or_else(|| quote!(#krate::DEFAULT_MAX_SERIES));
        let arguments = quote!(__SERIES, __MAX_SERIES);
        let check_series = check(krate, self.labels_span(), "check_series", arguments);
        let check_expiry = attrs
            .expire
            .get()
            .filter(|_| !declaration.ty.labels.is_none())
            .map(|expiry| check(krate, expiry.span, "check_expiry", quote!(__SERIES)));
        let bounds = self.bounds();
        let layout = self.layout();
        // Allocates a histogram or summary at its first use, because a thousand of them would make
        // every thread's static storage too large.
        let limit = match self.metric.kind {
            MetricKind::Histogram | MetricKind::Summary => quote!(0),
            _ => quote!(#p::MAX_STATIC_CELLS),
        };
        let exemplars = attrs.exemplars.get().map(|()| {
            quote! {
                const EXEMPLARS: ::core::primitive::bool = true;
            }
        });
        let expires = attrs.expire.get().map(|_| {
            quote! {
                const EXPIRES: ::core::primitive::bool = true;
            }
        });
        let buckets_method = self.is_histogram().then(|| {
            quote! {
                fn buckets() -> ::core::option::Option<&'static #p::Buckets> {
                    ::core::option::Option::Some(&__BUCKETS)
                }
            }
        });
        let desc = self.desc();
        let settings = self.settings();
        quote_spanned! {ty.span()=>
            #checks
            const __NAMES: &[&'static str] = #names;
            const __SETS: &[::core::option::Option<&'static [&'static str]>] = #sets;
            const __SERIES: ::core::option::Option<usize> = #series;
            const __MAX_SERIES: usize = #max_series;
            #check_series
            #check_expiry
            #bounds
            const __LAYOUT: #p::Layout = #layout;
            const __CELLS: usize =
                #p::thread_cell_count(__LAYOUT, __SERIES);
            type __Local = <
                #p::Strategy<{ #p::choose_strategy(__CELLS, __SERIES.is_some(), #limit) }>
                as #p::StrategyStorage<__CELLS>
            >::Local;
            const __ALL_CELLS: usize =
                #p::shared_cell_count(__LAYOUT, __SERIES);
            static __SHARED: [#p::AtomicU64; __ALL_CELLS] =
                [const { #p::AtomicU64::new(0) }; __ALL_CELLS];

            #[automatically_derived]
            impl #p::DeclaredMetric for #ty {
                type Local = __Local;
                const LAYOUT: #p::Layout = __LAYOUT;
                const SERIES: ::core::option::Option<usize> = __SERIES;
                #exemplars
                #expires

                #[inline(always)]
                fn local() -> &'static #p::LocalKey<__Local> {
                    #p::thread_local! {
                        static __LOCAL: __Local = const { <__Local as #p::ConstInit>::INIT };
                    }
                    &__LOCAL
                }

                #[inline(always)]
                fn family() -> &'static #p::Family {
                    &__FAMILY
                }

                #[inline(always)]
                fn shared() -> &'static [#p::AtomicU64] {
                    &__SHARED
                }

                #buckets_method
            }

            static __FAMILY: #p::Family = {
                #krate::__register! { #p::Registration::Family(&__FAMILY) }
                #p::declared_family::<#ty>(#desc, __SETS, &__SHARED)
                    #settings
            };
        }
    }

    /// The span at which `check_series` reports too many series.
    fn labels_span(&self) -> Span {
        let declaration = self.declaration();
        match (declaration.attrs.max_series.get(), &declaration.ty.labels) {
            (Some(max), _) => first_span(max),
            (None, LabelsType::List(labels)) => labels[0].parameter.span(),
            (None, LabelsType::Type(ty)) => ty.span(),
            (None, LabelsType::None) => declaration.ident.span(),
        }
    }

    /// The variant of `Layout`, which describes what is stored for one series.
    fn layout(&self) -> TokenStream {
        let p = &self.p;
        let is_optional = self.declaration().attrs.absent_until_set.is_set();
        let layout = match self.metric.kind {
            MetricKind::Gauge if is_optional => "OptionalInt",
            MetricKind::FloatGauge if is_optional => "OptionalFloat",
            MetricKind::Counter => "Count",
            MetricKind::FloatCounter => "FloatCount",
            MetricKind::Gauge | MetricKind::StateSet => "Int",
            MetricKind::FloatGauge => "Float",
            MetricKind::UpDownCounter => "UpDown",
            MetricKind::Info => "Empty",
            MetricKind::Summary => {
                let has_quantiles = self.declaration().attrs.quantiles.is_set();
                let quantiles = if has_quantiles {
                    quote!(__BOUNDS.len())
                } else {
                    quote!(0)
                };
                return quote!(#p::summary_layout(#quantiles));
            }
            MetricKind::Histogram => {
                let buckets = self.declaration().attrs.buckets.get();
                let native = buckets.and_then(|buckets| buckets.native.as_ref());
                let native = native.map(|native| native.expand(self.krate));
                let layout =
                    native.map(|native| quote!(#p::native_histogram_layout(&__BOUNDS, #native)));
                return layout.unwrap_or_else(|| quote!(#p::histogram_layout(__BOUNDS.len())));
            }
        };
        let layout = format_ident!("{layout}");
        quote!(#p::Layout::#layout)
    }

    /// The setter calls on the family, such as `.max_series(__MAX_SERIES)`.
    fn settings(&self) -> TokenStream {
        let declaration = self.declaration();
        let attrs = &declaration.attrs;
        let buckets = self.is_histogram().then(|| quote!(.buckets(&__BUCKETS)));
        let max_series = attrs.max_series.get();
        let max_series = max_series.map(|_| quote!(.max_series(__MAX_SERIES)));
        let expiry = attrs
            .expire
            .get()
            .filter(|_| !declaration.ty.labels.is_none())
            .map(|expiry| {
                let nanos = expiry.nanos;
                quote!(.expire_after(#nanos))
            });
        let states = declaration.ty.states.as_ref().map(|states| {
            let krate = located_at(self.krate, states.span());
            let states =
                quote_spanned!(states.span()=> #krate::__private::state_names::<#states>());
            quote!(.states(#states))
        });
        let exemplars = attrs.exemplars.get().map(|()| quote!(.with_exemplars()));
        quote!(#buckets #max_series #expiry #states #exemplars)
    }
}
