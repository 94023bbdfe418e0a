//! Families: the metrics of a registry, grouped by name, with clashes found.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    describe::{desc::Desc, escaping, escaping::SCHEMES, kind::Kind},
    metric::{
        exemplar::RowOf,
        family::{Family, FamilyRef},
    },
    registry::{
        Settings,
        clashes::{Names, check_labels, check_own, is_legacy},
        collected::Collected,
        collector::Collection,
        self_metrics::Own,
        singles::Singles,
        source::{AllFaults, Faults, Source},
    },
    sample::{
        head::{FamilyHead, HeadCache, SizeEstimate},
        sink::Sink,
    },
    series::id::SeriesId,
    storage::{Reader, native::NativeHistogramSnapshot},
};

/// A family: metrics of one name that are exposed together.
#[derive(Debug)]
pub(crate) struct Group {
    desc: Desc,
    /// Members whose series may coincide stand together; mostly each stands alone.
    members: Vec<Vec<FamilyRef>>,
    /// The collector that writes it, if one does, and the place among its families.
    collector: Option<(usize, usize)>,
    heads: HeadCache,
    /// Which of the [`Singles`] it is among, where it is one series without labels that is one
    /// number.
    singles: Option<usize>,
}

impl Group {
    pub(crate) fn head<'a>(&'a self, prefix: &'a str) -> FamilyHead<'a> {
        FamilyHead {
            prefix,
            desc: &self.desc,
            cache: &self.heads,
        }
    }

    /// What its members have in common.
    #[cfg(feature = "catalog")]
    pub(crate) fn desc(&self) -> &Desc {
        &self.desc
    }

    /// The metrics of its name.
    #[cfg(feature = "catalog")]
    pub(crate) fn members(&self) -> impl Iterator<Item = &Family> {
        self.members.iter().flatten().map(|member| &**member)
    }

    /// Whether a collector writes it.
    #[cfg(feature = "catalog")]
    pub(crate) fn is_collected(&self) -> bool {
        self.collector.is_some()
    }

    /// What is to come of it in an exposition.
    fn expected(&self) -> SizeEstimate {
        let members = self.members.iter().flatten();
        let members = members.map(|member| member.expected());
        members
            .reduce(SizeEstimate::and)
            .unwrap_or(SizeEstimate::of_series(0))
    }

    /// The member that is one series without labels and one number, if that is all there is.
    fn single(&self) -> Option<&FamilyRef> {
        match &self.members[..] {
            [members] if self.collector.is_none() => match &members[..] {
                [member] if member.is_single() => Some(member),
                _ => None,
            },
            _ => None,
        }
    }

    /// Writes its members.
    fn collect(&self, sink: &mut dyn Sink, reader: &mut Reader) {
        for members in &self.members {
            match &members[..] {
                [member] => member.collect(sink, reader),
                members => collect_merged(members, sink, reader),
            }
        }
    }
}

/// A collector, and the families that it may write.
#[derive(Debug)]
pub(crate) struct Member {
    source: Source,
    descs: Vec<Desc>,
    pub(crate) faults: Arc<Faults>,
}

impl Member {
    pub(crate) fn descs(&self) -> &[Desc] {
        &self.descs
    }

    /// Tells it from all others.
    pub(crate) fn address(&self) -> usize {
        match &self.source {
            Source::Family(_) => 0,
            Source::Declared(collector) => std::ptr::from_ref(*collector).addr(),
            Source::Collector(collector, _) => Arc::as_ptr(collector).addr(),
        }
    }

    pub(crate) fn collect(&self, collection: &mut Collection<'_>) {
        match &self.source {
            Source::Family(_) => {}
            Source::Declared(collector) => collector.collect(collection),
            Source::Collector(collector, _) => collector.collect(collection),
        }
    }
}

/// All families of a registry.
#[derive(Debug, Default)]
pub(crate) struct Groups {
    families: Vec<Group>,
    singles: Vec<Singles>,
    collectors: Vec<Member>,
    clashes: Vec<String>,
    /// Families that were left out, by name.
    left_out: BTreeMap<String, u64>,
    /// Those in which series expire, and those that ask for exemplars.
    expiring: Vec<usize>,
    asking: Vec<usize>,
}

impl Groups {
    pub(crate) fn new(sources: &[Source], settings: &Settings, faults: &mut AllFaults) -> Self {
        let mut groups = Groups::default();
        let mut listed: Vec<(&Desc, &Source)> = sources
            .iter()
            .flat_map(|source| source.descs().iter().map(move |desc| (desc, source)))
            .collect();
        // The linker's order is nobody's; a collector's families keep theirs, as sorting is stable.
        // OpenMetrics wants what is measured to come first.
        listed
            .sort_by_key(|(desc, _)| (desc.name() != "target_info", desc.name(), desc.location()));
        let mut names = Names::new(listed.iter().map(|(desc, _)| *desc), settings);
        for (desc, source) in listed {
            if let Err(clash) = check_own(desc, settings) {
                groups.clashes.push(clash);
                *groups.left_out.entry(desc.name().to_owned()).or_default() += 1;
                continue;
            }
            if let Err(clash) = groups.admit(desc, source, settings, faults, &mut names) {
                groups.clashes.push(clash);
                *groups.left_out.entry(desc.name().to_owned()).or_default() += 1;
            }
        }
        groups.look_through(&settings.prefix);
        groups
    }

    /// The families, in the order in which they are written.
    #[cfg(feature = "catalog")]
    pub(crate) fn families(&self) -> &[Group] {
        &self.families
    }

    /// Notes which families are of a kind that an exposition treats otherwise than most.
    fn look_through(&mut self, prefix: &str) {
        for (at, group) in self.families.iter().enumerate() {
            // Of what is added up with others, the sum would go down.
            let alone = group.members.iter().filter(|members| members.len() == 1);
            if alone.flatten().any(|member| member.expires()) {
                self.expiring.push(at);
            }
            let mut members = group.members.iter().flatten();
            if members.any(|member| member.exemplars().asked()) {
                self.asking.push(at);
            }
        }
        let mut row = None;
        for (at, group) in self.families.iter_mut().enumerate() {
            let single = group.single();
            // Other names are not written everywhere as they are.
            match single.filter(|_| is_legacy(&group.desc, prefix)).cloned() {
                Some(family) => {
                    group.singles = Some(self.singles.len());
                    row.get_or_insert_with(|| Singles::new(at)).push(family);
                }
                None => self.singles.extend(row.take()),
            }
        }
        self.singles.extend(row);
    }

    /// Adds a metric, or says with what it clashes.
    fn admit<'a>(
        &mut self,
        desc: &'a Desc,
        source: &Source,
        settings: &Settings,
        faults: &mut AllFaults,
        names: &mut Names<'a>,
    ) -> Result<(), String> {
        check_labels(desc, settings)?;
        if let Some(at) = names.family(desc)
            && self.families[at].desc.name() == desc.name()
        {
            return self.join(at, desc, source);
        }
        names.take(desc, self.families.len())?;
        let (members, collector) = match source {
            Source::Family(family) => {
                family.begin();
                (vec![vec![family.clone()]], None)
            }
            _ => (Vec::new(), Some(self.written_by(source, desc, faults))),
        };
        self.families.push(Group {
            desc: desc.clone(),
            members,
            collector,
            heads: HeadCache::default(),
            singles: None,
        });
        Ok(())
    }

    /// Notes that a collector writes a family, and says where.
    fn written_by(
        &mut self,
        source: &Source,
        desc: &Desc,
        faults: &mut AllFaults,
    ) -> (usize, usize) {
        let is_it = |member: &Member| member.source.is(source);
        let at = self.collectors.iter().position(is_it).unwrap_or_else(|| {
            self.collectors.push(Member {
                source: source.clone(),
                descs: Vec::new(),
                faults: faults.of(source),
            });
            self.collectors.len() - 1
        });
        let descs = &mut self.collectors[at].descs;
        descs.push(desc.clone());
        (at, descs.len() - 1)
    }

    /// The collectors.
    pub(crate) fn members(&self) -> &[Member] {
        &self.collectors
    }

    /// The collectors of the families that are wanted, each once.
    pub(crate) fn wanted_members(
        &self,
        settings: &Settings,
        wanted: Option<&dyn Fn(&str) -> bool>,
    ) -> impl Iterator<Item = usize> {
        let mut is_wanted_at = vec![wanted.is_none(); self.collectors.len()];
        for group in self.families.iter().filter(|_| wanted.is_some()) {
            if let Some((at, _)) = group.collector
                && !is_wanted_at[at]
            {
                is_wanted_at[at] = is_wanted(&group.desc, &settings.prefix, wanted);
            }
        }
        let all = is_wanted_at.into_iter().enumerate();
        all.filter_map(|(at, is_wanted)| is_wanted.then_some(at))
    }

    fn join(&mut self, at: usize, desc: &Desc, source: &Source) -> Result<(), String> {
        let group = &mut self.families[at];
        let first = &group.desc;
        let differ = |what: &str, a: &dyn std::fmt::Display, b: &dyn std::fmt::Display| {
            Err(format!(
                "`{}` is declared twice with different {what}: `{a}` at {}, `{b}` at {}; \
                 make them equal or rename one",
                desc.name(),
                first.location(),
                desc.location(),
            ))
        };
        if first.kind != desc.kind {
            return differ("types", &first.kind, &desc.kind);
        }
        if first.help != desc.help {
            return differ("help", &first.help, &desc.help);
        }
        if first.unit != desc.unit {
            return differ("units", &first.unit, &desc.unit);
        }
        if first.bounds != desc.bounds {
            let list = |desc: &Desc| format!("{:?}", desc.bounds);
            return differ("buckets", &list(first), &list(desc));
        }
        let names = |desc: &Desc| {
            let constant = desc.const_labels.iter().map(|(name, _)| &**name);
            constant
                .chain(desc.label_names())
                .collect::<Vec<_>>()
                .join(", ")
        };
        if !(first.allows_mixed_labels && desc.allows_mixed_labels) && names(first) != names(desc) {
            return differ("labels", &names(first), &names(desc));
        }
        let Source::Family(family) = source else {
            return differ("sources", &"values", &"a collector");
        };
        let native = |family: &Family| match family.layout().native() {
            Some(native) => native.to_string(),
            None => "none".to_owned(),
        };
        if let Some(members) = group.members.first()
            && members[0].layout().native() != family.layout().native()
        {
            return differ("native buckets", &native(&members[0]), &native(family));
        }
        let same_place = group
            .members
            .iter()
            .position(|members| members[0].desc().const_labels == desc.const_labels);
        // What is added up is stored alike.
        if let Some(at) = same_place {
            let (a, b) = (group.members[at][0].layout(), family.layout());
            if a != b {
                return differ("types", &format!("{a:?}"), &format!("{b:?}"));
            }
        }
        if group.collector.is_some() || matches!(desc.kind, Kind::Info | Kind::StateSet) {
            return differ("values", &"one", &"another");
        }
        family.begin();
        match same_place {
            Some(at) => group.members[at].push(family.clone()),
            None => group.members.push(vec![family.clone()]),
        }
        Ok(())
    }

    /// What does not fit together; a sentence for each.
    pub(crate) fn clashes(&self) -> &[String] {
        &self.clashes
    }

    /// Writes the families that are wanted; `computed` is what each collector has written.
    pub(crate) fn collect(
        &self,
        settings: &Settings,
        computed: &[Option<Collected>],
        sink: &mut dyn Sink,
        wanted: Option<&dyn Fn(&str) -> bool>,
    ) {
        let prefix = settings.prefix.as_str();
        let wants = |desc: &Desc| is_wanted(desc, prefix, wanted);
        let mut reader = Reader::default();
        let mut next = 0;
        while let Some(group) = self.families.get(next) {
            if wanted.is_none()
                && let Some(singles) = group.singles
            {
                let singles = self.singles[singles].with_heads(&self.families, prefix);
                let batch = singles.read(next, &mut reader);
                if batch.len() > 0 {
                    next += batch.len();
                    sink.write_singles(&batch);
                    if !sink.checkpoint() {
                        return;
                    }
                    continue;
                }
            }
            next += 1;
            if !wants(&group.desc) {
                continue;
            }
            let head = group.head(prefix);
            if let Some((at, place)) = group.collector {
                let written = computed[at].as_ref();
                let series = written.map_or(&[][..], |written| &written.families[place].series);
                if series.is_empty() {
                    continue;
                }
                sink.begin_family(head);
                let write = |sink: &mut dyn Sink| {
                    for (at, row) in series.iter().enumerate() {
                        row.value.write(&row.labels, row.created, sink);
                        if at % SERIES_BETWEEN_PAUSES == 0 && !sink.checkpoint() {
                            return;
                        }
                    }
                };
                if sink.needs_size_pass(&|| SizeEstimate::of_series(series.len())) {
                    write(sink);
                    sink.end_size_pass();
                }
                write(sink);
            } else {
                sink.begin_family(head);
                if sink.needs_size_pass(&|| group.expected()) {
                    reader.is_counting_pass = true;
                    group.collect(sink, &mut reader);
                    reader.is_counting_pass = false;
                    sink.end_size_pass();
                }
                group.collect(sink, &mut reader);
            }
            if !sink.checkpoint() {
                return;
            }
        }
        if settings.own() {
            self.collect_own(prefix, sink, &wants);
        }
    }

    /// Lets the series go that were idle at this time: when an exposition of the families that
    /// are wanted began, which has now been written to its end.
    pub(crate) fn let_go(
        &self,
        settings: &Settings,
        wanted: Option<&dyn Fn(&str) -> bool>,
        began: u64,
    ) {
        for group in self.expiring.iter().map(|at| &self.families[*at]) {
            let alone = group.members.iter().filter(|members| members.len() == 1);
            if is_wanted(&group.desc, &settings.prefix, wanted) {
                let expiring = alone.flatten().filter(|member| member.expires());
                expiring.for_each(|member| member.let_go(began));
            }
        }
    }

    /// Wants exemplars again: an exposition of the families that are wanted has written those that
    /// there were.
    pub(crate) fn want_exemplars(
        &self,
        settings: &Settings,
        wanted: Option<&dyn Fn(&str) -> bool>,
    ) {
        for group in self.asking.iter().map(|at| &self.families[*at]) {
            if is_wanted(&group.desc, &settings.prefix, wanted) {
                let members = group.members.iter().flatten();
                members.for_each(|member| member.exemplars().want());
            }
        }
    }

    /// Writes what the registry keeps of itself.
    fn collect_own(&self, prefix: &str, sink: &mut dyn Sink, wants: &dyn Fn(&Desc) -> bool) {
        let mut own = Own::default();
        for member in &self.collectors {
            let name = member.descs.first().map_or("", Desc::name);
            own.collector_errors(name, "panic", member.faults.panics());
            own.collector_errors(name, "timeout", member.faults.timeouts());
            for desc in &member.descs {
                own.rejected(desc.name(), "value", 0);
            }
            for (family, count) in member.faults.rejected() {
                own.rejected(&family, "value", count);
            }
        }
        for group in &self.families {
            let name = group.desc.name();
            let members = || group.members.iter().flatten();
            let sum = |of: fn(&Family) -> u64| members().map(|family| of(family)).sum();
            if group.collector.is_some() {
                continue;
            }
            own.rejected(name, "value", sum(Family::rejected));
            if members().any(|family| family.exemplars().is_used()) {
                let rejected = sum(|family| family.exemplars().rejected());
                own.rejected(name, "exemplar", rejected);
            }
            own.series(name, sum(|family| family.len() as u64));
            if members().any(|family| family.is_open()) {
                own.overflowed(name, sum(Family::overflowed));
            }
        }
        for (name, count) in &self.left_out {
            own.rejected(name, "clash", *count);
        }
        own.write(prefix, sink, wants);
    }
}

/// Whether a family is asked for by one of the names of its samples, as declared or escaped.
fn is_wanted(desc: &Desc, prefix: &str, wanted: Option<&dyn Fn(&str) -> bool>) -> bool {
    let Some(wanted) = wanted else {
        return true;
    };
    let names = desc.sample_names();
    let mut names = names.into_iter().chain([desc.name().to_owned()]);
    if names.any(|name| wanted(&format!("{prefix}{name}"))) {
        return true;
    }
    let schemes = (!is_legacy(desc, prefix)).then_some(SCHEMES);
    let mut escaped = schemes
        .into_iter()
        .flatten()
        .flat_map(|scheme| escaping::sample_names(desc, prefix, scheme));
    escaped.any(|name| wanted(&name))
}

/// Writes members whose series may coincide: what has equal labels is added up.
fn collect_merged(members: &[FamilyRef], sink: &mut dyn Sink, reader: &mut Reader) {
    let mut merged: BTreeMap<String, (f64, Vec<u64>)> = BTreeMap::new();
    for member in members {
        let layout = member.layout();
        member.visit(
            sink,
            reader,
            |_| true,
            |_, _, labels, created, values| match merged.get_mut(labels) {
                Some((earliest, sum)) => {
                    *earliest = earliest.min(created);
                    layout.add_values(sum, values);
                }
                None => {
                    merged.insert(labels.to_owned(), (created, values.to_vec()));
                }
            },
        );
        member.purge_exemplars();
    }
    // Neither quantiles nor exemplars can be added up, so the series is nobody's.
    let nobody = RowOf {
        series: SeriesId {
            place: u32::MAX,
            generation: 0,
        },
        row: 0,
    };
    let mut native = NativeHistogramSnapshot::default();
    for (labels, (created, values)) in merged {
        members[0].emit(sink, nobody, &labels, created, &values, &mut native);
    }
}

/// Collected series that are written before what is there may go out.
const SERIES_BETWEEN_PAUSES: usize = 256;
