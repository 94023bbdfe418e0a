//! [`Recorded`]: queries and assertions on what a test recorded.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use super::{
    changes::{Amount, Change, Changes, SeriesName},
    nearest::nearest,
};
use crate::{
    describe::kind::Kind,
    metric::{
        family::FamilyRef,
        histogram_snapshot::HistogramSnapshot,
        outcome_rows::{OutcomeLabel, Possible},
    },
    registry::Registry,
    storage::{layout::Layout, scalar},
};

/// What a closure, or the polls of a future, recorded on the thread that ran them, and the result
/// of the closure or future; see [`recorded`](super::recorded).
///
/// A query takes the name of a family (`_seconds`, not `_seconds_count`) and any subset of its
/// labels, and returns the sum over all matching series. Labels that are not given may have any
/// value; an empty value, `("outcome", "")`, also matches series without the label. The sum is 0 if
/// nothing was recorded.
///
/// `Debug` and `Display` list all changes, one per line; a failed assertion prints the same list.
///
/// ```
/// use metrics_core::{metrics, testing};
///
/// metrics! {
///     /// Jobs done.
///     static DONE: Counter<(queue: &str, urgent: bool)> = "queried_jobs_total";
/// }
///
/// let recorded = testing::recorded(|| {
///     DONE.with("mail", true).inc();
///     DONE.with("mail", false).inc();
///     DONE.with("print", true).inc();
/// });
/// assert_eq!(recorded.counter("queried_jobs_total", &[("queue", "mail"), ("urgent", "true")]), 1);
/// assert_eq!(recorded.counter("queried_jobs_total", &[("queue", "mail")]), 2);
/// assert_eq!(recorded.counter("queried_jobs_total", &[]), 3);
/// assert_eq!(recorded.counter("queried_jobs_total", &[("queue", "fax")]), 0);
/// ```
///
/// # Panics
///
/// A query panics if the registry has no metric of this name, if the metric has another type, if it
/// has no such label, if a closed label has no such value, or if a label is given twice. The message
/// has the known values, similar names, or the query for the type. Without the panic, a test with a
/// misspelt name would compare with 0 and prove nothing.
#[must_use = "it only contains what was recorded"]
pub struct Recorded<T = ()> {
    /// The result of the closure or future.
    pub returned: T,
    changes: Vec<Change>,
    known: Vec<KnownMetric>,
}

/// The name, type and labels of a metric in the registry, against which queries are checked.
struct KnownMetric {
    name: String,
    query: Query,
    /// All values of each label if they are known at compile time; otherwise `None`.
    labels: BTreeMap<String, Option<BTreeSet<String>>>,
}

/// The query that fits the type of a metric.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Query {
    Counter,
    FloatCounter,
    UpDown,
    Observations,
    /// No query fits, because all threads share the value.
    Shared(Kind),
}

impl<T> Recorded<T> {
    pub(super) fn new(returned: T, changes: Changes, registry: &Registry) -> Self {
        let known = |family: &FamilyRef| KnownMetric::new(family, registry);
        Recorded {
            returned,
            changes: changes.sorted(),
            known: registry.metrics().iter().map(known).collect(),
        }
    }

    /// One change for each series that was recorded into, sorted by name and labels.
    ///
    /// ```
    /// use metrics_core::{Counter, Options, Registry, testing};
    ///
    /// let registry = Registry::new();
    /// let jobs: Counter = registry.create(Options::new("jobs_total", "Jobs done."))?;
    /// let recorded = testing::recorded_in(&registry, || jobs.inc());
    /// assert!(recorded.changes().all(|change| change.name() == "jobs_total"));
    /// # Ok::<(), metrics_core::Error>(())
    /// ```
    pub fn changes(&self) -> impl ExactSizeIterator<Item = &Change> {
        self.changes.iter()
    }

    /// The increase of a [`Counter`](crate::Counter), or the number of calls of `#[counted]`
    /// functions.
    ///
    /// # Panics
    ///
    /// If there is [no such metric or label](Recorded#panics).
    ///
    /// ```
    /// use metrics_core::{counted, testing};
    ///
    /// #[counted]
    /// fn parse(number: &str) -> Result<u32, std::num::ParseIntError> {
    ///     number.parse()
    /// }
    ///
    /// let recorded = testing::recorded(|| parse("seven"));
    /// let errors = [("function", "parse"), ("outcome", "error")];
    /// assert_eq!(recorded.counter("function_calls_total", &errors), 1);
    /// ```
    #[track_caller]
    pub fn counter(&self, name: &str, labels: &[(&str, &str)]) -> u64 {
        match self.total(Query::Counter, name, labels) {
            Some(Amount::Counter(n)) => n,
            _ => 0,
        }
    }

    /// The increase of a [`FloatCounter`](crate::FloatCounter).
    ///
    /// # Panics
    ///
    /// If there is [no such metric or label](Recorded#panics).
    ///
    /// ```
    /// use metrics_core::{metrics, testing};
    ///
    /// metrics! {
    ///     /// Time spent waiting for the disk.
    ///     static WAITED: FloatCounter = "queried_disk_wait_seconds_total";
    /// }
    ///
    /// let recorded = testing::recorded(|| WAITED.inc_by(0.25));
    /// assert_eq!(recorded.float_counter("queried_disk_wait_seconds_total", &[]), 0.25);
    /// ```
    #[track_caller]
    pub fn float_counter(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        match self.total(Query::FloatCounter, name, labels) {
            Some(Amount::FloatCounter(n)) => n,
            _ => 0.0,
        }
    }

    /// The change of an [`UpDownCounter`](crate::UpDownCounter): increments less decrements.
    ///
    /// The metric of `#[in_flight]` is an up-down counter, too.
    ///
    /// # Panics
    ///
    /// If there is [no such metric or label](Recorded#panics).
    ///
    /// ```
    /// use metrics_core::{metrics, testing};
    ///
    /// metrics! {
    ///     /// Connections open.
    ///     static OPEN: UpDownCounter = "queried_connections";
    /// }
    ///
    /// let recorded = testing::recorded(|| {
    ///     OPEN.add(2);
    ///     OPEN.dec();
    /// });
    /// assert_eq!(recorded.up_down("queried_connections", &[]), 1);
    /// ```
    #[track_caller]
    pub fn up_down(&self, name: &str, labels: &[(&str, &str)]) -> i64 {
        match self.total(Query::UpDown, name, labels) {
            Some(Amount::UpDown { up, down }) => scalar::difference(up, down),
            _ => 0,
        }
    }

    /// The observations of a [`Histogram`](crate::Histogram), a [`Summary`](crate::Summary) or a
    /// `#[timed]` function: count, sum and buckets.
    ///
    /// The buckets are empty for a summary, and if nothing was observed.
    ///
    /// # Panics
    ///
    /// If there is [no such metric or label](Recorded#panics).
    ///
    /// ```
    /// use metrics_core::{metrics, testing};
    ///
    /// metrics! {
    ///     /// Size of the pages stored.
    ///     #[buckets(256.0, 1024.0)]
    ///     static PAGE: Histogram = "queried_page_bytes";
    /// }
    ///
    /// let recorded = testing::recorded(|| PAGE.observe(700.0));
    /// let pages = recorded.observations("queried_page_bytes", &[]);
    /// assert_eq!((pages.count, pages.sum), (1, 700.0));
    /// assert_eq!(pages.buckets, [(256.0, 0), (1024.0, 1), (f64::INFINITY, 0)]);
    /// ```
    #[track_caller]
    pub fn observations(&self, name: &str, labels: &[(&str, &str)]) -> HistogramSnapshot {
        match self.total(Query::Observations, name, labels) {
            Some(Amount::Observations(observations)) => observations,
            _ => HistogramSnapshot::default(),
        }
    }

    /// Asserts the increase of a counter; see [`counter`](Self::counter).
    ///
    /// # Panics
    ///
    /// If the increase differs, with a list of everything that was recorded, or if there is
    /// [no such metric or label](Recorded#panics).
    ///
    /// ```should_panic
    /// use metrics_core::{metrics, testing};
    ///
    /// metrics! {
    ///     /// Jobs done.
    ///     static DONE: Counter = "asserted_jobs_total";
    /// }
    ///
    /// let recorded = testing::recorded(|| DONE.inc());
    /// recorded.assert_counter("asserted_jobs_total", &[], 2);
    /// ```
    #[track_caller]
    pub fn assert_counter(&self, name: &str, labels: &[(&str, &str)], expected: u64) {
        let recorded = self.counter(name, labels);
        self.compare(name, labels, &recorded, &expected);
    }

    /// Asserts the increase of a float counter; see [`float_counter`](Self::float_counter).
    ///
    /// # Panics
    ///
    /// Like [`assert_counter`](Self::assert_counter).
    ///
    /// ```
    /// use metrics_core::{metrics, testing};
    ///
    /// metrics! {
    ///     /// Time spent waiting for the disk.
    ///     static WAITED: FloatCounter = "asserted_disk_wait_seconds_total";
    /// }
    ///
    /// let recorded = testing::recorded(|| WAITED.inc_by(0.25));
    /// recorded.assert_float_counter("asserted_disk_wait_seconds_total", &[], 0.25);
    /// ```
    #[track_caller]
    pub fn assert_float_counter(&self, name: &str, labels: &[(&str, &str)], expected: f64) {
        let recorded = self.float_counter(name, labels);
        self.compare(name, labels, &recorded, &expected);
    }

    /// Asserts the change of an up-down counter; see [`up_down`](Self::up_down).
    ///
    /// # Panics
    ///
    /// Like [`assert_counter`](Self::assert_counter).
    ///
    /// ```
    /// use metrics_core::{metrics, testing};
    ///
    /// metrics! {
    ///     /// Connections open.
    ///     static OPEN: UpDownCounter = "asserted_connections";
    /// }
    ///
    /// let recorded = testing::recorded(|| drop(OPEN.guard()));
    /// recorded.assert_up_down("asserted_connections", &[], 0);
    /// ```
    #[track_caller]
    pub fn assert_up_down(&self, name: &str, labels: &[(&str, &str)], expected: i64) {
        let recorded = self.up_down(name, labels);
        self.compare(name, labels, &recorded, &expected);
    }

    /// Asserts the number of observations of a histogram or a summary; see
    /// [`observations`](Self::observations).
    ///
    /// # Panics
    ///
    /// Like [`assert_counter`](Self::assert_counter).
    ///
    /// ```
    /// use metrics_core::{testing, timed};
    ///
    /// #[timed]
    /// fn answer() {}
    ///
    /// let recorded = testing::recorded(answer);
    /// recorded.assert_observations("function_duration_seconds", &[("function", "answer")], 1);
    /// ```
    #[track_caller]
    pub fn assert_observations(&self, name: &str, labels: &[(&str, &str)], expected: u64) {
        let recorded = self.observations(name, labels).count;
        self.compare(name, labels, &recorded, &expected);
    }

    /// Asserts that nothing was recorded.
    ///
    /// # Panics
    ///
    /// If anything was recorded; the message lists it.
    ///
    /// ```
    /// use metrics_core::testing;
    ///
    /// testing::recorded(|| 6 * 7).assert_nothing();
    /// ```
    #[track_caller]
    pub fn assert_nothing(&self) {
        assert!(self.changes.is_empty(), "{self}");
    }

    #[track_caller]
    fn compare<N: PartialEq + fmt::Display>(
        &self,
        name: &str,
        labels: &[(&str, &str)],
        recorded: &N,
        expected: &N,
    ) {
        assert!(
            recorded == expected,
            "`{}`: expected {expected}, recorded {recorded}\n{self}",
            SeriesName(name, labels),
        );
    }

    /// The sum of the changes of all series of the metric `name` that have the labels `labels`.
    #[track_caller]
    fn total(&self, query: Query, name: &str, labels: &[(&str, &str)]) -> Option<Amount> {
        if let Some(error) = self.query_error(query, name, labels) {
            panic!("{error}");
        }
        let mut matching = self
            .changes
            .iter()
            .filter(|change| Query::of(change.layout()) == Some(query))
            .filter(|change| change.matches(name, labels));
        let first = matching.next()?.clone();
        Some(matching.fold(first, Change::plus).amount())
    }

    /// The error message for a query that cannot be answered; `None` if it can.
    fn query_error(&self, query: Query, name: &str, labels: &[(&str, &str)]) -> Option<String> {
        let members: Vec<&KnownMetric> = self
            .known
            .iter()
            .filter(|known| known.name == name)
            .collect();
        if members.is_empty() {
            let names = self.known.iter().map(|known| known.name.as_str());
            let suggestions = suggestions(name, names);
            return Some(format!(
                "there is no metric `{name}` here{suggestions}\n{self}"
            ));
        }
        if members.iter().all(|known| known.query != query) {
            return Some(format!("`{name}` is {}", members[0].query));
        }
        labels.iter().enumerate().find_map(|(at, (label, value))| {
            if labels[..at].iter().any(|(earlier, _)| earlier == label) {
                return Some(format!(
                    "the label `{label}` of `{name}` is given twice; remove one"
                ));
            }
            let known = || members.iter().flat_map(|known| known.labels.keys());
            if !known().any(|known| known == label) {
                let suggestions = suggestions(label, known().map(String::as_str));
                return Some(format!(
                    "`{name}` has no label `{label}`{suggestions}\n{self}"
                ));
            }
            let values = closed_values(&members, label)?;
            if values.contains(*value) {
                return None;
            }
            let suggestions = if values.len() > MAX_LISTED_VALUES {
                suggestions(value, values.into_iter())
            } else {
                let values: Vec<_> = values.into_iter().collect();
                format!("; it has `{}`", values.join("`, `"))
            };
            Some(format!(
                "the label `{label}` of `{name}` never has the value `{value}`{suggestions}\n{self}"
            ))
        })
    }
}

impl Query {
    /// The query for metrics of this layout; `None` if all threads share their values.
    fn of(layout: Layout) -> Option<Self> {
        Some(match layout {
            Layout::Empty
            | Layout::Int
            | Layout::Float
            | Layout::OptionalInt
            | Layout::OptionalFloat => return None,
            Layout::Count => Query::Counter,
            Layout::FloatCount => Query::FloatCounter,
            Layout::UpDown => Query::UpDown,
            Layout::Histogram { .. } => Query::Observations,
        })
    }
}

impl KnownMetric {
    fn new(family: &FamilyRef, registry: &Registry) -> Self {
        let (desc, settings) = (family.desc(), registry.settings());
        let mut labels: BTreeMap<String, Option<BTreeSet<String>>> = BTreeMap::new();
        let owned = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect();
        for (at, name) in desc.label_names().enumerate() {
            let values = family.closed_values(at).map(owned);
            labels.insert(name.to_owned(), values);
        }
        for result in family.rows().result_labels() {
            // Adds the empty value, because a label that is computed from a result is empty after a
            // panic.
            let values = result.values.map(|values| {
                let mut values: BTreeSet<String> = owned(values);
                values.insert(String::new());
                values
            });
            labels.insert(result.name.to_owned(), values);
        }
        for (name, value) in &*desc.const_labels {
            labels.insert(name.to_string(), Some(owned(&[value])));
        }
        for (name, value) in &settings.const_labels {
            labels.insert(name.clone(), Some(owned(&[value])));
        }
        if family.rows().outcome_label() != OutcomeLabel::Omitted {
            // Accepts queries for all outcomes, because an assertion that there was no error is
            // also true for a function that cannot fail.
            let all = OutcomeLabel::Present {
                error: Possible::Yes,
                cancelled: Possible::Yes,
            };
            labels.insert("outcome".to_owned(), Some(owned(all.values())));
        }
        KnownMetric {
            name: format!("{}{}", settings.prefix, desc.name()),
            query: Query::of(family.layout()).unwrap_or(Query::Shared(desc.kind())),
            labels,
        }
    }
}

/// All values that a label has in metrics of one name; `None` if one of the metrics does not know
/// them at compile time.
fn closed_values<'k>(members: &[&'k KnownMetric], label: &str) -> Option<BTreeSet<&'k str>> {
    let mut all = BTreeSet::new();
    for member in members {
        match member.labels.get(label) {
            // A metric without the label matches a query for the empty value.
            None => _ = all.insert(""),
            Some(values) => all.extend(values.as_ref()?.iter().map(String::as_str)),
        }
    }
    Some(all)
}

/// If a label has more values, a message suggests similar ones instead of listing all.
const MAX_LISTED_VALUES: usize = 12;

/// The end of a message about an unknown name: suggestions, if there are any.
fn suggestions<'n>(name: &str, names: impl Iterator<Item = &'n str>) -> String {
    match nearest(name, names)[..] {
        [] => String::new(),
        ref names => format!("; there is `{}`", names.join("`, `")),
    }
}

impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Query::Counter => f.write_str("a counter; use `counter`"),
            Query::FloatCounter => f.write_str("a float counter; use `float_counter`"),
            Query::UpDown => f.write_str("an up-down counter; use `up_down`"),
            Query::Observations => f.write_str("a histogram or a summary; use `observations`"),
            Query::Shared(kind) => write!(
                f,
                "a {kind}, whose value all threads share, so changes cannot be attributed to a \
                 thread; read it with `get`, in a registry that only the test uses"
            ),
        }
    }
}

/// Lists all changes, one per line.
impl<T> fmt::Display for Recorded<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.changes.is_empty() {
            return f.write_str("this thread has recorded nothing");
        }
        f.write_str("this thread has recorded:")?;
        for change in &self.changes {
            write!(f, "\n  {change}")?;
        }
        Ok(())
    }
}

impl<T> fmt::Debug for Recorded<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
