//! [`ProxyConnector`]: connects to a server, directly or through a proxy.

use std::{
    error::Error as StdError,
    future::Future,
    io,
    pin::Pin,
    task::{Context, Poll},
};

use hyper::{
    Uri, http,
    http::uri::{Authority, PathAndQuery},
    rt::{Read, ReadBufCursor, Write},
};
use hyper_util::{
    client::legacy::connect::{
        Connected, Connection, HttpConnector,
        proxy::{SocksV5, Tunnel},
    },
    rt::TokioIo,
};
use tokio::net::TcpStream;
use tower_service::Service;

use super::chosen::{Protocol, Proxy};

/// Opens connections to a server, directly or through a proxy, without TLS.
#[derive(Clone)]
pub(in crate::push) struct ProxyConnector {
    tcp: HttpConnector,
    proxy: Option<Proxy>,
}

impl ProxyConnector {
    pub(in crate::push) fn new(proxy: Option<Proxy>) -> ProxyConnector {
        let mut tcp = HttpConnector::new();
        tcp.set_nodelay(true);
        // The URLs also begin with `https` and `socks5`.
        tcp.enforce_http(false);
        ProxyConnector { tcp, proxy }
    }
}

impl Service<Uri> for ProxyConnector {
    type Response = ServerStream;
    type Error = Box<dyn StdError + Send + Sync>;
    type Future = Pin<Box<dyn Future<Output = Result<ServerStream, Self::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.tcp.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, server: Uri) -> Self::Future {
        let mut tcp = self.tcp.clone();
        let proxy = self.proxy.clone();
        Box::pin(async move {
            let Some(Proxy {
                intercept,
                protocol,
            }) = proxy
            else {
                return Ok(ServerStream::new(tcp.call(server).await?, false));
            };
            let address = intercept.uri().clone();
            let stream = match protocol {
                Protocol::Forward => tcp.call(address).await?,
                Protocol::Connect => {
                    let mut tunnel = Tunnel::new(address, tcp);
                    if let Some(value) = intercept.basic_auth() {
                        tunnel = tunnel.with_auth(value.clone());
                    }
                    tunnel.call(server).await?
                }
                Protocol::Socks5 => {
                    let mut socks = SocksV5::new(with_port(address, SOCKS_PORT)?, tcp);
                    if let Some((user, password)) = intercept.raw_auth() {
                        socks = socks.with_auth(user.to_owned(), password.to_owned());
                    }
                    socks.call(server).await?
                }
            };
            Ok(ServerStream::new(stream, protocol == Protocol::Forward))
        })
    }
}

/// A URL with a port, which is `default` unless it has one.
fn with_port(uri: Uri, default: u16) -> Result<Uri, http::Error> {
    if uri.port().is_some() {
        return Ok(uri);
    }
    let mut parts = uri.into_parts();
    if let Some(authority) = &parts.authority {
        parts.authority = Some(Authority::try_from(format!("{authority}:{default}"))?);
    }
    parts
        .path_and_query
        .get_or_insert(PathAndQuery::from_static("/"));
    Ok(Uri::from_parts(parts)?)
}

/// A TCP connection to a server or to a proxy.
pub(in crate::push) struct ServerStream {
    stream: TokioIo<TcpStream>,
    /// Whether requests are sent with a whole URL.
    is_forwarded: bool,
}

impl ServerStream {
    fn new(stream: TokioIo<TcpStream>, is_forwarded: bool) -> ServerStream {
        ServerStream {
            stream,
            is_forwarded,
        }
    }
}

impl Connection for ServerStream {
    fn connected(&self) -> Connected {
        self.stream.connected().proxy(self.is_forwarded)
    }
}

impl Read for ServerStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl Write for ServerStream {
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

/// The port that
/// [IANA](https://www.iana.org/assignments/service-names-port-numbers/service-names-port-numbers.xhtml)
/// has assigned to SOCKS.
const SOCKS_PORT: u16 = 1080;
