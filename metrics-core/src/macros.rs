//! The macros, with their reference.

/// The macros as they are, or those that leave everything as it was.
#[cfg(not(metrics_off))]
use metrics_macros as chosen;
#[cfg(metrics_off)]
mod chosen {
    pub use metrics_macros::{
        off_counted as counted, off_declare as declare, off_in_flight as in_flight,
        off_timed as timed,
    };
}

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
/// | `#[utf8]` | all | names hold any character: [see below](#names) |
/// | `#[unit("bytes")]` | all but infos and state sets | the unit; the name ends in it |
/// | `#[buckets(0.1, 1.0)]`, `linear(start, width, count)`, `exponential(start, factor, count)` | histograms | upper bounds without `+Inf` |
/// | `#[buckets(native)]`, `#[buckets(native, 0.1, 1.0)]` | histograms | native buckets, alone or along with classic ones: see below |
/// | `#[quantiles(0.5, 0.99)]` | summaries | quantiles to estimate |
/// | `#[slo(latency = "250ms", objective = 99.9)]` | histograms in seconds | an [objective](crate::Objective): so many observations in a hundred are no longer; the time is one of the bounds |
/// | `#[max_series(100)]` | open labels | the cap on series, up to 1,048,576; that of the [registry](crate::Registry::max_series) unless it is there |
/// | `#[expire("1h")]` | open labels | series that have been idle for so long leave: [see below](#series-that-expire); they stay unless it is there |
/// | `#[exemplars]` | counters and histograms | exemplars from the spans that recordings are made in: [see below](#exemplars) |
/// | `#[computed(\|\| value)]` | counters and gauges without labels | computed at each scrape, as an `f64` |
///
/// Labels in a list have attributes, too, which hold for `with`, `bind` and `remove`:
///
/// | attribute | of | meaning |
/// |---|---|---|
/// | `#[name("type")]` | any label | the label's name, where it is another than the parameter's |
/// | `#[allow_only("GET", "POST")]` | any label | another value is recorded as `other`, or as `#[allow_only(..., else = "unknown")]` says. The label is closed: all its values start at 0 |
/// | `#[normalize(function)]` | any label | what the function makes of the value is recorded: `fn(&str) -> R` for a label of type `&str`, where `R` is a [`Label`](trait@crate::Label), such as `&str` or `Cow<str>`, and closed where that is. It comes before an allow-list |
///
/// ```
/// use metrics_core::metrics;
///
/// fn without_query(path: &str) -> &str {
///     path.split('?').next().unwrap_or(path)
/// }
///
/// metrics! {
///     /// Requests.
///     static REQUESTS: Counter<(
///         #[allow_only("GET", "POST")] method: &str,
///         #[normalize(without_query)] path: &str,
///     )> = "shop_requests_total";
/// }
///
/// REQUESTS.with("GET", "/cart?item=1").inc();
/// REQUESTS.with("BREW", "/cart").inc();
/// assert_eq!(REQUESTS.with("GET", "/cart").get(), 1);
/// assert_eq!(REQUESTS.with("other", "/cart").get(), 1);
/// ```
///
/// Other attributes, such as `#[cfg(...)]` and `#[allow(...)]`, stay on the static.
///
/// # Names
///
/// A name holds letters, digits and `_`, that of a metric `:` as well, and begins with a letter. A
/// declaration with `#[utf8]` has a name, a prefix and labels of any characters but control
/// characters; the rules for suffixes stay, and a leading `_` is reserved. Labels in a list get
/// their names by `#[name("...")]`, those of a struct by `#[label(rename = "...")]` with
/// `#[label(utf8)]` on the struct.
///
/// ```
/// use metrics_core::{gather, metrics};
///
/// metrics! {
///     /// Requests.
///     #[utf8]
///     static REQUESTS: Counter<(#[name("http.method")] method: &str)>
///         = "http.server.requests_total";
/// }
///
/// REQUESTS.with("GET").inc();
/// let families = gather();
/// let family = families.iter().find(|family| family.name == "http.server.requests_total");
/// let labels = &family.expect("it is declared").metrics[0].labels;
/// assert_eq!(labels, &[("http.method".to_owned(), "GET".to_owned())]);
/// ```
///
/// A scraper that takes such names, as Prometheus 3 does, reads
/// `{"http.server.requests_total","http.method"="GET"} 1`. For others they are
/// [escaped](crate::Escaping), at first with underscores:
/// `http_server_requests_total{http_method="GET"} 1`. Two metrics, or two labels of a metric,
/// that would get one name by any scheme clash, as `a.b` and `a_b` do:
/// [`Registry::check`](crate::Registry::check) and the server say so.
///
/// # Native histograms
///
/// A native histogram has buckets that each grow by the same factor over the whole range of
/// `f64`, and no bounds to choose; a bucket is there once something was observed in it. It is what
/// the [Prometheus native histograms
/// specification](https://prometheus.io/docs/specs/native_histograms/) describes; the text formats
/// show its count and sum, and of its buckets `+Inf` alone. `native` takes options, each of which
/// may be left out:
///
/// | option | meaning |
/// |---|---|
/// | `growth = 1.1` | the most that a bucket may be wider than the one before: the schema is the coarsest, from -4 to 8, that keeps to it; 1.1 gives schema 3, 8 buckets to each power of two |
/// | `zero_threshold = 1e-9` | how far from zero an observation counts in the zero bucket, in the metric's unit; 2<sup>-128</sup> unless it is there |
/// | `max_buckets = 160` | the most buckets of a series, the zero bucket aside, from 1 to 160. Where there would be more, neighbours are merged, and the schema is one less from then on; in schema -4 nothing more is merged |
/// | `max_zero_threshold = 1e-3` | before neighbours are merged, the zero bucket takes in the buckets next to it that lie below this value. 0 unless it is there: the zero bucket stays as it is |
/// | `negative` | takes negative observations, whose sum may go down; without it, and without a negative bound, they are rejected |
///
/// ```
/// use metrics_core::metrics;
///
/// metrics! {
///     /// Time to answer.
///     #[buckets(native)]
///     static ANSWER: Histogram = "api_answer_seconds";
///     /// Size of answers, for those who read native histograms and those who do not.
///     #[buckets(native(growth = 2, max_buckets = 40), exponential(256.0, 4.0, 8))]
///     static SIZE: Histogram = "api_answer_bytes";
/// }
///
/// ANSWER.observe(0.2);
/// SIZE.observe(700.0);
/// let state = SIZE.get();
/// assert_eq!(state.buckets[1], (1024.0, 1));
/// // Above 2^9 and up to 2^10.
/// assert_eq!(state.native.expect("it is declared so").positive, [(10, 1)]);
/// ```
///
/// # Objectives
///
/// What a histogram of times is held to is in its description, for dashboards and rules.
///
/// ```
/// metrics_core::metrics! {
///     /// Time until an order leaves the house.
///     #[buckets(60.0, 600.0, 3600.0)]
///     #[slo(latency = "600s", objective = 95)]
///     static DELIVERY: Histogram = "shop_delivery_seconds";
/// }
///
/// DELIVERY.observe(120.0);
/// ```
///
/// # Exemplars
///
/// An [exemplar](crate::Exemplar) leads from a counter or from a bucket of a histogram to an
/// example of what it has counted: a trace. Any counter and histogram can be given one by hand
/// ([`inc_by_with_exemplar`](crate::Counter::inc_by_with_exemplar),
/// [`observe_with_exemplar`](crate::Histogram::observe_with_exemplar)). Those with `#[exemplars]`
/// find them: labels `trace_id` and `span_id` from the current span of OpenTelemetry, where it is
/// sampled. That takes the feature `tracing` of metrics-core or metrics-http, and a subscriber
/// with the layer of `tracing-opentelemetry`; without the feature the attribute changes nothing,
/// so that a library may declare it and the program decide.
///
/// ```
/// use metrics_core::metrics;
///
/// metrics! {
///     /// Time to answer.
///     #[exemplars]
///     static ANSWER: Histogram<(route: &str)> = "api_route_answer_seconds";
/// }
///
/// ANSWER.with("/links").observe(0.2); // leads to the trace of the span that this runs in
/// ```
///
/// Between two expositions in a format that shows exemplars ([OpenMetrics](crate::Format)), the
/// first recording in each bucket of each series looks for a span; all others pay a look at a
/// word. Spans that are not sampled are passed over, 256 for each bucket, after which none is
/// looked for until the next exposition. Where a family has many series and buckets, some share a
/// turn: there are 64. An exemplar stays until another takes its place, or its series is gone.
/// Metrics that are added up because they share name and labels show none.
///
/// # What a declaration gives
///
/// A static of a type of the same name. Without labels it is used like the metric itself. With
/// labels it has `with(...)`, which takes a value for each label, `bind(...)`, which keeps a
/// handle to one series, and, for open labels, `remove(...)`, `clear()` and
/// `retain(|labels| ...)`.
///
/// # Series that expire
///
/// ```
/// use metrics_core::metrics;
///
/// metrics! {
///     /// Bytes sent.
///     #[expire("1h")]
///     static SENT: Counter<(peer: &str)> = "net_peer_sent_bytes_total";
/// }
///
/// SENT.with("10.0.0.1").inc_by(700);
/// ```
///
/// The span is a number with `ms`, `s`, `m`, `h` or `d`; take several times that between two
/// scrapes. A series is idle when an exposition finds the values that an earlier one found, the
/// span ago or longer; it is shown a last time, and is gone from the next one on, provided that
/// this one was written to its end. What counts as recording is
///
/// * for counters, histograms and summaries, what changes the value;
/// * for gauges and state sets each setting, to the same value, too;
/// * for an [`UpDownCounter`](crate::UpDownCounter) each step; it stays while it is not 0.
///
/// A series that a handle (`bind`) holds does not expire. Nor does anything while nobody scrapes:
/// what bounds memory then is `max_series`. [`gather`](crate::gather()) reads and lets nothing
/// go. Nothing expires from metrics that are added up because they share name and labels.
///
/// Nothing is lost when a recording comes at the same time. For a minute, and two scrapes, a
/// series that is recorded again goes on from where it stood. After that it is a new one, at
/// zero and with a new time of birth (`_created`), so that `rate()` sees a counter that starts
/// again. What somebody records later still through a `with` that was kept for all that time is
/// recorded as `overflow`.
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
pub use chosen::declare as __declare;

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
/// the labels; `#[label(utf8)]` on the struct lets them hold any character, for metrics with
/// `#[utf8]`; `#[label(crate = path)]` names this crate where it goes by another path. See
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
/// # What is recorded
///
/// How each call ends: `ok`; `error` where the function returns an error; `panic`; and
/// `cancelled` where it is async and its future is dropped before the end. Each outcome that the
/// function can have is exposed from the start, at 0. An async call begins with the first poll: a
/// future that is never polled was no call, and one that is leaked (`mem::forget`) has none of
/// the outcomes. Under `panic = "abort"` nobody is left to count a panic. One known limit: where
/// the result is not looked at, a panic that is raised and caught within a destructor that itself
/// runs because another panic unwinds counts as `ok`.
///
/// Every series has the labels `function`, `module` and `outcome`. A generic function is one
/// series for all its instances.
///
/// # Where it goes
///
/// On any function with a body that is not `const`: methods, functions of traits, `async`,
/// `unsafe`, `extern` and generic ones, and those that return `impl Future`,
/// `Pin<Box<dyn Future>>` or `BoxFuture`, which are async calls as well. On an `impl` block, a
/// trait or an inline module it applies to every such function in it; those of an `impl` are
/// called `Type::method`.
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
/// It goes with other attributes in any order. Only `#[track_caller]` is refused where the result
/// is looked at: it would show a caller inside this crate.
///
/// # Arguments
///
/// | argument | meaning |
/// |---|---|
/// | `name = "..."` | a family of its own instead of the common one |
/// | `help = "..."`, `unit = "..."` | its help and unit; with `name` only |
/// | `labels(...)` | see below |
/// | `ok_if = path or closure`, `error_if = ...` | what decides the outcome from `&result`, in place of `Result` |
/// | `err(kind)`, `err(kind: TheError)` | a label `kind` from the error of a `Result`, which derives [`Label`](trait@crate::Label); with its type, every value starts at 0 |
/// | `fallible = true` or `false` | whether it returns a `Result`, where its type does not show it: an alias with generic arguments, an associated type |
/// | `outcome = false` | no label `outcome`: one series for all calls |
/// | `exemplars` | exemplars from the spans that calls are made in: [as in declarations](macro@crate::metrics#exemplars). Of the call's own `#[instrument]`, if that stands below this attribute; above it, its span has ended before the call is recorded |
/// | `slo(success = 99.5)` | an objective: so many calls in a hundred end as `ok` |
/// | `docs` | the function's documentation gets a section with [queries for its metrics](#queries-in-the-documentation), to be copied |
/// | `skip` | in an annotated block: leave this function out |
/// | `crate = path` | where this crate goes by another path |
///
/// # Labels
///
/// | in `labels(...)` | meaning |
/// |---|---|
/// | `argument` | the argument's value, under its name |
/// | `self.field` | a field's value, under its name |
/// | `key = expression` | computed when the call begins (an async one: at the first poll), from arguments that the body may still move |
/// | `key: Type = expression` | the same for a closed type: every value starts at 0 |
/// | `on_return(key = \|result\| ..., key: Type = ...)` | computed from `&result`; empty after a panic or a cancellation |
///
/// A label without a type can take any text, and has a cap on its series
/// ([`DEFAULT_MAX_SERIES`](crate::DEFAULT_MAX_SERIES)). An argument alone has its own type, so
/// that one of a closed type starts at 0.
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
///     static SITE: Family = /* the family's member, and its registration */;
///     run::<Counted>(Called::plain(&SITE), move || { a.checked_div(b).ok_or("...") }, |r| r.is_err())
/// }
/// ```
///
/// A function whose result need not be looked at keeps its body, with a guard before it. An
/// `async fn` becomes a function that returns its body in a future, `impl Future`, as the
/// compiler itself would make of it, unless an attribute below this one might need to see the
/// `async`; documentation shows it as it was written.
///
/// # Queries in the documentation
///
/// With `docs` the documentation that rustdoc makes of the function ends in a section "Metrics",
/// with queries in Prometheus' language: here for calls by outcome and for the share that fails,
/// with [`timed(docs)`](macro@crate::timed) for quantiles and the average. On a block it does so for
/// all functions in it.
///
/// ```
/// use metrics_core::{counted, timed};
///
/// /// Finds what fits.
/// #[counted(docs)]
/// #[timed(docs)]
/// pub fn search(what: &str) -> Result<usize, String> {
///     Ok(what.len())
/// }
/// # search("shoes").unwrap();
/// ```
///
/// adds, for a module `shop::search`, among others
///
/// ```promql
/// sum by (outcome) (rate(function_calls_total{function="search",module="shop::search"}[5m]))
/// ```
///
/// # From other attributes
///
/// | `#[instrument]` of tracing | here |
/// |---|---|
/// | `name = "..."` | the function's name is a label; `name` is that of the family |
/// | `skip(...)`, `skip_all` | not needed: no argument is a label unless `labels(...)` names it |
/// | `fields(key = expression)` | `labels(key = expression)` |
/// | `fields(argument)` | `labels(argument)` |
/// | `err` | outcome `error`; what it was: `err(kind)` |
/// | `ret` | `labels(on_return(key = \|result\| ...))` |
/// | `level`, `target`, `parent`, `follows_from` | have no meaning for a number |
///
/// | `@Timed`, `@Counted` of Micrometer | here |
/// |---|---|
/// | `value` | `name` |
/// | `description` | `help` |
/// | `extraTags` | `labels(key = "value")` |
/// | `@MeterTag` | `labels(argument)` |
/// | `longTask = true` | [`in_flight`](macro@crate::in_flight) |
/// | `percentiles`, `histogram`, `serviceLevelObjectives` | `buckets(...)`; an objective on it: `slo(...)` |
/// | `recordFailuresOnly` | read the series with `outcome="error"` |
/// | tags `class`, `method`, `exception` | `module`, `function`, `err(kind)` |
pub use chosen::counted;

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
/// The time of an async call runs from the first poll to the end, waiting included. The series
/// of outcome `ok` is exposed from the start, those of others once they have occurred.
///
/// # Arguments
///
/// Those of [`counted`](macro@crate::counted), where their reference is, and
///
/// | argument | meaning |
/// |---|---|
/// | `buckets(0.1, 1.0)`, `linear(start, width, count)`, `exponential(start, factor, count)` | upper bounds in seconds; with `name` only |
/// | `buckets(native)`, `buckets(native(growth = 1.1), 0.1, 1.0)` | native buckets, alone or along with classic ones, [as in declarations](macro@crate::metrics#native-histograms); with `name` only |
/// | `sample = 1/16` | for hot functions: times one call in 16, picked at random; not scaled up, so its counts are no counts of calls ([`counted`](macro@crate::counted) has those). In the family `function_sampled_duration_seconds` with the label `sample`, or in one of its own, whose help says so |
/// | `busy` | async: beside the whole time, in `function_busy_seconds` that for which the future was polled; in a family of its own, `..._busy_seconds` |
/// | `slo(latency = "250ms", objective = 99.9)` | an objective: so many calls in a hundred take no longer; the time is one of the bounds |
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
/// What [`counted`](macro@crate::counted) does, with another recorder. Its table maps the
/// arguments of tracing's and Micrometer's attributes.
pub use chosen::timed;

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
/// `name`, `help`, `unit`, `labels(...)` without `on_return`, `skip` and `crate`, as
/// [`counted`](macro@crate::counted) explains them. The series have the labels `function` and
/// `module`.
///
/// # Expands to
///
/// What [`counted`](macro@crate::counted) does, with another recorder.
pub use chosen::in_flight;

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
