//! Finds instrumented functions whose calls are added up because their labels are equal.

#[cfg(feature = "catalog")]
use std::ptr;

#[cfg(feature = "catalog")]
use crate::metric::family::FamilyRef;
use crate::{
    metric::{family::Family, outcome_rows::OutcomeLabel},
    registry::exposed_family::ExposedFamily,
};

/// Describes the functions of a family that share their series, one sentence for each group.
///
/// Declared metrics of one name may share series on purpose. Functions share them only because the
/// attribute of a function sees neither the type around it nor other functions of the same name.
pub(super) fn shared_series(family: &ExposedFamily) -> impl Iterator<Item = String> {
    family.members.iter().filter_map(|group| {
        let first = &group.first()?.metric;
        let (function, module) = (label(first, "function")?, label(first, "module")?);
        let same: Vec<String> = group
            .iter()
            .filter(|member| have_equal_labels(first, &member.metric))
            .map(|member| member.metric.desc().location().to_string())
            .collect();
        (same.len() > 1).then(|| {
            format!(
                "`{}`: the functions `{function}` of the module `{module}` at {} share their \
                 series; put the attribute on their `impl` blocks, which adds the type to the \
                 label `function`, rename one, or give it a family of its own with `name`",
                family.desc.name(),
                same.join(" and "),
            )
        })
    })
}

/// The first of the earlier functions of a family that share their series with `member`.
#[cfg(feature = "catalog")]
pub(crate) fn earlier_sharer<'a>(
    family: &'a ExposedFamily,
    member: &Family,
) -> Option<&'a FamilyRef> {
    label(member, "function")?;
    let mut groups = family.members.iter();
    groups.find_map(|group| {
        let at = group
            .iter()
            .position(|other| ptr::eq(&raw const *other.metric, member))?;
        group[..at]
            .iter()
            .map(|earlier| &earlier.metric)
            .find(|earlier| have_equal_labels(earlier, member))
    })
}

fn label<'a>(member: &'a Family, name: &str) -> Option<&'a str> {
    let mut labels = member.desc().const_label_pairs();
    let found = labels.find(|(label, _)| *label == name);
    found.map(|(_, value)| value)
}

/// Whether two members with equal const labels have the same other labels.
fn have_equal_labels(a: &Family, b: &Family) -> bool {
    let omits_outcome = |member: &Family| member.rows().outcome_label() == OutcomeLabel::Omitted;
    a.desc().label_names().eq(b.desc().label_names()) && omits_outcome(a) == omits_outcome(b)
}
