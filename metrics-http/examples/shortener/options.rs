//! The command-line options of the URL shortener.

use std::{
    fmt,
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    str::FromStr,
    time::Duration,
};

use lexopt::{Arg, Parser, ValueExt};

pub(crate) const HELP: &str = "\
A URL shortener that measures itself for Prometheus.

Usage: shortener [OPTIONS]

Options:
  --listen ADDR    where links are shortened and followed [127.0.0.1:8080]
  --metrics ADDR   where the metrics are served [127.0.0.1:9464]
  --load RATE      requests per second that it sends to itself, 0 for none [50]
  --for SECONDS    how long it runs [until Ctrl-C or SIGTERM]
  --data DIR       where it keeps the links [a temporary folder, removed at the end]
  --push URL       a Pushgateway to push the metrics to, every 5 seconds and at the end
  --remote-write URL
                   a server to send them to by remote write, likewise
  -h, --help       prints this

The last two are there in a build with `--features push` and `--features remote-write`.

Port 0 selects a free port; the first two lines printed say which.

POST   /links            the target, as text or as {\"target\": \"...\"}; answers the slug
GET    /{slug}           redirects to the target
GET    /{slug}/stats     how often the link was followed
GET    /{slug}/preview   what is behind the link (slow)
DELETE /{slug}           forgets the link
";

/// The parsed command line.
pub(crate) enum Command {
    Run(Options),
    Help,
}

pub(crate) struct Options {
    pub(crate) listen: SocketAddr,
    pub(crate) metrics: SocketAddr,
    /// Requests per second of the load generator.
    pub(crate) load: u32,
    pub(crate) run_for: Option<Duration>,
    pub(crate) data: Option<PathBuf>,
    /// The URL of a Pushgateway.
    pub(crate) push: Option<String>,
    /// The URL of a remote-write server.
    pub(crate) remote_write: Option<String>,
}

impl Options {
    pub(crate) fn parse() -> Result<Command, BadOption> {
        let mut options = Options::default();
        let mut arguments = Parser::from_env();
        while let Some(argument) = arguments.next()? {
            match argument {
                Arg::Long("listen") => options.listen = value(&mut arguments, "--listen")?,
                Arg::Long("metrics") => options.metrics = value(&mut arguments, "--metrics")?,
                Arg::Long("load") => options.load = rate(&mut arguments)?,
                Arg::Long("for") => {
                    let seconds = value(&mut arguments, "--for")?;
                    options.run_for = Some(Duration::from_secs(seconds));
                }
                Arg::Long("data") => options.data = Some(arguments.value()?.into()),
                Arg::Long("push") => options.push = Some(value(&mut arguments, "--push")?),
                Arg::Long("remote-write") => {
                    options.remote_write = Some(value(&mut arguments, "--remote-write")?);
                }
                Arg::Short('h') | Arg::Long("help") => return Ok(Command::Help),
                other => return Err(other.unexpected().into()),
            }
        }
        Ok(Command::Run(options))
    }
}

impl Default for Options {
    fn default() -> Options {
        Options {
            listen: (Ipv4Addr::LOCALHOST, 8080).into(),
            metrics: (Ipv4Addr::LOCALHOST, 9464).into(),
            load: 50,
            run_for: None,
            data: None,
            push: None,
            remote_write: None,
        }
    }
}

/// An option that is unknown, or has a missing or invalid value.
#[derive(Debug)]
pub(crate) struct BadOption(String);

impl fmt::Display for BadOption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; --help lists the options", self.0)
    }
}

impl std::error::Error for BadOption {}

impl From<lexopt::Error> for BadOption {
    fn from(error: lexopt::Error) -> BadOption {
        BadOption(error.to_string())
    }
}

fn value<T>(arguments: &mut Parser, option: &str) -> Result<T, BadOption>
where
    T: FromStr<Err: Into<Box<dyn std::error::Error + Send + Sync>>>,
{
    let value = arguments.value()?;
    value
        .parse()
        .map_err(|error| BadOption(format!("{option}: {error}")))
}

fn rate(arguments: &mut Parser) -> Result<u32, BadOption> {
    let rate = value(arguments, "--load")?;
    if rate > MAX_RATE {
        return Err(BadOption(format!(
            "--load: {rate} is more than {MAX_RATE} requests per second"
        )));
    }
    Ok(rate)
}

const MAX_RATE: u32 = 100_000;
