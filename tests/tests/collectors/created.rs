//! Tests of the created timestamps of series that a collector writes.

use metrics_core::{Format, HistogramSnapshot, Kind, SummarySnapshot};
use tests::protobuf::protobuf;

use crate::support::{INFINITY, NAN, rejected, writing};

#[test]
fn known_created_timestamps_are_exposed() {
    for kind in [Kind::Counter, Kind::Histogram, Kind::Summary] {
        let registry = writing(kind, move |desc, out| {
            for (of, time) in [("known", Some(1_700_000_000.25)), ("unknown", None)] {
                let labels = [("of", of)];
                let birth = match kind {
                    Kind::Counter => out.counter(desc, &labels, 1.0),
                    Kind::Histogram => {
                        out.histogram(desc, &labels, HistogramSnapshot::from_buckets([], 0.0))
                    }
                    _ => out.summary(desc, &labels, SummarySnapshot::new([], 1, 1.0)),
                };
                if let Some(time) = time {
                    birth.created(time);
                }
            }
        });
        registry.write_created(true);
        let text = registry.encode_to_string(Format::OpenMetrics);
        let line = "x_created{of=\"known\"} 1700000000.250\n";
        assert!(text.contains(line), "{kind}: {text}");
        assert!(
            !text.contains("x_created{of=\"unknown\"}"),
            "{kind}: {text}"
        );
        let families = registry.gather();
        let births: Vec<_> = families[0].metrics.iter().map(|one| one.created).collect();
        assert_eq!(births, [Some(1_700_000_000.25), None], "{kind}");
    }
}

#[test]
fn the_earliest_and_latest_created_timestamps_are_written_in_every_format() {
    for (time, written) in [(0.25, "0.250"), (253_402_300_799.0, "253402300799.000")] {
        let registry = writing(Kind::Counter, move |desc, out| {
            out.counter(desc, &[], 1.0).created(time);
        });
        registry.write_created(true);
        let text = registry.encode_to_string(Format::OpenMetrics);
        assert!(text.contains(&format!("x_created {written}\n")), "{text}");
        let mut out = Vec::new();
        registry.encode(Format::Protobuf, &mut out).unwrap();
        let families = protobuf(&out).unwrap();
        let mut counters = families.iter().flat_map(|family| &family.metric);
        let counter = counters.find_map(|metric| metric.counter.as_ref()).unwrap();
        let birth = counter.created_timestamp.unwrap();
        let birth = birth.seconds as f64 + f64::from(birth.nanos) / 1e9;
        assert!((birth - time).abs() < 1e-5, "{birth}");
    }
}

#[test]
fn an_invalid_created_timestamp_is_omitted_and_the_series_is_kept() {
    for time in [NAN, INFINITY, -INFINITY, -1.0, 1e300] {
        let registry = writing(Kind::Counter, move |desc, out| {
            out.counter(desc, &[], 1.0).created(time);
        });
        registry.write_created(true);
        let text = registry.encode_to_string(Format::OpenMetrics);
        assert!(text.contains("x_total 1.0\n"), "{time}: {text}");
        assert!(!text.contains("x_created"), "{time}: {text}");
        assert_eq!(rejected(&registry, "x_total"), 2, "{time}");
    }
}
