//! `Catalog::lint`: checks metric names, label names and help texts against conventions.

use std::{collections::HashMap, fmt};

use super::model::{Catalog, CatalogFamily};

/// A deviation of a metric from conventions for names and help texts, with its source location.
///
/// `Display` formats it like a compiler warning: `src/mail.rs:12: mail_wait_ms: ...`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CatalogWarning {
    /// The family's name.
    pub family: String,
    /// The file of the family's first declaration.
    pub file: String,
    /// The line, counted from 1.
    pub line: u32,
    /// The problem and, mostly, its remedy.
    pub text: String,
}

impl fmt::Display for CatalogWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let CatalogWarning {
            family,
            file,
            line,
            text,
        } = self;
        write!(f, "{file}:{line}: {family}: {text}")
    }
}

impl Catalog {
    /// Checks the metrics against naming conventions, beyond the rules that are errors.
    ///
    /// The conventions are those of `promtool check metrics` and of Prometheus' [guide to names].
    ///
    /// A program can check its metrics in a test:
    ///
    /// ```
    /// use metrics_core::{catalog, metrics};
    ///
    /// metrics! {
    ///     /// Time that mails wait.
    ///     static WAIT: Gauge = "mail_wait_milliseconds";
    /// }
    ///
    /// let warnings = catalog().lint();
    /// let wait = warnings.iter().find(|warning| warning.family == "mail_wait_milliseconds");
    /// assert!(wait.unwrap().text.contains("`seconds`"));
    /// # WAIT.set(0);
    /// ```
    ///
    /// [guide to names]: https://prometheus.io/docs/practices/naming/
    pub fn lint(&self) -> Vec<CatalogWarning> {
        let families = self.families.iter();
        families
            .flat_map(|family| {
                let shared = shared_series(family);
                warnings(family)
                    .chain(shared)
                    .chain(unused_objectives(family))
            })
            .collect()
    }
}

/// Warnings about objectives for which there are no rules, because another declaration of the same
/// series has the same objective with a higher percentage.
fn unused_objectives(family: &CatalogFamily) -> Vec<CatalogWarning> {
    let all = || {
        let members = family.members.iter();
        members.flat_map(|member| {
            let objectives = member.objectives.iter();
            objectives.map(move |objective| {
                ((objective.requirement(), &member.labels), member, objective)
            })
        })
    };
    let mut strictest = HashMap::new();
    for (key, member, objective) in all() {
        let known = strictest
            .entry(key)
            .or_insert((member, objective.percent()));
        if known.1 < objective.percent() {
            *known = (member, objective.percent());
        }
    }
    let unused = all().filter_map(|(key, member, objective)| {
        let (used, percent) = strictest[&key];
        (objective.percent() < percent).then(|| CatalogWarning {
            family: family.name.clone(),
            file: member.file.clone(),
            line: member.line,
            text: format!(
                "the objective `{}` of {} % has no rules, because {}:{} demands {percent} % of the \
                 same series; make them equal",
                key.0,
                objective.percent(),
                used.file,
                used.line,
            ),
        })
    });
    unused.collect()
}

/// Warnings about functions that record into the series of an earlier function of the same name.
fn shared_series(family: &CatalogFamily) -> impl Iterator<Item = CatalogWarning> {
    family.members.iter().filter_map(|member| {
        let first = member.shares_series_of.as_ref()?;
        Some(CatalogWarning {
            family: family.name.clone(),
            file: member.file.clone(),
            line: member.line,
            text: format!(
                "the function shares its series with the one of the same name and module at \
                 {first}; put the attribute on their `impl` blocks, or rename one"
            ),
        })
    })
}

fn warnings(family: &CatalogFamily) -> impl Iterator<Item = CatalogWarning> {
    let words: Vec<&str> = family.name.split('_').collect();
    let mut texts = Vec::new();
    if family.help.trim().is_empty() {
        texts.push("the help text is empty; describe what the metric measures".to_owned());
    }
    if family.is_expiry_ignored {
        texts.push(
            "series that several declarations record into never expire; declare the metric once, or \
             create it with `get_or_create_family`"
                .to_owned(),
        );
    }
    for member in &family.members {
        if let Some(help) = &member.help {
            texts.push(format!(
                "the help text at {}:{} differs and is not exposed: `{help}` instead of `{}`; make \
                 them equal",
                member.file, member.line, family.help,
            ));
        }
    }
    // The suffixes of other types, such as `_total`, need no check, because they are errors
    // already.
    for word in ["counter", "gauge", "histogram", "summary"] {
        if words.contains(&word) && family.kind.name() == word {
            texts.push(format!("the type is known; leave `{word}` out of the name"));
        }
    }
    if family.name.contains(':') {
        texts.push("colons are for recording rules; use underscores".to_owned());
    }
    if is_camel_case(&family.name) {
        texts.push("names are in `snake_case`".to_owned());
    }
    texts.extend(words.iter().filter_map(|word| better_unit(word)));
    for label in &family.labels {
        if is_camel_case(&label.name) {
            texts.push(format!("the label `{}` is not in `snake_case`", label.name));
        }
        // The families of the function attributes (`function_calls_total`) have a label `function`.
        // A program cannot change these names, so it could not act on the warning.
        let is_repeated = words.contains(&label.name.as_str()) && label.name != "function";
        if is_repeated {
            texts.push(format!(
                "the name contains the label `{}`, which is misleading once series are aggregated",
                label.name
            ));
        }
    }
    texts.into_iter().map(|text| {
        let first = family.members.first();
        CatalogWarning {
            family: family.name.clone(),
            file: first.map(|first| first.file.clone()).unwrap_or_default(),
            line: first.map_or(0, |first| first.line),
            text,
        }
    })
}

/// Whether the name is in camel case: a lower-case letter directly before an upper-case one.
fn is_camel_case(name: &str) -> bool {
    let bytes = name.as_bytes();
    let mut pairs = bytes.windows(2);
    pairs.any(|pair| pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase())
}

/// The warning for a word that abbreviates a unit, or is a unit but not a base unit; `None` for
/// other words.
fn better_unit(word: &str) -> Option<String> {
    const BASE: &[&str] = &[
        "amperes", "bytes", "celsius", "grams", "joules", "meters", "metres", "moles", "seconds",
        "volts",
    ];
    const PREFIXES: &[&str] = &[
        "pico", "nano", "micro", "milli", "centi", "deci", "deca", "hecto", "kilo", "kibi", "mega",
        "mebi", "giga", "gibi", "tera", "tebi", "peta", "pebi",
    ];
    const OTHERS: &[(&str, &str)] = &[
        ("minutes", "seconds"),
        ("hours", "seconds"),
        ("days", "seconds"),
        ("weeks", "seconds"),
        ("kelvin", "celsius"),
        ("kelvins", "celsius"),
        ("fahrenheit", "celsius"),
        ("inches", "meters"),
        ("yards", "meters"),
        ("miles", "meters"),
        ("bits", "bytes"),
        ("calories", "joules"),
        ("pounds", "grams"),
        ("ounces", "grams"),
        ("percent", "ratio"),
    ];
    const SHORT: &[(&str, &str)] = &[
        ("s", "seconds"),
        ("ms", "seconds"),
        ("us", "seconds"),
        ("ns", "seconds"),
        ("sec", "seconds"),
        ("secs", "seconds"),
        ("b", "bytes"),
        ("kb", "bytes"),
        ("mb", "bytes"),
        ("gb", "bytes"),
        ("tb", "bytes"),
        ("pb", "bytes"),
        ("m", "seconds"),
        ("h", "seconds"),
        ("d", "seconds"),
    ];
    let base_of = |list: &[(&str, &'static str)]| {
        let known = list.iter().find(|(unit, _)| *unit == word);
        known.map(|(_, base)| *base)
    };
    if let Some(base) = base_of(SHORT) {
        return Some(format!("`{word}` abbreviates a unit; use `{base}`"));
    }
    let prefixed = || {
        let rests = PREFIXES
            .iter()
            .filter_map(|prefix| word.strip_prefix(prefix));
        let mut bases = rests.filter_map(|rest| BASE.iter().copied().find(|base| *base == rest));
        bases.next()
    };
    let base = base_of(OTHERS).or_else(prefixed)?;
    Some(format!(
        "`{word}` is not a base unit; use `{base}`, which dashboards convert for display"
    ))
}
