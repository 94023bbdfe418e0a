//! A metric of `metrics!`: its checked declaration, and its name in expositions.

use proc_macro2::Ident;
use syn::{LitStr, ext::IdentExt};

use super::{
    AllowList, Case, Declaration, Errors, LabelsType, ListedLabel, MAX_LISTED_LABELS, MetricAttrs,
    MetricType, check::report_duplicates, either, similar,
};

/// A checked declaration, with the name that the metric gets.
pub(crate) struct Metric {
    pub(crate) kind: MetricKind,
    /// The name in expositions.
    pub(crate) name: LitStr,
    pub(crate) declaration: Declaration,
}

/// The type of a declared metric.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum MetricKind {
    Counter,
    FloatCounter,
    Gauge,
    FloatGauge,
    UpDownCounter,
    Histogram,
    Summary,
    StateSet,
    Info,
}

impl Metric {
    /// Checks a declaration. Even if there are errors, returns a [`Metric`] if one can be
    /// generated, so that code that uses the metric causes no further errors.
    pub(crate) fn new(
        mut declaration: Declaration,
        prefix: Option<&LitStr>,
        errors: &mut Errors,
    ) -> Option<Self> {
        let kind = MetricKind::of(&mut declaration.ty.kind, errors);
        let Declaration {
            attrs, ident, ty, ..
        } = &declaration;
        check_attrs(attrs, ty, kind, errors);
        if attrs.help.is_empty() {
            let message = "the doc comment, which becomes the metric's help, is missing; add `/// \
                           ...`";
            errors.at(ident, message);
        }
        if let LabelsType::List(labels) = &ty.labels {
            check_labels(labels, errors);
        }
        let kind = kind?;
        let missing = match kind {
            MetricKind::StateSet if ty.states.is_none() => {
                Some("the type of the states is missing; write `StateSet<States>`")
            }
            MetricKind::Info if ty.labels.is_none() => {
                Some("the labels are missing; write `Info<(version: &str)>`")
            }
            _ => None,
        };
        if let Some(message) = missing {
            errors.at(&ty.kind, message);
            return None;
        }
        let name = match (&declaration.name, prefix) {
            (Some(name), _) => name.clone(),
            (None, Some(prefix)) => derived_name(&declaration, prefix, kind),
            (None, None) => {
                let message = "the metric has no name; write `= \"app_name\"` after its type, or \
                               begin the block with `prefix = \"app\";`";
                errors.at(ident, message);
                derived_name(&declaration, &LitStr::new("app", ident.span()), kind)
            }
        };
        check_slo_unit(attrs, &name, errors);
        Some(Metric {
            kind,
            name,
            declaration,
        })
    }
}

impl MetricKind {
    const ALL: [(&'static str, MetricKind); 9] = [
        ("Counter", MetricKind::Counter),
        ("FloatCounter", MetricKind::FloatCounter),
        ("Gauge", MetricKind::Gauge),
        ("FloatGauge", MetricKind::FloatGauge),
        ("UpDownCounter", MetricKind::UpDownCounter),
        ("Histogram", MetricKind::Histogram),
        ("Summary", MetricKind::Summary),
        ("StateSet", MetricKind::StateSet),
        ("Info", MetricKind::Info),
    ];

    /// The kind of metric that the type `ty` names. Reports a misspelt name, and replaces it by the
    /// similar known one.
    fn of(ty: &mut Ident, errors: &mut Errors) -> Option<Self> {
        let with_name = |name: &str| {
            let found = MetricKind::ALL.iter().find(|(known, _)| *known == name);
            found.map(|(_, kind)| *kind)
        };
        if let Some(kind) = with_name(&ty.to_string()) {
            return Some(kind);
        }
        let all = MetricKind::ALL.map(|(name, _)| name);
        if let Some(meant) = similar(ty, &all) {
            let message = format_args!("unknown metric type `{ty}`; did you mean `{meant}`?");
            errors.at(&*ty, message);
            *ty = Ident::new(meant, ty.span());
            return with_name(meant);
        }
        let message = format_args!("unknown metric type `{ty}`; expected {}", either(&all));
        errors.at(&*ty, message);
        None
    }

    /// The variant of `metrics_core::Kind`: the type in expositions.
    pub(crate) fn exposed(self) -> &'static str {
        match self {
            MetricKind::Counter | MetricKind::FloatCounter => "Counter",
            MetricKind::Gauge | MetricKind::FloatGauge | MetricKind::UpDownCounter => "Gauge",
            MetricKind::Histogram => "Histogram",
            MetricKind::Summary => "Summary",
            MetricKind::StateSet => "StateSet",
            MetricKind::Info => "Info",
        }
    }

    /// The suffix that a metric of this kind has in its name; empty for most kinds.
    fn suffix(self) -> &'static str {
        match self {
            MetricKind::Counter | MetricKind::FloatCounter => "_total",
            MetricKind::Info => "_info",
            _ => "",
        }
    }

    fn has_exemplars(self) -> bool {
        matches!(
            self,
            MetricKind::Counter | MetricKind::FloatCounter | MetricKind::Histogram
        )
    }

    fn is_settable_number(self) -> bool {
        matches!(self, MetricKind::Gauge | MetricKind::FloatGauge)
    }

    fn can_be_computed(self) -> bool {
        matches!(
            self,
            MetricKind::Counter
                | MetricKind::FloatCounter
                | MetricKind::Gauge
                | MetricKind::FloatGauge
        )
    }
}

/// Reports attributes that do not apply to a metric of this type, or to one without labels.
fn check_attrs(
    attrs: &MetricAttrs,
    ty: &MetricType,
    kind: Option<MetricKind>,
    errors: &mut Errors,
) {
    if let Some(kind) = kind {
        let of = [
            (attrs.buckets.key(), kind == MetricKind::Histogram),
            (attrs.quantiles.key(), kind == MetricKind::Summary),
            (attrs.slo.key(), kind == MetricKind::Histogram),
            (attrs.computed.key(), kind.can_be_computed()),
            (attrs.exemplars.key(), kind.has_exemplars()),
            (attrs.absent_until_set.key(), kind.is_settable_number()),
            (attrs.expire.key(), kind != MetricKind::Info),
        ];
        for (key, applies) in of {
            if let (Some(key), false) = (key, applies) {
                let message = format_args!(
                    "`{key}` does not apply to the type `{}`; remove it",
                    ty.kind
                );
                errors.at(key, message);
            }
        }
    }
    if let (Some(key), true) = (attrs.exemplars.key(), attrs.computed.is_set()) {
        let message =
            "a computed metric is not recorded, so it has no exemplars; remove `exemplars`";
        errors.at(key, message);
    }
    if let (Some(key), true) = (attrs.absent_until_set.key(), attrs.computed.is_set()) {
        let message = "a computed metric is not set, so it always has a value; remove \
                       `absent_until_set`";
        errors.at(key, message);
    }
    if !ty.labels.is_none() {
        if let Some(key) = attrs.computed.key() {
            let message = "a computed metric cannot have labels; write a `Collector` for several \
                           series";
            errors.at(key, message);
        }
        return;
    }
    if let Some(key) = attrs.expire.key() {
        let message = "a metric without labels has one series, which never expires; remove \
                       `expire`";
        errors.at(key, message);
    }
    if let Some(key) = attrs.max_series.key() {
        let message = "a metric without labels has one series; remove `max_series`";
        errors.at(key, message);
    }
}

fn check_labels(labels: &[ListedLabel], errors: &mut Errors) {
    if let Some(label) = labels.get(MAX_LISTED_LABELS) {
        let message = format_args!(
            "a list has at most {MAX_LISTED_LABELS} labels, and this one has {}; move them to a \
             struct that derives `Labels`, and write its name in place of the list",
            labels.len()
        );
        errors.at(&label.parameter, message);
    }
    report_duplicates(labels.iter().map(|label| &label.parameter), errors);
    for label in labels {
        if let (Some(key), true) = (label.rules.display.key(), label.rules.normalize.is_set()) {
            let message = "the result of `normalize` is the label; remove `display`, and let the \
                           function format the value";
            errors.at(key, message);
        }
        let parameter = &label.parameter;
        if ["self", "Self", "super", "crate"]
            .iter()
            .any(|word| parameter == word)
        {
            let message = format_args!(
                "`{parameter}` cannot name a parameter; write `#[name(\"{parameter}\")] other_name: ..`"
            );
            errors.at(parameter, message);
        }
        let allow_only = &label.rules.allow_only;
        if let (Some(key), Some(list)) = (allow_only.key(), allow_only.get()) {
            check_allow_list(key, list, errors);
        }
    }
    for (index, label) in labels.iter().enumerate() {
        let (parameter, name) = (label.parameter.unraw(), label.name());
        // Labels with the same parameter were reported above.
        let mut earlier = labels[..index].iter();
        if let Some(earlier) = earlier.find(|earlier| earlier.name().value() == name.value())
            && earlier.parameter.unraw() != parameter
        {
            let message = format_args!("duplicate label `{}`; remove one", name.value());
            errors.at(name, message);
        }
    }
}

fn check_allow_list(key: &Ident, list: &AllowList, errors: &mut Errors) {
    if list.values.is_empty() {
        let message = "the allow-list is empty; write `allow_only(\"GET\", \"POST\")`";
        errors.at(key, message);
    }
    for (index, value) in list.values.iter().enumerate() {
        let text = value.value();
        if list.values[..index]
            .iter()
            .any(|earlier| earlier.value() == text)
        {
            errors.at(value, format_args!("duplicate value `{text}`; remove one"));
        }
    }
}

/// Reports an objective on a metric that is not measured in seconds.
fn check_slo_unit(attrs: &MetricAttrs, name: &LitStr, errors: &mut Errors) {
    let is_in_seconds = match attrs.unit.get() {
        Some(unit) => unit.value() == "seconds",
        None => name.value().ends_with("_seconds"),
    };
    if let (Some(key), false) = (attrs.slo.key(), is_in_seconds) {
        let message = "the objective is a duration, but the metric is not in seconds; measure it \
                       in seconds and add `#[unit(\"seconds\")]`, or remove `slo`";
        errors.at(key, message);
    }
}

/// The name of a metric that is declared without one: `prefix_static_unit_suffix`.
fn derived_name(declaration: &Declaration, prefix: &LitStr, kind: MetricKind) -> LitStr {
    let suffix = kind.suffix();
    let stem = Case::SNAKE.apply(&declaration.ident);
    let stem = stem.strip_suffix(suffix).unwrap_or(&stem);
    let mut name = format!("{}_{stem}", prefix.value());
    if let Some(unit) = declaration.attrs.unit.get() {
        let unit = format!("_{}", unit.value());
        if !name.ends_with(&unit) {
            name.push_str(&unit);
        }
    }
    name.push_str(suffix);
    LitStr::new(&name, declaration.ident.span())
}
