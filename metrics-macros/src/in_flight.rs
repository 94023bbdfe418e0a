//! `#[in_flight]`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::Path;

use crate::function::Measure;

/// Counts calls in progress.
pub(crate) struct InFlight;

impl Measure for InFlight {
    const ATTRIBUTE: &'static str = "in_flight";
    const RECORDER: &'static str = "InFlight";
    const KIND: &'static str = "Gauge";
    const FAMILY: &'static str = "function_calls_in_flight";
    const HELP: &'static str = "Calls of functions in progress.";
    const UNIT: Option<&'static str> = None;
    const OUTCOME: bool = false;

    fn layout(krate: &Path) -> TokenStream {
        quote!(#krate::__private::Layout::UpDown)
    }
}
