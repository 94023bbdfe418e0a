//! [`SampleNames`]: finds families with a sample name in common, as declared or escaped.

use std::collections::HashMap;

use crate::{
    describe::{
        desc::Desc,
        escaping::{self, Escaping, SCHEMES},
    },
    registry::{exposed_family::has_legacy_name, settings::Settings},
};

/// Each sample name with the family that writes it: the family's position and description.
type Owners<'a> = HashMap<String, (usize, &'a Desc)>;

/// The sample names of all families of a registry.
pub(crate) struct SampleNames<'a> {
    prefix: &'a str,
    declared: Owners<'a>,
    /// The names under each escaping scheme; empty if no name needs escaping.
    escaped: Vec<(Escaping, Owners<'a>)>,
}

impl<'a> SampleNames<'a> {
    /// An empty set for the declarations `descs`, which are inserted later.
    ///
    /// Escaped names are compared, too, if the name of one of these declarations needs escaping.
    pub(crate) fn new(mut descs: impl Iterator<Item = &'a Desc>, settings: &'a Settings) -> Self {
        let prefix = settings.prefix.as_str();
        let needs_escaping = descs.any(|desc| !has_legacy_name(desc, prefix));
        let schemes = needs_escaping.then_some(SCHEMES).into_iter().flatten();
        SampleNames {
            prefix,
            declared: HashMap::new(),
            escaped: schemes.map(|scheme| (scheme, HashMap::new())).collect(),
        }
    }

    /// The position of the family that has the family name of `desc` among its sample names.
    pub(crate) fn family(&self, desc: &Desc) -> Option<usize> {
        let owner = self.declared.get(desc.family_name());
        owner.map(|(family, _)| *family)
    }

    /// Inserts the sample names of the family at position `at`.
    ///
    /// # Errors
    ///
    /// If another family has one of the names, as declared or escaped.
    pub(crate) fn insert(&mut self, desc: &'a Desc, at: usize) -> Result<(), String> {
        let clash = |(_, other): &(usize, &Desc), name: &str, when: &str| {
            format!(
                "`{}` ({}) and `{}` ({}) would both write samples named `{name}`{when}; rename one",
                other.name(),
                other.location(),
                desc.name(),
                desc.location(),
            )
        };
        let samples = desc.sample_names();
        for name in &samples {
            if let Some(other) = self.declared.get(name) {
                return Err(clash(other, name, ""));
            }
        }
        let mut escaped = Vec::new();
        for (scheme, owners) in &self.escaped {
            let samples = escaping::sample_names(desc, self.prefix, *scheme);
            for name in &samples {
                if let Some(other) = owners.get(name) {
                    return Err(clash(other, name, " when names are escaped"));
                }
            }
            escaped.push(samples);
        }
        self.declared
            .extend(samples.into_iter().map(|name| (name, (at, desc))));
        for ((_, owners), samples) in self.escaped.iter_mut().zip(escaped) {
            owners.extend(samples.into_iter().map(|name| (name, (at, desc))));
        }
        Ok(())
    }
}
