//! [`Families`]: the families recorded through the facade `metrics`, and the look-up of a series by
//! its key.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock},
};

use metrics::{Key, Unit};
use metrics_core::{Collection, Collector, Desc, Kind, Registry};

use super::{
    buckets::Buckets,
    names::{self, Labels},
    self_metrics::Counts,
    values::{RejectionCounter, SeriesValue},
};

/// Limits on the numbers of families and series.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Families of all kinds together.
    pub(super) families: usize,
    /// Series of each family.
    pub(super) series: usize,
}

/// The parts of the store that are needed to find or create a family.
pub(super) trait Store {
    fn limits(&self) -> Limits;

    fn buckets(&self, name: &str) -> &Buckets;

    /// Number of families of all kinds.
    fn family_count(&self) -> usize;

    /// Counts recordings in families beyond the limit.
    fn excess_families(&self) -> &Arc<RejectionCounter>;
}

/// All families of a kind.
pub(super) struct Families<V: SeriesValue> {
    /// Caches series by the key with which the facade looks them up.
    cache: RwLock<HashMap<Key, Arc<V>>>,
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

/// Where recordings of a key go.
pub(super) enum Lookup<V> {
    Series(Arc<V>),
    Rejected(Arc<RejectionCounter>),
}

impl<V: SeriesValue> Default for Families<V> {
    fn default() -> Self {
        Families {
            cache: RwLock::default(),
            by_name: Mutex::new(ByName {
                families: HashMap::new(),
                descriptions: HashMap::new(),
            }),
        }
    }
}

impl<V: SeriesValue> Families<V> {
    /// Finds the series of a key, or creates it.
    pub(super) fn find(&self, key: &Key, registry: &Registry, store: &impl Store) -> Lookup<V> {
        let cache = self.cache.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(series) = cache.get(key) {
            return Lookup::Series(Arc::clone(series));
        }
        drop(cache);
        let name = names::metric(V::KIND, key.name());
        let family = match self.family(&name, registry, store) {
            Ok(family) => family,
            Err(rejected) => return Lookup::Rejected(rejected),
        };
        let (series, is_overflow) = family.series(names::labels(key), store.limits().series);
        if !is_overflow {
            let mut cache = self.cache.write().unwrap_or_else(PoisonError::into_inner);
            if cache.len() < MAX_CACHED_KEYS {
                cache.insert(key.clone(), Arc::clone(&series));
            }
        }
        Lookup::Series(series)
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
        let entry = Entry::register(name, description, registry, store);
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

    /// Adds the numbers of rejected and overflowed recordings.
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

impl<V: SeriesValue> Entry<V> {
    /// Creates a family and registers it.
    fn register(
        name: &str,
        description: Option<&Description>,
        registry: &Registry,
        store: &impl Store,
    ) -> Self {
        let registered = Family::new(store.buckets(name)).and_then(|family| {
            let family = Arc::new(family);
            let collector = FamilyCollector::create(name, description, &family)?;
            registry.register(Arc::clone(&collector))?;
            Ok(Entry::Registered { family, collector })
        });
        registered.unwrap_or_else(|_| Entry::Clashing(Arc::default()))
    }
}

/// A family and its series.
struct Family<V: SeriesValue> {
    factory: V::Factory,
    series: Mutex<BTreeMap<Labels, Arc<V>>>,
    /// Counts values that a histogram does not accept.
    rejected: Arc<RejectionCounter>,
    /// Counts look-ups of series beyond the limit.
    overflowed: RejectionCounter,
}

impl<V: SeriesValue> Family<V> {
    fn new(buckets: &Buckets) -> Result<Self, metrics_core::Error> {
        let rejected = Arc::default();
        Ok(Family {
            factory: V::factory(buckets, &rejected)?,
            series: Mutex::default(),
            rejected,
            overflowed: RejectionCounter::default(),
        })
    }

    /// The series with these labels, or the overflow series; and whether it is the latter.
    fn series(&self, labels: Labels, max_series: usize) -> (Arc<V>, bool) {
        let mut series = lock(&self.series);
        if let Some(value) = series.get(&labels) {
            return (Arc::clone(value), false);
        }
        let index = series.len();
        let is_overflow = index >= max_series;
        let labels = if is_overflow {
            self.overflowed.add(1);
            [("overflow".to_owned(), "true".to_owned())].into()
        } else {
            labels
        };
        let value = series
            .entry(labels)
            .or_insert_with(|| Arc::new(V::create(&self.factory, index)));
        (Arc::clone(value), is_overflow)
    }
}

/// Collects a family for the registry.
struct FamilyCollector<V: SeriesValue> {
    desc: [Desc; 1],
    family: Arc<Family<V>>,
}

impl<V: SeriesValue> FamilyCollector<V> {
    /// Returns a trait object, because the registry identifies a collector by its pointer.
    fn create(
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
        // The list of series is copied, so that recordings into new series do not wait until the
        // values are written.
        let series: Vec<(Labels, Arc<V>)> = lock(&self.family.series)
            .iter()
            .map(|(labels, value)| (Arc::clone(labels), Arc::clone(value)))
            .collect();
        for (labels, value) in series {
            let labels: Vec<(&str, &str)> = labels
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_str()))
                .collect();
            value.write(&self.desc[0], &labels, out);
        }
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
            // The unit `count` adds no information to a number.
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

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Ignores poisoning: a panic under a lock leaves the contents consistent.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

const DEFAULT_HELP: &str = "Recorded through the facade `metrics`, without a description.";

/// Limits the memory of [`Families::cache`]; the look-up of keys that it lacks is slower.
const MAX_CACHED_KEYS: usize = 100_000;
