//! Tests that encoding into a reused vector gives the same bytes as encoding into a writer, without
//! reallocation.

use metrics_core::{Counter, DURATION_BUCKETS, Format, Histogram, Options, Registry};

const FORMATS: [Format; 4] = [
    Format::Text,
    Format::TextV1,
    Format::OpenMetrics,
    Format::Protobuf,
];

/// Creates a registry with families of many series and of one, with values of various lengths.
fn registry() -> Registry {
    let registry = Registry::new();
    let options = Options::new("requests_total", "Requests.").labels(["path"]);
    let requests = registry.create_family::<Counter>(options).expect("valid");
    for path in 0..1_500_u32 {
        let text = "x".repeat(path as usize % 300) + &path.to_string();
        requests.with(&[&*text]).inc_by(u64::MAX >> (path % 64));
    }
    let options = Options::new("latency_seconds", "Latencies.").labels(["path"]);
    let latencies = registry.create_family::<Histogram>(options.buckets(DURATION_BUCKETS));
    let latencies = latencies.expect("valid");
    for path in 0..500_u32 {
        let latency = latencies.with(&[&*path.to_string()]);
        (0..path).for_each(|n| latency.observe(f64::from(n) / 100.0));
    }
    for family in 0..100 {
        let options = Options::new(format!("family_{family}_total"), "One of many.");
        let counter = registry.create::<Counter>(options).expect("valid");
        counter.inc_by(1 << (family % 64));
    }
    registry
}

fn streamed(registry: &Registry, format: Format) -> Vec<u8> {
    let mut out = Vec::new();
    registry
        .encode(format, &mut out)
        .expect("writing to memory does not fail");
    out
}

#[test]
fn encoding_into_a_vector_replaces_its_contents() {
    let registry = registry();
    for format in FORMATS {
        // Makes the registry cache labels in this format. Until then, the estimated length of a
        // large protobuf message, to which the message is padded, is slightly larger.
        for _ in 0..2 {
            streamed(&registry, format);
        }
        let expected = streamed(&registry, format);
        for before in [0, 1, 1_000, expected.len(), 2 * expected.len()] {
            let mut out = vec![b'#'; before];
            registry.encode_to_vec(format, &mut out);
            assert!(out == expected, "{format} over {before} bytes");
        }
    }
}

#[test]
fn a_reused_vector_is_not_reallocated() {
    let registry = registry();
    let mut out = Vec::new();
    for format in FORMATS {
        registry.encode_to_vec(format, &mut out);
        let (place, capacity) = (out.as_ptr(), out.capacity());
        registry.encode_to_vec(format, &mut out);
        assert_eq!(
            (out.as_ptr(), out.capacity()),
            (place, capacity),
            "{format}"
        );
    }
}
