//! Tests of `build_info` and `target_info` of several servers and endpoints in one program.

mod support;

use metrics_http::{Error, Format, Registry, Server, ServerBuilder};

fn server(registry: &Registry) -> ServerBuilder {
    Server::builder().registry(registry.clone())
}

/// The message of an error that names two places in this file.
#[track_caller]
fn conflict<T>(result: Result<T, Error>) -> String {
    let message = match result {
        Ok(_) => panic!("no error"),
        Err(error) => error.to_string(),
    };
    assert_eq!(message.matches("infos.rs:").count(), 2, "{message}");
    message
}

#[test]
fn two_versions_in_one_registry_are_an_error_that_names_both() {
    let registry = Registry::new();
    let first = server(&registry).version("1.2.3").serve("127.0.0.1:0");
    let first_line = line!() - 1;
    let second = server(&registry).version("2.0.0").serve("127.0.0.1:0");
    let message = conflict(second);
    let here = |line: u32, label: &str| format!("{label} (metrics-http/tests/infos.rs:{line})");
    for part in [
        "`build_info`",
        &here(first_line, "version=\"1.2.3\""),
        &here(first_line + 2, "version=\"2.0.0\""),
        "`.build_info(false)`",
    ] {
        assert!(message.contains(part), "{part}: {message}");
    }
    assert!(!message.contains("rustc="), "only what differs: {message}");
    drop(first);
}

#[test]
fn a_revision_that_only_an_endpoint_has_is_an_error() {
    let registry = Registry::new();
    server(&registry).version("1").serve("127.0.0.1:0").unwrap();
    let message = conflict(
        server(&registry)
            .version("1")
            .revision("9fceb02")
            .endpoint(),
    );
    assert!(message.contains("no revision ("), "{message}");
    assert!(message.contains("revision=\"9fceb02\" ("), "{message}");
    assert!(!message.contains("version="), "{message}");
}

#[test]
fn different_labels_of_target_info_are_an_error_that_names_both() {
    let registry = Registry::new();
    let zone = |zone| server(&registry).target_info([("zone", zone)]);
    zone("a").endpoint().unwrap();
    let message = conflict(zone("b").endpoint());
    assert!(message.contains("`target_info`"), "{message}");
    assert!(message.contains("zone=\"a\" ("), "{message}");
    assert!(message.contains("zone=\"b\" ("), "{message}");
    assert!(!message.contains("service_name"), "{message}");
}

#[cfg(feature = "axum")]
#[test]
fn a_mounted_exposition_with_another_version_is_an_error() {
    let registry = Registry::new();
    server(&registry).version("1").endpoint().unwrap();
    let app = axum::Router::<()>::new();
    conflict(server(&registry).version("2").mount(app));
}

#[test]
fn equal_versions_and_other_registries_are_no_conflict() {
    let (registry, other) = (Registry::new(), Registry::new());
    server(&registry).version("1").serve("127.0.0.1:0").unwrap();
    server(&registry).version("1").endpoint().unwrap();
    server(&other).version("2").endpoint().unwrap();
    for (registry, version) in [(registry, "1"), (other, "2")] {
        let text = registry.encode_to_string(Format::Text);
        let label = format!("build_info{{version=\"{version}\"");
        assert_eq!(text.matches(&label).count(), 1, "{text}");
    }
}

#[test]
fn a_program_may_tolerate_the_conflict_and_keeps_the_first_version() {
    let registry = Registry::new();
    server(&registry).version("1").endpoint().unwrap();
    let second = server(&registry).version("2").on_clash(|_| ());
    second.endpoint().unwrap();
    let text = registry.encode_to_string(Format::Text);
    assert!(text.contains("build_info{version=\"1\""), "{text}");
    assert!(!text.contains("version=\"2\""), "{text}");
}
