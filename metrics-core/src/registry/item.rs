//! [`Item`]: a metric or a collector in a registry.

use std::{fmt, ptr, slice, sync::Arc};

use crate::{
    describe::desc::Desc,
    metric::family::{Family, FamilyRef},
    registry::collector::Collector,
};

/// A metric or a collector in a registry.
#[derive(Clone)]
pub(crate) enum Item {
    Metric(FamilyRef),
    DeclaredCollector(&'static dyn Collector),
    /// A collector that was registered at run time, with the descriptions it returned then.
    Collector(Arc<dyn Collector>, Arc<[Desc]>),
}

impl fmt::Debug for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.descs().iter().map(Desc::name).collect();
        f.debug_tuple("Item").field(&names).finish()
    }
}

impl Item {
    /// The item of a collector that is registered at run time.
    ///
    /// Calls [`Collector::descs`] here and never again, so that this code of the program does not
    /// run under a lock of the registry.
    pub(crate) fn collector(collector: Arc<dyn Collector>) -> Self {
        let descs = collector.descs().into();
        Item::Collector(collector, descs)
    }

    pub(crate) fn descs(&self) -> &[Desc] {
        match self {
            Item::Metric(family) => slice::from_ref(family.desc()),
            Item::DeclaredCollector(collector) => collector.descs(),
            Item::Collector(_, descs) => descs,
        }
    }

    /// Sets the cardinality limit of a metric whose declaration has none.
    pub(crate) fn set_default_max_series(&self, max: usize) {
        if let Item::Metric(family) = self {
            family.set_default_max_series(max);
        }
    }

    /// Identifies the metric or the collector as long as it exists.
    pub(crate) fn key(&self) -> ItemKey {
        fn address<T: ?Sized>(of: &T) -> usize {
            ptr::from_ref(of).addr()
        }
        match self {
            Item::Metric(family) => ItemKey::of_metric(family),
            Item::DeclaredCollector(collector) => ItemKey::DeclaredCollector(address(*collector)),
            Item::Collector(collector, _) => ItemKey::of_collector(collector),
        }
    }

    /// Whether both items are the same metric, or the same collector.
    pub(crate) fn is_same(&self, other: &Item) -> bool {
        self.key() == other.key()
    }
}

/// Identifies an item: the address of its metric or collector.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum ItemKey {
    Metric(usize),
    DeclaredCollector(usize),
    Collector(usize),
}

impl ItemKey {
    /// The key of a metric.
    pub(crate) fn of_metric(family: &Family) -> Self {
        ItemKey::Metric(ptr::from_ref(family).addr())
    }

    /// The key of a collector that is registered at run time.
    pub(crate) fn of_collector(collector: &Arc<dyn Collector>) -> Self {
        ItemKey::Collector(Arc::as_ptr(collector).addr())
    }
}
