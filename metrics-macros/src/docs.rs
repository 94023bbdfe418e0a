//! `docs`: a function's documentation says how to query its metrics.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote};
use syn::{Attribute, LitStr, parse_quote};

use crate::{
    args::Args,
    call_site::function_name,
    function::{Function, Measure},
    layer::outcome_is_told,
};

/// Appends a section to the documentation, or to the one that an attribute above has begun.
pub(crate) fn add<M: Measure>(args: &Args, function: &mut Function) {
    if args.docs.get().is_none() {
        return;
    }
    let heading: Attribute = parse_quote!(#[doc = "# Metrics"]);
    let text = |attr: &Attribute| attr.to_token_stream().to_string();
    let begins = |attr: &Attribute| text(attr) == text(&heading);
    if !function.attrs.iter().any(begins) {
        function.attrs.push(parse_quote!(#[doc = ""]));
        function.attrs.push(heading);
    }
    for (what, query) in Queries::new::<M>(args, function).all::<M>(args) {
        // Rustdoc takes a block without a language for Rust.
        for line in ["", what, "", "```promql"] {
            function.attrs.push(parse_quote!(#[doc = #line]));
        }
        let query = with_module(&query);
        function.attrs.push(parse_quote!(#[doc = #query]));
        function.attrs.push(parse_quote!(#[doc = "```"]));
    }
}

/// What makes queries for a function.
struct Queries {
    family: String,
    function: String,
}

impl Queries {
    fn new<M: Measure>(args: &Args, function: &Function) -> Queries {
        let family = match (args.name.get(), args.sample.get()) {
            (Some(name), _) => name.value(),
            (None, Some(_)) => SAMPLED.to_owned(),
            (None, None) => M::FAMILY.to_owned(),
        };
        Queries {
            family,
            function: function_name(args, function).value(),
        }
    }

    /// What to ask, and how.
    fn all<M: Measure>(&self, args: &Args) -> Vec<(&'static str, String)> {
        if M::TIMED {
            return self.durations(args);
        }
        let series = self.series("", "");
        if M::KIND == "Gauge" {
            return vec![("Calls in flight:", format!("sum({series})"))];
        }
        if !outcome_is_told::<M>(args) {
            return vec![("Calls per second:", format!("sum(rate({series}[5m]))"))];
        }
        let failed = self.series("", ",outcome=~\"error|panic\"");
        vec![
            (
                "Calls per second, by outcome:",
                format!("sum by (outcome) (rate({series}[5m]))"),
            ),
            (
                "Share of calls that fail:",
                format!("sum(rate({failed}[5m])) / sum(rate({series}[5m]))"),
            ),
        ]
    }

    fn durations(&self, args: &Args) -> Vec<(&'static str, String)> {
        let buckets = args.buckets.get();
        let is_native_only =
            buckets.is_some_and(|buckets| buckets.native.is_some() && buckets.classic.is_none());
        let (quantile, average) = if is_native_only {
            let all = format!("sum(rate({}[5m]))", self.series("", ""));
            (
                format!("histogram_quantile(0.99, {all})"),
                format!("histogram_sum({all}) / histogram_count({all})"),
            )
        } else {
            let [buckets, sum, count] =
                ["_bucket", "_sum", "_count"].map(|suffix| self.series(suffix, ""));
            (
                format!("histogram_quantile(0.99, sum by (le) (rate({buckets}[5m])))"),
                format!("sum(rate({sum}[5m])) / sum(rate({count}[5m]))"),
            )
        };
        vec![
            ("Time that 99 in 100 calls take at most:", quantile),
            ("Time that a call takes on average:", average),
        ]
    }

    fn series(&self, suffix: &str, more: &str) -> String {
        let Queries { family, function } = self;
        format!("{family}{suffix}{{function=\"{function}\",module=\"{MODULE}\"{more}}}")
    }
}

/// A text in which the module's path is put in where it is known, by the compiler.
fn with_module(text: &str) -> TokenStream {
    let mut parts = text
        .split(MODULE)
        .map(|part| LitStr::new(part, Span::call_site()));
    let first = parts.next();
    quote!(::core::concat!(#first #(, ::core::module_path!(), #parts)*))
}

/// Stands for the module's path: no name has it.
const MODULE: char = '\0';

/// The family of what is timed now and then.
const SAMPLED: &str = "function_sampled_duration_seconds";
