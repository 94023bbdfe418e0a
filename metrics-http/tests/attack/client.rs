//! [`Target`]: sends requests to the server over TLS.

use std::{
    io::{self, Read, Write},
    net::{SocketAddr, TcpStream},
    sync::Arc,
    time::{Duration, Instant},
};

use rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned,
    crypto::ring,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};

/// A connection over TLS.
pub(crate) type Stream = StreamOwned<ClientConnection, TcpStream>;

/// The server that is attacked, and what a client needs to use it.
pub(crate) struct Target {
    pub(crate) address: SocketAddr,
    pub(crate) tls: Arc<ClientConfig>,
    /// The header with the right credentials.
    pub(crate) authorization: String,
    /// Length of a complete exposition, at least.
    pub(crate) least_bytes: usize,
}

impl Target {
    pub(crate) fn new(
        address: SocketAddr,
        root: &str,
        authorization: String,
        least_bytes: usize,
    ) -> Target {
        let mut roots = RootCertStore::empty();
        let root = CertificateDer::from_pem_slice(root.as_bytes()).expect("a certificate");
        roots.add(root).expect("a root certificate");
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("the provider has all versions")
            .with_root_certificates(roots)
            .with_no_client_auth();
        Target {
            address,
            tls: Arc::new(config),
            authorization,
            least_bytes,
        }
    }

    pub(crate) fn connect_tcp(&self) -> io::Result<TcpStream> {
        let stream = TcpStream::connect(self.address)?;
        stream.set_read_timeout(Some(TIMEOUT))?;
        stream.set_write_timeout(Some(TIMEOUT))?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }

    /// Connects and completes the handshake.
    pub(crate) fn connect(&self) -> io::Result<Stream> {
        let name = ServerName::try_from("localhost").expect("a valid name");
        let connection = ClientConnection::new(Arc::clone(&self.tls), name);
        let connection = connection.map_err(io::Error::other)?;
        let mut stream = StreamOwned::new(connection, self.connect_tcp()?);
        stream.conn.complete_io(&mut stream.sock)?;
        Ok(stream)
    }

    /// The head of a request with the right credentials.
    pub(crate) fn request(&self, path: &str, headers: &str) -> String {
        let authorization = &self.authorization;
        format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{authorization}\r\n{headers}\r\n")
    }

    /// Scrapes as Prometheus does; returns how long it took.
    ///
    /// # Panics
    ///
    /// If the exposition is not complete.
    pub(crate) fn scrape(&self) -> Duration {
        let start = Instant::now();
        let headers = "Connection: close\r\nX-Prometheus-Scrape-Timeout-Seconds: 10\r\n";
        let body = self
            .ask(&self.request("/metrics", headers))
            .expect("a response");
        assert!(body.starts_with(b"HTTP/1.1 200"), "{}", beginning(&body));
        assert!(body.len() > self.least_bytes, "{} bytes", body.len());
        assert!(body.ends_with(b"0\r\n\r\n"), "the last chunk is missing");
        for family in ["stock_pieces{", "orders_waiting 2"] {
            let family = family.as_bytes();
            let is_present = body.windows(family.len()).any(|part| part == family);
            assert!(is_present, "{} is missing", String::from_utf8_lossy(family));
        }
        start.elapsed()
    }

    /// Asks for liveness as an orchestrator does, without credentials; returns how long it took.
    ///
    /// # Panics
    ///
    /// If the program is not healthy.
    pub(crate) fn probe(&self) -> Duration {
        let start = Instant::now();
        let head = "GET /-/healthy HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
        let answer = self.ask(head).expect("a response");
        assert!(
            answer.starts_with(b"HTTP/1.1 200"),
            "{}",
            beginning(&answer)
        );
        start.elapsed()
    }

    fn ask(&self, head: &str) -> io::Result<Vec<u8>> {
        let mut stream = self.connect()?;
        stream.write_all(head.as_bytes())?;
        let mut response = Vec::new();
        stream.read_to_end(&mut response)?;
        Ok(response)
    }
}

fn beginning(response: &[u8]) -> String {
    String::from_utf8_lossy(&response[..response.len().min(200)]).into_owned()
}

/// Longer than any limit of the server.
const TIMEOUT: Duration = Duration::from_mins(2);
