//! Attacks the server with many connections at once, in all ways that a client can choose.

use std::{
    io::{ErrorKind, Read, Write},
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use base64::{Engine, engine::general_purpose::STANDARD};

use crate::client::{Stream, Target};

/// Attacks with [`CONNECTIONS`] connections until the flag is set.
pub(crate) fn attack_until(target: &Target, is_over: &AtomicBool) {
    thread::scope(|scope| {
        for number in 0..CONNECTIONS {
            let attack = Attack::of(number);
            scope.spawn(move || {
                while !is_over.load(Ordering::Relaxed) {
                    attack.run(target, number, is_over);
                    thread::sleep(ATTACK_PAUSE);
                }
            });
            // Otherwise the attack would begin with 200 handshakes at once, which would measure how
            // many processors the machine has.
            thread::sleep(START_PAUSE);
        }
    });
}

/// What one client does on each of its connections.
#[derive(Clone, Copy)]
enum Attack {
    /// Sends a part of a TLS handshake.
    SlowHandshake,
    /// Completes the handshake, sends requests and never reads.
    NeverReads,
    /// Reads an exposition slowly, with the right credentials.
    ReadsSlowly,
    /// Sends a wrong password and hangs up.
    WrongPassword,
    /// Scrapes with a timeout of a tenth of a millisecond.
    MinimalTimeout,
    /// Asks a readiness check that hangs.
    HangingCheck,
    /// Polls the live page's data and does not read it.
    PageViewer,
    /// Asks for a dashboard, each time with another title.
    Dashboards,
}

impl Attack {
    /// The attack of the client with this number; all attacks have equally many clients.
    fn of(number: usize) -> Attack {
        let attacks = [
            Attack::SlowHandshake,
            Attack::NeverReads,
            Attack::ReadsSlowly,
            Attack::WrongPassword,
            Attack::MinimalTimeout,
            Attack::HangingCheck,
            Attack::PageViewer,
            Attack::Dashboards,
        ];
        attacks[number % attacks.len()]
    }

    /// Attacks on one connection until the server ends it or the attack is over.
    ///
    /// An error is not reported, because a server that defends itself causes some.
    fn run(self, target: &Target, number: usize, is_over: &AtomicBool) {
        if let Attack::SlowHandshake = self {
            let Ok(mut stream) = target.connect_tcp() else {
                return;
            };
            // The head of a record of 512 bytes, of which the client sends a few.
            let _ = stream.write_all(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03");
            let _ = stream.set_read_timeout(Some(STEP));
            while !is_over.load(Ordering::Relaxed) && is_open(stream.read(&mut [0; 64])) {}
            return;
        }
        let Ok(mut stream) = target.connect() else {
            return;
        };
        let _ = stream.sock.set_read_timeout(Some(STEP));
        let _ = stream.sock.set_write_timeout(Some(STEP));
        match self {
            Attack::SlowHandshake => {}
            Attack::NeverReads => {
                never_read(&mut stream, &target.request("/metrics", ""), is_over);
            }
            Attack::PageViewer => {
                never_read(&mut stream, &target.request("/-/page/feed", ""), is_over);
            }
            Attack::ReadsSlowly => {
                let _ = stream.write_all(target.request("/metrics", "").as_bytes());
                while !is_over.load(Ordering::Relaxed) && is_open(stream.read(&mut [0; 512])) {
                    thread::sleep(STEP);
                }
            }
            Attack::WrongPassword => {
                // Another password each time, because the server remembers wrong ones.
                let wrong = STANDARD.encode(format!("prometheus:{:?}", Instant::now()));
                let wrong = format!("Authorization: Basic {wrong}");
                let head = target.request("/metrics", "");
                let _ = stream.write_all(head.replace(&target.authorization, &wrong).as_bytes());
            }
            Attack::MinimalTimeout => {
                let headers = "X-Prometheus-Scrape-Timeout-Seconds: 0.0001\r\n\
                               Connection: close\r\n";
                // Does not read on, because encrypting for clients that read as fast as they can
                // would measure how many processors the machine has.
                let _ = stream.write_all(target.request("/metrics", headers).as_bytes());
                let _ = stream.read(&mut [0; 512]);
                thread::sleep(5 * STEP);
            }
            Attack::HangingCheck => {
                let head = target.request("/-/ready", "Connection: close\r\n");
                read_all(&mut stream, &head, is_over);
            }
            Attack::Dashboards => {
                for round in 0..100 {
                    if is_over.load(Ordering::Relaxed) {
                        return;
                    }
                    let path = format!("/dashboard.json?title=attack-{number}-{round}");
                    if stream
                        .write_all(target.request(&path, "").as_bytes())
                        .is_err()
                    {
                        return;
                    }
                    thread::sleep(STEP);
                }
            }
        }
    }
}

/// Sends a request again and again, and reads nothing, until the server ends the connection.
fn never_read(stream: &mut Stream, head: &str, is_over: &AtomicBool) {
    while !is_over.load(Ordering::Relaxed) {
        match stream.write_all(head.as_bytes()) {
            Ok(()) => thread::sleep(STEP),
            // The server reads no further requests before the client has read the responses.
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                thread::sleep(STEP);
            }
            Err(_) => return,
        }
    }
}

/// Sends a request, and reads the response to its end.
fn read_all(stream: &mut Stream, head: &str, is_over: &AtomicBool) {
    if stream.write_all(head.as_bytes()).is_err() {
        return;
    }
    let mut buffer = vec![0; 1 << 16];
    while !is_over.load(Ordering::Relaxed) && is_open(stream.read(&mut buffer)) {}
}

/// Whether a connection is open after a read with this result; it is if the read timed out.
fn is_open(read: std::io::Result<usize>) -> bool {
    match read {
        Ok(bytes) => bytes > 0,
        Err(error) => matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut),
    }
}

pub(crate) const CONNECTIONS: usize = 200;
/// Pause of an attacker after its connection has ended, so that the attackers do not use up the
/// processors, which the server cannot prevent.
const ATTACK_PAUSE: Duration = Duration::from_secs(1);
/// Pause between the first connections of two attackers.
const START_PAUSE: Duration = Duration::from_millis(10);
/// Pause between two steps of a slow client.
const STEP: Duration = Duration::from_millis(100);
