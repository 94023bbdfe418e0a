//! A small URL shortener that measures itself for Prometheus.
//!
//! It is a complete program: HTTP with axum, links on disk in redb, an in-memory cache, graceful
//! shutdown, and a load generator. It demonstrates:
//!
//! - **One line serves the metrics**: `metrics_http::serve` in [`run`]. No metric is initialised or
//!   passed around; modules declare their metrics next to the code that records them.
//! - **Functions**: `#[timed]` and `#[counted]` on the handlers (`app.rs`) and on
//!   the storage (`links.rs`, `store.rs`), async and sync. An `Err` counts as
//!   `outcome="error"`. If a client disconnects, axum drops the handler, which counts as
//!   `outcome="cancelled"`, and `#[in_flight]` (`page.rs`) still returns to zero.
//! - **Requests**: one layer on the router (`app.rs`) measures requests by route, to the end of
//!   each response.
//! - **Closed labels**: enums with `#[derive(Label)]`, as `cache="hit"` or
//!   `reason="scheme"`. If all labels of a metric are closed, every value is exposed, with 0, from
//!   the first scrape on.
//! - **An open label**: `host`, which clients choose. It has a cardinality limit.
//! - **Gauges and histograms**: stored links, fill level of the cache, sizes of targets and pages;
//!   the latter also with native buckets.
//! - **Exemplars**: followed links and fetched pages refer to the trace of their request
//!   (`trace.rs`).
//! - **Pushing** (`pushing.rs`): to a Pushgateway or by remote write, where scraping is not possible.
//! - **The process and its runtime**: the server adds process metrics; `collect::tokio` in [`run`]
//!   adds tokio's workers, tasks and queues.
//! - **Independent counts**: the load generator (`load.rs`) counts its requests by result, for
//!   comparison with the server's metrics.
//!
//! ```text
//! cargo run --release -p metrics-http --example shortener
//! curl http://127.0.0.1:9464/metrics
//! curl -d https://www.rust-lang.org/ http://127.0.0.1:8080/links
//! ```

mod app;
mod cache;
mod end;
mod link;
mod links;
mod load;
mod options;
mod page;
mod pushing;
mod store;
mod trace;

use std::{
    error::Error,
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
    time::Duration,
};

use metrics_http::{Registry, collect};
use tempfile::TempDir;
use tokio::{net::TcpListener, runtime::Runtime, sync::oneshot, time};

use crate::{
    end::End,
    links::Links,
    load::{Load, Tally},
    options::{Command, Options},
    pushing::Pushing,
};

fn main() -> ExitCode {
    let options = match Options::parse() {
        Ok(Command::Run(options)) => options,
        Ok(Command::Help) => {
            say(options::HELP);
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            complain(&error);
            return ExitCode::from(2);
        }
    };
    match run(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&*error);
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<(), Box<dyn Error>> {
    let metrics = metrics_http::serve(options.metrics)?;
    let pushing = Pushing::start(options)?;

    let runtime = Runtime::new()?;
    Registry::global().register(collect::tokio(runtime.handle()))?;
    let end = {
        let _inside = runtime.enter();
        End::listen(options.run_for)?
    };
    let listener = runtime
        .block_on(TcpListener::bind(options.listen))
        .map_err(|error| format!("cannot listen on {}: {error}", options.listen))?;

    let data = Data::open(options.data.as_deref())?;
    let links = Links::open(&data.path().join("links.redb")).map_err(|error| {
        format!(
            "cannot open the links in {}: {error}",
            data.path().display()
        )
    })?;

    let address = listener.local_addr()?;
    say(&format!("shortener: http://{address}/\n"));
    say(&format!(
        "metrics:   http://{}/metrics\n",
        metrics.local_addr()
    ));

    let served = runtime.block_on(async {
        let load = Load::start(address, options.load);
        serve(listener, Arc::new(links), load, end).await
    });
    // Drops the remaining connections, and the database with the last of them.
    runtime.shutdown_timeout(GRACE);
    let tally = served?;
    pushing.end();
    data.close()?;

    if let Some(tally) = tally {
        say(&format!("load: {tally}\n"));
    }
    Ok(())
}

/// Serves the links until `end`; returns the totals of the load generator, if any.
async fn serve(
    listener: TcpListener,
    links: Arc<Links>,
    load: Option<Load>,
    end: End,
) -> Result<Option<Tally>, Box<dyn Error>> {
    let (stop, stopped) = oneshot::channel::<()>();
    let server = axum::serve(listener, app::router(Arc::clone(&links))?)
        .with_graceful_shutdown(async { drop(stopped.await) });
    let server = tokio::spawn(server.into_future());
    let writer = tokio::spawn(write_hits_regularly(Arc::clone(&links)));

    end.reached().await;

    // The load generator stops first, so that its last requests are still answered.
    let tally = match load {
        Some(load) => Some(load.stop().await?),
        None => None,
    };
    drop(stop);
    if let Ok(ended) = time::timeout(GRACE, server).await {
        ended??;
    }
    writer.abort();
    links.write_hits().await?;
    Ok(tally)
}

async fn write_hits_regularly(links: Arc<Links>) {
    loop {
        time::sleep(WRITE_HITS_EVERY).await;
        if let Err(error) = links.write_hits().await {
            complain(&error);
        }
    }
}

/// Where the links are stored: permanently, or while the program runs.
enum Data {
    Kept(PathBuf),
    Temporary(TempDir),
}

impl Data {
    fn open(path: Option<&Path>) -> Result<Data, Box<dyn Error>> {
        let Some(path) = path else {
            let temporary = TempDir::with_prefix("shortener-")
                .map_err(|error| format!("cannot make a temporary folder: {error}"))?;
            return Ok(Data::Temporary(temporary));
        };
        fs::create_dir_all(path)
            .map_err(|error| format!("cannot use the folder {}: {error}", path.display()))?;
        Ok(Data::Kept(path.to_owned()))
    }

    fn path(&self) -> &Path {
        match self {
            Data::Kept(path) => path,
            Data::Temporary(temporary) => temporary.path(),
        }
    }

    fn close(self) -> io::Result<()> {
        match self {
            Data::Kept(_) => Ok(()),
            Data::Temporary(temporary) => temporary.close(),
        }
    }
}

/// Writes to standard output; a closed pipe is not an error.
fn say(text: &str) {
    drop(io::stdout().write_all(text.as_bytes()));
}

/// Writes an error and its sources to standard error, in one line.
fn complain(error: &dyn Error) {
    let mut line = format!("shortener: {error}");
    let mut cause = error.source();
    while let Some(error) = cause {
        line.push_str(": ");
        line.push_str(&error.to_string());
        cause = error.source();
    }
    drop(writeln!(io::stderr(), "{line}"));
}

/// How long shutdown waits for requests in progress.
const GRACE: Duration = Duration::from_secs(3);
const WRITE_HITS_EVERY: Duration = Duration::from_secs(1);
