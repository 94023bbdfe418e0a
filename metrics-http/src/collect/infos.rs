//! Registers `build_info` and `target_info`, whose labels describe the build and the service.

use std::{
    env,
    panic::Location,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use metrics_core::{Collection, Collector, Desc, Kind, Registry, Subject};

use crate::error::Error;

/// Registers `build_info` with the given version and revision, and with compiler, profile and
/// target. `location` is where the program starts the server.
pub(crate) fn register_build_info(
    registry: &Registry,
    version: Option<&str>,
    revision: Option<&str>,
    location: &'static Location<'static>,
) -> Result<(), Error> {
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
    let info = Info::shared(Family::Build, labels.collect(), location);
    register(registry, &info, |error| {
        Error::collector(error, ".build_info(false)")
    })
}

/// Registers `target_info` with these labels; `service_name` is added if it is missing.
pub(crate) fn register_target_info(
    registry: &Registry,
    labels: &[(String, String)],
    location: &'static Location<'static>,
) -> Result<(), Error> {
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
    let info = Info::shared(Family::Target, all, location);
    register(registry, &info, Error::declaration)
}

/// Registers an info. `clash` makes the error of a clash with a metric of the program.
///
/// # Errors
///
/// If another server or endpoint has registered other labels, because the labels describe the whole
/// registry.
fn register(
    registry: &Registry,
    info: &Arc<Info>,
    clash: impl FnOnce(metrics_core::Error) -> Error,
) -> Result<(), Error> {
    let collector = Arc::clone(info) as Arc<dyn Collector>;
    registry.register(collector).map_err(|error| {
        let mut known = Info::all().clone().into_iter();
        let other = known.find(|other| {
            // Succeeds only for the collector that the registry has already, because a registry
            // accepts one collector of an exclusive family.
            other.family == info.family && registry.register(Arc::clone(other) as _).is_ok()
        });
        match other {
            Some(other) => Error::conflict(other.conflict_with(info)),
            None => clash(error),
        }
    })
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
    fn shared(
        family: Family,
        labels: Vec<(String, String)>,
        location: &'static Location<'static>,
    ) -> Arc<Info> {
        let mut known = Info::all();
        let is_same = |info: &&Arc<Info>| info.family == family && info.labels == labels;
        if let Some(info) = known.iter().find(is_same) {
            return Arc::clone(info);
        }
        let desc = match family {
            Family::Build => BUILD_INFO,
            Family::Target => TARGET_INFO,
        };
        let info = Arc::new(Info {
            family,
            descs: [desc.declared_at(location.file(), location.line(), "")],
            labels,
        });
        known.push(Arc::clone(&info));
        info
    }

    /// All infos of the program.
    fn all() -> MutexGuard<'static, Vec<Arc<Info>>> {
        static ALL: Mutex<Vec<Arc<Info>>> = Mutex::new(Vec::new());

        // Ignores poisoning, because the vector is only pushed to and stays valid after a panic.
        ALL.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says in which labels two infos of one family differ.
    fn conflict_with(&self, other: &Info) -> String {
        let remedy = match self.family {
            Family::Build => {
                "the same `version` and `revision`, or call `.build_info(false)` for one of them"
            }
            Family::Target => "the same labels with `target_info`, or another registry",
        };
        format!(
            "two servers or endpoints of one registry differ in `{}`: {} and {}; give both {remedy}",
            self.descs[0].name(),
            self.difference_from(other),
            other.difference_from(self)
        )
    }

    /// The labels that `other` has not or has with another value, and where they are set.
    fn difference_from(&self, other: &Info) -> String {
        let own = self.labels.iter();
        let own = own.filter(|label| !other.labels.contains(label));
        let own = own.map(|(name, value)| format!("{name}={value:?}"));
        let names = other.labels.iter().map(|(name, _)| name);
        let missing = names.filter(|name| self.value(name).is_none());
        let labels = own.chain(missing.map(|name| format!("no {name}")));
        let labels: Vec<String> = labels.collect();
        format!("{} ({})", labels.join(", "), self.descs[0].location())
    }

    fn value(&self, label: &str) -> Option<&str> {
        let mut labels = self.labels.iter();
        let found = labels.find(|(name, _)| name == label);
        found.map(|(_, value)| value.as_str())
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
    let path = env::current_exe().ok();
    let name = path.as_deref().and_then(name_of);
    name.unwrap_or_else(|| "unknown".to_owned())
}

fn name_of(executable: &Path) -> Option<String> {
    let path = executable.to_string_lossy();
    // Linux adds this to the path of an executable that was replaced or removed while it runs.
    let path = path.strip_suffix(" (deleted)").unwrap_or(&path);
    Some(Path::new(path).file_stem()?.to_string_lossy().into_owned())
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

    fn target_info(pairs: &[(&str, &str)]) -> Result<(), Error> {
        register_target_info(&Registry::new(), &labels(pairs), Location::caller())
    }

    #[test]
    fn equal_labels_share_a_collector() {
        let shared =
            |pairs: &[(&str, &str)]| Info::shared(Family::Build, labels(pairs), Location::caller());
        let info = shared(&[("version", "1.2.3"), ("revision", "9fceb02")]);
        let is_shared = |pairs: &[(&str, &str)]| Arc::ptr_eq(&info, &shared(pairs));
        assert!(is_shared(&[("version", "1.2.3"), ("revision", "9fceb02")]));
        assert!(!is_shared(&[("version", "1.2.4"), ("revision", "9fceb02")]));
        assert!(!is_shared(&[("version", "1.2.3")]));
    }

    #[test]
    fn a_program_keeps_its_name_when_its_executable_is_replaced() {
        for path in ["/opt/shop", "/opt/shop (deleted)", "/opt/shop.exe"] {
            assert_eq!(name_of(Path::new(path)).as_deref(), Some("shop"));
        }
    }

    #[test]
    fn an_invalid_label_is_an_error_that_names_it() {
        for name in ["", "1st", "service.name", "__name__", "naïve"] {
            let error = target_info(&[(name, "x")]).unwrap_err();
            assert!(error.to_string().contains(&format!("`{name}`")), "{error}");
        }
    }

    #[test]
    fn a_duplicate_label_is_an_error_that_names_it() {
        let error = target_info(&[("a", "1"), ("a", "2")]).unwrap_err();
        assert!(error.to_string().contains("`a`"), "{error}");
    }
}
