//! The families that were recorded through the facade, and the way from a key to its series.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock},
};

use metrics::{Key, Unit};
use metrics_core::{Collection, Collector, Desc, Kind, Registry};

use super::{
    Tables,
    names::{self, Labels},
    overflow, reject,
    series::{Tally, Value},
};

/// How much may be recorded.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Names of all kinds.
    pub(super) families: usize,
    /// Series of each.
    pub(super) series: usize,
}

/// All families of a kind.
pub(super) struct Families<V: Value> {
    /// A short way to series that were asked for before.
    keys: RwLock<HashMap<Key, Arc<V>>>,
    named: Mutex<Named<V>>,
}

struct Named<V: Value> {
    families: HashMap<String, Entry<V>>,
    /// Some of them are of families that nothing was recorded in yet.
    descriptions: HashMap<String, Description>,
}

/// What there is to a name.
enum Entry<V: Value> {
    Admitted {
        family: Arc<Family<V>>,
        /// How the registry knows it.
        exposed: Arc<dyn Collector>,
    },
    /// It clashes with what is in the registry.
    Refused(Arc<Tally>),
}

/// What a key leads to.
pub(super) enum Found<V> {
    Series(Arc<V>),
    Refused(Arc<Tally>),
}

impl<V: Value> Default for Families<V> {
    fn default() -> Self {
        Families {
            keys: RwLock::default(),
            named: Mutex::new(Named {
                families: HashMap::new(),
                descriptions: HashMap::new(),
            }),
        }
    }
}

impl<V: Value> Families<V> {
    /// The series of a key, made where it is missing and may be.
    pub(super) fn find(&self, key: &Key, registry: &Registry, tables: &Tables) -> Found<V> {
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(series) = keys.get(key) {
            return Found::Series(Arc::clone(series));
        }
        drop(keys);
        let name = names::metric(V::KIND, key.name());
        let family = match self.family(&name, registry, tables) {
            Ok(family) => family,
            Err(tally) => return Found::Refused(tally),
        };
        let (series, is_own) = family.series(names::labels(key), tables.limits.series);
        if is_own {
            let mut keys = self.keys.write().unwrap_or_else(PoisonError::into_inner);
            if keys.len() < MOST_KEYS {
                keys.insert(key.clone(), Arc::clone(&series));
            }
        }
        Found::Series(series)
    }

    fn family(
        &self,
        name: &str,
        registry: &Registry,
        tables: &Tables,
    ) -> Result<Arc<Family<V>>, Arc<Tally>> {
        let known = |entry: &Entry<V>| match entry {
            Entry::Admitted { family, .. } => Ok(Arc::clone(family)),
            Entry::Refused(tally) => Err(Arc::clone(tally)),
        };
        if let Some(entry) = self.named().families.get(name) {
            return known(entry);
        }
        // Not under the lock, as it counts what is under all three of them. Threads that come at
        // once may go a little beyond the most.
        if tables.names() >= tables.limits.families {
            return Err(Arc::clone(&tables.beyond));
        }
        let mut named = self.named();
        if let Some(entry) = named.families.get(name) {
            return known(entry);
        }
        let description = named.descriptions.get(name);
        let entry = Entry::admit(name, description, registry, tables);
        let found = known(&entry);
        named.families.insert(name.to_owned(), entry);
        found
    }

    /// Notes the first description of a name.
    pub(super) fn describe(
        &self,
        name: &str,
        description: Description,
        registry: &Registry,
        tables: &Tables,
    ) {
        let name = names::metric(V::KIND, name);
        let mut named = self.named();
        let Named {
            families,
            descriptions,
        } = &mut *named;
        let entry = families.get_mut(&name);
        let is_full = descriptions.len() >= tables.limits.families && entry.is_none();
        if is_full || descriptions.contains_key(&name) {
            return;
        }
        if let Some(Entry::Admitted { family, exposed }) = entry
            && let Ok(new) = Exposed::new(&name, Some(&description), family)
            // It has the names that the old one had, so that nothing clashes.
            && registry.replace(exposed, Arc::clone(&new)).is_ok()
        {
            *exposed = new;
        }
        descriptions.insert(name, description);
    }

    /// How many names there are, those that were refused included.
    pub(super) fn len(&self) -> usize {
        self.named().families.len()
    }

    /// Writes what was refused.
    pub(super) fn report(&self, out: &mut Collection<'_>) {
        for (name, entry) in &self.named().families {
            match entry {
                Entry::Admitted { family, .. } => {
                    reject(out, name, "value", family.rejected.get());
                    overflow(out, name, family.overflowed.get());
                }
                Entry::Refused(tally) => reject(out, name, "clash", tally.get()),
            }
        }
    }

    fn named(&self) -> MutexGuard<'_, Named<V>> {
        lock(&self.named)
    }
}

impl<V: Value> Entry<V> {
    /// A new family, if the registry takes it.
    fn admit(
        name: &str,
        description: Option<&Description>,
        registry: &Registry,
        tables: &Tables,
    ) -> Self {
        let admitted = Family::new(name, tables).and_then(|family| {
            let family = Arc::new(family);
            let exposed = Exposed::new(name, description, &family)?;
            registry.register(Arc::clone(&exposed))?;
            Ok(Entry::Admitted { family, exposed })
        });
        admitted.unwrap_or_else(|_| Entry::Refused(Arc::default()))
    }
}

/// A family and its series.
struct Family<V: Value> {
    maker: V::Maker,
    series: Mutex<BTreeMap<Labels, Arc<V>>>,
    rejected: Arc<Tally>,
    /// Times that a series was asked for that there is no place for.
    overflowed: Tally,
}

impl<V: Value> Family<V> {
    fn new(name: &str, tables: &Tables) -> Result<Self, metrics_core::Error> {
        let rejected = Arc::default();
        Ok(Family {
            maker: V::maker(tables.shape_of(name), &rejected)?,
            series: Mutex::default(),
            rejected,
            overflowed: Tally::default(),
        })
    }

    /// The series with these labels, or the one for all beyond the most; and whether it is the
    /// first.
    fn series(&self, labels: Labels, most: usize) -> (Arc<V>, bool) {
        let mut series = lock(&self.series);
        if let Some(value) = series.get(&labels) {
            return (Arc::clone(value), true);
        }
        let nth = series.len();
        let is_own = nth < most;
        let labels = if is_own {
            labels
        } else {
            self.overflowed.add(1);
            [("overflow".to_owned(), "true".to_owned())].into()
        };
        let value = series
            .entry(labels)
            .or_insert_with(|| Arc::new(V::make(&self.maker, nth)));
        (Arc::clone(value), is_own)
    }
}

/// A family as the registry knows it.
struct Exposed<V: Value> {
    desc: [Desc; 1],
    family: Arc<Family<V>>,
}

impl<V: Value> Exposed<V> {
    #[expect(
        clippy::new_ret_no_self,
        reason = "the registry tells collectors apart by what they are called with"
    )]
    fn new(
        name: &str,
        description: Option<&Description>,
        family: &Arc<Family<V>>,
    ) -> Result<Arc<dyn Collector>, metrics_core::Error> {
        Ok(Arc::new(Exposed {
            desc: [describe(V::KIND, name, description)?],
            family: Arc::clone(family),
        }))
    }
}

impl<V: Value> Collector for Exposed<V> {
    fn descs(&self) -> &[Desc] {
        &self.desc
    }

    fn collect(&self, out: &mut Collection<'_>) {
        let series = lock(&self.family.series);
        // So that nobody who records waits until they are written.
        let series: Vec<(Labels, Arc<V>)> = series
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

/// What a crate says of a metric.
pub(super) struct Description {
    help: String,
    unit: Option<Unit>,
}

impl Description {
    pub(super) fn new(help: &str, unit: Option<Unit>) -> Self {
        Description {
            help: help.to_owned(),
            // It says no more than a number does.
            unit: unit.filter(|unit| *unit != Unit::Count),
        }
    }
}

/// A unit that the name does not end in is part of the help: descriptions change no names.
fn describe(
    kind: Kind,
    name: &str,
    description: Option<&Description>,
) -> Result<Desc, metrics_core::Error> {
    let given = description.map_or("", |description| &description.help);
    let help = if given.is_empty() { UNDESCRIBED } else { given };
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
    // What is under it is whole between any two calls.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

const UNDESCRIBED: &str = "Recorded through the facade `metrics`, without a description.";

/// So many keys have a short way; the series of others take longer to find.
const MOST_KEYS: usize = 100_000;
