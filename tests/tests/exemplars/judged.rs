//! Tests that the official Python parser and a real Prometheus read exemplars.

use std::{net::Ipv4Addr, time::Duration};

use metrics_core::metrics;
use tests::{Prometheus, wait_until};

use crate::support::{ID, in_span, parsed, sampled};

#[test]
fn the_official_parser_reads_exemplars_from_spans() {
    metrics! {
        /// Recordings.
        #[exemplars]
        static JUDGED: Counter = "exemplars_judged_total";
    }
    let (trace, span) = sampled(|| in_span(|| JUDGED.inc()));
    let families = parsed();
    let sample = &families.family("exemplars_judged").samples[0];
    let exemplar = sample.exemplar.as_ref().expect("it has one");
    assert_eq!(exemplar.value, 1.0);
    assert_eq!(exemplar.labels["trace_id"], trace);
    assert_eq!(exemplar.labels["span_id"], span);
    assert!(exemplar.timestamp.is_some());
}

#[test]
fn a_real_prometheus_stores_exemplars() {
    metrics! {
        /// Observations.
        #[exemplars]
        #[buckets(0.1, 1.0)]
        static STORED: Histogram = "exemplars_stored_seconds";
    }
    let (trace, _) = sampled(|| in_span(|| STORED.observe(0.3)));
    STORED.observe_with_exemplar(5.0, ID);
    let server = metrics_http::serve((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let flags = ["--enable-feature=exemplar-storage"];
    let prometheus = Prometheus::scraping_with(server.local_addr(), &flags);
    let (minute, hour) = (Duration::from_mins(1), Duration::from_hours(1));
    let stored = wait_until(minute, "exemplars", || {
        let found = prometheus.query_exemplars("exemplars_stored_seconds_bucket", hour);
        (found.len() == 2).then_some(found)
    });
    for (le, id, value) in [("1.0", trace.as_str(), 0.3), ("+Inf", ID[0].1, 5.0)] {
        let of = stored.iter().find(|one| one["seriesLabels"]["le"] == le);
        let exemplar = &of.unwrap_or_else(|| panic!("{stored:#?}"))["exemplars"][0];
        assert_eq!(exemplar["labels"]["trace_id"], id);
        assert_eq!(exemplar["value"], value.to_string());
    }
}
