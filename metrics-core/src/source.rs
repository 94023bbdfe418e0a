//! Where a registry's values come from, and what went wrong there.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use crate::{
    collector::Collector,
    desc::Desc,
    family::{Family, FamilyRef},
};

/// Where a registry's values come from.
#[derive(Clone)]
pub(crate) enum Source {
    Family(FamilyRef),
    Declared(&'static dyn Collector),
    Collector(Arc<dyn Collector>),
}

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<_> = self.descs().iter().map(Desc::name).collect();
        f.debug_tuple("Source").field(&names).finish()
    }
}

impl Source {
    pub(crate) fn descs(&self) -> &[Desc] {
        match self {
            Source::Family(family) => std::slice::from_ref(family.desc()),
            Source::Declared(collector) => collector.descs(),
            Source::Collector(collector) => collector.descs(),
        }
    }

    /// Whether the other is the very same.
    pub(crate) fn is(&self, other: &Source) -> bool {
        fn address<T: ?Sized>(of: &T) -> *const () {
            std::ptr::from_ref(of).cast()
        }
        match (self, other) {
            (Source::Family(a), Source::Family(b)) => address::<Family>(a) == address::<Family>(b),
            (Source::Declared(a), Source::Declared(b)) => address(*a) == address(*b),
            (Source::Collector(a), Source::Collector(b)) => Arc::ptr_eq(a, b),
            _ => false,
        }
    }
}

/// What went wrong with a collector since it was registered.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    /// Scrapes in which it panicked.
    panics: AtomicU64,
    /// Values that were left out, by family.
    rejected: Mutex<BTreeMap<String, u64>>,
}

impl Faults {
    pub(crate) fn panic(&self) {
        self.panics.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn panics(&self) -> u64 {
        self.panics.load(Ordering::Relaxed)
    }

    pub(crate) fn rejected(&self, family: &str) -> u64 {
        let rejected = self.rejected.lock().unwrap_or_else(PoisonError::into_inner);
        rejected.get(family).copied().unwrap_or_default()
    }

    pub(crate) fn reject(&self, counts: impl Iterator<Item = (String, u64)>) {
        let mut rejected = self.rejected.lock().unwrap_or_else(PoisonError::into_inner);
        for (family, count) in counts {
            *rejected.entry(family).or_default() += count;
        }
    }
}

/// The faults of all collectors of a registry; they outlive its groups.
#[derive(Debug, Default)]
pub(crate) struct AllFaults(Vec<(Source, Arc<Faults>)>);

impl AllFaults {
    pub(crate) fn of(&mut self, source: &Source) -> Arc<Faults> {
        if let Some((_, faults)) = self.0.iter().find(|(known, _)| known.is(source)) {
            return Arc::clone(faults);
        }
        let faults = Arc::<Faults>::default();
        self.0.push((source.clone(), Arc::clone(&faults)));
        faults
    }

    /// Forgets those of a collector that was unregistered.
    pub(crate) fn retain(&mut self, keep: impl Fn(&Source) -> bool) {
        self.0.retain(|(source, _)| keep(source));
    }
}
