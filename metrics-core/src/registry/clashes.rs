//! Checks whether a declaration fits the registry and the family that it joins.
//!
//! Errors name the source locations and, in most cases, the remedy.

use std::fmt::Display;

use crate::{
    describe::{
        desc::Desc,
        escaping,
        kind::Kind,
        name::{self, ValidationScheme},
    },
    metric::family::Family,
    registry::{exposed_family::ExposedFamily, item::Item, self_metrics, settings::Settings},
};

/// Checks that a declaration may join a family of the same name.
///
/// Returns the position of the group of members with equal const labels, to whose series those of
/// the declaration are added; `None` if there is no such group.
///
/// # Errors
///
/// If the declaration differs from the first one in type, help, unit, buckets or label names
/// (unless both allow different labels), if it differs from the group in storage layout, or if the
/// family cannot have several members: that of a collector and a metric, a computed metric, an info
/// or a state set. Collectors may share a family of any type.
pub(crate) fn check_agreement(
    family: &ExposedFamily,
    desc: &Desc,
    item: &Item,
) -> Result<Option<usize>, String> {
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
        let const_labels = desc.const_labels.iter().map(|(name, _)| &**name);
        let names: Vec<_> = const_labels.chain(desc.label_names()).collect();
        names.join(", ")
    };
    let may_differ_in_labels = first.allows_mixed_labels && desc.allows_mixed_labels;
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
        Item::Collector(..) if family.accepts_collectors() => return Ok(None),
        Item::Metric(_) => return cannot_share("a collector's family"),
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
    let merges_with = family
        .members
        .iter()
        .position(|members| members[0].desc().const_labels == desc.const_labels);
    // Values can be added up only if they are stored in the same layout.
    if let Some(at) = merges_with {
        let (a, b) = (family.members[at][0].layout(), metric.layout());
        if a != b {
            return differ("types", &format!("{a:?}"), &format!("{b:?}"));
        }
    }
    match desc.kind {
        Kind::Info => cannot_share("an info"),
        Kind::StateSet => cannot_share("a state set"),
        _ => Ok(merges_with),
    }
}

/// Checks that a metric does not use a name of the registry's self-metrics, and that the name of a
/// state set is a valid label name, which no other label of the state set has.
pub(crate) fn check_reserved_names(desc: &Desc, settings: &Settings) -> Result<(), String> {
    self_metrics::check_name(desc)?;
    if desc.kind == Kind::StateSet {
        let name = format!("{}{}", settings.prefix, desc.name());
        // The states are values of a label that has the metric's name. With the registry's prefix,
        // that name may be an invalid label name, for example because of a `:`.
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
