//! [`Families`]: the families recorded through the facade `metrics`, and the look-up of a series by
//! its key.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use metrics::Key;
use metrics_core::{Collector, Registry};

use super::{
    buckets::Buckets,
    family::{Cache, Description, Family, FamilyCollector, lock},
    names,
    renames::Renames,
    self_metrics::Counts,
    thread_cache::{RecorderId, ThreadCache, ThreadSeries},
    values::{RejectionCounter, SeriesValue},
};

/// Limits on the numbers of families and series, and on the time that series are idle.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Maximum number of families of all kinds together.
    pub(super) families: usize,
    /// Maximum number of series of each family.
    pub(super) series: usize,
    /// Series that have been idle for this time expire; `None` for never.
    pub(super) expire: Option<Duration>,
}

/// The parts of the store that are needed to find or create a family.
pub(super) trait Store {
    fn id(&self) -> RecorderId;

    fn limits(&self) -> Limits;

    fn buckets(&self, name: &str) -> &Buckets;

    /// Number of families of all kinds.
    fn family_count(&self) -> usize;

    /// Counts recordings in families beyond the limit.
    fn excess_families(&self) -> &Arc<RejectionCounter>;

    fn renames(&self) -> &Renames;
}

/// All families of a kind.
pub(super) struct Families<V: SeriesValue> {
    cache: Arc<Cache<V>>,
    by_name: Mutex<ByName<V>>,
}

struct ByName<V: SeriesValue> {
    families: HashMap<String, Entry<V>>,
    /// Includes descriptions of families that do not exist yet.
    descriptions: HashMap<String, Description>,
}

enum Entry<V: SeriesValue> {
    Registered {
        family: Arc<Family<V>>,
        /// The collector that is registered for the family.
        collector: Arc<dyn Collector>,
    },
    /// The family's name clashes with another metric in the registry.
    Clashing(Arc<RejectionCounter>),
}

/// The series, or the counter of rejections, in which the recordings of a key end up.
pub(super) enum Lookup<V: SeriesValue> {
    Series(Arc<ThreadSeries<V>>),
    Rejected(Arc<RejectionCounter>),
}

impl<V: SeriesValue> Default for Families<V> {
    fn default() -> Self {
        Families {
            cache: Arc::default(),
            by_name: Mutex::new(ByName {
                families: HashMap::new(),
                descriptions: HashMap::new(),
            }),
        }
    }
}

impl<V: SeriesValue> Families<V> {
    /// Finds the series of a key, or creates it.
    #[inline]
    pub(super) fn find(&self, key: &Key, registry: &Registry, store: &impl Store) -> Lookup<V> {
        let expires = store.limits().expire.is_some();
        if let Some(series) = ThreadCache::find(store.id(), key, expires) {
            return Lookup::Series(series);
        }
        self.find_shared(key, registry, store)
    }

    /// Finds or creates the series of a key that the thread's cache lacks.
    #[cold]
    #[inline(never)]
    fn find_shared(&self, key: &Key, registry: &Registry, store: &impl Store) -> Lookup<V> {
        let for_thread = |series| {
            let series = ThreadSeries::new(series);
            ThreadCache::insert(store.id(), key, &series);
            Lookup::Series(series)
        };
        let cache = self.cache.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(series) = cache.get(key).map(Arc::clone) {
            drop(cache);
            return for_thread(series);
        }
        drop(cache);
        let name = names::metric(V::KIND, key.name());
        let family = match self.family(&name, registry, store) {
            Ok(family) => family,
            Err(rejected) => return Lookup::Rejected(rejected),
        };
        let labels = names::labels(key);
        let (series, is_overflow) = family.series(&labels, store.limits().series);
        if is_overflow {
            // Not cached, because look-ups of series beyond the limit are counted.
            return Lookup::Series(ThreadSeries::new(series));
        }
        family.cache(key, &labels, &series);
        note_renames(key, &name, store.renames());
        for_thread(series)
    }

    fn family(
        &self,
        name: &str,
        registry: &Registry,
        store: &impl Store,
    ) -> Result<Arc<Family<V>>, Arc<RejectionCounter>> {
        let result = |entry: &Entry<V>| match entry {
            Entry::Registered { family, .. } => Ok(Arc::clone(family)),
            Entry::Clashing(rejected) => Err(Arc::clone(rejected)),
        };
        if let Some(entry) = self.by_name().families.get(name) {
            return result(entry);
        }
        // The limit is checked without this kind's lock, because the count locks the families of
        // all three kinds. Threads that check at the same time may together exceed the limit
        // slightly.
        if store.family_count() >= store.limits().families {
            return Err(Arc::clone(store.excess_families()));
        }
        let mut by_name = self.by_name();
        if let Some(entry) = by_name.families.get(name) {
            return result(entry);
        }
        let description = by_name.descriptions.get(name);
        let entry = Entry::register(name, description, registry, store, &self.cache);
        let family = result(&entry);
        by_name.families.insert(name.to_owned(), entry);
        family
    }

    /// Sets the description of a name, unless it already has one.
    ///
    /// The limit on families also limits the number of descriptions for names without a family.
    pub(super) fn describe(
        &self,
        name: &str,
        description: Description,
        registry: &Registry,
        store: &impl Store,
    ) {
        let name = names::metric(V::KIND, name);
        let mut by_name = self.by_name();
        let ByName {
            families,
            descriptions,
        } = &mut *by_name;
        let entry = families.get_mut(&name);
        let is_full = descriptions.len() >= store.limits().families && entry.is_none();
        if is_full || descriptions.contains_key(&name) {
            return;
        }
        if let Some(Entry::Registered { family, collector }) = entry
            && let Ok(new) = FamilyCollector::create(&name, Some(&description), family)
            // The new collector cannot clash, because it has the names of the one that it replaces.
            && registry.replace(collector, Arc::clone(&new)).is_ok()
        {
            *collector = new;
        }
        descriptions.insert(name, description);
    }

    /// Number of families, including clashing ones.
    pub(super) fn len(&self) -> usize {
        self.by_name().families.len()
    }

    /// Adds the numbers of rejected recordings and of look-ups beyond the limit to `counts`.
    pub(super) fn count(&self, counts: &mut Counts) {
        for (name, entry) in &self.by_name().families {
            match entry {
                Entry::Registered { family, .. } => {
                    counts.add_rejected(name, "value", family.rejected.get());
                    counts.add_overflowed(name, family.overflowed.get());
                }
                Entry::Clashing(rejected) => counts.add_rejected(name, "clash", rejected.get()),
            }
        }
    }

    fn by_name(&self) -> MutexGuard<'_, ByName<V>> {
        lock(&self.by_name)
    }
}

/// Notes which names of a key are exposed with another spelling in the family `name`.
fn note_renames(key: &Key, name: &str, renames: &Renames) {
    renames.note_metric(name, key.name());
    for label in key.labels().filter(|label| !label.value().is_empty()) {
        renames.note_label(name, label.key(), &names::label(label.key()));
    }
}

impl<V: SeriesValue> Entry<V> {
    /// Creates a family and registers it.
    fn register(
        name: &str,
        description: Option<&Description>,
        registry: &Registry,
        store: &impl Store,
        cache: &Arc<Cache<V>>,
    ) -> Self {
        let expire = store.limits().expire;
        let registered = Family::new(store.buckets(name), expire, cache).and_then(|family| {
            let family = Arc::new(family);
            let collector = FamilyCollector::create(name, description, &family)?;
            registry.register(Arc::clone(&collector))?;
            Ok(Entry::Registered { family, collector })
        });
        registered.unwrap_or_else(|_| Entry::Clashing(Arc::default()))
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::mpsc::channel, thread};

    use metrics::{counter, with_local_recorder};

    use super::{
        super::{FacadeRecorder, family::lock},
        *,
    };

    #[test]
    fn a_known_series_is_found_while_all_locks_are_held() {
        let registry = Registry::new();
        let builder = FacadeRecorder::builder().registry(registry.clone());
        let recorder = builder.build().unwrap();
        let (ready, is_ready) = channel();
        let (locked, is_locked) = channel();
        let families = &recorder.store.counters;
        thread::scope(|scope| {
            let recorder = &recorder;
            let recording = scope.spawn(move || {
                let count = || counter!("jobs", "queue" => "mail").increment(1);
                with_local_recorder(recorder, count);
                ready.send(()).unwrap();
                is_locked.recv().unwrap();
                with_local_recorder(recorder, count);
            });
            is_ready.recv().unwrap();
            let family = families
                .by_name()
                .families
                .values()
                .find_map(|entry| match entry {
                    Entry::Registered { family, .. } => Some(Arc::clone(family)),
                    Entry::Clashing(_) => None,
                });
            let family = family.expect("the first recording has created it");
            let _by_name = families.by_name();
            let _cache = families.cache.write().unwrap();
            let _series = lock(&family.series);
            locked.send(()).unwrap();
            recording.join().unwrap();
        });
        let text = registry.encode_to_string(metrics_core::Format::Text);
        assert!(text.contains("jobs_total{queue=\"mail\"} 2"), "{text}");
    }
}
