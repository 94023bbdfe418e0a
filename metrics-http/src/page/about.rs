//! What the page is told once: families and functions, in the order that points have them.

use std::collections::HashMap;

use metrics_core::{
    CatalogFamily, CatalogLabel, CatalogMember, Kind, Metric, MetricFamily, MetricValue, Objective,
    Registry,
};
use serde::Serialize;

/// Everything that a point's values belong to. It only ever grows, so that older points, which
/// are shorter, can be read by it too.
#[derive(Default, Serialize)]
pub(super) struct About {
    /// As `target_info` calls it.
    program: Option<String>,
    /// As `build_info` has it.
    build: Vec<(String, String)>,
    pub(super) families: Vec<Family>,
    pub(super) functions: Vec<Function>,
    #[serde(skip)]
    family_at: HashMap<String, usize>,
    #[serde(skip)]
    function_at: HashMap<(String, String), usize>,
}

/// A family, apart from its values.
#[derive(Serialize)]
pub(super) struct Family {
    name: String,
    #[serde(rename = "type")]
    pub(super) kind: Kind,
    unit: Option<String>,
    help: String,
    labels: Vec<Label>,
    /// Upper bounds of a histogram's buckets, without the last one: those of all its series.
    pub(super) bounds: Vec<f64>,
    native: bool,
    /// The cap on its series.
    max_series: Option<usize>,
    /// Where it is declared, as `file:line`: the first places, as functions may be many.
    places: Vec<String>,
    /// Whether its series are those of functions.
    pub(super) is_of_functions: bool,
    /// What it is held to, where that is not a function's.
    objectives: Vec<Objective>,
}

/// A label of a family: its values where they are known, as far as they are few.
#[derive(Serialize)]
struct Label {
    name: String,
    values: Option<Vec<String>>,
}

/// An annotated function.
#[derive(Serialize)]
pub(super) struct Function {
    #[serde(rename = "function")]
    name: String,
    module: String,
    place: String,
    objectives: Vec<Objective>,
    /// Upper bounds of its durations, without the last one.
    pub(super) bounds: Vec<f64>,
}

impl About {
    /// Makes room for what was gathered; whether something is new.
    pub(super) fn learn(&mut self, registry: &Registry, gathered: &[MetricFamily]) -> bool {
        let knows = |family: &MetricFamily| self.family_at.contains_key(&family.name);
        if !self.families.is_empty() && gathered.iter().all(knows) {
            return false;
        }
        for family in registry.catalog().families {
            self.declared(family);
        }
        for family in gathered {
            self.seen(family);
        }
        true
    }

    pub(super) fn family(&self, name: &str) -> Option<usize> {
        self.family_at.get(name).copied()
    }

    /// The function that a series belongs to, where it is known.
    pub(super) fn function(&self, metric: &Metric) -> Option<usize> {
        let label = |name| label(metric, name).map(str::to_owned);
        let key = (label("function")?, label("module")?);
        self.function_at.get(&key).copied()
    }

    fn declared(&mut self, family: CatalogFamily) {
        if self.family_at.contains_key(&family.name) {
            return;
        }
        let (mut is_of_functions, mut objectives) = (false, Vec::new());
        for member in &family.members {
            if self.member(member, &family) {
                is_of_functions = true;
            } else {
                objectives.extend_from_slice(&member.objectives);
            }
        }
        let places = family.members.iter().take(PLACES);
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

    /// Notes the function that declares this member, if one does.
    fn member(&mut self, member: &CatalogMember, family: &CatalogFamily) -> bool {
        let label = |name| {
            let mut labels = member.labels.iter();
            labels.find_map(|(own, value)| (own == name).then(|| value.clone()))
        };
        let (Some(function), Some(module)) = (label("function"), label("module")) else {
            return false;
        };
        let key = (function, module);
        let at = if let Some(at) = self.function_at.get(&key) {
            *at
        } else {
            self.functions.push(Function {
                name: key.0.clone(),
                module: key.1.clone(),
                place: format!("{}:{}", member.file, member.line),
                objectives: Vec::new(),
                bounds: Vec::new(),
            });
            self.function_at.insert(key, self.functions.len() - 1);
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

    /// Adds a family that no catalogue knows of, and what only values tell.
    fn seen(&mut self, family: &MetricFamily) {
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
            unite(&mut self.families[at].bounds, buckets);
            if let Some(function) = self.function(metric) {
                unite(&mut self.functions[function].bounds, buckets);
            }
        }
        // A collector says what labels there are only with its series.
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
        self.family_at.insert(family.name.clone(), at);
        self.families.push(family);
        at
    }
}

impl From<CatalogLabel> for Label {
    fn from(label: CatalogLabel) -> Label {
        Label {
            name: label.name,
            values: label.values.filter(|values| values.len() <= VALUES),
        }
    }
}

/// The value of a label.
pub(super) fn label<'a>(metric: &'a Metric, name: &str) -> Option<&'a str> {
    let mut labels = metric.labels.iter();
    labels.find_map(|(own, value)| (own == name).then_some(value.as_str()))
}

/// Adds the bounds of a series to those of all.
fn unite(bounds: &mut Vec<f64>, buckets: &[(f64, u64)]) {
    for (bound, _) in buckets {
        if bound.is_finite() && !bounds.contains(bound) {
            bounds.push(*bound);
            bounds.sort_by(f64::total_cmp);
        }
    }
}

/// Places of a family that are told.
const PLACES: usize = 8;
/// Values of a label that are told.
const VALUES: usize = 32;
