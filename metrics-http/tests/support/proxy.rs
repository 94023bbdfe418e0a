//! A proxy that forwards requests, opens tunnels with `CONNECT`, and speaks SOCKS 5.

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

/// A proxy on a loopback port, which runs until the test program ends.
///
/// It connects to one server, whatever the clients ask for, so that tests can use host names that do
/// not resolve.
pub struct Proxy {
    address: SocketAddr,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    /// Starts a proxy in front of this server.
    pub fn to(server: SocketAddr) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let heads = Arc::new(Mutex::new(Vec::new()));
        let recorded = Arc::clone(&heads);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (stream, heads) = (stream.unwrap(), Arc::clone(&recorded));
                // An error ends the connection, as the client notices.
                thread::spawn(move || _ = serve(stream, server, &heads));
            }
        });
        Proxy { address, heads }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What clients have sent to the proxy itself: heads of requests, or the hosts of SOCKS
    /// requests.
    pub fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }
}

fn serve(client: TcpStream, server: SocketAddr, heads: &Mutex<Vec<String>>) -> io::Result<()> {
    let mut reader = BufReader::new(client);
    let record = |head: &str| heads.lock().unwrap().push(head.to_owned());
    if reader.fill_buf()?.first() == Some(&5) {
        record(&socks_handshake(&mut reader)?);
        return join(reader, TcpStream::connect(server)?);
    }
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") && reader.read_line(&mut head)? > 0 {}
    record(&head);
    let mut upstream = TcpStream::connect(server)?;
    if head.starts_with("CONNECT ") {
        reader
            .get_mut()
            .write_all(b"HTTP/1.1 200 Connected\r\n\r\n")?;
    } else {
        upstream.write_all(head.as_bytes())?;
    }
    join(reader, upstream)
}

/// Accepts a client without authentication; returns the host that it asks for.
fn socks_handshake(client: &mut BufReader<TcpStream>) -> io::Result<String> {
    let mut methods = [0; 2];
    client.read_exact(&mut methods)?;
    client.read_exact(&mut vec![0; methods[1].into()])?;
    client.get_mut().write_all(&[5, 0])?;
    // Version, command, a reserved byte, type of the address, and its length for a host name.
    let mut request = [0; 5];
    client.read_exact(&mut request)?;
    assert_eq!(request[..4], [5, 1, 0, 3], "CONNECT to a host name");
    let mut host = vec![0; request[4].into()];
    client.read_exact(&mut host)?;
    client.read_exact(&mut [0; 2])?;
    client
        .get_mut()
        .write_all(&[5, 0, 0, 1, 127, 0, 0, 1, 0, 0])?;
    Ok(String::from_utf8(host).unwrap())
}

/// Copies in both directions until one of them ends.
fn join(client: BufReader<TcpStream>, server: TcpStream) -> io::Result<()> {
    let (mut to_client, mut from_server) = (client.get_ref().try_clone()?, server.try_clone()?);
    let copying = thread::spawn(move || {
        let _ = io::copy(&mut from_server, &mut to_client);
        let _ = to_client.shutdown(Shutdown::Both);
    });
    let (mut client, mut server) = (client, server);
    let _ = io::copy(&mut client, &mut server);
    let _ = server.shutdown(Shutdown::Both);
    let _ = copying.join();
    Ok(())
}
