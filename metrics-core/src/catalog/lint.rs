//! What could be better about the names of a program's metrics.

use std::fmt;

use super::model::{Catalog, CatalogFamily};

/// What could be better about a metric, and where it is declared.
///
/// It is shown as a compiler shows a warning: `src/mail.rs:12: mail_wait_ms: ...`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CatalogWarning {
    /// The family's name.
    pub family: String,
    /// The file of its first declaration.
    pub file: String,
    /// The line, counted from 1.
    pub line: u32,
    /// What it is, and what to do.
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
    /// What breaks no rule, and surprises those who know other programs' metrics: the rules of
    /// `promtool check metrics` and of Prometheus' [guide to names].
    ///
    /// A test holds a program to them:
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
        self.families.iter().flat_map(warnings).collect()
    }
}

fn warnings(family: &CatalogFamily) -> impl Iterator<Item = CatalogWarning> {
    let words: Vec<&str> = family.name.split('_').collect();
    let mut texts = Vec::new();
    if family.help.trim().is_empty() {
        texts.push("says nowhere what it is for; give it a help text".to_owned());
    }
    // Suffixes that belong to other types are errors already, and not looked for here.
    for word in ["counter", "gauge", "histogram", "summary"] {
        if words.contains(&word) && family.kind.name() == word {
            texts.push(format!("the type is known; leave `{word}` out of the name"));
        }
    }
    if family.name.contains(':') {
        texts.push("colons are for recording rules; use underscores".to_owned());
    }
    if is_camel(&family.name) {
        texts.push("names are in `snake_case`".to_owned());
    }
    texts.extend(words.iter().filter_map(|word| better_unit(word)));
    for label in &family.labels {
        if is_camel(&label.name) {
            texts.push(format!("the label `{}` is not in `snake_case`", label.name));
        }
        // The families of calls are called so for all functions, and are no program's own.
        let is_repeated = words.contains(&label.name.as_str()) && label.name != "function";
        if is_repeated {
            texts.push(format!(
                "the label `{}` is in the name already, and would be wrong there once series are \
                 added up",
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

/// Whether small letters are followed by large ones.
fn is_camel(name: &str) -> bool {
    let bytes = name.as_bytes();
    let mut pairs = bytes.windows(2);
    pairs.any(|pair| pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase())
}

/// What to write in place of a unit.
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
        return Some(format!(
            "`{word}` is short for a unit; write it out, as `{base}`"
        ));
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
        "measures in `{word}`; the unit is `{base}`, and whoever looks at it chooses"
    ))
}
