//! [`displayed_path`]: the path of a source file, without the directories of the build machine.

/// The path of a source file relative to its crate, as the catalogue displays it.
///
/// The compiler names the files of the workspace that it builds by relative paths, which stay as
/// they are. It names the files of dependencies by absolute paths, which contain names of users and
/// directories, and are shortened:
///
/// - for a crate from a registry, to `name-version/src/lib.rs`;
/// - for a git checkout, to `repository-revision/src/lib.rs`;
/// - for any other absolute path, to the part from the parent of the last `src`, such as
///   `name/src/lib.rs`, or to the file name if there is no `src`.
///
/// The separators of Windows become slashes.
pub(super) fn displayed_path(file: &str) -> String {
    let path = file.replace('\\', "/");
    if !is_absolute(&path) {
        return path;
    }
    let parts: Vec<&str> = path.split('/').collect();
    let find = |folders: [&str; 2]| parts.windows(2).position(|pair| pair == folders);
    // registry/src/index.crates.io-1949cf8c6b5b557f/name-version/src/lib.rs
    if let Some(at) = find(["registry", "src"])
        && let Some(rest) = parts.get(at + 3..)
        && !rest.is_empty()
    {
        return rest.join("/");
    }
    // git/checkouts/repository-5a1d3e0c7b9f2468/revision/src/lib.rs
    if let Some(at) = find(["git", "checkouts"])
        && let [repository, revision, rest @ ..] = &parts[at + 2..]
        && !rest.is_empty()
    {
        let name = repository.rsplit_once('-').map_or(*repository, |it| it.0);
        return format!("{name}-{revision}/{}", rest.join("/"));
    }
    let last_src = parts.iter().rposition(|part| *part == "src");
    match last_src {
        Some(at) if at > 0 && at + 1 < parts.len() => {
            let from = parts[at - 1..].join("/");
            // The parent of `src` is the root of the file system or of a drive.
            let is_root = parts[at - 1].is_empty() || parts[at - 1].ends_with(':');
            match from.split_once('/') {
                Some((_, rest)) if is_root => rest.to_owned(),
                _ => from,
            }
        }
        _ => parts.last().copied().unwrap_or_default().to_owned(),
    }
}

/// Whether a path, with slashes as separators, begins at a root or a drive.
fn is_absolute(path: &str) -> bool {
    let drive = path.split_once(':').map(|(drive, _)| drive);
    let has_drive = drive.is_some_and(|drive| drive.len() == 1);
    path.starts_with('/') || has_drive
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(file: &str, expected: &str) {
        assert_eq!(displayed_path(file), expected);
    }

    #[test]
    fn a_relative_path_stays() {
        for path in ["src/main.rs", "metrics-core/src/lib.rs", "../shop/src/a.rs"] {
            check(path, path);
        }
        check(r"crates\shop\src\main.rs", "crates/shop/src/main.rs");
    }

    #[test]
    fn a_crate_from_a_registry_has_its_name_and_version() {
        let registry = "/home/alice/.cargo/registry/src/index.crates.io-1949cf8c6b5b557f";
        for path in [
            "shop-1.2.3/src/lib.rs",
            "shop-1.2.3/tests/src.rs",
            "s-1/lib.rs",
        ] {
            check(&format!("{registry}/{path}"), path);
        }
        let windows = r"C:\Users\alice\.cargo\registry\src\index.crates.io-1949cf8c6b5b557f";
        check(
            &format!(r"{windows}\shop-1.2.3\src\lib.rs"),
            "shop-1.2.3/src/lib.rs",
        );
    }

    #[test]
    fn a_git_checkout_has_its_repository_and_revision() {
        let checkouts = "/root/.cargo/git/checkouts/web-shop-5a1d3e0c7b9f2468/0a1b2c3";
        check(
            &format!("{checkouts}/src/lib.rs"),
            "web-shop-0a1b2c3/src/lib.rs",
        );
        check(
            &format!("{checkouts}/crates/cart/src/lib.rs"),
            "web-shop-0a1b2c3/crates/cart/src/lib.rs",
        );
    }

    #[test]
    fn another_absolute_path_begins_with_the_folder_of_the_crate() {
        for (path, expected) in [
            ("/home/alice/src/work/shop/src/lib.rs", "shop/src/lib.rs"),
            ("/build/vendor/shop/src/a/b.rs", "shop/src/a/b.rs"),
            (r"\\host\share\shop\src\lib.rs", "shop/src/lib.rs"),
            ("D:/work/shop/src/lib.rs", "shop/src/lib.rs"),
        ] {
            check(path, expected);
        }
    }

    #[test]
    fn no_folder_remains_of_an_absolute_path_without_a_crate() {
        for path in [
            "/home/alice/target/build/out/made.rs",
            "C:\\alice\\made.rs",
            "/made.rs",
            "/src/registry/src/made.rs",
            "/home/alice/src",
        ] {
            let displayed = displayed_path(path);
            assert!(!displayed.contains("alice"), "{displayed}");
            assert!(!is_absolute(&displayed), "{displayed}");
        }
        check("/src/lib.rs", "src/lib.rs");
        check("C:/src/lib.rs", "src/lib.rs");
    }
}
