//! Tests the timestamps that collectors give their samples.

use metrics_core::{ExpositionFormat, Format, Kind};
use tests::{promtool_check, protobuf::protobuf, python_openmetrics, python_text};

use crate::support::{INFINITY, KINDS, NAN, rejected, write_valid_at, writing};

const TIME: f64 = 1_700_000_000.25;

#[test]
fn every_sample_of_a_series_has_its_timestamp_in_the_text_formats() {
    for kind in KINDS {
        let registry = writing(kind, |desc, out| {
            write_valid_at(desc.kind(), desc, &[("of", "\"\\\n")], out, Some(TIME));
        });
        registry.write_self_metrics(false);
        registry.write_created(true);
        let text = registry.encode_to_string(Format::Text);
        promtool_check(&text, &["metric name should not include type"]).unwrap();
        let families = python_text(&text).unwrap();
        let times = families.iter().flat_map(|family| &family.samples);
        for sample in times {
            assert_eq!(sample.timestamp, Some(TIME), "{text}");
        }
        let text = registry.encode_to_string(Format::OpenMetrics);
        let families = python_openmetrics(&text).unwrap();
        for sample in families.iter().flat_map(|family| &family.samples) {
            assert_eq!(sample.timestamp, Some(TIME), "{text}");
        }
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        for line in lines {
            assert!(line.ends_with(" 1700000000.250"), "{text}");
        }
    }
}

#[test]
fn protobuf_and_gathered_series_have_the_timestamp() {
    for kind in KINDS {
        let registry = writing(kind, |desc, out| {
            write_valid_at(desc.kind(), desc, &[("of", "a")], out, Some(TIME));
            write_valid_at(desc.kind(), desc, &[("of", "b")], out, None);
        });
        registry.write_self_metrics(false);
        let mut bytes = Vec::new();
        registry.encode_to_vec(Format::Protobuf, &mut bytes);
        let families = protobuf(&bytes).unwrap();
        for metric in families.iter().flat_map(|family| &family.metric) {
            let has = metric.label[0].value.as_deref() == Some("a");
            assert_eq!(metric.timestamp_ms, has.then_some(1_700_000_000_250));
        }
        let gathered = registry.gather();
        let times = gathered[0].metrics.iter().map(|metric| metric.timestamp);
        assert_eq!(times.collect::<Vec<_>>(), [Some(TIME), None], "{kind}");
    }
}

#[test]
fn a_large_family_has_timestamps_in_protobuf() {
    let registry = writing(Kind::Gauge, |desc, out| {
        for at in 0..3_000 {
            let label = at.to_string();
            let sample = out.gauge(desc, &[("at", &label)], f64::from(at));
            sample.timestamp(f64::from(at + 1));
        }
    });
    registry.write_self_metrics(false);
    let mut bytes = Vec::new();
    registry.encode_to_vec(Format::Protobuf, &mut bytes);
    let families = protobuf(&bytes).unwrap();
    let metrics = families.iter().flat_map(|family| &family.metric);
    let times = metrics.map(|metric| metric.timestamp_ms.unwrap());
    assert!(times.eq((1..=3_000).map(|second| second * 1_000)));
}

#[test]
fn a_format_without_timestamps_omits_them() {
    let registry = writing(Kind::Gauge, |desc, out| {
        out.gauge(desc, &[], 1.0).timestamp(TIME);
    });
    for format in [Format::Text, Format::OpenMetrics] {
        let exposition = ExpositionFormat::from(format).without_timestamps();
        let text = registry.encode_to_string(exposition);
        assert!(!text.contains("1700000000"), "{text}");
    }
    let mut bytes = Vec::new();
    let exposition = ExpositionFormat::from(Format::Protobuf).without_timestamps();
    registry.encode_to_vec(exposition, &mut bytes);
    assert_eq!(protobuf(&bytes).unwrap()[0].metric[0].timestamp_ms, None);
}

#[test]
fn an_invalid_timestamp_is_omitted_and_the_series_is_kept() {
    for time in [NAN, INFINITY, -INFINITY, -1.0, 0.0, 0.0001, 1e300] {
        let registry = writing(Kind::Gauge, move |desc, out| {
            out.gauge(desc, &[], 1.0).timestamp(time);
        });
        let text = registry.encode_to_string(Format::Text);
        assert!(text.contains("\nx 1\n"), "{time}: {text}");
        assert_eq!(rejected(&registry, "x"), 2, "{time}");
    }
}

#[test]
fn the_earliest_and_latest_timestamps_are_written() {
    for (time, written) in [(0.001, "0.001"), (253_402_300_799.999, "253402300799.999")] {
        let registry = writing(Kind::Gauge, move |desc, out| {
            out.gauge(desc, &[], 1.0).timestamp(time);
        });
        let text = registry.encode_to_string(Format::OpenMetrics);
        assert!(text.contains(&format!("\nx 1.0 {written}\n")), "{text}");
    }
}

#[test]
fn a_type_without_created_timestamps_rejects_one() {
    let registry = writing(Kind::Gauge, |desc, out| {
        out.gauge(desc, &[], 1.0).created(TIME).timestamp(TIME);
    });
    let text = registry.encode_to_string(Format::OpenMetrics);
    assert!(text.contains("\nx 1.0 1700000000.250\n"), "{text}");
    assert_eq!(rejected(&registry, "x"), 2);
}
