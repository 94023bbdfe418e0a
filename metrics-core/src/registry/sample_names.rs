//! [`SampleNames`]: finds families with a sample name in common, as declared or escaped.

use std::collections::HashMap;

use crate::{
    describe::{
        desc::Desc,
        escaping::{self, Escaping, SCHEMES},
    },
    registry::{
        exposed_family::{ExposedFamily, has_legacy_name},
        settings::Settings,
    },
};

/// Each sample name with the position of the family that writes it.
type Owners = HashMap<String, usize>;

/// The sample names of all families of a registry.
#[derive(Debug, Default)]
pub(crate) struct SampleNames {
    declared: Owners,
    /// The names under each escaping scheme; empty while no name needs escaping.
    escaped: Vec<(Escaping, Owners)>,
}

impl SampleNames {
    /// The position of the family that has the family name of `desc` among its sample names.
    pub(crate) fn family(&self, desc: &Desc) -> Option<usize> {
        self.declared.get(desc.family_name()).copied()
    }

    /// Inserts the sample names of a new family, which is the next one after `families`.
    ///
    /// # Errors
    ///
    /// If another family has one of the names, as declared or escaped.
    pub(crate) fn insert(
        &mut self,
        desc: &Desc,
        families: &[ExposedFamily],
        settings: &Settings,
    ) -> Result<(), String> {
        let clash = |other: &usize, name: &str, when: &str| {
            let other = &families[*other].desc;
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
        let prefix = settings.prefix.as_str();
        if self.escaped.is_empty() && !has_legacy_name(desc, prefix) {
            self.escape(families, prefix);
        }
        let mut escaped = Vec::new();
        for (scheme, owners) in &self.escaped {
            let samples = escaping::sample_names(desc, prefix, *scheme);
            for name in &samples {
                if let Some(other) = owners.get(name) {
                    return Err(clash(other, name, " when names are escaped"));
                }
            }
            escaped.push(samples);
        }
        let at = families.len();
        self.declared
            .extend(samples.into_iter().map(|name| (name, at)));
        for ((_, owners), samples) in self.escaped.iter_mut().zip(escaped) {
            owners.extend(samples.into_iter().map(|name| (name, at)));
        }
        Ok(())
    }

    /// Adds the escaped names of all families, when the first name needs escaping.
    fn escape(&mut self, families: &[ExposedFamily], prefix: &str) {
        for scheme in SCHEMES {
            let names = families.iter().enumerate().flat_map(|(at, family)| {
                let samples = escaping::sample_names(&family.desc, prefix, scheme);
                samples.into_iter().map(move |name| (name, at))
            });
            self.escaped.push((scheme, names.collect()));
        }
    }
}
