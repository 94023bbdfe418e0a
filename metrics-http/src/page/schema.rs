//! [`Schema`]: the families and functions to which the live page's data points refer by index.

use std::collections::HashMap;

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
    /// Upper bounds of a histogram's buckets, without `+Inf`, in all series that existed at the
    /// last change of the schema.
    pub(super) bounds: Vec<f64>,
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
    pub(super) bounds: Vec<f64>,
}

impl Schema {
    /// If the schema is empty or lacks a gathered family, adds all declared and gathered families
    /// that it lacks.
    ///
    /// Returns false if the schema has not changed.
    pub(super) fn extend(&mut self, registry: &Registry, gathered: &[MetricFamily]) -> bool {
        let is_known = |family: &MetricFamily| self.family_index.contains_key(&family.name);
        if !self.families.is_empty() && gathered.iter().all(is_known) {
            return false;
        }
        for family in registry.catalog().families {
            self.add_declared(family);
        }
        for family in gathered {
            self.add_gathered(family);
        }
        true
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

    fn add_declared(&mut self, family: CatalogFamily) {
        if self.family_index.contains_key(&family.name) {
            return;
        }
        let (mut is_of_functions, mut objectives) = (false, Vec::new());
        for member in &family.members {
            if self.add_function(member, &family) {
                is_of_functions = true;
            } else {
                objectives.extend_from_slice(&member.objectives);
            }
        }
        let places = family.members.iter().take(MAX_PLACES);
        self.add(Family {
            kind: family.kind,
            unit: family.unit,
            help: family.help,
            labels: family.labels.into_iter().map(Label::from).collect(),
            bounds: family.buckets,
            native: family.native.is_some(),
            max_series: family.max_series,
            places: places
                .map(|at| format!("{}:{}", at.file, at.line))
                .collect(),
            is_of_functions,
            objectives,
            name: family.name,
        });
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
                bounds: Vec::new(),
            });
            self.function_index.insert(key, self.functions.len() - 1);
            self.functions.len() - 1
        };
        let function = &mut self.functions[at];
        if family.kind == Kind::Histogram && function.bounds.is_empty() {
            function.bounds.clone_from(&family.buckets);
        }
        for objective in &member.objectives {
            if !function.objectives.contains(objective) {
                function.objectives.push(*objective);
            }
        }
        true
    }

    /// Adds a family that is not in the catalogue, and metadata that only gathered values have.
    fn add_gathered(&mut self, family: &MetricFamily) {
        let at = match self.family(&family.name) {
            Some(at) => at,
            None => self.add(Family {
                name: family.name.clone(),
                kind: family.kind,
                unit: family.unit.clone(),
                help: family.help.clone(),
                labels: Vec::new(),
                bounds: Vec::new(),
                native: false,
                max_series: None,
                places: Vec::new(),
                is_of_functions: false,
                objectives: Vec::new(),
            }),
        };
        match family.name.as_str() {
            "target_info" => {
                let first = family.metrics.first();
                let name = first.and_then(|first| label(first, "service_name"));
                self.program = name.map(str::to_owned);
            }
            "build_info" => {
                let first = family.metrics.first();
                self.build = first.map_or_else(Vec::new, |first| first.labels.clone());
            }
            _ => {}
        }
        for metric in &family.metrics {
            let MetricValue::Histogram { buckets, .. } = &metric.value else {
                continue;
            };
            merge_bounds(&mut self.families[at].bounds, buckets);
            if let Some(function) = self.function(metric) {
                merge_bounds(&mut self.functions[function].bounds, buckets);
            }
        }
        // Takes the label names of a collector's family from the first series, because the
        // catalogue lacks them.
        let labels = &mut self.families[at].labels;
        if labels.is_empty()
            && let Some(first) = family.metrics.first()
        {
            labels.extend(first.labels.iter().map(|(name, _)| Label {
                name: name.clone(),
                values: None,
            }));
        }
    }

    fn add(&mut self, family: Family) -> usize {
        let at = self.families.len();
        self.family_index.insert(family.name.clone(), at);
        self.families.push(family);
        at
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

/// Adds to `bounds` the finite bounds of `buckets` that it lacks.
fn merge_bounds(bounds: &mut Vec<f64>, buckets: &[(f64, u64)]) {
    for (bound, _) in buckets {
        if bound.is_finite() && !bounds.contains(bound) {
            bounds.push(*bound);
            bounds.sort_by(f64::total_cmp);
        }
    }
}

/// Maximum number of [`Family::places`], because a family of function calls may be declared in
/// thousands of places.
const MAX_PLACES: usize = 8;
const MAX_LABEL_VALUES: usize = 32;
