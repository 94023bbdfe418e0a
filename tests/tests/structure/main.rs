//! Tests the structure of the workspace: layers, import cycles, unsafe code and the length of
//! files.
//!
//! The tests read the sources, most of them with `syn`. A failed test lists the files that break
//! the rule, and the lines and imports if the rule is about those.

mod import_graph;
mod source_tree;

use std::{fs, path::Path};

use crate::{import_graph::ImportGraph, source_tree::SourceTree};

/// The layers of each crate, lowest first: a layer may import itself and those before it.
///
/// Modules that are not listed (the root, and modules beside the layers such as `macros`) may
/// import every layer, and no layer may import them.
const LAYERS: &[(&str, &[&str])] = &[
    (
        "metrics-core",
        &[
            "describe",
            "storage",
            "sample",
            "series",
            "metric",
            "format",
            "registry",
            "call",
            "catalog",
            "dashboard",
            "rules",
            "testing",
        ],
    ),
    (
        "metrics-http",
        &[
            "error", "monitor", "workers", "collect", "scrape", "push", "page", "server", "layer",
            "bridge",
        ],
    ),
    ("metrics-macros", &["model", "parse", "expand", "pipeline"]),
];

/// Layers that a layer must not import although they come before it.
const FORBIDDEN: &[(&str, &str, &[&str])] = &[
    // A format gets its samples through `sample`, so formats can change without a change to
    // metrics.
    ("metrics-core", "format", &["series", "metric"]),
    (
        "metrics-http",
        "layer",
        &[
            "monitor", "workers", "collect", "scrape", "push", "page", "server",
        ],
    ),
    (
        "metrics-http",
        "bridge",
        &[
            "monitor", "workers", "collect", "scrape", "push", "page", "server", "layer",
        ],
    ),
    // Only the types of `model` connect `parse` and `expand`.
    ("metrics-macros", "expand", &["parse"]),
];

/// The most lines of a source file, blank lines and comments included.
const MAX_LINES: usize = 700;

/// The `lib.rs` of a library crate has fewer lines of code than this.
const MAX_ROOT_LINES: usize = 100;

/// The only folder of the library crates that may have unsafe code.
const UNSAFE_FOLDER: &str = "metrics-core/src/storage/";

fn crates() -> impl Iterator<Item = &'static str> {
    ["metrics-core", "metrics-http", "metrics-macros"].into_iter()
}

fn workspace() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

fn tree(krate: &str) -> SourceTree {
    SourceTree::load(workspace(), &format!("{krate}/src/lib.rs"))
}

#[track_caller]
fn assert_none(rule: &str, violations: &[String]) {
    assert!(violations.is_empty(), "{rule}:\n{}", violations.join("\n"));
}

#[test]
fn a_layer_imports_only_lower_layers() {
    for (krate, layers) in LAYERS {
        let forbidden = FORBIDDEN.iter().filter(|(of, ..)| of == krate);
        let forbidden: Vec<_> = forbidden
            .map(|(_, layer, others)| (*layer, *others))
            .collect();
        let graph = ImportGraph::new(&tree(krate));
        assert_none(
            "imports against the order of the layers",
            &graph.layer_violations(layers, &forbidden),
        );
    }
}

#[test]
fn no_files_import_each_other_in_a_cycle() {
    for krate in crates() {
        let cycles = ImportGraph::new(&tree(krate)).cycles();
        assert_none("import cycles", &cycles);
    }
}

#[test]
fn only_the_storage_folder_has_unsafe_code() {
    let mut violations = Vec::new();
    for krate in crates() {
        let tree = tree(krate);
        let unsafe_code = tree.files.iter().flat_map(|file| {
            let lines = file.unsafe_lines.iter();
            lines.map(|line| format!("{}:{line}", file.path))
        });
        violations.extend(unsafe_code.filter(|place| !place.starts_with(UNSAFE_FOLDER)));
    }
    assert_none("unsafe code outside of the storage folder", &violations);
}

#[test]
fn a_crate_root_holds_documentation_and_exports_only() {
    for krate in crates() {
        let path = format!("{krate}/src/lib.rs");
        let source = fs::read_to_string(workspace().join(&path)).expect("a readable root");
        let is_code = |line: &&str| !line.is_empty() && !line.starts_with("//");
        let lines = source.lines().map(str::trim).filter(is_code).count();
        assert!(lines < MAX_ROOT_LINES, "{path} has {lines} lines of code");
    }
}

#[test]
fn no_source_file_is_longer_than_the_limit() {
    let mut violations = Vec::new();
    let folders = [
        "metrics-core",
        "metrics-http",
        "metrics-macros",
        "tests",
        "examples",
    ];
    for folder in folders {
        find_long_files(&workspace().join(folder), &mut violations);
    }
    assert_none("files that are too long", &violations);
}

fn find_long_files(folder: &Path, violations: &mut Vec<String>) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries {
        let path = entry.expect("a readable folder").path();
        if path.is_dir() {
            // Skips the target folders of fixtures that were built in place, and snapshots, which
            // are generated.
            if !path.ends_with("target") && !path.ends_with("snapshots") {
                find_long_files(&path, violations);
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let source = fs::read_to_string(&path).expect("a readable file");
            let lines = source.lines().count();
            if lines > MAX_LINES {
                violations.push(format!("{} has {lines} lines", path.display()));
            }
        }
    }
}

/// Tests of the checks themselves, on small crates that break the rules or come close to it.
mod checks {
    use crate::{import_graph::ImportGraph, source_tree::SourceTree};

    fn violations(files: &[(&str, &str)]) -> Vec<String> {
        let graph = ImportGraph::new(&SourceTree::of(files));
        graph.layer_violations(&["low", "middle", "high"], &[("high", &["middle"])])
    }

    fn cycles(files: &[(&str, &str)]) -> Vec<String> {
        ImportGraph::new(&SourceTree::of(files)).cycles()
    }

    const ROOT: (&str, &str) = ("lib.rs", "mod low; mod middle; mod high; mod other;");

    #[test]
    fn an_import_of_a_higher_layer_is_found_with_its_line() {
        let low = "use std::fmt;\nuse crate::{high::{A, B}, low};";
        assert_eq!(
            violations(&[
                ROOT,
                ("low.rs", low),
                ("high.rs", "pub struct A; pub struct B;")
            ]),
            [
                "low.rs:2: `low` imports `crate::high::A`",
                "low.rs:2: `low` imports `crate::high::B`"
            ]
        );
    }

    #[test]
    fn a_path_in_code_and_one_in_a_macro_call_are_imports() {
        let low = "fn a() { crate::high::b(); }\nfn b() { assert!(crate::high::C); }";
        assert_eq!(
            violations(&[ROOT, ("low.rs", low), ("high.rs", "")]),
            [
                "low.rs:1: `low` imports `crate::high::b`",
                "low.rs:2: `low` imports `crate::high::C`"
            ]
        );
    }

    #[test]
    fn a_relative_path_and_a_re_export_of_the_root_lead_to_the_layer() {
        let root = ("lib.rs", "mod low; mod middle; mod high; pub use high::A;");
        let low = "use super::high;\nuse crate::A;";
        assert_eq!(
            violations(&[root, ("low.rs", low), ("high.rs", "pub struct A;")]),
            [
                "low.rs:1: `low` imports `crate::high`",
                "low.rs:2: `low` imports `crate::high::A`"
            ]
        );
    }

    #[test]
    fn no_layer_may_import_a_module_beside_the_layers_nor_a_forbidden_layer() {
        let high = "use crate::other::A;\nuse crate::middle::B;\nuse crate::low::C;";
        assert_eq!(
            violations(&[
                ROOT,
                ("high.rs", high),
                ("other.rs", ""),
                ("middle.rs", ""),
                ("low.rs", "")
            ]),
            [
                "high.rs:1: `high` imports `crate::other::A`",
                "high.rs:2: `high` imports `crate::middle::B`"
            ]
        );
    }

    #[test]
    fn tests_within_a_file_may_import_anything() {
        let low = "#[cfg(test)] mod tests { use crate::high::A; }";
        assert!(violations(&[ROOT, ("low.rs", low), ("high.rs", "")]).is_empty());
    }

    #[test]
    fn unsafe_code_is_found_in_blocks_items_and_macros_but_not_as_a_token() {
        let low = "unsafe fn a() {}\nfn b() { unsafe {} }\nm!(unsafe impl A for B {});\n\
            type T = Token![unsafe];\nfn c() { matches!(token, Token![unsafe]); }";
        let tree = SourceTree::of(&[("lib.rs", low)]);
        assert_eq!(tree.files[0].unsafe_lines, [1, 2, 3]);
    }

    #[test]
    fn a_cycle_is_shown_with_the_imports_that_close_it() {
        let files = [
            ("lib.rs", "mod a; mod b; mod c;"),
            ("a.rs", "use crate::b::B;"),
            ("b.rs", "\nfn f() { crate::c::g() }"),
            ("c.rs", "use super::a;"),
        ];
        assert_eq!(
            cycles(&files),
            [
                "a.rs:1 imports `crate::b::B`, b.rs:2 imports `crate::c::g`, c.rs:1 imports `crate::a`"
            ]
        );
    }

    #[test]
    fn a_folder_that_uses_its_child_must_not_be_used_by_it() {
        let files = [
            ("lib.rs", "mod a;"),
            ("a/mod.rs", "mod child; pub struct A; fn f() { child::g() }"),
            ("a/child.rs", "use super::A;"),
        ];
        assert_eq!(cycles(&files).len(), 1);
    }

    #[test]
    fn a_re_export_is_no_import_of_the_folder() {
        let files = [
            ("lib.rs", "mod a;"),
            (
                "a/mod.rs",
                "mod child; mod other; pub use child::A; pub use other::*;",
            ),
            ("a/child.rs", "use super::B;"),
            ("a/other.rs", "pub struct B;"),
        ];
        assert!(cycles(&files).is_empty());
    }
}
