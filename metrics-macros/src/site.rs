//! The static side of a metric: storage, thread-local part, description and registration.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::{LitStr, Path};

use crate::{
    args::Latency,
    attr::{Buckets, located_at},
    native::Native,
};

/// A metric to be put in a static.
pub(crate) struct Site<'a> {
    pub(crate) krate: &'a Path,
    /// The type that stands for it.
    pub(crate) ty: &'a Ident,
    /// `Counter` and so on, as a path.
    pub(crate) kind: TokenStream,
    pub(crate) name: LitStr,
    /// What its names are checked by.
    pub(crate) checks: &'static NameChecks,
    pub(crate) help: String,
    pub(crate) unit: Option<LitStr>,
    pub(crate) labels: SiteLabels,
    pub(crate) layout: TokenStream,
    /// Whether each thread keeps a block on the heap, however small.
    pub(crate) block: bool,
    pub(crate) is_histogram: bool,
    /// A histogram's own buckets, classic and native.
    pub(crate) buckets: Option<&'a Buckets>,
    pub(crate) native: Option<&'a Native>,
    pub(crate) quantiles: Option<&'a Buckets>,
    /// The time that a histogram's observations are held to.
    pub(crate) latency: Option<&'a Latency>,
    pub(crate) states: Option<TokenStream>,
    /// Where it says that recordings look for exemplars.
    pub(crate) exemplars: Option<&'a Ident>,
    pub(crate) max_series: Option<TokenStream>,
    /// Nanoseconds after which idle series expire, and where that is said.
    pub(crate) expire: Option<(u64, Span)>,
    /// Where to say that their values are too many.
    pub(crate) labels_at: Span,
    /// Infos have no series before they are set.
    pub(crate) open: bool,
    /// Where to say that it is declared.
    pub(crate) at: Span,
}

/// The functions that check the name of a metric, of a label, and those of a type of labels.
pub(crate) struct NameChecks {
    metric: &'static str,
    label: &'static str,
    labels: &'static str,
}

impl NameChecks {
    /// Names that every reader takes.
    pub(crate) const LEGACY: NameChecks = NameChecks {
        metric: "check_declared_metric",
        label: "check_declared_label",
        labels: "check_labels",
    };
    /// Names of any characters.
    pub(crate) const UTF8: NameChecks = NameChecks {
        metric: "check_utf8_metric",
        label: "check_utf8_label",
        labels: "check_utf8_labels",
    };
}

/// A metric's labels.
pub(crate) enum SiteLabels {
    /// Names, and for each the expression of its closed values.
    List(Vec<(LitStr, TokenStream)>),
    /// A type that derives `Labels`.
    Type(TokenStream, Span),
}

impl Site<'_> {
    /// Expands to constants and impls for a `const _: () = { ... };` block.
    pub(crate) fn expand(&self) -> TokenStream {
        let Site { krate, ty, .. } = self;
        let p = quote!(#krate::__private);
        let checks = self.checks();
        let (names, sets) = self.labels();
        let (bounds, buckets, layout) = self.buckets();
        let series = if self.open {
            quote!(::core::option::Option::None)
        } else {
            quote!(#p::closed_series(__SETS))
        };
        let check_expiry = self.expire.map(|(_, at)| {
            let krate = located_at(self.krate, at);
            quote_spanned! {at=>
                const _: () = #krate::__private::check_expiry(__SERIES);
            }
        });
        let max_series = self.max_series.clone();
        let max_series = max_series.unwrap_or(quote!(#krate::DEFAULT_MAX_SERIES));
        let check_series = {
            let krate = located_at(self.krate, self.labels_at);
            quote_spanned! {self.labels_at=>
                const _: () = #krate::__private::check_series(__SERIES, __MAX_SERIES);
            }
        };
        let words = if self.block {
            quote!(0)
        } else {
            quote!(#p::STATIC_WORDS)
        };
        let desc = self.desc();
        let buckets_method = bounds.as_ref().map(|_| {
            quote! {
                fn buckets() -> ::core::option::Option<&'static #p::Buckets> {
                    ::core::option::Option::Some(&__BUCKETS)
                }
            }
        });
        let with_buckets = bounds.as_ref().map(|_| quote!(.buckets(&__BUCKETS)));
        let exemplars = self.exemplars.map(|_| {
            quote! {
                const EXEMPLARS: ::core::primitive::bool = true;
            }
        });
        let settings = self.settings();
        let line_span = self.ty.span();
        quote_spanned! {line_span=>
            #checks
            const __NAMES: &[&'static str] = #names;
            const __SETS: &[::core::option::Option<&'static [&'static str]>] = #sets;
            const __SERIES: ::core::option::Option<usize> = #series;
            const __MAX_SERIES: usize = #max_series;
            #check_series
            #check_expiry
            #bounds
            #buckets
            const __LAYOUT: #p::Layout = #layout;
            const __WORDS: usize =
                #p::local_words(__LAYOUT, __SERIES);
            type __Local = <
                #p::Keeps<{ #p::kept(__WORDS, __SERIES.is_some(), #words) }>
                as #p::Choice<__WORDS>
            >::Local;
            const __ALL_WORDS: usize =
                #p::closed_words(__LAYOUT, __SERIES);
            static __SHARED: [#p::AtomicU64; __ALL_WORDS] =
                [const { #p::AtomicU64::new(0) }; __ALL_WORDS];

            #[automatically_derived]
            impl #p::Site for #ty {
                type Local = __Local;
                const LAYOUT: #p::Layout = __LAYOUT;
                const SERIES: ::core::option::Option<usize> = __SERIES;
                #exemplars

                #[inline(always)]
                fn local() -> &'static #p::LocalKey<__Local> {
                    #p::thread_local! {
                        static __LOCAL: __Local = const { <__Local as #p::Fresh>::FRESH };
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
                #p::declared::<#ty>(#desc, __SETS, &__SHARED)
                    #with_buckets
                    #settings
            };
        }
    }

    /// Calls that say what the metric is besides.
    fn settings(&self) -> TokenStream {
        let cap = self.max_series.as_ref();
        let cap = cap.map(|_| quote!(.max_series(__MAX_SERIES)));
        let expiry = self.expire.map(|(nanos, _)| quote!(.expire(#nanos)));
        let states = self.states.as_ref().map(|states| quote!(.states(#states)));
        let exemplars = self.exemplars.map(|_| quote!(.with_exemplars()));
        quote!(#cap #expiry #states #exemplars)
    }

    /// The checks and the description of a metric that has no storage.
    pub(crate) fn expand_desc(&self) -> (TokenStream, TokenStream) {
        let checks = self.checks();
        let (names, _) = self.labels();
        let (bounds, buckets, _) = self.buckets();
        let checks = quote! {
            const __NAMES: &[&'static str] = #names;
            #bounds
            #buckets
            #checks
        };
        (checks, self.desc())
    }

    /// Constants that fail to compile at the token at fault.
    fn checks(&self) -> TokenStream {
        let kind = &self.kind;
        let (name, unit) = (&self.name, self.unit.as_ref());
        let mut checks = check_name(self.krate, self.checks.metric, name, unit, kind);
        match &self.labels {
            SiteLabels::List(labels) => {
                for (label, _) in labels {
                    let krate = located_at(self.krate, label.span());
                    let check = Ident::new(self.checks.label, label.span());
                    checks.extend(quote_spanned! {label.span()=>
                        const _: () = #krate::__private::#check(#label, #kind);
                    });
                }
            }
            SiteLabels::Type(_, span) => {
                let krate = located_at(self.krate, *span);
                let check = Ident::new(self.checks.labels, *span);
                checks.extend(quote_spanned! {*span=>
                    const _: () = #krate::__private::#check(__NAMES, #kind);
                });
            }
        }
        if let Some(buckets) = self.buckets {
            checks.extend(buckets.checks(self.krate, "check_bucket", "check_buckets"));
        }
        if let Some(native) = self.native {
            checks.extend(native.checks(self.krate));
        }
        if let Some(quantiles) = self.quantiles {
            checks.extend(quantiles.checks(self.krate, "check_quantile", "check_quantiles"));
        }
        if let Some(latency) = self.latency {
            checks.extend(latency.check(self.krate, &quote!(__BOUNDS)));
        }
        checks
    }

    fn labels(&self) -> (TokenStream, TokenStream) {
        match &self.labels {
            SiteLabels::List(labels) => {
                let names = labels.iter().map(|(name, _)| name);
                let sets = labels.iter().map(|(_, values)| values);
                (quote!(&[#(#names),*]), quote!(&[#(#sets),*]))
            }
            SiteLabels::Type(ty, _) => {
                let krate = self.krate;
                let names = quote!(<#ty as #krate::Labels>::NAMES);
                (names, quote!(<#ty as #krate::LabelSet>::VALUE_SETS))
            }
        }
    }

    /// Bounds, buckets and the layout that depends on them.
    fn buckets(&self) -> (Option<TokenStream>, Option<TokenStream>, TokenStream) {
        let krate = self.krate;
        let p = quote!(#krate::__private);
        if let Some(quantiles) = self.quantiles {
            let (count, array) = quantiles.expand(krate);
            let bounds = quote!(const __BOUNDS: [f64; #count] = #array;);
            return (None, Some(bounds), self.layout.clone());
        }
        if !self.is_histogram {
            return (None, None, self.layout.clone());
        }
        let (count, array) = match (self.buckets, self.native) {
            (Some(bounds), _) => bounds.expand(krate),
            (None, Some(_)) => (quote!(0), quote!([])),
            (None, None) => (
                quote!({ #krate::DURATION_BUCKETS.len() }),
                quote!(#krate::DURATION_BUCKETS),
            ),
        };
        let (bounds, buckets) = bucket_items(krate, &count, &array, "with_infinity");
        let layout = if let Some(native) = self.native {
            let native = native.expand(krate);
            quote!(#p::layout_native(&__BOUNDS, #native))
        } else {
            quote!(#p::layout(__BOUNDS.len()))
        };
        (Some(bounds), Some(buckets), layout)
    }

    fn desc(&self) -> TokenStream {
        let krate = self.krate;
        let p = quote!(#krate::__private);
        let (kind, name, help) = (&self.kind, &self.name, &self.help);
        let unit = self
            .unit
            .as_ref()
            .map_or_else(|| quote!(""), |unit| quote!(#unit));
        let line = line(self.at);
        let has_bounds = self.is_histogram || self.quantiles.is_some();
        let bounds = has_bounds.then(|| quote!(.bounds(&__BOUNDS)));
        let objective = self.latency.map(|latency| latency.expand(krate));
        let objective = objective.map(|objective| {
            quote! {
                .with_objectives({
                    const OBJECTIVES: &[#krate::Objective] = &[#objective];
                    OBJECTIVES
                })
            }
        });
        quote! {
            #p::desc(#kind, #name, #help, #unit)
                .declared_at(::core::file!(), #line, ::core::module_path!())
                .labels({
                    const LABELS: &[#p::Cow<'static, str>] =
                        &#p::texts::<{ __NAMES.len() }>(__NAMES);
                    LABELS
                })
                #bounds
                #objective
        }
    }
}

/// The constants that fail to compile at a name or unit that breaks a rule; the name is checked by
/// this function.
pub(crate) fn check_name(
    krate: &Path,
    check: &str,
    name: &LitStr,
    unit: Option<&LitStr>,
    kind: &TokenStream,
) -> TokenStream {
    let at_name = located_at(krate, name.span());
    let check = Ident::new(check, name.span());
    let mut checks = quote_spanned! {name.span()=>
        const _: () = #at_name::__private::#check(#name, #kind);
    };
    if let Some(unit) = unit {
        let at_unit = located_at(krate, unit.span());
        checks.extend(quote_spanned! {unit.span()=>
            const _: () = #at_unit::__private::check_unit(#name, #unit, #kind);
        });
    }
    checks
}

/// `__BOUNDS` and `__BUCKETS`: the bounds as declared, and closed by a function of this name to
/// what is searched.
pub(crate) fn bucket_items(
    krate: &Path,
    count: &TokenStream,
    array: &TokenStream,
    closed: &str,
) -> (TokenStream, TokenStream) {
    let p = quote!(#krate::__private);
    let closed = Ident::new(closed, Span::call_site());
    let bounds = quote! {
        const __BOUNDS: [f64; #count] = #array;
        const __UPPER: [f64; __BOUNDS.len() + 1] =
            #p::#closed::<{ __BOUNDS.len() }, { __BOUNDS.len() + 1 }>(&__BOUNDS);
    };
    let buckets = quote!(static __BUCKETS: #p::Buckets = #p::Buckets::new(&__UPPER););
    (bounds, buckets)
}

/// The line of a token; `line!()` would name that of the whole macro call.
pub(crate) fn line(at: Span) -> u32 {
    // Tests of the expansions run where there is no compiler to ask.
    if !proc_macro::is_available() {
        return 0;
    }
    u32::try_from(at.unwrap().line()).unwrap_or(0)
}

/// Lints that expansions are not the place for.
pub(crate) fn allow() -> TokenStream {
    quote! {
        #[allow(
            non_camel_case_types,
            non_snake_case,
            dead_code,
            unused_qualifications,
            clippy::all,
            clippy::pedantic,
            clippy::nursery,
            clippy::restriction
        )]
    }
}
