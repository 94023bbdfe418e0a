//! [`ExposedFamilies`]: all families of a registry, and how a scrape writes them.

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
};

use crate::{
    metric::family::{Family, FamilyRef},
    registry::{
        collected::Collected,
        exposed_family::{ExposedFamily, exposition_order},
        registered_collector::RegisteredCollector,
        selection::Selection,
        self_metrics::SelfMetrics,
        settings::Settings,
        single_run::SingleRun,
    },
    sample::{head::SizeEstimate, label_text, sink::Sink},
    storage::Reader,
};

/// The families of a registry in exposition order, made by
/// [`Grouping`](crate::registry::grouping::Grouping).
#[derive(Debug, Default)]
pub(crate) struct ExposedFamilies {
    pub(crate) families: Vec<ExposedFamily>,
    /// Tells these families from those of any other grouping in the process.
    #[cfg(feature = "catalog")]
    pub(crate) revision: u64,
    pub(crate) single_runs: Vec<SingleRun>,
    pub(crate) collectors: Vec<RegisteredCollector>,
    pub(crate) clashes: Vec<String>,
    /// Number of declarations left out because of a clash, by name.
    pub(crate) left_out: BTreeMap<String, u64>,
    /// Positions of the families whose series can expire.
    pub(crate) expiring: Vec<usize>,
    /// Positions of the families with automatic exemplars.
    pub(crate) sampling_exemplars: Vec<usize>,
}

impl ExposedFamilies {
    /// The families in exposition order.
    #[cfg(feature = "catalog")]
    pub(crate) fn families(&self) -> &[ExposedFamily] {
        &self.families
    }

    pub(crate) fn collectors(&self) -> &[RegisteredCollector] {
        &self.collectors
    }

    /// The dynamic metric whose description and settings are equivalent to those of `family`.
    pub(crate) fn find_dynamic(&self, family: &Family) -> Option<&Arc<Family>> {
        let order = exposition_order(family.desc());
        let at = self
            .families
            .binary_search_by(|known| known.order().cmp(&order));
        self.families[at.ok()?].find_dynamic(family)
    }

    /// The clashes of the declarations that were left out, each described in one sentence.
    pub(crate) fn clashes(&self) -> &[String] {
        &self.clashes
    }

    /// Positions of the collectors that write at least one selected family.
    pub(crate) fn selected_collectors(
        &self,
        selection: Selection<'_>,
    ) -> impl Iterator<Item = usize> {
        // Most expositions select all names, so the families are not searched then.
        let is_selected_by_subject = |collector: &RegisteredCollector| {
            let mut descs = collector.descs().iter();
            descs.any(|desc| selection.includes_all_about(desc.subject()))
        };
        let collectors = self.collectors.iter();
        let mut is_selected_at: Vec<_> = collectors.map(is_selected_by_subject).collect();
        for family in self.families.iter().filter(|_| selection.has_filter()) {
            if family.collectors.is_empty() || !selection.includes(&family.desc) {
                continue;
            }
            for by in &family.collectors {
                is_selected_at[by.collector] = true;
            }
        }
        let all = is_selected_at.into_iter().enumerate();
        all.filter_map(|(at, is_selected)| is_selected.then_some(at))
    }

    /// Drops the series that an earlier collector of the same family has written with the same
    /// labels, and counts them as rejected values of the later collector.
    pub(crate) fn drop_duplicates(&self, collected: &mut [Option<Arc<Collected>>]) {
        for family in self.families.iter().filter(|of| of.collectors.len() > 1) {
            let mut label_sets = HashSet::new();
            let has_legacy_labels = family.desc.has_legacy_labels();
            for by in &family.collectors {
                let Some(collected) = &mut collected[by.collector] else {
                    continue;
                };
                // Copies the values if another scrape uses them as well.
                let collected = Arc::make_mut(collected);
                let series = &mut collected.families[by.family].series;
                let before = series.len();
                series.retain(|series| {
                    if has_legacy_labels {
                        return label_sets.insert(label_text::sorted(&series.labels));
                    }
                    let identities = label_text::identities(&series.labels);
                    let is_new = identities.iter().all(|text| !label_sets.contains(text));
                    if is_new {
                        label_sets.extend(identities);
                    }
                    is_new
                });
                let dropped = (before - series.len()) as u64;
                let collector = &self.collectors[by.collector];
                let status = &collector.status;
                status.reject(collector.descs()[by.family].name(), dropped);
            }
        }
    }

    /// Writes the selected families, and the self-metrics if the settings include them.
    ///
    /// `collected` has the result of each collector. `reader` must come from
    /// [`Reader::for_exposition`].
    pub(crate) fn collect(
        &self,
        settings: &Settings,
        collected: &[Option<Arc<Collected>>],
        sink: &mut dyn Sink,
        selection: Selection<'_>,
        mut reader: Reader,
    ) {
        let prefix = settings.prefix.as_str();
        let mut next = 0;
        while let Some(family) = self.families.get(next) {
            if selection.includes_all_about(family.desc.subject())
                && let Some(run) = family.single_run
            {
                let run = self.single_runs[run].with_heads(&self.families, prefix);
                let batch = run.read(next, &mut reader);
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
            if !selection.includes(&family.desc) {
                continue;
            }
            if family.is_collected() {
                if !write_collected(family, prefix, collected, sink) {
                    continue;
                }
            } else {
                sink.begin_family(family.head(prefix));
                if sink.needs_size_pass(&|| family.expected()) {
                    reader.is_counting_pass = true;
                    family.collect(sink, &mut reader);
                    reader.is_counting_pass = false;
                    sink.end_size_pass();
                }
                family.collect(sink, &mut reader);
            }
            if !sink.checkpoint() {
                return;
            }
        }
        if settings.writes_self_metrics() {
            self.self_metrics(prefix).write(sink, selection);
        }
    }

    /// Positions of the selected families whose series can expire.
    pub(crate) fn selected_expiring(&self, selection: Selection<'_>) -> Vec<usize> {
        let expiring = self.expiring.iter().copied();
        let is_selected = |at: &usize| selection.includes(&self.families[*at].desc);
        expiring.filter(is_selected).collect()
    }

    /// The members of the families at `positions` whose series can expire.
    pub(crate) fn expiring_members(&self, positions: &[usize]) -> impl Iterator<Item = &FamilyRef> {
        let families = positions.iter().map(|at| &self.families[*at]);
        let members = families.flat_map(ExposedFamily::unmerged_members);
        members.filter(|member| member.has_expiry())
    }

    /// Lets the selected families take new automatic exemplars, after an exposition has written
    /// the previous ones.
    pub(crate) fn request_exemplars(&self, selection: Selection<'_>) {
        let sampling = self.sampling_exemplars.iter();
        for family in sampling.map(|at| &self.families[*at]) {
            if selection.includes(&family.desc) {
                family
                    .members()
                    .for_each(|member| member.exemplars().want_all());
            }
        }
    }

    fn self_metrics<'a>(&self, prefix: &'a str) -> SelfMetrics<'a> {
        let mut metrics = SelfMetrics::new(prefix);
        for collector in &self.collectors {
            let name = collector.name();
            metrics.add_collector_errors(&name, "panic", collector.status.panics());
            metrics.add_collector_errors(&name, "timeout", collector.status.timeouts());
            for (family, count) in collector.status.rejected() {
                metrics.add_rejected(&collector.full_name(&family), "value", count);
            }
        }
        for family in &self.families {
            let name = family.desc.name();
            let collected = family.collectors.iter();
            let collected = collected.map(|by| &self.collectors[by.collector].descs()[by.family]);
            let descs = family
                .members()
                .map(|member| member.desc())
                .chain(collected);
            let different = descs.filter(|desc| desc.help() != family.desc.help());
            metrics.add_rejected(name, "help", different.count() as u64);
            for member in family.members() {
                metrics.add_rejected(name, "value", member.rejected_count());
                metrics.add_rejected(name, "exemplar", member.exemplars().rejected_count());
                metrics.add_series(member.series_count() as u64);
            }
            let sum = |of: fn(&Family) -> u64| family.members().map(|member| of(member)).sum();
            metrics.add_overflowed(name, sum(Family::overflow_count));
            let ratios = family.members().filter_map(|member| member.limit_ratio());
            metrics.add_limit_ratio(name, ratios.fold(0.0, f64::max));
        }
        for (name, count) in &self.left_out {
            metrics.add_rejected(name, "clash", *count);
        }
        metrics
    }
}

/// Writes the series of a family that collectors wrote; false if there are none.
fn write_collected(
    family: &ExposedFamily,
    prefix: &str,
    collected: &[Option<Arc<Collected>>],
    sink: &mut dyn Sink,
) -> bool {
    let by_collector = family.collectors.iter().filter_map(|by| {
        let collected = collected[by.collector].as_ref()?;
        Some(&collected.families[by.family].series[..])
    });
    let count = by_collector.clone().map(<[_]>::len).sum();
    if count == 0 {
        return false;
    }
    sink.begin_family(family.head(prefix));
    let write = |sink: &mut dyn Sink| {
        for (at, series) in by_collector.clone().flatten().enumerate() {
            series.write(sink);
            if at % SERIES_BETWEEN_PAUSES == 0 && !sink.checkpoint() {
                return;
            }
        }
    };
    if sink.needs_size_pass(&|| SizeEstimate::of_series(count)) {
        write(sink);
        sink.end_size_pass();
    }
    write(sink);
    true
}

/// Number of collected series that are written between two calls of [`Sink::checkpoint`].
const SERIES_BETWEEN_PAUSES: usize = 256;
