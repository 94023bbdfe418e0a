//! Tests that real scrapers read every exposition format, and read the same data in each.

use std::{
    net::Ipv4Addr,
    ops::Range,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use metrics_core::{Counter, DynamicFamily, DynamicMetric, Histogram, Options, Registry};
use metrics_http::Server;
use tests::{Example, Forwarder, Job, Prometheus, Version, VictoriaMetrics, wait_until};

#[test]
fn prometheus_reads_the_same_data_in_protobuf_openmetrics_and_text() {
    let example = Example::start(LOAD, LASTING);
    let [openmetrics, text] =
        [OPENMETRICS, TEXT].map(|accept| Forwarder::accepting(accept, example.metrics()));
    let jobs = [
        Job::new("protobuf", example.metrics()),
        Job::new("openmetrics", openmetrics.address()),
        Job::new("text", text.address()),
    ];
    let prometheus = Prometheus::start(Version::Debian, &jobs, &FEATURES);
    wait_for_scrapes(&prometheus, &jobs);

    for (format, expected) in [(&openmetrics, OPENMETRICS), (&text, TEXT)] {
        let content_type = format.content_type();
        assert!(content_type.starts_with(expected), "{content_type}");
    }
    assert_complete_scrapes(&prometheus, &jobs);
    assert_equal_counts(&prometheus, &jobs);
    assert_exemplars(&prometheus, &["protobuf", "openmetrics"]);
    assert_metadata(&prometheus, "text", "");
    assert_metadata(&prometheus, "openmetrics", "bytes");
    // Of a histogram with native and classic buckets, Prometheus ingests only the native ones.
    let both = prometheus.value(r#"count(shortener_page_bytes_bucket{job="protobuf"})"#);
    assert_eq!(both, None);
    let native = r#"shortener_page_bytes{job="protobuf"}"#;
    for classic in ["openmetrics", "text"] {
        let name = |suffix: &str| format!(r#"shortener_page_bytes{suffix}{{job="{classic}"}}"#);
        assert_quantiles_agree(&prometheus, native, &name("_bucket"));
        assert_agree(
            &prometheus,
            &format!("histogram_count(sum({native} @T))"),
            &format!("sum({} @T)", name("_count")),
        );
        assert_agree(
            &prometheus,
            &format!("histogram_sum(sum({native} @T))"),
            &format!("sum({} @T)", name("_sum")),
        );
    }
}

#[test]
fn prometheus_3_reads_the_same_data_and_utf8_names_in_every_format() {
    let example = Example::start(LOAD, LASTING);
    let others = serve_utf8_names();
    let jobs = FORMATS
        .each_ref()
        .map(|(format, settings)| Job::new(format, example.metrics()).with(settings));
    let names = FORMATS.map(|(format, _)| format!("named-{format}"));
    let mut all = jobs.to_vec();
    for (name, (_, settings)) in names.iter().zip(&FORMATS) {
        all.push(Job::new(name, others.local_addr()).with(settings));
    }
    let prometheus = Prometheus::start(Version::Newer, &all, &FEATURES);
    wait_for_scrapes(&prometheus, &all);

    assert_complete_scrapes(&prometheus, &all);
    assert_equal_counts(&prometheus, &jobs);
    assert_exemplars(&prometheus, &["protobuf", "openmetrics"]);
    for (format, unit) in [
        ("protobuf", "bytes"),
        ("openmetrics", "bytes"),
        ("text1", ""),
        ("text", ""),
    ] {
        assert_metadata(&prometheus, format, unit);
    }
    assert_both_kinds_of_buckets(&prometheus);
    assert_requested_names(&prometheus);
}

#[test]
fn prometheus_scrapes_included_registries_in_every_format() {
    let registry = Registry::new();
    let requests = Options::new("requests_total", "Requests.");
    registry.create::<Counter>(requests).unwrap().inc_by(7);
    for (pool, queries) in [("main", 3), ("replica", 5)] {
        let part = Registry::builder().prefix("db_").label("pool", pool);
        let part = part.build().unwrap();
        let options = Options::new("queries_total", "Queries.").labels(["table"]);
        create::<Counter>(&part, options)
            .with(&["orders"])
            .inc_by(queries);
        registry.include(&part).unwrap();
    }
    let server = Server::builder().registry(registry);
    let server = server.serve((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let jobs = FORMATS
        .each_ref()
        .map(|(format, settings)| Job::new(format, server.local_addr()).with(settings));
    let prometheus = Prometheus::start(Version::Newer, &jobs, &FEATURES);
    for Job { name, .. } in &jobs {
        let value =
            |series: &str| prometheus.value(&series.replace('@', &format!(r#"job="{name}""#)));
        wait_until(TIMEOUT, name, || value("requests_total{@}"));
        for (series, expected) in [
            ("requests_total{@}", 7.0),
            (r#"db_queries_total{pool="main",table="orders",@}"#, 3.0),
            (r#"db_queries_total{pool="replica",table="orders",@}"#, 5.0),
            ("count(db_queries_total{@})", 2.0),
            ("up{@}", 1.0),
        ] {
            assert_eq!(value(series), Some(expected), "{series} in {name}");
        }
    }
}

#[test]
fn prometheus_reads_large_changing_families_in_protobuf() {
    let registry = Registry::new();
    let options = |name: &str| Options::new(name, "Many.").labels(["number"]);
    let counters: DynamicFamily<Counter> = create(&registry, options("large_total"));
    let native: DynamicFamily<Histogram> = create(&registry, options("large_native").native(1.1));
    let classic: DynamicFamily<Histogram> =
        create(&registry, options("large_classic").buckets([1.0, 1e3, 1e6]));
    let record = |round: u32| {
        for number in 0..COUNTERS {
            counters.with(&[&number.to_string()]).inc_by(round.into());
        }
        for number in 0..HISTOGRAMS {
            let value = f64::from(round) * f64::from(number);
            native.with(&[&number.to_string()]).observe(value);
            classic.with(&[&number.to_string()]).observe(value);
        }
    };
    record(1);
    let server = Server::builder().registry(registry.clone());
    let server = server.serve((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    // Allows 3 s for a scrape, because scraping this many series takes time while other tests run.
    let slowly = ["scrape_interval: 3s", "scrape_timeout: 3s"];
    let jobs = [Job::new("large", server.local_addr()).with(&slowly)];
    let prometheus = Prometheus::start(Version::Debian, &jobs, &FEATURES);

    // In protobuf, the length of a message precedes its content, which recordings change during the
    // scrape.
    let is_enough = AtomicBool::new(false);
    let rounds = thread::scope(|scope| {
        let recorder = scope.spawn(|| {
            let mut round = 1;
            while !is_enough.load(Ordering::Relaxed) {
                round += 1;
                record(round);
            }
            round
        });
        wait_until(TIMEOUT, "scrapes of what changes", || {
            let scrapes = prometheus.value("count_over_time(up[1m])");
            // Failed scrapes count as well, so that the wait ends; the test then fails at `up`
            // below.
            (scrapes >= Some(4.0)).then_some(())
        });
        is_enough.store(true, Ordering::Relaxed);
        recorder.join().expect("it records")
    });
    let total = f64::from(COUNTERS) * f64::from(rounds) * f64::from(rounds + 1) / 2.0;
    wait_until(TIMEOUT, "a scrape of the end", || {
        (prometheus.value("sum(large_total)") == Some(total)).then_some(())
    });

    let (counters, histograms) = (f64::from(COUNTERS), f64::from(HISTOGRAMS));
    let observations = histograms * f64::from(rounds);
    for (expression, expected) in [
        ("min_over_time(up[2m])", 1.0),
        ("count(large_total)", counters),
        ("count(histogram_count(large_native))", histograms),
        ("count(large_classic_bucket)", 4.0 * histograms),
        ("sum(histogram_count(large_native))", observations),
        ("sum(large_classic_count)", observations),
        ("sum(resets(large_total[2m]))", 0.0),
        ("sum(resets(large_native[2m]))", 0.0),
        ("sum(resets(large_classic_bucket[2m]))", 0.0),
    ] {
        assert_eq!(prometheus.value(expression), Some(expected), "{expression}");
    }
    let sums = "sum(histogram_sum(large_native)) / sum(large_classic_sum)";
    let sums = prometheus.value(sums).expect("there are sums");
    assert!((sums - 1.0).abs() < 1e-9, "{sums}");
}

#[test]
fn victoria_metrics_reads_the_example() {
    let example = Example::start(LOAD, LASTING);
    let victoria = VictoriaMetrics::scraping(example.metrics());
    let followed = wait_until(TIMEOUT, "links followed", || {
        let followed = victoria.value("sum(shortener_links_followed_total)");
        followed.filter(|followed| *followed > 0.0)
    });
    let size = wait_until(TIMEOUT, "pages", || {
        let size = "histogram_quantile(0.5, sum by (le) (shortener_page_bytes_bucket))";
        victoria.value(size).filter(|size| !size.is_nan())
    });
    assert!(SIZES.contains(&size), "{size}");
    assert_eq!(victoria.value("min_over_time(up[1m])"), Some(1.0));
    let later = victoria.value("sum(shortener_links_followed_total)");
    assert!(later >= Some(followed), "{later:?} after {followed}");
}

#[track_caller]
fn wait_for_scrapes(prometheus: &Prometheus, jobs: &[Job<'_>]) {
    wait_until(TIMEOUT, "enough scrapes", || {
        let least = prometheus.value("min(count_over_time(up[1m]))")?;
        let all = prometheus.query("up").len() == jobs.len();
        (all && least >= SCRAPES).then_some(())
    });
}

fn assert_complete_scrapes(prometheus: &Prometheus, jobs: &[Job<'_>]) {
    let targets = prometheus.targets();
    assert_eq!(targets.len(), jobs.len());
    for target in targets {
        assert_eq!((&*target.health, &*target.last_error), ("up", ""));
    }
    let up = prometheus.value("min(min_over_time(up[1m]))");
    assert_eq!(up, Some(1.0), "a scrape failed");
    for name in ["function_calls_total", "shortener_load_requests_total"] {
        let resets = prometheus.value(&format!("sum(resets({name}[1m]))"));
        assert_eq!(resets, Some(0.0), "{name} went back");
    }
}

/// Asserts that every format reports the same counts, and the same number of series.
fn assert_equal_counts(prometheus: &Prometheus, jobs: &[Job<'_>]) {
    for pair in jobs.windows(2) {
        for name in [
            "shortener_load_requests_total",
            "function_duration_seconds_bucket",
            "function_calls_total",
        ] {
            let [one, other] =
                [pair[0].name, pair[1].name].map(|job| format!(r#"sum({name}{{job="{job}"}} @T)"#));
            assert_agree(prometheus, &one, &other);
        }
        let [one, other] = [pair[0].name, pair[1].name].map(|job| {
            let series = prometheus.query(&format!(
                r#"count({{job="{job}",__name__=~"shortener_.*_total|function_calls_total"}})"#
            ));
            series[0]["value"][1].clone()
        });
        assert_eq!(
            one, other,
            "series in {} and {}",
            pair[0].name, pair[1].name
        );
    }
}

/// Asserts that Prometheus has exemplars of counters and histograms from each of `jobs`.
fn assert_exemplars(prometheus: &Prometheus, jobs: &[&str]) {
    for job in jobs {
        for name in [
            r#"shortener_links_followed_total{cache="hit""#,
            r#"{__name__=~"shortener_page_bytes(_bucket)?""#,
        ] {
            let found = prometheus.query_exemplars(&format!(r#"{name},job="{job}"}}"#), LASTING);
            let exemplar = found.first().map(|series| &series["exemplars"][0]);
            let trace = exemplar.and_then(|one| one["labels"]["trace_id"].as_str());
            assert_eq!(trace.map(str::len), Some(32), "{name} in {job}: {found:#?}");
        }
    }
}

/// Asserts the metadata of a histogram; `unit` is empty in formats without units.
#[track_caller]
fn assert_metadata(prometheus: &Prometheus, job: &str, unit: &str) {
    let expected = ["histogram", "Size of the pages linked to.", unit];
    let seen = prometheus.metadata(job, "shortener_page_bytes");
    let seen = seen.map(|(kind, help, unit)| [kind, help, unit]);
    assert_eq!(seen, Some(expected.map(str::to_owned)), "{job}");
}

/// Asserts that two increasing series agree although they are scraped at different moments: neither
/// exceeds the value that the other has some scrapes later.
///
/// `@T` in the expressions is replaced by an offset or nothing.
#[track_caller]
fn assert_agree(prometheus: &Prometheus, one: &str, other: &str) {
    let at = |expression: &str, offset: &str| expression.replace("@T", offset);
    for (one, other) in [(one, other), (other, one)] {
        let expression = format!("{} <= bool {}", at(one, EARLIER), at(other, ""));
        assert_eq!(prometheus.value(&expression), Some(1.0), "{expression}");
        let grown = format!("{} > bool 0", at(one, EARLIER));
        assert_eq!(prometheus.value(&grown), Some(1.0), "{grown}");
    }
}

/// Asserts that quantiles differ by at most the width of their classic bucket; classic bounds grow
/// by a factor of four.
fn assert_quantiles_agree(prometheus: &Prometheus, native: &str, classic: &str) {
    for quantile in [0.25, 0.5, 0.75, 0.9] {
        let of = |series: &str| {
            let value = prometheus.value(&format!("histogram_quantile({quantile}, {series})"));
            value.unwrap_or_else(|| panic!("no quantile of {series}"))
        };
        let native = of(&format!("sum({native})"));
        let classic = of(&format!("sum by (le) ({classic})"));
        let bound = 4_f64.powf(classic.log(4.0).ceil());
        assert!(
            (native - classic).abs() <= bound - bound / 4.0,
            "{quantile}: {native} by native buckets, {classic} by those up to {bound}"
        );
    }
}

fn assert_both_kinds_of_buckets(prometheus: &Prometheus) {
    let name = |suffix: &str| format!(r#"shortener_page_bytes{suffix}{{job="protobuf"}}"#);
    assert_quantiles_agree(prometheus, &name(""), &name("_bucket"));
    for (part, suffix) in [("count", "_count"), ("sum", "_sum")] {
        let ratio = format!(
            "histogram_{part}(sum({})) / sum({})",
            name(""),
            name(suffix)
        );
        let ratio = prometheus.value(&ratio).expect("pages were fetched");
        assert!((ratio - 1.0).abs() < 1e-9, "{part}: {ratio}");
    }
}

/// Starts a server with UTF-8 names.
fn serve_utf8_names() -> Server {
    let registry = Registry::new();
    let options = Options::new("http.server.requests_total", "Requests.").utf8();
    let requests: DynamicFamily<Counter> = create(&registry, options.labels(["http.method"]));
    requests.with(&["GET"]).inc_by(7);
    let options = Options::new("http.server.größe", "Sizes.").utf8();
    let sizes: DynamicFamily<Histogram> = create(
        &registry,
        options.labels(["http.method"]).buckets([1.0, 2.0]),
    );
    sizes.with(&["GET"]).observe(1.5);
    let server = Server::builder().registry(registry);
    server.serve((Ipv4Addr::LOCALHOST, 0)).expect("a free port")
}

/// Asserts that names are unchanged where the format allows UTF-8 and Prometheus requests it, and
/// escaped with underscores elsewhere.
fn assert_requested_names(prometheus: &Prometheus) {
    for (format, _) in &FORMATS {
        let (requests, bucket, method) = match *format {
            "openmetrics" | "text1" => (
                "http.server.requests_total",
                "http.server.größe_bucket",
                "http.method",
            ),
            _ => (
                "http_server_requests_total",
                "http_server_gr__e_bucket",
                "http_method",
            ),
        };
        let value = |name: &str, more: &str| {
            prometheus.value(&format!(
                r#"{{"{name}","{method}"="GET",job="named-{format}"{more}}}"#
            ))
        };
        assert_eq!(value(requests, ""), Some(7.0), "{format}");
        assert_eq!(value(bucket, r#",le="2.0""#), Some(1.0), "{format}");
    }
}

fn create<M: DynamicMetric>(registry: &Registry, options: Options) -> DynamicFamily<M> {
    registry.create_family(options).expect("a new metric")
}

/// The settings with which Prometheus 3 requests each format.
static FORMATS: [(&str, [&str; 2]); 4] = [
    (
        "protobuf",
        [
            "scrape_protocols: [PrometheusProto]",
            "always_scrape_classic_histograms: true",
        ],
    ),
    (
        "openmetrics",
        ["scrape_protocols: [OpenMetricsText1.0.0]", ""],
    ),
    ("text1", ["scrape_protocols: [PrometheusText1.0.0]", ""]),
    ("text", ["scrape_protocols: [PrometheusText0.0.4]", ""]),
];

const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0";
const TEXT: &str = "text/plain; version=0.0.4";
const FEATURES: [&str; 1] = ["--enable-feature=native-histograms,exemplar-storage"];

/// An offset longer than a scrape and its interval.
const EARLIER: &str = "offset 3s";
const SCRAPES: f64 = 12.0;

/// Requests per second of the example's load generator.
const LOAD: u32 = 100;
const COUNTERS: u32 = 5000;
const HISTOGRAMS: u32 = 2000;
/// The range of the example's page sizes in bytes, about uniform on a logarithmic scale.
const SIZES: Range<f64> = 256.0..4_194_304.0;

const LASTING: Duration = Duration::from_mins(2);
const TIMEOUT: Duration = Duration::from_mins(1);
