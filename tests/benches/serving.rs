//! Measures the time of a scrape over HTTP, with our server and the servers of other libraries, and
//! the effect of scrapes on the latency of a busy service, and scrapes with TLS, also during an
//! attack.
//!
//! `cargo bench -p tests --features peers --bench serving [-- <part of a row's name>]` prints
//! tables in Markdown with verdicts, and writes them to `target/serving.md`: for a release build,
//! and for one with thin LTO, which it builds and runs unless `--as-is` is given.
//! `--rounds=<number>` sets the number of rounds.

#[path = "../../metrics-http/tests/attack/attackers.rs"]
mod attackers;
#[path = "../../metrics-http/tests/attack/certificates.rs"]
mod certificates;
#[path = "../../metrics-http/tests/attack/client.rs"]
#[allow(dead_code, reason = "only the test of the attack uses all of it")]
mod client;
#[allow(dead_code, reason = "only the other benches use all of it")]
mod common;
#[path = "expositions/inputs.rs"]
#[allow(
    dead_code,
    unused_imports,
    reason = "only the encoding bench uses all of it"
)]
mod inputs;
#[path = "../../metrics-http/tests/attack/server.rs"]
#[allow(dead_code, reason = "only the test of the attack uses all of it")]
mod server;
mod servers;
mod work {
    //! Replaces `expositions::work`, from which `expositions/inputs.rs` imports `THREADS`.
    pub(super) const THREADS: usize = 64;
}

use std::fmt::{self, Display, Formatter};

use crate::{
    common::{Heading, NOT_MEASURED, Options, Role, Short, median, report, verdict},
    servers::{Running, busy, secured},
};

/// Number of series of the served counter.
const SERIES: usize = 100_000;

fn main() {
    let options = Options::from_arguments("serving");
    let mut results = Results::default();
    if options.wants(SCRAPE) {
        let servers = servers::start();
        for server in &servers {
            server.scrape();
        }
        let mut times = vec![Vec::new(); servers.len()];
        for _ in 0..options.rounds {
            for (server, times) in servers.iter().zip(&mut times) {
                times.push(median((0..SCRAPES).map(|_| server.scrape()).collect()));
            }
        }
        results.scrapes = servers
            .into_iter()
            .zip(times)
            .map(|(server, times)| (server, median(times)))
            .collect();
    }
    if options.wants(BUSY) {
        results.busy = Some(busy::measure(options.rounds));
    }
    if options.wants(SECURED) {
        results.secured = Some(secured::measure(options.rounds));
    }
    if options.wants(ATTACKED) {
        results.attacked = Some(secured::attack());
    }
    report(&options, &results);
}

#[derive(Default)]
struct Results {
    /// Each server with its median time of a scrape in milliseconds.
    scrapes: Vec<(Running, f64)>,
    busy: Option<busy::Latencies>,
    secured: Option<secured::Secured>,
    attacked: Option<secured::Attacked>,
}

impl Display for Results {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if self.scrapes.is_empty() {
            writeln!(f, "{SCRAPE}: {NOT_MEASURED}\n")?;
        } else {
            self.write_scrapes(f)?;
        }
        write_optional(f, BUSY, self.busy.as_ref())?;
        write_optional(f, SECURED, self.secured.as_ref())?;
        write_optional(f, ATTACKED, self.attacked.as_ref())
    }
}

fn write_optional(
    f: &mut Formatter<'_>,
    row: &str,
    measured: Option<&impl Display>,
) -> fmt::Result {
    match measured {
        None => writeln!(f, "{row}: {NOT_MEASURED}\n"),
        Some(measured) => writeln!(f, "{measured}"),
    }
}

impl Results {
    fn write_scrapes(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "{SCRAPE}, each over a new connection:\n")?;
        writeln!(f, "| server | MB | ms |\n|---|---:|---:|")?;
        for (server, time) in &self.scrapes {
            let megabytes = Short(server.bytes() as f64 / 1e6);
            let name = Heading(server.column);
            writeln!(f, "| {name} | {megabytes} | {} |", Short(*time))?;
        }
        let of = |role| {
            let times = self
                .scrapes
                .iter()
                .filter(|(server, _)| server.column.role == role)
                .map(|(_, time)| *time);
            times.min_by(f64::total_cmp)
        };
        writeln!(f, "\n| target | measured | |\n|---|---:|---|")?;
        if let Some(ours) = of(Role::Ours) {
            let is_met = verdict(ours <= MOST_MS);
            writeln!(f, "| ≤ {MOST_MS} ms | {} | {is_met} |", Short(ours))?;
            if let Some(peer) = of(Role::Peer) {
                let times = peer / ours;
                let is_met = verdict(times >= LEAST_TIMES);
                writeln!(
                    f,
                    "| ≥ {LEAST_TIMES} × as fast as the best peer | {} | {is_met} |",
                    Short(times)
                )?;
            }
        }
        writeln!(f)
    }
}

const SCRAPE: &str = "a scrape of 100,000 counters over loopback, uncompressed";
const BUSY: &str = "a busy service";
const SECURED: &str = "the same scrape with TLS and basic authentication";
const ATTACKED: &str = "a scrape of 20 MB with TLS and basic authentication during an attack";
/// Number of scrapes of each server per round.
const SCRAPES: usize = 5;
/// Target: milliseconds per scrape of our server, at most.
const MOST_MS: f64 = 7.0;
/// Target: time of a scrape of the best peer's server divided by that of ours, at least.
const LEAST_TIMES: f64 = 4.0;
