//! Registries: all metrics of a program, or some made at run time.

pub(crate) mod clashes;
pub(crate) mod collected;
pub(crate) mod collector;
pub(crate) mod dynamic;
pub(crate) mod gather;
pub(crate) mod groups;
pub(crate) mod self_metrics;
pub(crate) mod singles;
pub(crate) mod source;
pub(crate) mod workers;

use std::{
    io,
    sync::{
        Arc, LazyLock, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use crate::{
    describe::{error::Error, escaping, name, name::ValidationScheme},
    format::{Out, protobuf::Protobuf, text::Text},
    metric::{
        family,
        family::{DEFAULT_MAX_SERIES, Family, FamilyRef},
    },
    registry::{
        collected::Collected,
        collector::Collector,
        gather::{Gather, MetricFamily},
        groups::Groups,
        source::{AllFaults, Source},
        workers::Workers,
    },
    sample::{
        format::{ExpositionFormat, Format},
        label_text,
    },
    storage::clock,
};

/// What the macros register at link time.
#[derive(Clone, Copy)]
#[doc(hidden)]
pub enum Registration {
    Family(&'static Family),
    Collector(&'static dyn Collector),
}

inventory::collect!(Registration);

#[cfg(feature = "linkme")]
#[doc(hidden)]
#[linkme::distributed_slice]
pub static REGISTRATIONS: [Registration];

/// Everything that was registered at link time, each once.
fn registered() -> Vec<Source> {
    let registrations = inventory::iter::<Registration>();
    #[cfg(feature = "linkme")]
    let registrations = registrations.chain(REGISTRATIONS.iter());
    let mut sources: Vec<Source> = Vec::new();
    for registration in registrations {
        let source = match registration {
            Registration::Family(family) => Source::Family(FamilyRef::Declared(family)),
            Registration::Collector(collector) => Source::Declared(*collector),
        };
        // Feature `linkme` registers everything a second time.
        if cfg!(not(feature = "linkme")) || sources.iter().all(|known| !known.is(&source)) {
            sources.push(source);
        }
    }
    sources
}

/// A set of metrics that is exposed together.
///
/// [`Registry::global`] holds what is declared with [`metrics!`](crate::metrics) and the
/// attributes. A registry of one's own is for tests and for metrics whose names are known at run
/// time only. A clone is another handle to the same registry.
///
/// ```
/// use metrics_core::{Counter, Format, Options, Registry};
///
/// let registry = Registry::builder().prefix("app_").label("zone", "b").build()?;
/// let jobs = registry.create_family::<Counter>(
///     Options::new("jobs_total", "Jobs done.").labels(["queue"]),
/// )?;
/// jobs.with(&["mail"]).inc();
/// assert_eq!(
///     registry.encode_to_string(Format::Text),
///     concat!(
///         "# HELP app_jobs_total Jobs done.\n",
///         "# TYPE app_jobs_total counter\n",
///         "app_jobs_total{zone=\"b\",queue=\"mail\"} 1\n",
///     ),
/// );
/// # Ok::<(), metrics_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Registry(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    global: bool,
    settings: Arc<Settings>,
    state: Mutex<State>,
    workers: Workers,
}

#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) prefix: String,
    pub(crate) labels: Vec<(String, String)>,
    /// `labels`, rendered.
    common: String,
    created: AtomicBool,
    own: AtomicBool,
    max_series: AtomicUsize,
    /// In nanoseconds; the most there can be stand for no timeout.
    collector_timeout: AtomicU64,
}

impl Settings {
    fn new(prefix: String, labels: Vec<(String, String)>) -> Self {
        let mut common = String::new();
        label_text::push_pairs(&mut common, &labels);
        Settings {
            prefix,
            labels,
            common,
            created: AtomicBool::new(false),
            own: AtomicBool::new(false),
            max_series: AtomicUsize::new(DEFAULT_MAX_SERIES),
            collector_timeout: AtomicU64::new(nanos(DEFAULT_COLLECTOR_TIMEOUT)),
        }
    }

    /// The labels of every series, rendered for an exposition.
    fn common(&self, exposition: ExpositionFormat) -> String {
        let mut common = String::new();
        label_text::push_escaped(&self.common, exposition.name_escaping(), &mut common);
        common
    }

    /// Gives a metric the registry's cap on series.
    fn cap(&self, source: &Source) {
        if let Source::Family(family) = source {
            family.default_max_series(self.max_series.load(Ordering::Relaxed));
        }
    }

    /// How long a scrape waits for its collectors.
    pub(crate) fn collector_timeout(&self) -> Duration {
        match self.collector_timeout.load(Ordering::Relaxed) {
            u64::MAX => Duration::MAX,
            nanos => Duration::from_nanos(nanos),
        }
    }

    /// Whether the registry's metrics of itself are written.
    pub(crate) fn own(&self) -> bool {
        self.own.load(Ordering::Relaxed)
    }
}

#[derive(Debug, Default)]
struct State {
    sources: Vec<Source>,
    /// How many of the metrics that announced themselves are among them.
    announced: usize,
    groups: Option<Arc<Groups>>,
    faults: AllFaults,
}

impl State {
    fn regroup(&mut self, settings: &Settings) -> Groups {
        Groups::new(&self.sources, settings, &mut self.faults)
    }
}

impl Registry {
    /// The registry of all metrics that are declared in the program.
    pub fn global() -> &'static Registry {
        static GLOBAL: LazyLock<Registry> = LazyLock::new(|| {
            let settings = Settings::new(String::new(), Vec::new());
            let registry = Registry::with(true, settings, registered());
            registry.write_self_metrics(true);
            registry
        });
        &GLOBAL
    }

    /// An empty registry.
    #[expect(
        clippy::new_without_default,
        reason = "`default` would suggest the global one"
    )]
    pub fn new() -> Registry {
        let settings = Settings::new(String::new(), Vec::new());
        Registry::with(false, settings, Vec::new())
    }

    /// An empty registry with a prefix or labels for all series.
    pub fn builder() -> RegistryBuilder {
        RegistryBuilder {
            prefix: String::new(),
            labels: Vec::new(),
            scheme: ValidationScheme::LegacyAtRunTime,
        }
    }

    fn with(global: bool, settings: Settings, sources: Vec<Source>) -> Self {
        let state = State {
            sources,
            announced: 0,
            groups: None,
            faults: AllFaults::default(),
        };
        Registry(Arc::new(Inner {
            global,
            settings: Arc::new(settings),
            state: Mutex::new(state),
            workers: Workers::default(),
        }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        let state = &self.0.state;
        state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The families as they are now.
    pub(crate) fn groups(&self) -> Arc<Groups> {
        let mut state = self.state();
        if self.0.global {
            // One at a time: nothing is allocated under a lock that an allocator that records takes.
            while let Some(family) = family::announced_at(state.announced) {
                state.announced += 1;
                let source = Source::Family(FamilyRef::Declared(family));
                if state.sources.iter().all(|known| !known.is(&source)) {
                    self.0.settings.cap(&source);
                    state.sources.push(source);
                    state.groups = None;
                }
            }
        }
        if state.groups.is_none() {
            let groups = state.regroup(&self.0.settings);
            state.groups = Some(Arc::new(groups));
        }
        // Just made where it was missing.
        Arc::clone(state.groups.get_or_insert_default())
    }

    /// All that threads record into: what is declared or made.
    pub(crate) fn families(&self) -> Vec<FamilyRef> {
        // Those that have announced themselves since are known afterwards.
        self.groups();
        let state = self.state();
        let families = state.sources.iter().filter_map(|source| match source {
            Source::Family(family) => Some(family.clone()),
            _ => None,
        });
        families.collect()
    }

    /// What all its metrics have in common.
    pub(crate) fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// Whether to write the time of birth of counters, histograms and summaries (`_created`) in
    /// formats that have a place for it: off at first, as it nearly doubles a counter's lines. It is
    /// a Unix time in seconds, in whole milliseconds.
    pub fn write_created(&self, on: bool) {
        self.0.settings.created.store(on, Ordering::Relaxed);
    }

    /// Whether to write the metrics that the registry keeps of itself, such as
    /// `metrics_overflowed_total`: on at first for the global registry, off for others.
    pub fn write_self_metrics(&self, on: bool) {
        self.0.settings.own.store(on, Ordering::Relaxed);
    }

    /// Sets how many series a metric with open labels may have, up to 1,048,576, before the rest
    /// is recorded as one series `overflow`.
    ///
    /// It goes for metrics that do not say it themselves (`#[max_series(n)]`,
    /// [`Options::max_series`](crate::Options::max_series)), those that are made later, too, and
    /// from now on: series above a cap that is lowered stay. It is
    /// [`DEFAULT_MAX_SERIES`](crate::DEFAULT_MAX_SERIES) unless it is called.
    ///
    /// ```
    /// use metrics_core::{Counter, Format, Options, Registry};
    ///
    /// let registry = Registry::new(); // or that of all declared metrics: Registry::global()
    /// registry.max_series(2);
    /// let requests = registry.create_family::<Counter>(
    ///     Options::new("requests_total", "Requests.").labels(["tenant"]),
    /// )?;
    /// for tenant in ["a", "b", "c", "d"] {
    ///     requests.with(&[tenant]).inc();
    /// }
    /// let text = registry.encode_to_string(Format::Text);
    /// assert!(text.contains(r#"requests_total{tenant="overflow"} 2"#));
    /// # Ok::<(), metrics_core::Error>(())
    /// ```
    pub fn max_series(&self, max: usize) {
        let state = self.state();
        self.0.settings.max_series.store(max, Ordering::Relaxed);
        for source in &state.sources {
            self.0.settings.cap(source);
        }
    }

    /// Sets how long an exposition waits for its [collectors](Collector), `#[computed]` metrics
    /// among them: five seconds unless it is called.
    ///
    /// The families of a collector that has not answered by then are left out of the exposition,
    /// and `metrics_collector_errors_total{reason="timeout"}` counts it. As long as it has not
    /// come back, expositions go on without it, and do not wait. `Duration::MAX` is no limit.
    /// On systems without threads collectors run where the exposition is made, and nothing can be
    /// done about one that does not come back.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use metrics_core::Registry;
    ///
    /// // Prometheus gives up after ten seconds, unless it is told otherwise.
    /// Registry::global().collector_timeout(Duration::from_secs(8));
    /// ```
    pub fn collector_timeout(&self, timeout: Duration) {
        let settings = &self.0.settings;
        settings
            .collector_timeout
            .store(nanos(timeout), Ordering::Relaxed);
    }

    /// Checks that the declarations fit together.
    ///
    /// # Errors
    ///
    /// Names every clash with both its places: members of one family that disagree, and families
    /// whose samples would bear the same name.
    pub fn check(&self) -> Result<(), Error> {
        let groups = self.groups();
        match groups.clashes() {
            [] => Ok(()),
            clashes => Err(Error::new(clashes.join("\n"))),
        }
    }

    /// Writes all metrics.
    ///
    /// What clashes with an earlier declaration is left out, so that the exposition is valid; see
    /// [`check`](Self::check).
    ///
    /// # Errors
    ///
    /// Those of `out`.
    pub fn encode(
        &self,
        exposition: impl Into<ExpositionFormat>,
        out: &mut impl io::Write,
    ) -> io::Result<()> {
        self.encode_wanted(exposition.into(), Out::Writer(out), Duration::MAX, None)
    }

    /// Writes the families that are wanted, asked for by the names of their samples.
    ///
    /// # Errors
    ///
    /// Those of `out`.
    pub fn encode_filtered(
        &self,
        exposition: impl Into<ExpositionFormat>,
        out: &mut impl io::Write,
        wanted: impl Fn(&str) -> bool,
    ) -> io::Result<()> {
        self.encode_wanted(
            exposition.into(),
            Out::Writer(out),
            Duration::MAX,
            Some(&wanted),
        )
    }

    /// Writes all families, or those that are wanted, for somebody who does not wait for ever:
    /// collectors get no more than this time, whatever
    /// [`collector_timeout`](Registry::collector_timeout) allows.
    ///
    /// # Errors
    ///
    /// Those of `out`.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use metrics_core::{Format, Registry};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let mut text = Vec::new();
    /// let time = Duration::from_millis(500);
    /// Registry::new().encode_within(Format::Text, &mut text, time, None)?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn encode_within(
        &self,
        exposition: impl Into<ExpositionFormat>,
        out: &mut impl io::Write,
        time: Duration,
        wanted: Option<&dyn Fn(&str) -> bool>,
    ) -> io::Result<()> {
        self.encode_wanted(exposition.into(), Out::Writer(out), time, wanted)
    }

    fn encode_wanted(
        &self,
        exposition: ExpositionFormat,
        out: Out<'_>,
        time: Duration,
        wanted: Option<&dyn Fn(&str) -> bool>,
    ) -> io::Result<()> {
        let began = clock::idle_clock();
        let settings = &self.0.settings;
        let created = settings.created.load(Ordering::Relaxed);
        let common = settings.common(exposition);
        let groups = self.groups();
        let computed = self.compute(&groups, time, wanted);
        if exposition.format == Format::Protobuf {
            let mut protobuf = Protobuf::new(out, exposition, &common);
            groups.collect(settings, &computed, &mut protobuf, wanted);
            protobuf.finish()?;
        } else {
            let mut text = Text::new(out, exposition, created, common);
            groups.collect(settings, &computed, &mut text, wanted);
            text.finish()?;
        }
        groups.let_go(settings, wanted, began);
        if !matches!(exposition.format, Format::Text | Format::TextV1) {
            groups.want_exemplars(settings, wanted);
        }
        Ok(())
    }

    /// All metrics as one string; an empty one in [`Format::Protobuf`], which is no text.
    pub fn encode_to_string(&self, exposition: impl Into<ExpositionFormat>) -> String {
        let mut out = Vec::new();
        self.encode_to_vec(exposition, &mut out);
        // What is written is text.
        String::from_utf8(out).unwrap_or_default()
    }

    /// Makes all metrics the content of `out`.
    ///
    /// What it held before is overwritten in place, so that a vector that is used for one
    /// exposition after the other is the fastest way to have them in memory: nothing is allocated,
    /// cleared or copied. Leave its content to the next call therefore.
    ///
    /// ```
    /// use metrics_core::{Counter, Format, Options, Registry};
    ///
    /// let registry = Registry::new();
    /// let jobs = registry.create::<Counter>(Options::new("jobs_total", "Jobs done."))?;
    /// let mut out = Vec::new();
    /// for done in 1..=3 {
    ///     jobs.inc();
    ///     registry.encode_to_vec(Format::Text, &mut out);
    ///     assert!(out.ends_with(format!("\njobs_total {done}\n").as_bytes()));
    /// }
    /// # Ok::<(), metrics_core::Error>(())
    /// ```
    pub fn encode_to_vec(&self, exposition: impl Into<ExpositionFormat>, out: &mut Vec<u8>) {
        // Writing to memory does not fail.
        let _ = self.encode_wanted(exposition.into(), Out::Memory(out), Duration::MAX, None);
    }

    /// All metrics as data.
    pub fn gather(&self) -> Vec<MetricFamily> {
        self.gather_within(Duration::MAX, None)
    }

    /// All metrics, or the families that are wanted by the names of their samples, as data, for
    /// somebody who does not wait for ever; as [`encode_within`](Registry::encode_within).
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use metrics_core::{Counter, Options, Registry};
    ///
    /// let registry = Registry::new();
    /// registry.create::<Counter>(Options::new("jobs_total", "Jobs done."))?.inc();
    /// let wanted = |name: &str| name == "jobs_total";
    /// let families = registry.gather_within(Duration::from_secs(1), Some(&wanted));
    /// assert_eq!(families[0].name, "jobs_total");
    /// # Ok::<(), metrics_core::Error>(())
    /// ```
    pub fn gather_within(
        &self,
        time: Duration,
        wanted: Option<&dyn Fn(&str) -> bool>,
    ) -> Vec<MetricFamily> {
        let settings = &self.0.settings;
        let mut gather = Gather::new(&settings.labels);
        let groups = self.groups();
        let computed = self.compute(&groups, time, wanted);
        groups.collect(settings, &computed, &mut gather, wanted);
        gather.families
    }

    /// Runs the collectors of the families that are wanted; without any of our locks.
    fn compute(
        &self,
        groups: &Arc<Groups>,
        time: Duration,
        wanted: Option<&dyn Fn(&str) -> bool>,
    ) -> Vec<Option<Collected>> {
        let settings = &self.0.settings;
        let wanted = groups.wanted_members(settings, wanted);
        self.0.workers.run(groups, settings, time, wanted)
    }

    /// Adds values that are computed at scrape time. The same collector again changes nothing.
    ///
    /// # Errors
    ///
    /// When its families clash with those that are there; it is not added then.
    pub fn register(&self, source: Arc<dyn Collector>) -> Result<(), Error> {
        self.add(Source::collector(source))
    }

    /// Removes a collector; false when it was not there.
    pub fn unregister(&self, source: &Arc<dyn Collector>) -> bool {
        let is_it = |known: &Source| match known {
            Source::Collector(known, _) => Arc::ptr_eq(known, source),
            _ => false,
        };
        let mut state = self.state();
        let before = state.sources.len();
        state.sources.retain(|known| !is_it(known));
        state.faults.retain(|known| !is_it(known));
        state.groups = None;
        state.sources.len() < before
    }

    /// The metric that was made at run time and is in nothing different from this one.
    pub(crate) fn find_dynamic_like(&self, family: &Family) -> Option<Arc<Family>> {
        let state = self.state();
        state.sources.iter().find_map(|source| match source {
            Source::Family(FamilyRef::Dynamic(known)) if known.is_like(family) => {
                Some(Arc::clone(known))
            }
            _ => None,
        })
    }

    /// Puts a collector in the place of another, for one whose descriptions have changed: no
    /// exposition is without both, or has both. Where the other is not there, this is
    /// [`register`](Self::register).
    ///
    /// # Errors
    ///
    /// When its families clash with those of others; the other one stays then.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use metrics_core::{Collection, Collector, Desc, Format, Kind, Registry};
    ///
    /// struct Pool([Desc; 1]);
    ///
    /// impl Collector for Pool {
    ///     fn descs(&self) -> &[Desc] {
    ///         &self.0
    ///     }
    ///
    ///     fn collect(&self, out: &mut Collection<'_>) {
    ///         out.gauge(&self.0[0], &[], 3.0);
    ///     }
    /// }
    ///
    /// let pool = |help| -> Arc<dyn Collector> {
    ///     Arc::new(Pool([Desc::new(Kind::Gauge, "pool_connections", help)]))
    /// };
    /// let registry = Registry::new();
    /// let first = pool("");
    /// registry.register(Arc::clone(&first))?;
    /// registry.replace(&first, pool("Connections open."))?;
    /// let text = registry.encode_to_string(Format::Text);
    /// assert!(text.contains("# HELP pool_connections Connections open.\n"));
    /// # Ok::<(), metrics_core::Error>(())
    /// ```
    pub fn replace(&self, old: &Arc<dyn Collector>, new: Arc<dyn Collector>) -> Result<(), Error> {
        self.put(Source::collector(new), Some(old))
    }

    pub(crate) fn add(&self, source: Source) -> Result<(), Error> {
        self.put(source, None)
    }

    fn put(&self, source: Source, instead_of: Option<&Arc<dyn Collector>>) -> Result<(), Error> {
        let before = self.groups();
        let mut state = self.state();
        if state.sources.iter().any(|known| known.is(&source)) {
            return Ok(());
        }
        self.0.settings.cap(&source);
        let is_old = |known: &Source| match (known, instead_of) {
            (Source::Collector(known, _), Some(old)) => Arc::ptr_eq(known, old),
            _ => false,
        };
        let old = state.sources.iter().position(is_old);
        let old = old.map(|at| (at, state.sources.remove(at)));
        if let Some((_, old)) = &old {
            state.faults.pass_on(old, &source);
        }
        state.sources.push(source);
        let groups = state.regroup(&self.0.settings);
        let new: Vec<_> = groups
            .clashes()
            .iter()
            .filter(|clash| !before.clashes().contains(clash))
            .cloned()
            .collect();
        if new.is_empty() {
            state.groups = Some(Arc::new(groups));
            // What is not ours may end here, and do what it likes.
            drop(state);
            drop(old);
            return Ok(());
        }
        let refused = state.sources.pop();
        if let Some(source) = &refused {
            match old {
                Some((at, old)) => {
                    state.faults.pass_on(source, &old);
                    state.sources.insert(at, old);
                }
                None => state.faults.retain(|known| !known.is(source)),
            }
        }
        drop(state);
        drop((groups, refused));
        Err(Error::new(new.join("\n")))
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// How long an exposition waits for its collectors, unless
/// [`Registry::collector_timeout`] says otherwise: half of what Prometheus waits for a scrape,
/// so that a machine in trouble loses nothing, and a scrape in which one hangs still succeeds.
/// Later ones do not wait for it.
const DEFAULT_COLLECTOR_TIMEOUT: Duration = Duration::from_secs(5);

/// Builds a [`Registry`].
#[derive(Clone, Debug)]
#[must_use = "ends in `build`"]
pub struct RegistryBuilder {
    prefix: String,
    labels: Vec<(String, String)>,
    scheme: ValidationScheme,
}

impl RegistryBuilder {
    /// Puts this before every name.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// Gives every series this label.
    pub fn label(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.labels.push((name.into(), value.into()));
        self
    }

    /// Lets the prefix and the names of labels hold any character but control characters.
    ///
    /// A reader that does not take them gets them escaped; see [`Escaping`](crate::Escaping).
    ///
    /// ```
    /// use metrics_core::Registry;
    ///
    /// let registry = Registry::builder().utf8().label("cloud.region", "eu").build()?;
    /// # Ok::<(), metrics_core::Error>(())
    /// ```
    pub fn utf8(mut self) -> Self {
        self.scheme = ValidationScheme::Utf8;
        self
    }

    /// Makes the registry.
    ///
    /// # Errors
    ///
    /// When the prefix cannot begin a name, or a label's name is wrong or there twice.
    pub fn build(self) -> Result<Registry, Error> {
        let first = format!("{}a", self.prefix);
        if let Err(fault) = name::check_metric(&first, crate::Kind::Gauge, self.scheme) {
            return Err(Error::new(format!("prefix `{}`: {fault}", self.prefix)));
        }
        for (at, (name, _)) in self.labels.iter().enumerate() {
            if let Err(fault) = name::check_label(name, crate::Kind::Histogram, self.scheme) {
                return Err(Error::new(format!("label `{name}`: {fault}")));
            }
            for (earlier, _) in &self.labels[..at] {
                if earlier == name {
                    return Err(Error::new(format!(
                        "label `{name}` is there twice; drop one"
                    )));
                }
                if let Some(both) = escaping::common_name(earlier, name) {
                    return Err(Error::new(format!(
                        "labels `{earlier}` and `{name}` would both be called `{both}` where names \
                         are escaped; rename one"
                    )));
                }
            }
        }
        let settings = Settings::new(self.prefix, self.labels);
        Ok(Registry::with(false, settings, Vec::new()))
    }
}

/// Writes all declared metrics to `out`: the global registry's [`encode`](Registry::encode).
///
/// # Errors
///
/// Those of `out`.
///
/// ```
/// use metrics_core::{Format, encode};
///
/// let mut out = Vec::new();
/// encode(Format::OpenMetrics, &mut out)?;
/// assert!(out.ends_with(b"# EOF\n"));
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn encode(exposition: impl Into<ExpositionFormat>, out: &mut impl io::Write) -> io::Result<()> {
    Registry::global().encode(exposition, out)
}

/// All declared metrics as one string; an empty one in [`Format::Protobuf`], which is no text.
///
/// ```
/// use metrics_core::{Format, encode_to_string, metrics};
///
/// metrics! {
///     /// Beans counted.
///     static BEANS: Counter = "demo_beans_total";
/// }
///
/// BEANS.inc();
/// assert!(encode_to_string(Format::Text).contains("demo_beans_total 1\n"));
/// ```
pub fn encode_to_string(exposition: impl Into<ExpositionFormat>) -> String {
    Registry::global().encode_to_string(exposition)
}

/// All declared metrics as data.
///
/// ```
/// use metrics_core::{gather, metrics};
///
/// metrics! {
///     /// Peas counted.
///     static PEAS: Counter = "demo_peas_total";
/// }
///
/// assert!(gather().iter().any(|family| family.name == "demo_peas_total"));
/// ```
pub fn gather() -> Vec<MetricFamily> {
    Registry::global().gather()
}
