//! [`RegisteredCollector`]: a collector together with its families and its status.

use std::{ptr, sync::Arc};

use crate::{
    describe::desc::Desc,
    registry::{
        collected::Collected, collection::Collection, collector::Collector,
        collector_status::CollectorStatus, item::Item, scope::Scope, settings::Settings,
    },
    series::recipients::ExpositionStart,
};

/// A collector with the descriptions of its families and its status.
#[derive(Debug)]
pub(crate) struct RegisteredCollector {
    item: Item,
    descs: Vec<Desc>,
    /// For a collector of an included registry: the prefix and labels that are added to its series,
    /// and the settings by which the series are checked.
    scope: Option<(Arc<Scope>, Settings)>,
    pub(crate) status: Arc<CollectorStatus>,
}

impl RegisteredCollector {
    pub(crate) fn new(
        item: Item,
        status: Arc<CollectorStatus>,
        scope: Option<(Arc<Scope>, Settings)>,
    ) -> Self {
        RegisteredCollector {
            item,
            descs: Vec::new(),
            scope,
            status,
        }
    }

    /// Adds a family; returns its position among the collector's families.
    pub(crate) fn add_family(&mut self, desc: Desc) -> usize {
        self.descs.push(desc);
        self.descs.len() - 1
    }

    pub(crate) fn item(&self) -> &Item {
        &self.item
    }

    pub(crate) fn scope(&self) -> Option<&Arc<Scope>> {
        self.scope.as_ref().map(|(scope, _)| scope)
    }

    /// The full name of a family: with the prefix of an included registry.
    pub(crate) fn full_name(&self, name: &str) -> String {
        let prefix = self.scope().map_or("", |scope| &scope.prefix);
        format!("{prefix}{name}")
    }

    /// The collector's name in self-metrics: the full name of its first family.
    pub(crate) fn name(&self) -> String {
        self.full_name(self.descs.first().map_or("", Desc::name))
    }

    /// The descriptions of the families that did not clash, as the collector returned them.
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

    pub(crate) fn collector(&self) -> Option<&dyn Collector> {
        match &self.item {
            Item::Metric(_) => None,
            Item::DeclaredCollector(collector) => Some(*collector),
            Item::Collector(collector, _) => Some(&**collector),
        }
    }

    /// Runs the collector for an exposition of a registry with `settings`.
    pub(crate) fn collect(&self, settings: &Settings, exposition: ExpositionStart) -> Collected {
        let scope = self.scope.as_ref();
        let settings = scope.map_or(settings, |(_, settings)| settings);
        let mut collection = Collection::new(&self.descs, settings, exposition);
        if let Some(collector) = self.collector() {
            collector.collect(&mut collection);
        }
        let mut collected = collection.finish();
        if let Some((scope, _)) = scope {
            collected.add_labels(&scope.rendered);
        }
        collected
    }
}
