//! A family recorded through the facade, its series, and the collector that exposes them.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock,
        atomic::{Ordering, fence},
    },
    time::Duration,
};

use metrics::{Key, Unit};
use metrics_core::{
    Collection, Collector, CollectorExpiry, DeliveredSeries, Desc, Kind, SeriesActivity,
};

use super::{
    buckets::Buckets,
    names::Labels,
    thread_cache::SharedSeries,
    values::{RejectionCounter, SeriesValue},
};

/// Caches series by the key with which the facade looks them up.
pub(super) type Cache<V> = RwLock<HashMap<Key, Arc<SharedSeries<V>>>>;

/// A family and its series.
pub(super) struct Family<V: SeriesValue> {
    factory: V::Factory,
    pub(super) series: Mutex<AllSeries<V>>,
    /// The cache of all families of this kind.
    cache: Arc<Cache<V>>,
    /// `None` if series never expire.
    expiry: Option<CollectorExpiry>,
    /// Counts values that a histogram does not accept.
    pub(super) rejected: Arc<RejectionCounter>,
    /// Counts look-ups of series beyond the limit.
    pub(super) overflowed: RejectionCounter,
}

pub(super) struct AllSeries<V: SeriesValue> {
    by_labels: BTreeMap<Labels, Series<V>>,
    /// The number of series created so far.
    created: u64,
}

struct Series<V: SeriesValue> {
    value: Arc<SharedSeries<V>>,
    /// The keys under which the cache has the value, if series expire.
    cached_as: Vec<Key>,
    /// The version of the value that [`look`](Series::look) saw last.
    version: u64,
    /// Whether the value has changed since the last scrape.
    has_changed: bool,
    activity: SeriesActivity,
    /// Whether the exposition omits the series until its value changes.
    is_hidden: bool,
}

impl<V: SeriesValue> Family<V> {
    pub(super) fn new(
        buckets: &Buckets,
        expire: Option<Duration>,
        cache: &Arc<Cache<V>>,
    ) -> Result<Self, metrics_core::Error> {
        let rejected = Arc::default();
        Ok(Family {
            factory: V::factory(buckets, &rejected)?,
            series: Mutex::new(AllSeries {
                by_labels: BTreeMap::new(),
                created: 0,
            }),
            cache: Arc::clone(cache),
            expiry: expire.map(CollectorExpiry::after),
            rejected,
            overflowed: RejectionCounter::default(),
        })
    }

    /// Returns the series with these labels and false, or the overflow series and true.
    pub(super) fn series(
        &self,
        labels: &Labels,
        max_series: usize,
    ) -> (Arc<SharedSeries<V>>, bool) {
        let mut series = lock(&self.series);
        let AllSeries { by_labels, created } = &mut *series;
        if let Some(series) = by_labels.get(labels) {
            return (Arc::clone(&series.value), false);
        }
        let is_overflow = by_labels.len() >= max_series;
        let labels = if is_overflow {
            self.overflowed.add(1);
            [("overflow".to_owned(), "true".to_owned())].into()
        } else {
            Arc::clone(labels)
        };
        let series = by_labels.entry(labels).or_insert_with(|| {
            *created += 1;
            Series::new(V::create(&self.factory, *created))
        });
        (Arc::clone(&series.value), is_overflow)
    }

    /// Adds a series to the cache, unless the cache is full or has the key.
    pub(super) fn cache(&self, key: &Key, labels: &Labels, value: &Arc<SharedSeries<V>>) {
        let mut cache = self.cache.write().unwrap_or_else(PoisonError::into_inner);
        if cache.len() >= MAX_CACHED_KEYS || cache.contains_key(key) {
            return;
        }
        if self.expiry.is_some()
            && let Some(series) = lock(&self.series).by_labels.get_mut(labels)
        {
            series.cached_as.push(key.clone());
        }
        cache.insert(key.clone(), Arc::clone(value));
    }

    /// Hides the idle series whose last values were delivered, and drops those to which no handle
    /// exists.
    fn expire(&self, delivered: DeliveredSeries) {
        // Both locks are held, so that no look-up clones a value between its check and its removal.
        let mut cache = self.cache.write().unwrap_or_else(PoisonError::into_inner);
        let mut series = lock(&self.series);
        let is_dropped = |_: &Labels, series: &mut Series<V>| {
            series.look();
            series.is_hidden |= !series.has_changed && delivered.are_final(series.activity);
            series.is_hidden && series.is_unused()
        };
        let dropped: Vec<_> = series.by_labels.extract_if(.., is_dropped).collect();
        for (_, series) in &dropped {
            for key in &series.cached_as {
                cache.remove(key);
            }
        }
    }
}

impl<V: SeriesValue> Series<V> {
    fn new(value: V) -> Self {
        Series {
            version: value.version(),
            value: SharedSeries::new(value),
            cached_as: Vec::new(),
            has_changed: true,
            activity: SeriesActivity::NEW,
            is_hidden: false,
        }
    }

    /// Sets `has_changed` if there was a recording since the last call.
    fn look(&mut self) {
        let version = self.value.value.version();
        if self.value.value.take_was_set() || version != self.version {
            self.version = version;
            self.has_changed = true;
        }
    }

    /// Whether the program has no handle to the series, and its value has not changed since the
    /// last scrape. If so, the threads' caches no longer return the series.
    ///
    /// The caller has locked family and cache, so that no other thread clones the value during the
    /// check.
    fn is_unused(&mut self) -> bool {
        if !self.value.remove_if_unused(1 + self.cached_as.len()) {
            return false;
        }
        // With this fence, `look` sees all recordings through handles that were dropped.
        fence(Ordering::Acquire);
        self.look();
        if self.has_changed {
            self.value.set_removed(false);
        }
        !self.has_changed
    }
}

impl<V: SeriesValue> Drop for Series<V> {
    fn drop(&mut self) {
        self.value.set_removed(true);
    }
}

/// Collects a family for the registry.
pub(super) struct FamilyCollector<V: SeriesValue> {
    desc: [Desc; 1],
    family: Arc<Family<V>>,
}

impl<V: SeriesValue> FamilyCollector<V> {
    /// Returns a trait object, because the registry identifies a collector by its pointer.
    pub(super) fn create(
        name: &str,
        description: Option<&Description>,
        family: &Arc<Family<V>>,
    ) -> Result<Arc<dyn Collector>, metrics_core::Error> {
        Ok(Arc::new(FamilyCollector {
            desc: [describe(V::KIND, name, description)?],
            family: Arc::clone(family),
        }))
    }
}

impl<V: SeriesValue> Collector for FamilyCollector<V> {
    fn descs(&self) -> &[Desc] {
        &self.desc
    }

    fn collect(&self, out: &mut Collection<'_>) {
        let expires = self.family.expiry.is_some();
        // The list of series is copied, so that recordings into new series do not wait until the
        // values are written.
        let mut exposed: Vec<(Labels, Arc<SharedSeries<V>>)> = Vec::new();
        for (labels, series) in &mut lock(&self.family.series).by_labels {
            if expires {
                series.look();
                if std::mem::take(&mut series.has_changed) {
                    series.activity.note_change(out);
                    series.is_hidden = false;
                }
            }
            if !series.is_hidden {
                exposed.push((Arc::clone(labels), Arc::clone(&series.value)));
            }
        }
        for (labels, value) in exposed {
            let labels: Vec<(&str, &str)> = labels
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_str()))
                .collect();
            value.value.write(&self.desc[0], &labels, out);
        }
    }

    fn expiry(&self) -> Option<&CollectorExpiry> {
        self.family.expiry.as_ref()
    }

    fn expire(&self, delivered: DeliveredSeries) {
        self.family.expire(delivered);
    }
}

/// The description of a metric by the crate that records it.
pub(super) struct Description {
    help: String,
    unit: Option<Unit>,
}

impl Description {
    pub(super) fn new(help: &str, unit: Option<Unit>) -> Self {
        Description {
            help: help.to_owned(),
            // Leaves out the unit `count`, which adds no information to a number.
            unit: unit.filter(|unit| *unit != Unit::Count),
        }
    }
}

/// Describes a family. A unit that is not the suffix of the name is added to the help text, because
/// a description must not change the name.
fn describe(
    kind: Kind,
    name: &str,
    description: Option<&Description>,
) -> Result<Desc, metrics_core::Error> {
    let given = description.map_or("", |description| &description.help);
    let help = if given.is_empty() {
        DEFAULT_HELP
    } else {
        given
    };
    let unit = description.and_then(|description| description.unit);
    let Some(unit) = unit.map(|unit| unit.as_str()) else {
        return Desc::dynamic(kind, name, help, "");
    };
    Desc::dynamic(kind, name, help, unit).or_else(|_| {
        let unit = unit.replace('_', " ");
        Desc::dynamic(kind, name, format!("{help} (in {unit})"), "")
    })
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Ignores poisoning, because a panic under a lock leaves the contents consistent.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

const DEFAULT_HELP: &str = "Recorded through the facade `metrics`, without a description.";

/// Limits the memory of a [`Cache`]; the look-up of keys that the cache lacks is slower.
const MAX_CACHED_KEYS: usize = 100_000;
