//! Tests that floats are written as Go writes them, and that lines are in the required order.

use std::collections::{HashMap, HashSet};

use metrics_core::{
    Counter, FloatCounter, FloatGauge, Format, Gauge, Histogram, Options, Registry, Summary,
    UpDownCounter,
};

use crate::support::labelled;

#[test]
fn every_float_is_written_as_the_go_encoder_writes_it() {
    let vectors = include_str!("../../data/go_float_vectors.tsv");
    let registry = Registry::new();
    let options = Options::new("v", "Vectors.").labels(["row"]);
    let gauge = labelled::<FloatGauge>(&registry, options);
    let mut expected = HashMap::new();
    for (row, line) in vectors.lines().enumerate() {
        let mut fields = line.split('\t');
        let mut field = || fields.next().expect("three fields").to_owned();
        let bits = u64::from_str_radix(&field(), 16).unwrap();
        gauge.with(&[&row.to_string()]).set(f64::from_bits(bits));
        expected.insert(format!("v{{row=\"{row}\"}}"), [field(), field()]);
    }
    assert_eq!(expected.len(), 8_165);
    for (at, format) in [Format::Text, Format::OpenMetrics].into_iter().enumerate() {
        let text = registry.encode_to_string(format);
        let mut seen = 0;
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let (name, value) = line.rsplit_once(' ').unwrap();
            assert_eq!(value, expected[name][at], "{name} as {format}");
            seen += 1;
        }
        assert_eq!(seen, expected.len());
    }
}

/// The metadata of a family precedes its samples, once and in the order of the format; the lines of
/// a family are adjacent; no line occurs twice; the exposition has an end.
#[test]
fn lines_are_in_the_order_that_the_formats_require() {
    let registry = everything();
    for (format, order) in [
        (Format::Text, ["HELP", "TYPE", "UNIT"]),
        (Format::OpenMetrics, ["TYPE", "UNIT", "HELP"]),
    ] {
        let text = registry.encode_to_string(format);
        let mut families = HashSet::new();
        let mut lines = HashSet::new();
        let (mut family, mut keyword, mut samples) = (String::new(), 0, false);
        for line in text.lines().filter(|line| *line != "# EOF") {
            assert!(
                lines.insert(line.rsplit_once(' ').unwrap().0.to_owned()),
                "repeated: {line}"
            );
            assert_eq!(line, line.trim(), "leading or trailing space: {line:?}");
            assert!(!line.is_empty() && !line.contains('\r'), "{line:?}");
            if let Some(comment) = line.strip_prefix("# ") {
                let mut words = comment.splitn(3, ' ');
                let (word, name) = (words.next().unwrap(), words.next().unwrap());
                let at = order
                    .iter()
                    .position(|keyword| *keyword == word)
                    .expect(line);
                if name == family {
                    assert!(at > keyword && !samples, "{line}");
                } else {
                    assert_eq!(at, 0, "{line}");
                    assert!(families.insert(name.to_owned()), "repeated family: {line}");
                    name.clone_into(&mut family);
                }
                (keyword, samples) = (at, false);
            } else {
                assert!(line.starts_with(&*family), "{line} in {family}");
                samples = true;
            }
        }
        let end = if format == Format::Text {
            "\n"
        } else {
            "\n# EOF\n"
        };
        assert!(text.ends_with(end) && !text.ends_with("\n\n"));
        assert_eq!(
            text.matches("# EOF\n").count(),
            usize::from(format == Format::OpenMetrics)
        );
    }
}

#[test]
fn buckets_are_cumulative_and_the_last_equals_the_count() {
    let text = everything().encode_to_string(Format::Text);
    let buckets: Vec<u64> = text
        .lines()
        .filter(|line| line.starts_with("every_histogram_bucket{of=\"x\""))
        .map(|line| line.rsplit_once(' ').unwrap().1.parse().unwrap())
        .collect();
    assert!(buckets.is_sorted(), "{buckets:?}");
    let count = format!(
        "every_histogram_count{{of=\"x\"}} {}\n",
        buckets.last().unwrap()
    );
    assert!(text.contains(&count), "{text}");
}

/// Creates a registry with several series of every dynamic type.
fn everything() -> Registry {
    let registry = Registry::new();
    registry.write_created(true);
    registry.write_self_metrics(true);
    let options = |name: &str| Options::new(name, "What it is.").labels(["of"]);
    let counter = labelled::<Counter>(&registry, options("every_counter_total"));
    let float = options("every_float_seconds_total").unit("seconds");
    let float = labelled::<FloatCounter>(&registry, float);
    let gauge = labelled::<Gauge>(&registry, options("every_gauge"));
    let float_gauge = labelled::<FloatGauge>(&registry, options("every_bytes").unit("bytes"));
    let up_down = labelled::<UpDownCounter>(&registry, options("every_up_down"));
    let histogram = options("every_histogram").buckets([1.0, 2.0, 3.0]);
    let histogram = labelled::<Histogram>(&registry, histogram);
    let summary = labelled::<Summary>(&registry, options("every_summary").quantiles([0.5]));
    for of in ["x", "y", "z"] {
        counter.with(&[of]).inc();
        float.with(&[of]).inc();
        gauge.with(&[of]).inc();
        float_gauge.with(&[of]).inc();
        up_down.with(&[of]).inc();
        (1..6).for_each(|value| histogram.with(&[of]).observe(f64::from(value)));
        summary.with(&[of]).observe(1.0);
    }
    registry
}
