//! `#[counted]`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::Path;

use crate::function::Measure;

/// Counts calls by outcome.
pub(crate) struct Counted;

impl Measure for Counted {
    const ATTRIBUTE: &'static str = "counted";
    const RECORDER: &'static str = "Counted";
    const KIND: &'static str = "Counter";
    const FAMILY: &'static str = "function_calls_total";
    const HELP: &'static str = "Calls of functions, by how they ended.";
    const UNIT: Option<&'static str> = None;
    const OUTCOME: bool = true;

    fn layout(krate: &Path) -> TokenStream {
        quote!(#krate::__private::Layout::Count)
    }
}
