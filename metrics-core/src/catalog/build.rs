//! Builds the catalogue of a registry.

use super::{
    model::{Catalog, CatalogFamily, CatalogLabel, CatalogMember, CatalogNative},
    source_path::displayed_path,
};
use crate::{
    describe::{desc::Desc, kind::Kind},
    metric::{family::Family, outcome_rows::OutcomeLabel},
    registry::{Registry, exposed_family::ExposedFamily, shared_series::earlier_sharer},
};

impl Registry {
    /// Builds the catalogue of this registry's metrics.
    ///
    /// Declarations that clash are left out, as in an exposition; see [`check`](Registry::check).
    /// The self-metrics are left out, too.
    pub fn catalog(&self) -> Catalog {
        build(self)
    }

    /// A number that is different whenever the [catalogue](Registry::catalog) is.
    ///
    /// A program that caches what it generates from the catalogue compares this number, which is
    /// cheap: it changes when metrics, collectors or included registries are added or removed.
    ///
    /// ```
    /// use metrics_core::{Counter, Options, Registry};
    ///
    /// let registry = Registry::new();
    /// let before = registry.catalog_revision();
    /// assert_eq!(registry.catalog_revision(), before);
    /// registry.create::<Counter>(Options::new("jobs_total", "Jobs done."))?;
    /// assert_ne!(registry.catalog_revision(), before);
    /// # Ok::<(), metrics_core::Error>(())
    /// ```
    pub fn catalog_revision(&self) -> u64 {
        self.exposed_families().revision
    }
}

/// Builds the catalogue of the global registry, which contains the metrics that `metrics!` and the
/// function attributes declare.
///
/// See [`Registry::catalog`].
///
/// ```
/// println!("{}", metrics_core::catalog().to_markdown());
/// ```
pub fn catalog() -> Catalog {
    Registry::global().catalog()
}

fn build(registry: &Registry) -> Catalog {
    let (families, settings) = (registry.exposed_families(), registry.settings());
    let described = families.families().iter().map(|family| {
        let mut family = describe(family);
        family.name.insert_str(0, &settings.prefix);
        for (name, value) in settings.const_labels.iter().rev() {
            family.labels.insert(0, closed(name, &[value]));
        }
        family
    });
    let mut families: Vec<_> = described.collect();
    families.sort_by(|a, b| a.name.cmp(&b.name));
    Catalog {
        families,
        prefix: settings.prefix.clone(),
    }
}

fn describe(family: &ExposedFamily) -> CatalogFamily {
    let desc = &family.desc;
    let members = || family.members().map(|member| &**member);
    let first = members().next();
    let mut labels = Vec::new();
    for member in family.members.iter().flatten() {
        let included = member.included.as_ref();
        let added = included.map_or(&[][..], |(scope, _)| scope.labels());
        let added = added.iter().map(|(name, value)| closed(name, &[value]));
        for label in added.chain(labels_of(&member.metric)) {
            merge_label(&mut labels, label);
        }
    }
    let is = |kind| desc.kind() == kind;
    let bounds = || desc.bounds_or_quantiles().to_vec();
    CatalogFamily {
        name: desc.name().to_owned(),
        kind: desc.kind(),
        subject: desc.subject(),
        unit: desc.unit_name().map(str::to_owned),
        help: desc.help().to_owned(),
        labels,
        buckets: if is(Kind::Histogram) {
            bounds()
        } else {
            Vec::new()
        },
        native: first.and_then(native),
        quantiles: if is(Kind::Summary) {
            bounds()
        } else {
            Vec::new()
        },
        states: owned(first.map_or(&[], |member| member.state_names())),
        max_series: members().filter_map(Family::cardinality_limit).max(),
        expire_seconds: members().find_map(Family::expiry_seconds),
        is_expiry_ignored: family.members.iter().any(|group| {
            let mut metrics = group.iter().map(|member| &member.metric);
            group.len() > 1 && metrics.any(|metric| metric.has_expiry())
        }),
        collected: family.is_collected(),
        members: if first.is_some() {
            members()
                .map(|member| CatalogMember {
                    shares_series_of: earlier_sharer(family, member).map(|earlier| {
                        let at = earlier.desc().location();
                        format!("{}:{}", displayed_path(at.file), at.line)
                    }),
                    ..declaration(member.desc(), desc)
                })
                .collect()
        } else {
            vec![declaration(desc, desc)]
        },
    }
}

/// The labels of a metric's series: const labels, declared labels, then `outcome`.
fn labels_of(family: &Family) -> Vec<CatalogLabel> {
    let desc = family.desc();
    let rows = family.rows();
    let const_labels = desc.const_label_pairs();
    let const_labels = const_labels.map(|(name, value)| closed(name, &[value]));
    let declared = desc.label_names().enumerate().map(|(at, name)| {
        let result = rows
            .result_labels()
            .iter()
            .find(|result| result.name == name);
        match (family.closed_values(at), result) {
            (Some(values), _) => closed(name, values),
            (None, Some(result)) => CatalogLabel {
                name: name.to_owned(),
                values: result.values.map(owned),
            },
            (None, None) => CatalogLabel {
                name: name.to_owned(),
                values: None,
            },
        }
    });
    let outcomes = rows.outcome_label();
    let outcome = (outcomes != OutcomeLabel::Omitted).then(|| closed("outcome", outcomes.values()));
    const_labels.chain(declared).chain(outcome).collect()
}

fn closed(name: &str, values: &[impl AsRef<str>]) -> CatalogLabel {
    CatalogLabel {
        name: name.to_owned(),
        values: Some(owned(values)),
    }
}

fn owned(values: &[impl AsRef<str>]) -> Vec<String> {
    let to_owned = |text: &_| AsRef::<str>::as_ref(text).to_owned();
    values.iter().map(to_owned).collect()
}

/// Adds a member's label to the family's labels. The merged label is open (has no known values) if
/// it is open in any member.
fn merge_label(labels: &mut Vec<CatalogLabel>, label: CatalogLabel) {
    let Some(known) = labels.iter_mut().find(|known| known.name == label.name) else {
        labels.push(label);
        return;
    };
    match (&mut known.values, label.values) {
        (Some(known), Some(values)) => {
            for value in values {
                if !known.contains(&value) {
                    known.push(value);
                }
            }
        }
        (known, _) => *known = None,
    }
}

fn native(family: &Family) -> Option<CatalogNative> {
    let native = family.layout().native()?;
    Some(CatalogNative {
        schema: native.schema(),
        zero_threshold: native.declared_zero_threshold(),
        max_buckets: native.max(),
    })
}

/// The catalogue's entry for `desc`, one of the declarations of the family that `family` describes.
fn declaration(desc: &Desc, family: &Desc) -> CatalogMember {
    let at = desc.location();
    let labels = desc.const_label_pairs();
    CatalogMember {
        file: displayed_path(at.file),
        line: at.line,
        module: at.module.to_owned(),
        help: (desc.help() != family.help()).then(|| desc.help().to_owned()),
        labels: labels
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
        objectives: desc.objectives().to_vec(),
        shares_series_of: None,
    }
}
