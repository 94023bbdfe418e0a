//! Checks whether a metric's declaration fits the registry and the other metrics of its family.
//!
//! Errors name the source locations and, in most cases, the remedy.

use std::fmt::Display;

use crate::{
    describe::{
        desc::{CowStr, Desc},
        escaping,
        kind::Kind,
        name::{self, ValidationScheme},
    },
    metric::family::Family,
    registry::{
        exposed_family::{ExposedFamily, Member},
        item::Item,
        self_metrics,
        settings::Settings,
    },
    storage::{histogram_block::Sum, layout::Layout},
};

/// Checks that a declaration may join a family of the same name.
///
/// Returns the positions of the groups of members that can have series with the same labels as the
/// declaration. The values of such series are added up.
///
/// A different help text is accepted: the first one is exposed.
///
/// # Errors
///
/// If the declaration differs from the first one in type, unit, buckets or label names (unless both
/// allow different labels), if it differs from one of the returned groups in storage layout, or if
/// the family must not have both: for example, a collector and a metric, a `#[computed]` metric and
/// another one, or two gauges or infos with the same labels. Collectors may share a family of any
/// type.
pub(crate) fn check_agreement(
    family: &ExposedFamily,
    desc: &Desc,
    item: &Item,
) -> Result<Vec<usize>, String> {
    let first = &family.desc;
    let differ = |what: &str, a: &dyn Display, b: &dyn Display| {
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
    if first.unit != desc.unit {
        return differ("units", &first.unit, &desc.unit);
    }
    if first.bounds != desc.bounds {
        let list = |desc: &Desc| format!("{:?}", desc.bounds);
        return differ("buckets", &list(first), &list(desc));
    }
    let names = |desc: &Desc| {
        let const_labels = desc.const_labels.iter().map(|(name, _)| &**name);
        let names: Vec<_> = const_labels.chain(desc.label_names()).collect();
        names.join(", ")
    };
    // The label names of a collector's family are not compared, because the collector passes the
    // labels with each series.
    let may_differ_in_labels =
        family.is_collected() || first.allows_mixed_labels && desc.allows_mixed_labels;
    if !may_differ_in_labels && names(first) != names(desc) {
        return differ("labels", &names(first), &names(desc));
    }
    let cannot_share = |what: &str| {
        Err(format!(
            "`{}` is declared twice, at {} and at {}, but {what} has one declaration; rename one",
            desc.name(),
            first.location(),
            desc.location(),
        ))
    };
    let metric = match item {
        Item::Metric(metric) if !family.is_collected() => metric,
        Item::Collector(..) if family.accepts_collectors() => return Ok(Vec::new()),
        Item::Metric(_) => return cannot_share("a collector's family"),
        _ if first.is_exclusive => return cannot_share("this family of a collector"),
        _ if family.is_collected() => return cannot_share("a `#[computed]` metric"),
        _ => return cannot_share("a metric that is not a collector's"),
    };
    let native = |metric: &Family| match metric.layout().native() {
        Some(native) => native.to_string(),
        None => "none".to_owned(),
    };
    if let Some(member) = family.members().next()
        && member.layout().native() != metric.layout().native()
    {
        return differ("native buckets", &native(member), &native(metric));
    }
    let may_merge = |group: &Vec<Member>| {
        let mut members = group.iter();
        members.any(|member| may_share_series(member.desc(), desc))
    };
    let groups = family.members.iter().enumerate();
    let merges_with = groups.filter(|(_, group)| may_merge(group));
    let merges_with: Vec<usize> = merges_with.map(|(at, _)| at).collect();
    // Values can be added up only if they are stored in the same layout.
    for at in &merges_with {
        let (a, b) = (family.members[*at][0].metric.layout(), metric.layout());
        if a != b {
            return differ("metric types", &metric_type(a), &metric_type(b));
        }
    }
    match desc.kind {
        // The declaration has no series in common with another metric, so no values are added up.
        _ if merges_with.is_empty() => Ok(merges_with),
        Kind::Info => cannot_share("an info"),
        Kind::StateSet => cannot_share("a state set"),
        Kind::Gauge if is_settable(metric) => Err(format!(
            "`{}` is declared twice, at {} and at {}, but a value that can be set has one owner, \
             because the sum of what two of them set means nothing; record into one metric from both \
             places, rename one, or make both an `UpDownCounter`, whose values are added up",
            desc.name(),
            first.location(),
            desc.location(),
        )),
        _ => Ok(merges_with),
    }
}

/// The name of the metric type that has this storage layout.
fn metric_type(layout: Layout) -> &'static str {
    match layout {
        Layout::Empty => "Info",
        Layout::Count => "Counter",
        Layout::FloatCount => "FloatCounter",
        Layout::UpDown => "UpDownCounter",
        Layout::Histogram {
            sum: Sum::Nanos, ..
        } => "the histogram of a function",
        Layout::Histogram { .. } => "Histogram",
        Layout::Int => "Gauge",
        Layout::Float => "FloatGauge",
        Layout::OptionalInt => "Gauge that is absent until set",
        Layout::OptionalFloat => "FloatGauge that is absent until set",
    }
}

/// Whether both metrics can have a series with the same labels, as far as their const labels tell.
fn may_share_series(a: &Desc, b: &Desc) -> bool {
    let differs = |(name, value): &(CowStr, CowStr)| {
        let mut others = b.const_labels.iter();
        others.any(|(other, theirs)| other == name && theirs != value)
    };
    !a.const_labels.iter().any(differs)
}

/// Whether recordings replace the value, so that values of several metrics cannot be combined.
fn is_settable(metric: &Family) -> bool {
    metric.layout().is_shared()
}

/// Checks that a metric does not use a name of the registry's self-metrics, and that the name of a
/// state set is a valid label name, which no other label of the state set has.
pub(crate) fn check_reserved_names(desc: &Desc, settings: &Settings) -> Result<(), String> {
    self_metrics::check_name(desc)?;
    if desc.kind == Kind::StateSet {
        let name = format!("{}{}", settings.prefix, desc.name());
        // The states are values of a label that has the metric's name, so the name with the
        // registry's prefix must be a valid label name. A `:` in the prefix, for example, makes it
        // invalid.
        if let Err(violation) = name::check_metric(&name, desc.kind, ValidationScheme::Utf8) {
            return Err(format!("`{name}` ({}): {violation}", desc.location()));
        }
        let const_labels = settings.const_labels.iter().map(|(name, _)| name.as_str());
        let mut labels = declared_labels(desc).chain(const_labels);
        if labels.any(|label| escaping::common_name(label, &name).is_some()) {
            return Err(format!(
                "`{}` ({}): the states of a state set are values of a label with its name; rename \
                 the other label of that name",
                desc.name(),
                desc.location(),
            ));
        }
    }
    Ok(())
}

/// Checks that the label names of a series differ, both as declared and when escaped.
pub(crate) fn check_labels(desc: &Desc, settings: &Settings) -> Result<(), String> {
    for (at, name) in declared_labels(desc).enumerate() {
        let mut const_labels = settings.const_labels.iter().map(|(label, _)| label);
        let clashing = |label: &&String| escaping::common_name(label, name).is_some();
        if let Some(label) = const_labels.find(clashing) {
            return Err(format!(
                "`{}` ({}): the registry adds the label `{label}` to every series; rename {}",
                desc.name(),
                desc.location(),
                if label == name {
                    "one".to_owned()
                } else {
                    format!("`{name}`, which is escaped to the same name")
                },
            ));
        }
        if desc.has_legacy_labels() {
            continue;
        }
        for earlier in declared_labels(desc).take(at) {
            if let Some(both) = escaping::common_name(earlier, name) {
                return Err(format!(
                    "`{}` ({}): the labels `{earlier}` and `{name}` are both escaped to `{both}`; \
                     rename one",
                    desc.name(),
                    desc.location(),
                ));
            }
        }
    }
    Ok(())
}

/// The label names in a metric's declaration.
fn declared_labels(desc: &Desc) -> impl Iterator<Item = &str> {
    let const_labels = desc.const_labels.iter().map(|(name, _)| &**name);
    desc.label_names().chain(const_labels)
}
