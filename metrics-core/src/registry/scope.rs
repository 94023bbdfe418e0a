//! [`Scope`]: the prefix and const labels of an included registry.

use crate::{
    describe::desc::{CowStr, Desc},
    registry::settings::Settings,
    sample::label_text,
};

/// The prefix and the const labels that are added to the metrics of an included registry: its own,
/// and those of the registries through which it is included.
#[derive(Debug, PartialEq)]
pub(crate) struct Scope {
    pub(crate) prefix: String,
    labels: Vec<(CowStr, CowStr)>,
    /// The labels, rendered.
    pub(crate) rendered: String,
}

impl Scope {
    /// The scope of an included registry with these settings, or, if `inner` is given, of a
    /// registry that the included registry includes with the scope `inner`.
    pub(crate) fn new(settings: &Settings, inner: Option<&Scope>) -> Self {
        let own = settings.const_labels.iter();
        let own = own.map(|(name, value)| (name.clone().into(), value.clone().into()));
        let mut scope = Scope {
            prefix: settings.prefix.clone(),
            labels: own.collect(),
            rendered: String::new(),
        };
        if let Some(inner) = inner {
            scope.prefix.push_str(&inner.prefix);
            scope.labels.extend_from_slice(&inner.labels);
        }
        label_text::push_pairs(&mut scope.rendered, &scope.labels);
        scope
    }

    #[cfg(feature = "catalog")]
    pub(crate) fn labels(&self) -> &[(CowStr, CowStr)] {
        &self.labels
    }

    /// Whether the scope adds neither a prefix nor a label.
    pub(crate) fn is_empty(&self) -> bool {
        self.prefix.is_empty() && self.rendered.is_empty()
    }

    /// Whether both scopes add the same prefix and the same labels, whatever their order is.
    pub(crate) fn is_equivalent(&self, other: &Scope) -> bool {
        let sorted = |scope: &Scope| label_text::sorted(&scope.rendered);
        self.prefix == other.prefix && sorted(self) == sorted(other)
    }

    /// The description with the prefix and the const labels of the scope.
    pub(crate) fn apply(&self, desc: &Desc) -> Desc {
        let mut desc = desc.clone();
        desc.name.to_mut().insert_str(0, &self.prefix);
        desc.prepend_const_labels(&self.labels);
        desc
    }

    /// The settings by which a collector in this scope is checked in a registry with `settings`.
    pub(crate) fn settings_in(&self, settings: &Settings) -> Settings {
        let own = self.labels.iter();
        let own = own.map(|(name, value)| (name.to_string(), value.to_string()));
        Settings::new(
            format!("{}{}", settings.prefix, self.prefix),
            settings.const_labels.iter().cloned().chain(own).collect(),
        )
    }
}
