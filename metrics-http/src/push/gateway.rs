//! The Pushgateway: for jobs that end before anybody scrapes them.

use std::{
    fmt::{self, Debug, Formatter},
    time::Duration,
};

use hyper::{
    HeaderMap, Method, Uri,
    header::{self, HeaderValue},
};
use metrics_core::{Format, Registry};
use tokio::sync::oneshot;

use super::{
    background::{Pusher, Work},
    client::{self, Client, Server},
    grouping,
};
use crate::error::Error;

/// Pushes metrics to a [Pushgateway](https://github.com/prometheus/pushgateway), which keeps them
/// for Prometheus: for jobs that end before anybody could scrape them.
///
/// The gateway keeps one set of metrics for each job and its [grouping](PushGateway::grouping)
/// labels, until it is [deleted](PushGateway::delete). It puts these labels on all of them, over
/// labels of the same name; that is why a job is best not named in the metrics themselves.
///
/// The calls block until the gateway has answered, need no async runtime and mind none; those
/// that end in `_async` do so in any runtime. Each works on a thread of its own: a future that is
/// dropped stops waiting, not pushing. [`push_on_drop`](PushGateway::push_on_drop) pushes however a
/// job ends, and [`every`](PushGateway::push_every) in the background.
///
/// What is pushed has no timestamps, as the gateway demands, and is in the text format 0.0.4, which
/// whatever takes the place of a gateway knows too; [`protobuf`](PushGateway::protobuf) has native
/// histograms arrive. Names of any characters are escaped with underscores.
///
/// # Examples
///
/// ```no_run
/// use metrics_http::PushGateway;
///
/// metrics_http::metrics! {
///     /// When the import last succeeded.
///     #[unit("seconds")]
///     static SUCCEEDED: FloatGauge = "import_last_success_timestamp_seconds";
/// }
///
/// # fn main() -> Result<(), metrics_http::Error> {
/// # let now = 1_700_000_000.0;
/// SUCCEEDED.set(now);
/// PushGateway::new("http://127.0.0.1:9091", "import")
///     .grouping("database", "orders")
///     .push()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[must_use = "nothing is pushed before `push`, `add`, `push_on_drop` or `every`"]
pub struct PushGateway {
    registry: Registry,
    server: Server,
    job: String,
    grouping: Vec<(String, String)>,
    format: Format,
}

impl PushGateway {
    /// The gateway at this URL, and the job whose metrics they are.
    ///
    /// The URL may have a path, where the gateway is run with a prefix. It is looked at when
    /// something is pushed.
    pub fn new(url: impl Into<String>, job: impl Into<String>) -> PushGateway {
        PushGateway {
            registry: Registry::global().clone(),
            server: Server::new(url.into()),
            job: job.into(),
            grouping: Vec::new(),
            format: Format::Text,
        }
    }

    /// Pushes this registry instead of the global one.
    pub fn registry(mut self, registry: Registry) -> PushGateway {
        self.registry = registry;
        self
    }

    /// A further label of the grouping key: runs of a job with other values replace nothing of
    /// this one's.
    pub fn grouping(mut self, name: impl Into<String>, value: impl Into<String>) -> PushGateway {
        self.grouping.push((name.into(), value.into()));
        self
    }

    /// The grouping label `instance`, with the name of this machine: for what is done on each of
    /// several.
    ///
    /// A job that runs now here, now there is better off without: it would leave metrics behind
    /// on each machine.
    pub fn instance_from_hostname(self) -> PushGateway {
        let host = gethostname::gethostname();
        self.grouping("instance", host.to_string_lossy())
    }

    /// Logs in with a name and a password.
    pub fn basic_auth(
        mut self,
        user: impl Into<String>,
        password: impl Into<String>,
    ) -> PushGateway {
        self.server.basic_auth(user.into(), password.into());
        self
    }

    /// Logs in with a token.
    pub fn bearer_auth(mut self, token: impl Into<String>) -> PushGateway {
        self.server.bearer_auth(token.into());
        self
    }

    /// How long to wait for the answer, the way there included: 10 seconds.
    pub fn timeout(mut self, time: Duration) -> PushGateway {
        self.server.timeout(time);
        self
    }

    /// Pushes in protobuf, in which native buckets arrive.
    ///
    /// Not with gauge histograms in the registry: what a gateway of version 1.5 shows ends where
    /// one begins that came in protobuf, so that Prometheus refuses all of it.
    pub fn protobuf(mut self) -> PushGateway {
        self.format = Format::Protobuf;
        self
    }

    /// Trusts these certificates (PEM) instead of those that the system trusts.
    #[cfg(feature = "https")]
    pub fn root_certificates(mut self, pem: impl Into<Vec<u8>>) -> PushGateway {
        self.server.roots = Some(pem.into());
        self
    }

    /// Replaces all metrics of the group by those of the registry (`PUT`).
    ///
    /// # Errors
    ///
    /// When the URL, the job, a label or a certificate cannot be one, the gateway cannot be reached or takes too
    /// long, or refuses: the text has its answer then, and [`Error::status`] the status code.
    ///
    /// ```
    /// use metrics_http::PushGateway;
    ///
    /// let error = PushGateway::new("http://127.0.0.1:1", "backup").push().unwrap_err();
    /// assert!(error.to_string().contains("PUT http://127.0.0.1:1/metrics/job/backup"));
    /// ```
    pub fn push(&self) -> Result<(), Error> {
        self.block(Method::PUT)
    }

    /// As [`push`](PushGateway::push), in an async runtime of any kind.
    ///
    /// # Errors
    ///
    /// As [`push`](PushGateway::push).
    ///
    /// ```no_run
    /// # async fn run() -> Result<(), metrics_http::Error> {
    /// use metrics_http::PushGateway;
    ///
    /// PushGateway::new("http://127.0.0.1:9091", "backup").push_async().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn push_async(&self) -> Result<(), Error> {
        self.wait(Method::PUT).await
    }

    /// Replaces the families of the group that the registry has, and leaves the others (`POST`).
    ///
    /// # Errors
    ///
    /// As [`push`](PushGateway::push).
    pub fn add(&self) -> Result<(), Error> {
        self.block(Method::POST)
    }

    /// As [`add`](PushGateway::add), in an async runtime of any kind.
    ///
    /// # Errors
    ///
    /// As [`push`](PushGateway::push).
    pub async fn add_async(&self) -> Result<(), Error> {
        self.wait(Method::POST).await
    }

    /// Deletes all metrics of the group; that there are none is no error.
    ///
    /// # Errors
    ///
    /// As [`push`](PushGateway::push).
    pub fn delete(&self) -> Result<(), Error> {
        self.block(Method::DELETE)
    }

    /// As [`delete`](PushGateway::delete), in an async runtime of any kind.
    ///
    /// # Errors
    ///
    /// As [`push`](PushGateway::push).
    pub async fn delete_async(&self) -> Result<(), Error> {
        self.wait(Method::DELETE).await
    }

    /// Pushes when what is returned is dropped: at the end of a job, also when it returns early
    /// or panics.
    ///
    /// A destructor has nobody to return an error to, and gives it to `on_error`;
    /// [`PushOnDrop::push`] returns it.
    ///
    /// # Errors
    ///
    /// When the URL, the job, a label or a certificate cannot be one. The gateway is not asked yet.
    ///
    /// ```no_run
    /// use metrics_http::PushGateway;
    ///
    /// # fn back_up() -> Result<(), metrics_http::Error> { Ok(()) }
    /// fn main() -> Result<(), metrics_http::Error> {
    ///     let gateway = PushGateway::new("http://127.0.0.1:9091", "backup");
    ///     let _pushed = gateway.push_on_drop(|error| eprintln!("{error}"))?;
    ///     back_up()
    /// }
    /// ```
    pub fn push_on_drop(
        self,
        on_error: impl FnOnce(Error) + Send + 'static,
    ) -> Result<PushOnDrop, Error> {
        self.checked()?;
        Ok(PushOnDrop(Some((self, Box::new(on_error)))))
    }

    /// Pushes in the background: now, each time `interval` has passed since, and at the end; see
    /// [`Pusher`].
    ///
    /// Pushes that fail are counted, and their errors given to `on_error`.
    ///
    /// # Errors
    ///
    /// When the interval is zero, the URL, the job, a label or a certificate cannot be one, no
    /// thread can be started, or the registry has metrics of the names of the pusher's own.
    pub fn push_every(
        self,
        interval: Duration,
        on_error: impl FnMut(Error) + Send + 'static,
    ) -> Result<Pusher, Error> {
        let client = self.checked()?;
        let registry = self.registry.clone();
        let url = self.server.uri("")?.to_string();
        let work = Regularly {
            gateway: self,
            client,
        };
        Pusher::start(&registry, &url, interval, on_error, work)
    }

    fn checked(&self) -> Result<Client, Error> {
        self.uri()?;
        self.server.client()
    }

    fn uri(&self) -> Result<Uri, Error> {
        self.server.uri(&grouping::path(&self.job, &self.grouping)?)
    }

    fn block(&self, method: Method) -> Result<(), Error> {
        let gateway = self.clone();
        client::on_a_thread(move || async move { gateway.once(method).await })?.join()
    }

    async fn wait(&self, method: Method) -> Result<(), Error> {
        let gateway = self.clone();
        let (done, outcome) = oneshot::channel();
        client::on_a_thread(move || async move {
            // Nobody waits where the future was dropped.
            let _ = done.send(gateway.once(method).await);
            Ok(())
        })?;
        outcome.await.unwrap_or_else(|_| Err(client::panicked()))
    }

    async fn once(&self, method: Method) -> Result<(), Error> {
        self.send(&self.server.client()?, method).await
    }

    async fn send(&self, client: &Client, method: Method) -> Result<(), Error> {
        let uri = self.uri()?;
        let mut headers = HeaderMap::new();
        let mut body = Vec::new();
        if method != Method::DELETE {
            headers.insert(
                header::CONTENT_TYPE,
                HeaderValue::from_static(self.format.content_type()),
            );
            // Writing to memory does not fail.
            let _ = self.registry.encode(self.format, &mut body);
        }
        let answered = client.send(method, &uri, headers, body).await;
        answered.map(drop).map_err(Error::push)
    }
}

/// Without the password.
impl Debug for PushGateway {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("PushGateway")
            .field("job", &self.job)
            .field("grouping", &self.grouping)
            .finish_non_exhaustive()
    }
}

/// Pushes when it is dropped; made by [`PushGateway::push_on_drop`].
#[must_use = "dropped at once, it pushes at once"]
pub struct PushOnDrop(Option<(PushGateway, OnError)>);

type OnError = Box<dyn FnOnce(Error) + Send>;

impl PushOnDrop {
    /// Pushes now, and not again.
    ///
    /// # Errors
    ///
    /// As [`PushGateway::push`].
    pub fn push(mut self) -> Result<(), Error> {
        match self.0.take() {
            Some((gateway, _)) => gateway.push(),
            None => Ok(()),
        }
    }
}

impl Drop for PushOnDrop {
    fn drop(&mut self) {
        if let Some((gateway, on_error)) = self.0.take()
            && let Err(error) = gateway.push()
        {
            on_error(error);
        }
    }
}

impl Debug for PushOnDrop {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let gateway = self.0.as_ref().map(|(gateway, _)| gateway);
        f.debug_tuple("PushOnDrop").field(&gateway).finish()
    }
}

/// What the background pusher does.
struct Regularly {
    gateway: PushGateway,
    client: Client,
}

impl Work for Regularly {
    async fn push(&mut self) -> Result<(), Error> {
        self.gateway.send(&self.client, Method::PUT).await
    }
}
