//! [`Selection`]: the families that an exposition includes.

use crate::{
    describe::{
        desc::Desc,
        escaping::{self, SCHEMES},
        subject::Subject,
    },
    registry::exposed_family::has_legacy_name,
    sample::format::ExpositionFormat,
};

/// Selects families of a registry by name and by what they are about.
#[derive(Clone, Copy)]
pub(crate) struct Selection<'a> {
    /// The registry's prefix.
    prefix: &'a str,
    /// Accepts names with the prefix; `None` accepts all.
    filter: Option<&'a dyn Fn(&str) -> bool>,
    /// The exposition whose settings may omit subjects; `None` includes all subjects.
    exposition: Option<ExpositionFormat>,
}

impl<'a> Selection<'a> {
    /// Selects the families with a name that `filter` accepts, except those that `exposition`
    /// omits.
    pub(crate) fn new(
        prefix: &'a str,
        filter: Option<&'a dyn Fn(&str) -> bool>,
        exposition: Option<ExpositionFormat>,
    ) -> Self {
        Selection {
            prefix,
            filter,
            exposition,
        }
    }

    /// Whether names are selected.
    pub(crate) fn has_filter(&self) -> bool {
        self.filter.is_some()
    }

    /// Whether all families about `subject` are selected, whatever their names are.
    pub(crate) fn includes_all_about(&self, subject: Subject) -> bool {
        self.filter.is_none() && self.includes_subject(subject)
    }

    /// Whether the filter accepts the family's name or one of its sample names, declared or
    /// escaped, and the exposition includes what the family is about.
    pub(crate) fn includes(&self, desc: &Desc) -> bool {
        self.includes_subject(desc.subject()) && self.accepts_name(desc)
    }

    fn includes_subject(&self, subject: Subject) -> bool {
        self.exposition.is_none_or(|of| of.includes(subject))
    }

    fn accepts_name(&self, desc: &Desc) -> bool {
        let (Some(filter), prefix) = (self.filter, self.prefix) else {
            return true;
        };
        let names = desc.sample_names();
        let mut names = names.into_iter().chain([desc.name().to_owned()]);
        if names.any(|name| filter(&format!("{prefix}{name}"))) {
            return true;
        }
        let schemes = (!has_legacy_name(desc, prefix)).then_some(SCHEMES);
        let mut escaped = schemes
            .into_iter()
            .flatten()
            .flat_map(|scheme| escaping::sample_names(desc, prefix, scheme));
        escaped.any(|name| filter(&name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Counter, Format, Options, Registry};

    #[test]
    fn an_omitted_family_between_others_is_left_out_alone() {
        let registry = Registry::new();
        let create = |name, subject| {
            let options = Options::new(name, "Help.").about(subject);
            registry.create::<Counter>(options).expect("valid")
        };
        create("a_total", Subject::Program);
        create("b_total", Subject::Library);
        create("c_total", Subject::Program);
        let samples = |exposition: ExpositionFormat| {
            let text = registry.encode_to_string(exposition);
            let samples = text.lines().filter(|line| !line.starts_with('#'));
            samples.map(str::to_owned).collect::<Vec<_>>()
        };
        for format in [Format::Text, Format::OpenMetrics] {
            let all = ExpositionFormat::from(format);
            assert_eq!(samples(all), ["a_total 0", "b_total 0", "c_total 0"]);
            let some = all.without_self_metrics();
            assert_eq!(samples(some), ["a_total 0", "c_total 0"]);
        }
    }
}
