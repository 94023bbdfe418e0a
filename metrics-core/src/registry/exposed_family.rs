//! [`ExposedFamily`]: a family in an exposition: all metrics of one name, or samples of collectors.

use std::{borrow::Cow, collections::BTreeMap, sync::Arc};

use crate::{
    describe::{desc::Desc, kind::Kind, name},
    metric::{
        family::{Family, FamilyRef},
        outcome_rows::RowId,
        quantile_sketch::QuantileSketch,
        series_access,
    },
    registry::scope::Scope,
    sample::{
        head::{FamilyHead, HeadCache, SizeEstimate},
        label_text,
        labelled::LabelledSink,
        sink::Sink,
    },
    series::id::SeriesId,
    storage::{Reader, native::NativeHistogramSnapshot},
};

/// A family in an exposition: all metrics of one name, or a family that collectors write.
#[derive(Debug)]
pub(crate) struct ExposedFamily {
    /// The description of the first member, or the one that the first collector gave.
    pub(crate) desc: Desc,
    /// The metrics, in groups: only metrics of one group can have series with equal labels, whose
    /// values are added up. The const labels tell the groups apart. Most groups have one member.
    pub(crate) members: Vec<Vec<Member>>,
    /// The collectors that write the family; empty for a family of metrics.
    pub(crate) collectors: Vec<CollectorFamily>,
    pub(crate) heads: HeadCache,
    /// Position of the run of single-sample families that contains this family, if any.
    pub(crate) single_run: Option<usize>,
}

/// A metric of a family.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) metric: FamilyRef,
    /// For a metric of an included registry: the prefix and labels that are added to it, and its
    /// description with them.
    pub(crate) included: Option<(Arc<Scope>, Desc)>,
}

/// Identifies a family that a collector writes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CollectorFamily {
    /// Position of the collector among the registry's collectors.
    pub(crate) collector: usize,
    /// Position of the family among the collector's families.
    pub(crate) family: usize,
    /// Whether the collector is a `#[computed]` metric, which shares its family with no other
    /// collector.
    pub(crate) is_computed: bool,
}

impl ExposedFamily {
    /// A family without members.
    pub(crate) fn new(desc: &Desc) -> Self {
        ExposedFamily {
            desc: desc.clone(),
            members: Vec::new(),
            collectors: Vec::new(),
            heads: HeadCache::default(),
            single_run: None,
        }
    }

    pub(crate) fn head<'a>(&'a self, prefix: &'a str) -> FamilyHead<'a> {
        FamilyHead {
            prefix,
            desc: &self.desc,
            cache: &self.heads,
        }
    }

    /// The family's key in the order of an exposition.
    pub(crate) fn order(&self) -> (bool, &str) {
        exposition_order(&self.desc)
    }

    /// The dynamic member whose description and settings are equivalent to those of `family`.
    pub(crate) fn find_dynamic(&self, family: &Family) -> Option<&Arc<Family>> {
        let own = self.members.iter().flatten();
        let own = own.filter(|member| member.included.is_none());
        own.map(|member| &member.metric)
            .find_map(|metric| match metric {
                FamilyRef::Dynamic(known) if known.is_equivalent(family) => Some(known),
                _ => None,
            })
    }

    /// Whether collectors write the family.
    pub(crate) fn is_collected(&self) -> bool {
        !self.collectors.is_empty()
    }

    /// Whether further collectors may write the family.
    pub(crate) fn accepts_collectors(&self) -> bool {
        let is_exclusive =
            self.desc.is_exclusive || self.collectors.iter().any(|by| by.is_computed);
        self.is_collected() && !is_exclusive
    }

    pub(crate) fn members(&self) -> impl Iterator<Item = &FamilyRef> {
        self.members.iter().flatten().map(|member| &member.metric)
    }

    /// The members whose series are not added to those of another member.
    pub(crate) fn unmerged_members(&self) -> impl Iterator<Item = &FamilyRef> {
        let alone = self.members.iter().filter(|members| members.len() == 1);
        alone.flatten().map(|member| &member.metric)
    }

    /// An estimate of the size of the family's series in an exposition.
    pub(crate) fn expected(&self) -> SizeEstimate {
        let members = self.members.iter().flatten().map(|member| {
            let mut estimate = member.metric.size_estimate();
            // The lengths lack the added labels. They are used only if `are_numbers` is true.
            estimate.are_numbers &= member.added_labels().is_empty();
            estimate
        });
        members
            .reduce(SizeEstimate::and)
            .unwrap_or(SizeEstimate::of_series(0))
    }

    /// The only member, if the family consists of a single unlabelled sample.
    pub(crate) fn single(&self) -> Option<&FamilyRef> {
        match &self.members[..] {
            [members] => match &members[..] {
                [member] if member.added_labels().is_empty() => {
                    let metric = &member.metric;
                    metric.is_single_number().then_some(metric)
                }
                _ => None,
            },
            _ => None,
        }
    }

    /// Writes the series of all members.
    pub(crate) fn collect(&self, sink: &mut dyn Sink, reader: &mut Reader) {
        for members in &self.members {
            match &members[..] {
                [member] => member.write_to(sink, reader),
                members => {
                    // Does not reset native histograms: after a reset of one member, the sum of all
                    // would not start at zero.
                    let resets = reader.resets.take();
                    collect_merged(members, sink, reader);
                    reader.resets = resets;
                }
            }
        }
    }
}

/// The key of a family in the order of an exposition: by name, and `target_info` first, as
/// OpenMetrics recommends.
pub(crate) fn exposition_order(desc: &Desc) -> (bool, &str) {
    (desc.name() != "target_info", desc.name())
}

impl Member {
    /// The description, with the prefix and labels that are added to a metric of an included
    /// registry.
    pub(crate) fn desc(&self) -> &Desc {
        let included = self.included.as_ref();
        included.map_or_else(|| self.metric.desc(), |(_, desc)| desc)
    }

    /// The rendered labels that are added to those of a metric of an included registry.
    fn added_labels(&self) -> &str {
        let included = self.included.as_ref();
        included.map_or("", |(scope, _)| &scope.rendered)
    }

    fn write_to(&self, sink: &mut dyn Sink, reader: &mut Reader) {
        match self.added_labels() {
            "" => self.metric.write_to(sink, reader),
            labels => {
                let mut sink = LabelledSink::new(sink, labels);
                self.metric.write_to(&mut sink, reader);
            }
        }
    }
}

/// Writes the series of a group of members; adds up series with equal labels.
fn collect_merged(members: &[Member], sink: &mut dyn Sink, reader: &mut Reader) {
    let mut merged: BTreeMap<String, MergedSeries> = BTreeMap::new();
    let first = &members[0];
    let is_uniform = members
        .iter()
        .all(|member| all_label_names(member.desc()).eq(all_label_names(first.desc())));
    let has_quantiles = first.desc().kind == Kind::Summary && !first.desc().bounds.is_empty();
    for member in members {
        let layout = member.metric.layout();
        member.metric.for_each_row(
            sink,
            reader,
            |_| true,
            |_, row, labels, created, values| {
                let mut labels = Cow::Borrowed(labels);
                if !member.added_labels().is_empty() {
                    let mut all = member.added_labels().to_owned();
                    label_text::push_rendered(&mut all, &labels);
                    labels = Cow::Owned(all);
                }
                if !is_uniform {
                    labels = Cow::Owned(label_text::sorted(&labels));
                }
                let series = match merged.get_mut(&*labels) {
                    Some(series) => {
                        series.created = series.created.min(created);
                        layout.add_values(&mut series.values, values);
                        series
                    }
                    None => merged.entry(labels.into_owned()).or_insert(MergedSeries {
                        created,
                        values: values.to_vec(),
                        sketch: QuantileSketch::new(),
                    }),
                };
                if has_quantiles {
                    let sketch = series_access::read_sketch(&member.metric, row.series);
                    series.sketch.merge(&sketch);
                }
            },
        );
        member.metric.drop_stale_exemplars();
    }
    // Exemplars are looked up by series and cannot be added up, so the sum is written under the id
    // of a series that does not exist.
    let no_series = RowId {
        series: SeriesId {
            place: u32::MAX,
            generation: 0,
        },
        row: 0,
    };
    let mut native = NativeHistogramSnapshot::default();
    for (labels, series) in merged {
        let (created, values) = (series.created, &series.values);
        if has_quantiles {
            first
                .metric
                .write_merged_summary(sink, &labels, created, values, &series.sketch);
        } else {
            first
                .metric
                .write_row(sink, no_series, &labels, created, values, &mut native);
        }
    }
}

/// The names of a metric's const labels and labels, in the order in which they are rendered.
fn all_label_names(desc: &Desc) -> impl Iterator<Item = &str> {
    let const_labels = desc.const_labels.iter().map(|(name, _)| &**name);
    const_labels.chain(desc.label_names())
}

/// The series of several members that have equal labels.
struct MergedSeries {
    /// The earliest created timestamp.
    created: f64,
    values: Vec<u64>,
    /// The observations of the last minutes, if the family is a summary with quantiles.
    sketch: QuantileSketch,
}

/// Whether the family's name needs no escaping for scrapers without UTF-8 support.
pub(crate) fn has_legacy_name(desc: &Desc, prefix: &str) -> bool {
    name::is_legacy_metric(desc.name()) && (prefix.is_empty() || name::is_legacy_metric(prefix))
}
