//! Groups the items of a registry into families, and finds the declarations that clash.

use crate::{
    describe::desc::Desc,
    metric::family::FamilyRef,
    registry::{
        clashes::{check_agreement, check_labels, check_reserved_names},
        collector_status::CollectorStatuses,
        exposed_families::ExposedFamilies,
        exposed_family::{CollectorFamily, ExposedFamily, has_legacy_name},
        item::Item,
        registered_collector::RegisteredCollector,
        sample_names::SampleNames,
        settings::Settings,
        single_run::SingleRun,
    },
};

/// Groups items into families.
///
/// Takes the status of each collector from `statuses`, so that its counts continue, and adds a new
/// status for a collector without one.
pub(crate) fn group(
    items: &[Item],
    settings: &Settings,
    statuses: &mut CollectorStatuses,
) -> ExposedFamilies {
    let mut declarations: Vec<(&Desc, &Item)> = items
        .iter()
        .flat_map(|item| item.descs().iter().map(move |desc| (desc, item)))
        .collect();
    // Sorted, as the linker's order is arbitrary. The sort is stable, so that of two declarations
    // that clash and have the same source location, the one that was registered first is kept.
    // `target_info` comes first, as OpenMetrics recommends.
    declarations
        .sort_by_key(|(desc, _)| (desc.name() != "target_info", desc.name(), desc.location()));
    let names = SampleNames::new(declarations.iter().map(|(desc, _)| *desc), settings);
    let mut grouping = Grouping {
        families: ExposedFamilies::default(),
        settings,
        statuses,
        names,
    };
    for (desc, item) in declarations {
        if let Err(clash) = grouping.add(desc, item) {
            let families = &mut grouping.families;
            families.clashes.push(clash);
            *families.left_out.entry(desc.name().to_owned()).or_default() += 1;
        }
    }
    let mut families = grouping.families;
    families.find_special_families();
    families.find_single_runs(&settings.prefix);
    families
}

struct Grouping<'a> {
    families: ExposedFamilies,
    settings: &'a Settings,
    statuses: &'a mut CollectorStatuses,
    names: SampleNames<'a>,
}

impl<'a> Grouping<'a> {
    /// Adds a declaration to the existing family of its name, or as a new family.
    ///
    /// # Errors
    ///
    /// If the declaration clashes, for example with another family, a const label of the registry
    /// or a self-metric; the text describes the clash.
    fn add(&mut self, desc: &'a Desc, item: &Item) -> Result<(), String> {
        check_reserved_names(desc, self.settings)?;
        check_labels(desc, self.settings)?;
        if let Some(at) = self.names.family(desc)
            && self.families.families[at].desc.name() == desc.name()
        {
            let family = &mut self.families.families[at];
            let merges_with = check_agreement(family, desc, item)?;
            if let Item::Metric(metric) = item {
                add_member(family, metric, merges_with);
            } else {
                let collector = self.add_to_collector(desc, item);
                self.families.families[at].collectors.push(collector);
            }
            return Ok(());
        }
        self.names.insert(desc, self.families.families.len())?;
        let family = match item {
            Item::Metric(metric) => {
                // From now on, scrapes can expose the metric's closed series before anything is
                // recorded, so they start now.
                metric.set_created_now();
                ExposedFamily::of_metric(metric)
            }
            _ => ExposedFamily::of_collector(desc, self.add_to_collector(desc, item)),
        };
        self.families.families.push(family);
        Ok(())
    }

    /// Adds a family to the collector that writes it.
    fn add_to_collector(&mut self, desc: &Desc, item: &Item) -> CollectorFamily {
        let collectors = &mut self.families.collectors;
        let known = collectors.iter().position(|collector| collector.is(item));
        let at = known.unwrap_or_else(|| {
            let status = self.statuses.of(item);
            collectors.push(RegisteredCollector::new(item.clone(), status));
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
