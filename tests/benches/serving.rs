//! Measures the time of a scrape over HTTP, with our server and the servers of other libraries, and
//! the effect of scrapes on the latency of a busy service.
//!
//! `cargo bench -p tests --features peers --bench serving [-- <part of a row's name>]` prints
//! tables in Markdown with verdicts, and writes them to `target/serving.md`: for a release build,
//! and for one with thin LTO, which it builds and runs unless `--as-is` is given.
//! `--rounds=<number>` sets the number of rounds.

#[allow(dead_code, reason = "only the other benches use all of it")]
mod common;
#[path = "expositions/inputs.rs"]
#[allow(
    dead_code,
    unused_imports,
    reason = "only the encoding bench uses all of it"
)]
mod inputs;
mod servers;
mod work {
    //! Replaces `expositions::work`, from which `expositions/inputs.rs` imports `THREADS`.
    pub(super) const THREADS: usize = 64;
}

use std::fmt::{self, Display, Formatter};

use crate::{
    common::{Heading, NOT_MEASURED, Options, Role, Short, median, report, verdict},
    servers::{Running, busy},
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
    report(&options, &results);
}

#[derive(Default)]
struct Results {
    /// Each server with its median time of a scrape in milliseconds.
    scrapes: Vec<(Running, f64)>,
    busy: Option<busy::Latencies>,
}

impl Display for Results {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if self.scrapes.is_empty() {
            writeln!(f, "{SCRAPE}: {NOT_MEASURED}\n")?;
        } else {
            self.write_scrapes(f)?;
        }
        match &self.busy {
            None => writeln!(f, "{BUSY}: {NOT_MEASURED}"),
            Some(busy) => writeln!(f, "{busy}"),
        }
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
/// Number of scrapes of each server per round.
const SCRAPES: usize = 5;
/// Target: milliseconds per scrape of our server, at most.
const MOST_MS: f64 = 7.0;
/// Target: time of a scrape of the best peer's server divided by that of ours, at least.
const LEAST_TIMES: f64 = 4.0;
