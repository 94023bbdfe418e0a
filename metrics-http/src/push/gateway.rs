//! Pushes metrics to a Prometheus Pushgateway.

#[cfg(feature = "gzip")]
use std::io::Write as _;
use std::{
    fmt::{self, Debug, Formatter},
    io,
    sync::Arc,
    time::Duration,
};

#[cfg(feature = "gzip")]
use flate2::{Compression, write::GzEncoder};
use hyper::{
    HeaderMap, Method,
    header::{self, HeaderValue},
};
use metrics_core::{Delivery, ExpositionFormat, Format, Recipient, Registry};

use super::{
    client::Client,
    grouping,
    pusher::{PushTask, Pusher},
    reporter::call_handler,
    settings::request_settings,
    target::PushTarget,
    thread::PushThread,
};
use crate::error::Error;

/// Pushes metrics to a [Pushgateway](https://github.com/prometheus/pushgateway).
///
/// For batch jobs that end before Prometheus can scrape them. The gateway keeps one group of
/// metrics for each combination of job and [grouping](PushGateway::grouping) labels until the group
/// is [deleted](PushGateway::delete). It sets these labels on all metrics of the group and
/// overwrites labels with the same names, so the metrics themselves should have no label `job` and
/// none that is a grouping label: the gateway silently replaces its value, and refuses the push with
/// status 400 if that makes two series equal.
///
/// The blocking methods work with or without an async runtime; those that end in `_async` work in
/// any runtime. Each call pushes on a thread of its own, so dropping a future that has been polled
/// does not cancel its push.
/// [`push_on_drop`](PushGateway::push_on_drop) pushes even if a job panics, and
/// [`push_every`](PushGateway::push_every) pushes in the background.
///
/// Samples have no timestamps, because a gateway refuses them; timestamps that
/// [collectors](metrics_core::CollectedSeries::timestamp) set are left out. Pushes use the text
/// format 0.0.4, which servers compatible with a gateway accept too;
/// [`protobuf`](PushGateway::protobuf) also transmits native histograms. Names are escaped with
/// underscores.
///
/// # Examples
///
/// ```no_run
/// use metrics_http::PushGateway;
///
/// metrics_http::metrics! {
///     /// Time of the last successful import.
///     #[unit("seconds")]
///     #[absent_until_set]
///     static SUCCEEDED: FloatGauge = "import_last_success_timestamp_seconds";
/// }
///
/// # fn import() -> Result<(), metrics_http::Error> { Ok(()) }
/// fn main() -> Result<(), metrics_http::Error> {
///     let gateway = PushGateway::new("http://127.0.0.1:9091", "import");
///     let gateway = gateway.grouping("database", "orders");
///     // If the import fails, the gateway keeps the time of the last success.
///     let _pushed = gateway.push_on_drop(|error| eprintln!("{error}"))?;
///     import()?;
///     SUCCEEDED.set_to_current_time();
///     Ok(())
/// }
/// ```
#[derive(Clone)]
#[must_use = "nothing is pushed before `push`, `add`, `push_on_drop` or `push_every`"]
pub struct PushGateway {
    registry: Registry,
    target: PushTarget,
    job: String,
    grouping: Vec<(String, String)>,
    format: Format,
    #[cfg(feature = "gzip")]
    compresses: bool,
}

request_settings!(PushGateway);

impl PushGateway {
    /// Configures pushes to the gateway at this URL, as the metrics of this job.
    ///
    /// The URL may have a path, for a gateway with a route prefix. It is validated by the methods
    /// that use it, such as [`push`](PushGateway::push).
    pub fn new(url: impl Into<String>, job: impl Into<String>) -> PushGateway {
        PushGateway {
            registry: Registry::global().clone(),
            target: PushTarget::new(url.into()),
            job: job.into(),
            grouping: Vec::new(),
            format: Format::Text,
            #[cfg(feature = "gzip")]
            compresses: false,
        }
    }

    /// Pushes this registry instead of the global one.
    pub fn registry(mut self, registry: Registry) -> PushGateway {
        self.registry = registry;
        self
    }

    /// Adds a label to the grouping key.
    ///
    /// Pushes with different values of the label go to different groups and do not replace each
    /// other.
    pub fn grouping(mut self, name: impl Into<String>, value: impl Into<String>) -> PushGateway {
        self.grouping.push((name.into(), value.into()));
        self
    }

    /// Adds the grouping label `instance` with this machine's host name.
    ///
    /// For jobs that run on every machine. A job that runs on changing machines should not have it,
    /// because it would leave a group behind for each machine.
    pub fn instance_from_hostname(self) -> PushGateway {
        let host = gethostname::gethostname();
        self.grouping("instance", host.to_string_lossy())
    }

    /// Timeout of a push, from connecting to the response: 10 seconds by default.
    pub fn timeout(mut self, timeout: Duration) -> PushGateway {
        self.target.timeout = timeout;
        self
    }

    /// Pushes in the protobuf format, which includes native histograms.
    ///
    /// Do not use it for a registry with gauge histograms, because after such a push, Pushgateway
    /// 1.5 serves an exposition that breaks off at the gauge histogram, and Prometheus rejects all
    /// of it.
    pub fn protobuf(mut self) -> PushGateway {
        self.format = Format::Protobuf;
        self
    }

    /// Compresses the metrics with gzip, for servers from Pushgateway 1.5 on.
    #[cfg(feature = "gzip")]
    pub fn compress(mut self) -> PushGateway {
        self.compresses = true;
        self
    }

    /// Replaces all metrics of the group with those of the registry (`PUT`).
    ///
    /// # Errors
    ///
    /// If the URL, the job, a label, the credentials or a certificate is invalid, if no thread can
    /// be started, if the gateway is unreachable or exceeds the timeout, or if it refuses the push.
    /// The message of a refusal contains the response, and [`Error::status`] returns its status
    /// code.
    ///
    /// ```
    /// use metrics_http::PushGateway;
    ///
    /// let error = PushGateway::new("http://127.0.0.1:1", "backup").push().unwrap_err();
    /// assert!(error.to_string().contains("job `backup`: PUT http://127.0.0.1:1: "));
    /// ```
    pub fn push(&self) -> Result<(), Error> {
        self.send_blocking(Method::PUT)
    }

    /// Like [`push`](PushGateway::push), in any async runtime.
    ///
    /// # Errors
    ///
    /// As for [`push`](PushGateway::push).
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
        self.send_async(Method::PUT).await
    }

    /// Replaces only those families of the group that the registry has samples of (`POST`).
    ///
    /// Several programs can add to the same group. Self-metrics such as `metrics_series` and the
    /// metrics about the process (`process_*`, `build_info`, `target_info`) are left out, because
    /// the programs would replace each other's.
    ///
    /// # Errors
    ///
    /// As for [`push`](PushGateway::push).
    pub fn add(&self) -> Result<(), Error> {
        self.send_blocking(Method::POST)
    }

    /// Like [`add`](PushGateway::add), in any async runtime.
    ///
    /// # Errors
    ///
    /// As for [`push`](PushGateway::push).
    pub async fn add_async(&self) -> Result<(), Error> {
        self.send_async(Method::POST).await
    }

    /// Deletes the group (`DELETE`); a missing group is not an error.
    ///
    /// # Errors
    ///
    /// As for [`push`](PushGateway::push).
    pub fn delete(&self) -> Result<(), Error> {
        self.send_blocking(Method::DELETE)
    }

    /// Like [`delete`](PushGateway::delete), in any async runtime.
    ///
    /// # Errors
    ///
    /// As for [`push`](PushGateway::push).
    pub async fn delete_async(&self) -> Result<(), Error> {
        self.send_async(Method::DELETE).await
    }

    /// Pushes when the returned guard is dropped, also if the job returns early or panics.
    ///
    /// Replaces families like [`add`](PushGateway::add): the gateway keeps those that this run has
    /// no samples of, such as the time of the last success, if the gauge is declared with
    /// [`#[absent_until_set]`](metrics_core::metrics#gauges-without-a-value) and the job fails. The
    /// guard's destructor passes an error to `on_error`; [`PushOnDrop::push`] returns it.
    ///
    /// # Errors
    ///
    /// If the URL, the job, a label, the credentials or a certificate is invalid. The gateway is
    /// not contacted yet.
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
        self.client()?;
        Ok(PushOnDrop(Some((self, Box::new(on_error)))))
    }

    /// Pushes in the background: now, at every interval, and at the end; see [`Pusher`].
    ///
    /// Failed pushes are counted, and their errors are passed to `on_error`, except the error of
    /// the last push, which [`Pusher::shutdown`] returns.
    ///
    /// # Errors
    ///
    /// If the interval is zero, if the URL, the job, a label, the credentials or a certificate is
    /// invalid, if no thread can be started, or if metrics in the registry clash with the pusher's
    /// self-metrics.
    pub fn push_every(
        self,
        interval: Duration,
        on_error: impl FnMut(Error) + Send + 'static,
    ) -> Result<Pusher, Error> {
        let client = self.client()?;
        let to = Arc::clone(client.destination());
        let registry = self.registry.clone();
        let task = GatewayTask {
            gateway: self,
            client,
        };
        Pusher::start(&registry, &to, interval, on_error, task)
    }

    fn client(&self) -> Result<Client, Error> {
        let path = grouping::path(&self.job, &self.grouping)?;
        Client::new(&self.target, &path, &self.job)
    }

    fn send_blocking(&self, method: Method) -> Result<(), Error> {
        let mut task = self.task()?;
        let to = Arc::clone(task.client.destination());
        PushThread::spawn(&to, move || async move { task.send(method).await })?.join()
    }

    async fn send_async(&self, method: Method) -> Result<(), Error> {
        let mut task = self.task()?;
        let to = Arc::clone(task.client.destination());
        PushThread::run(&to, move || async move { task.send(method).await }).await
    }

    fn task(&self) -> Result<GatewayTask, Error> {
        Ok(GatewayTask {
            client: self.client()?,
            gateway: self.clone(),
        })
    }

    /// Encodes the registry, with the headers that describe the body.
    fn encode(
        &self,
        recipient: Recipient,
        method: &Method,
    ) -> io::Result<(HeaderMap, Vec<u8>, Delivery)> {
        let mut body = Vec::new();
        let mut format = ExpositionFormat::from(self.format).without_timestamps();
        if *method == Method::POST {
            // Programs that add to the same group would replace each other's.
            format = format.without_self_metrics().without_process_metrics();
        }
        let delivery =
            self.registry
                .encode_for(recipient, format, &mut body, Duration::MAX, None)?;
        let mut headers = HeaderMap::new();
        let content_type = HeaderValue::from_static(self.format.content_type());
        headers.insert(header::CONTENT_TYPE, content_type);
        #[cfg(feature = "gzip")]
        if self.compresses {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
            encoder.write_all(&body)?;
            body = encoder.finish()?;
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        Ok((headers, body, delivery))
    }
}

/// Omits the credentials.
impl Debug for PushGateway {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("PushGateway")
            .field("job", &self.job)
            .field("grouping", &self.grouping)
            .finish_non_exhaustive()
    }
}

/// A guard that pushes when it is dropped; created by [`PushGateway::push_on_drop`].
#[must_use = "if dropped immediately, it pushes immediately"]
pub struct PushOnDrop(Option<(PushGateway, OnError)>);

type OnError = Box<dyn FnOnce(Error) + Send>;

impl PushOnDrop {
    /// Pushes now instead of on drop, like [`PushGateway::add`], and returns the result.
    ///
    /// # Errors
    ///
    /// As for [`PushGateway::push`].
    pub fn push(mut self) -> Result<(), Error> {
        match self.0.take() {
            Some((gateway, _)) => gateway.add(),
            None => Ok(()),
        }
    }
}

impl Drop for PushOnDrop {
    fn drop(&mut self) {
        let Some((gateway, on_error)) = self.0.take() else {
            return;
        };
        let Err(error) = gateway.add() else {
            return;
        };
        // A panic of the handler must not leave a destructor, because it would abort the program if
        // the job panics too. `push_on_drop` has checked that there is a client.
        if let Ok(client) = gateway.client() {
            let to = client.destination();
            call_handler(&gateway.registry, to, || on_error(error));
        }
    }
}

impl Debug for PushOnDrop {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let gateway = self.0.as_ref().map(|(gateway, _)| gateway);
        f.debug_tuple("PushOnDrop").field(&gateway).finish()
    }
}

/// A gateway, with a client that keeps its connection open.
struct GatewayTask {
    gateway: PushGateway,
    client: Client,
}

impl GatewayTask {
    async fn send(&mut self, method: Method) -> Result<(), Error> {
        let recipient = Recipient::new(("gateway", self.client.uri().to_string()));
        let (mut headers, mut body, mut delivery) = (HeaderMap::new(), Vec::new(), None);
        if method != Method::DELETE
            // Writing to a `Vec` does not fail.
            && let Ok(encoded) = self.gateway.encode(recipient, &method)
        {
            (headers, body, delivery) = (encoded.0, encoded.1, Some(encoded.2));
        }
        let response = self.client.send(method, headers, body).await;
        response.map_err(Error::push)?;
        if let Some(delivery) = delivery {
            delivery.confirm(recipient);
        }
        Ok(())
    }
}

impl PushTask for GatewayTask {
    async fn push(&mut self) -> Result<(), Error> {
        self.send(Method::PUT).await
    }
}
