//! `#[timed]`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::Path;

use crate::function::Measure;

/// Times calls by outcome.
pub(crate) struct Timed;

impl Measure for Timed {
    const ATTRIBUTE: &'static str = "timed";
    const RECORDER: &'static str = "Timed";
    const KIND: &'static str = "Histogram";
    const FAMILY: &'static str = "function_duration_seconds";
    const HELP: &'static str = "Time that calls of functions took, by how they ended.";
    const UNIT: Option<&'static str> = Some("seconds");
    const OUTCOME: bool = true;
    const BUCKETS: bool = true;

    fn layout(_: &Path) -> TokenStream {
        // Follows from the buckets.
        quote!()
    }
}
