//! Writes the code for bucket bounds, native buckets and quantiles, and the compile-time check that
//! the duration of an objective is one of the bounds.
//!
//! `#[buckets(native(growth = 1.5), 0.1)]` on a declared histogram expands to
//!
//! ```text
//! const __BOUNDS: [f64; 1] = [0.1];
//! const __UPPER: [f64; __BOUNDS.len() + 1] = with_infinity::<..>(&__BOUNDS); // with +Inf
//! static __BUCKETS: Buckets = Buckets::new(&__UPPER);
//! const _: () = check_bucket(&__BOUNDS, 0); // at `0.1`
//! const _: () = check_growth(1.5);          // at `1.5`
//! ```
//!
//! For a timed function, `nanos_with_infinity` also converts the bounds to nanoseconds.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote};
use syn::{Expr, Path};

use super::tokens::check;
use crate::model::{Bounds, BoundsRule, Buckets, Latency, Native, first_span};

impl Bounds {
    /// The number of bounds and their array, as expressions.
    pub(super) fn array(&self, krate: &Path) -> (TokenStream, TokenStream) {
        match self {
            Bounds::List(bounds) => {
                let count = bounds.len();
                (quote!(#count), quote!([#(#bounds),*]))
            }
            Bounds::Rule(rule) => {
                let BoundsRule {
                    name,
                    start,
                    step,
                    count,
                } = &**rule;
                let function = format_ident!("{name}_buckets", span = name.span());
                let array = quote!(#krate::#function::<{ #count }>(#start, #step));
                (quote!({ #count }), array)
            }
        }
    }

    /// The compile-time checks of `__BOUNDS`: of each bound in a list with the function `one`, or
    /// of the bounds of a rule, such as `linear(...)`, with the function `all`.
    pub(super) fn checks(&self, krate: &Path, one: &str, all: &str) -> TokenStream {
        match self {
            Bounds::List(bounds) => {
                let bounds = bounds.iter().enumerate();
                let check = |(index, bound)| {
                    check(krate, first_span(bound), one, quote!(&__BOUNDS, #index))
                };
                bounds.map(check).collect()
            }
            Bounds::Rule(rule) => check(krate, rule.name.span(), all, quote!(&__BOUNDS)),
        }
    }
}

impl Buckets {
    /// The number of classic bounds and their array, as expressions. A native histogram has classic
    /// buckets only if bounds are given.
    pub(super) fn array(&self, krate: &Path) -> (TokenStream, TokenStream) {
        match &self.classic {
            Some(bounds) => bounds.array(krate),
            None => (quote!(0), quote!([])),
        }
    }

    pub(super) fn checks(&self, krate: &Path) -> TokenStream {
        let classic = self.classic.as_ref();
        let classic = classic.map(|bounds| bounds.checks(krate, "check_bucket", "check_buckets"));
        let native = self.native.as_ref().map(|native| native.checks(krate));
        quote!(#classic #native)
    }
}

impl Native {
    /// An expression that builds the `NativeConfig`.
    pub(super) fn expand(&self, krate: &Path) -> TokenStream {
        let setters = self.options().map(|(setter, _, value)| {
            let setter = format_ident!("{setter}");
            // The setter does not get the span of the value, because the check of the option
            // already reports a value of a wrong type there.
            quote!(.#setter(#value))
        });
        let reset_after = self.reset_after.get();
        let reset_after = reset_after.map(|nanos| quote!(.reset_after(#nanos)));
        let negative = self.negative.get().map(|()| quote!(.negative()));
        quote!(#krate::__private::NativeConfig::DEFAULT #(#setters)* #reset_after #negative)
    }

    fn checks(&self, krate: &Path) -> TokenStream {
        self.options()
            .map(|(_, function, value)| check(krate, first_span(value), function, value))
            .collect()
    }

    /// The setter, the check and the value of each option that is given, except `reset_after` and
    /// `negative`.
    fn options(&self) -> impl Iterator<Item = (&'static str, &'static str, &Expr)> {
        let max_zero = &self.max_zero_threshold;
        let options = [
            ("growth", "check_growth", &self.growth),
            (
                "zero_threshold",
                "check_zero_threshold",
                &self.zero_threshold,
            ),
            ("max_zero_threshold", "check_zero_threshold", max_zero),
            ("max_buckets", "check_max_buckets", &self.max_buckets),
        ];
        options
            .into_iter()
            .filter_map(|(setter, check, slot)| Some((setter, check, slot.get()?)))
    }
}

impl Latency {
    /// An expression of the type `metrics_core::Objective`.
    pub(super) fn objective(&self, krate: &Path) -> TokenStream {
        let (seconds, percent) = (self.seconds, &self.percent);
        quote!(#krate::Objective::Latency { seconds: #seconds, percent: #percent })
    }

    /// A check that fails to compile if the duration is not one of the bounds.
    pub(super) fn check(&self, krate: &Path, bounds: &TokenStream) -> TokenStream {
        let seconds = self.seconds;
        let arguments = quote!(&#bounds, #seconds);
        check(krate, self.span, "check_latency", arguments)
    }
}

/// The items `__BOUNDS`, as declared, `__UPPER` and `__BUCKETS`; recordings search `__BUCKETS`. The
/// `const fn` `closed` makes `__UPPER`: it converts the bounds if necessary and appends `+Inf`.
pub(super) fn bucket_items(
    krate: &Path,
    (count, array): (TokenStream, TokenStream),
    closed: &str,
) -> TokenStream {
    let p = quote!(#krate::__private);
    let closed = Ident::new(closed, Span::call_site());
    quote! {
        const __BOUNDS: [f64; #count] = #array;
        const __UPPER: [f64; __BOUNDS.len() + 1] =
            #p::#closed::<{ __BOUNDS.len() }, { __BOUNDS.len() + 1 }>(&__BOUNDS);
        static __BUCKETS: #p::Buckets = #p::Buckets::new(&__UPPER);
    }
}
