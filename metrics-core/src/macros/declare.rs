//! `metrics!`, which declares metrics.

use super::enabled;

/// Declares metrics as statics, which are registered and exposed without further code.
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
/// A declaration consists of documentation, attributes, visibility, `static`, an identifier, a type
/// and, after `=`, the metric's name. The documentation is the help text and is required; it may be
/// composed by a macro, as in `#[doc = concat!("Requests to ", "the API.")]`. A block
/// may begin with `prefix = "app";`. Then the name may be omitted: it is composed of the prefix,
/// the identifier in lower case, the unit, and the suffix that the type requires (`_total`,
/// `_info`). Names and units are string literals, also those of a `macro_rules!` fragment, or a
/// `concat!` of literals.
///
/// Types: [`Counter`](crate::Counter), [`FloatCounter`](crate::FloatCounter),
/// [`Gauge`](crate::Gauge), [`FloatGauge`](crate::FloatGauge),
/// [`UpDownCounter`](crate::UpDownCounter), [`Histogram`](crate::Histogram),
/// [`Summary`](crate::Summary), [`StateSet`](crate::StateSet)`<States>`, [`Info`](crate::Info).
/// The type's parameter in angle brackets declares the labels: a list of up to 12, such as
/// `(cache: Cache, host: &str)`, or a struct that derives [`Labels`](trait@crate::Labels).
///
/// A label is *closed* if its type lists all values, as an enum that derives
/// [`Label`](trait@crate::Label) does, and *open* otherwise. If all labels are closed, every
/// combination of values is exposed from the start, with the value 0. With an open label, a series
/// is created when its labels are first used. An info has no series before its first `set`.
///
/// The series of a label `plan: Option<Plan>` or `user: Option<&str>` do not have the label for
/// `None`. `Some("")` is the same, because Prometheus takes an empty label for an absent one. For a
/// label of type `String` or `Option<String>`, the methods take a `&str` or an `Option<&str>`.
///
/// # Attributes
///
/// | attribute | for | meaning |
/// |---|---|---|
/// | `#[existing_name]` | counters, gauges | keeps a name that breaks the naming rules: [see below](#names) |
/// | `#[utf8]` | all | names may contain any characters except control characters: [see below](#names) |
/// | `#[unit("bytes")]` | all except infos and state sets | the unit; the name must end with it, before `_total` |
/// | `#[buckets(0.1, 1.0)]`, `linear(start, width, count)`, `exponential(start, factor, count)` | histograms | upper bounds without `+Inf` |
/// | `#[buckets(native)]`, `#[buckets(native, 0.1, 1.0)]` | histograms | native buckets, alone or with classic ones: [see below](#native-histograms) |
/// | `#[quantiles(0.5, 0.99)]` | summaries | quantiles to estimate |
/// | `#[slo(latency = "250ms", objective = 99.9)]` | histograms in seconds | an [objective](crate::Objective): 99.9 % of the observations are at most 250 ms; the latency must be one of the bounds |
/// | `#[max_series(100)]` | open labels | the cardinality limit, up to 1,048,576 series; the default is the [registry's](crate::Registry::max_series). Recordings beyond it go to an overflow series: closed labels keep their values, open labels are `overflow` |
/// | `#[expire("1h")]` | open labels | series that have been idle for this time are removed: [see below](#series-that-expire); the default is never |
/// | `#[exemplars]` | counters and histograms | exemplars are taken from the current span: [see below](#exemplars) |
/// | `#[absent_until_set]` | `Gauge`, `FloatGauge` | there is no sample before the first recording: [see below](#gauges-without-a-value) |
/// | `#[computed(\|\| value)]` | counters and gauges without labels | each scrape calls the closure, which returns an `f64` |
///
/// Labels in a list have attributes as well, which apply to `with`, `bind`, `remove` and an info's
/// `set`:
///
/// | attribute | for | meaning |
/// |---|---|---|
/// | `#[name("type")]` | any label | the label's name, if it differs from the parameter's |
/// | `#[allow_only("GET", "POST")]` | any label | all other values are recorded as `other`, or as the value given by `#[allow_only(..., else = "unknown")]`. The label is absent for the `None` of an `Option`. It is a closed label: if the others are closed too, the series of all its values start at 0 |
/// | `#[cfg(condition)]` | any label | the metric has the label, and its methods have the parameter, if the condition holds; up to four different conditions in a list |
/// | `#[label(display)]` | a type that implements [`Display`](std::fmt::Display), or an `Option` of one | the formatted value is the label, which is open: see [`Labels`](derive@crate::Labels) |
/// | `#[normalize(function)]` | any label | the function's result is recorded: `fn(&str) -> R` for a label of type `&str`, where `R` is a [`Label`](trait@crate::Label), such as `&str` or `Cow<str>`. The label is closed if `R` is. An allow-list applies to the result |
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
/// Other attributes, such as `#[allow(...)]`, are kept on the static; `#[cfg(...)]` applies to the
/// whole declaration.
///
/// # Gauges without a value
///
/// A gauge starts at 0. Where 0 would be wrong, such as for the time of the last success of a job that
/// has just started, `#[absent_until_set]` leaves out the sample, and that of each series, until the
/// first recording:
///
/// ```
/// use metrics_core::{Format, encode_to_string, metrics};
///
/// metrics! {
///     /// Time of the last successful import.
///     #[absent_until_set]
///     static SUCCEEDED: FloatGauge = "import_last_success_timestamp_seconds";
/// }
///
/// let has_sample = || {
///     let text = encode_to_string(Format::Text);
///     text.lines().any(|line| line.starts_with("import_last_success"))
/// };
/// assert!(!has_sample());
/// SUCCEEDED.set_to_current_time();
/// assert!(has_sample());
/// SUCCEEDED.unset();
/// assert!(!has_sample());
/// ```
///
/// [`unset`](crate::FloatGauge::unset) removes the sample again. `get` returns 0 for a gauge
/// without a value, and `add` starts from 0. For a family without samples, the text formats expose
/// only its metadata, such as the help, and protobuf exposes nothing. A `Gauge` stores `i64::MIN`
/// as `i64::MIN + 1`, because one value is reserved; both are exposed as the same `f64`.
///
/// # Names
///
/// A name consists of ASCII letters, digits and `_` and begins with a letter; in a metric's name `:`
/// counts as a letter. With `#[utf8]`, the metric's name, the prefix and label names may contain any
/// characters except control characters; the rules for suffixes still apply, and a leading `_` is
/// reserved. `#[name("...")]` names a label in a list. In a struct, `#[label(rename = "...")]` does,
/// with `#[label(utf8)]` on the struct.
///
/// A counter's name ends in `_total`; other names have none of the suffixes that the formats use.
/// With `#[existing_name]`, a counter or a gauge may have any suffix, and the labels `le` and
/// `quantile`, for names that dashboards and alerts use already. OpenMetrics, which has no counters
/// without `_total`, exposes such a counter as `unknown`:
///
/// ```
/// use metrics_core::metrics;
///
/// metrics! {
///     /// Connections open.
///     #[existing_name]
///     static OPEN: Gauge<(quantile: &str)> = "pg_stat_activity_count";
/// }
///
/// OPEN.with("all").set(3);
/// ```
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
/// A scraper that accepts such names, such as Prometheus 3, reads
/// `{"http.server.requests_total","http.method"="GET"} 1`. For other scrapers the names are
/// [escaped](crate::Escaping), by default with underscores:
/// `http_server_requests_total{http_method="GET"} 1`. Two metrics, or two labels of a metric, clash if
/// any escaping scheme gives both the same name, as for `a.b` and `a_b`:
/// [`Registry::check`](crate::Registry::check) and the server report it.
///
/// # Native histograms
///
/// The buckets of a native histogram grow by a constant factor over the whole range of `f64`, so no
/// bounds have to be chosen. A bucket exists once something was observed in it. See the
/// [Prometheus specification of native
/// histograms](https://prometheus.io/docs/specs/native_histograms/). Only the protobuf format
/// contains native buckets; the text formats contain count, sum, the classic buckets if there are
/// any, and the bucket `+Inf`. `native` takes these options:
///
/// | option | meaning |
/// |---|---|
/// | `growth = 1.1` | the largest ratio between the widths of neighbouring buckets. It selects the coarsest schema, from -4 to 8, that satisfies it; 1.1 selects schema 3, with 8 buckets for each power of two |
/// | `zero_threshold = 1e-9` | observations at most this far from zero are counted in the zero bucket, in the metric's unit; the default is 2<sup>-128</sup> |
/// | `max_buckets = 160` | the limit on the buckets of a series, without the zero bucket, from 1 to 160. Beyond it, neighbouring buckets are merged, and the schema decreases by one; schema -4 is not reduced further |
/// | `max_zero_threshold = 1e-3` | before neighbouring buckets are merged, the zero bucket absorbs the buckets next to it that are below this value. The default is 0: the zero bucket does not grow |
/// | `reset_after = "24h"` | the time after which a series whose buckets were merged is reset: see below. `"never"` for no reset |
/// | `negative` | accepts negative observations, so the sum may decrease; without it, and without a negative bound, they are rejected |
///
/// A series whose buckets were merged, or whose zero bucket was widened, does not become finer by
/// itself. Once the time `reset_after` has passed since a scrape or push first contained such
/// buckets, the series is *reset*: an exposition contains all observations for the last time, and
/// the next one begins at zero, in the declared resolution and with a new created timestamp. Count,
/// sum and classic buckets begin at zero, too. Prometheus treats that as a counter reset, as it
/// does with its own clients. Each observation counts in one of the two periods. A scraper that has
/// not received that exposition, such as a second one, misses what it had not read before, as with
/// a restart of the program. Histograms that are summed because they have the same name and labels
/// are not reset.
///
/// ```
/// use metrics_core::metrics;
///
/// metrics! {
///     /// Time to answer.
///     #[buckets(native)]
///     static ANSWER: Histogram = "api_answer_seconds";
///     /// Size of answers, for readers of native and of classic histograms.
///     #[buckets(native(growth = 2, max_buckets = 40), exponential(256.0, 4.0, 8))]
///     static SIZE: Histogram = "api_answer_bytes";
/// }
///
/// ANSWER.observe(0.2);
/// SIZE.observe(700.0);
/// let snapshot = SIZE.get();
/// assert_eq!(snapshot.buckets[1], (1024.0, 1));
/// // Above 2^9 and up to 2^10.
/// assert_eq!(snapshot.native.expect("it is native").positive, [(10, 1)]);
/// ```
///
/// # Objectives
///
/// `#[slo(...)]` adds a service level objective to a histogram's description. The generated
/// dashboards and alerting rules use it.
///
/// ```
/// metrics_core::metrics! {
///     /// Time until an order is dispatched.
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
/// An [exemplar](crate::Exemplar) leads from a counter, or from a bucket of a histogram, to a trace of
/// an event that the counter or bucket has counted. The program can set one on any counter or histogram
/// ([`inc_by_with_exemplar`](crate::Counter::inc_by_with_exemplar),
/// [`observe_with_exemplar`](crate::Histogram::observe_with_exemplar)). A metric with `#[exemplars]`
/// takes them from the current OpenTelemetry span, if it is sampled, with the labels `trace_id` and
/// `span_id`. This needs the feature `tracing` of metrics-core or metrics-http and, for spans of
/// `tracing`, a subscriber with the layer of `tracing-opentelemetry`. Without the feature the attribute
/// has no effect, so that a library can declare it and the program decides.
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
/// ANSWER.with("/links").observe(0.2); // its exemplar is the current trace
/// ```
///
/// Between two expositions in a format with exemplars ([OpenMetrics or protobuf](crate::Format)), the
/// first recording in each bucket of each series looks at the current span; later ones test one bit.
/// If the span is not sampled, the next recording looks again, up to 256 times for a bucket until
/// the next exposition. A family has 64 of these bits, so the buckets of a large one share them. An
/// exemplar stays until another replaces it or its series is removed. Metrics that are summed because
/// they have the same name and labels have no exemplars.
///
/// # Using a declaration
///
/// A declaration defines a static and its type, which has the same name. Without labels, the static
/// is used like the metric itself. With labels it has the methods `with(...)`, which takes the label
/// values and is meant for one recording, `bind(...)`, which returns a metric with a
/// [handle](crate::Handle) to one series, and, for open labels, `remove(...)`, `clear()` and
/// `retain(|labels| ...)`. An info has `set(...)` and `get()` instead.
///
/// A gauge or state set with labels also has `replace(...)`, which replaces all series at once. A
/// scrape, in whatever format, exposes either all earlier series or all new ones:
///
/// ```
/// use metrics_core::metrics;
///
/// metrics! {
///     /// Jobs that wait.
///     static WAITING: Gauge<(queue: &str)> = "jobs_waiting";
/// }
///
/// let queues = [("mail", 3), ("print", 0)];
/// WAITING.replace(|set| {
///     for (queue, jobs) in queues {
///         set(queue, jobs);
///     }
/// });
/// ```
///
/// A series with labels that existed before stays the same series; handles to it remain valid. A
/// recording through a handle to a series that has left is not exposed, as after `remove`. If
/// labels are set twice, the last value counts. Beyond the cardinality limit, values go to the
/// overflow series. If all labels are closed, no series can leave, and those that are not set
/// become 0, or lose their value if the gauge has `#[absent_until_set]`. The closure runs before
/// the replacement, without a lock, so it may record, even into this metric.
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
/// The time is a number with the unit `us`, `ms`, `s`, `m`, `h` or `d`. It should be several times the
/// scrape interval. A series is idle if an exposition reads the same values as one that was at least
/// this time earlier. The idle series appears in this exposition and is removed after it, once the
/// exposition is delivered: a scrape when its body has been written to its end, a remote write or a
/// push when the server has accepted it, a textfile when it is in place, and a call such as
/// [`encode`](crate::encode()) when it returns. Remote write then sends a stale marker.
///
/// If there are several recipients, such as two scrapers, or a scraper and remote write, the series
/// stays until each of them has its last value. A recipient that has not been delivered anything for
/// 5 minutes is not waited for; one whose last three deliveries are further apart, for three times
/// that interval, at most a day. Scrapers are told apart by address, query and the headers
/// `User-Agent`, `Accept` and `X-Prometheus-Scrape-Timeout-Seconds`. A series is not idle after
///
/// * any recording that changes the value, for counters, histograms and summaries;
/// * any recording, also a `set` to the same value, but not `get`, for gauges and state sets;
/// * any increment or decrement, for an [`UpDownCounter`](crate::UpDownCounter), which does not
///   expire while it is not 0.
///
/// A series does not expire while a handle (`bind`) to it exists. Nothing expires while nothing is
/// delivered; then `max_series` bounds the memory. [`gather`](crate::gather()) removes no series.
/// Metrics that are summed because they have the same name and labels do not expire; the catalogue's
/// lint reports them.
///
/// A recording that is concurrent with the removal is not lost. A series that is recorded again
/// before a minute and two scrapes have passed continues with its old value. Later, a new series
/// starts at zero with a new created timestamp (`_created`), so that `rate()` sees a counter reset. A
/// recording through the result of a `with` that is older than that goes to the overflow series, as
/// if the limit on series were reached.
///
/// A recording through the result of a `with` that is older than a `remove`, `clear` or `retain` of
/// the series is not exposed. If the series of the metric expire, and another series uses the
/// storage of the removed one now, the recording goes to the overflow series.
///
/// In that minute an expired series takes memory, but does not count towards `max_series`. As many
/// series can expire in it as `max_series` allows, or 32,768 counters or 1,424 histograms with the
/// default buckets if that is more. Beyond that, idle series stay until the minute of others has
/// passed.
///
/// # Expands to
///
/// A struct, a static of this type, and a `const` block with the storage, its thread-local part and
/// the link-time registration.
#[macro_export]
macro_rules! metrics {
    ($($declarations:tt)*) => {
        $crate::__declare! { $crate $($declarations)* }
    };
}

#[doc(hidden)]
pub use enabled::declare as __declare;
