//! Tests metrics whose values a closure writes at each scrape, with labels and with captured state.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use metrics_core::{Counter, FloatGauge, Format, Gauge, Histogram, Options, Registry};
use tests::{Refusal, promtool_check, python_openmetrics};

use crate::support::options;

#[test]
fn every_format_has_the_values_of_the_scrape() -> Result<(), Refusal> {
    let registry = Registry::new();
    let queues = Arc::new(Mutex::new(vec![("mail", 1.0)]));
    let shared = Arc::clone(&queues);
    let labelled = options("queue_jobs").labels(["queue"]);
    registry
        .computed::<Gauge>(labelled, move |write| {
            for (queue, jobs) in &*shared.lock().unwrap() {
                write(&[queue], *jobs);
            }
        })
        .unwrap();
    registry
        .computed::<Counter>(options("sent_total"), |write| write(&[], 4.0))
        .unwrap();
    queues.lock().unwrap().extend([("video", 5.0), ("", 6.0)]);
    let text = registry.encode_to_string(Format::Text);
    for line in [
        "queue_jobs{queue=\"mail\"} 1",
        "queue_jobs{queue=\"video\"} 5",
        "queue_jobs 6",
        "# TYPE sent_total counter",
        "sent_total 4",
    ] {
        assert!(text.contains(&format!("\n{line}\n")), "{line} in {text}");
    }
    promtool_check(&text, &[])?;
    python_openmetrics(&registry.encode_to_string(Format::OpenMetrics))?;
    Ok(())
}

#[test]
fn missing_label_values_are_empty_and_surplus_ones_ignored() {
    let registry = Registry::new();
    registry
        .computed::<FloatGauge>(options("x").labels(["a", "b"]), |write| {
            write(&["1"], 1.5);
            write(&["1", "2", "3"], 2.5);
            // Rejected, because the surplus third value above is ignored, so the series above has
            // the same labels.
            write(&["1", "2"], 3.5);
        })
        .unwrap();
    let text = registry.encode_to_string(Format::Text);
    assert!(
        text.ends_with("\nx{a=\"1\"} 1.5\nx{a=\"1\",b=\"2\"} 2.5\n"),
        "{text}"
    );
}

#[test]
fn computed_metrics_of_several_parts_share_a_family() {
    let registry = Registry::new();
    let computed = [1.0, 2.0].map(|value| {
        let labelled = options("x").labels(["of"]);
        let write = move |write: &mut dyn FnMut(&[&str], f64)| write(&[&value.to_string()], value);
        registry.computed::<Gauge>(labelled, write).unwrap()
    });
    let text = registry.encode_to_string(Format::Text);
    assert!(text.ends_with("\nx{of=\"1\"} 1\nx{of=\"2\"} 2\n"), "{text}");
    assert!(registry.unregister(&computed[0]));
    assert!(!registry.encode_to_string(Format::Text).contains("of=\"1\""));
}

#[test]
fn settings_of_stored_series_and_other_types_are_errors() {
    let registry = Registry::new();
    let refused = |options: Options| {
        let computed = registry.computed::<Gauge>(options.labels(["a"]), |_| ());
        computed.err().unwrap().to_string()
    };
    for options in [
        options("x").expire(Duration::from_secs(1)),
        options("x").max_series(1),
        options("x").exemplars(),
    ] {
        assert!(refused(options).contains("stores no series"));
    }
    assert!(refused(options("x_total")).contains("`_total`"));
    let error = registry.computed::<Histogram>(options("x"), |_| ());
    assert!(
        error
            .err()
            .unwrap()
            .to_string()
            .contains("only counters and gauges")
    );
}
