//! [`Schema`]: the families and functions to which the live page's data points refer by index.

use std::{collections::HashMap, mem};

use metrics_core::{
    CatalogFamily, CatalogLabel, CatalogMember, Kind, Metric, MetricFamily, MetricValue, Objective,
    Registry,
};
use serde::Serialize;

/// The columns of data points.
///
/// Families and functions are only appended, so that older points, whose columns are shorter,
/// remain valid.
#[derive(Default, Serialize)]
pub(super) struct Schema {
    /// `service_name` of `target_info`.
    program: Option<String>,
    /// The labels of `build_info`.
    build: Vec<(String, String)>,
    pub(super) families: Vec<Family>,
    pub(super) functions: Vec<Function>,
    /// The revision of the registry's catalogue whose declarations the schema has.
    #[serde(skip)]
    catalog_revision: Option<u64>,
    #[serde(skip)]
    family_index: HashMap<String, usize>,
    #[serde(skip)]
    function_index: HashMap<(String, String), usize>,
}

/// The metadata of a family.
#[derive(Serialize)]
pub(super) struct Family {
    name: String,
    #[serde(rename = "type")]
    pub(super) kind: Kind,
    unit: Option<String>,
    help: String,
    labels: Vec<Label>,
    /// Upper bounds of a histogram's buckets, without `+Inf`.
    pub(super) bounds: Bounds,
    native: bool,
    /// The cardinality limit.
    max_series: Option<usize>,
    /// Where the family is declared, as `file:line`; at most [`MAX_PLACES`] places.
    places: Vec<String>,
    /// Whether functions with an attribute such as `#[timed]` record into it.
    pub(super) is_of_functions: bool,
    /// Objectives of the family itself; those of functions are in [`Function`].
    objectives: Vec<Objective>,
}

/// A label of a family.
#[derive(Serialize)]
struct Label {
    name: String,
    /// The values of a closed label, unless it has more than [`MAX_LABEL_VALUES`].
    values: Option<Vec<String>>,
}

/// A function that is measured by an attribute such as `#[timed]`.
#[derive(Serialize)]
pub(super) struct Function {
    #[serde(rename = "function")]
    name: String,
    module: String,
    place: String,
    objectives: Vec<Objective>,
    /// Upper bounds of the buckets of the function's durations, without `+Inf`.
    pub(super) bounds: Bounds,
}

/// The finite upper bounds of the buckets to which data points refer by index.
///
/// They are the bounds of all series in the first point that has any, and then stay: further bounds
/// would shift the buckets of older points. [`Point`](super::point::Point) counts a bucket with
/// another bound towards the next higher one.
#[derive(Default, Serialize)]
#[serde(transparent)]
pub(super) struct Bounds {
    values: Vec<f64>,
    #[serde(skip)]
    is_fixed: bool,
}

impl Schema {
    /// Adds what the registry's declarations and the gathered families have and the schema lacks:
    /// families, functions, labels and bounds.
    ///
    /// Returns false if the schema has not changed.
    pub(super) fn extend(&mut self, registry: &Registry, gathered: &[MetricFamily]) -> bool {
        let mut has_changed = false;
        // Read before the catalogue, so that a declaration that is added in between is noticed the
        // next time.
        let revision = registry.catalog_revision();
        if self.catalog_revision != Some(revision) {
            self.catalog_revision = Some(revision);
            for family in registry.catalog().families {
                self.add_declared(family);
            }
            has_changed = true;
        }
        for family in gathered {
            has_changed |= self.add_gathered(family);
        }
        for family in gathered {
            self.fix_bounds(family);
        }
        has_changed
    }

    pub(super) fn family(&self, name: &str) -> Option<usize> {
        self.family_index.get(name).copied()
    }

    /// The index of the function that a series belongs to.
    pub(super) fn function(&self, metric: &Metric) -> Option<usize> {
        let label = |name| label(metric, name).map(str::to_owned);
        let key = (label("function")?, label("module")?);
        self.function_index.get(&key).copied()
    }

    /// Adds a declared family, or the functions and labels that a known one lacks.
    fn add_declared(&mut self, family: CatalogFamily) {
        let (mut is_of_functions, mut objectives) = (false, Vec::new());
        for member in &family.members {
            if self.add_function(member, &family) {
                is_of_functions = true;
            } else {
                objectives.extend_from_slice(&member.objectives);
            }
        }
        let places = family.members.iter().take(MAX_PLACES);
        let places = places.map(|at| format!("{}:{}", at.file, at.line));
        let at = self.family_or_insert(&family.name, || Family {
            name: family.name.clone(),
            kind: family.kind,
            unit: family.unit,
            help: family.help,
            labels: Vec::new(),
            bounds: Bounds::new(family.buckets),
            native: family.native.is_some(),
            max_series: None,
            places: Vec::new(),
            is_of_functions: false,
            objectives: Vec::new(),
        });
        let known = &mut self.families[at];
        // A label that becomes open, or gets further values, is replaced.
        let labels = family.labels.into_iter().map(Label::from);
        for label in labels {
            match known.labels.iter_mut().find(|it| it.name == label.name) {
                Some(known) => *known = label,
                None => known.labels.push(label),
            }
        }
        known.max_series = family.max_series;
        known.places = places.collect();
        known.is_of_functions = is_of_functions;
        known.objectives = objectives;
    }

    /// Adds the function that `member` belongs to; returns false if it belongs to none.
    fn add_function(&mut self, member: &CatalogMember, family: &CatalogFamily) -> bool {
        let label = |name| {
            let mut labels = member.labels.iter();
            labels.find_map(|(label, value)| (label == name).then(|| value.clone()))
        };
        let (Some(function), Some(module)) = (label("function"), label("module")) else {
            return false;
        };
        let key = (function, module);
        let at = if let Some(at) = self.function_index.get(&key) {
            *at
        } else {
            self.functions.push(Function {
                name: key.0.clone(),
                module: key.1.clone(),
                place: format!("{}:{}", member.file, member.line),
                objectives: Vec::new(),
                bounds: Bounds::default(),
            });
            self.function_index.insert(key, self.functions.len() - 1);
            self.functions.len() - 1
        };
        let function = &mut self.functions[at];
        if family.kind == Kind::Histogram {
            function.bounds.merge(family.buckets.iter().copied());
        }
        for objective in &member.objectives {
            if !function.objectives.contains(objective) {
                function.objectives.push(*objective);
            }
        }
        true
    }

    /// Adds a family that is not in the catalogue, and metadata that only gathered values have;
    /// returns whether there were any.
    fn add_gathered(&mut self, family: &MetricFamily) -> bool {
        let families = self.families.len();
        let at = self.family_or_insert(&family.name, || Family {
            name: family.name.clone(),
            kind: family.kind,
            unit: family.unit.clone(),
            help: family.help.clone(),
            labels: Vec::new(),
            bounds: Bounds::default(),
            native: false,
            max_series: None,
            places: Vec::new(),
            is_of_functions: false,
            objectives: Vec::new(),
        });
        let mut has_changed = self.families.len() > families;
        has_changed |= self.add_program(family);
        for metric in &family.metrics {
            has_changed |= self.families[at].add_labels(metric);
            if let MetricValue::Histogram { buckets, .. } = &metric.value {
                let bounds = || buckets.iter().map(|(bound, _)| *bound);
                has_changed |= self.families[at].bounds.merge(bounds());
                if self.families[at].is_of_functions
                    && let Some(function) = self.function(metric)
                {
                    has_changed |= self.functions[function].bounds.merge(bounds());
                }
            }
        }
        has_changed
    }

    /// Reads `program` and `build` from the families that have them; returns whether they changed.
    fn add_program(&mut self, family: &MetricFamily) -> bool {
        let first = family.metrics.first();
        match family.name.as_str() {
            "target_info" => {
                let name = first.and_then(|first| label(first, "service_name"));
                let program = name.map(str::to_owned);
                mem::replace(&mut self.program, program) != self.program
            }
            "build_info" => {
                let build = first.map_or_else(Vec::new, |first| first.labels.clone());
                mem::replace(&mut self.build, build) != self.build
            }
            _ => false,
        }
    }

    /// Fixes the bounds to which the next point refers.
    fn fix_bounds(&mut self, family: &MetricFamily) {
        let is_histogram = |metric: &&Metric| matches!(metric.value, MetricValue::Histogram { .. });
        let mut histograms = family.metrics.iter().filter(is_histogram).peekable();
        let at = self.family(&family.name);
        let (Some(at), Some(_)) = (at, histograms.peek()) else {
            return;
        };
        self.families[at].bounds.is_fixed = true;
        if self.families[at].is_of_functions {
            for metric in histograms {
                if let Some(function) = self.function(metric) {
                    self.functions[function].bounds.is_fixed = true;
                }
            }
        }
    }

    /// The index of the family of this name, which is added if it is unknown.
    fn family_or_insert(&mut self, name: &str, family: impl FnOnce() -> Family) -> usize {
        if let Some(at) = self.family(name) {
            return at;
        }
        let at = self.families.len();
        self.family_index.insert(name.to_owned(), at);
        self.families.push(family());
        at
    }
}

impl Family {
    /// Adds the names of labels that the family lacks, because the catalogue lacks those of
    /// collectors; returns whether there were any.
    fn add_labels(&mut self, metric: &Metric) -> bool {
        let known = self.labels.len();
        for (name, _) in &metric.labels {
            if !self.labels.iter().any(|label| label.name == *name) {
                self.labels.push(Label {
                    name: name.clone(),
                    values: None,
                });
            }
        }
        self.labels.len() > known
    }
}

impl Bounds {
    fn new(values: Vec<f64>) -> Bounds {
        Bounds {
            values,
            is_fixed: false,
        }
    }

    pub(super) fn values(&self) -> &[f64] {
        &self.values
    }

    /// Adds bounds that are missing, unless points refer to the known ones; returns whether there
    /// were any.
    fn merge(&mut self, bounds: impl Iterator<Item = f64>) -> bool {
        if self.is_fixed {
            return false;
        }
        let known = self.values.len();
        for bound in bounds.filter(|bound| bound.is_finite()) {
            let found = self.values.binary_search_by(|it| it.total_cmp(&bound));
            if let Err(at) = found {
                self.values.insert(at, bound);
            }
        }
        self.values.len() > known
    }
}

impl From<CatalogLabel> for Label {
    fn from(label: CatalogLabel) -> Label {
        Label {
            name: label.name,
            values: label
                .values
                .filter(|values| values.len() <= MAX_LABEL_VALUES),
        }
    }
}

/// The value of a label of a series.
pub(super) fn label<'a>(metric: &'a Metric, name: &str) -> Option<&'a str> {
    let mut labels = metric.labels.iter();
    labels.find_map(|(label, value)| (label == name).then_some(value.as_str()))
}

/// Maximum number of [`Family::places`], because a family of function calls may be declared in
/// thousands of places.
const MAX_PLACES: usize = 8;
const MAX_LABEL_VALUES: usize = 32;

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use metrics_core::{Collection, Collector, Counter, Desc, Histogram, Options};

    use super::{super::point::Point, *};

    fn extend(schema: &mut Schema, registry: &Registry) -> bool {
        schema.extend(registry, &registry.gather())
    }

    fn family<'a>(schema: &'a Schema, name: &str) -> &'a Family {
        &schema.families[schema.family(name).expect(name)]
    }

    #[test]
    fn a_family_without_series_is_added_when_it_is_declared() {
        let (registry, mut schema) = (Registry::new(), Schema::default());
        let options = Options::new("jobs_total", "Jobs.");
        registry.create::<Counter>(options).unwrap();
        assert!(extend(&mut schema, &registry));
        assert!(!extend(&mut schema, &registry));
        let options = Options::new("mails_total", "Mails.").labels(["to"]);
        registry.create_family::<Counter>(options).unwrap();
        assert!(extend(&mut schema, &registry));
        assert_eq!(family(&schema, "mails_total").labels[0].name, "to");
    }

    /// Series with different labels.
    struct Mixed;

    impl Collector for Mixed {
        fn descs(&self) -> &[Desc] {
            static DESCS: [Desc; 1] = [Desc::new(Kind::Gauge, "disk_free", "Free.")];
            &DESCS
        }

        fn collect(&self, out: &mut Collection<'_>) {
            out.gauge(&self.descs()[0], &[("disk", "a")], 1.0);
            out.gauge(&self.descs()[0], &[("disk", "b"), ("raid", "c")], 1.0);
        }
    }

    #[test]
    fn a_family_of_a_collector_has_the_labels_of_all_its_series() {
        let (registry, mut schema) = (Registry::new(), Schema::default());
        registry.register(Arc::new(Mixed)).unwrap();
        extend(&mut schema, &registry);
        let labels = family(&schema, "disk_free").labels.iter();
        let labels: Vec<_> = labels.map(|label| label.name.as_str()).collect();
        assert_eq!(labels, ["disk", "raid"]);
    }

    #[test]
    fn a_later_bound_does_not_shift_the_buckets_of_earlier_points() {
        let (registry, mut schema) = (Registry::new(), Schema::default());
        let options = Options::new("wait_seconds", "Wait.").buckets([1.0, 4.0]);
        let wait = registry.create::<Histogram>(options).unwrap();
        wait.observe(3.0);
        let mut gathered = registry.gather();
        schema.extend(&registry, &gathered);
        let MetricValue::Histogram { buckets, .. } = &mut gathered[0].metrics[0].value else {
            panic!("a histogram");
        };
        buckets.insert(1, (2.0, 5));
        assert!(!schema.extend(&registry, &gathered));
        let bounds = family(&schema, "wait_seconds").bounds.values();
        assert_eq!(bounds, [1.0, 4.0]);
        let point = serde_json::to_value(Point::new(&schema, &gathered)).unwrap();
        // Five observations up to 2 and one up to 4.
        assert_eq!(
            point["histograms"]["0"]["counts"],
            serde_json::json!([0, 6, 0])
        );
    }
}
