//! Tests of HTTP/2, which clients choose in the TLS handshake.

mod support;

use std::{
    future::poll_fn,
    io,
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    task::{Context, Poll},
    thread,
    time::Duration,
};

use h2::{
    RecvStream,
    client::{self, SendRequest},
};
use hyper::{Method, Request, Response, body::Bytes};
use metrics_core::__private::advance;
use metrics_http::{
    Body, Counter, DynamicFamily, EventCause, Options, Registry, Server, ServerBuilder,
};
use rustls::{ClientConfig, pki_types::ServerName};
use support::{
    Shop, TIMEOUT, Warehouse, serving,
    tls::{Authority, Client},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    runtime::Runtime,
    task::JoinHandle,
    time,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

/// A server with TLS, clients that trust it, and a runtime for those of HTTP/2.
struct Encrypted {
    server: Server,
    http1: Client,
    tls: Arc<ClientConfig>,
    runtime: Runtime,
}

/// A connection of HTTP/2, whose frames are read and written in the background.
struct Http2 {
    requests: SendRequest<Bytes>,
    /// Ends when the server closes the connection.
    connection: JoinHandle<Result<(), h2::Error>>,
}

impl Encrypted {
    fn start(builder: ServerBuilder) -> Encrypted {
        let (folder, authority) = (tempfile::tempdir().unwrap(), Authority::new());
        let server = builder
            .tls(authority.write_server_files(folder.path()))
            .serve("127.0.0.1:0");
        let http2 = Client::trusting(&authority).protocols(&["h2"]);
        Encrypted {
            server: server.unwrap(),
            tls: Arc::new(http2.config()),
            http1: Client::trusting(&authority),
            runtime: Runtime::new().unwrap(),
        }
    }

    fn address(&self) -> SocketAddr {
        self.server.local_addr()
    }

    /// Connects as a client that lets the server send `window` bytes of each body in advance.
    async fn connect(&self, window: u32) -> Http2 {
        self.connect_with(window, Arc::default()).await
    }

    /// Like `connect`, for a client that reads nothing more once `is_stopped` is set.
    async fn connect_with(&self, window: u32, is_stopped: Arc<AtomicBool>) -> Http2 {
        let stream = TcpStream::connect(self.address()).await.unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        let connector = TlsConnector::from(Arc::clone(&self.tls));
        let stream = connector.connect(name, stream).await.unwrap();
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
        let handshake = client::Builder::new()
            .initial_window_size(window)
            .initial_connection_window_size(window.max(WINDOW))
            .handshake(Stoppable { stream, is_stopped });
        let (requests, connection) = handshake.await.unwrap();
        Http2 {
            requests,
            connection: tokio::spawn(connection),
        }
    }
}

/// A stream that can be told to read nothing more.
struct Stoppable {
    stream: TlsStream<TcpStream>,
    is_stopped: Arc<AtomicBool>,
}

impl AsyncRead for Stoppable {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.is_stopped.load(Ordering::Relaxed) {
            return Poll::Pending;
        }
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Stoppable {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

impl Http2 {
    /// Sends a request; the body of the response is not read.
    async fn request(&mut self, path: &str) -> Response<RecvStream> {
        self.send(Method::GET, path).await
    }

    async fn send(&mut self, method: Method, path: &str) -> Response<RecvStream> {
        self.send_to("localhost", method, path).await
    }

    async fn send_to(&mut self, host: &str, method: Method, path: &str) -> Response<RecvStream> {
        let request = Request::builder()
            .method(method)
            .uri(format!("https://{host}{path}"))
            .body(())
            .unwrap();
        poll_fn(|context| self.requests.poll_ready(context))
            .await
            .unwrap();
        let (response, _) = self.requests.send_request(request, true).unwrap();
        response.await.unwrap()
    }

    async fn get(&mut self, path: &str) -> (u16, Vec<u8>) {
        let response = self.request(path).await;
        let status = response.status().as_u16();
        (status, read(response.into_body()).await.unwrap())
    }

    /// Whether the server closes the connection in time.
    async fn is_closed(&mut self) -> bool {
        time::timeout(TIMEOUT, &mut self.connection).await.is_ok()
    }
}

async fn read(mut body: RecvStream) -> Result<Vec<u8>, h2::Error> {
    let mut content = Vec::new();
    while let Some(data) = body.data().await {
        let data = data?;
        body.flow_control().release_capacity(data.len())?;
        content.extend_from_slice(&data);
    }
    Ok(content)
}

#[test]
fn the_authority_of_a_request_must_be_a_host_that_is_served() {
    let it = Encrypted::start(serving(Shop));
    it.runtime.block_on(async {
        let mut client = it.connect(WINDOW).await;
        for (host, status) in [("evil.example:9464", 421), ("127.0.0.1", 200)] {
            let response = client.send_to(host, Method::GET, "/metrics").await;
            assert_eq!(response.status(), status, "{host}");
        }
    });
}

#[test]
fn a_scrape_with_http2_equals_one_with_http1() {
    let it = Encrypted::start(serving(Warehouse));
    let (status, body) = it.runtime.block_on(async {
        let mut client = it.connect(WINDOW).await;
        client.get("/metrics").await
    });
    let other = it.http1.get(it.address(), "/metrics").unwrap();
    assert_eq!((status, other.status), (200, 200));
    assert!(body == other.body);
}

#[test]
fn a_connection_outlasts_the_client_timeout_while_its_client_sends_requests() {
    let it = Encrypted::start(serving(Shop).client_timeout(Duration::from_secs(2)));
    it.runtime.block_on(async {
        let mut client = it.connect(WINDOW).await;
        for _ in 0..8 {
            assert_eq!(client.get("/metrics").await.0, 200);
            time::sleep(Duration::from_millis(500)).await;
        }
    });
}

#[test]
fn a_connection_serves_many_requests_at_once() {
    let it = Encrypted::start(serving(Shop));
    it.runtime.block_on(async {
        let mut client = it.connect(WINDOW).await;
        let mut bodies = Vec::new();
        for _ in 0..50 {
            bodies.push(client.request("/metrics").await.into_body());
        }
        for body in bodies {
            let body = read(body).await.unwrap();
            assert!(
                String::from_utf8(body)
                    .unwrap()
                    .contains("orders_waiting 2")
            );
        }
    });
}

#[test]
fn a_response_to_head_has_the_headers_of_get_and_no_body() {
    let it = Encrypted::start(serving(Shop));
    it.runtime.block_on(async {
        let mut client = it.connect(WINDOW).await;
        for (path, length) in [("/metrics", None), ("/-/healthy", Some("8"))] {
            let response = client.send(Method::HEAD, path).await;
            assert_eq!(response.status(), 200);
            let found = response.headers().get("content-length");
            assert_eq!(found.map(|it| it.to_str().unwrap()), length, "{path}");
            assert!(response.headers().contains_key("content-type"), "{path}");
            assert_eq!(read(response.into_body()).await.unwrap(), b"", "{path}");
        }
    });
}

#[test]
fn http2_can_be_switched_off() {
    let (folder, authority) = (tempfile::tempdir().unwrap(), Authority::new());
    let tls = authority.write_server_files(folder.path()).http2(false);
    let server = serving(Shop).tls(tls).serve("127.0.0.1:0").unwrap();
    let client = Client::trusting(&authority).protocols(&["h2", "http/1.1"]);
    let stream = client.connect(server.local_addr()).unwrap();
    assert_eq!(stream.conn.alpn_protocol(), Some(&b"http/1.1"[..]));
    let reply = client.get(server.local_addr(), "/metrics").unwrap();
    assert_eq!(reply.status, 200);
}

#[cfg(feature = "web-config")]
#[test]
fn a_web_configuration_file_switches_http2_off() {
    let (folder, authority) = (tempfile::tempdir().unwrap(), Authority::new());
    authority.write_server_files(folder.path());
    let config = "tls_server_config: { cert_file: tls.crt, key_file: tls.key }\n\
                  http_server_config: { http2: false }\n";
    let path = folder.path().join("web.yml");
    std::fs::write(&path, config).unwrap();
    let server = serving(Shop)
        .web_config(&path)
        .serve("127.0.0.1:0")
        .unwrap();
    let client = Client::trusting(&authority).protocols(&["h2", "http/1.1"]);
    let stream = client.connect(server.local_addr()).unwrap();
    assert_eq!(stream.conn.alpn_protocol(), Some(&b"http/1.1"[..]));
}

#[test]
fn a_client_may_have_sixteen_requests_in_progress() {
    let it = Encrypted::start(serving(Shop));
    it.runtime.block_on(async {
        let mut client = it.connect(WINDOW).await;
        client.get("/metrics").await;
        assert_eq!(client.requests.current_max_send_streams(), 16);
    });
}

#[test]
fn a_client_that_never_opens_its_window_is_disconnected() {
    let (sender, events) = mpsc::channel();
    let builder = serving(Shop)
        .client_timeout(Duration::from_millis(500))
        .on_error(move |event| {
            let _ = sender.send((event.cause(), event.to_string()));
        });
    let it = Encrypted::start(builder);
    it.runtime.block_on(async {
        let mut client = it.connect(1).await;
        let _response = client.request("/metrics").await;
        assert!(client.is_closed().await);
    });
    let (cause, text) = events.recv_timeout(TIMEOUT).unwrap();
    assert_eq!(cause, EventCause::ClientTimeout);
    assert!(text.contains("did not read anything"), "{text}");
}

#[test]
fn pings_do_not_keep_a_connection_whose_client_does_not_read() {
    let it = Encrypted::start(serving(Shop).client_timeout(Duration::from_millis(500)));
    it.runtime.block_on(async {
        let stream = TcpStream::connect(it.address()).await.unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        let connector = TlsConnector::from(Arc::clone(&it.tls));
        let stream = connector.connect(name, stream).await.unwrap();
        let handshake = client::Builder::new()
            .initial_window_size(1)
            .handshake(stream);
        let (requests, mut connection) = handshake.await.unwrap();
        let mut pings = connection.ping_pong().unwrap();
        let mut client = Http2 {
            requests,
            connection: tokio::spawn(connection),
        };
        let _response = client.request("/metrics").await;
        let pinging = async { while pings.ping(h2::Ping::opaque()).await.is_ok() {} };
        assert!(time::timeout(TIMEOUT, pinging).await.is_ok());
        assert!(client.is_closed().await);
    });
}

#[test]
fn a_client_that_opens_its_window_slowly_is_disconnected_at_the_end_of_the_response_time() {
    let it = Encrypted::start(
        serving(Warehouse)
            .client_timeout(Duration::from_secs(1))
            .route_timeout(Duration::from_secs(1))
            .scrape_timeout(Duration::from_secs(1))
            .route("/large", |_| {
                Response::new(Body::new(vec![b'x'; 1_000_000]))
            }),
    );
    it.runtime.block_on(async {
        let mut client = it.connect(100).await;
        let mut body = client.request("/large").await.into_body();
        let reading = async {
            while let Some(Ok(data)) = body.data().await {
                time::sleep(Duration::from_millis(50)).await;
                let _ = body.flow_control().release_capacity(data.len());
            }
        };
        assert!(time::timeout(TIMEOUT, reading).await.is_ok());
        assert!(client.is_closed().await);
    });
}

#[test]
fn clients_that_never_open_their_windows_do_not_shut_out_others() {
    let it = Encrypted::start(
        serving(Shop)
            .max_connections(2)
            .client_timeout(Duration::from_mins(5)),
    );
    it.runtime.block_on(async {
        let mut stalled = [it.connect(1).await, it.connect(1).await];
        let mut responses = Vec::new();
        for client in &mut stalled {
            responses.push(client.request("/metrics").await);
        }
        let mut other = it.connect(WINDOW).await;
        let answer = time::timeout(TIMEOUT / 2, other.get("/metrics")).await;
        assert_eq!(answer.unwrap().0, 200);
    });
}

#[test]
fn a_request_with_too_large_a_head_is_refused() {
    let it = Encrypted::start(serving(Shop));
    it.runtime.block_on(async {
        let mut client = it.connect(WINDOW).await;
        client.get("/metrics").await;
        let request = Request::builder()
            .uri("https://localhost/metrics")
            .header("x-large", "x".repeat(60_000))
            .body(())
            .unwrap();
        let (response, _) = client.requests.send_request(request, true).unwrap();
        let status = response.await.map(|response| response.status().as_u16());
        assert!(matches!(status, Ok(431) | Err(_)), "{status:?}");
    });
    assert_eq!(it.http1.get(it.address(), "/metrics").unwrap().status, 200);
}

#[test]
fn a_client_that_cancels_thousands_of_requests_does_not_delay_others() {
    let it = Encrypted::start(serving(Shop));
    it.runtime.block_on(async {
        let mut client = it.connect(WINDOW).await;
        for _ in 0..5_000 {
            let request = Request::builder().uri("https://localhost/metrics");
            let ready = poll_fn(|context| client.requests.poll_ready(context)).await;
            let sent = ready.and_then(|()| {
                client
                    .requests
                    .send_request(request.body(()).unwrap(), true)
            });
            // The server may have closed the connection because of the number of resets.
            let Ok((_, mut stream)) = sent else { break };
            stream.send_reset(h2::Reason::CANCEL);
        }
    });
    assert_eq!(it.http1.get(it.address(), "/metrics").unwrap().status, 200);
}

#[test]
fn a_client_that_cancels_requests_and_reads_nothing_is_disconnected() {
    let (sender, events) = mpsc::channel();
    let builder = serving(Warehouse)
        .client_timeout(Duration::from_mins(5))
        .on_error(move |event| {
            let _ = sender.send((event.cause(), event.to_string()));
        });
    let it = Encrypted::start(builder);
    it.runtime.block_on(async {
        let is_stopped = Arc::new(AtomicBool::new(false));
        let window = (1 << 31) - 1;
        let mut client = it.connect_with(window, Arc::clone(&is_stopped)).await;
        // Fills the buffers of the sockets.
        let _large = client.request("/metrics").await;
        is_stopped.store(true, Ordering::Relaxed);
        time::sleep(Duration::from_millis(500)).await;
        // A response without a body is not written, but its stream ends when it is cancelled.
        for _ in 0..500 {
            let request = Request::head("https://localhost/nothing").body(()).unwrap();
            let ready = poll_fn(|context| client.requests.poll_ready(context)).await;
            let sent = ready.and_then(|()| client.requests.send_request(request, true));
            let Ok((_, mut stream)) = sent else { break };
            time::sleep(Duration::from_millis(5)).await;
            stream.send_reset(h2::Reason::CANCEL);
        }
        assert!(client.is_closed().await);
    });
    let (cause, text) = events.recv_timeout(TIMEOUT).unwrap();
    assert_eq!(cause, EventCause::RateLimit, "{text}");
}

#[test]
fn shutdown_waits_for_a_response_in_progress_and_not_for_an_idle_connection() {
    let it = Encrypted::start(serving(Warehouse).shutdown_timeout(2 * TIMEOUT));
    let (mut idle, mut client, body) = it.runtime.block_on(async {
        let mut idle = it.connect(WINDOW).await;
        idle.get("/-/healthy").await;
        let mut client = it.connect(WINDOW).await;
        let body = client.request("/metrics").await.into_body();
        (idle, client, body)
    });
    let stopping = thread::spawn(|| it.server.shutdown());
    it.runtime.block_on(async {
        assert!(idle.is_closed().await);
        let body = String::from_utf8(read(body).await.unwrap()).unwrap();
        assert_eq!(body.matches("\nstock_pieces{").count(), support::SHELVES);
        assert!(client.is_closed().await);
    });
    stopping.join().unwrap();
}

/// A server whose registry has a series that expires after its next delivery.
fn with_idle_series() -> (Encrypted, DynamicFamily<Counter>) {
    let registry = Registry::new();
    let options = Options::new("peer_total", "Sent.").labels(["peer"]);
    let sent: DynamicFamily<Counter> = registry.create_family(options.expire(EXPIRY)).unwrap();
    sent.with(&["a"]).inc_by(5);
    registry.gather();
    advance(EXPIRY);
    let builder = Server::builder()
        .registry(registry)
        .process_metrics(false)
        .build_info(false);
    (Encrypted::start(builder), sent)
}

#[test]
fn an_idle_series_leaves_after_a_client_has_read_it_and_not_before() {
    let (it, _sent) = with_idle_series();
    it.runtime.block_on(async {
        for _ in 0..2 {
            let mut stalled = it.connect(1).await;
            let mut body = stalled.request("/metrics").await.into_body();
            // The rest of the body waits for the window, so the series is not delivered.
            body.data().await.unwrap().unwrap();
            drop(body);
            // The connection goes on after the request is cancelled.
            assert_eq!(stalled.request("/-/healthy").await.status(), 200);
        }
        let mut client = it.connect(WINDOW).await;
        let has_series = |body: Vec<u8>| String::from_utf8(body).unwrap().contains("peer=\"a\"");
        assert!(has_series(client.get("/metrics").await.1));
        assert!(!has_series(client.get("/metrics").await.1));
    });
}

/// The window that HTTP/2 has by default.
const WINDOW: u32 = 65_535;
const EXPIRY: Duration = Duration::from_mins(1);
