//! [`Desc`]: the description of a metric, without its values.

use std::borrow::Cow;

use crate::describe::{
    error::Error,
    kind::Kind,
    name::{self, ValidationScheme},
    objective::Objective,
    source_location::SourceLocation,
};

/// A string that a declaration borrows and a run-time metric owns.
pub(crate) type CowStr = Cow<'static, str>;

/// What a metric is, apart from its values.
///
/// The macros make one for each declaration; a [`Collector`](crate::Collector) makes its own.
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
    /// Whether members of this family may differ in their labels.
    pub(crate) allows_mixed_labels: bool,
    /// Whether every reader takes the names of its labels.
    legacy_labels: bool,
}

impl Desc {
    /// Describes a metric without labels.
    ///
    /// # Panics
    ///
    /// When the name breaks a rule of the data model; in a `const` this is a compile error.
    #[track_caller]
    pub const fn new(kind: Kind, name: &'static str, help: &'static str) -> Desc {
        if let Err(fault) = name::check_metric(name, kind, ValidationScheme::Legacy) {
            panic!("{}", fault);
        }
        Desc::unchecked(kind, name, help, "")
    }

    /// Describes a metric whose name, and the names of whose labels, may hold any character but
    /// control characters, such as `http.server.requests_total`.
    ///
    /// A reader that does not take them gets them escaped; see
    /// [`Escaping`](crate::Escaping).
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
    /// When the name breaks another rule of the data model; in a `const` this is a compile error.
    #[track_caller]
    pub const fn utf8(kind: Kind, name: &'static str, help: &'static str) -> Desc {
        if let Err(fault) = name::check_metric(name, kind, ValidationScheme::Utf8) {
            panic!("{}", fault);
        }
        let mut desc = Desc::unchecked(kind, name, help, "");
        // A collector says what they are when it is asked for values.
        desc.legacy_labels = false;
        desc
    }

    /// Describes a metric whose name is known at run time only; without a unit it is empty.
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
    /// When the name or the unit breaks a rule of the data model, as in [`new`](Self::new) and
    /// [`unit`](Self::unit).
    #[track_caller]
    pub fn dynamic(
        kind: Kind,
        name: impl Into<String>,
        help: impl Into<String>,
        unit: impl Into<String>,
    ) -> Result<Desc, Error> {
        let mut desc = Desc::unchecked(kind, "", "", "").declared_here();
        desc.name = Cow::Owned(name.into());
        desc.help = Cow::Owned(help.into());
        desc.unit = Cow::Owned(unit.into());
        let checked = name::check_metric(&desc.name, kind, ValidationScheme::Legacy)
            .and(name::check_unit(&desc.name, &desc.unit, kind));
        match checked {
            Ok(()) => Ok(desc),
            Err(fault) => Err(Error::new(format!(
                "`{}` ({}): {fault}",
                desc.name, desc.location
            ))),
        }
    }

    /// Describes a metric whose name and unit are checked elsewhere.
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
            legacy_labels: true,
        }
    }

    /// The same, born where the caller's caller stands.
    #[track_caller]
    pub(crate) fn declared_here(mut self) -> Desc {
        self.location = SourceLocation::caller();
        self
    }

    /// Gives the metric a unit, which its name must end in.
    ///
    /// # Panics
    ///
    /// When the name does not; in a `const` this is a compile error.
    #[must_use]
    pub const fn unit(mut self, unit: &'static str) -> Desc {
        if let Cow::Borrowed(name) = self.name
            && let Err(fault) = name::check_unit(name, unit, self.kind)
        {
            panic!("{}", fault);
        }
        // A plain assignment would drop the old value, which `const` cannot.
        if let Cow::Borrowed(place) = &mut self.unit {
            *place = unit;
        }
        self
    }

    /// Names the place of the declaration; for the macros.
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

    /// Names the labels; for the macros.
    #[doc(hidden)]
    #[must_use]
    pub const fn labels(mut self, labels: &'static [CowStr]) -> Desc {
        if let Cow::Borrowed(place) = &mut self.labels {
            *place = labels;
        }
        let mut i = 0;
        while i < labels.len() {
            self.legacy_labels &= match &labels[i] {
                Cow::Borrowed(label) => name::is_legacy_label(label),
                Cow::Owned(label) => name::is_legacy_label(label.as_str()),
            };
            i += 1;
        }
        self
    }

    /// Names the labels at run time.
    pub(crate) fn set_labels(&mut self, labels: impl Iterator<Item = String>) {
        self.labels = labels.map(Cow::Owned).collect();
        self.legacy_labels = self.labels.iter().all(|label| name::is_legacy_label(label));
    }

    /// Gives every series these labels as well; for the macros.
    #[doc(hidden)]
    #[must_use]
    pub const fn const_labels(mut self, labels: &'static [(CowStr, CowStr)]) -> Desc {
        if let Cow::Borrowed(place) = &mut self.const_labels {
            *place = labels;
        }
        self
    }

    /// Sets a histogram's upper bounds or a summary's quantiles; for the macros.
    #[doc(hidden)]
    #[must_use]
    pub const fn bounds(mut self, bounds: &'static [f64]) -> Desc {
        if let Cow::Borrowed(place) = &mut self.bounds {
            *place = bounds;
        }
        self
    }

    /// Holds the metric to objectives; for the macros.
    #[doc(hidden)]
    #[must_use]
    pub const fn with_objectives(mut self, objectives: &'static [Objective]) -> Desc {
        self.objectives = objectives;
        self
    }

    /// Lets members of the family differ in their labels; for the macros.
    #[doc(hidden)]
    #[must_use]
    pub const fn allow_mixed_labels(mut self) -> Desc {
        self.allows_mixed_labels = true;
        self
    }

    /// Whether observations may be negative, so that their sum may go down.
    pub(crate) const fn allows_negative(&self) -> bool {
        let bounds = match &self.bounds {
            Cow::Borrowed(bounds) => bounds,
            Cow::Owned(bounds) => bounds.as_slice(),
        };
        !bounds.is_empty() && bounds[0] < 0.0
    }

    /// Whether every reader takes the names of its labels.
    pub(crate) const fn has_legacy_labels(&self) -> bool {
        self.legacy_labels
    }

    /// Whether the other says the same of a metric made at run time, be it elsewhere.
    pub(crate) fn is_equivalent(&self, other: &Desc) -> bool {
        self.name == other.name
            && self.help == other.help
            && self.unit == other.unit
            && self.kind == other.kind
            && self.labels == other.labels
            && self.bounds == other.bounds
    }

    /// The declared name: a counter's with `_total`, an info's with `_info`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The family's name in OpenMetrics: a counter's without `_total`, an info's without `_info`.
    pub fn family_name(&self) -> &str {
        name::family_name(&self.name, self.kind)
    }

    /// Every name that its samples may bear in one of the formats; the first is the family's.
    pub(crate) fn sample_names(&self) -> Vec<String> {
        self.sample_names_of(self.family_name())
    }

    /// The same under another name of the family.
    pub(crate) fn sample_names_of(&self, family: &str) -> Vec<String> {
        let suffixes: &[&str] = match self.kind {
            Kind::Counter => &["", "_total", "_created"],
            Kind::Histogram => &["", "_bucket", "_count", "_sum", "_created"],
            // The text format has no such type, and writes it as a histogram.
            Kind::GaugeHistogram => &["", "_bucket", "_gcount", "_gsum", "_count", "_sum"],
            Kind::Summary => &["", "_count", "_sum", "_created"],
            Kind::Info => &["", "_info"],
            _ => &[""],
        };
        let names = suffixes.iter().map(|suffix| format!("{family}{suffix}"));
        names.collect()
    }

    /// What the metric is for, in a sentence.
    pub fn help(&self) -> &str {
        &self.help
    }

    /// The unit, when one was declared.
    pub fn unit_name(&self) -> Option<&str> {
        (!self.unit.is_empty()).then_some(&*self.unit)
    }

    /// The type.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The names of the labels that recordings give, in their order.
    pub fn label_names(&self) -> impl ExactSizeIterator<Item = &str> {
        self.labels.iter().map(|label| &**label)
    }

    /// Names and values of the labels that all its series have.
    #[cfg(feature = "catalog")]
    pub(crate) fn const_label_pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        let constant = self.const_labels.iter();
        constant.map(|(name, value)| (&**name, &**value))
    }

    /// A histogram's upper bounds, without the last one (`+Inf`); a summary's quantiles.
    pub fn bounds_or_quantiles(&self) -> &[f64] {
        &self.bounds
    }

    /// What the calls of a function, or the observations of a histogram, are held to.
    pub fn objectives(&self) -> &'static [Objective] {
        self.objectives
    }

    /// Where it is declared.
    pub fn location(&self) -> SourceLocation {
        self.location
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_desc_is_built_in_const_and_knows_its_birthplace() {
        const DESC: Desc =
            Desc::new(Kind::Counter, "work_seconds_total", "Time worked.").unit("seconds");
        assert_eq!(DESC.family_name(), "work_seconds");
        assert_eq!(DESC.unit_name(), Some("seconds"));
        assert!(DESC.location().file.ends_with("desc.rs"));
    }

    #[test]
    fn a_desc_made_at_run_time_is_held_to_the_same_rules() {
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
