//! Tests that every reader receives exact totals, while short-lived threads record into series that
//! expire and come back, and a gauge is replaced. The readers use all outputs at once.

use std::{
    fs,
    net::Ipv4Addr,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};

use metrics_core::{
    Counter, DynamicFamily, Format, Gauge, Histogram, MetricFamily, MetricValue, Options,
    Recipient, Registry, UpDownCounter,
};
use metrics_http::{Error, PushGateway, RemoteWrite, Server, write_textfile_from};
use tests::{Pushgateway, VictoriaMetrics, get, get_accepting, wait_until};

use crate::readers::Received;

const EXPIRY: Duration = Duration::from_millis(300);
/// How long the threads record into the series of one key.
const KEY_LIFE: Duration = Duration::from_millis(200);
const WORKERS: u32 = 2;
/// The number of recordings of one thread into each metric.
const RECORDINGS: u64 = 200;
/// The number of series that each replacement of the gauge sets.
const QUEUES: i64 = 10;
const TIMEOUT: Duration = Duration::from_mins(1);

/// The metrics of a program, and the number of recordings into each metric.
struct Program {
    registry: Registry,
    start: Instant,
    done: Counter,
    jobs: DynamicFamily<Counter>,
    sizes: DynamicFamily<Histogram>,
    waiting: UpDownCounter,
    /// Replaced as a whole: always `QUEUES` series, all with the same value.
    depths: DynamicFamily<Gauge>,
    recorded: AtomicU64,
}

impl Program {
    fn new() -> Program {
        let registry = Registry::new();
        registry.write_created(true);
        let options = |name: &str| Options::new(name, "Soaked.");
        let expiring = |name: &str| options(name).labels(["key"]).expire(EXPIRY);
        let sizes = expiring("soak_job_sizes").buckets([1.0, 2.0]);
        Program {
            start: Instant::now(),
            done: registry.create(options("soak_done_total")).expect("valid"),
            jobs: registry
                .create_family(expiring("soak_jobs_total"))
                .expect("valid"),
            sizes: registry.create_family(sizes).expect("valid"),
            waiting: registry.create(options("soak_waiting")).expect("valid"),
            depths: registry
                .create_family(options("soak_depth").labels(["queue"]))
                .expect("valid"),
            recorded: AtomicU64::new(0),
            registry,
        }
    }

    /// Replaces the gauge's series until the flag is set.
    fn replace(&self, done: &AtomicBool) {
        let mut round = 1;
        while !done.load(Ordering::SeqCst) {
            self.replace_once(round);
            round += 1;
        }
    }

    fn replace_once(&self, round: i64) {
        let replaced = self.depths.replace(|set| {
            for queue in 0..QUEUES {
                set(&[&((round + queue) % 15).to_string()], round);
            }
        });
        replaced.expect("one value for one label");
    }

    /// Makes all recordings of one short-lived thread.
    fn record(&self) {
        let life = self.start.elapsed().as_millis() / KEY_LIFE.as_millis();
        // Some keys occur once; the others are recorded again while their expired series can be
        // resumed.
        let once = format!("once {life}");
        let again = format!("again {}", life % 7);
        for _ in 0..RECORDINGS / 2 {
            for key in [&once, &again] {
                self.waiting.inc();
                self.done.inc();
                self.jobs.with(&[key]).inc();
                self.sizes.with(&[key]).observe(0.5);
                self.waiting.dec();
            }
        }
        self.recorded.fetch_add(RECORDINGS, Ordering::SeqCst);
    }

    /// Starts short-lived threads until the deadline.
    fn work(&self, deadline: Instant) {
        while Instant::now() < deadline {
            thread::scope(|scope| {
                for _ in 0..2 {
                    scope.spawn(|| self.record());
                }
            });
        }
    }

    fn recorded(&self) -> f64 {
        self.recorded.load(Ordering::SeqCst) as f64
    }

    #[track_caller]
    fn check(&self, reader: &str, received: &Received) {
        let all = self.recorded();
        assert_eq!(received.total("soak_done"), [all, 0.0], "{reader}");
        assert_eq!(received.total("soak_jobs"), [all, 0.0], "{reader}");
        assert_eq!(
            received.total("soak_job_sizes"),
            [all, all / 2.0],
            "{reader}"
        );
    }
}

/// Reads until the flag is set, and then until nothing but `permanent` series are left.
fn read(done: &AtomicBool, permanent: usize, mut read_once: impl FnMut() -> usize) {
    while !done.load(Ordering::SeqCst) {
        read_once();
    }
    wait_until(TIMEOUT, "the series to expire", || {
        (read_once() == permanent).then_some(())
    });
}

/// Creates, uses and drops registries until the flag is set, and returns their number.
fn use_short_lived_registries(done: &AtomicBool) -> u64 {
    let mut number = 0;
    while !done.load(Ordering::SeqCst) {
        let registry = Registry::new();
        let options = Options::new("brief_total", "Recordings.").labels(["key"]);
        let brief = registry.create_family::<Counter>(options).expect("valid");
        let options = Options::new("brief_seconds", "Observations.");
        let seconds = registry.create::<Histogram>(options).expect("valid");
        thread::scope(|scope| {
            for key in ["a", "b"] {
                let (brief, seconds) = (&brief, &seconds);
                scope.spawn(move || {
                    for _ in 0..50 {
                        brief.with(&[key]).inc();
                        seconds.observe(1.0);
                    }
                });
            }
            registry.encode_to_string(Format::Text);
        });
        let text = registry.encode_to_string(Format::Text);
        for line in [
            "brief_total{key=\"a\"} 50\n",
            "brief_total{key=\"b\"} 50\n",
            "brief_seconds_sum 100\n",
        ] {
            assert!(text.contains(line), "{text}");
        }
        number += 1;
    }
    number
}

/// Checks that `values` are those of one replacement of the gauge.
#[track_caller]
fn check_depths(values: &[f64]) {
    let is_one_set = values.iter().all(|value| *value == values[0]);
    assert!(values.len() == QUEUES as usize && is_one_set, "{values:?}");
}

/// The values of the replaced gauge in a text format.
fn written_depths(text: &str) -> Vec<f64> {
    let lines = text.lines().filter(|line| line.starts_with("soak_depth{"));
    let values = lines.filter_map(|line| line.rsplit_once(' ')?.1.parse().ok());
    values.collect()
}

fn gathered_depths(families: &[MetricFamily]) -> Vec<f64> {
    let of = families.iter().filter(|family| family.name == "soak_depth");
    let values = of.flat_map(|family| &family.metrics).filter_map(|metric| {
        let MetricValue::Gauge(number) = &metric.value else {
            return None;
        };
        Some(number.as_f64())
    });
    values.collect()
}

fn scrape_protobuf(url: &str) -> Vec<u8> {
    let accept = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;\
        encoding=delimited";
    let mut response = ureq::get(url)
        .header("accept", accept)
        .call()
        .expect("a response");
    response.body_mut().read_to_vec().expect("a body")
}

#[allow(clippy::needless_pass_by_value, reason = "the signature of `on_error`")]
fn must_not_fail(error: Error) {
    panic!("{error}");
}

#[test]
fn every_reader_receives_exact_totals_of_series_that_expire() {
    let program = Program::new();
    program.replace_once(0);
    let registry = || program.registry.clone();
    let gateway = Pushgateway::start();
    let victoria = VictoriaMetrics::without_jobs();
    let server = Server::builder()
        .registry(registry())
        .process_metrics(false);
    let server = server
        .build_info(false)
        .serve((Ipv4Addr::LOCALHOST, 0))
        .expect("a free port");
    let url = format!("http://{}/metrics", server.local_addr());
    let push = PushGateway::new(gateway.url(), "soak").registry(registry());
    let pusher = push
        .push_every(Duration::from_millis(100), must_not_fail)
        .expect("valid");
    let remote = RemoteWrite::new(victoria.write_url(), "soak").registry(registry());
    let writer = remote
        .push_every(Duration::from_millis(100), must_not_fail)
        .expect("valid");
    let folder = tempfile::TempDir::new().expect("a folder");
    let textfile = folder.path().join("soak.prom");

    let done = AtomicBool::new(false);
    let deadline = Instant::now() + crate::duration();
    thread::scope(|scope| {
        let workers: Vec<_> = (0..WORKERS)
            .map(|_| scope.spawn(|| program.work(deadline)))
            .collect();
        let scrapers = scope.spawn(|| {
            let (mut quick, mut slow) = (Received::default(), Received::default());
            let (mut round, mut left_in_slow) = (0_u32, 0);
            read(&done, 1, || {
                let page = get_accepting(&url, "application/openmetrics-text");
                let left = quick.add_open_metrics(&page.body);
                check_depths(&written_depths(&page.body));
                if round.is_multiple_of(8) {
                    left_in_slow = slow.add_protobuf(&scrape_protobuf(&url));
                }
                round += 1;
                left.max(left_in_slow)
            });
            (quick, slow)
        });
        let gatherer = scope.spawn(|| {
            let mut received = Received::default();
            read(&done, 1, || {
                let recipient = Recipient::new("gatherer");
                let (families, delivery) = program.registry.gather_for(recipient);
                delivery.confirm(recipient);
                check_depths(&gathered_depths(&families));
                received.add_gathered(&families)
            });
            received
        });
        let files = scope.spawn(|| {
            read(&done, 0, || {
                write_textfile_from(&program.registry, &textfile).expect("it is written");
                let text = fs::read_to_string(&textfile).expect("it is there");
                assert!(text.contains("\nsoak_done_total "), "{text}");
                check_depths(&written_depths(&text));
                text.matches("key=").count()
            });
        });
        let registries = scope.spawn(|| use_short_lived_registries(&done));
        scope.spawn(|| program.replace(&done));
        for worker in workers {
            worker.join().expect("it does not panic");
        }
        done.store(true, Ordering::SeqCst);
        let (quick, slow) = scrapers.join().expect("they do not panic");
        program.check("a quick scraper", &quick);
        program.check("a slow scraper", &slow);
        program.check("a gatherer", &gatherer.join().expect("it does not panic"));
        files.join().expect("it does not panic");
        assert!(registries.join().expect("it does not panic") > 0);
    });
    pusher.shutdown().expect("the last push");
    writer.shutdown().expect("the last write");

    let all = program.recorded();
    assert_eq!(program.waiting.get(), 0);
    let families = gateway.families();
    assert_eq!(families.sum("soak_done_total", &[("job", "soak")]), all);
    assert!(
        !get(&format!("{}/metrics", gateway.url()))
            .body
            .contains("soak_jobs_total{")
    );
    wait_until(TIMEOUT, "the last sample", || {
        (victoria.value("last_over_time(soak_done_total[1h])") == Some(all)).then_some(())
    });
}
