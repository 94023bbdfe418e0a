//! Tests of the library's metrics about itself: which outputs have them.

mod support;

use metrics_http::{ExpositionFormat, Format, Registry, Server, Subject};

use support::{Shop, get, registry};

/// A registry with the program's metrics `orders_*` and all that a server and pushes add.
fn registry_of_a_service() -> (Registry, Server) {
    let registry = registry(Shop);
    registry.write_self_metrics(true);
    let server = Server::builder()
        .registry(registry.clone())
        .serve("127.0.0.1:0")
        .unwrap();
    get(&server, "/metrics");
    (registry, server)
}

/// The names of the families of an exposition, in its order.
fn families(text: &str) -> Vec<&str> {
    let types = text.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    types.filter_map(|line| line.split(' ').next()).collect()
}

#[test]
fn a_scrape_has_self_metrics_and_process_metrics() {
    let (_, server) = registry_of_a_service();
    let reply = get(&server, "/metrics");
    let text = reply.text();
    for name in [
        "build_info",
        "metrics_http_requests_total",
        "metrics_series",
        "orders_total",
        "process_start_time_seconds",
        "target_info",
    ] {
        assert!(families(text).contains(&name), "{name}: {text}");
    }
}

#[test]
fn an_output_can_leave_out_self_metrics_and_process_metrics() {
    let (registry, _server) = registry_of_a_service();
    for format in [Format::Text, Format::TextV1] {
        let format = ExpositionFormat::from(format);
        let format = format.without_self_metrics().without_process_metrics();
        let text = registry.encode_to_string(format);
        assert_eq!(families(&text), ["orders_total", "orders_waiting"]);
    }
}

#[test]
fn an_output_without_self_metrics_keeps_process_metrics() {
    let (registry, _server) = registry_of_a_service();
    let format = ExpositionFormat::from(Format::Text).without_self_metrics();
    let text = registry.encode_to_string(format);
    assert!(!text.contains("metrics_"), "{text}");
    assert!(text.contains("\nprocess_start_time_seconds "), "{text}");
    assert!(text.contains("\nbuild_info{"), "{text}");
}

#[test]
fn an_output_without_process_metrics_keeps_self_metrics() {
    let (registry, _server) = registry_of_a_service();
    let format = ExpositionFormat::from(Format::Text).without_process_metrics();
    let text = registry.encode_to_string(format);
    let families = families(&text);
    let is_about_process = |name: &&&str| name.starts_with("process_") || name.ends_with("_info");
    assert_eq!(families.iter().find(is_about_process), None);
    assert!(families.contains(&"metrics_http_connections"));
}

#[test]
fn gathered_families_say_what_they_are_about() {
    let (registry, _server) = registry_of_a_service();
    for family in registry.gather() {
        let name = &*family.name;
        let expected = if name.starts_with("metrics_") {
            Subject::Library
        } else if name.starts_with("orders_") {
            Subject::Program
        } else {
            Subject::Process
        };
        assert_eq!(family.subject, expected, "{name}");
    }
}

#[test]
fn every_self_metric_of_a_service_is_documented() {
    let (registry, _server) = registry_of_a_service();
    let document = include_str!("../../docs/operating.md");
    for family in registry.gather() {
        let row = format!("\n| `{}` |", family.name);
        let is_self_metric = family.subject == Subject::Library;
        assert!(!is_self_metric || document.contains(&row), "{row}");
    }
}

#[test]
fn every_cause_of_an_error_is_documented() {
    let document = include_str!("../../docs/operating.md");
    let source = include_str!("../src/monitor/event.rs");
    let causes = source.lines().filter_map(|line| {
        let (_, cause) = line
            .trim()
            .strip_prefix("EventCause::")?
            .split_once(" => \"")?;
        cause.strip_suffix("\",")
    });
    let undocumented: Vec<&str> = causes
        .filter(|cause| !document.contains(&format!("\n| `{cause}` |")))
        .collect();
    assert_eq!(undocumented, [""; 0]);
}
