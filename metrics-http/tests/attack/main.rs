//! Attacks a server with 200 connections for 30 seconds, in all ways that a client can choose, and
//! measures meanwhile what a liveness probe and a legitimate scraper get.
//!
//! The server runs in a process of its own, so that its memory and file descriptors can be told
//! from those of its clients. So do the attackers, at the lowest priority, because attackers usually
//! have processors of their own. This program is all three processes: it serves if its first argument
//! is `serve`, and attacks if it is `attack`.

mod attackers;
mod certificates;
mod client;
mod limits;
mod processes;
mod server;

use std::{
    thread,
    time::{Duration, Instant},
};

use crate::{
    limits::{Slowdown, longest},
    processes::{Attackers, Victim},
};

fn main() {
    match std::env::args().nth(1).as_deref() {
        Some("serve") => return server::serve(),
        Some("attack") => return processes::attack(),
        _ => {}
    }
    let victim = Victim::start();
    let target = victim.target();
    // Threads, buffers and caches that stay for later requests exist after a short attack.
    let warm_up = Attackers::start(&victim);
    thread::sleep(WARM_UP);
    drop(warm_up);
    let before = victim.resources();
    let alone = longest((0..SCRAPES_ALONE).map(|_| target.scrape()));
    let failures = (0..ROUNDS).map_while(|_| attack(&victim, alone).err());
    let failures: Vec<String> = failures.collect();
    assert!(failures.len() < ROUNDS, "{failures:#?}");
    victim.returns_to(&before);
    println!(
        "before the attack: {before}; after it: {}",
        victim.resources()
    );
}

/// Attacks once, and compares what a probe and a scraper get with the limits.
fn attack(victim: &Victim, alone: Duration) -> Result<(), String> {
    let target = victim.target();
    let slowdown = Slowdown::observe();
    let attackers = Attackers::start(victim);
    let end = Instant::now() + ATTACK;
    let (scrapes, probes) = thread::scope(|scope| {
        let probing = scope.spawn(move || repeat_until(end, PROBE_PAUSE, || target.probe()));
        let scrapes = repeat_until(end, SCRAPE_PAUSE, || target.scrape());
        (scrapes, probing.join().expect("a probe is answered"))
    });
    drop(attackers);
    let slowdown = slowdown.factor();
    let (scrape, probe) = (
        longest(scrapes.iter().copied()),
        longest(probes.iter().copied()),
    );
    println!(
        "{} scrapes, the longest {scrape:?} ({alone:?} alone); {} probes, the longest {probe:?}; the \
         machine was {slowdown:.1} times slower",
        scrapes.len(),
        probes.len(),
    );
    if scrapes.len() < 5 || probes.len() < 50 {
        return Err("too few attempts".to_owned());
    }
    if scrape > (alone + MOST_ADDED_TO_A_SCRAPE).mul_f64(slowdown) {
        return Err(format!("a scrape took {scrape:?}, {alone:?} alone"));
    }
    if probe > MOST_OF_A_PROBE.mul_f64(slowdown) {
        return Err(format!("a probe took {probe:?}"));
    }
    Ok(())
}

/// Repeats `attempt` until `end`, and returns the duration of each.
fn repeat_until(
    end: Instant,
    pause: Duration,
    mut attempt: impl FnMut() -> Duration,
) -> Vec<Duration> {
    let mut durations = Vec::new();
    while Instant::now() < end {
        durations.push(attempt());
        thread::sleep(pause);
    }
    durations
}

const WARM_UP: Duration = Duration::from_secs(3);
const ATTACK: Duration = Duration::from_secs(30);
/// The most attacks, of which one must stay within the limits. Another program that takes the
/// processors for a second delays a scrape as a defect of the server would, but a defect shows in
/// each attack.
const ROUNDS: usize = 3;
const PROBE_PAUSE: Duration = Duration::from_millis(100);
const SCRAPE_PAUSE: Duration = Duration::from_millis(500);
const SCRAPES_ALONE: usize = 3;
const MOST_ADDED_TO_A_SCRAPE: Duration = Duration::from_secs(1);
const MOST_OF_A_PROBE: Duration = Duration::from_millis(100);
