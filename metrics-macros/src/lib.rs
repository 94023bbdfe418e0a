//! The macros of `metrics-core`: an implementation detail of that crate, which documents them.

mod args;
mod attr;
mod block;
mod body;
mod call_site;
mod counted;
mod declare;
mod errors;
mod function;
mod in_flight;
mod label;
mod layer;
mod output;
mod site;
mod timed;

use proc_macro::TokenStream;

/// See `metrics_core::metrics`.
#[proc_macro]
pub fn declare(input: TokenStream) -> TokenStream {
    declare::expand(input.into()).into()
}

/// The macros that cannot see which crate they are reached through come twice: for users of
/// metrics-core, and for those whose one dependency is metrics-http.
macro_rules! entry_points {
    ($($krate:literal: $label:ident $labels:ident $counted:ident $timed:ident $in_flight:ident;)*) => {$(
        /// See `metrics_core::Label`.
        #[proc_macro_derive($label, attributes(label))]
        #[allow(non_snake_case, reason = "called like the derive")]
        pub fn $label(input: TokenStream) -> TokenStream {
            label::expand_label(input.into(), $krate).into()
        }

        /// See `metrics_core::Labels`.
        #[proc_macro_derive($labels, attributes(label))]
        #[allow(non_snake_case, reason = "called like the derive")]
        pub fn $labels(input: TokenStream) -> TokenStream {
            label::expand_labels(input.into(), $krate).into()
        }

        /// See `metrics_core::counted`.
        #[proc_macro_attribute]
        pub fn $counted(args: TokenStream, item: TokenStream) -> TokenStream {
            function::expand::<counted::Counted>(&args.into(), &item.into(), $krate).into()
        }

        /// See `metrics_core::timed`.
        #[proc_macro_attribute]
        pub fn $timed(args: TokenStream, item: TokenStream) -> TokenStream {
            function::expand::<timed::Timed>(&args.into(), &item.into(), $krate).into()
        }

        /// See `metrics_core::in_flight`.
        #[proc_macro_attribute]
        pub fn $in_flight(args: TokenStream, item: TokenStream) -> TokenStream {
            function::expand::<in_flight::InFlight>(&args.into(), &item.into(), $krate).into()
        }
    )*};
}

entry_points! {
    "metrics_core": Label Labels counted timed in_flight;
    "metrics_http": HttpLabel HttpLabels http_counted http_timed http_in_flight;
}
