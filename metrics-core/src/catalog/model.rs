//! The catalogue's data: families, labels, native buckets and declarations.
//!
//! Everything in this folder, `dashboard/` and `rules/` uses it.

use serde::{Serialize, Serializer};

use crate::describe::{kind::Kind, objective::Objective};

/// The version of [`Catalog::to_json`]'s schema. Additions leave it as it is.
pub const CATALOG_VERSION: u32 = 1;

/// What a program measures: every metric of a registry, as it is declared.
///
/// It needs none of the program's code to have run, since metrics register at link time. What it
/// holds is what is linked: a crate's own tests see the crate, a program's all that it uses.
///
/// ```
/// use metrics_core::{Kind, catalog, metrics};
///
/// metrics! {
///     /// Beans counted.
///     static BEANS: Counter<(roasted: bool)> = "shop_beans_total";
/// }
///
/// let catalog = catalog();
/// let beans = catalog.family("shop_beans_total").unwrap();
/// assert_eq!(beans.kind, Kind::Counter);
/// assert_eq!(beans.labels[0].values.as_deref(), Some(["false", "true"].map(String::from).as_slice()));
/// # BEANS.with(true).inc();
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Catalog {
    /// The families, by name.
    pub families: Vec<CatalogFamily>,
    /// What the registry's own metrics begin with.
    pub(crate) prefix: String,
}

/// Metrics of one name.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct CatalogFamily {
    /// The declared name, with the registry's prefix.
    pub name: String,
    /// The type.
    #[serde(rename = "type")]
    pub kind: Kind,
    /// The unit, when one was declared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// What it is for.
    pub help: String,
    /// The labels of its series, those that the registry gives included. Of a family that a
    /// [`Collector`](crate::Collector) writes, only these are known.
    pub labels: Vec<CatalogLabel>,
    /// A histogram's upper bounds, without the last one (`+Inf`); empty for one that has native
    /// buckets alone.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub buckets: Vec<f64>,
    /// The native buckets of a histogram that has them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub native: Option<CatalogNative>,
    /// A summary's quantiles.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub quantiles: Vec<f64>,
    /// A state set's states.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub states: Vec<String>,
    /// How many series its open labels may make.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_series: Option<usize>,
    /// Seconds after which a series that does not change is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expire_seconds: Option<f64>,
    /// Whether a collector writes it, a `#[computed]` metric among them.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub collected: bool,
    /// The declarations: one for a declared metric, one for each function of a family of calls.
    pub members: Vec<CatalogMember>,
}

/// A label of a family.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct CatalogLabel {
    /// The name.
    pub name: String,
    /// Every value there is, where that is known at compile time. Some members of a family of
    /// calls may have fewer, or lack the label.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub values: Option<Vec<String>>,
}

/// The native buckets of a histogram.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct CatalogNative {
    /// How finely each power of two is divided at first: a bucket is wider than the one before by
    /// the factor 2 to the power of 2<sup>−schema</sup>.
    pub schema: i8,
    /// Half the breadth of the zero bucket.
    pub zero_threshold: f64,
    /// Buckets there may be before some are merged.
    pub max_buckets: u16,
}

/// A declaration of a family.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct CatalogMember {
    /// The file, as the compiler names it.
    pub file: String,
    /// The line, counted from 1.
    pub line: u32,
    /// The module; empty for a metric made at run time.
    pub module: String,
    /// Labels that all its series have: a function's `function` and `module`.
    #[serde(
        skip_serializing_if = "Vec::is_empty",
        serialize_with = "serialize_labels"
    )]
    pub labels: Vec<(String, String)>,
    /// What it is held to.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub objectives: Vec<Objective>,
}

impl Catalog {
    /// The family of this name.
    pub fn family(&self, name: &str) -> Option<&CatalogFamily> {
        self.families.iter().find(|family| family.name == name)
    }
}

fn serialize_labels<S: Serializer>(labels: &[(String, String)], to: S) -> Result<S::Ok, S::Error> {
    to.collect_map(labels.iter().map(|(name, value)| (name, value)))
}
