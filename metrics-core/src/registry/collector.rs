//! Values computed at scrape time.

use std::{
    collections::{BTreeMap, HashSet},
    fmt,
};

use crate::{
    describe::{desc::Desc, escaping, kind::Kind, name, name::ValidationScheme},
    metric::{histogram::HistogramSnapshot, summary::SummarySnapshot},
    registry::{
        Settings,
        collected::{Collected, CollectedValue, Row, Written},
    },
    sample::{created::YEAR_10000, label_text},
};

/// Computes values when a scrape asks for them: what another part of the program, a library or
/// the operating system already counts.
///
/// Collectors run on a thread of the registry's, `metrics-collect`, one after the other, before
/// an exposition begins. One that panics, or does not answer within
/// [`Registry::collector_timeout`](crate::Registry::collector_timeout), costs its own families
/// only; the rest is served, and `metrics_collector_errors_total` counts it. A collector is not
/// asked again while it has not answered yet, nor by a scrape that it makes itself, which has the
/// families of all others. It may do with its registry whatever it likes.
///
/// ```
/// use std::sync::Arc;
/// use metrics_core::{Collection, Collector, Desc, Format, Kind, Registry};
///
/// static OPEN: [Desc; 1] = [Desc::new(Kind::Gauge, "pool_connections", "Connections open.")];
///
/// struct Pool;
///
/// impl Collector for Pool {
///     fn descs(&self) -> &[Desc] {
///         &OPEN
///     }
///
///     fn collect(&self, out: &mut Collection<'_>) {
///         out.gauge(&OPEN[0], &[("pool", "main")], 3.0);
///     }
/// }
///
/// let registry = Registry::new();
/// registry.register(Arc::new(Pool))?;
/// assert!(registry.encode_to_string(Format::Text).contains("pool_connections{pool=\"main\"} 3"));
/// # Ok::<(), metrics_core::Error>(())
/// ```
pub trait Collector: Send + Sync + 'static {
    /// The families it may write, so that clashes are found before the first scrape. Asked for
    /// once, when the collector is registered.
    fn descs(&self) -> &[Desc];

    /// Writes the values. Families that were not described, values that their type forbids and
    /// series written twice are left out and counted in `metrics_rejected_total`.
    fn collect(&self, out: &mut Collection<'_>);
}

/// Takes the values of a [`Collector`].
///
/// Each series is written with one call: the description of its family, its labels, its value. A
/// value that its type forbids is left out and counted in `metrics_rejected_total`; so is one
/// whose family was not described or is of another type, whose labels have wrong names, or whose
/// series is there already.
///
/// ```
/// use std::sync::Arc;
/// use metrics_core::{
///     Collection, Collector, Desc, Format, HistogramSnapshot, Kind, Registry, SummarySnapshot,
/// };
///
/// static DESCS: [Desc; 4] = [
///     Desc::new(Kind::Counter, "db_queries_total", "Queries."),
///     Desc::new(Kind::Histogram, "db_query_seconds", "Time of queries.").unit("seconds"),
///     Desc::new(Kind::Summary, "db_row_bytes", "Size of rows.").unit("bytes"),
///     Desc::new(Kind::StateSet, "db_state", "What it does."),
/// ];
///
/// struct Database;
///
/// impl Collector for Database {
///     fn descs(&self) -> &[Desc] {
///         &DESCS
///     }
///
///     fn collect(&self, out: &mut Collection<'_>) {
///         let [queries, seconds, rows, state] = &DESCS;
///         let labels = [("db", "main")];
///         // 8 since the database was started.
///         out.counter(queries, &labels, 8.0).created(1_700_000_000.0);
///         let buckets = [(0.1, 5), (1.0, 2), (f64::INFINITY, 1)];
///         out.histogram(seconds, &labels, HistogramSnapshot::from_buckets(buckets, 9.5));
///         out.summary(rows, &labels, SummarySnapshot::new([(0.5, 120.0)], 8, 1024.0));
///         out.state_set(state, &labels, &[("idle", false), ("busy", true)]);
///     }
/// }
///
/// let registry = Registry::new();
/// registry.register(Arc::new(Database))?;
/// let text = registry.encode_to_string(Format::Text);
/// for line in [
///     r#"db_queries_total{db="main"} 8"#,
///     r#"db_query_seconds_bucket{db="main",le="1"} 7"#,
///     r#"db_row_bytes{db="main",quantile="0.5"} 120"#,
///     r#"db_state{db="main",db_state="busy"} 1"#,
/// ] {
///     assert!(text.contains(line), "{text}");
/// }
/// # Ok::<(), metrics_core::Error>(())
/// ```
pub struct Collection<'a> {
    descs: &'a [Desc],
    settings: &'a Settings,
    families: Vec<Written>,
    /// The series of each family, with their labels in the order of their names.
    known: Vec<HashSet<String>>,
    undescribed: BTreeMap<String, u64>,
}

impl fmt::Debug for Collection<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Collection")
            .field("families", &self.families)
            .finish_non_exhaustive()
    }
}

impl<'a> Collection<'a> {
    pub(crate) fn new(descs: &'a [Desc], settings: &'a Settings) -> Self {
        Collection {
            descs,
            settings,
            families: descs.iter().map(|_| Written::default()).collect(),
            known: vec![HashSet::new(); descs.len()],
            undescribed: BTreeMap::new(),
        }
    }

    /// What was written.
    pub(crate) fn finish(self) -> Collected {
        Collected {
            families: self.families,
            undescribed: self.undescribed.into_iter().collect(),
        }
    }

    /// Writes a counter's value: not negative, not NaN, not infinite.
    pub fn counter(
        &mut self,
        desc: &Desc,
        labels: &[(&str, &str)],
        value: f64,
    ) -> CollectedSeries<'_> {
        self.write(desc, labels, Kind::Counter, CollectedValue::counter(value))
    }

    /// Writes a gauge's value; any number is one.
    pub fn gauge(&mut self, desc: &Desc, labels: &[(&str, &str)], value: f64) {
        self.write(
            desc,
            labels,
            Kind::Gauge,
            Some(CollectedValue::Gauge(value)),
        );
    }

    /// Writes a value of which nothing else is known; any number is one.
    pub fn unknown(&mut self, desc: &Desc, labels: &[(&str, &str)], value: f64) {
        self.write(
            desc,
            labels,
            Kind::Unknown,
            Some(CollectedValue::Gauge(value)),
        );
    }

    /// Writes a histogram's state, of classic buckets, native ones or both; see
    /// [`HistogramSnapshot::from_buckets`] and [`HistogramSnapshot::from_native`].
    ///
    /// Bounds ascend; they are finite, apart from the last one, and 255 at most. The counts of all
    /// buckets add up to `count`; what `count` has beyond them lies above the last bound, if that
    /// is finite. The sum is finite, and negative only if a bound is, or if there are negative
    /// native buckets. Native buckets have indices that ascend and lie within the range of floats,
    /// and the same count.
    pub fn histogram(
        &mut self,
        desc: &Desc,
        labels: &[(&str, &str)],
        value: HistogramSnapshot,
    ) -> CollectedSeries<'_> {
        self.write(
            desc,
            labels,
            Kind::Histogram,
            CollectedValue::histogram(value),
        )
    }

    /// Writes a gauge histogram's state: how what there is at the moment is spread over buckets.
    ///
    /// The rules are those of a [histogram](Self::histogram), but for a negative sum, which needs
    /// a negative bound.
    ///
    /// ```
    /// use metrics_core::{Collection, Desc, HistogramSnapshot, Kind};
    ///
    /// const AGES: Desc = Desc::new(Kind::GaugeHistogram, "queue_age_seconds", "Age of jobs.");
    ///
    /// fn write(out: &mut Collection<'_>, young: u64, old: u64, sum: f64) {
    ///     let buckets = [(60.0, young), (f64::INFINITY, old)];
    ///     out.gauge_histogram(&AGES, &[], HistogramSnapshot::from_buckets(buckets, sum));
    /// }
    /// ```
    pub fn gauge_histogram(
        &mut self,
        desc: &Desc,
        labels: &[(&str, &str)],
        value: HistogramSnapshot,
    ) {
        let value = CollectedValue::gauge_histogram(value);
        self.write(desc, labels, Kind::GaugeHistogram, value);
    }

    /// Writes a summary's state.
    ///
    /// Quantiles ascend from 0 to 1 and are 255 at most. Their values and the sum are finite and
    /// not negative; a value may be NaN, where nothing was observed.
    pub fn summary(
        &mut self,
        desc: &Desc,
        labels: &[(&str, &str)],
        value: SummarySnapshot,
    ) -> CollectedSeries<'_> {
        self.write(desc, labels, Kind::Summary, CollectedValue::summary(value))
    }

    /// Writes the facts of an info.
    pub fn info(&mut self, desc: &Desc, labels: &[(&str, &str)]) {
        self.write(desc, labels, Kind::Info, Some(CollectedValue::Info));
    }

    /// Writes all states of a state set, and whether each is active; none has an empty name, and
    /// no two have the same.
    pub fn state_set(&mut self, desc: &Desc, labels: &[(&str, &str)], states: &[(&str, bool)]) {
        self.write(
            desc,
            labels,
            Kind::StateSet,
            CollectedValue::state_set(states),
        );
    }

    fn write(
        &mut self,
        desc: &Desc,
        labels: &[(&str, &str)],
        kind: Kind,
        value: Option<CollectedValue>,
    ) -> CollectedSeries<'_> {
        let Some(at) = self.descs.iter().position(|known| known.name == desc.name) else {
            *self.undescribed.entry(desc.name().to_owned()).or_default() += 1;
            return CollectedSeries(None);
        };
        let family = &mut self.families[at];
        let value = value.filter(|_| {
            self.descs[at].kind == kind && names_fit(self.settings, &self.descs[at], labels)
        });
        // The order of its labels does not make another series.
        let mut sorted = labels.to_vec();
        sorted.sort_unstable();
        if let Some(value) = value
            && self.known[at].insert(rendered(&sorted))
        {
            family.series.push(Row {
                labels: rendered(labels),
                created: 0.0,
                value,
            });
            return CollectedSeries(Some(family));
        }
        family.rejected += 1;
        CollectedSeries(None)
    }
}

fn names_fit(settings: &Settings, desc: &Desc, labels: &[(&str, &str)]) -> bool {
    // A state set names its states in a label of its own name.
    let of_states = |name: &str| {
        let own = name.strip_prefix(settings.prefix.as_str());
        desc.kind == Kind::StateSet && own == Some(desc.name())
    };
    let differ = |a, b| escaping::common_name(a, b).is_none();
    let scheme = if desc.has_legacy_labels() {
        ValidationScheme::Legacy
    } else {
        ValidationScheme::Utf8
    };
    labels.iter().enumerate().all(|(at, (name, _))| {
        let (mut earlier, mut common) = (labels[..at].iter(), settings.labels.iter());
        name::check_label(name, desc.kind, scheme).is_ok()
            && earlier.all(|(earlier, _)| differ(earlier, name))
            && common.all(|(common, _)| differ(common, name))
            && !of_states(name)
    })
}

fn rendered(labels: &[(&str, &str)]) -> String {
    let mut rendered = String::new();
    label_text::push_pairs(&mut rendered, labels);
    rendered
}

/// A series that a [`Collector`] has just written, and whose birth it may know.
pub struct CollectedSeries<'c>(Option<&'c mut Written>);

impl CollectedSeries<'_> {
    /// Says since when the series counts, as Unix time in seconds, for formats that have a place
    /// for it; see [`Registry::write_created`](crate::Registry::write_created).
    ///
    /// A time before 1970 or beyond the year 9999 is left out and counted in
    /// `metrics_rejected_total`; the series stays.
    ///
    /// ```
    /// use metrics_core::{Collection, Desc, Kind};
    ///
    /// const SENT: Desc = Desc::new(Kind::Counter, "net_sent_bytes_total", "Bytes sent.");
    ///
    /// fn write(out: &mut Collection<'_>, bytes: f64, since: f64) {
    ///     out.counter(&SENT, &[("device", "eth0")], bytes).created(since);
    /// }
    /// ```
    pub fn created(self, unix_seconds: f64) {
        let Some(family) = self.0 else {
            return;
        };
        match family.series.last_mut() {
            Some(row) if (0.0..YEAR_10000).contains(&unix_seconds) => row.created = unix_seconds,
            _ => family.rejected += 1,
        }
    }
}

impl fmt::Debug for CollectedSeries<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CollectedSeries")
            .field(&self.0.is_some())
            .finish()
    }
}

/// A declared metric without labels whose value is computed at scrape time.
///
/// ```
/// use std::sync::Mutex;
/// use metrics_core::metrics;
///
/// static QUEUE: Mutex<Vec<u32>> = Mutex::new(Vec::new());
///
/// metrics! {
///     /// Jobs that wait.
///     #[computed(|| QUEUE.lock().map_or(0, |queue| queue.len()) as f64)]
///     static WAITING: Gauge = "queue_jobs";
/// }
///
/// assert_eq!(WAITING.get(), 0.0);
/// ```
#[derive(Debug)]
pub struct Computed {
    desc: [Desc; 1],
    value: fn() -> f64,
}

impl Computed {
    #[doc(hidden)]
    pub const fn new(desc: Desc, value: fn() -> f64) -> Self {
        Computed {
            desc: [desc],
            value,
        }
    }

    /// The value now.
    pub fn get(&self) -> f64 {
        (self.value)()
    }
}

impl Collector for Computed {
    fn descs(&self) -> &[Desc] {
        &self.desc
    }

    fn collect(&self, out: &mut Collection<'_>) {
        let [desc] = &self.desc;
        match desc.kind {
            Kind::Counter => _ = out.counter(desc, &[], self.get()),
            _ => out.gauge(desc, &[], self.get()),
        }
    }
}
