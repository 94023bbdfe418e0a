//! Tests that a real Prometheus scrapes the example `shortener` and stores the data that the
//! example recorded.

use std::{ops::Range, time::Duration};

use tests::{
    Example, Families, Prometheus, Refusal, Target, promtool_check, python_openmetrics,
    python_text, wait_until,
};

#[test]
fn prometheus_scrapes_what_the_example_records() {
    let example = Example::start(LOAD, LASTING);
    let flags = ["--enable-feature=exemplar-storage"];
    let prometheus = Prometheus::scraping_with(example.metrics(), &flags);
    wait_until(TIMEOUT, "enough scrapes", || {
        let scrapes = prometheus.value(&format!("count_over_time(up{WINDOW})"))?;
        (scrapes >= SCRAPES).then_some(())
    });

    assert_no_failed_scrape(&prometheus);
    assert_no_counter_decreased(&prometheus);
    assert_both_ends_agree(&prometheus);
    assert_plausible_durations(&prometheus);
    assert_page_sizes(&prometheus);
    assert_exemplars_name_requests(&prometheus);
    assert_in_flight_is_bounded(&prometheus);
    assert_metadata(&prometheus, &example);
}

#[test]
fn every_judge_accepts_every_text_format_under_load() -> Result<(), Refusal> {
    let example = Example::start(LOAD, LASTING);
    wait_until(TIMEOUT, "the first requests", || {
        let families = python_text(&example.scrape().body).unwrap();
        (families.sum("shortener_load_requests_total", &[]) > 0.0).then_some(())
    });

    let text = example.scrape();
    assert_eq!(text.status, 200);
    assert!(
        text.content_type.starts_with("text/plain; version=0.0.4"),
        "{}",
        text.content_type
    );
    promtool_check(&text.body, &[])?;
    let as_text = python_text(&text.body)?;

    let later_text = example.scrape_accepting(TEXT_1);
    assert_eq!(later_text.content_type, TEXT_1);
    promtool_check(&later_text.body, &[])?;
    let as_later_text = python_text(&later_text.body)?;

    let openmetrics = example.scrape_accepting(OPENMETRICS);
    assert_eq!(openmetrics.status, 200);
    assert!(
        openmetrics.content_type.starts_with(OPENMETRICS),
        "{}",
        openmetrics.content_type
    );
    let as_openmetrics = python_openmetrics(&openmetrics.body)?;

    assert_eq!(described(&as_text), described(&as_later_text));
    assert_eq!(described(&as_text), described(&as_openmetrics));
    Ok(())
}

#[test]
fn judges_refuse_invalid_expositions() {
    let twice = "# TYPE a counter\na 1\na 2\n";
    assert!(python_text(twice).is_err());
    let uncounted = "# TYPE a counter\na 1\n# EOF\n";
    assert!(python_openmetrics(uncounted).is_err());
    let unnamed = "# TYPE a_total counter\n{ 1\n";
    assert!(promtool_check(unnamed, &[]).is_err());
    let helpless = "# TYPE a_total counter\na_total 1\n";
    assert!(promtool_check(helpless, &[]).is_err());
    assert!(promtool_check(helpless, &["no help text"]).is_ok());
}

fn assert_no_failed_scrape(prometheus: &Prometheus) {
    let up = prometheus.value(&format!("min_over_time(up{WINDOW})"));
    assert_eq!(up, Some(1.0), "a scrape failed");
    let targets = prometheus.targets();
    let target = Target {
        job: "example".to_owned(),
        health: "up".to_owned(),
        last_error: String::new(),
    };
    assert_eq!(targets, [target]);

    let own = prometheus.own_metrics();
    for refused in [
        "prometheus_target_scrapes_sample_duplicate_timestamp_total",
        "prometheus_target_scrapes_sample_out_of_bounds_total",
        "prometheus_target_scrapes_sample_out_of_order_total",
    ] {
        assert_eq!(own.value(refused, &[]), Some(0.0), "{refused}");
    }
}

fn assert_no_counter_decreased(prometheus: &Prometheus) {
    for family in ["function_calls_total", "shortener_load_requests_total"] {
        let resets = prometheus.value(&format!("sum(resets({family}{WINDOW}))"));
        assert_eq!(resets, Some(0.0), "{family} went back");
    }
}

/// Asserts that the load generator received about as many responses of each kind as handlers sent.
fn assert_both_ends_agree(prometheus: &Prometheus) {
    for (requests, calls) in BOTH_ENDS {
        let calls = format!(r#"{calls},module="shortener::app""#);
        let got = increase(
            prometheus,
            &format!("shortener_load_requests_total{{{requests}}}"),
        );
        let gave = increase(prometheus, &format!("function_calls_total{{{calls}}}"));
        assert!(
            got > 0.0 && (got - gave).abs() <= TOLERANCE * got,
            "{got} of {{{requests}}}, but {gave} of {{{calls}}}"
        );
    }
}

#[track_caller]
fn increase(prometheus: &Prometheus, counters: &str) -> f64 {
    let increase = prometheus.value(&format!("sum(increase({counters}{WINDOW}))"));
    increase.unwrap_or_else(|| panic!("there is no {counters}"))
}

fn assert_plausible_durations(prometheus: &Prometheus) {
    for (function, plausible) in DURATION_BUCKETS {
        let selector =
            format!(r#"{{function="{function}",module="shortener::app",outcome="ok"}}{WINDOW}"#);
        let ninth = prometheus.value(&format!(
            "histogram_quantile(0.9, sum by (le) \
             (rate(function_duration_seconds_bucket{selector})))"
        ));
        let mean = prometheus.value(&format!(
            "sum(rate(function_duration_seconds_sum{selector})) \
             / sum(rate(function_duration_seconds_count{selector}))"
        ));
        for (what, seconds) in [("nine of ten calls", ninth), ("a call", mean)] {
            let seconds = seconds.unwrap_or_else(|| panic!("{function} has no durations"));
            assert!(
                plausible.contains(&seconds),
                "{what} of {function}: {seconds} s, which should be in {plausible:?}"
            );
        }
    }
}

/// Asserts that the quantiles of page sizes are plausible.
///
/// Sizes are uniform on a logarithmic scale.
fn assert_page_sizes(prometheus: &Prometheus) {
    for (quantile, plausible) in PAGES {
        let size = prometheus.value(&format!(
            "histogram_quantile({quantile}, sum by (le) (shortener_page_bytes_bucket))"
        ));
        let size = size.expect("pages were fetched");
        assert!(
            plausible.contains(&size),
            "{quantile}: {size}, not {plausible:?}"
        );
    }
}

/// Asserts that exemplars name requests that were sent.
///
/// The load generator numbers its requests and uses the number as trace id.
fn assert_exemplars_name_requests(prometheus: &Prometheus) {
    let sent = prometheus.value("sum(shortener_load_requests_total)");
    let sent = sent.expect("requests were sent") as u128;
    for (name, plausible) in [
        ("shortener_links_followed_total", 1.0..=1.0),
        ("shortener_page_bytes_bucket", 256.0..=4_194_304.0),
    ] {
        let series = prometheus.query_exemplars(name, LASTING);
        assert!(series.len() > 1, "{name} has too few: {series:#?}");
        for one in series {
            let exemplars = one["exemplars"].as_array().expect("a list");
            assert!(!exemplars.is_empty(), "{one:#?}");
            for exemplar in exemplars {
                let trace = exemplar["labels"]["trace_id"].as_str().expect("a trace");
                let request = u128::from_str_radix(trace, 16).expect("a trace is a number");
                let value = exemplar["value"].as_str().expect("a number");
                let value: f64 = value.parse().expect("a number");
                assert!(
                    (1..=sent + MAX_UNSEEN).contains(&request) && plausible.contains(&value),
                    "{exemplar} of {one:#?}, when {sent} were sent"
                );
            }
        }
    }
}

/// Asserts that the gauge of fetches in flight stays small.
///
/// Cancelled calls that were never subtracted would accumulate in it.
fn assert_in_flight_is_bounded(prometheus: &Prometheus) {
    let fetches = format!(r#"function_calls_in_flight{{function="fetch"}}{WINDOW}"#);
    let most = prometheus.value(&format!("max_over_time({fetches})"));
    assert!(
        most > Some(0.0) && most < Some(MANY_FETCHES),
        "at most {most:?} in flight"
    );
    let least = prometheus.value(&format!("min_over_time({fetches})"));
    assert!(least >= Some(0.0), "at least {least:?} in flight");
    let cancelled =
        prometheus.value(r#"function_calls_total{function="fetch",outcome="cancelled"}"#);
    assert!(
        cancelled > Some(MANY_FETCHES),
        "too few are cancelled to see them pile up: {cancelled:?}"
    );
}

fn assert_metadata(prometheus: &Prometheus, example: &Example) {
    let families = python_openmetrics(&example.scrape_accepting(OPENMETRICS).body)
        .expect("the example exposes OpenMetrics");
    for (name, suffix, kind, unit) in DESCRIBED {
        let family = families.family(name);
        assert_eq!((family.kind.as_str(), family.unit.as_str()), (kind, unit));
        assert!(!family.help.is_empty(), "{name} has no help");
        let seen = prometheus.metadata("example", &format!("{name}{suffix}"));
        let said = (kind.to_owned(), family.help.clone(), unit.to_owned());
        assert_eq!(seen, Some(said), "{name}");
    }
}

/// Returns name, type and help of each family as the text format has them, which has no `info` and
/// no `stateset`.
fn described(families: &Families) -> Vec<(String, String, String)> {
    families
        .iter()
        .map(|family| {
            let (name, kind) = match family.kind.as_str() {
                "info" => (format!("{}_info", family.name), "gauge"),
                "stateset" => (family.name.clone(), "gauge"),
                kind => (family.name.clone(), kind),
            };
            (name, kind.to_owned(), family.help.clone())
        })
        .collect()
}

/// Label selectors of responses that the load generator receives, and of the handler calls that
/// send them.
const BOTH_ENDS: [(&str, &str); 8] = [
    (
        r#"kind="create",outcome="success""#,
        r#"function="create",outcome="ok""#,
    ),
    (
        r#"kind="invalid",outcome="rejected""#,
        r#"function="create",outcome="error""#,
    ),
    (
        r#"kind="follow",outcome="redirect""#,
        r#"function="follow",outcome="ok""#,
    ),
    (
        r#"kind=~"follow|missing",outcome="rejected""#,
        r#"function="follow",outcome="error""#,
    ),
    (
        r#"kind="stats",outcome="success""#,
        r#"function="stats",outcome="ok""#,
    ),
    (
        r#"kind=~"preview|impatient",outcome="success""#,
        r#"function="preview",outcome="ok""#,
    ),
    (
        r#"kind=~"preview|impatient",outcome="abandoned""#,
        r#"function="preview",outcome="cancelled""#,
    ),
    (
        r#"kind="delete",outcome="success""#,
        r#"function="remove",outcome="ok""#,
    ),
];

/// Plausible durations of a handler in seconds; a page is fetched in 0.05 to 0.3.
const DURATION_BUCKETS: [(&str, Range<f64>); 3] = [
    ("create", 0.000_001..2.0),
    ("follow", 0.000_001..1.0),
    ("preview", 0.05..1.5),
];

/// Plausible quantiles of page sizes in bytes, which range from 2⁸ to 2²².
const PAGES: [(f64, Range<f64>); 3] = [
    (0.1, 256.0..4096.0),
    (0.5, 4096.0..262_144.0),
    (0.9, 262_144.0..4_194_304.0),
];

/// Families: name, suffix that Prometheus' metadata adds to it, type and unit.
const DESCRIBED: [(&str, &str, &str, &str); 5] = [
    ("function_duration_seconds", "", "histogram", "seconds"),
    ("shortener_page_bytes", "", "histogram", "bytes"),
    ("shortener_cache_used_ratio", "", "gauge", "ratio"),
    ("shortener_links_followed", "", "counter", ""),
    ("shortener_links", "", "gauge", ""),
];

/// Requests per second.
const LOAD: u32 = 200;

/// Many more fetches than are in flight at once, about three, and fewer than are cancelled during
/// the test, about eight per second.
const MANY_FETCHES: f64 = 50.0;

const LASTING: Duration = Duration::from_mins(2);
const TIMEOUT: Duration = Duration::from_mins(1);

/// The most requests that may have been sent since the last scrape.
const MAX_UNSEEN: u128 = 10_000;

/// The time range of the queries.
const WINDOW: &str = "[25s]";
/// Scrapes that must be in the window, of one per second.
const SCRAPES: f64 = 24.0;

/// Allowed relative difference between responses received and sent: a scrape may find a response
/// counted by its handler and not yet by the load generator.
const TOLERANCE: f64 = 0.1;

const TEXT_1: &str = "text/plain; version=1.0.0; charset=utf-8; escaping=allow-utf-8";
const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0";
