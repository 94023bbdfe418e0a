//! [`RegisteredCollector`]: a collector together with its families and its status.

use std::{ptr, sync::Arc};

use crate::{
    describe::desc::Desc,
    registry::{collection::Collection, collector_status::CollectorStatus, item::Item},
};

/// A collector with the descriptions of its families and its status.
#[derive(Debug)]
pub(crate) struct RegisteredCollector {
    item: Item,
    descs: Vec<Desc>,
    pub(crate) status: Arc<CollectorStatus>,
}

impl RegisteredCollector {
    pub(crate) fn new(item: Item, status: Arc<CollectorStatus>) -> Self {
        RegisteredCollector {
            item,
            descs: Vec::new(),
            status,
        }
    }

    /// Adds a family; returns its position among the collector's families.
    pub(crate) fn add_family(&mut self, desc: Desc) -> usize {
        self.descs.push(desc);
        self.descs.len() - 1
    }

    /// The descriptions of the families that did not clash.
    pub(crate) fn descs(&self) -> &[Desc] {
        &self.descs
    }

    /// The collector's address, which identifies it.
    pub(crate) fn address(&self) -> usize {
        match &self.item {
            Item::Metric(_) => 0,
            Item::DeclaredCollector(collector) => ptr::from_ref(*collector).addr(),
            Item::Collector(collector, _) => Arc::as_ptr(collector).addr(),
        }
    }

    pub(crate) fn collect(&self, collection: &mut Collection<'_>) {
        match &self.item {
            Item::Metric(_) => {}
            Item::DeclaredCollector(collector) => collector.collect(collection),
            Item::Collector(collector, _) => collector.collect(collection),
        }
    }
}
