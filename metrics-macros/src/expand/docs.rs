//! Expands the argument `docs`: adds a section with PromQL queries to the documentation of the
//! function.
//!
//! `#[counted(docs)]` on `fn fetch() -> Result<..>` adds
//!
//! ````text
//! # Metrics
//!
//! Calls per second, by outcome:
//!
//! ```promql
//! sum by (outcome) (rate(function_calls_total{function="fetch",module="app"}[5m]))
//! ```
//! ````
//!
//! and a second query, for the share of failures.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote};
use syn::{Attribute, LitStr, parse_quote};

use super::family::function_name;
use crate::model::{Args, Function};

/// Appends the section with queries to the function's documentation, or appends the queries to the
/// section that an attribute above has begun.
pub(super) fn add(args: &Args, function: &mut Function) {
    if !args.docs.is_set() {
        return;
    }
    let heading: Attribute = parse_quote!(#[doc = "# Metrics"]);
    let text = |attr: &Attribute| attr.to_token_stream().to_string();
    let is_heading = |attr: &Attribute| text(attr) == text(&heading);
    if !function.attrs.iter().any(is_heading) {
        function.attrs.push(parse_quote!(#[doc = ""]));
        function.attrs.push(heading);
    }
    for (title, query) in Queries::new(args, function).all(args) {
        // The code block names a language, because rustdoc compiles code blocks without one as
        // Rust.
        for line in ["", title, "", "```promql"] {
            function.attrs.push(parse_quote!(#[doc = #line]));
        }
        let query = with_module(&query);
        function.attrs.push(parse_quote!(#[doc = #query]));
        function.attrs.push(parse_quote!(#[doc = "```"]));
    }
}

/// Composes queries for a function's series.
struct Queries {
    family: String,
    function: String,
}

impl Queries {
    fn new(args: &Args, function: &Function) -> Queries {
        let family = match (args.name.get(), args.sample.get()) {
            (Some(name), _) => name.value(),
            (None, Some(_)) => SAMPLED_FAMILY.to_owned(),
            (None, None) => args.instrument.family.to_owned(),
        };
        Queries {
            family,
            function: function_name(args, function).value(),
        }
    }

    /// The title and the text of each query.
    fn all(&self, args: &Args) -> Vec<(&'static str, String)> {
        if args.instrument.is_timed {
            return self.durations(args);
        }
        let series = self.series("", "");
        if args.instrument.kind == "Gauge" {
            return vec![("Calls in flight:", format!("sum({series})"))];
        }
        if !args.has_outcome() {
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
            ("99th percentile of the duration:", quantile),
            ("Average duration:", average),
        ]
    }

    /// A series selector. `suffix` is appended to the family's name, and `matchers` to the matchers
    /// of `function` and `module`.
    fn series(&self, suffix: &str, matchers: &str) -> String {
        let Queries { family, function } = self;
        format!("{family}{suffix}{{function=\"{function}\",module=\"{MODULE}\"{matchers}}}")
    }
}

/// A `concat!` of the text in which `module_path!()` replaces [`MODULE`], because only the compiler
/// knows the module's path.
fn with_module(text: &str) -> TokenStream {
    let mut parts = text
        .split(MODULE)
        .map(|part| LitStr::new(part, Span::call_site()));
    let first = parts.next();
    quote!(::core::concat!(#first #(, ::core::module_path!(), #parts)*))
}

/// Placeholder for the module's path: a character that no name contains.
const MODULE: char = '\0';

/// The family that functions timed with `sample` and without `name` share.
const SAMPLED_FAMILY: &str = "function_sampled_duration_seconds";
