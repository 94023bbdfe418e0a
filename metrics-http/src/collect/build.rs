//! Collectors of `build_info` and `target_info`, whose labels describe the build and the service.

use std::{
    env,
    sync::{Arc, Mutex, PoisonError},
};

use metrics_core::{Collection, Collector, Desc, Kind, Subject};

use crate::error::Error;

/// `build_info` with the given version and revision, and with compiler, profile and target.
pub(crate) fn build_info(version: Option<&str>, revision: Option<&str>) -> Arc<dyn Collector> {
    let optional = [
        ("version", version),
        ("revision", revision),
        ("rustc", option_env!("METRICS_HTTP_RUSTC")),
        ("profile", Some(PROFILE)),
        ("target_arch", Some(env::consts::ARCH)),
        ("target_os", Some(env::consts::OS)),
    ];
    let labels = optional
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned())));
    Info::shared(Family::Build, labels.collect())
}

/// `target_info` with these labels; `service_name` is added if it is missing.
pub(crate) fn target_info(labels: &[(String, String)]) -> Result<Arc<dyn Collector>, Error> {
    let mut all = Vec::with_capacity(labels.len() + 1);
    if !labels.iter().any(|(name, _)| name == SERVICE_NAME) {
        all.push((SERVICE_NAME.to_owned(), executable()));
    }
    for (name, value) in labels {
        if !is_label_name(name) {
            return Err(Error::setting(format!(
                "`{name}` is not a valid label of `target_info`; use letters, digits and \
                 underscores, and begin with neither a digit nor `__`"
            )));
        }
        if all.iter().any(|(earlier, _)| earlier == name) {
            return Err(Error::setting(format!(
                "the label `{name}` of `target_info` is set twice; remove one"
            )));
        }
        all.push((name.clone(), value.clone()));
    }
    Ok(Info::shared(Family::Target, all))
}

/// An info metric with one series.
struct Info {
    family: Family,
    descs: [Desc; 1],
    labels: Vec<(String, String)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Family {
    Build,
    Target,
}

impl Info {
    /// Returns the same collector for the same family and labels, so that several servers can
    /// register it in one registry without a clash.
    fn shared(family: Family, labels: Vec<(String, String)>) -> Arc<dyn Collector> {
        static KNOWN: Mutex<Vec<Arc<Info>>> = Mutex::new(Vec::new());

        // Ignores poisoning, because the vector is only pushed to and stays valid after a panic.
        let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
        let is_same = |info: &&Arc<Info>| info.family == family && info.labels == labels;
        if let Some(info) = known.iter().find(is_same) {
            return Arc::clone(info) as Arc<dyn Collector>;
        }
        let info = Arc::new(Info {
            family,
            descs: [match family {
                Family::Build => BUILD_INFO,
                Family::Target => TARGET_INFO,
            }],
            labels,
        });
        known.push(Arc::clone(&info));
        info
    }
}

impl Collector for Info {
    fn descs(&self) -> &[Desc] {
        &self.descs
    }

    fn collect(&self, out: &mut Collection<'_>) {
        let labels: Vec<(&str, &str)> = self
            .labels
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        out.info(&self.descs[0], &labels);
    }
}

fn is_label_name(name: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    !name.is_empty()
        && name.chars().all(is_plain)
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && !name.starts_with("__")
}

/// The name of the executable without its extension.
fn executable() -> String {
    env::current_exe()
        .ok()
        .and_then(|path| Some(path.file_stem()?.to_string_lossy().into_owned()))
        .unwrap_or_else(|| "unknown".to_owned())
}

const BUILD_INFO: Desc = Desc::new(
    Kind::Info,
    "build_info",
    "Build of this program: version, revision, compiler, profile and target.",
)
.about(Subject::Process)
.exclusive();
const TARGET_INFO: Desc = Desc::new(Kind::Info, "target_info", "Labels of the measured service.")
    .about(Subject::Process)
    .exclusive();
const SERVICE_NAME: &str = "service_name";
const PROFILE: &str = if cfg!(debug_assertions) {
    "debug"
} else {
    "release"
};

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        let owned = |&(name, value): &(&str, &str)| (name.to_owned(), value.to_owned());
        pairs.iter().map(owned).collect()
    }

    #[test]
    fn equal_labels_share_a_collector() {
        let info = build_info(Some("1.2.3"), Some("9fceb02"));
        let is_shared =
            |version, revision| Arc::ptr_eq(&info, &build_info(Some(version), revision));
        assert!(is_shared("1.2.3", Some("9fceb02")));
        assert!(!is_shared("1.2.4", Some("9fceb02")));
        assert!(!is_shared("1.2.3", None));
    }

    #[test]
    fn an_invalid_label_is_an_error_that_names_it() {
        for name in ["", "1st", "service.name", "__name__", "naïve"] {
            let error = target_info(&labels(&[(name, "x")])).err().unwrap();
            assert!(error.to_string().contains(&format!("`{name}`")), "{error}");
        }
    }

    #[test]
    fn a_duplicate_label_is_an_error_that_names_it() {
        let error = target_info(&labels(&[("a", "1"), ("a", "2")]))
            .err()
            .unwrap();
        assert!(error.to_string().contains("`a`"), "{error}");
    }
}
