//! An HTTP client over TLS that decrypts in place.
//!
//! rustls' usual connection reads 4 KiB at a time and copies each record twice, which takes longer
//! than the server takes to serve it.

use std::{
    error::Error,
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    sync::Arc,
};

use rustls::{
    ClientConfig,
    client::UnbufferedClientConnection,
    pki_types::ServerName,
    unbuffered::{ConnectionState, UnbufferedStatus},
};

/// Sends a request over a new connection, and returns the length of the response.
pub(super) fn receive(
    address: SocketAddr,
    config: &Arc<ClientConfig>,
    head: &str,
) -> Result<usize, Box<dyn Error>> {
    let name = ServerName::try_from("localhost")?;
    let mut connection = UnbufferedClientConnection::new(Arc::clone(config), name)?;
    let mut stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    // `incoming[start..end]` is received and not processed.
    let (mut incoming, mut start, mut end) = (vec![0; BUFFER_BYTES], 0, 0);
    let (mut outgoing, mut encoded) = (vec![0; BUFFER_BYTES], 0);
    let (mut is_sent, mut bytes) = (false, 0);
    loop {
        let UnbufferedStatus { mut discard, state } =
            connection.process_tls_records(&mut incoming[start..end]);
        let mut needs_more = false;
        match state? {
            ConnectionState::EncodeTlsData(mut data) => {
                encoded += data.encode(&mut outgoing[encoded..])?;
            }
            ConnectionState::TransmitTlsData(data) => {
                stream.write_all(&outgoing[..encoded])?;
                encoded = 0;
                data.done();
            }
            ConnectionState::WriteTraffic(mut traffic) if !is_sent => {
                let len = traffic.encrypt(head.as_bytes(), &mut outgoing)?;
                stream.write_all(&outgoing[..len])?;
                is_sent = true;
            }
            ConnectionState::ReadTraffic(mut traffic) => {
                while let Some(record) = traffic.next_record() {
                    let record = record?;
                    bytes += record.payload.len();
                    discard += record.discard;
                }
            }
            ConnectionState::PeerClosed | ConnectionState::Closed => return Ok(bytes),
            _ => needs_more = true,
        }
        start += discard;
        if needs_more {
            incoming.copy_within(start..end, 0);
            (start, end) = (0, end - start);
            match stream.read(&mut incoming[end..])? {
                0 => return Err("the server closed the connection without an alert".into()),
                some => end += some,
            }
        }
    }
}

const BUFFER_BYTES: usize = 1 << 20;
