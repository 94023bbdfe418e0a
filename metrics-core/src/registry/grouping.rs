//! Groups the items of a registry into families, and finds the declarations that clash.

use std::{collections::HashMap, sync::Arc};

use crate::{
    describe::desc::Desc,
    metric::family::{Family, FamilyRef},
    registry::{
        clashes::{check_agreement, check_labels, check_reserved_names},
        collector_status::CollectorStatuses,
        exposed_families::ExposedFamilies,
        exposed_family::{CollectorFamily, ExposedFamily, has_legacy_name},
        item::{Item, ItemKey},
        registered_collector::RegisteredCollector,
        sample_names::SampleNames,
        settings::Settings,
        single_run::SingleRun,
    },
};

/// Families to which items can be added, each in a time that does not depend on their number.
///
/// Of two declarations that clash, the one that is added first is kept.
#[derive(Debug)]
pub(crate) struct Grouping {
    /// The families in the order in which they were added; without what [`finish`](Self::finish)
    /// adds.
    families: ExposedFamilies,
    names: SampleNames,
    /// The position of each collector among those of `families`.
    collectors: HashMap<ItemKey, usize>,
    settings: Arc<Settings>,
}

impl Grouping {
    /// Groups items into families; leaves out, and counts, the declarations that clash.
    ///
    /// Takes the status of each collector from `statuses`, so that its counts continue, and adds a
    /// new status for a collector without one.
    pub(crate) fn new(
        items: &[Item],
        settings: &Arc<Settings>,
        statuses: &mut CollectorStatuses,
    ) -> Self {
        let mut grouping = Grouping {
            families: ExposedFamilies::default(),
            names: SampleNames::default(),
            collectors: HashMap::new(),
            settings: Arc::clone(settings),
        };
        for item in items {
            for desc in item.descs() {
                if let Err(clash) = grouping.add_family(desc, item, statuses) {
                    let families = &mut grouping.families;
                    families.clashes.push(clash);
                    *families.left_out.entry(desc.name().to_owned()).or_default() += 1;
                }
            }
        }
        grouping
    }

    /// Adds an item.
    ///
    /// # Errors
    ///
    /// Describes each clash of the item. Then the grouping must be dropped, as it may contain some
    /// families of the item, unless the item has one family only.
    pub(crate) fn add(
        &mut self,
        item: &Item,
        statuses: &mut CollectorStatuses,
    ) -> Result<(), Vec<String>> {
        let results = item.descs().iter();
        let results = results.map(|desc| self.add_family(desc, item, statuses));
        let clashes: Vec<String> = results.filter_map(Result::err).collect();
        if clashes.is_empty() {
            Ok(())
        } else {
            Err(clashes)
        }
    }

    /// The dynamic metric whose description and settings are equivalent to those of `family`.
    pub(crate) fn find_dynamic(&self, family: &Family) -> Option<&Arc<Family>> {
        let at = self.names.family(family.desc())?;
        self.families.families[at].find_dynamic(family)
    }

    /// The families in exposition order.
    pub(crate) fn finish(self) -> ExposedFamilies {
        let mut families = self.families;
        families.families.sort_by(|a, b| a.order().cmp(&b.order()));
        families.find_special_families();
        families.find_single_runs(&self.settings.prefix);
        families
    }

    /// Adds a declaration to the existing family of its name, or as a new family.
    ///
    /// # Errors
    ///
    /// If the declaration clashes, for example with another family, a const label of the registry
    /// or a self-metric; the text describes the clash.
    fn add_family(
        &mut self,
        desc: &Desc,
        item: &Item,
        statuses: &mut CollectorStatuses,
    ) -> Result<(), String> {
        check_reserved_names(desc, &self.settings)?;
        check_labels(desc, &self.settings)?;
        if let Some(at) = self.names.family(desc)
            && self.families.families[at].desc.name() == desc.name()
        {
            let family = &mut self.families.families[at];
            let merges_with = check_agreement(family, desc, item)?;
            if let Item::Metric(metric) = item {
                add_member(family, metric, merges_with);
            } else {
                let collector = self.add_to_collector(desc, item, statuses);
                self.families.families[at].collectors.push(collector);
            }
            return Ok(());
        }
        self.names
            .insert(desc, &self.families.families, &self.settings)?;
        let family = match item {
            Item::Metric(metric) => {
                // From now on, scrapes can expose the metric's closed series before anything is
                // recorded, so they start now.
                metric.set_created_now();
                ExposedFamily::of_metric(metric)
            }
            _ => ExposedFamily::of_collector(desc, self.add_to_collector(desc, item, statuses)),
        };
        self.families.families.push(family);
        Ok(())
    }

    /// Adds a family to the collector that writes it.
    fn add_to_collector(
        &mut self,
        desc: &Desc,
        item: &Item,
        statuses: &mut CollectorStatuses,
    ) -> CollectorFamily {
        let collectors = &mut self.families.collectors;
        let at = *self.collectors.entry(item.key()).or_insert_with(|| {
            collectors.push(RegisteredCollector::new(item.clone(), statuses.of(item)));
            collectors.len() - 1
        });
        CollectorFamily {
            collector: at,
            family: collectors[at].add_family(desc.clone()),
            is_computed: matches!(item, Item::DeclaredCollector(_)),
        }
    }
}

/// Adds a metric to a family of metrics: in one group with the groups at `merges_with`, ascending.
fn add_member(family: &mut ExposedFamily, metric: &FamilyRef, merges_with: Vec<usize>) {
    metric.set_created_now();
    let mut group = Vec::new();
    for at in merges_with.into_iter().rev() {
        group.splice(0..0, family.members.remove(at));
    }
    group.push(metric.clone());
    family.members.push(group);
}

impl ExposedFamilies {
    fn find_special_families(&mut self) {
        for (at, family) in self.families.iter().enumerate() {
            // Merged members do not expire: their sum would decrease if a part of it expired.
            if family.unmerged_members().any(|member| member.has_expiry()) {
                self.expiring.push(at);
            }
            if family
                .members()
                .any(|member| member.exemplars().are_automatic())
            {
                self.sampling_exemplars.push(at);
            }
        }
    }

    fn find_single_runs(&mut self, prefix: &str) {
        let mut run = None;
        for (at, family) in self.families.iter_mut().enumerate() {
            let single = family.single();
            // A run caches the start of each line for all scrapers, so it excludes families whose
            // names are escaped for some scrapers.
            match single
                .filter(|_| has_legacy_name(&family.desc, prefix))
                .cloned()
            {
                Some(metric) => {
                    family.single_run = Some(self.single_runs.len());
                    run.get_or_insert_with(|| SingleRun::new(at)).push(metric);
                }
                None => self.single_runs.extend(run.take()),
            }
        }
        self.single_runs.extend(run);
    }
}
