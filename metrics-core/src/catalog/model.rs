//! [`Catalog`] and its parts: the metrics of a registry as data, with their families, labels,
//! native buckets and declarations.

use serde::{Serialize, Serializer};

use crate::describe::{kind::Kind, objective::Objective, subject::Subject};

/// The version of [`Catalog::to_json`]'s schema. Additions do not change it.
pub const CATALOG_VERSION: u32 = 1;

/// The declarations of a registry's metrics.
///
/// Declared metrics register at link time, so the catalogue contains them before any code of the
/// program has run; it contains dynamic metrics and collectors once they are created or registered.
/// It depends on what is linked: a crate's unit tests see the crate and its dependencies, and a
/// program sees all crates that it uses.
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
    /// The families, sorted by name.
    pub families: Vec<CatalogFamily>,
    /// The registry's prefix, with which all family names begin. The names of the self-metrics,
    /// which are not in the catalogue, begin with it, too.
    pub(crate) prefix: String,
}

/// A family: all metrics that are exposed under one name.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct CatalogFamily {
    /// The declared name, with the registry's prefix.
    pub name: String,
    /// The type.
    #[serde(rename = "type")]
    pub kind: Kind,
    /// What the family is about; in JSON only if that is not the program's work.
    #[serde(skip_serializing_if = "is_program")]
    pub subject: Subject,
    /// The unit, if one is declared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// The help text.
    pub help: String,
    /// The labels of the family's series, including the registry's const labels. For a family that
    /// a [`Collector`](crate::Collector) writes, only the registry's const labels are known.
    pub labels: Vec<CatalogLabel>,
    /// The upper bounds of a histogram's classic buckets, without `+Inf`; empty if it has none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub buckets: Vec<f64>,
    /// The native buckets, if the family is a histogram that has them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub native: Option<CatalogNative>,
    /// The quantiles of a summary.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub quantiles: Vec<f64>,
    /// The states of a state set.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub states: Vec<String>,
    /// The cardinality limit, if the family has open labels: the highest limit of its members.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_series: Option<usize>,
    /// The time after which an unchanged series expires, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expire_seconds: Option<f64>,
    /// Whether `#[expire]` has no effect because several declarations record into the series.
    /// `lint` warns about this.
    #[serde(skip)]
    pub(crate) is_expiry_ignored: bool,
    /// Whether a collector writes the family. True for `#[computed]` metrics, too.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub collected: bool,
    /// The declarations: one for each metric or function that shares the family.
    pub members: Vec<CatalogMember>,
}

/// A label of a family.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct CatalogLabel {
    /// The name.
    pub name: String,
    /// All possible values if they are known at compile time (a closed label), otherwise `None`.
    /// Individual functions that share the family may use fewer values, or lack the label.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub values: Option<Vec<String>>,
}

/// The native buckets of a histogram.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct CatalogNative {
    /// The initial resolution: each bucket's upper bound is the previous bucket's upper bound times
    /// 2 to the power of 2<sup>−schema</sup>.
    pub schema: i8,
    /// Half the width of the zero bucket, which counts observations of at most this absolute value.
    pub zero_threshold: f64,
    /// The maximum number of buckets. A histogram that would need more widens its zero bucket, if
    /// the declaration allows that, or reduces its resolution.
    pub max_buckets: u16,
}

/// A declaration of a family.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct CatalogMember {
    /// The file relative to the crate, such as `src/main.rs`, or `shop-1.2.3/src/lib.rs` for a
    /// dependency.
    pub file: String,
    /// The line, counted from 1.
    pub line: u32,
    /// The module path; empty unless a macro has declared the metric.
    pub module: String,
    /// The help text of this declaration, if it differs from the family's, which is exposed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// The const labels of this declaration, such as a function's `function` and `module`.
    #[serde(
        skip_serializing_if = "Vec::is_empty",
        serialize_with = "serialize_labels"
    )]
    pub labels: Vec<(String, String)>,
    /// The service level objectives.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub objectives: Vec<Objective>,
    /// The source location of an earlier function that records into the same series, for a warning
    /// of `lint`.
    #[serde(skip)]
    pub(crate) shares_series_of: Option<String>,
}

impl Catalog {
    /// The family of this name.
    pub fn family(&self, name: &str) -> Option<&CatalogFamily> {
        self.families.iter().find(|family| family.name == name)
    }
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_program(subject: &Subject) -> bool {
    *subject == Subject::Program
}

fn serialize_labels<S: Serializer>(labels: &[(String, String)], to: S) -> Result<S::Ok, S::Error> {
    to.collect_map(labels.iter().map(|(name, value)| (name, value)))
}
