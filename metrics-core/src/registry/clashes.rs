//! What does not fit together: names that two families or two labels would have, as declared or
//! where they are escaped.

use std::collections::HashMap;

use crate::{
    describe::{
        desc::Desc,
        escaping,
        escaping::{Escaping, SCHEMES},
        kind::Kind,
        name,
        name::ValidationScheme,
    },
    registry::{Settings, self_metrics},
};

/// Names of samples, and whose they are.
type Taken<'a> = HashMap<String, (usize, &'a Desc)>;

/// The names of the samples of families, and whose they are, by position.
pub(crate) struct Names<'a> {
    prefix: &'a str,
    plain: Taken<'a>,
    /// The same under each scheme, where there is a name that not every reader takes.
    escaped: Vec<(Escaping, Taken<'a>)>,
}

impl<'a> Names<'a> {
    pub(crate) fn new(mut descs: impl Iterator<Item = &'a Desc>, settings: &'a Settings) -> Self {
        let prefix = settings.prefix.as_str();
        let any = descs.any(|desc| !is_legacy(desc, prefix));
        let schemes = any.then_some(SCHEMES).into_iter().flatten();
        Names {
            prefix,
            plain: HashMap::new(),
            escaped: schemes.map(|scheme| (scheme, HashMap::new())).collect(),
        }
    }

    /// The family that has taken the name of this one.
    pub(crate) fn family(&self, desc: &Desc) -> Option<usize> {
        let taken = self.plain.get(desc.family_name());
        taken.map(|(family, _)| *family)
    }

    /// Takes the names for the family at this position, or says who has one of them.
    pub(crate) fn take(&mut self, desc: &'a Desc, next: usize) -> Result<(), String> {
        let clash = |(_, other): &(usize, &Desc), name: &str, to_whom: &str| {
            format!(
                "`{}` ({}) and `{}` ({}) would both write samples called `{name}`{to_whom}; rename \
                 one",
                other.name(),
                other.location(),
                desc.name(),
                desc.location(),
            )
        };
        let samples = desc.sample_names();
        for name in &samples {
            if let Some(other) = self.plain.get(name) {
                return Err(clash(other, name, ""));
            }
        }
        let mut escaped = Vec::new();
        for (scheme, known) in &self.escaped {
            let samples = escaping::sample_names(desc, self.prefix, *scheme);
            for name in &samples {
                if let Some(other) = known.get(name) {
                    return Err(clash(other, name, " where names are escaped"));
                }
            }
            escaped.push(samples);
        }
        self.plain
            .extend(samples.into_iter().map(|name| (name, (next, desc))));
        for ((_, known), samples) in self.escaped.iter_mut().zip(escaped) {
            known.extend(samples.into_iter().map(|name| (name, (next, desc))));
        }
        Ok(())
    }
}

/// Whether every reader takes the name of a family.
pub(crate) fn is_legacy(desc: &Desc, prefix: &str) -> bool {
    name::is_legacy_metric(desc.name()) && (prefix.is_empty() || name::is_legacy_metric(prefix))
}

/// Keeps metrics from names that the registry itself uses, and state sets from a label of their
/// own name.
pub(crate) fn check_own(desc: &Desc, settings: &Settings) -> Result<(), String> {
    self_metrics::check(desc)?;
    if desc.kind == Kind::StateSet {
        let name = format!("{}{}", settings.prefix, desc.name());
        // With the prefix, it may break a rule that the label is held to.
        if let Err(fault) = name::check_metric(&name, desc.kind, ValidationScheme::Utf8) {
            return Err(format!("`{name}` ({}): {fault}", desc.location()));
        }
        let common = settings.labels.iter().map(|(name, _)| name.as_str());
        let mut labels = own_labels(desc).chain(common);
        if labels.any(|label| escaping::common_name(label, &name).is_some()) {
            return Err(format!(
                "`{}` ({}): a state set names its states in a label of its own name; rename the \
                 label",
                desc.name(),
                desc.location(),
            ));
        }
    }
    Ok(())
}

/// Sees to it that no two labels of a series have one name.
pub(crate) fn check_labels(desc: &Desc, settings: &Settings) -> Result<(), String> {
    for (at, name) in own_labels(desc).enumerate() {
        let mut common = settings.labels.iter().map(|(common, _)| common);
        if let Some(common) = common.find(|common| escaping::common_name(common, name).is_some()) {
            return Err(format!(
                "`{}` ({}): the registry gives every series the label `{common}`; rename {}",
                desc.name(),
                desc.location(),
                if common == name {
                    "one".to_owned()
                } else {
                    format!("`{name}`, which is the same where names are escaped")
                },
            ));
        }
        if desc.has_legacy_labels() {
            continue;
        }
        for earlier in own_labels(desc).take(at) {
            if let Some(both) = escaping::common_name(earlier, name) {
                return Err(format!(
                    "`{}` ({}): the labels `{earlier}` and `{name}` would both be called `{both}` \
                     where names are escaped; rename one",
                    desc.name(),
                    desc.location(),
                ));
            }
        }
    }
    Ok(())
}

/// The labels that a metric has from its declaration.
fn own_labels(desc: &Desc) -> impl Iterator<Item = &str> {
    let constant = desc.const_labels.iter().map(|(name, _)| &**name);
    desc.label_names().chain(constant)
}
