//! Prints an exposition and compares it with a file of the expected output, a golden document.

use std::{env, fs, path::Path};

use metrics_core::{Escaping, ExpositionFormat, Format, Registry};
use tests::protobuf::{self, MetricFamily, protobuf};

/// Compares the exposition of a registry in text, OpenMetrics and protobuf with golden documents.
#[track_caller]
pub(crate) fn assert_golden(name: &str, registry: &Registry) {
    assert_golden_filtered(name, registry, |_| true);
}

/// Like [`assert_golden`], for the declared metrics with a prefix.
#[track_caller]
pub(crate) fn assert_golden_declared(name: &str, prefix: &str) {
    assert_golden_filtered(name, Registry::global(), |sample| {
        sample.starts_with(prefix)
    });
}

#[track_caller]
pub(crate) fn assert_golden_filtered(
    name: &str,
    registry: &Registry,
    wanted: impl Fn(&str) -> bool + Copy,
) {
    for format in [Format::Text, Format::OpenMetrics, Format::Protobuf] {
        compare(
            &format!("{name}_{format}"),
            &print(registry, format.into(), wanted),
        );
    }
    // Both versions of the text format write names that need no quotes alike.
    let [old, new] = [Format::Text, Format::TextV1]
        .map(|format| print(registry, format.with_escaping(Escaping::AllowUtf8), wanted));
    assert_eq!(old, new);
}

/// Prints an exposition as text, with masked exemplar timestamps and, in protobuf, masked created
/// timestamps.
pub(crate) fn print(
    registry: &Registry,
    exposition: ExpositionFormat,
    wanted: impl Fn(&str) -> bool,
) -> String {
    let mut out = Vec::new();
    registry
        .encode_filtered(exposition, &mut out, wanted)
        .unwrap();
    if exposition.format == Format::Protobuf {
        let families = protobuf(&out).unwrap();
        return families.iter().map(family).collect();
    }
    let text = String::from_utf8(out).unwrap();
    let lines = text.lines().map(|line| match line.split_once(" # {") {
        Some((_, exemplar)) if !line.starts_with("# ") => {
            let time = exemplar.rsplit_once(' ').unwrap().1;
            format!("{}<time>\n", line.strip_suffix(time).unwrap())
        }
        _ => format!("{line}\n"),
    });
    lines.collect()
}

/// Prints a family of a protobuf exposition in readable form.
pub(crate) fn family(family: &MetricFamily) -> String {
    let unit = family.unit.iter().map(|unit| format!(" in {unit}"));
    let unit: String = unit.collect();
    let metrics: String = family.metric.iter().map(metric).collect();
    let (name, help, kind) = (family.name(), family.help(), family.r#type());
    format!("{kind:?} {name:?}{unit}: {help:?}\n{metrics}")
}

pub(crate) fn metric(metric: &protobuf::Metric) -> String {
    let mut out = format!("  {{{}}}", pairs(&metric.label));
    let number = metric.gauge.as_ref().or(metric.untyped.as_ref());
    let mut add = |text: &str| out.push_str(text);
    if let Some(number) = number {
        add(&format!(" {:?}\n", number.value()));
    }
    if let Some(counter) = &metric.counter {
        let exemplar_text = exemplar_text(counter.exemplar.as_ref());
        let created = created(counter.created_timestamp);
        add(&format!(" {:?}{exemplar_text}{created}\n", counter.value()));
    }
    if let Some(summary) = &metric.summary {
        let (count, sum) = (summary.sample_count(), summary.sample_sum());
        let created = created(summary.created_timestamp);
        add(&format!(" count {count}, sum {sum:?}{created}\n"));
        for of in &summary.quantile {
            add(&format!(
                "    quantile {:?}: {:?}\n",
                of.quantile(),
                of.value()
            ));
        }
    }
    if let Some(histogram) = &metric.histogram {
        let (count, sum) = (histogram.sample_count(), histogram.sample_sum());
        let created = created(histogram.created_timestamp);
        add(&format!(" count {count}, sum {sum:?}{created}\n"));
        for bucket in &histogram.bucket {
            let (bound, count) = (bucket.upper_bound(), bucket.cumulative_count());
            let exemplar_text = exemplar_text(bucket.exemplar.as_ref());
            add(&format!("    up to {bound:?}: {count}{exemplar_text}\n"));
        }
        if let Some(schema) = histogram.schema {
            let (zero, threshold) = (histogram.zero_count(), histogram.zero_threshold());
            add(&format!(
                "    schema {schema}, within {threshold:e} of zero: {zero}\n"
            ));
        }
        for (side, spans, deltas) in [
            ("above", &histogram.positive_span, &histogram.positive_delta),
            ("below", &histogram.negative_span, &histogram.negative_delta),
        ] {
            if !spans.is_empty() {
                let spans = spans.iter().map(|span| (span.offset(), span.length()));
                let spans: Vec<_> = spans.collect();
                add(&format!(
                    "    {side} zero: spans {spans:?}, deltas {deltas:?}\n"
                ));
            }
        }
        for exemplar in &histogram.exemplars {
            add(&format!("   {}\n", exemplar_text(Some(exemplar))));
        }
    }
    out
}

pub(crate) fn pairs(labels: &[protobuf::LabelPair]) -> String {
    let labels = labels.iter();
    let labels: Vec<_> = labels
        .map(|label| format!("{:?}: {:?}", label.name(), label.value()))
        .collect();
    labels.join(", ")
}

pub(crate) fn exemplar_text(exemplar: Option<&protobuf::Exemplar>) -> String {
    let exemplars = exemplar.iter().map(|exemplar| {
        assert!(exemplar.timestamp.is_some());
        let (labels, value) = (pairs(&exemplar.label), exemplar.value());
        format!(" e.g. {value:?} {{{labels}}} at <time>")
    });
    exemplars.collect()
}

/// Prints a created timestamp; masked if it is after 2020, because then it is from this run.
pub(crate) fn created(time: Option<protobuf::Timestamp>) -> String {
    match time {
        None => String::new(),
        Some(time) if time.seconds > 1_600_000_000 => ", created <time>".to_owned(),
        Some(time) => format!(", created {}.{:09}", time.seconds, time.nanos),
    }
}

/// Compares a text with its golden document; with `BLESS=1`, replaces the document.
#[track_caller]
pub(crate) fn compare(name: &str, text: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let path = folder.join(name).with_extension("txt");
    if env::var_os("BLESS").is_some() {
        fs::write(&path, text).unwrap();
    }
    let golden = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        golden == text,
        "{name}: expected\n{golden}\nbut got\n{text}\nBLESS=1 accepts it"
    );
}
