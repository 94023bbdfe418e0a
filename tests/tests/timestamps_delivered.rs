//! Tests with real receivers that Prometheus stores the timestamps that collectors set, and that a
//! Pushgateway and `node_exporter`, which refuse timestamps, get samples without them.

use std::{
    net::Ipv4Addr,
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};

use metrics_core::{
    Collection, Collector, Desc, Format, HistogramSnapshot, Kind, NativeHistogramSnapshot, Registry,
};
use metrics_http::{PushGateway, RemoteWrite, RemoteWriteVersion, Server, write_textfile_from};
use tempfile::TempDir;
use tests::{Job, NodeExporter, Prometheus, Pushgateway, Version, points, wait_until};

static DESCS: [Desc; 3] = [
    Desc::new(Kind::Gauge, "sensor_celsius", "Temperature."),
    Desc::new(Kind::Counter, "sensor_readings_total", "Readings."),
    Desc::new(
        Kind::Histogram,
        "sensor_delay_seconds",
        "Delay of readings.",
    ),
];

/// The last reading of a sensor: its time, and its value.
#[derive(Clone)]
struct Sensor(Arc<Mutex<(f64, f64)>>);

impl Sensor {
    fn new(time: f64, celsius: f64) -> Sensor {
        Sensor(Arc::new(Mutex::new((time, celsius))))
    }

    fn read(&self, time: f64, celsius: f64) {
        *self.0.lock().unwrap() = (time, celsius);
    }

    fn registry(&self) -> Registry {
        let registry = Registry::new();
        registry.register(Arc::new(self.clone())).unwrap();
        registry
    }
}

impl Collector for Sensor {
    fn descs(&self) -> &[Desc] {
        &DESCS
    }

    fn collect(&self, out: &mut Collection<'_>) {
        let [celsius, readings, delay] = &DESCS;
        let (time, value) = *self.0.lock().unwrap();
        let room = [("room", "lab")];
        out.gauge(celsius, &room, value).timestamp(time);
        out.counter(readings, &room, 7.0).timestamp(time);
        let native = NativeHistogramSnapshot::new(0).positive([(1, 3)]);
        let snapshot = HistogramSnapshot::from_buckets([(1.0, 1), (2.0, 2)], 4.0);
        out.histogram(delay, &room, snapshot.with_native(native))
            .timestamp(time);
    }
}

/// The Unix time some seconds ago, to the millisecond.
fn ago(seconds: f64) -> f64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    ((now.unwrap().as_secs_f64() - seconds) * 1e3).round() / 1e3
}

#[track_caller]
fn wait_for(what: &str, is_true: impl Fn() -> bool) {
    wait_until(Duration::from_mins(1), what, || is_true().then_some(()));
}

#[test]
fn prometheus_stores_the_timestamps_of_every_format() {
    let time = ago(60.0);
    let server = Server::builder().registry(Sensor::new(time, 21.5).registry());
    let server = server.serve((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let formats = [
        ("protobuf", ["scrape_protocols: [PrometheusProto]"]),
        ("openmetrics", ["scrape_protocols: [OpenMetricsText1.0.0]"]),
        ("text1", ["scrape_protocols: [PrometheusText1.0.0]"]),
        ("text", ["scrape_protocols: [PrometheusText0.0.4]"]),
        ("ignored", ["honor_timestamps: false"]),
    ];
    let address = server.local_addr();
    let jobs = formats
        .each_ref()
        .map(|(name, settings)| Job::new(name, address).with(settings));
    let features = ["--enable-feature=native-histograms"];
    for (version, jobs) in [
        (Version::Newer, &jobs[..]),
        (Version::Debian, &[Job::new("protobuf", address)][..]),
    ] {
        let prometheus = Prometheus::start(version, jobs, &features);
        for Job { name, .. } in jobs {
            let ask =
                |query: &str| prometheus.value(&query.replace('@', &format!(r#"job="{name}""#)));
            wait_for(name, || ask("sensor_celsius{@}") == Some(21.5));
            let stored = |query| (ask(query).expect(query) - time).abs() < 1e-4;
            assert_eq!(stored("timestamp(sensor_celsius{@})"), *name != "ignored");
            assert_eq!(
                stored("timestamp(sensor_readings_total{@})"),
                *name != "ignored"
            );
            let histogram = match *name {
                "protobuf" => "timestamp(sensor_delay_seconds{@})",
                "ignored" => continue,
                _ => r#"timestamp(sensor_delay_seconds_bucket{@,le="2.0"})"#,
            };
            assert!(stored(histogram), "{name}");
        }
        assert_eq!(prometheus.value("min(up)"), Some(1.0));
    }
}

#[test]
fn remote_write_sends_each_timestamp_once_and_in_order() {
    for version in [RemoteWriteVersion::V1, RemoteWriteVersion::V2] {
        let flags = ["--web.enable-remote-write-receiver"];
        let prometheus = Prometheus::start(Version::Newer, &[], &flags);
        let (first, second) = (ago(60.0), ago(30.0));
        let sensor = Sensor::new(first, 21.5);
        let pusher = RemoteWrite::new(prometheus.write_url(), "lab")
            .registry(sensor.registry())
            .version(version)
            .push_every(Duration::from_millis(50), |error| panic!("{error}"))
            .unwrap();
        let value = || prometheus.value("sensor_celsius");
        wait_for("the first reading", || value() == Some(21.5));
        sensor.read(second, 22.5);
        wait_for("the second reading", || value() == Some(22.5));
        // The sensor returns an older reading, which the pusher must not send, because Prometheus
        // would refuse it.
        sensor.read(ago(120.0), 20.0);
        let accepted = r#"sum(metrics_pushes_total{result="ok"})"#;
        let before = prometheus.value(accepted);
        wait_for("further pushes", || {
            prometheus.value(accepted) > before.map(|n| n + 2.0)
        });
        pusher.shutdown().unwrap();
        let series = prometheus.query("sensor_celsius[5m]");
        assert_eq!(points(&series[0]), [(first, 21.5), (second, 22.5)]);
        let lost = prometheus.value("sum(last_over_time(metrics_push_lost_samples_total[5m]))");
        assert_eq!(lost, Some(0.0));
    }
}

#[test]
fn a_pushgateway_gets_the_samples_without_timestamps() {
    let gateway = Pushgateway::start();
    let registry = Sensor::new(ago(60.0), 21.5).registry();
    let text = PushGateway::new(gateway.url(), "lab").registry(registry.clone());
    for push in [text.clone(), text.protobuf()] {
        push.push().unwrap();
        let labels = [("instance", ""), ("job", "lab"), ("room", "lab")];
        assert_eq!(
            gateway.families().value("sensor_celsius", &labels),
            Some(21.5)
        );
        push.delete().unwrap();
    }
}

#[test]
fn node_exporter_reads_a_textfile_without_timestamps_and_refuses_one_with() {
    let folder = TempDir::new().unwrap();
    let registry = Sensor::new(ago(60.0), 21.5).registry();
    let path = folder.path().join("sensor.prom");
    write_textfile_from(&registry, &path).unwrap();
    let exporter = NodeExporter::start(folder.path());
    let families = exporter.families();
    let lab = [("room", "lab")];
    assert_eq!(families.value("sensor_celsius", &lab), Some(21.5));
    assert_eq!(families.value("node_textfile_scrape_error", &[]), Some(0.0));
    std::fs::write(&path, registry.encode_to_string(Format::Text)).unwrap();
    let families = exporter.families();
    assert_eq!(families.value("sensor_celsius", &lab), None);
    assert_eq!(families.value("node_textfile_scrape_error", &[]), Some(1.0));
}
