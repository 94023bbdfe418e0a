//! [`RegistryBuilder`]: sets the prefix and the const labels of a new registry, and whether it
//! accepts UTF-8 names.

use crate::{
    describe::{
        error::Error,
        escaping,
        kind::Kind,
        name::{self, ValidationScheme},
    },
    registry::{handle::Registry, self_metrics, settings::Settings},
};

/// Builder for a [`Registry`] with a prefix or const labels; see [`Registry::builder`].
#[derive(Clone, Debug)]
#[must_use = "ends in `build`"]
pub struct RegistryBuilder {
    prefix: String,
    const_labels: Vec<(String, String)>,
    scheme: ValidationScheme,
}

impl Registry {
    /// Returns a builder for an empty registry with a prefix or const labels for all its series.
    pub fn builder() -> RegistryBuilder {
        RegistryBuilder {
            prefix: String::new(),
            const_labels: Vec::new(),
            scheme: ValidationScheme::LegacyAtRunTime,
        }
    }
}

impl RegistryBuilder {
    /// Puts a prefix before every metric name.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// Adds a const label: every series of the registry has it.
    pub fn label(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.const_labels.push((name.into(), value.into()));
        self
    }

    /// Allows any character but control characters in the prefix and the label names.
    ///
    /// A scraper without UTF-8 support gets the names escaped; see
    /// [`Escaping`](crate::Escaping).
    ///
    /// ```
    /// use metrics_core::Registry;
    ///
    /// let registry = Registry::builder().utf8().label("cloud.region", "eu").build()?;
    /// # Ok::<(), metrics_core::Error>(())
    /// ```
    pub fn utf8(mut self) -> Self {
        self.scheme = ValidationScheme::Utf8;
        self
    }

    /// Creates the registry.
    ///
    /// # Errors
    ///
    /// If a metric name cannot start with the prefix, a label name is invalid, given twice or that
    /// of a label of self-metrics (`collector`, `family` and `reason`), or two label names are
    /// escaped to the same name.
    pub fn build(self) -> Result<Registry, Error> {
        let shortest_name = format!("{}a", self.prefix);
        if let Err(violation) = name::check_metric(&shortest_name, Kind::Gauge, self.scheme) {
            return Err(Error::new(format!(
                "prefix `{}` of a registry: {violation}",
                self.prefix
            )));
        }
        for (at, (name, _)) in self.const_labels.iter().enumerate() {
            if let Err(violation) = name::check_label(name, Kind::Histogram, self.scheme) {
                return Err(Error::new(format!(
                    "label `{name}` of a registry: {violation}"
                )));
            }
            if self_metrics::LABELS.contains(&name.as_str()) {
                return Err(Error::new(format!(
                    "label `{name}` of a registry: self-metrics such as `metrics_series` have a \
                     label of this name; choose another"
                )));
            }
            for (earlier, _) in &self.const_labels[..at] {
                if earlier == name {
                    return Err(Error::new(format!(
                        "label `{name}` of a registry is given twice; remove one"
                    )));
                }
                if let Some(both) = escaping::common_name(earlier, name) {
                    return Err(Error::new(format!(
                        "labels `{earlier}` and `{name}` of a registry are both escaped to \
                         `{both}`; rename one"
                    )));
                }
            }
        }
        Ok(Registry::with(Settings::new(
            self.prefix,
            self.const_labels,
        )))
    }
}
