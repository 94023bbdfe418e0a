//! Tests that a real Prometheus scrapes over TLS 1.3 and HTTP/2, with a client certificate and a
//! password, while the web configuration file and the certificates of the server change.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use metrics_http::{Body, Gauge, Options, Registry, Server};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa, KeyPair,
};
use tempfile::TempDir;
use tests::{Job, Prometheus, Version, promtool_check_web_config, wait_until};

#[test]
fn prometheus_misses_no_scrape_while_users_and_certificates_are_rotated() {
    let site = Site::new();
    let (before, after) = (Authority::new(), Authority::new());
    before.write_server_files(&site);
    site.write_web_config(&[("one", ONE)]);
    let server = Server::builder()
        .registry(registry())
        .web_config(site.path("web.yml"))
        .route("/version", |request| {
            let version = format!("{:?}", request.version());
            let sample = format!("scrape_protocol{{version=\"{version}\"}} 1\n");
            hyper::Response::new(Body::new(sample))
        })
        .serve("127.0.0.1:0")
        .unwrap();

    // Prometheus trusts both authorities before the server's certificate is replaced.
    fs::write(site.path("trusted.crt"), before.pem() + &after.pem()).unwrap();
    let target = server.local_addr();
    let by_one = site.job_settings("one", "trusted.crt");
    let by_one: Vec<_> = by_one.iter().map(String::as_str).collect();
    let at_version = [&by_one[..], &["metrics_path: /version"]].concat();
    let jobs = [
        Job::new("metrics", target).with(&by_one),
        Job::new("version", target).with(&at_version),
    ];
    let flags = ["--web.enable-lifecycle"];
    let prometheus = Prometheus::start(Version::Debian, &jobs, &flags);
    wait_for_scrapes(&prometheus, "metrics", 2.0);

    site.write_web_config(&[("one", ONE), ("two", TWO)]);
    after.write_server_files(&site);
    wait_for_scrapes(&prometheus, "metrics", 4.0);

    // The new connections of Prometheus trust the new authority only.
    fs::write(site.path("after.crt"), after.pem()).unwrap();
    let by_two = site.job_settings("two", "after.crt");
    let by_two: Vec<_> = by_two.iter().map(String::as_str).collect();
    let at_version = [&by_two[..], &["metrics_path: /version"]].concat();
    let jobs = [
        Job::new("metrics", target).with(&by_two),
        Job::new("version", target).with(&at_version),
        Job::new("removed", target).with(&by_one),
    ];
    prometheus.reconfigure(&jobs);
    wait_for_scrapes(&prometheus, "metrics", 6.0);

    site.write_web_config(&[("two", TWO)]);
    wait_until(TIMEOUT, "the removed user to be refused", || {
        let up = prometheus.value(r#"up{job="removed"}"#);
        (up == Some(0.0)).then_some(())
    });
    let mut targets = prometheus.targets().into_iter();
    let removed = targets.find(|target| target.job == "removed").unwrap();
    assert!(removed.last_error.contains("401"), "{}", removed.last_error);
    wait_for_scrapes(&prometheus, "metrics", 9.0);

    for job in ["metrics", "version"] {
        let up = format!(r#"min_over_time(up{{job="{job}"}}[10m])"#);
        assert_eq!(prometheus.value(&up), Some(1.0), "{job}");
    }
    assert_eq!(prometheus.value("orders_waiting"), Some(2.0));
    let versions = prometheus.query("count_over_time(scrape_protocol[10m])");
    let versions: Vec<_> = versions
        .iter()
        .map(|series| series["metric"]["version"].as_str().unwrap_or_default())
        .collect();
    assert_eq!(versions, ["HTTP/2.0"]);
}

#[test]
fn prometheus_and_the_server_accept_the_same_fields() {
    let site = Site::new();
    site.clients.write_server_files(&site);
    let path = site.path("web.yml");
    fs::write(&path, ALL_FIELDS).unwrap();
    drop(Prometheus::serving_with(&path));
    let server = Server::builder()
        .registry(registry())
        .web_config(path)
        .serve("127.0.0.1:0");
    server.unwrap().shutdown();
}

/// A folder with the web configuration file, certificates, and passwords.
struct Site {
    folder: TempDir,
    clients: Authority,
}

impl Site {
    fn new() -> Site {
        let site = Site {
            folder: TempDir::new().unwrap(),
            clients: Authority::new(),
        };
        fs::write(site.path("clients.crt"), site.clients.pem()).unwrap();
        site.clients.write(
            ("prometheus.example", ExtendedKeyUsagePurpose::ClientAuth),
            &site.path("prometheus"),
        );
        site
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes the configuration file of the server, which promtool must accept.
    fn write_web_config(&self, users: &[(&str, &str)]) {
        let users = users
            .iter()
            .map(|(name, hash)| format!("  {name}: {hash}\n"));
        let config = WEB_CONFIG.to_owned() + &users.collect::<String>();
        fs::write(self.path("web.yml"), config).unwrap();
        promtool_check_web_config(&self.path("web.yml")).unwrap();
    }

    /// How Prometheus scrapes as a user whose password is its name.
    fn job_settings(&self, user: &str, trusted: &str) -> Vec<String> {
        let path = |name| self.path(name).display().to_string();
        vec![
            "scheme: https".to_owned(),
            // A longer timeout than the usual one, because a busy machine must fail no scrape.
            "scrape_interval: 2s".to_owned(),
            "scrape_timeout: 2s".to_owned(),
            format!("basic_auth: {{ username: {user}, password: {user} }}"),
            "tls_config:".to_owned(),
            format!("  ca_file: {}", path(trusted)),
            format!("  cert_file: {}", path("prometheus.crt")),
            format!("  key_file: {}", path("prometheus.key")),
            "  server_name: localhost".to_owned(),
        ]
    }
}

/// Signs certificates for servers and clients.
struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Authority {
        let mut params = CertificateParams::new([]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Authority(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    fn pem(&self) -> String {
        self.0.pem()
    }

    fn write_server_files(&self, site: &Site) {
        let server = ("localhost", ExtendedKeyUsagePurpose::ServerAuth);
        self.write(server, &site.path("server"));
    }

    /// Writes a new certificate to `path` with the extension `crt`, and its key with `key`.
    fn write(&self, (name, usage): (&str, ExtendedKeyUsagePurpose), path: &Path) {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        params.extended_key_usages = vec![usage];
        let certificate = params.signed_by(&key, &self.0).unwrap();
        fs::write(path.with_extension("crt"), certificate.pem()).unwrap();
        fs::write(path.with_extension("key"), key.serialize_pem()).unwrap();
    }
}

fn registry() -> Registry {
    let registry = Registry::new();
    let waiting: Gauge = registry
        .create(Options::new("orders_waiting", "Orders to be packed."))
        .unwrap();
    waiting.set(2);
    registry
}

/// Waits until Prometheus has scraped a job this many times since its start.
fn wait_for_scrapes(prometheus: &Prometheus, job: &str, count: f64) {
    let scrapes = format!(r#"count_over_time(up{{job="{job}"}}[10m])"#);
    wait_until(TIMEOUT, "enough scrapes", || {
        (prometheus.value(&scrapes)? >= count).then_some(())
    });
}

/// TLS 1.3 with client certificates; the users follow.
const WEB_CONFIG: &str = "\
tls_server_config:
  cert_file: server.crt
  key_file: server.key
  client_auth_type: RequireAndVerifyClientCert
  client_ca_file: clients.crt
  min_version: TLS13
http_server_config:
  headers:
    Strict-Transport-Security: max-age=31536000
basic_auth_users:
";

const ALL_FIELDS: &str = "\
tls_server_config:
  cert_file: server.crt
  key_file: server.key
  client_auth_type: RequireAndVerifyClientCert
  client_ca_file: clients.crt
  client_allowed_sans: [prometheus.example]
  cipher_suites:
    - TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256
    - TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256
    - TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384
    - TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384
    - TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256
    - TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256
    - TLS_AES_128_GCM_SHA256
    - TLS_AES_256_GCM_SHA384
    - TLS_CHACHA20_POLY1305_SHA256
  prefer_server_cipher_suites: false
  curve_preferences: [X25519, CurveP256, CurveP384]
  min_version: TLS12
  max_version: TLS13
http_server_config:
  http2: true
  headers:
    Content-Security-Policy: default-src 'self'
    X-Frame-Options: sameorigin
    X-Content-Type-Options: nosniff
    X-XSS-Protection: 1
    Strict-Transport-Security: max-age=31536000
basic_auth_users:
  one: $2y$04$EOmBp.S9Vz11rlzmVSqDFe0SoFniuu57bP.yoMf3rmtJ/7loECn0C
rate_limit:
  interval: 1.5s
  burst: 20
";

/// bcrypt hashes with the lowest cost of the passwords `one` and `two`.
const ONE: &str = "$2y$04$EOmBp.S9Vz11rlzmVSqDFe0SoFniuu57bP.yoMf3rmtJ/7loECn0C";
const TWO: &str = "$2y$04$LRDbKIWYtI.P7FyvZ.Ih3Oh/6SSB9qD7DvmwD87A4FHlrcokAEItq";

const TIMEOUT: Duration = Duration::from_mins(2);
