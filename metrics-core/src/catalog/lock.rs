//! [`Lock`]: the lock file of `assert_catalog`. It lists the properties of metrics on which
//! existing queries rely, such as names, types, labels and buckets.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use serde::{Deserialize, Serialize};

use super::model::{Catalog, CatalogFamily};

/// The version of the lock file's format.
const VERSION: u32 = 1;

/// The content of a lock file: the part of a catalogue on which queries rely.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Lock {
    version: u32,
    families: BTreeMap<String, LockedFamily>,
}

/// The properties of a family that queries rely on.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct LockedFamily {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unit: Option<String>,
    /// The labels by name, each with its values if they are known at compile time, otherwise null.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    labels: BTreeMap<String, Option<BTreeSet<String>>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    buckets: Vec<f64>,
    /// Whether the histogram has native buckets.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    native: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    quantiles: Vec<f64>,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    states: BTreeSet<String>,
}

impl Lock {
    pub(crate) fn of(catalog: &Catalog) -> Self {
        let families = catalog.families.iter();
        Lock {
            version: VERSION,
            families: families
                .map(|family| (family.name.clone(), LockedFamily::of(family)))
                .collect(),
        }
    }

    /// Parses a lock file.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let lock: Lock = serde_json::from_str(text).map_err(|error| error.to_string())?;
        if lock.version != VERSION {
            return Err(format!(
                "unsupported version {}; expected version {VERSION}",
                lock.version
            ));
        }
        Ok(lock)
    }

    /// Formats the lock file, one property or value per line, so that its diffs are easy to review.
    pub(crate) fn write(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }

    /// Lists the incompatible changes from `self` to `now`, one per string.
    ///
    /// New families, labels, label values, quantiles and states are compatible.
    pub(crate) fn broken_by(&self, now: &Lock) -> Vec<String> {
        let mut broken = Vec::new();
        for (name, locked) in &self.families {
            match now.families.get(name) {
                Some(kept) => broken.extend(locked.broken_by(name, kept)),
                None => broken.push(self.missing_line(name, locked, now)),
            }
        }
        broken
    }

    /// The line for a missing family. If exactly one new family has the same properties, suggests
    /// that the missing one was renamed to it.
    fn missing_line(&self, name: &str, locked: &LockedFamily, now: &Lock) -> String {
        let new = now.families.iter();
        let new = new.filter(|(name, _)| !self.families.contains_key(*name));
        let mut similar = new.filter(|(_, other)| *other == locked);
        let mut line = format!("- {name} ({}) is gone", locked.kind);
        if let (Some((other, _)), None) = (similar.next(), similar.next()) {
            // Writing to a string cannot fail.
            let _ = write!(line, "; `{other}` is new and has the same type and labels");
        }
        line
    }
}

impl LockedFamily {
    fn of(family: &CatalogFamily) -> Self {
        let labels = family.labels.iter().map(|label| {
            let values = label.values.as_ref();
            let values = values.map(|values| values.iter().cloned().collect());
            (label.name.clone(), values)
        });
        LockedFamily {
            kind: family.kind.name().to_owned(),
            unit: family.unit.clone(),
            labels: labels.collect(),
            buckets: family.buckets.clone(),
            native: family.native.is_some(),
            quantiles: family.quantiles.clone(),
            states: family.states.iter().cloned().collect(),
        }
    }

    fn broken_by(&self, name: &str, now: &LockedFamily) -> Vec<String> {
        let mut broken = Vec::new();
        let mut differ = |what: &str, was: &dyn std::fmt::Debug, is: &dyn std::fmt::Debug| {
            broken.push(format!("- {name}: {what} was {was:?}, is {is:?}"));
        };
        if self.kind != now.kind {
            differ("type", &self.kind, &now.kind);
        }
        if self.unit != now.unit {
            let or_none = |unit: &Option<String>| unit.clone().unwrap_or("none".to_owned());
            differ("unit", &or_none(&self.unit), &or_none(&now.unit));
        }
        if self.buckets != now.buckets {
            differ("buckets", &self.buckets, &now.buckets);
        }
        if self.native && !now.native {
            differ("native", &true, &false);
        }
        let is_kept = |quantile: &f64| {
            let mut kept = now.quantiles.iter();
            kept.any(|other| other.to_bits() == quantile.to_bits())
        };
        if !self.quantiles.iter().all(is_kept) {
            differ("quantiles", &self.quantiles, &now.quantiles);
        }
        for (label, values) in &self.labels {
            match (values, now.labels.get(label)) {
                (_, None) => broken.push(format!("- {name}: label `{label}` is gone")),
                (Some(values), Some(Some(kept))) => {
                    let gone: Vec<_> = values.difference(kept).collect();
                    if !gone.is_empty() {
                        broken.push(format!("- {name}: label `{label}` has lost {gone:?}"));
                    }
                }
                // An open label can have all the old values, and a label that was open lists no
                // values that could be missing.
                (_, Some(_)) => {}
            }
        }
        let gone: Vec<_> = self.states.difference(&now.states).collect();
        if !gone.is_empty() {
            broken.push(format!("- {name}: states {gone:?} are gone"));
        }
        broken
    }
}
