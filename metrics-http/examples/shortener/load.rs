//! Generates load: sends requests to the shortener over TCP.
//!
//! The load is open-loop: requests are sent at a constant rate, however long the responses take, so
//! that a slow server is visible in its metrics instead of slowing its clients down. The sequence of
//! requests is the same in every run if each response arrives between the same two requests. Each
//! request begins a trace whose id is its number.

use std::{
    fmt, iter,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use axum::{
    body::{Body, to_bytes},
    http::{Method, Request, StatusCode, header::CONTENT_TYPE, request},
};
use fastrand::Rng;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use metrics_core::{Label, metrics};
use tokio::{
    sync::oneshot,
    task::{JoinError, JoinHandle, JoinSet},
    time,
};

metrics! {
    /// Completed requests of the load generator.
    static REQUESTS: Counter<(kind: Kind, outcome: Outcome)> = "shortener_load_requests_total";
}

/// The kind of a request.
#[derive(Label, Clone, Copy)]
enum Kind {
    Create,
    Follow,
    Stats,
    Preview,
    /// A preview whose client disconnects after 10 to 40 ms, sooner than the page is fetched.
    Impatient,
    Delete,
    /// A link that does not exist.
    Missing,
    /// An invalid target.
    Invalid,
}

/// The result of a request.
#[derive(Label, Clone, Copy)]
enum Outcome {
    /// 2xx
    Success,
    /// 3xx
    Redirect,
    /// 4xx
    Rejected,
    /// 5xx
    Failed,
    /// The client disconnected on purpose.
    Abandoned,
    /// The connection failed or timed out.
    Unanswered,
}

/// A running load generator.
pub(crate) struct Load {
    stop: oneshot::Sender<()>,
    task: JoinHandle<Result<Tally, JoinError>>,
}

impl Load {
    /// Starts to send `rate` requests per second; none if it is 0.
    pub(crate) fn start(server: SocketAddr, rate: u32) -> Option<Load> {
        let interval = Duration::from_secs(1).checked_div(rate)?;
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(Generator::new(server).run(interval, stopped));
        Some(Load { stop, task })
    }

    /// Stops sending and waits for outstanding responses.
    pub(crate) async fn stop(self) -> Result<Tally, JoinError> {
        drop(self.stop);
        self.task.await?
    }
}

/// Number of requests sent, and of each result.
#[derive(Default)]
pub(crate) struct Tally {
    sent: u64,
    success: u64,
    redirect: u64,
    rejected: u64,
    failed: u64,
    abandoned: u64,
    unanswered: u64,
}

impl Tally {
    fn add(&mut self, outcome: Outcome) {
        *match outcome {
            Outcome::Success => &mut self.success,
            Outcome::Redirect => &mut self.redirect,
            Outcome::Rejected => &mut self.rejected,
            Outcome::Failed => &mut self.failed,
            Outcome::Abandoned => &mut self.abandoned,
            Outcome::Unanswered => &mut self.unanswered,
        } += 1;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Tally {
            sent,
            success,
            redirect,
            rejected,
            failed,
            abandoned,
            unanswered,
        } = self;
        write!(
            f,
            "sent={sent} success={success} redirect={redirect} rejected={rejected} "
        )?;
        write!(
            f,
            "failed={failed} abandoned={abandoned} unanswered={unanswered}"
        )
    }
}

struct Generator {
    client: Client<HttpConnector, Body>,
    server: String,
    random: Rng,
    /// Links that were created and not deleted; at most [`MAX_SLUGS`], chosen at random.
    slugs: Vec<String>,
    requests: JoinSet<Ended>,
    tally: Tally,
}

/// A completed request.
struct Ended {
    kind: Kind,
    outcome: Outcome,
    body: String,
}

impl Generator {
    fn new(server: SocketAddr) -> Generator {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        Generator {
            client: Client::builder(TokioExecutor::new()).build(connector),
            server: format!("http://{}", reachable(server)),
            random: Rng::with_seed(SEED),
            slugs: Vec::new(),
            requests: JoinSet::new(),
            tally: Tally::default(),
        }
    }

    async fn run(
        mut self,
        interval: Duration,
        mut stopped: oneshot::Receiver<()>,
    ) -> Result<Tally, JoinError> {
        // After a delay, an interval catches up by default, so the average rate is constant.
        let mut ticks = time::interval(interval);
        loop {
            tokio::select! {
                _ = &mut stopped => break,
                Some(ended) = self.requests.join_next() => self.note(ended?),
                _ = ticks.tick() => self.send(),
            }
        }
        while let Some(ended) = self.requests.join_next().await {
            self.note(ended?);
        }
        Ok(self.tally)
    }

    fn send(&mut self) {
        let kind = self.kind();
        self.tally.sent += 1;
        let request = self.request(kind);
        let patience = match kind {
            Kind::Impatient => Duration::from_millis(self.random.u64(10..40)),
            _ => PATIENCE,
        };
        let client = self.client.clone();
        self.requests.spawn(async move {
            let answer = time::timeout(patience, answer(&client, request)).await;
            let (outcome, body) = match (answer, kind) {
                (Ok(Some((status, body))), _) => (Outcome::of(status), body),
                (Err(_), Kind::Impatient) => (Outcome::Abandoned, String::new()),
                (Ok(None) | Err(_), _) => (Outcome::Unanswered, String::new()),
            };
            Ended {
                kind,
                outcome,
                body,
            }
        });
    }

    fn note(
        &mut self,
        Ended {
            kind,
            outcome,
            body,
        }: Ended,
    ) {
        REQUESTS.with(kind, outcome).inc();
        self.tally.add(outcome);
        if let (Kind::Create, Outcome::Success) = (kind, outcome) {
            if self.slugs.len() == MAX_SLUGS {
                let forgotten = self.random.usize(..MAX_SLUGS);
                self.slugs.swap_remove(forgotten);
            }
            self.slugs.push(body);
        }
    }

    /// Chooses the kind of the next request at random; the ranges are percentages.
    fn kind(&mut self) -> Kind {
        let kind = match self.random.u8(..100) {
            0..55 => Kind::Follow,
            55..65 => Kind::Create,
            65..73 => Kind::Stats,
            73..81 => Kind::Preview,
            81..85 => Kind::Impatient,
            85..87 => Kind::Delete,
            87..95 => Kind::Missing,
            _ => Kind::Invalid,
        };
        match kind {
            Kind::Missing | Kind::Invalid => kind,
            // The other kinds, except `Create`, need a link.
            _ if self.slugs.is_empty() => Kind::Create,
            _ => kind,
        }
    }

    fn request(&mut self, kind: Kind) -> Request<Body> {
        match kind {
            Kind::Create => {
                let target = self.target();
                if self.random.bool() {
                    self.post("application/json", format!(r#"{{"target":"{target}"}}"#))
                } else {
                    self.post("text/plain", target)
                }
            }
            Kind::Follow => self.on_link(Method::GET, ""),
            Kind::Stats => self.on_link(Method::GET, "/stats"),
            Kind::Preview | Kind::Impatient => self.on_link(Method::GET, "/preview"),
            Kind::Delete => {
                let index = self.popular();
                let slug = self.slugs.swap_remove(index);
                self.bare(Method::DELETE, &slug)
            }
            Kind::Missing => {
                let slug = self.letters(7);
                self.bare(Method::GET, &slug)
            }
            Kind::Invalid => match self.random.u8(..4) {
                0 => self.post("text/plain", "no URL at all"),
                1 => self.post("text/plain", "ftp://files.example/pub"),
                2 => self.post("application/json", "{"),
                _ => self.post(
                    "text/plain",
                    format!("http://long.example/{}", "x".repeat(4000)),
                ),
            },
        }
    }

    fn on_link(&mut self, method: Method, suffix: &str) -> Request<Body> {
        let index = self.popular();
        self.bare(method, &format!("{}{suffix}", self.slugs[index]))
    }

    fn bare(&self, method: Method, path: &str) -> Request<Body> {
        let request = Request::builder().method(method);
        self.build(request.uri(format!("{}/{path}", self.server)), "")
    }

    fn post(&self, content_type: &str, body: impl Into<Body>) -> Request<Body> {
        let request = Request::post(format!("{}/links", self.server));
        self.build(request.header(CONTENT_TYPE, content_type), body)
    }

    fn build(&self, request: request::Builder, body: impl Into<Body>) -> Request<Body> {
        request
            .header(
                "traceparent",
                format!("00-{0:032x}-{0:016x}-01", self.tally.sent),
            )
            .body(body.into())
            .expect("a path of letters, digits and slashes is valid")
    }

    fn target(&mut self) -> String {
        let host = HOSTS[self.random.usize(..HOSTS.len())];
        let length = self.random.usize(1..200);
        format!("https://{host}/{}", self.letters(length))
    }

    fn letters(&mut self, length: usize) -> String {
        iter::repeat_with(|| self.random.lowercase())
            .take(length)
            .collect()
    }

    /// A random index into `slugs`; low indices are much more frequent than high ones.
    fn popular(&mut self) -> usize {
        let share = self.random.f64();
        (share * share * share * self.slugs.len() as f64) as usize
    }
}

impl Outcome {
    fn of(status: StatusCode) -> Outcome {
        match status.as_u16() {
            ..300 => Outcome::Success,
            300..400 => Outcome::Redirect,
            400..500 => Outcome::Rejected,
            500.. => Outcome::Failed,
        }
    }
}

/// Sends a request; returns status and body, or `None` if no complete response arrives.
async fn answer(
    client: &Client<HttpConnector, Body>,
    request: Request<Body>,
) -> Option<(StatusCode, String)> {
    let response = client.request(request).await.ok()?;
    let status = response.status();
    let body = to_bytes(Body::new(response.into_body()), MAX_ANSWER)
        .await
        .ok()?;
    Some((status, String::from_utf8_lossy(&body).into_owned()))
}

/// The address at which a client reaches `server`, which may listen on all interfaces.
fn reachable(mut server: SocketAddr) -> SocketAddr {
    if server.ip().is_unspecified() {
        server.set_ip(match server.ip() {
            IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    server
}

const SEED: u64 = 1994;
const HOSTS: [&str; 8] = [
    "blog.example",
    "code.example",
    "docs.example",
    "maps.example",
    "music.example",
    "news.example",
    "shop.example",
    "wiki.example",
];
/// Maximum number of created links that are kept for later requests.
const MAX_SLUGS: usize = 1000;
const MAX_ANSWER: usize = 64 * 1024;
const PATIENCE: Duration = Duration::from_secs(3);
