//! Measures a scrape with TLS and basic authentication, and scrapes during an attack.

use std::{
    fmt::{self, Display, Formatter},
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use metrics_http::Server;

use super::{ours, tls_client};
use crate::{
    attackers, certificates,
    client::Target,
    common::{Short, median, verdict},
    server,
};

/// A scrape of the same counters as in the table of servers, plain and with TLS and basic
/// authentication.
pub(crate) struct Secured {
    plain_ms: f64,
    secured_ms: f64,
}

/// Measures alternately without and with TLS and authentication.
pub(crate) fn measure(rounds: usize) -> Secured {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let plain = ours::start();
    let builder = Server::builder()
        .registry(ours::registry())
        .tls(certificates::create(folder.path()))
        .basic_auth("prometheus", HASH);
    let secured = builder.serve("127.0.0.1:0").expect("a free port");
    let target = target(&secured, folder.path(), 50 * crate::SERIES);
    let head = target.request("/metrics", "Connection: close\r\n");
    let scrape = || {
        let start = Instant::now();
        let bytes = tls_client::receive(target.address, &target.tls, &head);
        let time = start.elapsed().as_secs_f64() * 1e3;
        let bytes = bytes.expect("a response");
        assert!(bytes > target.least_bytes, "{bytes} bytes");
        time
    };
    // The first login costs a password hash.
    scrape();
    let (mut without, mut with) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        without.push(median(
            (0..crate::SCRAPES).map(|_| plain.scrape()).collect(),
        ));
        with.push(median((0..crate::SCRAPES).map(|_| scrape()).collect()));
    }
    Secured {
        plain_ms: median(without),
        secured_ms: median(with),
    }
}

impl Display for Secured {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let ratio = self.secured_ms / self.plain_ms;
        writeln!(
            f,
            "{}, a new connection and handshake each; ms:\n",
            crate::SECURED
        )?;
        writeln!(f, "| plain | TLS and authentication | ratio | target | |")?;
        writeln!(f, "|---:|---:|---:|---:|---|")?;
        writeln!(
            f,
            "| {} | {} | {} | ≤ {MOST_RATIO} | {} |",
            Short(self.plain_ms),
            Short(self.secured_ms),
            Short(ratio),
            verdict(ratio <= MOST_RATIO)
        )
    }
}

/// What a scraper waits for a complete exposition of 20 MB with TLS and authentication, alone and
/// while the server is attacked.
pub(crate) struct Attacked {
    alone_ms: Vec<f64>,
    attacked_ms: Vec<f64>,
}

pub(crate) fn attack() -> Attacked {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let server = server::start(folder.path());
    let target = target(&server, folder.path(), server::LEAST_BYTES);
    let scrape = || target.scrape().as_secs_f64() * 1e3;
    scrape();
    let alone_ms = (0..11).map(|_| scrape()).collect();
    let mut attacked_ms = Vec::new();
    attack_during(&target, ATTACK, || {
        let start = Instant::now();
        while start.elapsed() < ATTACK {
            attacked_ms.push(scrape());
            thread::sleep(PAUSE);
        }
    });
    Attacked {
        alone_ms,
        attacked_ms,
    }
}

/// Attacks for `duration` with [`attackers::CONNECTIONS`] connections, and calls `meanwhile` on this thread.
fn attack_during(target: &Target, duration: Duration, meanwhile: impl FnOnce()) {
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| attackers::attack_until(target, &is_over));
        // Ends the attack also if `meanwhile` panics, because the scope waits for the attackers.
        let _end = EndOnDrop(&is_over);
        let start = Instant::now();
        meanwhile();
        thread::sleep(duration.saturating_sub(start.elapsed()));
    });
}

/// Ends an attack when it is dropped.
struct EndOnDrop<'a>(&'a AtomicBool);

impl Drop for EndOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Display for Attacked {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{}: alone, and during an attack by {} connections, whose clients run on the same \
             processors; ms:\n",
            crate::ATTACKED,
            attackers::CONNECTIONS
        )?;
        writeln!(f, "| | median | longest |\n|---|---:|---:|")?;
        for (name, times) in [("alone", &self.alone_ms), ("attacked", &self.attacked_ms)] {
            let longest = times.iter().copied().fold(0.0, f64::max);
            writeln!(
                f,
                "| {name} | {} | {} |",
                Short(median(times.clone())),
                Short(longest)
            )?;
        }
        Ok(())
    }
}

fn target(server: &Server, folder: &Path, least_bytes: usize) -> Target {
    let root = folder.join(certificates::ROOT);
    let root = std::fs::read_to_string(root).expect("the root certificate");
    Target::new(
        server.local_addr(),
        &root,
        AUTHORIZATION.to_owned(),
        least_bytes,
    )
}

/// A hash of cost 10 of the password `open sesame`.
const HASH: &str = "$2b$10$W7hQZk3vXo1rN5tB8sYdCes1HVXJkrR/bpecLIQsTv0m3wjfTrWom";
const AUTHORIZATION: &str = "Authorization: Basic cHJvbWV0aGV1czpvcGVuIHNlc2FtZQ==";
const MOST_RATIO: f64 = 1.5;
const ATTACK: Duration = Duration::from_secs(20);
const PAUSE: Duration = Duration::from_millis(500);
