//! Measures the latency of a busy service on tokio, without scrapes and with scrapes that follow
//! each other after pauses of 100 ms.

use std::{
    fmt::{self, Display, Formatter},
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    runtime,
};

use super::{Running, ours};
use crate::common::{Short, median};

/// Percentiles of the latency in microseconds.
pub(crate) struct Latencies {
    /// The 50th percentile: its median over the rounds without scrapes, and over the rounds with
    /// scrapes.
    p50: [f64; 2],
    /// The 99th percentile, in the order of [`p50`](Self::p50).
    p99: [f64; 2],
    /// The lowest and highest p99 of the rounds without scrapes, which shows the noise.
    noise: [f64; 2],
}

impl Display for Latencies {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "A service on tokio, one thread and one client, without scrapes and beside a scrape of \
             100,000 counters every {} ms; µs:\n",
            PAUSE.as_millis()
        )?;
        writeln!(
            f,
            "| | without | beside | rounds without |\n|---|---:|---:|---|"
        )?;
        for (name, [without, beside]) in [("p50", self.p50), ("p99", self.p99)] {
            write!(f, "| {name} | {} | {} | ", Short(without), Short(beside))?;
            if name == "p99" {
                let [least, most] = self.noise.map(Short);
                write!(f, "{least} to {most}")?;
            }
            writeln!(f, " |")?;
        }
        Ok(())
    }
}

/// Measures alternately without and with scrapes, for [`ROUND`] each.
pub(crate) fn measure(rounds: usize) -> Latencies {
    let metrics = ours::start();
    let service = start_service();
    let mut times: [Vec<[f64; 2]>; 2] = Default::default();
    for _ in 0..rounds {
        for (is_scraped, times) in [false, true].into_iter().zip(&mut times) {
            times.push(measure_latency(service, is_scraped.then_some(&metrics)));
        }
    }
    let middle = |at: usize| {
        [0, 1].map(|which: usize| median(times[which].iter().map(|both| both[at]).collect()))
    };
    let without = || times[0].iter().map(|both| both[1]);
    Latencies {
        p50: middle(0),
        p99: middle(1),
        noise: [
            without().fold(f64::INFINITY, f64::min),
            without().fold(0.0, f64::max),
        ],
    }
}

/// Starts, on its own thread, a service that returns each byte that it receives and records
/// nothing.
fn start_service() -> SocketAddr {
    let (sender, bound) = std::sync::mpsc::channel();
    thread::spawn(move || {
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
            let _ = sender.send(listener.local_addr().expect("the listener is bound"));
            while let Ok((mut stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let mut byte = [0];
                    while stream.read_exact(&mut byte).await.is_ok() {
                        if stream.write_all(&byte).await.is_err() {
                            break;
                        }
                    }
                });
            }
        });
    });
    bound.recv().expect("the service has started")
}

/// Returns the 50th and 99th percentile of the client's latency, in microseconds.
fn measure_latency(service: SocketAddr, metrics: Option<&Running>) -> [f64; 2] {
    let mut stream = TcpStream::connect(service).expect("the service listens");
    stream.set_nodelay(true).expect("a socket");
    let done = AtomicBool::new(false);
    let mut times = Vec::new();
    thread::scope(|scope| {
        if let Some(metrics) = metrics {
            let (address, column) = (metrics.address, metrics.column);
            let done = &done;
            scope.spawn(move || {
                let metrics = Running::new(column, address);
                while !done.load(Ordering::Relaxed) {
                    metrics.scrape();
                    thread::sleep(PAUSE);
                }
            });
        }
        let start = Instant::now();
        while start.elapsed() < ROUND {
            let asked = Instant::now();
            stream.write_all(&[7]).expect("the service reads");
            stream.read_exact(&mut [0]).expect("the service responds");
            times.push(asked.elapsed().as_secs_f64() * 1e6);
        }
        done.store(true, Ordering::Relaxed);
    });
    times.sort_by(f64::total_cmp);
    [50, 99].map(|percent| times[times.len() * percent / 100])
}

/// Pause between the end of a scrape and the next one.
const PAUSE: Duration = Duration::from_millis(100);
const ROUND: Duration = Duration::from_secs(2);
