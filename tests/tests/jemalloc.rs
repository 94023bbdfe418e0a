//! Tests the metrics of jemalloc in a program that uses this allocator.

#![allow(
    clippy::float_cmp,
    reason = "nothing is measured where nothing is done"
)]

use std::hint::black_box;

use metrics_http::{Format, Registry, collect};
use tests::strict::{self, Dialect};
use tikv_jemallocator::Jemalloc;

#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

#[track_caller]
fn value(registry: &Registry, name: &str) -> f64 {
    let text = registry.encode_to_string(Format::OpenMetrics);
    let families = strict::parse(&text, Dialect::OpenMetrics, false).unwrap();
    let family = families.iter().find(|family| family.name == name);
    let family = family.unwrap_or_else(|| panic!("no `{name}`: {text}"));
    assert_eq!(family.unit, "bytes");
    family.samples[0].value
}

fn registry() -> Registry {
    let registry = Registry::new();
    registry.register(collect::jemalloc()).unwrap();
    registry
}

#[test]
fn an_allocation_appears_in_the_next_scrape() {
    const SIZE: usize = 64 << 20;
    let registry = registry();
    let before = value(&registry, "jemalloc_allocated_bytes");
    let memory = black_box(vec![1_u8; SIZE]);
    let with = value(&registry, "jemalloc_allocated_bytes");
    drop(memory);
    let after = value(&registry, "jemalloc_allocated_bytes");
    // Allows 10 % for other tests, which allocate at the same time, but far less.
    let most = SIZE as f64 * 0.9;
    assert!(with - before > most, "{before} {with}");
    assert!(with - after > most, "{with} {after}");
}

#[test]
fn allocated_is_at_most_active_and_active_at_most_resident() {
    let text = registry().encode_to_string(Format::Text);
    let value = |name: &str| -> f64 {
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        let line = line.unwrap_or_else(|| panic!("no `{name}`: {text}"));
        line.trim().parse().unwrap()
    };
    assert!(value("jemalloc_allocated_bytes ") <= value("jemalloc_active_bytes "));
    assert!(value("jemalloc_active_bytes ") <= value("jemalloc_resident_bytes "));
    // Mapped memory may be less than resident memory, because it excludes unused resident pages.
    assert!(value("jemalloc_active_bytes ") <= value("jemalloc_mapped_bytes "));
    assert!(value("jemalloc_metadata_bytes ") > 0.0);
    // Retained memory is virtual memory of the process that is not mapped, so far below a tebibyte.
    assert!((0.0..f64::from(1 << 30) * 1024.0).contains(&value("jemalloc_retained_bytes ")));
}
