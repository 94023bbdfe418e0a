//! [`Options`]: name, help and settings of a dynamic metric.

use std::{borrow::Cow, sync::Arc, time::Duration};

use crate::{
    describe::{
        buckets, buckets::DURATION_BUCKETS, desc::Desc, error::Error, kind::Kind, name,
        name::ValidationScheme, subject::Subject,
    },
    metric::{dynamic::metric_type::DynamicMetric, family::Family, histogram},
    storage::{native, native::NativeConfig},
};

/// Name, help and settings of a dynamic metric.
///
/// [`Registry::create`](crate::Registry::create),
/// [`create_family`](crate::Registry::create_family) and
/// [`get_or_create_family`](crate::Registry::get_or_create_family) take them. They return an
/// [`Error`] for the first invalid setting, with the location of the call to [`new`](Self::new).
///
/// ```
/// use metrics_core::{Histogram, Options, Registry};
///
/// let registry = Registry::new();
/// let sizes = registry.create::<Histogram>(
///     Options::new("body_bytes", "Size of bodies.").unit("bytes").buckets([1e3, 1e6]),
/// )?;
/// sizes.observe(10.0);
/// assert_eq!(sizes.get().count, 1);
/// # Ok::<(), metrics_core::Error>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "pass it to `Registry::create`"]
pub struct Options {
    pub(crate) desc: Desc,
    bounds: Option<Vec<f64>>,
    native: Option<f64>,
    native_reset: Option<Duration>,
    scheme: ValidationScheme,
    max_series: Option<usize>,
    expire: Option<Duration>,
    exemplars: bool,
    absent_until_set: bool,
}

impl Options {
    /// Options for a metric with this name and help text.
    #[track_caller]
    pub fn new(name: impl Into<String>, help: impl Into<String>) -> Self {
        // The name `a` is a placeholder, because `Desc::new` panics on invalid names. `create` and
        // `create_family` check the real name, because they know the kind.
        let mut desc = Desc::new(Kind::Unknown, "a", "").declared_here();
        desc.name = Cow::Owned(name.into());
        desc.help = Cow::Owned(help.into());
        Options {
            desc,
            bounds: None,
            native: None,
            native_reset: None,
            scheme: ValidationScheme::LegacyAtRunTime,
            max_series: None,
            expire: None,
            exemplars: false,
            absent_until_set: false,
        }
    }

    /// Allows any characters except control characters in the metric's name and label names.
    ///
    /// The rules for suffixes still apply, and a leading `_` is reserved.
    /// A scraper that does not accept such names gets escaped ones: see
    /// [`Escaping`](crate::Escaping).
    ///
    /// ```
    /// use metrics_core::{Counter, Options, Registry};
    ///
    /// let registry = Registry::new();
    /// let requests = registry.create_family::<Counter>(
    ///     Options::new("http.server.requests_total", "Requests.").labels(["http.method"]).utf8(),
    /// )?;
    /// requests.with(&["GET"]).inc();
    /// # Ok::<(), metrics_core::Error>(())
    /// ```
    pub fn utf8(mut self) -> Self {
        self.scheme = ValidationScheme::Utf8;
        self
    }

    /// Keeps a name that exists already although it breaks the naming rules.
    ///
    /// A counter or a gauge may then have any suffix, such as `kube_pod_created` or a counter
    /// without `_total`, and the labels `le` and `quantile`; other types keep their rules.
    /// OpenMetrics, which has no counters without `_total`, exposes such a counter as `unknown`.
    /// Replaces [`utf8`](Self::utf8).
    ///
    /// ```
    /// use metrics_core::{Counter, Format, Options, Registry};
    ///
    /// let registry = Registry::new();
    /// let options = Options::new("sql_select_count", "Queries.").existing_name();
    /// registry.create::<Counter>(options)?.inc();
    /// let text = registry.encode_to_string(Format::OpenMetrics);
    /// assert!(text.contains("# TYPE sql_select_count unknown\n"));
    /// assert!(text.contains("\nsql_select_count 1\n"));
    /// # Ok::<(), metrics_core::Error>(())
    /// ```
    pub fn existing_name(mut self) -> Self {
        self.scheme = ValidationScheme::Existing;
        self
    }

    /// Sets the unit, which consists of ASCII letters, digits and `_`.
    ///
    /// The name must end in `_` and the unit, or for a counter in `_`, the unit and `_total`.
    pub fn unit(mut self, unit: impl Into<String>) -> Self {
        self.desc.unit = Cow::Owned(unit.into());
        self
    }

    /// Sets the label names.
    pub fn labels<L: Into<String>>(mut self, labels: impl IntoIterator<Item = L>) -> Self {
        self.desc.set_labels(labels.into_iter().map(Into::into));
        self
    }

    /// Sets a histogram's upper bounds, ascending and without `+Inf`.
    ///
    /// The default is [`DURATION_BUCKETS`], or no classic buckets for a [native](Self::native)
    /// histogram.
    pub fn buckets(mut self, bounds: impl Into<Vec<f64>>) -> Self {
        self.bounds = Some(bounds.into());
        self
    }

    /// Makes a histogram native; each bucket is at most `growth` times as wide as the previous one.
    ///
    /// A growth of 1.1 gives schema 3. With [`buckets`](Self::buckets) the histogram has classic
    /// buckets as well. The other options of native histograms have their defaults; see
    /// [`metrics!`](macro@crate::metrics#native-histograms).
    ///
    /// ```
    /// use metrics_core::{Histogram, Options, Registry};
    ///
    /// let registry = Registry::new();
    /// let sizes = registry.create::<Histogram>(
    ///     Options::new("body_bytes", "Size of bodies.").unit("bytes").native(1.1),
    /// )?;
    /// sizes.observe(1024.0);
    /// let native = sizes.get().native.expect("it was asked for");
    /// assert_eq!((native.schema, native.positive), (3, vec![(80, 1)]));
    /// # Ok::<(), metrics_core::Error>(())
    /// ```
    pub fn native(mut self, growth: f64) -> Self {
        self.native = Some(growth);
        self
    }

    /// Sets the time after which a native histogram whose buckets were merged is reset, so that it
    /// regains its resolution; the default is 24 hours, [`Duration::ZERO`] is never.
    ///
    /// See [`metrics!`](macro@crate::metrics#native-histograms).
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use metrics_core::{Histogram, Options, Registry};
    ///
    /// let registry = Registry::new();
    /// let options = Options::new("body_bytes", "Size of bodies.").native(1.1);
    /// let sizes: Histogram = registry.create(options.native_reset(Duration::from_hours(1)))?;
    /// sizes.observe(1024.0);
    /// # Ok::<(), metrics_core::Error>(())
    /// ```
    pub fn native_reset(mut self, after: Duration) -> Self {
        self.native_reset = Some(after);
        self
    }

    /// Sets a summary's quantiles; the default is none.
    pub fn quantiles(self, quantiles: impl Into<Vec<f64>>) -> Self {
        self.buckets(quantiles)
    }

    /// Sets the cardinality limit, up to 1,048,576 series.
    ///
    /// Recordings beyond it go to the overflow series. The default is the registry's
    /// [`max_series`](crate::Registry::max_series).
    pub fn max_series(mut self, max: usize) -> Self {
        self.max_series = Some(max);
        self
    }

    /// Removes series that have been idle for this time; the default is never.
    ///
    /// See `#[expire(...)]` of [`metrics!`](crate::metrics#series-that-expire). A series does not
    /// expire while a metric returned by [`DynamicFamily::bind`](crate::DynamicFamily::bind) exists
    /// for it.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use metrics_core::{Counter, Options, Registry};
    ///
    /// let registry = Registry::new();
    /// let jobs = registry.create_family::<Counter>(
    ///     Options::new("jobs_total", "Jobs done.")
    ///         .labels(["queue"])
    ///         .expire(Duration::from_hours(1)),
    /// )?;
    /// jobs.with(&["mail"]).inc();
    /// # Ok::<(), metrics_core::Error>(())
    /// ```
    pub fn expire(mut self, after: Duration) -> Self {
        self.expire = Some(after);
        self
    }

    /// Takes exemplars of a counter or a histogram from the current OpenTelemetry span, with the
    /// feature `tracing`; see [`metrics!`](crate::metrics#exemplars).
    ///
    /// ```
    /// use metrics_core::{Histogram, Options, Registry};
    ///
    /// let registry = Registry::new();
    /// let answers = registry.create::<Histogram>(
    ///     Options::new("answer_seconds", "Time to answer.").unit("seconds").exemplars(),
    /// )?;
    /// answers.observe(0.2); // within a sampled span, this has an exemplar
    /// # Ok::<(), metrics_core::Error>(())
    /// ```
    pub fn exemplars(mut self) -> Self {
        self.exemplars = true;
        self
    }

    /// Exposes no sample of a [`Gauge`](crate::Gauge) or a [`FloatGauge`](crate::FloatGauge)
    /// before its first recording.
    ///
    /// See `#[absent_until_set]` of [`metrics!`](crate::metrics#gauges-without-a-value).
    ///
    /// ```
    /// use metrics_core::{FloatGauge, Format, Options, Registry};
    ///
    /// let registry = Registry::new();
    /// let options = Options::new("backup_last_success_timestamp_seconds", "Last success.");
    /// let succeeded = registry.create::<FloatGauge>(options.absent_until_set())?;
    /// let has_sample = |text: String| text.lines().any(|line| line.starts_with("backup_"));
    /// assert!(!has_sample(registry.encode_to_string(Format::Text)));
    /// succeeded.set_to_current_time();
    /// assert!(has_sample(registry.encode_to_string(Format::Text)));
    /// # Ok::<(), metrics_core::Error>(())
    /// ```
    pub fn absent_until_set(mut self) -> Self {
        self.absent_until_set = true;
        self
    }

    /// Sets what the metric is about; for the self-metrics of metrics-http.
    #[doc(hidden)]
    pub fn about(mut self, subject: Subject) -> Self {
        self.desc = self.desc.about(subject);
        self
    }

    /// The family that these options describe, for the metric type `M`.
    pub(crate) fn family<M: DynamicMetric>(self) -> Result<Arc<Family>, Error> {
        let (max_series, native, native_reset) = (self.max_series, self.native, self.native_reset);
        let (exemplars, absent_until_set) = (self.exemplars, self.absent_until_set);
        let expiry_nanos = self.expire.unwrap_or_default().as_nanos();
        let desc = self.checked(M::KIND)?;
        let layout = match native {
            Some(growth) => {
                let mut config = NativeConfig::DEFAULT.growth(growth);
                if let Some(after) = native_reset {
                    let nanos = u64::try_from(after.as_nanos()).unwrap_or(u64::MAX);
                    config = config.reset_after(nanos);
                }
                histogram::native_histogram_layout(&desc.bounds, config)
            }
            None => M::layout(desc.bounds.len()),
        };
        let layout = match layout.optional() {
            Some(optional) if absent_until_set => optional,
            None if absent_until_set => {
                return Err(Error::new(format!(
                    "`{}` ({}): only a `Gauge` or a `FloatGauge` is set; drop `absent_until_set`",
                    desc.name, desc.location
                )));
            }
            _ => layout,
        };
        let mut family = Family::new_dynamic(desc, layout, max_series);
        if exemplars {
            family = family.with_exemplars();
        }
        Ok(Arc::new(family.expire_after(
            u64::try_from(expiry_nanos).unwrap_or(u64::MAX),
        )))
    }

    /// The description of a computed metric of this kind.
    pub(crate) fn computed_desc(self, kind: Kind) -> Result<Desc, Error> {
        let fault = if !matches!(kind, Kind::Counter | Kind::Gauge) {
            "only counters and gauges are computed; implement `Collector` for other types"
        } else if self.expire.is_some()
            || self.max_series.is_some()
            || self.exemplars
            || self.absent_until_set
        {
            "a computed metric stores no series; drop `expire`, `max_series`, `exemplars` and \
             `absent_until_set`"
        } else {
            return self.checked(kind);
        };
        let Desc { name, location, .. } = &self.desc;
        Err(Error::new(format!("`{name}` ({location}): {fault}")))
    }

    /// The description, if all settings are valid for this kind of metric.
    fn checked(mut self, kind: Kind) -> Result<Desc, Error> {
        self.desc.kind = kind;
        if self.scheme == ValidationScheme::Existing {
            self.desc.label_scheme = ValidationScheme::Existing;
        }
        if let Some(bounds) = self.bounds {
            self.desc.bounds = Cow::Owned(bounds);
        } else if kind == Kind::Histogram && self.native.is_none() {
            self.desc.bounds = Cow::Borrowed(&DURATION_BUCKETS);
        }
        let desc = self.desc;
        let scheme = self.scheme;
        let mut checked = name::check_metric(&desc.name, kind, scheme)
            .and(name::check_unit(&desc.name, &desc.unit, kind));
        for (at, label) in desc.labels.iter().enumerate() {
            checked = checked.and(name::check_label(label, kind, scheme));
            if desc.labels[..at].contains(label) {
                checked = checked.and(Err("a label name occurs twice; drop one"));
            }
        }
        checked = checked.and(match kind {
            Kind::Histogram => buckets::check(&desc.bounds),
            Kind::Summary => buckets::check_quantiles(&desc.bounds),
            _ if desc.bounds.is_empty() => Ok(()),
            _ => Err("only histograms have buckets, and only summaries quantiles; drop them"),
        });
        if let Some(growth) = self.native {
            checked = checked.and(if kind == Kind::Histogram {
                native::check_growth(growth)
            } else {
                Err("only histograms are native; drop `native`")
            });
        }
        if self.native_reset.is_some() && self.native.is_none() {
            checked = checked.and(Err(
                "only native histograms are reset; add `native` or drop `native_reset`",
            ));
        }
        if self.exemplars && !matches!(kind, Kind::Counter | Kind::Histogram) {
            checked = checked.and(Err(
                "only counters and histograms have exemplars; drop `exemplars`",
            ));
        }
        checked = checked.and(match self.expire {
            Some(_) if desc.labels.is_empty() => Err(
                "a metric without labels has a single series, which never expires; drop `expire`",
            ),
            Some(Duration::ZERO) => Err("`expire` takes a duration above zero"),
            _ => Ok(()),
        });
        match checked {
            Ok(()) => Ok(desc),
            Err(fault) => Err(Error::new(format!(
                "`{}` ({}): {fault}",
                desc.name, desc.location
            ))),
        }
    }
}
