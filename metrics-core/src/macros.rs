//! The macros, with their reference.

/// Declares metrics.
///
/// ```
/// use metrics_core::{Label, metrics};
///
/// #[derive(Label, Clone, Copy)]
/// enum Cache { Hit, Miss }
///
/// metrics! {
///     /// Links followed.
///     pub static FOLLOWED: Counter<(cache: Cache)> = "shortener_links_followed_total";
///
///     /// Links stored.
///     pub static STORED: Gauge = "shortener_links";
///
///     /// Size of the pages linked to.
///     #[unit("bytes")]
///     #[buckets(exponential(256.0, 4.0, 8))]
///     #[max_series(1000)]
///     pub static PAGE: Histogram<(cache: Cache, host: &str)> = "shortener_page_bytes";
/// }
///
/// FOLLOWED.with(Cache::Hit).inc();
/// STORED.set(3);
/// PAGE.with(Cache::Miss, "example.org").observe(700.0);
/// ```
///
/// # Grammar
///
/// A declaration is a `static` without an initialiser expression: documentation, attributes,
/// visibility, name, type and, after `=`, the metric's name. The documentation is the help text
/// and must be there. A block may begin with `prefix = "app";` then a declaration without name
/// is called after the prefix and the static, in lower case, followed by the unit and what the
/// type demands (`_total`, `_info`).
///
/// Types: [`Counter`](crate::Counter), [`FloatCounter`](crate::FloatCounter),
/// [`Gauge`](crate::Gauge), [`FloatGauge`](crate::FloatGauge),
/// [`UpDownCounter`](crate::UpDownCounter), [`Histogram`](crate::Histogram),
/// [`Summary`](crate::Summary), [`StateSet`](crate::StateSet)`<States>`, [`Info`](crate::Info).
/// Labels stand in angle brackets: a list such as `(cache: Cache, host: &str)`, or a struct that
/// derives [`Labels`](trait@crate::Labels).
///
/// # Attributes
///
/// | attribute | of | meaning |
/// |---|---|---|
/// | `#[unit("bytes")]` | all but infos and state sets | the unit; the name ends in it |
/// | `#[buckets(0.1, 1.0)]`, `linear(start, width, count)`, `exponential(start, factor, count)` | histograms | upper bounds without `+Inf` |
/// | `#[quantiles(0.5, 0.99)]` | summaries | quantiles to estimate |
/// | `#[max_series(100)]` | open labels | the cap on series, up to 1,048,576; 10,000 unless it is there |
/// | `#[computed(\|\| value)]` | counters and gauges without labels | computed at each scrape, as an `f64` |
///
/// Other attributes, such as `#[cfg(...)]` and `#[allow(...)]`, stay on the static.
///
/// # What a declaration gives
///
/// A static of a type of the same name. Without labels it is used like the metric itself. With
/// labels it has `with(...)`, which takes a value for each label, `bind(...)`, which keeps a
/// handle to one series, and, for open labels, `remove(...)`, `clear()` and
/// `retain(|labels| ...)`.
///
/// # Expands to
///
/// A struct, a static of it, and in a `const` block the storage, its thread-local part and the
/// registration at link time.
#[macro_export]
macro_rules! metrics {
    ($($declarations:tt)*) => {
        $crate::__declare! { $crate $($declarations)* }
    };
}

#[doc(hidden)]
pub use metrics_macros::declare as __declare;

/// Makes an enum a label: its variants are the values.
///
/// A variant's value is its name in `snake_case`. `#[label(rename_all = "...")]` on the enum
/// takes `snake_case`, `kebab-case`, `camelCase`, `PascalCase`, `SCREAMING_SNAKE_CASE`,
/// `SCREAMING-KEBAB-CASE`, `lowercase` or `UPPERCASE`; `#[label(rename = "...")]` on a variant
/// names one value. `#[label(crate = path)]` names this crate where it goes by another path.
/// Variants may carry data, which the label leaves out.
///
/// ```
/// use metrics_core::Label;
///
/// #[derive(Label)]
/// #[label(rename_all = "kebab-case")]
/// enum Fault {
///     TimedOut,
///     #[label(rename = "io")]
///     Disk(std::io::Error),
/// }
///
/// assert_eq!(Fault::VALUES, Some(["timed-out", "io"].as_slice()));
/// # let _ = (Fault::TimedOut, |e| Fault::Disk(e));
/// ```
pub use metrics_macros::Label;

/// Makes a struct a set of labels: its fields are the labels.
///
/// `#[label(rename = "...")]` on a field and `#[label(rename_all = "...")]` on the struct name
/// the labels; `#[label(crate = path)]` names this crate where it goes by another path. See
/// [the trait](trait@crate::Labels) for an example.
pub use metrics_macros::Labels;

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
/// The outcomes are `ok`; `error` where the function returns a `Result`; `panic`; and
/// `cancelled` where it is `async` and its future is dropped before the end. Each that the
/// function can have is exposed from the start, at 0. A future that is never polled was no call.
/// Under `panic = "abort"` nobody is left to count a panic.
/// One known limit: where the function returns no `Result`, a panic that is raised and caught within
/// a destructor that itself runs because another panic unwinds counts as `ok`.
///
/// # Arguments
///
/// | argument | meaning |
/// |---|---|
/// | `name = "..."` | a family of its own instead of the common one |
/// | `help = "..."` | its help; with `name` only |
/// | `labels(key = expression)` | a label computed from the arguments when the call begins |
/// | `labels(key: Type = expression)` | the same; a closed type starts at 0 for every value |
/// | `fallible = true` or `false` | whether it returns a `Result`, where its type does not show it: an alias with generic arguments, a parameter of the `impl` block |
/// | `crate = path` | where this crate goes by another path |
///
/// Every series has the labels `function`, `module` and `outcome`.
///
/// # Expands to
///
/// ```text
/// fn divide(a: u32, b: u32) -> Result<u32, &'static str> {
///     // the family's member and its registration, then
///     let call = Counted::<Site>::enter(&());
///     run(call, move || { a.checked_div(b).ok_or("division by zero") }, |r| r.is_err())
/// }
/// ```
///
/// A function whose result need not be looked at keeps its body, with a guard before it; an
/// `async fn` has its body in a future that tells a drop from a panic.
pub use metrics_macros::counted;

/// Times the calls of a function by outcome, in the histogram `function_duration_seconds`.
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
/// The time of an `async fn` runs from the first poll to the end, waiting included. The series
/// of outcome `ok` is exposed from the start, those of others once they have occurred.
///
/// # Arguments
///
/// Those of [`counted`](macro@crate::counted), and
///
/// | argument | meaning |
/// |---|---|
/// | `buckets(0.1, 1.0)`, `linear(start, width, count)`, `exponential(start, factor, count)` | upper bounds in seconds; with `name` only |
pub use metrics_macros::timed;

/// Counts the calls of a function that are in progress, in the gauge
/// `function_calls_in_flight`.
///
/// A call counts from its beginning (an `async` one from the first poll) until it returns,
/// panics or is cancelled.
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
/// Those of [`counted`](macro@crate::counted). The series have the labels `function` and
/// `module`.
pub use metrics_macros::in_flight;

/// Registers a metric at link time.
#[doc(hidden)]
#[macro_export]
#[cfg(not(feature = "linkme"))]
macro_rules! __register {
    ($registration:expr) => {
        $crate::__private::inventory::submit! { $registration }
    };
}

/// Registers a metric at link time, both ways.
#[doc(hidden)]
#[macro_export]
#[cfg(feature = "linkme")]
macro_rules! __register {
    ($registration:expr) => {
        $crate::__private::inventory::submit! { $registration }
        #[$crate::__private::linkme::distributed_slice($crate::__private::REGISTRATIONS)]
        #[linkme(crate = $crate::__private::linkme)]
        static __REGISTRATION: $crate::__private::Registration = $registration;
    };
}
