//! The macros of `metrics-core`: an implementation detail of that crate, which documents them.
//!
//! Each macro runs through three stages (`pipeline`): `parse` turns tokens into the types of
//! `model`, `model` checks them, `expand` turns them into code and cannot fail. Rules that
//! metrics-core applies at run time as well, such as those for names, are `const fn`s of
//! metrics-core that the generated code calls. `parse` and `expand` use `model`, and neither uses
//! the other.

mod expand;
#[cfg(test)]
mod generated;
#[cfg(test)]
mod messages;
mod model;
mod parse;
mod pipeline;
#[cfg(test)]
mod snapshots;

use proc_macro::TokenStream;

use crate::model::{COUNTED, IN_FLIGHT, Mode, TIMED};

/// Expands the input of `metrics_core::metrics!`, which has the documentation.
#[proc_macro]
pub fn declare(input: TokenStream) -> TokenStream {
    pipeline::declare(input.into(), Mode::On).into()
}

/// Like `declare`, for programs that are built with `--cfg metrics_off`.
#[proc_macro]
pub fn off_declare(input: TokenStream) -> TokenStream {
    pipeline::declare(input.into(), Mode::Off).into()
}

/// Expands the input of `metrics_core::measure!`, which has the documentation.
#[proc_macro]
pub fn measure(input: TokenStream) -> TokenStream {
    pipeline::measure(input.into(), Mode::On).into()
}

/// Like `measure`, for programs that are built with `--cfg metrics_off`.
#[proc_macro]
pub fn off_measure(input: TokenStream) -> TokenStream {
    pipeline::measure(input.into(), Mode::Off).into()
}

/// Defines the derives once for each crate that re-exports them, because a derive cannot see
/// through which crate the user has named it.
macro_rules! derives {
    ($($krate:literal: $label:ident $labels:ident;)*) => {$(
        /// See `metrics_core::Label`.
        #[proc_macro_derive($label, attributes(label))]
        #[allow(non_snake_case, reason = "called like the derive")]
        pub fn $label(input: TokenStream) -> TokenStream {
            pipeline::derive_label(input.into(), $krate).into()
        }

        /// See `metrics_core::Labels`.
        #[proc_macro_derive($labels, attributes(label))]
        #[allow(non_snake_case, reason = "called like the derive")]
        pub fn $labels(input: TokenStream) -> TokenStream {
            pipeline::derive_labels(input.into(), $krate).into()
        }
    )*};
}

derives! {
    "metrics_core": Label Labels;
    "metrics_http": HttpLabel HttpLabels;
}

/// Defines the function attributes once for each crate that re-exports them and for metrics on and
/// off.
macro_rules! attributes {
    ($($krate:literal $mode:ident: $counted:ident $timed:ident $in_flight:ident;)*) => {$(
        attributes! { @one "counted" COUNTED $krate $mode $counted }
        attributes! { @one "timed" TIMED $krate $mode $timed }
        attributes! { @one "in_flight" IN_FLIGHT $krate $mode $in_flight }
    )*};
    (@one $name:literal $instrument:ident $krate:literal $mode:ident $attribute:ident) => {
        #[doc = concat!("See `metrics_core::", $name, "`.")]
        #[proc_macro_attribute]
        pub fn $attribute(args: TokenStream, item: TokenStream) -> TokenStream {
            pipeline::instrument(&$instrument, &args.into(), &item.into(), $krate, Mode::$mode)
                .into()
        }
    };
}

attributes! {
    "metrics_core" On: counted timed in_flight;
    "metrics_core" Off: off_counted off_timed off_in_flight;
    "metrics_http" On: http_counted http_timed http_in_flight;
    "metrics_http" Off: off_http_counted off_http_timed off_http_in_flight;
}
