//! [`Registry`]: changes its settings; adds, replaces and removes metrics and collectors.

use std::{
    collections::HashSet,
    mem,
    ops::{Deref, DerefMut},
    sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use crate::{
    describe::error::Error,
    metric::family::{self, Family, FamilyRef},
    registry::{
        collector::Collector,
        collector_status::CollectorStatuses,
        collector_threads::CollectorThreads,
        exposed_families::ExposedFamilies,
        grouping::Grouping,
        item::{Item, ItemKey},
        registration,
        settings::Settings,
        shared_series::shared_series,
    },
};

/// A set of metrics that are exposed together.
///
/// [`Registry::global`] contains everything declared with [`metrics!`](crate::metrics) and the
/// attributes. Create another registry for tests, or for metrics whose names are known only at
/// run time. A clone is another handle to the same registry.
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
    is_global: bool,
    settings: Arc<Settings>,
    state: Mutex<State>,
    collector_threads: CollectorThreads,
}

#[derive(Debug, Default)]
pub(crate) struct State {
    items: Vec<Item>,
    /// The included registries.
    pub(crate) parts: Vec<Part>,
    /// How many metrics [`family::registered_on_first_use`] has returned, all of them now in
    /// `items`.
    added_on_first_use: usize,
    /// The keys of `items`.
    keys: HashSet<ItemKey>,
    /// The items grouped into families for expositions; `None` after a change.
    families: Option<Arc<ExposedFamilies>>,
    /// The families of the items, to which later items are added until the next exposition; at most
    /// one of `families` and `grouping` is `Some`.
    ///
    /// Kept so that the time to create many metrics is proportional to their number.
    grouping: Option<Grouping>,
    statuses: CollectorStatuses,
    discarded: Discarded,
}

/// The parts that were removed from a registry's state while the registry is locked.
#[derive(Debug, Default)]
struct Discarded {
    families: Vec<Arc<ExposedFamilies>>,
    groupings: Vec<Grouping>,
}

/// The state of a registry while it is locked.
///
/// Discarded parts are dropped after the registry is unlocked, because they may hold the last
/// reference to a collector, whose destructor is code of the program and may use the registry.
pub(crate) struct LockedState<'a> {
    /// Declared before `discarded`, so that the registry is unlocked before `discarded` is dropped.
    state: MutexGuard<'a, State>,
    discarded: Discarded,
}

impl Drop for LockedState<'_> {
    fn drop(&mut self) {
        self.discarded = mem::take(&mut self.state.discarded);
    }
}

impl Deref for LockedState<'_> {
    type Target = State;

    fn deref(&self) -> &State {
        &self.state
    }
}

impl DerefMut for LockedState<'_> {
    fn deref_mut(&mut self) -> &mut State {
        &mut self.state
    }
}

/// A registry that another one includes.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    pub(crate) registry: Registry,
    /// The included registry's families when they were last read; the including registry groups
    /// them with its own.
    pub(crate) families: Arc<ExposedFamilies>,
}

impl State {
    fn push(&mut self, item: Item) {
        self.keys.insert(item.key());
        self.items.push(item);
    }

    fn contains(&self, item: &Item) -> bool {
        self.keys.contains(&item.key())
    }

    /// Discards the grouped families, so that the next exposition groups the changed items.
    pub(crate) fn regroup(&mut self) {
        self.discarded.families.extend(self.families.take());
        self.discarded.groupings.extend(self.grouping.take());
    }

    /// Groups the items, and adds `item` to the grouping.
    ///
    /// # Errors
    ///
    /// If a family of `item` clashes. No family of `item` is exposed then.
    fn try_add(&mut self, item: &Item, settings: &Arc<Settings>) -> Result<(), Error> {
        let mut grouping = self.take_grouping(settings);
        let added = grouping.add(item, &mut self.statuses);
        if added.is_ok() || item.descs().len() == 1 {
            self.discarded.families.extend(self.families.take());
            self.grouping = Some(grouping);
        } else {
            self.discarded.groupings.push(grouping);
        }
        added.map_err(|clashes| Error::new(clashes.join("\n")))
    }

    fn take_grouping(&mut self, settings: &Arc<Settings>) -> Grouping {
        let grouping = self.grouping.take();
        grouping.unwrap_or_else(|| {
            let parts = self.parts.iter();
            let parts = parts.map(|part| (&*part.families, &**part.registry.settings()));
            Grouping::new(&self.items, parts, settings, &mut self.statuses)
        })
    }

    /// Groups the items, and adds an included registry unless one of its families clashes.
    pub(crate) fn try_include(
        &mut self,
        part: Part,
        settings: &Arc<Settings>,
    ) -> Result<(), Error> {
        let mut grouping = self.take_grouping(settings);
        let clashes = grouping.include(&part.families, part.registry.settings());
        self.discarded.families.extend(self.families.take());
        if clashes.is_empty() {
            self.parts.push(part);
            self.grouping = Some(grouping);
            return Ok(());
        }
        self.discarded.groupings.push(grouping);
        self.discarded.families.push(part.families);
        Err(Error::new(clashes.join("\n")))
    }

    /// Stores the current families of the included registries. If any have changed, the items are
    /// grouped anew.
    fn update_parts(&mut self, current: &[Part]) {
        for current in current {
            let mut parts = self.parts.iter_mut();
            if let Some(part) = parts.find(|part| part.registry.is_same(&current.registry))
                && !Arc::ptr_eq(&part.families, &current.families)
            {
                let families = Arc::clone(&current.families);
                let replaced = mem::replace(&mut part.families, families);
                self.discarded.families.push(replaced);
                self.regroup();
            }
        }
    }
}

impl Registry {
    /// The registry of all declared metrics of the program.
    pub fn global() -> &'static Registry {
        static GLOBAL: LazyLock<Registry> = LazyLock::new(|| {
            let settings = Settings::new(String::new(), Vec::new());
            settings.set_self_metrics(true);
            Registry::create_inner(true, settings, registration::linked_items())
        });
        &GLOBAL
    }

    /// Creates an empty registry.
    #[expect(
        clippy::new_without_default,
        reason = "`default` would suggest the global one"
    )]
    pub fn new() -> Registry {
        Registry::with(Settings::new(String::new(), Vec::new()))
    }

    pub(crate) fn with(settings: Settings) -> Self {
        Registry::create_inner(false, settings, Vec::new())
    }

    fn create_inner(is_global: bool, settings: Settings, items: Vec<Item>) -> Self {
        let mut state = State::default();
        for item in items {
            state.push(item);
        }
        Registry(Arc::new(Inner {
            is_global,
            settings: Arc::new(settings),
            state: Mutex::new(state),
            collector_threads: CollectorThreads::default(),
        }))
    }

    pub(crate) fn state(&self) -> LockedState<'_> {
        let state = &self.0.state;
        LockedState {
            state: state.lock().unwrap_or_else(PoisonError::into_inner),
            discarded: Discarded::default(),
        }
    }

    pub(crate) fn is_same(&self, other: &Registry) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    pub(crate) fn settings(&self) -> &Arc<Settings> {
        &self.0.settings
    }

    pub(crate) fn collector_threads(&self) -> &CollectorThreads {
        &self.0.collector_threads
    }

    /// The registry's families. Groups the items if they, or an included registry, have changed.
    pub(crate) fn exposed_families(&self) -> Arc<ExposedFamilies> {
        let mut parts = self.state().parts.clone();
        for part in &mut parts {
            part.families = part.registry.exposed_families();
        }
        // `parts` outlives `state`, so that nothing in it is dropped while the registry is locked.
        let mut state = self.state();
        state.update_parts(&parts);
        self.add_first_used(&mut state);
        if state.families.is_none() {
            let families = state.take_grouping(&self.0.settings).finish();
            state.families = Some(Arc::new(families));
        }
        // Never inserts: `families` was set above.
        Arc::clone(state.families.get_or_insert_default())
    }

    /// Adds to the global registry the metrics that were registered on first use since the last
    /// call.
    fn add_first_used(&self, state: &mut State) {
        if !self.0.is_global {
            return;
        }
        // Each call returns one metric, because nothing may be allocated under the lock that the
        // call takes. A global allocator that records metrics takes the same lock.
        while let Some(family) = family::registered_on_first_use(state.added_on_first_use) {
            state.added_on_first_use += 1;
            let item = Item::Metric(FamilyRef::Declared(family));
            if !state.contains(&item) {
                item.set_default_max_series(self.0.settings.max_series());
                state.push(item);
                state.regroup();
            }
        }
    }

    /// All metrics, declared and dynamic, without collectors.
    pub(crate) fn metrics(&self) -> Vec<FamilyRef> {
        // Adds the metrics that were registered on first use since the last call.
        self.exposed_families();
        let state = self.state();
        let metrics = state.items.iter().filter_map(|item| match item {
            Item::Metric(family) => Some(family.clone()),
            _ => None,
        });
        metrics.collect()
    }

    /// Sets whether OpenMetrics has the created timestamps of counters, histograms and summaries,
    /// as lines `_created`.
    ///
    /// They are Unix times in seconds, rounded to milliseconds. Off by default, because they nearly
    /// double the lines of a counter. `Format::Protobuf` has created timestamps regardless of this
    /// setting; `Format::Text` and `Format::TextV1` never have them.
    pub fn write_created(&self, on: bool) {
        self.0.settings.set_created(on);
    }

    /// Sets whether the registry's self-metrics are written: `metrics_series`,
    /// `metrics_series_limit_ratio`, `metrics_overflowed_total`, `metrics_rejected_total` and
    /// `metrics_collector_errors_total`.
    ///
    /// On by default for the global registry, off for others. Does not affect self-metrics that a
    /// server or a push registers. [`ExpositionFormat::without_self_metrics`] leaves out all
    /// self-metrics in one exposition.
    ///
    /// [`ExpositionFormat::without_self_metrics`]: crate::ExpositionFormat::without_self_metrics
    pub fn write_self_metrics(&self, on: bool) {
        self.0.settings.set_self_metrics(on);
    }

    /// Sets the default cardinality limit: the number of series that a metric with open labels may
    /// have, at most 1,048,576.
    ///
    /// Recordings with further label sets go to an overflow series, in which closed labels keep their
    /// values and open labels are `overflow`; the limit does not include it. Applies at once to existing
    /// and later metrics without a limit of their own (`#[max_series(n)]`,
    /// [`Options::max_series`](crate::Options::max_series)). Lowering the limit does not remove
    /// series. Default: [`DEFAULT_MAX_SERIES`](crate::DEFAULT_MAX_SERIES).
    ///
    /// ```
    /// use metrics_core::{Counter, Format, Options, Registry};
    ///
    /// let registry = Registry::new(); // or Registry::global()
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
        let mut state = self.state();
        self.0.settings.set_max_series(max);
        for item in &state.items {
            item.set_default_max_series(self.0.settings.max_series());
        }
        // Changes `catalog_revision`, because the catalogue has the limits.
        state.regroup();
    }

    /// Sets how long a scrape waits for [collectors](Collector) and `#[computed]` metrics; five
    /// seconds by default.
    ///
    /// The families of a collector that misses the deadline are left out of the exposition, and
    /// `metrics_collector_errors_total{reason="timeout"}` is incremented. Later scrapes skip the
    /// collector, without waiting, until it returns. A scrape whose own timeout is shorter waits
    /// only for as long, and has no such effects. `Duration::MAX` disables the timeout. If no
    /// thread can be started, collectors run on the calling thread, and the scrape waits for them.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use metrics_core::Registry;
    ///
    /// // Below Prometheus' default scrape timeout of 10 s.
    /// Registry::global().collector_timeout(Duration::from_secs(8));
    /// ```
    pub fn collector_timeout(&self, timeout: Duration) {
        self.0.settings.set_collector_timeout(timeout);
    }

    /// How long an exposition waits for collectors if its own timeout is `timeout`.
    #[doc(hidden)]
    pub fn collector_time(&self, timeout: Duration) -> Duration {
        self.0.settings.collector_timeout().min(timeout)
    }

    /// Checks that the declarations do not clash, and that no two functions share their series.
    ///
    /// # Errors
    ///
    /// Lists the clashes with their source locations: for example, members of one family that
    /// disagree, families with a sample name in common, equal label names in one series, and names
    /// of self-metrics. Lists functions whose calls are added up because they have the same name in
    /// one module, such as two methods `new`; these are recorded, and a server starts with them.
    pub fn check(&self) -> Result<(), Error> {
        let families = self.exposed_families();
        let shared = families.families.iter().flat_map(shared_series);
        report(families.clashes().iter().cloned().chain(shared))
    }

    /// [`check`](Self::check) without functions that share their series.
    #[doc(hidden)]
    pub fn check_clashes(&self) -> Result<(), Error> {
        report(self.exposed_families().clashes().iter().cloned())
    }

    /// Registers a collector; does nothing if it is registered already.
    ///
    /// # Errors
    ///
    /// If one of its families clashes; see [`check`](Self::check). The collector is not added then.
    pub fn register(&self, collector: Arc<dyn Collector>) -> Result<(), Error> {
        self.add(&Item::collector(collector))
    }

    /// Removes a collector; returns false if it was not registered.
    pub fn unregister(&self, collector: &Arc<dyn Collector>) -> bool {
        let mut state = self.state();
        let key = ItemKey::of_collector(collector);
        if !state.keys.remove(&key) {
            return false;
        }
        state.items.retain(|known| known.key() != key);
        state.statuses.remove(key);
        state.regroup();
        true
    }

    /// Replaces the collector `old` by `new` atomically, for example to change its descriptions.
    ///
    /// Each exposition uses exactly one of the two. Equivalent to [`register`](Self::register) if
    /// `old` is not registered, and to [`unregister`](Self::unregister) of `old` if `new` is registered
    /// already.
    ///
    /// # Errors
    ///
    /// If a family of `new` clashes; see [`check`](Self::check). `old` stays registered then.
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
        self.add_replacing(Item::collector(new), old)
    }

    /// Adds a dynamic metric, or finds the one that was created with equivalent options.
    pub(crate) fn find_or_add(&self, family: Arc<Family>) -> Result<Arc<Family>, Error> {
        // Holds the lock during search and insertion, so that two concurrent calls get the same
        // metric.
        let mut state = self.state();
        self.add_first_used(&mut state);
        let known = if let Some(families) = &state.families {
            families.find_dynamic(&family).cloned()
        } else {
            let grouping = state.take_grouping(&self.0.settings);
            state
                .grouping
                .insert(grouping)
                .find_dynamic(&family)
                .cloned()
        };
        if let Some(known) = known {
            return Ok(known);
        }
        let item = Item::Metric(FamilyRef::Dynamic(Arc::clone(&family)));
        self.add_to(&mut state, &item)?;
        Ok(family)
    }

    /// Removes a dynamic metric; false if it was not in this registry.
    pub(crate) fn remove_dynamic(&self, family: &Family) -> bool {
        let mut state = self.state();
        let key = ItemKey::of_metric(family);
        let at = state.items.iter().position(|item| item.key() == key);
        let removed = at.map(|at| state.items.remove(at));
        if removed.is_some() {
            state.keys.remove(&key);
            state.regroup();
        }
        // Freeing the metric's storage takes a lock, so the registry is unlocked first.
        drop(state);
        removed.is_some()
    }

    /// Adds an item, unless that would cause a clash.
    ///
    /// Takes a reference, so that the caller drops the item after the registry is unlocked, because
    /// dropping a collector runs code of the program, which may use this registry.
    pub(crate) fn add(&self, item: &Item) -> Result<(), Error> {
        let mut state = self.state();
        self.add_first_used(&mut state);
        self.add_to(&mut state, item)
    }

    fn add_to(&self, state: &mut State, item: &Item) -> Result<(), Error> {
        if state.contains(item) {
            return Ok(());
        }
        item.set_default_max_series(self.0.settings.max_series());
        let added = state.try_add(item, &self.0.settings);
        match &added {
            Ok(()) => state.push(item.clone()),
            Err(_) => state.statuses.remove(item.key()),
        }
        added
    }

    fn add_replacing(&self, item: Item, old: &Arc<dyn Collector>) -> Result<(), Error> {
        let mut state = self.state();
        self.add_first_used(&mut state);
        let key = ItemKey::of_collector(old);
        let Some(at) = state.items.iter().position(|known| known.key() == key) else {
            return self.add_to(&mut state, &item);
        };
        if state.contains(&item) {
            drop(state);
            if item.key() != key {
                self.unregister(old);
            }
            return Ok(());
        }
        let old = state.items.remove(at);
        state.keys.remove(&old.key());
        state.statuses.transfer(&old, &item);
        state.regroup();
        let added = state.try_add(&item, &self.0.settings);
        let dropped = if added.is_ok() {
            state.push(item);
            old
        } else {
            state.statuses.transfer(&item, &old);
            state.keys.insert(old.key());
            state.items.insert(at, old);
            state.regroup();
            item
        };
        // Dropping a collector runs code of the program, which may use this registry, so the
        // registry is unlocked first.
        drop(state);
        drop(dropped);
        added
    }
}

fn report(faults: impl Iterator<Item = String>) -> Result<(), Error> {
    let faults: Vec<String> = faults.collect();
    if faults.is_empty() {
        return Ok(());
    }
    Err(Error::new(faults.join("\n")))
}
