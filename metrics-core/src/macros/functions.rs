//! The function attributes `counted`, `timed` and `in_flight`.

use super::enabled;

/// Counts the calls of a function by outcome, in `function_calls_total`.
///
/// ```
/// use metrics_core::{Format, counted, encode_to_string};
///
/// #[counted]
/// fn divide(a: u32, b: u32) -> Result<u32, &'static str> {
///     a.checked_div(b).ok_or("division by zero")
/// }
///
/// let _ = (divide(6, 3), divide(1, 0));
/// let text = encode_to_string(Format::Text);
/// let line = |outcome| text.lines().any(|line| {
///     line.starts_with("function_calls_total{function=\"divide\"") && line.contains(outcome)
/// });
/// assert!(line(r#"outcome="ok"} 1"#));
/// assert!(line(r#"outcome="error"} 1"#));
/// assert!(line(r#"outcome="panic"} 0"#));
/// ```
///
/// # What is recorded
///
/// The outcome of each call: `ok`; `error` if the function returns an error; `panic`; and
/// `cancelled` if the future of an async call is dropped before it is ready. Unless a label is
/// open, each outcome that the function can have is exposed from the start, with the value 0. An
/// async call begins with the first poll: a future that is never polled is not a call, and one that
/// is leaked (`mem::forget`) has no outcome. For streams, see [below](#futures-and-streams). With
/// `panic = "abort"` panics are not counted, because the process ends. One known limit: if the
/// result is not read, a call that panics inside a destructor which runs because of another panic,
/// and whose panic is caught there, is counted as `ok`.
///
/// Every series has the labels `function`, `module` and, unless omitted, `outcome`. All instances of
/// a generic function share their series.
///
/// # Supported items
///
/// The attribute applies to any function that has a body and is not `const`: methods, trait
/// functions, `async`, `unsafe`, `extern` and generic functions. A call of a function that returns
/// a future is an async call as well: [see below](#futures-and-streams). On an `impl` block, a
/// trait or an inline module, the attribute applies to every such function in it, except to
/// functions that a macro call in it expands to. Functions of the block have the label `function`
/// as `Type::method`, `<Type as Trait>::method` if the block implements a trait, or `Trait::method`
/// in a trait. Without the block's attribute the label is only the function's name. Functions of
/// one name in one module then share their series, which [`check`](crate::Registry::check) and the
/// lints of the catalogue report. Part of a function is measured by
/// [`measure!`](macro@crate::measure).
///
/// An item in a block may have the attribute itself, also in a `cfg_attr` or imported under another
/// name. It then takes the place of the block's, so each call is recorded once; `skip` excludes the
/// item. Two `#[counted]` (or two of another kind) on a function need different families (`name`).
///
/// ```
/// use metrics_core::counted;
///
/// struct Cart(Vec<u64>);
///
/// #[counted]
/// impl Cart {
///     fn add(&mut self, item: u64) {
///         self.0.push(item); // function="Cart::add"
///     }
///
///     #[counted(skip)]
///     fn len(&self) -> usize {
///         self.0.len()
///     }
///
///     #[counted(outcome = false)]
///     fn clear(&mut self) {
///         self.0.clear();
///     }
/// }
/// # let mut cart = Cart(Vec::new());
/// # cart.add(1);
/// # cart.clear();
/// # assert_eq!(cart.len(), 0);
/// ```
///
/// The attribute can be combined with other attributes in any order, except `#[track_caller]` on a
/// function that is not async and whose result is read: that is a compile error, because the
/// reported caller would be in this crate.
///
/// # Arguments
///
/// | argument | meaning |
/// |---|---|
/// | `name = "..."` | the name of a family other than the shared one |
/// | `help = "..."`, `unit = "..."` | help and unit of this family; with `name` only |
/// | `labels(...)` | further labels: see below |
/// | `ok_if = path or closure`, `error_if = ...` | decides from `&result` whether the outcome is `ok` or `error` |
/// | `err(kind)`, `err(kind: TheError)` | a label `kind` with the error of a `Result`, whose type derives [`Label`](trait@crate::Label); if the type is given, every value starts at 0 |
/// | `fallible = true` or `false` | whether the function returns a `Result`, or a future or stream of them. The compiler sees through aliases and associated types. For a type that names a generic parameter or `Self`, the outcome `error` is exposed from the first error, and with `fallible = true` from the start |
/// | `future`, `stream` | states that the function returns a future or stream, if the compiler cannot tell; `future = false` and `stream = false` end the call when the function returns: [see below](#futures-and-streams) |
/// | `outcome = false` | omits the label `outcome`: one series for all calls |
/// | `exemplars` | exemplars are taken from the current span, [as in declarations](macro@crate::metrics#exemplars). The span of an `#[instrument]` on the same function is found if that attribute is below this one; above it, the span has ended before the call is recorded |
/// | `slo(success = 99.5)` | an objective: 99.5 % of the calls have the outcome `ok` |
/// | `docs` | adds [queries for the metric](#queries-in-the-documentation) to the function's documentation |
/// | `skip` | in an annotated block: excludes this function |
/// | `crate = path` | the path of this crate, if it was renamed |
///
#[doc = include_str!("../call/futures_and_streams.md")]
///
/// # Labels
///
/// | in `labels(...)` | meaning |
/// |---|---|
/// | `argument` | the argument's value, under its name |
/// | `self.field` | a field's value, under its name |
/// | `%argument`, `%self.field`, `key = %expression` | formatted with [`Display`](std::fmt::Display), as [`#[label(display)]`](derive@crate::Labels) does, for types such as `IpAddr` that are no labels; absent for the `None` of an `Option` that is the type of an argument |
/// | `key = expression` | computed when the call begins (an async one: at the first poll), from arguments that the body may still move |
/// | `key: Type = expression` | like `key = expression`; if the type is closed, every value starts at 0 |
/// | `on_return(key = \|result\| ..., key: Type = ...)` | computed from `&result`; empty after a panic or a cancellation |
///
/// A label without a type is open, and its family has a cardinality limit
/// ([`DEFAULT_MAX_SERIES`](crate::DEFAULT_MAX_SERIES)). A label that is only the name of an argument
/// has the argument's type: if that is closed, every value starts at 0.
///
/// ```
/// use metrics_core::{Format, Label, counted, encode_to_string};
///
/// #[derive(Label, Clone, Copy)]
/// enum Plan { Free, Paid }
///
/// #[derive(Label)]
/// enum Fault { Full, Io(std::io::Error) }
///
/// #[counted(labels(plan, on_return(large: bool = |size| size.as_ref().is_ok_and(|n| *n > 100))), err(fault: Fault))]
/// fn store(plan: Plan, page: String) -> Result<usize, Fault> {
///     if page.is_empty() { Err(Fault::Full) } else { Ok(page.len()) }
/// }
///
/// let _ = (store(Plan::Paid, "a".to_owned()), store(Plan::Paid, String::new()));
/// let text = encode_to_string(Format::Text);
/// let has = |labels: &str| text.lines().any(|line| line.ends_with(labels));
/// assert!(has(r#",plan="paid",large="false",outcome="ok"} 1"#));
/// assert!(has(r#",plan="paid",large="false",fault="full",outcome="error"} 1"#));
/// assert!(has(r#",plan="free",outcome="panic"} 0"#));
/// # let _ = (Plan::Free, |e| Fault::Io(e));
/// ```
///
/// # Expands to
///
/// ```text
/// fn divide(a: u32, b: u32) -> Result<u32, &'static str> {
///     static SITE: Family = /* the function's metric, and its registration */;
///     run_call::<Counted>(
///         CallSeries::unlabelled(&SITE),
///         move || { a.checked_div(b).ok_or("...") },
///         |result| result.is_err(),
///     )
/// }
/// ```
///
/// If the result is not read, the function keeps its body, with a guard before it. An `async fn`
/// becomes a function that returns `impl Future`, as the compiler desugars it, unless an attribute
/// below this one might need to see the `async` or the function returns `!`. rustdoc shows the
/// function as it is written.
///
/// # Queries in the documentation
///
/// `docs` appends a section "Metrics" with PromQL queries to the function's documentation: for calls
/// by outcome and for the share that fails, with [`timed(docs)`](macro@crate::timed) for the 99th
/// percentile and the average of the duration, or with [`in_flight(docs)`](macro@crate::in_flight)
/// for the calls in progress. On a block it applies to all functions in it.
///
/// ```
/// use metrics_core::{counted, timed};
///
/// /// Finds matching products.
/// #[counted(docs)]
/// #[timed(docs)]
/// pub fn search(what: &str) -> Result<usize, String> {
///     Ok(what.len())
/// }
/// # search("shoes").unwrap();
/// ```
///
/// In a module `shop::search` this adds, among others:
///
/// ```promql
/// sum by (outcome) (rate(function_calls_total{function="search",module="shop::search"}[5m]))
/// ```
///
#[doc = include_str!("../call/coming_from_other_attributes.md")]
pub use enabled::counted;

/// Measures the duration of a function's calls by outcome, in the histogram
/// `function_duration_seconds`.
///
/// ```
/// use metrics_core::{Format, encode_to_string, timed};
///
/// #[timed]
/// fn add(a: u32, b: u32) -> u32 {
///     a + b
/// }
///
/// assert_eq!(add(1, 2), 3);
/// let text = encode_to_string(Format::Text);
/// assert!(text.lines().any(|line| {
///     line.starts_with("function_duration_seconds_count{function=\"add\"") && line.ends_with(" 1")
/// }));
/// ```
///
/// The duration of an async call is the time from its first poll to its end, including the time for
/// which it waits. The duration of a call that returns a [future or
/// stream](macro@crate::counted#futures-and-streams) is measured in the same way. Unless a label is
/// open, the outcome `ok` is exposed from the start; any other outcome is exposed once a call has
/// had it.
///
/// # Arguments
///
/// All arguments of [`counted`](macro@crate::counted#arguments), and these:
///
/// | argument | meaning |
/// |---|---|
/// | `buckets(0.1, 1.0)`, `linear(start, width, count)`, `exponential(start, factor, count)` | upper bounds in seconds; with `name` only |
/// | `buckets(native)`, `buckets(native(growth = 1.1), 0.1, 1.0)` | native buckets, alone or with classic ones, [as in declarations](macro@crate::metrics#native-histograms); with `name` only |
/// | `sample = 1/16` | for frequently called functions: times one call in 16, chosen at random. The counts are not scaled up, so use [`counted`](macro@crate::counted) to count calls. The family is `function_sampled_duration_seconds`, with the label `sample`, or the one given by `name`, whose help then mentions the sampling |
/// | `busy` | for async functions, futures and streams: also records the time for which the future or stream was polled, in `function_busy_seconds`, or in `..._busy_seconds` if there is a `name` |
/// | `slo(latency = "250ms", objective = 99.9)` | an objective: 99.9 % of the calls take at most 250 ms; the latency must be one of the bounds |
///
/// ```
/// use metrics_core::timed;
///
/// #[timed(
///     name = "render_seconds",
///     help = "Time to render a page.",
///     buckets(exponential(0.001, 2.0, 10)),
///     labels(page),
///     slo(latency = "64ms", objective = 99.0),
/// )]
/// fn render(page: &str) -> String {
///     page.to_uppercase()
/// }
/// # render("start");
/// ```
///
/// # Expands to
///
/// Expands like [`counted`](macro@crate::counted#expands-to), with another recorder. The
/// documentation of `counted` also maps the arguments of tracing's and Micrometer's attributes.
pub use enabled::timed;

/// Counts the calls of a function that are in progress, in the gauge
/// `function_calls_in_flight`.
///
/// A call is in progress from its start (an async call: from the first poll) until it returns, panics
/// or is cancelled. The call of a function that returns a
/// [future or stream](macro@crate::counted#futures-and-streams) is in progress until that has ended.
///
/// ```
/// use metrics_core::{Format, encode_to_string, in_flight};
///
/// #[in_flight]
/// fn now() -> String {
///     encode_to_string(Format::Text)
/// }
///
/// let within = |text: String| text.lines().any(|line| {
///     line.starts_with("function_calls_in_flight{function=\"now\"") && line.ends_with(" 1")
/// });
/// assert!(within(now()));
/// assert!(!within(encode_to_string(Format::Text)));
/// ```
///
/// # Arguments
///
/// `name`, `help`, `unit`, `labels(...)` without `on_return`, `future`, `stream`, `docs`, `skip`
/// and `crate`, as described for [`counted`](macro@crate::counted#arguments). The series have the
/// labels `function` and `module`.
///
/// # Expands to
///
/// Expands like [`counted`](macro@crate::counted#expands-to), with another recorder.
pub use enabled::in_flight;
