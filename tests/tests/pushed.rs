//! Tests that a real Pushgateway receives pushed metrics, and that Prometheus scrapes them from
//! there.

use std::{
    fs,
    panic::{self, AssertUnwindSafe},
    time::Duration,
};

use metrics_core::{
    Collection, Collector, Counter, Desc, FloatGauge, Gauge, Histogram, Kind, Options, Registry,
};
use metrics_http::PushGateway;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa, KeyPair,
};
use tempfile::TempDir;
use tests::{Job, Prometheus, Pushgateway, Version, wait_until};

fn counting(name: &str, value: u64) -> Registry {
    let registry = Registry::new();
    let counter = registry.create::<Counter>(Options::new(name, "Files."));
    counter.unwrap().inc_by(value);
    registry
}

fn to(gateway: &Pushgateway, registry: Registry) -> PushGateway {
    PushGateway::new(gateway.url(), "backup").registry(registry)
}

#[test]
fn pushed_metrics_appear_under_the_job_and_grouping_labels() {
    let gateway = Pushgateway::start();
    let text = to(&gateway, counting("files_total", 7)).grouping("instance", "db1");
    for push in [text.clone(), text.protobuf()] {
        push.push().unwrap();
        let labels = [("job", "backup"), ("instance", "db1")];
        assert_eq!(gateway.families().value("files_total", &labels), Some(7.0));
        push.delete().unwrap();
        assert!(gateway.groups().is_empty());
    }
}

#[test]
fn push_replaces_the_group_and_add_only_the_families() {
    let gateway = Pushgateway::start();
    to(&gateway, counting("files_total", 1)).push().unwrap();
    to(&gateway, counting("links_total", 2)).add().unwrap();
    to(&gateway, counting("links_total", 3)).add().unwrap();
    let families = gateway.families();
    assert_eq!(families.value("files_total", &JOB), Some(1.0));
    assert_eq!(families.value("links_total", &JOB), Some(3.0));
    to(&gateway, counting("links_total", 4)).push().unwrap();
    let families = gateway.families();
    assert_eq!(families.value("files_total", &JOB), None);
    assert_eq!(families.value("links_total", &JOB), Some(4.0));
}

#[test]
fn deleting_a_group_keeps_the_others() {
    let gateway = Pushgateway::start();
    let group = |name: &str| to(&gateway, counting("files_total", 1)).grouping("instance", name);
    group("a").push().unwrap();
    group("b").push().unwrap();
    group("a").delete().unwrap();
    group("a").delete().unwrap();
    let groups = gateway.groups();
    assert_eq!(groups.len(), 1, "{groups:?}");
    assert_eq!(groups[0]["instance"], "b");
}

#[test]
fn jobs_and_labels_of_any_characters_are_not_changed() {
    let gateway = Pushgateway::start();
    for value in [
        "",
        "a/b",
        "/",
        "//",
        "..",
        ".",
        "...",
        "a b",
        "a+b",
        "%2F",
        "?#&=",
        "Προμηθεύς",
        "\"\\\n",
        "@base64",
        "=",
        "~",
        ":",
        ";",
        "🦀/🦀",
    ] {
        let push = PushGateway::new(gateway.url(), "job")
            .registry(Registry::new())
            .grouping("label", value);
        push.push()
            .unwrap_or_else(|error| panic!("{value:?}: {error}"));
        let groups = gateway.groups();
        assert_eq!(groups.len(), 1, "{value:?}: {groups:?}");
        let found = groups[0].get("label").map_or("", String::as_str);
        assert_eq!(found, value);
        push.delete().unwrap();
        assert!(gateway.groups().is_empty(), "{value:?}");
        if value.is_empty() {
            continue;
        }
        let push = PushGateway::new(gateway.url(), value).registry(Registry::new());
        push.push()
            .unwrap_or_else(|error| panic!("{value:?}: {error}"));
        assert_eq!(gateway.groups()[0]["job"], value);
        push.delete().unwrap();
    }
}

#[test]
fn the_gateway_accepts_metrics_of_all_types() {
    struct All;

    static DESCS: [Desc; 8] = [
        Desc::new(Kind::Counter, "all_counted_total", "Of a counter."),
        Desc::new(Kind::Gauge, "all_gauge", "Of a gauge."),
        Desc::new(Kind::Histogram, "all_seconds", "Of a histogram.").unit("seconds"),
        Desc::new(Kind::GaugeHistogram, "all_ages", "Of a gauge histogram."),
        Desc::new(Kind::Summary, "all_bytes", "Of a summary.").unit("bytes"),
        Desc::new(Kind::Info, "all_info", "Of an info."),
        Desc::new(Kind::StateSet, "all_states", "Of a state set."),
        Desc::new(Kind::Unknown, "all_unknown", "Of nothing known."),
    ];

    impl Collector for All {
        fn descs(&self) -> &[Desc] {
            &DESCS
        }

        fn collect(&self, out: &mut Collection<'_>) {
            let buckets = || metrics_core::HistogramSnapshot::from_buckets([(1.0, 2)], 1.5);
            let since = 1_700_000_000.0;
            out.counter(&DESCS[0], &[], 1.0).created(since);
            out.gauge(&DESCS[1], &[], f64::NAN);
            out.histogram(&DESCS[2], &[], buckets()).created(since);
            out.gauge_histogram(&DESCS[3], &[], buckets());
            let summary = metrics_core::SummarySnapshot::new([(0.5, 120.0)], 8, 1024.0);
            out.summary(&DESCS[4], &[], summary);
            out.info(&DESCS[5], &[("version", "1")]);
            out.state_set(&DESCS[6], &[], &[("on", true), ("off", false)]);
            out.unknown(&DESCS[7], &[], 3.0);
        }
    }

    let gateway = Pushgateway::start();
    let registry = Registry::new();
    registry.register(std::sync::Arc::new(All)).unwrap();
    registry.write_created(true);
    to(&gateway, registry).push().unwrap();
    let page = gateway.page().body;
    for line in [
        "all_counted_total{instance=\"\",job=\"backup\"} 1\n",
        "all_gauge{instance=\"\",job=\"backup\"} NaN\n",
        "all_seconds_count{instance=\"\",job=\"backup\"} 2\n",
        "all_ages_count{instance=\"\",job=\"backup\"} 2\n",
        "all_bytes_sum{instance=\"\",job=\"backup\"} 1024\n",
        "all_info{instance=\"\",job=\"backup\",version=\"1\"} 1\n",
        "all_states{all_states=\"on\",instance=\"\",job=\"backup\"} 1\n",
        "all_unknown{instance=\"\",job=\"backup\"} 3\n",
    ] {
        assert!(page.contains(line), "{line}{page}");
    }
}

#[test]
fn a_clash_with_another_group_is_an_error_with_the_gateways_message() {
    let gateway = Pushgateway::start();
    let (sizes, size) = (Registry::new(), Registry::new());
    let options = || Options::new("file_bytes", "Sizes.");
    sizes.create::<Histogram>(options()).unwrap();
    size.create::<Gauge>(options()).unwrap();
    to(&gateway, sizes).push().unwrap();
    let other = to(&gateway, size).grouping("instance", "db1");
    let error = other.push().unwrap_err();
    assert_eq!(error.status(), Some(400));
    let text = error.to_string();
    assert!(
        text.contains("400 Bad Request; the response is: "),
        "{text}"
    );
    assert!(text.contains("file_bytes"), "{text}");
}

#[test]
fn prometheus_scrapes_native_histograms_that_were_pushed() {
    let gateway = Pushgateway::start();
    let registry = Registry::new();
    let options = Options::new("size_bytes", "Sizes.")
        .unit("bytes")
        .native(1.1);
    let sizes = registry.create::<Histogram>(options).unwrap();
    for size in 1..=1000 {
        sizes.observe(f64::from(size));
    }
    to(&gateway, registry).protobuf().push().unwrap();
    let address = gateway.url().replace("http://", "").parse().unwrap();
    let job = Job::new("gateway", address).with(&["honor_labels: true"]);
    let flags = ["--enable-feature=native-histograms"];
    let prometheus = Prometheus::start(Version::Newer, &[job], &flags);
    let count = wait_until(Duration::from_secs(30), "a scrape", || {
        prometheus.value(r#"histogram_count(size_bytes{job="backup"})"#)
    });
    assert!((count - 1000.0).abs() < 0.5, "{count}");
    let median = prometheus.value(r#"histogram_quantile(0.5, size_bytes{job="backup"})"#);
    assert!((450.0..550.0).contains(&median.unwrap()), "{median:?}");
}

#[test]
fn a_gateway_below_a_path_prefix_is_reached() {
    let gateway = Pushgateway::start_with(&["--web.route-prefix=/push"]);
    let url = format!("{}/push", gateway.url());
    let push = PushGateway::new(url, "backup").registry(Registry::new());
    push.push().unwrap();
    let without = PushGateway::new(gateway.url(), "backup").registry(Registry::new());
    assert_eq!(without.push().unwrap_err().status(), Some(404));
}

#[test]
fn pushing_requires_the_password() {
    // The bcrypt hash of `test` from Prometheus' guide to basic authentication.
    let config = "\
basic_auth_users:
  admin: $2b$12$hNf2lSsxfm0.i4a.1kVpSOVyBCfIB51VRjgBUyv6kdnyTlgWj81Ay
";
    let gateway = Pushgateway::guarded(config, &[]);
    let push = || to(&gateway, counting("files_total", 1)).timeout(Duration::from_mins(1));
    assert_eq!(push().push().unwrap_err().status(), Some(401));
    let wrong = push().basic_auth("admin", "guessed").push();
    assert_eq!(wrong.unwrap_err().status(), Some(401));
    push().basic_auth("admin", "test").push().unwrap();
}

#[test]
fn only_a_gateway_with_the_trusted_certificate_is_accepted() {
    let certified = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let certificate = certified.cert.pem();
    let config = "tls_server_config:\n  cert_file: cert.pem\n  key_file: key.pem\n";
    let key = certified.signing_key.serialize_pem();
    let gateway = Pushgateway::guarded(config, &[("cert.pem", &certificate), ("key.pem", &key)]);
    let push =
        || PushGateway::new(gateway.https_url(), "backup").registry(counting("files_total", 1));
    push().root_certificates(certificate).push().unwrap();

    let other = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let error = push().root_certificates(other.cert.pem()).push();
    let error = error.unwrap_err().to_string();
    assert!(error.contains("certificate"), "{error}");
    let error = push().root_certificates("no certificate").push();
    let error = error.unwrap_err().to_string();
    assert!(error.contains("not PEM"), "{error}");
    let second = Duration::from_secs(1);
    let pusher = push()
        .root_certificates("no certificate")
        .push_every(second, drop);
    assert!(pusher.unwrap_err().to_string().contains("not PEM"));
}

#[test]
fn a_job_that_panics_leaves_its_metrics_with_the_gateway() {
    let gateway = Pushgateway::start();
    let registry = Registry::new();
    let options = Options::new("files_total", "Files.");
    let files = registry.create::<Counter>(options).unwrap();
    let push = to(&gateway, registry);
    let job = AssertUnwindSafe(|| {
        let _pushed = push.push_on_drop(|error| panic!("{error}")).unwrap();
        files.inc_by(3);
        panic!("the disk is full");
    });
    panic::catch_unwind(job).unwrap_err();
    assert_eq!(gateway.families().value("files_total", &JOB), Some(3.0));
}

/// A run of a job, which pushes at its end and sets the time of its success unless it fails.
fn run_job(gateway: &PushGateway, success_at: Option<f64>) {
    let registry = Registry::new();
    let succeeded = registry.create::<FloatGauge>(
        Options::new("last_success_timestamp_seconds", "Last success.").absent_until_set(),
    );
    let failures = registry.create::<Gauge>(Options::new("failures", "Failures of the run."));
    let (succeeded, failures) = (succeeded.unwrap(), failures.unwrap());
    let gateway = gateway.clone().registry(registry);
    let _pushed = gateway.push_on_drop(|error| panic!("{error}")).unwrap();
    match success_at {
        Some(time) => succeeded.set(time),
        None => failures.set(1),
    }
}

#[test]
fn a_failing_job_keeps_the_time_of_its_last_success() {
    let gateway = Pushgateway::start();
    let text = PushGateway::new(gateway.url(), "backup");
    for (push, instance) in [(text.clone(), "text"), (text.protobuf(), "protobuf")] {
        let push = push.grouping("instance", instance);
        let labels = [("job", "backup"), ("instance", instance)];
        let value = |name| gateway.families().value(name, &labels);
        run_job(&push, Some(1_700_000_000.0));
        assert_eq!(value("failures"), Some(0.0));
        run_job(&push, None);
        assert_eq!(value("failures"), Some(1.0));
        let last = value("last_success_timestamp_seconds");
        assert_eq!(last, Some(1_700_000_000.0), "{instance}");
        run_job(&push, Some(1_700_000_100.0));
        let last = value("last_success_timestamp_seconds");
        assert_eq!(last, Some(1_700_000_100.0), "{instance}");
    }
}

#[test]
fn the_background_pusher_updates_the_gateway_and_has_self_metrics() {
    let gateway = Pushgateway::start();
    let registry = Registry::new();
    let options = Options::new("files_total", "Files.");
    let files = registry.create::<Counter>(options).unwrap();
    let pusher = to(&gateway, registry)
        .push_every(Duration::from_millis(20), |error| panic!("{error}"))
        .unwrap();
    for expected in [1.0, 2.0] {
        files.inc();
        wait_until(Duration::from_secs(10), "the next push", || {
            let value = gateway.families().value("files_total", &JOB);
            (value == Some(expected)).then_some(())
        });
    }
    files.inc();
    pusher.shutdown().unwrap();
    let families = gateway.families();
    assert_eq!(families.value("files_total", &JOB), Some(3.0));
    let url = gateway.url();
    let labels = [("url", &*url), ("pushed_job", "backup"), ("result", "ok")];
    let ok = [JOB[0], JOB[1], labels[0], labels[1], labels[2]];
    let times = families.value("metrics_pushes_total", &ok);
    assert!(times.is_some_and(|times| times >= 2.0), "{times:?}");
}

#[test]
fn the_gateway_reads_compressed_pushes() {
    let gateway = Pushgateway::start();
    let push = to(&gateway, counting("files_total", 7)).compress();
    for push in [push.clone(), push.protobuf()] {
        push.push().unwrap();
        assert_eq!(gateway.families().value("files_total", &JOB), Some(7.0));
        push.delete().unwrap();
    }
}

#[test]
fn a_gateway_that_demands_client_certificates_gets_the_renewed_one() {
    let mut params = CertificateParams::new([]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let sign = |name: &str, usage| {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        params.extended_key_usages = vec![usage];
        let certificate = params.signed_by(&key, &authority).unwrap();
        (certificate.pem(), key.serialize_pem())
    };
    let (certificate, key) = sign("127.0.0.1", ExtendedKeyUsagePurpose::ServerAuth);
    let config = "\
tls_server_config:
  cert_file: cert.pem
  key_file: key.pem
  client_auth_type: RequireAndVerifyClientCert
  client_ca_file: ca.pem
";
    let files = [
        ("cert.pem", &*certificate),
        ("key.pem", &*key),
        ("ca.pem", &authority.pem()),
    ];
    let gateway = Pushgateway::guarded(config, &files);
    let folder = TempDir::new().unwrap();
    let (certificate, key) = (folder.path().join("crt"), folder.path().join("key"));
    let renew = |usage| {
        let (pem, key_pem) = sign("backup", usage);
        fs::write(&certificate, pem).unwrap();
        fs::write(&key, key_pem).unwrap();
    };
    let push = PushGateway::new(gateway.https_url(), "backup")
        .registry(counting("files_total", 1))
        .root_certificates(authority.pem());
    push.push().unwrap_err();
    let push = push.client_certificate_files(&certificate, &key);
    // A certificate for servers is refused, so that only the renewed one is accepted.
    renew(ExtendedKeyUsagePurpose::ServerAuth);
    push.push().unwrap_err();
    renew(ExtendedKeyUsagePurpose::ClientAuth);
    push.push().unwrap();
}

#[test]
fn the_gateway_overwrites_a_label_that_is_a_grouping_label() {
    let gateway = Pushgateway::start();
    let push = |labels: &[&str]| {
        let registry = Registry::new();
        let options = Options::new("files_total", "Files.").labels(["disk"]);
        let files = registry.create_family::<Counter>(options).unwrap();
        for label in labels {
            files.with(&[label]).inc();
        }
        to(&gateway, registry).grouping("disk", "group").push()
    };
    push(&["metric"]).unwrap();
    let families = gateway.families();
    let value = |disk| families.value("files_total", &[JOB[0], JOB[1], ("disk", disk)]);
    assert_eq!(value("group"), Some(1.0));
    assert_eq!(value("metric"), None);
    // Two series become equal.
    let error = push(&["one", "two"]).unwrap_err();
    assert_eq!(error.status(), Some(400));
    assert!(error.to_string().contains("files_total"), "{error}");
}

/// Labels of a pushed series: the gateway adds an empty `instance` if the grouping key has none.
const JOB: [(&str, &str); 2] = [("instance", ""), ("job", "backup")];
