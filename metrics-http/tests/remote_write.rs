//! Tests of remote write: requests, retries, lost samples and shutdown.

#![expect(
    clippy::float_cmp,
    reason = "what is sent is what was recorded, bit by bit"
)]

mod support;

use std::{
    collections::BTreeMap,
    net::TcpListener,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
    time::{Duration, SystemTime},
};

use metrics_http::{
    Collection, Collector, Counter, Desc, Error, Format, Gauge, Histogram, Kind, Options, Pusher,
    Registry, RemoteWrite, RemoteWriteVersion,
};

use support::{
    OTHER_LOOPBACK, Shop,
    receiver::{Answer, Receiver, Request},
    registry,
    written::{Series, Written, accept, accept_only_v1, counts, ignore_v2},
};

/// A collector whose gauge `ticks` counts its calls.
#[derive(Default)]
struct Clock(AtomicU64);

impl Collector for Clock {
    fn descs(&self) -> &[Desc] {
        static DESCS: [Desc; 1] = [Desc::new(Kind::Gauge, "ticks", "Scrapes.")];
        &DESCS
    }

    fn collect(&self, out: &mut Collection<'_>) {
        let ticks = self.0.fetch_add(1, Ordering::Relaxed) + 1;
        out.gauge(&self.descs()[0], &[], ticks as f64);
    }
}

fn accepting_receiver() -> Receiver {
    let receiver = Receiver::new();
    receiver.answer_all(accept());
    receiver
}

fn to(receiver: &Receiver, registry: &Registry) -> RemoteWrite {
    RemoteWrite::new(format!("{}/api/v1/write", receiver.url()), "shop").registry(registry.clone())
}

fn often(write: RemoteWrite) -> Pusher {
    write.push_every(Duration::from_millis(5), drop).unwrap()
}

/// The requests that a pusher sends at its start and at its end.
fn sent(receiver: &Receiver, write: RemoteWrite) -> Vec<Written> {
    let pusher = write
        .push_every(Duration::MAX, |error| panic!("{error}"))
        .unwrap();
    receiver.wait_for(1);
    pusher.shutdown().unwrap();
    accepted(receiver)
}

/// The requests that the server accepted.
fn accepted(receiver: &Receiver) -> Vec<Written> {
    let requests = receiver.requests();
    let taken = requests.iter().filter(|one| is_taken(one));
    taken.map(Written::of).collect()
}

fn is_taken(request: &Request) -> bool {
    request.status.is_some_and(|status| status / 100 == 2)
}

/// The values of `ticks` that the server accepted, by time, without stale markers.
fn ticks(receiver: &Receiver) -> Vec<u64> {
    let mut ticks = BTreeMap::new();
    for written in accepted(receiver) {
        let series = written.series.into_iter();
        for sample in series
            .filter(|one| one.name() == "ticks")
            .flat_map(|one| one.samples)
        {
            if !sample.value.is_nan() {
                ticks.insert(sample.timestamp, sample.value as u64);
            }
        }
    }
    ticks.into_values().collect()
}

fn lost(registry: &Registry, receiver: &Receiver, reason: &str) -> u64 {
    let text = registry.encode_to_string(Format::Text);
    let url = receiver.url();
    let line = format!(
        "metrics_push_lost_samples_total{{url=\"{url}\",pushed_job=\"shop\",reason=\"{reason}\"}} "
    );
    let (_, rest) = text.split_once(&line).unwrap_or_else(|| panic!("{text}"));
    let (count, _) = rest.split_once('\n').unwrap();
    count.parse().unwrap()
}

fn series<'w>(written: &'w Written, name: &str) -> Vec<&'w Series> {
    let named = written.series.iter();
    named.filter(|series| series.name() == name).collect()
}

#[test]
fn samples_are_sent_with_the_labels_of_a_scrape() {
    for version in [RemoteWriteVersion::V1, RemoteWriteVersion::V2] {
        let receiver = accepting_receiver();
        let write = to(&receiver, &registry(Shop))
            .label("zone", "a")
            .label("country", "not there")
            .label("empty", "")
            .version(version);
        let written = sent(&receiver, write);
        let orders = series(&written[0], "orders_total");
        assert_eq!(orders.len(), 2);
        let labels = [
            ("__name__", "orders_total"),
            ("country", "no"),
            ("job", "shop"),
            ("zone", "a"),
        ];
        let labels = labels.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(orders[0].labels, BTreeMap::from(labels));
        assert_eq!(orders[0].samples[0].value, 3.0);
        let path = &receiver.requests()[0].path;
        assert_eq!(path, "/api/v1/write");
    }
}

#[test]
fn metadata_are_sent_with_both_versions() {
    let registry = registry(Shop);
    let expected = (1, "Orders taken.".to_owned(), String::new());
    let receiver = accepting_receiver();
    let written = sent(&receiver, to(&receiver, &registry));
    let orders = series(&written[0], "orders_total");
    assert_eq!(orders[0].metadata, Some(expected.clone()));
    let receiver = accepting_receiver();
    let write = to(&receiver, &registry).version(RemoteWriteVersion::V1);
    let written = sent(&receiver, write);
    assert_eq!(written[0].metadata["orders_total"], expected);
}

#[test]
fn a_classic_histogram_has_the_series_of_a_scrape() {
    let registry = Registry::new();
    let options = Options::new("size_bytes", "Sizes.").buckets([1.0, 2.5, 1e6]);
    let sizes = registry.create::<Histogram>(options).unwrap();
    for size in [0.5, 2.0, 2.0, 3.0, 1e7] {
        sizes.observe(size);
    }
    let receiver = accepting_receiver();
    let written = &sent(&receiver, to(&receiver, &registry))[0];
    let buckets = series(written, "size_bytes_bucket");
    let buckets = buckets
        .iter()
        .map(|one| (&*one.labels["le"], one.samples[0].value));
    let expected = [("1.0", 1.0), ("2.5", 3.0), ("1e+06", 4.0), ("+Inf", 5.0)];
    assert_eq!(buckets.collect::<Vec<_>>(), expected);
    let one = |name| series(written, name)[0].samples[0].value;
    assert_eq!(one("size_bytes_count"), 5.0);
    assert_eq!(one("size_bytes_sum"), 0.5 + 2.0 + 2.0 + 3.0 + 1e7);
}

#[test]
fn native_histograms_have_all_their_buckets() {
    let registry = Registry::new();
    let options = Options::new("size_bytes", "Sizes.").native(1.1);
    let sizes = registry.create::<Histogram>(options).unwrap();
    for size in [0.0, 1.0, 1.0, 1.05, 7.0, 1e6] {
        sizes.observe(size);
    }
    let native = sizes.get().native.unwrap();
    for version in [RemoteWriteVersion::V1, RemoteWriteVersion::V2] {
        let receiver = accepting_receiver();
        let write = to(&receiver, &registry).version(version);
        let written = &sent(&receiver, write.send_native_histograms(true))[0];
        let [one] = series(written, "size_bytes")[..] else {
            panic!("one series: {written:?}")
        };
        let histogram = &one.histograms[0];
        assert_eq!(histogram.count, Some(6));
        assert_eq!(histogram.zero_count, Some(1));
        assert_eq!(histogram.schema, native.schema);
        assert_eq!(histogram.sum, 1.0 + 1.0 + 1.05 + 7.0 + 1e6);
        let buckets = native.positive.iter();
        let buckets: Vec<_> = buckets.map(|(at, count)| (*at, *count as i64)).collect();
        assert_eq!(histogram.positive(), buckets);
        assert!(series(written, "size_bytes_bucket").is_empty());
    }
}

#[test]
fn without_native_histograms_their_text_series_are_sent() {
    let registry = Registry::new();
    let options = Options::new("size_bytes", "Sizes.").native(1.1);
    registry.create::<Histogram>(options).unwrap().observe(7.0);
    let receiver = accepting_receiver();
    let written = &sent(&receiver, to(&receiver, &registry))[0];
    assert!(series(written, "size_bytes").is_empty());
    assert_eq!(series(written, "size_bytes_bucket").len(), 1);
    assert_eq!(series(written, "size_bytes_sum")[0].samples[0].value, 7.0);
}

#[test]
fn created_timestamps_are_sent_with_version_2() {
    let registry = Registry::new();
    let before = now();
    let options = Options::new("orders_total", "Orders.");
    let orders = registry.create::<Counter>(options).unwrap();
    let options = Options::new("waiting", "Orders.");
    let waiting = registry.create::<Gauge>(options).unwrap();
    orders.inc();
    waiting.set(1);
    let start = |version| {
        let receiver = accepting_receiver();
        let written = &sent(&receiver, to(&receiver, &registry).version(version))[0];
        ["orders_total", "waiting"].map(|name| series(written, name)[0].samples[0].start_timestamp)
    };
    let [since, none] = start(RemoteWriteVersion::V2);
    assert!((before - 1..=now() + 1).contains(&since), "{since}");
    assert_eq!(none, 0);
    assert_eq!(start(RemoteWriteVersion::V1), [0, 0]);
}

fn now() -> i64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    now.unwrap().as_millis() as i64
}

#[test]
fn an_exemplar_is_sent_once_with_its_bucket() {
    let registry = Registry::new();
    let options = Options::new("size_bytes", "Sizes.").buckets([1.0, 10.0]);
    let sizes = registry.create::<Histogram>(options).unwrap();
    sizes.observe_with_exemplar(5.0, &[("trace_id", "abc"), ("a", "b")]);
    let receiver = accepting_receiver();
    let pusher = often(to(&receiver, &registry));
    receiver.wait_for(3);
    pusher.shutdown().unwrap();
    let written = accepted(&receiver);
    let all = written.iter().flat_map(|one| &one.series);
    let all: Vec<_> = all
        .flat_map(|one| one.exemplars.iter().map(move |exemplar| (one, exemplar)))
        .collect();
    let [(bucket, exemplar)] = all[..] else {
        panic!("one exemplar: {all:?}")
    };
    assert_eq!(bucket.labels["le"], "10.0");
    assert_eq!(exemplar.value, 5.0);
    assert_eq!(exemplar.labels["trace_id"], "abc");
}

#[test]
fn names_are_escaped_as_configured() {
    let registry = Registry::new();
    let options = Options::new("http.requests_total", "Requests.").labels(["http.method"]);
    let requests = registry.create_family::<Counter>(options.utf8()).unwrap();
    requests.with(&["GET"]).inc();
    let receiver = accepting_receiver();
    let written = &sent(&receiver, to(&receiver, &registry))[0];
    let one = series(written, "http_requests_total")[0];
    assert_eq!(one.labels["http_method"], "GET");
    let receiver = accepting_receiver();
    let write = to(&receiver, &registry).escaping(metrics_http::Escaping::AllowUtf8);
    let written = &sent(&receiver, write)[0];
    let one = series(written, "http.requests_total")[0];
    assert_eq!(one.labels["http.method"], "GET");
}

#[test]
fn every_sample_is_sent_and_every_series_ends_with_a_stale_marker() {
    let registry = registry(Clock::default());
    let options = Options::new("size_bytes", "Sizes.").native(1.1);
    registry.create::<Histogram>(options).unwrap().observe(1.0);
    let receiver = accepting_receiver();
    let pusher = often(to(&receiver, &registry).send_native_histograms(true));
    receiver.wait_for(10);
    pusher.shutdown().unwrap();
    let ticks = ticks(&receiver);
    assert!(ticks.len() >= 10);
    assert_eq!(ticks, (1..=ticks.len() as u64).collect::<Vec<_>>());
    let mut last = BTreeMap::new();
    for series in accepted(&receiver).into_iter().flat_map(|one| one.series) {
        let value = match (series.samples.last(), series.histograms.last()) {
            (Some(sample), _) => sample.value,
            (_, Some(histogram)) => histogram.sum,
            _ => unreachable!("it was checked"),
        };
        last.insert(series.labels, value.to_bits());
    }
    assert!(last.len() > 10, "{last:?}");
    assert!(last.values().all(|bits| *bits == STALE), "{last:?}");
}

#[test]
fn a_removed_series_ends_with_a_stale_marker() {
    let registry = Registry::new();
    let options = Options::new("orders_total", "Orders.").labels(["country"]);
    let orders = registry.create_family::<Counter>(options).unwrap();
    orders.with(&["no"]).inc();
    let receiver = accepting_receiver();
    let pusher = often(to(&receiver, &registry));
    receiver.wait_for(1);
    orders.remove(&["no"]);
    let is_stale = |request: &Request| {
        let written = Written::of(request);
        let found = series(&written, "orders_total");
        let samples = found.iter().flat_map(|one| &one.samples);
        samples
            .map(|one| one.value.to_bits())
            .any(|bits| bits == STALE)
    };
    receiver.wait_until(|requests| requests.iter().any(is_stale));
    pusher.shutdown().unwrap();
    let markers = receiver
        .requests()
        .iter()
        .filter(|one| is_stale(one))
        .count();
    assert_eq!(markers, 1);
}

#[test]
fn of_series_that_an_added_label_makes_equal_the_first_is_sent() {
    let registry = Registry::new();
    let options = Options::new("orders_total", "Orders.").labels(["country"]);
    let orders = registry.create_family::<Counter>(options).unwrap();
    for (country, count) in [("no", 1), ("", 2), ("se", 3)] {
        orders.with(&[country]).inc_by(count);
    }
    let receiver = accepting_receiver();
    let requests = sent(&receiver, to(&receiver, &registry).label("country", "no"));
    for written in &requests {
        let samples = series(written, "orders_total")
            .into_iter()
            .flat_map(|one| &one.samples);
        let values = samples.map(|one| one.value).filter(|value| !value.is_nan());
        assert_eq!(values.collect::<Vec<_>>(), [1.0, 3.0]);
    }
    assert_eq!(lost(&registry, &receiver, "duplicate"), 2);
}

#[test]
fn no_request_exceeds_the_limit_of_samples() {
    let registry = registry(Clock::default());
    let receiver = accepting_receiver();
    let write = to(&receiver, &registry).max_samples_per_send(7);
    for written in sent(&receiver, write) {
        assert!(written.len() <= 7, "{}", written.len());
    }
    assert_eq!(ticks(&receiver), [1, 2]);
}

#[test]
fn a_server_without_version_2_gets_version_1() {
    for answer in [accept_only_v1(), ignore_v2(), Answer::status(400)] {
        let receiver = Receiver::new();
        let registry = registry(Clock::default());
        receiver.answer([answer]);
        receiver.answer_all(accept());
        let pusher = often(to(&receiver, &registry));
        receiver.wait_for(4);
        pusher.shutdown().unwrap();
        let written: Vec<_> = receiver.requests().iter().map(Written::of).collect();
        assert_eq!(written[0].version, 2);
        assert!(written[1..].iter().all(|one| one.version == 1));
        let again: Vec<_> = written[1].series.iter().map(|one| &one.labels).collect();
        let first: Vec<_> = written[0].series.iter().map(|one| &one.labels).collect();
        assert_eq!(again, first);
        let seen = ticks(&receiver);
        assert_eq!(*seen.last().unwrap() as usize, seen.len());
        assert_eq!(lost(&registry, &receiver, "refused"), 0);
        let text = registry.encode_to_string(Format::Text);
        let url = receiver.url();
        let failed = format!("{{url=\"{url}\",pushed_job=\"shop\",result=\"error\"}} 0\n");
        assert!(text.contains(&failed), "the fallback is no error: {text}");
    }
}

#[test]
fn a_refusal_in_both_versions_undoes_the_fallback() {
    let receiver = Receiver::new();
    receiver.answer([Answer::status(400), Answer::status(400)]);
    receiver.answer_all(accept());
    let pusher = often(to(&receiver, &registry(Clock::default())));
    let requests = receiver.wait_for(4);
    drop(pusher);
    let versions: Vec<_> = requests
        .iter()
        .map(|one| Written::of(one).version)
        .collect();
    assert_eq!(versions[..4], [2, 1, 2, 2]);
}

#[test]
fn a_temporarily_failed_request_is_retried_unchanged() {
    for answer in [
        Answer::status(500),
        Answer::status(503),
        Answer::status(429),
        Answer::HangUp,
    ] {
        let receiver = Receiver::new();
        let registry = registry(Clock::default());
        receiver.answer([accept(), answer.clone(), answer.clone(), answer]);
        receiver.answer_all(accept());
        let (told, errors) = mpsc::channel();
        let pusher = to(&receiver, &registry)
            .push_every(Duration::from_millis(5), move |error: Error| {
                _ = told.send(error);
            })
            .unwrap();
        receiver.wait_for(6);
        pusher.shutdown().unwrap();
        let seen = ticks(&receiver);
        assert_eq!(seen, (1..=seen.len() as u64).collect::<Vec<_>>());
        let requests = receiver.requests();
        for again in &requests[2..5] {
            assert_eq!(again.body, requests[1].body);
        }
        assert_eq!(errors.iter().count(), 1, "an outage is one error");
    }
}

#[test]
fn retry_after_is_honoured() {
    let second = Duration::from_secs(1);
    let date = httpdate::fmt_http_date(SystemTime::now() + 3 * second);
    for value in [date.as_str(), "1"] {
        let receiver = Receiver::new();
        receiver.answer([Answer::with_header(429, &format!("Retry-After: {value}"))]);
        receiver.answer_all(accept());
        // The interval is long enough that the queue does not overflow during the wait.
        let pusher = to(&receiver, &registry(Clock::default()))
            .push_every(second / 20, drop)
            .unwrap();
        let requests = receiver.wait_for(2);
        match httpdate::parse_http_date(value) {
            Ok(date) => assert!(SystemTime::now() >= date),
            Err(_) => assert!(requests[1].at - requests[0].at >= second),
        }
        drop(pusher);
        let seen = ticks(&receiver);
        assert_eq!(seen, (1..=seen.len() as u64).collect::<Vec<_>>());
    }
}

#[test]
fn refused_samples_are_dropped_and_counted() {
    for status in [400, 401, 404, 413] {
        let receiver = Receiver::new();
        let registry = registry(Clock::default());
        receiver.answer([accept(), Answer::with_body(status, "out of bounds")]);
        receiver.answer_all(accept());
        let (told, errors) = mpsc::channel();
        let pusher = to(&receiver, &registry)
            .push_every(Duration::from_millis(5), move |error: Error| {
                _ = told.send(error);
            })
            .unwrap();
        receiver.wait_for(4);
        pusher.shutdown().unwrap();
        let requests = receiver.requests();
        let refused = Written::of(&requests[1]);
        assert_eq!(lost(&registry, &receiver, "refused"), refused.len() as u64);
        assert_ne!(requests[2].body, requests[1].body);
        let error = errors.recv().unwrap();
        assert_eq!(error.status(), Some(status));
        assert!(
            error
                .to_string()
                .ends_with("the response is: out of bounds"),
            "{error}"
        );
    }
}

#[test]
fn a_request_is_retried_unchanged_after_a_timeout() {
    let receiver = Receiver::new();
    receiver.answer([Answer::Hang]);
    receiver.answer_all(accept());
    let write = to(&receiver, &registry(Clock::default()));
    let pusher = often(write.timeout(Duration::from_millis(50)));
    let requests = receiver.wait_for(2);
    assert_eq!(requests[0].body, requests[1].body);
    drop(pusher);
    let seen = ticks(&receiver);
    assert_eq!(seen, (1..=seen.len() as u64).collect::<Vec<_>>());
}

#[test]
fn no_sample_is_lost_while_the_server_is_unreachable() {
    let registry = registry(Clock::default());
    // Nothing listens on this port until the receiver is started on it below.
    let listener = TcpListener::bind(OTHER_LOOPBACK).unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let (told, errors) = mpsc::channel();
    let url = format!("http://{address}/api/v1/write");
    let pusher = RemoteWrite::new(url, "shop")
        .registry(registry.clone())
        .push_every(Duration::from_millis(5), move |error: Error| {
            _ = told.send(error);
        })
        .unwrap();
    assert_eq!(errors.recv().unwrap().status(), None);
    let receiver = Receiver::at(address);
    receiver.answer_all(accept());
    receiver.wait_for(2);
    pusher.shutdown().unwrap();
    let seen = ticks(&receiver);
    assert_eq!(seen, (1..=seen.len() as u64).collect::<Vec<_>>());
    assert_eq!(lost(&registry, &receiver, "queue"), 0);
}

#[test]
fn the_queue_is_bounded_and_dropped_samples_are_counted() {
    let clock = Arc::new(Clock::default());
    let registry = Registry::new();
    registry
        .register(Arc::clone(&clock) as Arc<dyn Collector>)
        .unwrap();
    registry.write_self_metrics(false);
    let receiver = Receiver::new();
    receiver.answer_all(Answer::status(503));
    let write = to(&receiver, &registry)
        .max_samples_per_send(100)
        .max_queued_samples(2000);
    let pusher = often(write);
    let calls = || clock.0.load(Ordering::Relaxed);
    support::eventually("many samples", || calls() > 200);
    receiver.answer_all(accept());
    pusher.shutdown().unwrap();
    let total = calls();
    let seen = ticks(&receiver);
    let missing = total - seen.len() as u64;
    assert!(missing > 0, "{seen:?}");
    assert!(lost(&registry, &receiver, "queue") >= missing);
    // The samples in flight are kept; of the others, the oldest are dropped.
    let newest: Vec<_> = seen
        .into_iter()
        .filter(|tick| *tick > missing + 1)
        .collect();
    assert_eq!(newest, (missing + 2..=total).collect::<Vec<_>>());
}

#[test]
fn shutdown_gives_up_after_its_timeout() {
    let receiver = Receiver::new();
    receiver.answer_all(Answer::Hang);
    let registry = registry(Clock::default());
    let write = to(&receiver, &registry).shutdown_timeout(Duration::from_millis(50));
    let pusher = write.push_every(Duration::MAX, drop).unwrap();
    receiver.wait_for(1);
    let error = pusher.shutdown().unwrap_err();
    assert!(error.to_string().contains("50ms after the end"), "{error}");
    let left = lost(&registry, &receiver, "end");
    assert!(error.to_string().starts_with(&format!("{left} samples")));
}

#[test]
fn samples_that_the_server_did_not_write_are_counted() {
    let receiver = Receiver::new();
    let registry = registry(Clock::default());
    receiver.answer([Answer::Response(204, counts(1, 0, 0), String::new())]);
    receiver.answer_all(accept());
    let (told, errors) = mpsc::channel();
    let pusher = to(&receiver, &registry)
        .push_every(Duration::MAX, move |error: Error| _ = told.send(error))
        .unwrap();
    receiver.wait_for(1);
    // `shutdown` returns the error if the queue is closed already; else `on_error` receives it.
    let at_the_end = pusher.shutdown().err();
    let missing = Written::of(&receiver.requests()[0]).len() as u64 - 1;
    assert_eq!(lost(&registry, &receiver, "refused"), missing);
    let error = at_the_end.or_else(|| errors.recv().ok());
    let error = error.unwrap().to_string();
    assert!(
        error.contains(&format!("has not written {missing} of")),
        "{error}"
    );
}

#[test]
fn an_invalid_label_is_an_error_that_names_it() {
    for name in ["", "__name__", "a.b", "job"] {
        let write = RemoteWrite::new("http://127.0.0.1:9090", "shop").label(name, "x");
        let error = write.push_every(Duration::from_secs(1), drop).unwrap_err();
        assert!(error.to_string().contains(&format!("`{name}`")), "{error}");
    }
}

const STALE: u64 = 0x7ff0_0000_0000_0002;
