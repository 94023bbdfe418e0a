//! Expands a metric of `metrics!` to a static, its type and its methods.
//!
//! ```text
//! /// Requests.
//! pub static REQUESTS: Counter = "app_requests_total";
//! ```
//!
//! expands to
//!
//! ```text
//! pub struct REQUESTS { __metric: Counter<DeclaredSeries<REQUESTS>> }
//! pub static REQUESTS: REQUESTS = REQUESTS { __metric: <..>::at(DeclaredSeries::UNLABELLED) };
//! impl Deref for REQUESTS { type Target = Counter<DeclaredSeries<REQUESTS>>; .. }
//! const _: () = { /* storage and registration: see `storage` */ };
//! ```
//!
//! With labels, the static has methods such as `with`, and its `Deref` only serves a compile error:
//! see `methods`. With `#[computed(f)]`, the static is a collector:
//!
//! ```text
//! pub static REQUESTS: Computed = {
//!     __register! { Registration::Collector(&REQUESTS) }
//!     Computed::new({ const DESC: Desc = ..; DESC }, f)
//! };
//! ```
//!
//! The type has the static's name, so that `use app::REQUESTS` imports both.

mod description;
mod labels;
mod methods;
mod storage;

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Expr, Path};

use super::tokens::allow;
use crate::model::{Declaration, Metric, MetricKind, Mode};

/// Expands a metric; `krate` is the path of metrics-core.
pub(crate) fn metric(metric: &Metric, krate: &Path, mode: Mode) -> TokenStream {
    let expansion = Expansion {
        metric,
        krate,
        p: quote!(#krate::__private),
        mode,
    };
    match metric.declaration.attrs.computed.get() {
        Some(function) => expansion.computed(function),
        None => expansion.recorded(),
    }
}

/// A metric to expand, and the paths with which the generated code names items of metrics-core.
struct Expansion<'a> {
    metric: &'a Metric,
    krate: &'a Path,
    /// `#krate::__private`.
    p: TokenStream,
    mode: Mode,
}

impl<'a> Expansion<'a> {
    fn declaration(&self) -> &'a Declaration {
        &self.metric.declaration
    }

    fn is_histogram(&self) -> bool {
        self.metric.kind == MetricKind::Histogram
    }

    /// Expands a metric that the program records.
    fn recorded(&self) -> TokenStream {
        let Declaration {
            vis,
            keyword,
            end,
            ident,
            ty,
            attrs,
            ..
        } = self.declaration();
        let p = &self.p;
        let (cfgs, docs, others) = (&attrs.cfgs, &attrs.docs, &attrs.others);
        let allow = allow();
        let items = match self.mode {
            Mode::On => self.storage(),
            Mode::Off => {
                let krate = self.krate;
                let (items, desc) = self.description();
                quote!(#items const _: #krate::Desc = #desc;)
            }
        };
        let lists = (self.mode == Mode::On).then(|| self.allow_lists());
        let metric = self.metric_type();
        let (field, init, access) = if self.metric.kind == MetricKind::Info {
            (quote!(()), quote!(()), self.info_methods())
        } else if ty.labels.is_none() {
            let only = match self.mode {
                Mode::On => quote!(#p::DeclaredSeries::UNLABELLED),
                Mode::Off => quote!(#p::Disabled),
            };
            let init = quote!(<#metric>::at(#only));
            let deref = quote! {
                #(#cfgs)*
                #[automatically_derived]
                impl #p::Deref for #ident {
                    type Target = #metric;

                    #[inline(always)]
                    fn deref(&self) -> &Self::Target {
                        &self.__metric
                    }
                }
            };
            (metric, init, deref)
        } else {
            (quote!(()), quote!(()), self.label_methods(&metric))
        };
        quote! {
            #(#cfgs)*
            #(#docs)*
            #allow
            #vis struct #ident {
                __metric: #field,
            }

            #(#cfgs)*
            #(#docs)*
            #(#others)*
            #vis #keyword #ident: #ident = #ident { __metric: #init } #end

            #access

            #(#cfgs)*
            #allow
            const _: () = {
                #items
                #lists
            };
        }
    }

    /// The metric's type, such as `Counter<DeclaredSeries<REQUESTS>>`.
    fn metric_type(&self) -> TokenStream {
        let (krate, p) = (self.krate, &self.p);
        let Declaration { ident, ty, .. } = self.declaration();
        let kind = &ty.kind;
        let states = ty.states.as_ref().map(|states| quote!(#states,));
        let storage = match self.mode {
            Mode::On => quote!(#p::DeclaredSeries<#ident>),
            Mode::Off => quote!(#p::Disabled),
        };
        quote!(#krate::#kind<#states #storage>)
    }

    /// Expands a metric whose value `function` returns at each scrape.
    fn computed(&self, function: &Expr) -> TokenStream {
        let (krate, p) = (self.krate, &self.p);
        let Declaration {
            vis, ident, attrs, ..
        } = self.declaration();
        let (cfgs, docs, others) = (&attrs.cfgs, &attrs.docs, &attrs.others);
        let (items, desc) = self.description();
        let allow = allow();
        let register = (self.mode == Mode::On)
            .then(|| quote!(#krate::__register! { #p::Registration::Collector(&#ident) }));
        quote! {
            #(#cfgs)*
            #(#docs)*
            #(#others)*
            #vis static #ident: #krate::Computed = {
                #register
                #krate::Computed::new(
                    {
                        #allow
                        const DESC: #krate::Desc = {
                            #items
                            #desc
                        };
                        DESC
                    },
                    #function,
                )
            };
        }
    }
}
