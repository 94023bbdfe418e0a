//! The macros of `metrics-core`: an implementation detail of that crate, which documents them.

mod args;
mod attr;
mod block;
mod body;
mod call_site;
mod counted;
mod declare;
mod docs;
mod errors;
mod function;
mod in_flight;
mod label;
mod layer;
mod native;
mod output;
mod site;
#[cfg(test)]
mod snapshots;
mod timed;

use proc_macro::TokenStream;

/// See `metrics_core::metrics`.
#[proc_macro]
pub fn declare(input: TokenStream) -> TokenStream {
    declare::expand(input.into(), Mode::On).into()
}

/// The same where metrics are off.
#[proc_macro]
pub fn off_declare(input: TokenStream) -> TokenStream {
    declare::expand(input.into(), Mode::Off).into()
}

/// Whether there are metrics: a program is built without any by `--cfg metrics_off`, which
/// metrics-core sees and these macros do not.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    On,
    /// Arguments are checked, and items stay as they were.
    Off,
}

/// The derives cannot see which crate they are reached through, so they come twice: for users of
/// metrics-core, and for those whose one dependency is metrics-http.
macro_rules! derives {
    ($($krate:literal: $label:ident $labels:ident;)*) => {$(
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
    )*};
}

derives! {
    "metrics_core": Label Labels;
    "metrics_http": HttpLabel HttpLabels;
}

/// The attributes, for the same reason and with metrics on or off.
macro_rules! attributes {
    ($($krate:literal $mode:ident: $counted:ident $timed:ident $in_flight:ident;)*) => {$(
        /// See `metrics_core::counted`.
        #[proc_macro_attribute]
        pub fn $counted(args: TokenStream, item: TokenStream) -> TokenStream {
            function::expand::<counted::Counted>(&args.into(), &item.into(), $krate, Mode::$mode)
                .into()
        }

        /// See `metrics_core::timed`.
        #[proc_macro_attribute]
        pub fn $timed(args: TokenStream, item: TokenStream) -> TokenStream {
            function::expand::<timed::Timed>(&args.into(), &item.into(), $krate, Mode::$mode)
                .into()
        }

        /// See `metrics_core::in_flight`.
        #[proc_macro_attribute]
        pub fn $in_flight(args: TokenStream, item: TokenStream) -> TokenStream {
            function::expand::<in_flight::InFlight>(&args.into(), &item.into(), $krate, Mode::$mode)
                .into()
        }
    )*};
}

attributes! {
    "metrics_core" On: counted timed in_flight;
    "metrics_core" Off: off_counted off_timed off_in_flight;
    "metrics_http" On: http_counted http_timed http_in_flight;
    "metrics_http" Off: off_http_counted off_http_timed off_http_in_flight;
}
