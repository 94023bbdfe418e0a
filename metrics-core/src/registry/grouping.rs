//! Groups the metrics and collectors of a registry into families, and finds declarations that
//! clash.

#[cfg(feature = "catalog")]
use std::sync::atomic::{AtomicU64, Ordering};
use std::{borrow::Cow, collections::HashMap, ptr, sync::Arc};

use crate::{
    describe::{desc::Desc, subject::Subject},
    metric::family::Family,
    registry::{
        clashes::{check_agreement, check_labels, check_reserved_names},
        collector_status::{CollectorStatus, CollectorStatuses},
        exposed_families::ExposedFamilies,
        exposed_family::{CollectorFamily, ExposedFamily, Member, has_legacy_name},
        item::{Item, ItemKey},
        registered_collector::RegisteredCollector,
        sample_names::SampleNames,
        scope::Scope,
        settings::Settings,
        single_run::SingleRun,
    },
};

/// A declaration of a metric, or of a family that a collector writes.
struct Declaration<'a> {
    desc: Cow<'a, Desc>,
    item: Cow<'a, Item>,
    included: Option<Included<'a>>,
}

/// Where a declaration of an included registry comes from.
struct Included<'a> {
    scope: Arc<Scope>,
    /// For a family that a collector writes: its description in the included registry, and the
    /// collector's status there.
    collected: Option<(&'a Desc, &'a Arc<CollectorStatus>)>,
}

impl<'a> Declaration<'a> {
    /// The declarations of one of the registry's own items.
    fn of_item(item: &'a Item) -> impl Iterator<Item = Declaration<'a>> {
        item.descs().iter().map(move |desc| Declaration {
            desc: Cow::Borrowed(desc),
            item: Cow::Borrowed(item),
            included: None,
        })
    }

    /// The declarations of an included registry with these settings.
    fn of_part(families: &'a ExposedFamilies, settings: &Settings) -> Vec<Declaration<'a>> {
        // Collectors are told apart by the address of their scope, so each scope is created once.
        let mut scopes: Vec<(Option<*const Scope>, Arc<Scope>)> = Vec::new();
        let mut within = |inner: Option<&Arc<Scope>>| {
            let address = inner.map(Arc::as_ptr);
            if let Some((_, scope)) = scopes.iter().find(|(known, _)| *known == address) {
                return Arc::clone(scope);
            }
            let scope = Arc::new(Scope::new(settings, inner.map(|scope| &**scope)));
            scopes.push((address, Arc::clone(&scope)));
            scope
        };
        let mut declarations = Vec::new();
        for family in &families.families {
            for member in family.members.iter().flatten() {
                let inner = member.included.as_ref();
                let scope = within(inner.map(|(scope, _)| scope));
                declarations.push(Declaration {
                    desc: Cow::Owned(scope.apply(member.metric.desc())),
                    item: Cow::Owned(Item::Metric(member.metric.clone())),
                    included: Some(Included {
                        scope,
                        collected: None,
                    }),
                });
            }
            for by in &family.collectors {
                let collector = &families.collectors[by.collector];
                let desc = &collector.descs()[by.family];
                let scope = within(collector.scope());
                declarations.push(Declaration {
                    desc: Cow::Owned(scope.apply(desc)),
                    item: Cow::Borrowed(collector.item()),
                    included: Some(Included {
                        scope,
                        collected: Some((desc, &collector.status)),
                    }),
                });
            }
        }
        declarations
    }

    fn scope(&self) -> Option<&Arc<Scope>> {
        self.included.as_ref().map(|included| &included.scope)
    }
}

/// The families of a registry while items are added. Adding an item takes a time that does not
/// depend on the number of families.
///
/// Of two declarations that clash, the one that is added first is kept.
#[derive(Debug)]
pub(crate) struct Grouping {
    /// The families in the order in which they were added; without the data that
    /// [`finish`](Self::finish) adds.
    families: ExposedFamilies,
    names: SampleNames,
    /// For each collector, by its key and the address of the scope with which it is included, its
    /// position among the collectors of `families`.
    collectors: HashMap<(ItemKey, Option<usize>), usize>,
    settings: Arc<Settings>,
}

impl Grouping {
    /// Groups items, and the families of included registries with their settings, into families;
    /// leaves out, and counts, the declarations that clash.
    ///
    /// Takes the status of each collector from `statuses`, so that its counts continue, and adds a
    /// new status for a collector without one.
    pub(crate) fn new<'a>(
        items: &'a [Item],
        parts: impl Iterator<Item = (&'a ExposedFamilies, &'a Settings)>,
        settings: &Arc<Settings>,
        statuses: &mut CollectorStatuses,
    ) -> Self {
        let mut grouping = Grouping {
            families: ExposedFamilies::default(),
            names: SampleNames::default(),
            collectors: HashMap::new(),
            settings: Arc::clone(settings),
        };
        let own = items.iter().flat_map(Declaration::of_item);
        // Included declarations come last, so that the registry's own is kept if both clash.
        let included = parts.flat_map(|(families, of)| Declaration::of_part(families, of));
        for declaration in own.chain(included) {
            if let Err(clash) = grouping.add_family(&declaration, statuses) {
                let families = &mut grouping.families;
                families.clashes.push(clash);
                let name = declaration.desc.name().to_owned();
                *families.left_out.entry(name).or_default() += 1;
            }
        }
        grouping
    }

    /// Adds an item.
    ///
    /// # Errors
    ///
    /// Describes each clash of the item. If the item has several families, the grouping may contain
    /// some of them after an error, so the caller must drop the grouping.
    pub(crate) fn add(
        &mut self,
        item: &Item,
        statuses: &mut CollectorStatuses,
    ) -> Result<(), Vec<String>> {
        let results = Declaration::of_item(item);
        let results = results.map(|declaration| self.add_family(&declaration, statuses));
        let clashes: Vec<String> = results.filter_map(Result::err).collect();
        if clashes.is_empty() {
            Ok(())
        } else {
            Err(clashes)
        }
    }

    /// Adds the families of an included registry with these settings, and returns the clashes.
    ///
    /// If there are any, the caller must drop the grouping, because it contains the other families.
    pub(crate) fn include(
        &mut self,
        families: &ExposedFamilies,
        settings: &Settings,
    ) -> Vec<String> {
        // Remains empty, because each collector of the part has a status already.
        let mut statuses = CollectorStatuses::default();
        let declarations = Declaration::of_part(families, settings).into_iter();
        let results = declarations.map(|of| self.add_family(&of, &mut statuses));
        results.filter_map(Result::err).collect()
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
        #[cfg(feature = "catalog")]
        {
            static REVISIONS: AtomicU64 = AtomicU64::new(1);
            families.revision = REVISIONS.fetch_add(1, Ordering::Relaxed);
        }
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
        declaration: &Declaration<'_>,
        statuses: &mut CollectorStatuses,
    ) -> Result<(), String> {
        let Declaration { desc, item, .. } = declaration;
        check_reserved_names(desc, &self.settings)?;
        check_labels(desc, &self.settings)?;
        let families = &mut self.families.families;
        let known = self.names.family(desc);
        let known = known.filter(|at| families[*at].desc.name() == desc.name());
        let (at, merges_with) = if let Some(at) = known {
            if is_exposed(&families[at], &self.families.collectors, declaration) {
                return Ok(());
            }
            let merges_with = check_agreement(&families[at], desc, item)?;
            if !desc.has_legacy_labels() {
                families[at].desc.label_scheme = desc.label_scheme;
            }
            (at, merges_with)
        } else {
            self.names.insert(desc, families, &self.settings)?;
            families.push(ExposedFamily::new(desc));
            (families.len() - 1, Vec::new())
        };
        if let Item::Metric(metric) = &**item {
            let with_desc = |scope: &Arc<Scope>| (Arc::clone(scope), (**desc).clone());
            let member = Member {
                metric: metric.clone(),
                included: declaration.scope().map(with_desc),
            };
            add_member(&mut families[at], member, merges_with);
        } else {
            let collector = self.add_to_collector(declaration, statuses);
            self.families.families[at].collectors.push(collector);
        }
        Ok(())
    }

    /// Adds a family to the collector that writes it.
    fn add_to_collector(
        &mut self,
        declaration: &Declaration<'_>,
        statuses: &mut CollectorStatuses,
    ) -> CollectorFamily {
        let (item, scope) = (&*declaration.item, declaration.scope());
        let collected = declaration.included.as_ref().and_then(|of| of.collected);
        let collectors = &mut self.families.collectors;
        let key = (item.key(), scope.map(|scope| Arc::as_ptr(scope).addr()));
        let at = *self.collectors.entry(key).or_insert_with(|| {
            let status = match collected {
                Some((_, status)) => Arc::clone(status),
                None => statuses.of(item),
            };
            let scope = scope.map(|scope| (Arc::clone(scope), scope.settings_in(&self.settings)));
            collectors.push(RegisteredCollector::new(item.clone(), status, scope));
            collectors.len() - 1
        });
        let desc = collected.map_or(&*declaration.desc, |(desc, _)| desc);
        CollectorFamily {
            collector: at,
            family: collectors[at].add_family(desc.clone()),
            is_computed: matches!(item, Item::DeclaredCollector(_)),
        }
    }
}

/// Whether a family has the series of a declaration already, because the metric or collector is in
/// the registry in several ways: its registry is included through several others, or the collector
/// is registered in several registries.
fn is_exposed(
    family: &ExposedFamily,
    collectors: &[RegisteredCollector],
    declaration: &Declaration<'_>,
) -> bool {
    let is_same_scope = |other: Option<&Arc<Scope>>| match (declaration.scope(), other) {
        (None, None) => true,
        (Some(scope), Some(other)) => scope.is_equivalent(other),
        (Some(scope), None) | (None, Some(scope)) => scope.is_empty(),
    };
    match &*declaration.item {
        // A metric is in one registry, so only inclusions lead to it in several ways.
        Item::Metric(_) if declaration.included.is_none() => false,
        Item::Metric(metric) => family.members.iter().flatten().any(|member| {
            let scope = member.included.as_ref().map(|(scope, _)| scope);
            ptr::eq(&raw const *member.metric, &raw const **metric) && is_same_scope(scope)
        }),
        item => family.collectors.iter().any(|by| {
            let collector = &collectors[by.collector];
            collector.item().is_same(item) && is_same_scope(collector.scope())
        }),
    }
}

/// Adds a metric to a family of metrics. The metric and the groups at `merges_with`, ascending,
/// become one group.
fn add_member(family: &mut ExposedFamily, member: Member, merges_with: Vec<usize>) {
    // From now on, scrapes can expose the metric's closed series before anything is recorded, so
    // the series get their created timestamp now.
    member.metric.set_created_now();
    let mut group = Vec::new();
    for at in merges_with.into_iter().rev() {
        group.splice(0..0, family.members.remove(at));
    }
    group.push(member);
    family.members.push(group);
}

impl ExposedFamilies {
    fn find_special_families(&mut self) {
        for (at, family) in self.families.iter().enumerate() {
            // Merged members do not expire, because their sum would decrease if one expired.
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
        let mut run: Option<SingleRun> = None;
        let mut subject = Subject::default();
        for (at, family) in self.families.iter_mut().enumerate() {
            // A run is written or left out as a whole, so its families are about one subject.
            if family.desc.subject() != subject {
                subject = family.desc.subject();
                self.single_runs.extend(run.take());
            }
            let single = family.single();
            // A `SingleRun` caches the start of each line for all scrapers, so it excludes families
            // whose names are escaped for some scrapers.
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
