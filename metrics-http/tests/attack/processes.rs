//! The processes of the server and of its attackers.

use std::{
    env,
    fmt::{self, Display, Formatter},
    fs,
    io::{self, BufRead, BufReader, Read},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use base64::{Engine, engine::general_purpose::STANDARD};

use crate::{attackers, client::Target, server::LEAST_BYTES};

/// The process of the server that is attacked.
pub(crate) struct Victim {
    process: Child,
    address: String,
    /// The path of the root certificate.
    root: String,
    target: Target,
}

/// What the process uses.
pub(crate) struct Resources {
    resident_bytes: u64,
    file_descriptors: usize,
    threads: usize,
}

impl Victim {
    pub(crate) fn start() -> Victim {
        let mut process = Command::new(env::current_exe().expect("this program has a path"))
            .arg("serve")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the server starts");
        let output = process.stdout.take().expect("it is piped");
        let mut lines = BufReader::new(output).lines();
        let mut line = || lines.next().expect("two lines").expect("it is text");
        let (address, root) = (line(), line());
        let target = target(&address, &root);
        Victim {
            process,
            address,
            root,
            target,
        }
    }

    pub(crate) fn target(&self) -> &Target {
        &self.target
    }

    pub(crate) fn resources(&self) -> Resources {
        let folder = format!("/proc/{}", self.process.id());
        let status = fs::read_to_string(format!("{folder}/status")).expect("the server runs");
        let field = |name: &str| -> u64 {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            let value = line.and_then(|rest| rest.split_whitespace().next());
            value.and_then(|text| text.parse().ok()).expect(name)
        };
        let descriptors = fs::read_dir(format!("{folder}/fd")).expect("the server runs");
        Resources {
            resident_bytes: field("VmRSS:") * 1024,
            file_descriptors: descriptors.count(),
            threads: usize::try_from(field("Threads:")).expect("few threads"),
        }
    }

    /// Waits until the process uses no more than `before`.
    pub(crate) fn returns_to(&self, before: &Resources) {
        let start = Instant::now();
        loop {
            let now = self.resources();
            // The allocator keeps some of the freed memory.
            let is_back = now.resident_bytes <= before.resident_bytes + ALLOCATOR_BYTES
                && now.file_descriptors <= before.file_descriptors
                && now.threads <= before.threads;
            if is_back {
                return;
            }
            assert!(start.elapsed() < PATIENCE, "before: {before}; now: {now}");
            thread::sleep(Duration::from_millis(100));
        }
    }
}

/// The process of the attackers; the attack ends when this is dropped.
pub(crate) struct Attackers(Child);

impl Attackers {
    pub(crate) fn start(victim: &Victim) -> Attackers {
        let process = Command::new("nice")
            .args(["-n", "19"])
            .arg(env::current_exe().expect("this program has a path"))
            .args(["attack", &victim.address, &victim.root])
            .stdin(Stdio::piped())
            .spawn();
        Attackers(process.expect("the attackers start"))
    }
}

impl Drop for Attackers {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

/// Attacks until standard input ends. The arguments after `attack` are those that
/// [`Attackers::start`] passes.
pub(crate) fn attack() {
    let arguments: Vec<_> = env::args().skip(2).collect();
    let [address, root] = &arguments[..] else {
        panic!("pass the address and the root certificate");
    };
    let target = target(address, root);
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| attackers::attack_until(&target, &is_over));
        // Returns at the end of the test, also if that fails.
        let _ = io::stdin().read_to_end(&mut Vec::new());
        is_over.store(true, Ordering::Relaxed);
    });
}

fn target(address: &str, root: &str) -> Target {
    let address = address.parse().expect("an address");
    let root = fs::read_to_string(root).expect("the root certificate");
    let credentials = STANDARD.encode("prometheus:open sesame");
    let authorization = format!("Authorization: Basic {credentials}");
    Target::new(address, &root, authorization, LEAST_BYTES)
}

impl Drop for Victim {
    fn drop(&mut self) {
        // Standard input ends, so the server removes its files and ends.
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}

impl Display for Resources {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} MiB, {} file descriptors, {} threads",
            self.resident_bytes >> 20,
            self.file_descriptors,
            self.threads
        )
    }
}

const ALLOCATOR_BYTES: u64 = 32 << 20;
const PATIENCE: Duration = Duration::from_mins(1);
