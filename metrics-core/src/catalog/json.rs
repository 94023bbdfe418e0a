//! `Catalog::to_json`: writes the catalogue of a registry's metrics as JSON.

use serde::{Serialize, Serializer, ser::SerializeStruct};

use super::model::{CATALOG_VERSION, Catalog};
use crate::describe::{kind::Kind, objective::Objective, subject::Subject};

impl Catalog {
    /// The catalogue as JSON, for tools that are not written in Rust.
    ///
    /// The output is an object with the schema's `version` and the `families`. Members are named
    /// like the fields of [`CatalogFamily`](crate::CatalogFamily), except `type`, which is the
    /// OpenMetrics name of the type (`counter`, `gauge`, `histogram`, ...). Optional members are
    /// left out if they are empty; an open label has no `values`. Later releases may add members,
    /// but do not change the meaning of existing ones without a new `version`. The
    /// [JSON Schema](https://json-schema.org) is `catalog.schema.json` in this crate's folder.
    ///
    /// ```
    /// use metrics_core::{catalog, metrics};
    ///
    /// metrics! {
    ///     /// Peas counted.
    ///     static PEAS: Counter = "shop_peas_total";
    /// }
    ///
    /// assert!(catalog().to_json().contains(r#""name": "shop_peas_total""#));
    /// # PEAS.inc();
    /// ```
    pub fn to_json(&self) -> String {
        // Cannot fail, because every map key is a string.
        serde_json::to_string_pretty(self).unwrap_or_default()
    }
}

impl Serialize for Catalog {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut catalog = to.serialize_struct("Catalog", 2)?;
        catalog.serialize_field("version", &CATALOG_VERSION)?;
        catalog.serialize_field("families", &self.families)?;
        catalog.end()
    }
}

/// Serializes the OpenMetrics name of the type.
impl Serialize for Kind {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.name())
    }
}

impl Serialize for Subject {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(match self {
            Subject::Program => "program",
            Subject::Process => "process",
            Subject::Library => "library",
        })
    }
}

impl Serialize for Objective {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match *self {
            Objective::Latency { seconds, percent } => {
                let mut latency = to.serialize_struct("Objective", 3)?;
                latency.serialize_field("kind", "latency")?;
                latency.serialize_field("seconds", &seconds)?;
                latency.serialize_field("percent", &percent)?;
                latency.end()
            }
            Objective::Success { percent } => {
                let mut success = to.serialize_struct("Objective", 2)?;
                success.serialize_field("kind", "success")?;
                success.serialize_field("percent", &percent)?;
                success.end()
            }
        }
    }
}
