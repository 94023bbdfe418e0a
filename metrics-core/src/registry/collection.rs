//! [`Collection`]: receives and validates the series of a collector.

use std::{
    collections::{BTreeMap, HashSet},
    fmt,
};

use crate::{
    describe::{desc::Desc, escaping, kind::Kind, name},
    metric::{histogram_snapshot::HistogramSnapshot, summary::SummarySnapshot},
    registry::{
        collected::{Collected, CollectedFamily, CollectedValue, SeriesValue},
        settings::Settings,
    },
    sample::{created::YEAR_10000, label_text},
    series::recipients::ExpositionStart,
};

/// Receives the series of a [`Collector`](crate::Collector) during one scrape.
///
/// One call writes one series, given the description of its family, its labels and its value. A
/// series is rejected, and counted in `metrics_rejected_total`, if
/// - its value is not valid for the type,
/// - its family was not in [`Collector::descs`](crate::Collector::descs), was left out because of a
///   clash, or has another type,
/// - a label name is invalid, or is, as written or escaped, also the name of another label of the
///   series, such as a const label of the registry,
/// - a series of the family with the same labels, as written or escaped, was written before, by this
///   collector or one that was registered earlier.
///
/// ```
/// use std::sync::Arc;
/// use metrics_core::{
///     Collection, Collector, Desc, Format, HistogramSnapshot, Kind, Registry, SummarySnapshot,
/// };
///
/// static DESCS: [Desc; 4] = [
///     Desc::new(Kind::Counter, "db_queries_total", "Queries."),
///     Desc::new(Kind::Histogram, "db_query_seconds", "Duration of queries.").unit("seconds"),
///     Desc::new(Kind::Summary, "db_row_bytes", "Size of rows.").unit("bytes"),
///     Desc::new(Kind::StateSet, "db_state", "State of the database."),
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
///         // 8 queries since the database was started.
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
    exposition: ExpositionStart,
    families: Vec<CollectedFamily>,
    /// For each family, texts that identify the label sets of the series written so far.
    label_sets: Vec<HashSet<String>>,
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
    pub(crate) fn new(
        descs: &'a [Desc],
        settings: &'a Settings,
        exposition: ExpositionStart,
    ) -> Self {
        Collection {
            descs,
            settings,
            exposition,
            families: descs.iter().map(|_| CollectedFamily::default()).collect(),
            label_sets: vec![HashSet::new(); descs.len()],
            undescribed: BTreeMap::new(),
        }
    }

    /// The start of the exposition that the series are written for.
    pub(crate) fn exposition(&self) -> ExpositionStart {
        self.exposition
    }

    /// Everything that was written.
    pub(crate) fn finish(self) -> Collected {
        Collected {
            families: self.families,
            undescribed: self.undescribed.into_iter().collect(),
        }
    }

    /// Writes a counter. The value must be finite and not negative.
    pub fn counter(
        &mut self,
        desc: &Desc,
        labels: &[(&str, &str)],
        value: f64,
    ) -> CollectedSeries<'_> {
        self.write(desc, labels, Kind::Counter, CollectedValue::counter(value))
    }

    /// Writes a gauge. Any value is valid.
    pub fn gauge(
        &mut self,
        desc: &Desc,
        labels: &[(&str, &str)],
        value: f64,
    ) -> CollectedSeries<'_> {
        let value = CollectedValue::gauge(value);
        self.write(desc, labels, Kind::Gauge, Some(value))
    }

    /// Writes a series of unknown type. Any value is valid.
    pub fn unknown(
        &mut self,
        desc: &Desc,
        labels: &[(&str, &str)],
        value: f64,
    ) -> CollectedSeries<'_> {
        let value = CollectedValue::gauge(value);
        self.write(desc, labels, Kind::Unknown, Some(value))
    }

    /// Writes a histogram with classic buckets, native buckets or both; see
    /// [`HistogramSnapshot::from_buckets`] and [`HistogramSnapshot::from_native`].
    ///
    /// Valid if
    /// - the bounds ascend, at most 255 are finite, and only the last one may be `+Inf`,
    /// - the bucket counts add up to at most `count`; the rest is above the last bound, which is
    ///   finite then,
    /// - the sum is finite, and negative only if a bound or a native bucket is,
    /// - the indices of native buckets ascend, are in the range of `f64`, and have counts that add
    ///   up to `count`.
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

    /// Writes a gauge histogram: the current distribution of values, whose counts can go down.
    ///
    /// The rules of [`histogram`](Self::histogram) apply, except that the sum may be negative only
    /// if a classic bound is.
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
    ) -> CollectedSeries<'_> {
        let value = CollectedValue::gauge_histogram(value);
        self.write(desc, labels, Kind::GaugeHistogram, value)
    }

    /// Writes a summary.
    ///
    /// Valid if there are at most 255 quantiles, ascending between 0 and 1, and their values and
    /// the sum are finite and not negative. The value of a quantile may also be NaN, which means
    /// that there were no recent observations.
    pub fn summary(
        &mut self,
        desc: &Desc,
        labels: &[(&str, &str)],
        value: SummarySnapshot,
    ) -> CollectedSeries<'_> {
        self.write(desc, labels, Kind::Summary, CollectedValue::summary(value))
    }

    /// Writes an info metric; its information is in the labels.
    pub fn info(&mut self, desc: &Desc, labels: &[(&str, &str)]) -> CollectedSeries<'_> {
        self.write(desc, labels, Kind::Info, Some(CollectedValue::Info))
    }

    /// Writes a state set: the name of each state, and whether it is active.
    ///
    /// Valid if there is at least one state, and the names are not empty and differ.
    pub fn state_set(
        &mut self,
        desc: &Desc,
        labels: &[(&str, &str)],
        states: &[(&str, bool)],
    ) -> CollectedSeries<'_> {
        let value = CollectedValue::state_set(states);
        self.write(desc, labels, Kind::StateSet, value)
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
            return CollectedSeries { family: None, kind };
        };
        let family = &mut self.families[at];
        let value = value.filter(|_| {
            self.descs[at].kind == kind && are_names_valid(self.settings, &self.descs[at], labels)
        });
        if let Some(value) = value
            && is_new(&mut self.label_sets[at], &self.descs[at], labels)
        {
            family.series.push(SeriesValue {
                labels: rendered(labels),
                created: 0.0,
                timestamp: None,
                value,
            });
            return CollectedSeries {
                family: Some(family),
                kind,
            };
        }
        family.rejected += 1;
        CollectedSeries { family: None, kind }
    }
}

/// Whether the label names are valid and neither equal nor escaped to the same name as another
/// label of the series.
fn are_names_valid(settings: &Settings, desc: &Desc, labels: &[(&str, &str)]) -> bool {
    // A state set is exposed with an additional label that has the name of the metric, so no other
    // label may have it.
    let state_label = match desc.kind {
        Kind::StateSet => Some(format!("{}{}", settings.prefix, desc.name())),
        _ => None,
    };
    let differ = |a, b| escaping::common_name(a, b).is_none();
    labels.iter().enumerate().all(|(at, (name, _))| {
        let (mut earlier, mut const_labels) = (labels[..at].iter(), settings.const_labels.iter());
        name::check_label(name, desc.kind, desc.label_scheme).is_ok()
            && earlier.all(|(earlier, _)| differ(earlier, name))
            && const_labels.all(|(label, _)| differ(label, name))
            && state_label.as_ref().is_none_or(|label| differ(label, name))
    })
}

/// Inserts the labels of a series into `label_sets`; returns false if an earlier series has the
/// same labels, in any order or under any escaping scheme.
fn is_new(label_sets: &mut HashSet<String>, desc: &Desc, labels: &[(&str, &str)]) -> bool {
    if desc.has_legacy_labels() {
        let mut sorted = labels.to_vec();
        sorted.sort_unstable();
        return label_sets.insert(rendered(&sorted));
    }
    let identities = label_text::identities(&rendered(labels));
    let is_new = identities.iter().all(|text| !label_sets.contains(text));
    if is_new {
        label_sets.extend(identities);
    }
    is_new
}

fn rendered(labels: &[(&str, &str)]) -> String {
    let mut rendered = String::new();
    label_text::push_pairs(&mut rendered, labels);
    rendered
}

/// A series that a [`Collector`](crate::Collector) has just written, to add its created timestamp or
/// the timestamp of its samples.
pub struct CollectedSeries<'c> {
    /// The family of the series; `None` if the series was rejected.
    family: Option<&'c mut CollectedFamily>,
    kind: Kind,
}

impl CollectedSeries<'_> {
    /// Sets the created timestamp of the series: Unix time in seconds.
    ///
    /// Exposed in formats that have it; see
    /// [`Registry::write_created`](crate::Registry::write_created). A timestamp before 1970 or
    /// after the year 9999, and one of a type other than counter, histogram and summary, is left
    /// out and counted in `metrics_rejected_total`; the series stays.
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
    #[expect(
        clippy::return_self_not_must_use,
        reason = "the series is written already"
    )]
    pub fn created(mut self, unix_seconds: f64) -> Self {
        let is_valid = self.kind.has_created() && (0.0..YEAR_10000).contains(&unix_seconds);
        self.change(is_valid, |series| series.created = unix_seconds);
        self
    }

    /// Sets the timestamp of the series' samples: Unix time in seconds, exposed in milliseconds.
    ///
    /// For values that another system has measured, at a time other than that of the scrape.
    /// Usually samples have no timestamp, and get the time of the scrape. A timestamp that is not
    /// after 1970 or is after the year 9999 is left out and counted in `metrics_rejected_total`; the
    /// series stays.
    ///
    /// All formats contain the timestamps; a Pushgateway and the textfile collector refuse them, so
    /// pushes to a gateway and textfiles leave them out. Prometheus uses them unless `honor_timestamps`
    /// is false. It refuses a sample that is older than the newest one of its series, or than about
    /// an hour, and does not end the series when it disappears from a scrape: queries find the last
    /// value for five minutes. Remote write sends only samples that are newer than the last one that it
    /// has sent of the series.
    ///
    /// ```
    /// use metrics_core::{Collection, Desc, Kind};
    ///
    /// const TEMPERATURE: Desc = Desc::new(Kind::Gauge, "sensor_celsius", "Temperature.");
    ///
    /// fn write(out: &mut Collection<'_>, celsius: f64, measured_at: f64) {
    ///     out.gauge(&TEMPERATURE, &[("room", "lab")], celsius).timestamp(measured_at);
    /// }
    /// ```
    #[expect(
        clippy::return_self_not_must_use,
        reason = "the series is written already"
    )]
    pub fn timestamp(mut self, unix_seconds: f64) -> Self {
        let millis = (unix_seconds * 1e3).round();
        let is_valid = (1.0..YEAR_10000 * 1e3).contains(&millis);
        self.change(is_valid, |series| series.timestamp = Some(millis as i64));
        self
    }

    /// Calls `change` with the series, or counts a rejected value unless `is_valid`.
    fn change(&mut self, is_valid: bool, change: impl FnOnce(&mut SeriesValue)) {
        let Some(family) = &mut self.family else {
            return;
        };
        match family.series.last_mut() {
            Some(series) if is_valid => change(series),
            _ => family.rejected += 1,
        }
    }
}

impl fmt::Debug for CollectedSeries<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CollectedSeries")
            .field("is_rejected", &self.family.is_none())
            .finish_non_exhaustive()
    }
}
