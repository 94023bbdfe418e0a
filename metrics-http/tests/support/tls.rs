//! An HTTP client that speaks TLS, and the TLS settings of a server that it trusts.

use std::{
    fs,
    io::{self, Read, Write},
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    sync::Arc,
};

use metrics_http::Tls;
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned, SupportedProtocolVersion,
    crypto::{CryptoProvider, ring},
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject},
};

pub use super::authority::{Authority, Identity};
use super::{Reply, connect};

impl Authority {
    /// Writes a new certificate and key for a server on `localhost` to `tls.crt` and `tls.key`, and
    /// returns the settings of a server with these files.
    pub fn write_server_files(&self, folder: &Path) -> Tls {
        let identity = self.sign_server();
        fs::write(folder.join("tls.crt"), identity.certificate).unwrap();
        fs::write(folder.join("tls.key"), identity.key).unwrap();
        Tls::files(folder.join("tls.crt"), folder.join("tls.key"))
    }

    /// Writes the certificate of the authority to `ca.crt`.
    pub fn write_ca_file(&self, folder: &Path) -> PathBuf {
        let path = folder.join("ca.crt");
        fs::write(&path, self.pem()).unwrap();
        path
    }
}

/// A client that trusts one authority.
pub struct Client {
    roots: RootCertStore,
    certificate: Option<Identity>,
    versions: Vec<&'static SupportedProtocolVersion>,
    provider: CryptoProvider,
    protocols: Vec<Vec<u8>>,
}

impl Client {
    pub fn trusting(authority: &Authority) -> Client {
        let mut roots = RootCertStore::empty();
        let root = CertificateDer::from_pem_slice(authority.pem().as_bytes()).unwrap();
        roots.add(root).unwrap();
        Client {
            roots,
            certificate: None,
            versions: rustls::DEFAULT_VERSIONS.to_vec(),
            provider: ring::default_provider(),
            protocols: Vec::new(),
        }
    }

    /// Presents this certificate if the server asks for one.
    pub fn presenting(mut self, certificate: Identity) -> Client {
        self.certificate = Some(certificate);
        self
    }

    /// Offers only this version of TLS.
    pub fn version(mut self, version: &'static SupportedProtocolVersion) -> Client {
        self.versions = vec![version];
        self
    }

    /// Offers the cipher suites and key exchanges of this provider.
    pub fn provider(mut self, provider: CryptoProvider) -> Client {
        self.provider = provider;
        self
    }

    /// Offers these protocols by ALPN.
    pub fn protocols(mut self, protocols: &[&str]) -> Client {
        self.protocols = protocols
            .iter()
            .map(|name| name.as_bytes().to_vec())
            .collect();
        self
    }

    /// The configuration for connections of rustls.
    pub fn config(&self) -> ClientConfig {
        let config = ClientConfig::builder_with_provider(Arc::new(self.provider.clone()))
            .with_protocol_versions(&self.versions)
            .unwrap()
            .with_root_certificates(self.roots.clone());
        let mut config = match &self.certificate {
            None => config.with_no_client_auth(),
            Some(Identity { certificate, key }) => {
                let certificate = CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap();
                let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
                config
                    .with_client_auth_cert(vec![certificate], key)
                    .unwrap()
            }
        };
        config.alpn_protocols.clone_from(&self.protocols);
        config
    }

    /// Connects and completes the handshake, as far as the client takes part in it.
    ///
    /// A server that refuses the client's certificate with TLS 1.3 says so only afterwards.
    pub fn connect(
        &self,
        address: SocketAddr,
    ) -> io::Result<StreamOwned<ClientConnection, TcpStream>> {
        let config = self.config();
        let name = ServerName::try_from("localhost").unwrap();
        let connection = ClientConnection::new(Arc::new(config), name).unwrap();
        let mut stream = StreamOwned::new(connection, connect(address));
        while stream.conn.is_handshaking() {
            stream.conn.complete_io(&mut stream.sock)?;
        }
        Ok(stream)
    }

    pub fn get(&self, address: SocketAddr, path: &str) -> io::Result<Reply> {
        self.get_with(address, path, "")
    }

    /// Sends a request with further header lines, and reads the whole response.
    pub fn get_with(&self, address: SocketAddr, path: &str, headers: &str) -> io::Result<Reply> {
        let mut stream = self.connect(address)?;
        let head =
            format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}\r\n");
        stream.write_all(head.as_bytes())?;
        let mut raw = Vec::new();
        stream.read_to_end(&mut raw)?;
        Ok(Reply::parse(&raw))
    }
}
