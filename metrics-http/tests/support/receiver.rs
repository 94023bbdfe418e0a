//! A server that keeps what it is sent, and answers what a test tells it to.

use std::{
    collections::VecDeque,
    io::{BufRead, BufReader, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Condvar, Mutex, MutexGuard},
    thread,
    time::{Duration, Instant},
};

/// A server on a free loopback port, until the test program ends.
pub struct Receiver {
    address: SocketAddr,
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
    /// What to answer next; what comes after gets `otherwise`.
    script: VecDeque<Answer>,
    otherwise: Option<Answer>,
}

/// What a client sent.
#[derive(Clone, Debug)]
pub struct Request {
    pub method: String,
    pub path: String,
    pub head: String,
    pub body: Vec<u8>,
    /// What it was answered, if it was.
    pub status: Option<u16>,
    /// When it was there as a whole.
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

/// What a server does with a request.
#[derive(Clone)]
pub enum Answer {
    /// The status, further lines of the head, and the body.
    Of(u16, String, String),
    /// The status and further lines of the head, by what was sent.
    By(fn(&Request) -> (u16, String)),
    /// It never answers.
    Hang,
    /// It closes the connection instead.
    HangUp,
}

impl Answer {
    pub fn status(status: u16) -> Answer {
        Answer::Of(status, String::new(), String::new())
    }

    pub fn saying(status: u16, body: &str) -> Answer {
        Answer::Of(status, String::new(), body.to_owned())
    }

    pub fn with(status: u16, header: &str) -> Answer {
        Answer::Of(status, format!("{header}\r\n"), String::new())
    }
}

impl Receiver {
    /// One that answers 200 unless it is told otherwise.
    pub fn new() -> Receiver {
        Receiver::at("127.0.0.1:0".parse().unwrap())
    }

    pub fn at(address: SocketAddr) -> Receiver {
        let listener = TcpListener::bind(address).unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared::default());
        let serving = Arc::clone(&shared);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let shared = Arc::clone(&serving);
                thread::spawn(move || serve(stream.unwrap(), &shared));
            }
        });
        Receiver { address, shared }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Answers the next requests so, one each, and then as before.
    pub fn answer(&self, answers: impl IntoIterator<Item = Answer>) {
        self.state().script.extend(answers);
    }

    /// Answers so whatever is not said of in [`Receiver::answer`].
    pub fn answer_all(&self, answer: Answer) {
        self.state().otherwise = Some(answer);
    }

    /// What has come.
    pub fn requests(&self) -> Vec<Request> {
        self.state().requests.clone()
    }

    /// Waits for so many requests.
    pub fn wait_for(&self, count: usize) -> Vec<Request> {
        self.wait_until(|requests| requests.len() >= count)
    }

    /// Waits until what has come is so, and returns it.
    pub fn wait_until(&self, is_so: impl Fn(&[Request]) -> bool) -> Vec<Request> {
        let state = self.state();
        let (state, late) = self
            .shared
            .received
            .wait_timeout_while(state, super::PATIENCE, |state| !is_so(&state.requests))
            .unwrap();
        assert!(!late.timed_out(), "not in time: {:#?}", state.requests);
        state.requests.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap()
    }
}

fn serve(stream: TcpStream, shared: &Shared) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut stream = stream;
    while let Some(mut request) = read(&mut reader) {
        let answer = {
            let mut state = shared.state.lock().unwrap();
            let answer = state.script.pop_front();
            let answer = answer.or_else(|| state.otherwise.clone());
            let answer = answer.unwrap_or_else(|| Answer::status(200));
            let answer = match answer {
                Answer::By(answer) => {
                    let (status, head) = answer(&request);
                    Answer::Of(status, head, String::new())
                }
                other => other,
            };
            if let Answer::Of(status, ..) = answer {
                request.status = Some(status);
            }
            state.requests.push(request);
            answer
        };
        shared.received.notify_all();
        match answer {
            Answer::Of(status, head, body) => {
                let length = body.len();
                let text = format!(
                    "HTTP/1.1 {status} Answer\r\n{head}Content-Length: {length}\r\n\r\n{body}"
                );
                if stream.write_all(text.as_bytes()).is_err() {
                    return;
                }
            }
            Answer::Hang => thread::sleep(Duration::MAX),
            Answer::HangUp | Answer::By(_) => return,
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
        status: None,
        at: Instant::now(),
    };
    let length = request.header("content-length").unwrap_or("0");
    request.body = vec![0; length.parse().unwrap()];
    reader.read_exact(&mut request.body).ok()?;
    request.at = Instant::now();
    Some(request)
}
