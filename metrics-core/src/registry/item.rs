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
    /// Calls [`Collector::descs`], code of the program, here and never again, so that it does not
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

    /// Whether both items are the same metric, or the same collector.
    pub(crate) fn is_same(&self, other: &Item) -> bool {
        fn address<T: ?Sized>(of: &T) -> *const () {
            ptr::from_ref(of).cast()
        }
        match (self, other) {
            (Item::Metric(a), Item::Metric(b)) => address::<Family>(a) == address::<Family>(b),
            (Item::DeclaredCollector(a), Item::DeclaredCollector(b)) => address(*a) == address(*b),
            (Item::Collector(a, _), Item::Collector(b, _)) => Arc::ptr_eq(a, b),
            _ => false,
        }
    }

    /// Whether this is the collector `collector`, registered at run time.
    pub(crate) fn is_collector(&self, collector: &Arc<dyn Collector>) -> bool {
        matches!(self, Item::Collector(known, _) if Arc::ptr_eq(known, collector))
    }
}
