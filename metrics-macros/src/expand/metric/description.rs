//! Writes the description of a declared metric, and the checks of its name, unit, labels and
//! bounds.
//!
//! ```text
//! /// Pages.
//! #[unit("bytes")]
//! static PAGES: Gauge<(cache: Cache)> = "app_pages_bytes";
//! ```
//!
//! has the description
//!
//! ```text
//! unchecked_desc(Kind::Gauge, "app_pages_bytes", "Pages.", "bytes")
//!     .declared_at(file!(), line_in(..), module_path!())
//!     .labels({ const LABELS: &[Cow<'static, str>] = &borrowed_texts::<..>(__NAMES); LABELS })
//! ```
//!
//! and the checks
//!
//! ```text
//! const _: () = check_declared_metric("app_pages_bytes", Kind::Gauge);   // at the name
//! const _: () = check_unit("app_pages_bytes", "bytes", Kind::Gauge);     // at the unit
//! const _: () = check_declared_label("cache", Kind::Gauge);              // at the label
//! ```

use proc_macro2::TokenStream;
use quote::quote;
use syn::spanned::Spanned;

use super::Expansion;
use crate::{
    expand::{
        buckets::bucket_items,
        tokens::{check, check_name, kind, line},
    },
    model::{Bounds, LabelsType, Latency, MetricKind},
};

/// The names of the `const fn`s that check the name of a metric, the name of a label, and the names
/// in a type that implements `Labels`.
struct NameChecks {
    metric: &'static str,
    label: &'static str,
    labels: &'static str,
}

/// The checks that allow only ASCII letters, digits, `_` and, in metrics, `:`, so that scrapers
/// without support for UTF-8 names accept the names.
const LEGACY: NameChecks = NameChecks {
    metric: "check_declared_metric",
    label: "check_declared_label",
    labels: "check_labels",
};

/// The checks of names with `#[utf8]`, which may have all characters but control characters.
const UTF8: NameChecks = NameChecks {
    metric: "check_utf8_metric",
    label: "check_utf8_label",
    labels: "check_utf8_labels",
};

/// The checks of names that exist already, with `#[existing_name]`.
const EXISTING: NameChecks = NameChecks {
    metric: "check_existing_metric",
    label: "check_existing_label",
    labels: "check_existing_labels",
};

impl Expansion<'_> {
    /// The description, and before it the checks and the items that it uses.
    pub(super) fn description(&self) -> (TokenStream, TokenStream) {
        let names = self.label_names();
        let bounds = self.bounds();
        let checks = self.checks();
        let items = quote! {
            const __NAMES: &[&'static str] = #names;
            #bounds
            #checks
        };
        (items, self.desc())
    }

    pub(super) fn desc(&self) -> TokenStream {
        let (krate, p) = (self.krate, &self.p);
        let declaration = self.declaration();
        let (name, help) = (&self.metric.name, declaration.attrs.help.expression());
        let kind = kind(krate, self.metric.kind.exposed());
        let unit = declaration.attrs.unit.get();
        let unit = unit.map_or_else(|| quote!(""), |unit| quote!(#unit));
        let line = line(p, declaration.ident.span());
        let has_bounds = self.is_histogram() || self.quantiles().is_some();
        let bounds = has_bounds.then(|| quote!(.bounds(&__BOUNDS)));
        let objective = self.latency().map(|latency| {
            let objective = latency.objective(krate);
            quote! {
                .with_objectives({
                    const OBJECTIVES: &[#krate::Objective] = &[#objective];
                    OBJECTIVES
                })
            }
        });
        quote! {
            #p::unchecked_desc(#kind, #name, #help, #unit)
                .declared_at(::core::file!(), #line, ::core::module_path!())
                .labels({
                    const LABELS: &[#p::Cow<'static, str>] =
                        &#p::borrowed_texts::<{ __NAMES.len() }>(__NAMES);
                    LABELS
                })
                #bounds
                #objective
        }
    }

    /// The compile-time checks of the declaration; each reports its error at the token at fault.
    pub(super) fn checks(&self) -> TokenStream {
        let krate = self.krate;
        let declaration = self.declaration();
        let attrs = &declaration.attrs;
        let functions = if attrs.existing_name.is_set() {
            EXISTING
        } else if attrs.utf8.is_set() {
            UTF8
        } else {
            LEGACY
        };
        let kind = kind(krate, self.metric.kind.exposed());
        let (name, unit) = (&self.metric.name, attrs.unit.get());
        let mut checks = check_name(krate, functions.metric, name, unit, &kind);
        match &declaration.ty.labels {
            LabelsType::None => {}
            LabelsType::List(labels) => {
                for label in labels {
                    let name = label.name();
                    let arguments = quote!(#name, #kind);
                    checks.extend(check(krate, name.span(), functions.label, arguments));
                }
            }
            LabelsType::Type(ty) => {
                let arguments = quote!(__NAMES, #kind);
                checks.extend(check(krate, ty.span(), functions.labels, arguments));
            }
        }
        if let (true, Some(buckets)) = (self.is_histogram(), attrs.buckets.get()) {
            checks.extend(buckets.checks(krate));
        }
        if let Some(quantiles) = self.quantiles() {
            checks.extend(quantiles.checks(krate, "check_quantile", "check_quantiles"));
        }
        if let Some(latency) = self.latency() {
            checks.extend(latency.check(krate, &quote!(__BOUNDS)));
        }
        checks
    }

    /// The items for the bounds of a histogram or the quantiles of a summary.
    pub(super) fn bounds(&self) -> Option<TokenStream> {
        let krate = self.krate;
        if let Some(quantiles) = self.quantiles() {
            let (count, array) = quantiles.array(krate);
            return Some(quote!(const __BOUNDS: [f64; #count] = #array;));
        }
        let array = match self.declaration().attrs.buckets.get() {
            Some(buckets) => buckets.array(krate),
            None => (
                quote!({ #krate::DURATION_BUCKETS.len() }),
                quote!(#krate::DURATION_BUCKETS),
            ),
        };
        self.is_histogram()
            .then(|| bucket_items(krate, array, "with_infinity"))
    }

    fn quantiles(&self) -> Option<&Bounds> {
        let quantiles = self.declaration().attrs.quantiles.get();
        quantiles.filter(|_| self.metric.kind == MetricKind::Summary)
    }

    fn latency(&self) -> Option<&Latency> {
        let latency = self.declaration().attrs.slo.get();
        latency.filter(|_| self.is_histogram())
    }
}
