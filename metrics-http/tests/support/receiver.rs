//! A server that records requests and answers them as a test configures it.

use std::{
    collections::VecDeque,
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Condvar, Mutex, MutexGuard},
    thread,
    time::{Duration, Instant},
};

use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// A server on a loopback port, which runs until the test program ends.
pub struct Receiver {
    address: SocketAddr,
    scheme: &'static str,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    received: Condvar,
}

#[derive(Default)]
struct State {
    requests: Vec<Request>,
    /// Answers to the next requests; later requests get `default_answer`.
    script: VecDeque<Answer>,
    default_answer: Option<Answer>,
}

/// A recorded request.
#[derive(Clone, Debug)]
pub struct Request {
    pub method: String,
    pub path: String,
    pub head: String,
    pub body: Vec<u8>,
    /// The certificate that the client presented, in DER.
    pub certificate: Option<Vec<u8>>,
    /// The status of the answer, if there was one.
    pub status: Option<u16>,
    /// The time at which the request had been read completely.
    pub at: Instant,
}

impl Request {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then_some(value.trim())
        })
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}

/// How the server reacts to a request.
#[derive(Clone)]
pub enum Answer {
    /// Responds with a status, header lines and a body.
    Response(u16, String, String),
    /// Responds with a status and header lines that depend on the request.
    Computed(fn(&Request) -> (u16, String)),
    /// Never responds.
    Hang,
    /// Closes the connection without a response.
    HangUp,
}

impl Answer {
    pub fn status(status: u16) -> Answer {
        Answer::Response(status, String::new(), String::new())
    }

    pub fn with_body(status: u16, body: &str) -> Answer {
        Answer::Response(status, String::new(), body.to_owned())
    }

    pub fn with_header(status: u16, header: &str) -> Answer {
        Answer::Response(status, format!("{header}\r\n"), String::new())
    }
}

impl Receiver {
    /// A server that answers 200 by default.
    pub fn new() -> Receiver {
        Receiver::at("127.0.0.1:0".parse().unwrap())
    }

    pub fn at(address: SocketAddr) -> Receiver {
        Receiver::start(address, "http", |stream| stream)
    }

    /// A server that speaks TLS.
    pub fn with_tls(config: ServerConfig) -> Receiver {
        let config = Arc::new(config);
        Receiver::start("127.0.0.1:0".parse().unwrap(), "https", move |stream| {
            let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
            StreamOwned::new(connection, stream)
        })
    }

    fn start<S: Stream>(
        address: SocketAddr,
        scheme: &'static str,
        accept: impl Fn(TcpStream) -> S + Send + 'static,
    ) -> Receiver {
        let listener = TcpListener::bind(address).unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared::default());
        let serving = Arc::clone(&shared);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let stream = accept(stream.unwrap());
                let shared = Arc::clone(&serving);
                thread::spawn(move || serve(stream, &shared));
            }
        });
        Receiver {
            address,
            scheme,
            shared,
        }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn url(&self) -> String {
        format!("{}://{}", self.scheme, self.address)
    }

    /// Sets the answers to the next requests, one each.
    pub fn answer(&self, answers: impl IntoIterator<Item = Answer>) {
        self.state().script.extend(answers);
    }

    /// Sets the answer to requests after those of [`Receiver::answer`].
    pub fn answer_all(&self, answer: Answer) {
        self.state().default_answer = Some(answer);
    }

    /// The requests so far.
    pub fn requests(&self) -> Vec<Request> {
        self.state().requests.clone()
    }

    /// Waits until at least `count` requests have been received.
    pub fn wait_for(&self, count: usize) -> Vec<Request> {
        self.wait_until(|requests| requests.len() >= count)
    }

    /// Waits until the requests meet a condition, and returns them.
    pub fn wait_until(&self, condition: impl Fn(&[Request]) -> bool) -> Vec<Request> {
        let state = self.state();
        let (state, late) = self
            .shared
            .received
            .wait_timeout_while(state, super::TIMEOUT, |state| !condition(&state.requests))
            .unwrap();
        assert!(!late.timed_out(), "not in time: {:#?}", state.requests);
        state.requests.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap()
    }
}

/// A connection of a client.
trait Stream: Read + Write + Send + 'static {
    /// The certificate that the client has presented, in DER.
    fn certificate(&self) -> Option<Vec<u8>>;
}

impl Stream for TcpStream {
    fn certificate(&self) -> Option<Vec<u8>> {
        None
    }
}

impl Stream for StreamOwned<ServerConnection, TcpStream> {
    fn certificate(&self) -> Option<Vec<u8>> {
        Some(self.conn.peer_certificates()?[0].to_vec())
    }
}

fn serve(stream: impl Stream, shared: &Shared) {
    let mut reader = BufReader::new(stream);
    while let Some(mut request) = read(&mut reader) {
        request.certificate = reader.get_ref().certificate();
        let answer = {
            let mut state = shared.state.lock().unwrap();
            let answer = state.script.pop_front();
            let answer = answer.or_else(|| state.default_answer.clone());
            let answer = answer.unwrap_or_else(|| Answer::status(200));
            let answer = match answer {
                Answer::Computed(answer) => {
                    let (status, head) = answer(&request);
                    Answer::Response(status, head, String::new())
                }
                other => other,
            };
            if let Answer::Response(status, ..) = answer {
                request.status = Some(status);
            }
            state.requests.push(request);
            answer
        };
        shared.received.notify_all();
        match answer {
            Answer::Response(status, head, body) => {
                let length = body.len();
                let text = format!(
                    "HTTP/1.1 {status} Answer\r\n{head}Content-Length: {length}\r\n\r\n{body}"
                );
                let stream = reader.get_mut();
                if stream.write_all(text.as_bytes()).is_err() || stream.flush().is_err() {
                    return;
                }
            }
            Answer::Hang => thread::sleep(Duration::MAX),
            Answer::HangUp | Answer::Computed(_) => return,
        }
    }
}

fn read(reader: &mut impl BufRead) -> Option<Request> {
    let mut head = String::new();
    loop {
        let start = head.len();
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
        if head[start..].trim().is_empty() {
            break;
        }
    }
    let mut words = head.split(' ');
    let mut request = Request {
        method: words.next()?.to_owned(),
        path: words.next()?.to_owned(),
        head: head.clone(),
        body: Vec::new(),
        certificate: None,
        status: None,
        at: Instant::now(),
    };
    let length = request.header("content-length").unwrap_or("0");
    request.body = vec![0; length.parse().unwrap()];
    reader.read_exact(&mut request.body).ok()?;
    request.at = Instant::now();
    Some(request)
}
