//! Tests of what a program adds to its pushes: headers, credentials in files, and compression.

mod support;

use std::{fs, io::Read, sync::mpsc, time::Duration};

use metrics_http::{PushGateway, Pusher, RemoteWrite};
use tempfile::TempDir;

use support::{
    Shop,
    receiver::{Receiver, Request},
    registry,
    written::accept,
};

fn gateway(receiver: &Receiver) -> PushGateway {
    PushGateway::new(receiver.url(), "backup").registry(registry(Shop))
}

fn remote_write(receiver: &Receiver) -> RemoteWrite {
    receiver.answer_all(accept());
    RemoteWrite::new(receiver.url(), "shop").registry(registry(Shop))
}

/// The first request of remote write.
fn written(receiver: &Receiver, write: RemoteWrite) -> Request {
    let pusher = write.push_every(Duration::MAX, |error| panic!("{error}"));
    receiver.wait_for(1);
    pusher.unwrap().shutdown().unwrap();
    receiver.requests().remove(0)
}

#[test]
fn headers_of_a_program_are_sent_with_each_push() {
    let receiver = Receiver::new();
    let gateway = gateway(&receiver)
        .header("X-Scope-OrgID", "team-a")
        .header("x-cluster", "one");
    gateway.push().unwrap();
    gateway.delete().unwrap();
    for request in receiver.requests() {
        assert_eq!(request.header("x-scope-orgid"), Some("team-a"));
        assert_eq!(request.header("x-cluster"), Some("one"));
    }
}

#[test]
fn remote_write_sends_headers_of_a_program() {
    let receiver = Receiver::new();
    let write = remote_write(&receiver).header("X-Scope-OrgID", "team-a");
    let request = written(&receiver, write);
    assert_eq!(request.header("x-scope-orgid"), Some("team-a"));
}

#[test]
fn a_header_that_cannot_be_set_is_an_error_before_the_first_push() {
    let receiver = Receiver::new();
    for name in ["Content-Type", "Authorization", "host", "a b"] {
        let gateway = gateway(&receiver).header(name, "secret");
        let write = remote_write(&receiver).header(name, "secret");
        for error in [
            gateway.clone().push_every(Duration::MAX, drop).unwrap_err(),
            gateway.push().unwrap_err(),
            write.push_every(Duration::MAX, drop).unwrap_err(),
        ] {
            let shown = format!("{error:?}");
            assert!(shown.contains(&format!("`{name}`")), "{shown}");
            assert!(!shown.contains("secret"), "{shown}");
        }
    }
    assert!(receiver.requests().is_empty());
}

#[test]
fn debug_output_omits_secrets() {
    let receiver = Receiver::new();
    let gateway = gateway(&receiver)
        .header("X-Token", "secret")
        .bearer_auth("secret")
        .proxy("http://user:secret@127.0.0.1:1");
    let write = remote_write(&receiver)
        .header("X-Token", "secret")
        .basic_auth("user", "secret")
        .proxy("http://user:secret@127.0.0.1:1");
    for shown in [format!("{gateway:?}"), format!("{write:?}")] {
        assert!(!shown.contains("secret"), "{shown}");
    }
}

#[test]
fn a_secret_in_a_file_is_read_for_each_push() {
    let (receiver, folder) = (Receiver::new(), TempDir::new().unwrap());
    let path = folder.path().join("token");
    fs::write(&path, "first\n").unwrap();
    let gateway = gateway(&receiver).bearer_auth_file(&path);
    let pusher = gateway
        .push_every(Duration::from_millis(1), |error| panic!("{error}"))
        .unwrap();
    receiver.wait_for(1);
    // Replaced by a rename, as Kubernetes does, because a push may read the file at any time.
    let renewed = folder.path().join("renewed");
    fs::write(&renewed, " second\r\n").unwrap();
    fs::rename(&renewed, &path).unwrap();
    let has = |request: &Request, token| request.header("authorization") == Some(token);
    let requests = receiver.wait_until(|requests| {
        let last = requests.last().unwrap();
        has(last, "Bearer second")
    });
    assert!(has(&requests[0], "Bearer first"));
    pusher.shutdown().unwrap();
}

#[test]
fn a_password_in_a_file_is_sent_with_its_user() {
    let (receiver, folder) = (Receiver::new(), TempDir::new().unwrap());
    let path = folder.path().join("password");
    fs::write(&path, "open sesame\n").unwrap();
    let basic = Some("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
    gateway(&receiver)
        .basic_auth_file("Aladdin", &path)
        .push()
        .unwrap();
    assert_eq!(receiver.requests()[0].header("authorization"), basic);

    let receiver = Receiver::new();
    let write = remote_write(&receiver).basic_auth_file("Aladdin", &path);
    let request = written(&receiver, write);
    assert_eq!(request.header("authorization"), basic);
}

/// A pusher whose file of the token does not exist yet.
type Start = fn(&Receiver, &std::path::Path, mpsc::Sender<String>) -> Pusher;

#[test]
fn a_missing_file_of_a_secret_is_an_error_of_each_push_until_it_exists() {
    let start_gateway: Start = |receiver, path, told| {
        let gateway = gateway(receiver).bearer_auth_file(path);
        let on_error = move |error: metrics_http::Error| _ = told.send(error.to_string());
        gateway
            .push_every(Duration::from_millis(1), on_error)
            .unwrap()
    };
    let start_remote_write: Start = |receiver, path, told| {
        let write = remote_write(receiver).bearer_auth_file(path);
        let on_error = move |error: metrics_http::Error| _ = told.send(error.to_string());
        write
            .push_every(Duration::from_millis(1), on_error)
            .unwrap()
    };
    for (start, job) in [(start_gateway, "backup"), (start_remote_write, "shop")] {
        let (receiver, folder) = (Receiver::new(), TempDir::new().unwrap());
        let path = folder.path().join("token");
        let (told, errors) = mpsc::channel();
        let pusher = start(&receiver, &path, told);
        let expected = format!(
            "cannot push the metrics of job `{job}`: cannot use the bearer token in `{}`: there is \
             no such file; create it",
            path.display()
        );
        assert_eq!(errors.recv().unwrap(), expected);
        assert!(receiver.requests().is_empty());
        fs::write(&path, "a token").unwrap();
        receiver.wait_for(1);
        pusher.shutdown().unwrap();
    }
}

#[test]
fn an_unusable_file_of_a_secret_is_an_error_that_names_it_and_does_not_quote_it() {
    let (receiver, folder) = (Receiver::new(), TempDir::new().unwrap());
    let path = folder.path().join("token");
    let large = vec![b'x'; 20_000];
    for (content, expected) in [
        (&b" \n"[..], "it is empty"),
        (b"hid\nden", "a header cannot contain"),
        (b"hid\xffden", "UTF-8"),
        (&large, "more than 16 KiB"),
    ] {
        fs::write(&path, content).unwrap();
        let error = gateway(&receiver).bearer_auth_file(&path).push();
        let shown = format!("{:?}", error.unwrap_err());
        assert!(shown.contains(expected), "{shown}");
        assert!(shown.contains(path.to_str().unwrap()), "{shown}");
        assert!(!shown.contains("den"), "{shown}");
    }
}

#[test]
fn a_push_is_compressed_on_request() {
    let receiver = Receiver::new();
    gateway(&receiver).push().unwrap();
    gateway(&receiver).compress().push().unwrap();
    gateway(&receiver).compress().protobuf().push().unwrap();
    gateway(&receiver).compress().delete().unwrap();
    let requests = receiver.requests();
    let codings: Vec<_> = requests
        .iter()
        .map(|one| one.header("content-encoding"))
        .collect();
    assert_eq!(codings, [None, Some("gzip"), Some("gzip"), None]);
    let mut text = String::new();
    flate2::read::GzDecoder::new(&requests[1].body[..])
        .read_to_string(&mut text)
        .unwrap();
    assert_eq!(text, requests[0].text());
}
