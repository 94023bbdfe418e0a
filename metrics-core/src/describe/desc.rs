//! [`Desc`]: the description of a metric, without its values.

use std::borrow::Cow;

use crate::describe::{
    error::Error,
    kind::Kind,
    name::{self, ValidationScheme},
    objective::Objective,
    source_location::SourceLocation,
    subject::Subject,
};

/// A string: borrowed in a declaration, owned in a dynamic metric.
pub(crate) type CowStr = Cow<'static, str>;

/// Description of a metric: name, type, help, unit, labels, bounds and source location.
///
/// The macros create one for each declaration; a [`Collector`](crate::Collector) creates its own.
///
/// ```
/// use metrics_core::{Desc, Kind};
///
/// const OPEN: Desc = Desc::new(Kind::Gauge, "pool_connections", "Connections open.");
/// assert_eq!(OPEN.name(), "pool_connections");
/// ```
#[derive(Clone, Debug)]
pub struct Desc {
    pub(crate) name: CowStr,
    pub(crate) help: CowStr,
    pub(crate) unit: CowStr,
    pub(crate) kind: Kind,
    pub(crate) labels: Cow<'static, [CowStr]>,
    pub(crate) const_labels: Cow<'static, [(CowStr, CowStr)]>,
    pub(crate) bounds: Cow<'static, [f64]>,
    pub(crate) location: SourceLocation,
    pub(crate) objectives: &'static [Objective],
    /// Whether the declarations of one family may have different labels.
    pub(crate) allows_mixed_labels: bool,
    /// Whether only one collector of a registry may write the family.
    pub(crate) is_exclusive: bool,
    pub(crate) subject: Subject,
    /// The rules for the names of labels: `Legacy` or `Existing` if no name can need escaping for
    /// scrapers without UTF-8 support, otherwise `Utf8`.
    pub(crate) label_scheme: ValidationScheme,
}

impl Desc {
    /// Describes a metric without label names, because a collector passes the labels with each
    /// series.
    ///
    /// # Panics
    ///
    /// If the name is invalid; a compile error in a `const`.
    #[track_caller]
    pub const fn new(kind: Kind, name: &'static str, help: &'static str) -> Desc {
        if let Err(violation) = name::check_metric(name, kind, ValidationScheme::Legacy) {
            panic!("{}", violation);
        }
        Desc::unchecked(kind, name, help, "")
    }

    /// Describes a metric whose name and label names may contain any character except control
    /// characters, such as `http.server.requests_total`.
    ///
    /// A scraper without UTF-8 support gets them escaped; see [`Escaping`](crate::Escaping).
    ///
    /// ```
    /// use metrics_core::{Desc, Kind};
    ///
    /// const OPEN: Desc = Desc::utf8(Kind::Gauge, "pool.connections", "Connections open.");
    /// assert_eq!(OPEN.name(), "pool.connections");
    /// ```
    ///
    /// # Panics
    ///
    /// If the name is empty, begins with `_`, contains a control character, breaks the rules for
    /// suffixes such as `_total`, or is that of a state set and cannot be a label name; a compile
    /// error in a `const`.
    #[track_caller]
    pub const fn utf8(kind: Kind, name: &'static str, help: &'static str) -> Desc {
        if let Err(violation) = name::check_metric(name, kind, ValidationScheme::Utf8) {
            panic!("{}", violation);
        }
        let mut desc = Desc::unchecked(kind, name, help, "");
        // `Utf8`, because a collector may write label names that need escaping. They are known only
        // in a scrape.
        desc.label_scheme = ValidationScheme::Utf8;
        desc
    }

    /// Describes a metric whose name exists already, although it breaks the naming rules.
    ///
    /// For a collector that exposes another system's metrics. A counter, a gauge or a metric of
    /// unknown type may have any suffix, such as `kube_pod_created` or a counter without `_total`,
    /// and the labels `le` and `quantile`. OpenMetrics, which has no counters without `_total`,
    /// exposes such a counter as `unknown`. The names of samples are the same in every format.
    ///
    /// ```
    /// use metrics_core::{Desc, Kind};
    ///
    /// const CREATED: Desc = Desc::existing(Kind::Gauge, "kube_pod_created", "Start of the pod.");
    /// assert_eq!(CREATED.name(), "kube_pod_created");
    /// ```
    ///
    /// # Panics
    ///
    /// If the name contains other characters than letters, digits, `_` and `:`, begins with `_` or
    /// a digit, or breaks the rules of another type; a compile error in a `const`.
    #[track_caller]
    pub const fn existing(kind: Kind, name: &'static str, help: &'static str) -> Desc {
        if let Err(violation) = name::check_metric(name, kind, ValidationScheme::Existing) {
            panic!("{}", violation);
        }
        let mut desc = Desc::unchecked(kind, name, help, "");
        desc.label_scheme = ValidationScheme::Existing;
        desc
    }

    /// Describes a metric like [`existing`](Self::existing) whose name is known only at run time.
    ///
    /// # Errors
    ///
    /// If the name or the unit is invalid; see [`existing`](Self::existing) and
    /// [`unit`](Self::unit).
    #[track_caller]
    pub fn dynamic_existing(
        kind: Kind,
        name: impl Into<String>,
        help: impl Into<String>,
        unit: impl Into<String>,
    ) -> Result<Desc, Error> {
        let mut desc = Desc::unchecked(kind, "", "", "").declared_here();
        desc.label_scheme = ValidationScheme::Existing;
        desc.checked(
            name.into(),
            help.into(),
            unit.into(),
            ValidationScheme::Existing,
        )
    }

    /// Describes a metric whose name is known only at run time; an empty `unit` means none.
    ///
    /// ```
    /// use metrics_core::{Desc, Kind};
    ///
    /// let queue = "mail"; // read from a file, say
    /// let name = format!("{queue}_wait_seconds");
    /// let desc = Desc::dynamic(Kind::Gauge, name, "Age of the oldest job.", "seconds")?;
    /// assert_eq!(desc.name(), "mail_wait_seconds");
    /// # Ok::<(), metrics_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If the name or the unit is invalid; see [`new`](Self::new) and [`unit`](Self::unit).
    #[track_caller]
    pub fn dynamic(
        kind: Kind,
        name: impl Into<String>,
        help: impl Into<String>,
        unit: impl Into<String>,
    ) -> Result<Desc, Error> {
        let desc = Desc::unchecked(kind, "", "", "").declared_here();
        desc.checked(
            name.into(),
            help.into(),
            unit.into(),
            ValidationScheme::Legacy,
        )
    }

    /// Sets name, help and unit, if they are valid.
    fn checked(
        mut self,
        name: String,
        help: String,
        unit: String,
        scheme: ValidationScheme,
    ) -> Result<Desc, Error> {
        let checked = name::check_metric(&name, self.kind, scheme)
            .and(name::check_unit(&name, &unit, self.kind));
        if let Err(violation) = checked {
            let message = format!("`{name}` ({}): {violation}", self.location);
            return Err(Error::new(message));
        }
        self.name = Cow::Owned(name);
        self.help = Cow::Owned(help);
        self.unit = Cow::Owned(unit);
        Ok(self)
    }

    /// Describes a metric without checking name and unit, which the caller must do.
    #[track_caller]
    pub(crate) const fn unchecked(
        kind: Kind,
        name: &'static str,
        help: &'static str,
        unit: &'static str,
    ) -> Desc {
        Desc {
            name: Cow::Borrowed(name),
            help: Cow::Borrowed(help),
            unit: Cow::Borrowed(unit),
            kind,
            labels: Cow::Borrowed(&[]),
            const_labels: Cow::Borrowed(&[]),
            bounds: Cow::Borrowed(&[]),
            location: SourceLocation::caller(),
            objectives: &[],
            allows_mixed_labels: false,
            is_exclusive: false,
            subject: Subject::Program,
            label_scheme: ValidationScheme::Legacy,
        }
    }

    /// Sets the source location to that of the caller.
    #[track_caller]
    pub(crate) fn declared_here(mut self) -> Desc {
        self.location = SourceLocation::caller();
        self
    }

    /// Sets the unit. The name must end in `_` and the unit, before a suffix such as `_total`.
    ///
    /// Has no effect on a description from [`dynamic`](Self::dynamic), which takes the unit as an
    /// argument.
    ///
    /// # Panics
    ///
    /// If the unit contains other characters than letters, digits and `_`, if the name does not end
    /// in `_` and the unit, or for an info or a state set; a compile error in a `const`.
    #[must_use]
    pub const fn unit(mut self, unit: &'static str) -> Desc {
        if let Cow::Borrowed(name) = self.name
            && let Err(violation) = name::check_unit(name, unit, self.kind)
        {
            panic!("{}", violation);
        }
        // Does not assign to `self.unit`, because a `const fn` cannot drop the old value.
        if let Cow::Borrowed(place) = &mut self.unit {
            *place = unit;
        }
        self
    }

    /// Sets the source location; for the macros.
    #[doc(hidden)]
    #[must_use]
    pub const fn declared_at(
        mut self,
        file: &'static str,
        line: u32,
        module: &'static str,
    ) -> Desc {
        self.location = SourceLocation { file, line, module };
        self
    }

    /// Sets the label names; for the macros.
    #[doc(hidden)]
    #[must_use]
    pub const fn labels(mut self, labels: &'static [CowStr]) -> Desc {
        if let Cow::Borrowed(place) = &mut self.labels {
            *place = labels;
        }
        let mut i = 0;
        while i < labels.len() {
            let is_legacy = match &labels[i] {
                Cow::Borrowed(label) => name::is_legacy_label(label),
                Cow::Owned(label) => name::is_legacy_label(label.as_str()),
            };
            if !is_legacy {
                self.label_scheme = ValidationScheme::Utf8;
            }
            i += 1;
        }
        self
    }

    /// Sets the label names of a dynamic metric.
    pub(crate) fn set_labels(&mut self, labels: impl Iterator<Item = String>) {
        self.labels = labels.map(Cow::Owned).collect();
        let mut labels = self.labels.iter();
        self.label_scheme = if labels.all(|label| name::is_legacy_label(label)) {
            ValidationScheme::Legacy
        } else {
            ValidationScheme::Utf8
        };
    }

    /// Sets the const labels, which every series of the metric has; for the macros.
    #[doc(hidden)]
    #[must_use]
    pub const fn const_labels(mut self, labels: &'static [(CowStr, CowStr)]) -> Desc {
        if let Cow::Borrowed(place) = &mut self.const_labels {
            *place = labels;
        }
        self
    }

    /// Adds const labels before the existing const labels.
    pub(crate) fn prepend_const_labels(&mut self, labels: &[(CowStr, CowStr)]) {
        let all = labels.iter().chain(&*self.const_labels);
        self.const_labels = all.cloned().collect();
        if !labels.iter().all(|(name, _)| name::is_legacy_label(name)) {
            self.label_scheme = ValidationScheme::Utf8;
        }
    }

    /// Sets the upper bounds of a histogram or the quantiles of a summary; for the macros.
    #[doc(hidden)]
    #[must_use]
    pub const fn bounds(mut self, bounds: &'static [f64]) -> Desc {
        if let Cow::Borrowed(place) = &mut self.bounds {
            *place = bounds;
        }
        self
    }

    /// Sets the objectives; for the macros.
    #[doc(hidden)]
    #[must_use]
    pub const fn with_objectives(mut self, objectives: &'static [Objective]) -> Desc {
        self.objectives = objectives;
        self
    }

    /// Allows the declarations of one family to have different labels; for the macros.
    #[doc(hidden)]
    #[must_use]
    pub const fn allow_mixed_labels(mut self) -> Desc {
        self.allows_mixed_labels = true;
        self
    }

    /// Lets only one collector of a registry write the family, even if the descriptions are equal.
    /// For collectors of metrics-http whose values describe the whole registry.
    #[doc(hidden)]
    #[must_use]
    pub const fn exclusive(mut self) -> Desc {
        self.is_exclusive = true;
        self
    }

    /// Sets what the metric is about; for the collectors and self-metrics of metrics-http.
    #[doc(hidden)]
    #[must_use]
    pub const fn about(mut self, subject: Subject) -> Desc {
        self.subject = subject;
        self
    }

    /// Whether observations may be negative because a bound is negative. Then their sum can
    /// decrease.
    pub(crate) const fn allows_negative(&self) -> bool {
        let bounds = match &self.bounds {
            Cow::Borrowed(bounds) => bounds,
            Cow::Owned(bounds) => bounds.as_slice(),
        };
        !bounds.is_empty() && bounds[0] < 0.0
    }

    /// Whether no label name can need escaping for scrapers without UTF-8 support.
    pub(crate) const fn has_legacy_labels(&self) -> bool {
        !matches!(self.label_scheme, ValidationScheme::Utf8)
    }

    /// Whether this is a counter whose name lacks `_total`, which OpenMetrics has no type for.
    pub(crate) fn is_counter_without_total(&self) -> bool {
        self.kind == Kind::Counter && self.name() == self.family_name()
    }

    /// Whether both describe the same dynamic metric, wherever they were created and whatever their
    /// help texts are.
    pub(crate) fn is_equivalent(&self, other: &Desc) -> bool {
        self.name == other.name
            && self.unit == other.unit
            && self.kind == other.kind
            && self.labels == other.labels
            && self.bounds == other.bounds
    }

    /// The declared name, including `_total` of a counter and `_info` of an info.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The OpenMetrics family name: the name without `_total` of a counter or `_info` of an info.
    pub fn family_name(&self) -> &str {
        name::family_name(&self.name, self.kind)
    }

    /// The family name, followed by the suffixed sample names that the metric has in any format.
    pub(crate) fn sample_names(&self) -> Vec<String> {
        self.sample_names_of(self.family_name())
    }

    /// Like [`sample_names`](Self::sample_names), for another family name.
    pub(crate) fn sample_names_of(&self, family: &str) -> Vec<String> {
        let suffixes: &[&str] = match self.kind {
            Kind::Counter if self.is_counter_without_total() => &[""],
            Kind::Counter => &["", "_total", "_created"],
            Kind::Histogram => &["", "_bucket", "_count", "_sum", "_created"],
            // The text format has no gauge histogram and writes a histogram instead.
            Kind::GaugeHistogram => &["", "_bucket", "_gcount", "_gsum", "_count", "_sum"],
            Kind::Summary => &["", "_count", "_sum", "_created"],
            Kind::Info => &["", "_info"],
            _ => &[""],
        };
        let names = suffixes.iter().map(|suffix| format!("{family}{suffix}"));
        names.collect()
    }

    /// The help text.
    pub fn help(&self) -> &str {
        &self.help
    }

    /// The unit, if the metric has one.
    pub fn unit_name(&self) -> Option<&str> {
        (!self.unit.is_empty()).then_some(&*self.unit)
    }

    /// The type.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The names of the labels whose values are passed when recording, in order.
    pub fn label_names(&self) -> impl ExactSizeIterator<Item = &str> {
        self.labels.iter().map(|label| &**label)
    }

    /// Names and values of the const labels.
    pub(crate) fn const_label_pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        let labels = self.const_labels.iter();
        labels.map(|(name, value)| (&**name, &**value))
    }

    /// The upper bounds of a histogram, without `+Inf`, or the quantiles of a summary.
    pub fn bounds_or_quantiles(&self) -> &[f64] {
        &self.bounds
    }

    /// The service level objectives.
    pub fn objectives(&self) -> &'static [Objective] {
        self.objectives
    }

    /// What the metric is about: the program's work, its process, or the library.
    pub fn subject(&self) -> Subject {
        self.subject
    }

    /// The source location of the declaration.
    pub fn location(&self) -> SourceLocation {
        self.location
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_desc_built_in_const_has_its_source_location() {
        const DESC: Desc =
            Desc::new(Kind::Counter, "work_seconds_total", "Time worked.").unit("seconds");
        assert_eq!(DESC.family_name(), "work_seconds");
        assert_eq!(DESC.unit_name(), Some("seconds"));
        assert!(DESC.location().file.ends_with("desc.rs"));
    }

    #[test]
    fn a_dynamic_desc_is_checked_like_a_const_one() {
        let desc = Desc::dynamic(Kind::Counter, "work_seconds_total", "", "seconds").unwrap();
        assert_eq!(desc.family_name(), "work_seconds");
        assert!(desc.location().file.ends_with("desc.rs"));
        for (name, unit) in [("work", ""), ("w rk_total", ""), ("work_total", "seconds")] {
            let error = Desc::dynamic(Kind::Counter, name, "", unit).unwrap_err();
            assert!(
                error.to_string().starts_with(&format!("`{name}` (")),
                "{error}"
            );
        }
    }
}
