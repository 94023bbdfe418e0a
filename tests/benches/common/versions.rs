//! Finds the versions of the compared libraries in the workspace's `Cargo.lock`.

/// Returns the version of a dependency; `package` is `name@version` if the lock file has several.
pub(super) fn version(package: &str) -> &'static str {
    let (name, begin) = package.split_once('@').unwrap_or((package, ""));
    let is_meant = |version: &&str| version.starts_with(begin);
    // `Cargo.lock` lists a dependency with its version only if several packages have its name.
    let mut named = dependencies().filter_map(|dependency| {
        let (dependency, version) = dependency.split_once(' ')?;
        (dependency == name).then_some(version)
    });
    let mut only = LOCK.split("[[package]]").filter_map(|entry| {
        let entry = entry.trim_start().strip_prefix("name = \"")?;
        let entry = entry.strip_prefix(name)?;
        entry.strip_prefix("\"\nversion = \"")?.split('"').next()
    });
    named
        .find(is_meant)
        .or_else(|| only.find(is_meant))
        .unwrap_or("of unknown version")
}

fn dependencies() -> impl Iterator<Item = &'static str> {
    let ours = concat!("name = \"", env!("CARGO_PKG_NAME"), "\"\n");
    let (_, entry) = LOCK.split_once(ours).unwrap_or_default();
    let (_, list) = entry.split_once("dependencies = [").unwrap_or_default();
    let (list, _) = list.split_once(']').unwrap_or_default();
    list.lines().filter_map(|line| line.split('"').nth(1))
}

const LOCK: &str = include_str!("../../../Cargo.lock");
