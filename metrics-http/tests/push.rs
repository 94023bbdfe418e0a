//! Tests of pushes to a Pushgateway: requests, errors and the background pusher.

mod support;

use std::{
    panic::{self, AssertUnwindSafe},
    pin::pin,
    sync::{Arc, mpsc},
    task::{Context, Poll, Wake},
    thread::{self, Thread},
    time::Duration,
};

use metrics_http::{Error, PushGateway, Registry, Server};

use support::{
    Shop,
    receiver::{Answer, Receiver},
    registry,
};

fn gateway(receiver: &Receiver) -> PushGateway {
    PushGateway::new(receiver.url(), "backup").registry(registry(Shop))
}

fn failure(receiver: &Receiver) -> Error {
    gateway(receiver).push().unwrap_err()
}

#[test]
fn push_add_and_delete_use_put_post_and_delete() {
    let receiver = Receiver::new();
    let gateway = gateway(&receiver).grouping("instance", "db1");
    gateway.push().unwrap();
    gateway.add().unwrap();
    gateway.delete().unwrap();
    let requests = receiver.requests();
    let methods: Vec<_> = requests.iter().map(|one| &*one.method).collect();
    assert_eq!(methods, ["PUT", "POST", "DELETE"]);
    for request in &requests {
        assert_eq!(request.path, "/metrics/job/backup/instance/db1");
    }
    assert!(requests[2].body.is_empty());
}

#[test]
fn a_push_uses_text_unless_protobuf_is_requested() {
    let receiver = Receiver::new();
    gateway(&receiver).push().unwrap();
    gateway(&receiver).protobuf().push().unwrap();
    let [text, protobuf] = &receiver.requests()[..] else {
        panic!("two requests")
    };
    let content_type = protobuf.header("content-type").unwrap();
    assert!(
        content_type.starts_with("application/vnd.google.protobuf; "),
        "{content_type}"
    );
    let content_type = text.header("content-type").unwrap();
    assert!(
        content_type.starts_with("text/plain; version=0.0.4"),
        "{content_type}"
    );
    assert!(text.text().contains("orders_total{country=\"no\"} 3\n"));
}

#[test]
fn only_a_push_that_replaces_the_group_has_metrics_about_library_and_process() {
    let receiver = Receiver::new();
    let registry = registry(Shop);
    registry.write_self_metrics(true);
    let server = Server::builder().registry(registry.clone());
    let _server = server.serve("127.0.0.1:0").unwrap();
    let gateway = PushGateway::new(receiver.url(), "backup").registry(registry);
    gateway.push().unwrap();
    gateway.add().unwrap();
    drop(gateway.push_on_drop(|error| panic!("{error}")));
    let is_pushed = |name: &str| -> Vec<_> {
        let requests = receiver.requests();
        let texts = requests.iter().map(|request| request.text().contains(name));
        texts.collect()
    };
    assert_eq!(is_pushed("orders_total"), [true, true, true]);
    for name in ["metrics_series", "process_", "build_info", "target_info"] {
        assert_eq!(is_pushed(name), [true, false, false], "{name}");
    }
}

#[test]
fn the_path_of_the_url_precedes_the_path_of_the_group() {
    let receiver = Receiver::new();
    for end in ["", "/", "/prefix", "/prefix/"] {
        let url = format!("{}{end}", receiver.url());
        PushGateway::new(url, "backup").delete().unwrap();
    }
    let paths: Vec<_> = receiver
        .requests()
        .into_iter()
        .map(|one| one.path)
        .collect();
    assert_eq!(
        paths,
        [
            "/metrics/job/backup",
            "/metrics/job/backup",
            "/prefix/metrics/job/backup",
            "/prefix/metrics/job/backup"
        ]
    );
}

#[test]
fn the_instance_is_the_host_name() {
    let receiver = Receiver::new();
    gateway(&receiver).instance_from_hostname().push().unwrap();
    let path = &receiver.requests()[0].path;
    let host = path.strip_prefix("/metrics/job/backup/instance/");
    assert!(host.is_some_and(|host| !host.is_empty()), "{path}");
}

#[test]
fn credentials_are_sent_as_basic_or_bearer() {
    let receiver = Receiver::new();
    gateway(&receiver).push().unwrap();
    gateway(&receiver)
        .basic_auth("Aladdin", "open sesame")
        .push()
        .unwrap();
    gateway(&receiver).bearer_auth("abc.def").push().unwrap();
    let sent = receiver.requests();
    let sent: Vec<_> = sent.iter().map(|one| one.header("authorization")).collect();
    // The credentials of the example in RFC 7617.
    let basic = "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==";
    assert_eq!(sent, [None, Some(basic), Some("Bearer abc.def")]);
}

#[test]
fn errors_about_credentials_do_not_quote_secrets() {
    let receiver = Receiver::new();
    let error = gateway(&receiver).bearer_auth("secret\n").push();
    let error = error.unwrap_err().to_string();
    assert!(error.contains("newline"), "{error}");
    assert!(!error.contains("secret"), "{error}");
    let error = gateway(&receiver).basic_auth("a:b", "secret").push();
    assert!(error.unwrap_err().to_string().contains("`a:b`"));
    let error = PushGateway::new("http://user:secret@127.0.0.1", "backup").push();
    let error = error.unwrap_err().to_string();
    assert!(error.contains("`basic_auth`"), "{error}");
    assert!(!error.contains("secret"), "{error}");
    let shown = format!("{:?}", gateway(&receiver).basic_auth("user", "secret"));
    assert!(!shown.contains("secret"), "{shown}");
}

#[test]
fn an_invalid_url_is_an_error_with_an_example() {
    for url in [
        "",
        "127.0.0.1:9091",
        "localhost",
        "/metrics",
        "ftp://127.0.0.1",
        "http://",
        "http://127.0.0.1:99999",
        "http://127.0.0.1?a=b",
        "http://a b",
    ] {
        let error = PushGateway::new(url, "backup").push().unwrap_err();
        let expected = "; write the address of a server, as in `http://127.0.0.1:9091`";
        assert!(error.to_string().ends_with(expected), "{url}: {error}");
        assert_eq!(error.status(), None);
    }
}

#[test]
fn a_refusal_is_an_error_with_the_response_of_the_gateway() {
    let receiver = Receiver::new();
    receiver.answer([Answer::with_body(400, "pushed metrics are invalid\n")]);
    let error = failure(&receiver);
    let expected = format!(
        "the server refused the metrics of job `backup`: PUT {}: 400 Bad Request; \
         the response is: pushed metrics are invalid",
        receiver.url()
    );
    assert_eq!(error.to_string(), expected);
    assert_eq!(error.status(), Some(400));
}

#[test]
fn a_long_response_is_truncated_in_the_error() {
    let receiver = Receiver::new();
    receiver.answer([Answer::with_body(500, &"no ".repeat(1_000_000))]);
    let error = failure(&receiver).to_string();
    assert!(error.len() < 4096, "{}", error.len());
}

#[test]
fn a_redirect_is_an_error_and_not_followed() {
    let receiver = Receiver::new();
    receiver.answer([Answer::with_header(301, "Location: /elsewhere")]);
    let error = failure(&receiver);
    assert_eq!(error.status(), Some(301));
    assert!(error.to_string().contains("redirects to"), "{error}");
}

#[test]
fn a_401_response_is_an_error_that_names_the_credentials_methods() {
    let receiver = Receiver::new();
    receiver.answer([Answer::status(401)]);
    let error = failure(&receiver);
    assert!(
        error.to_string().ends_with("`basic_auth` or `bearer_auth`"),
        "{error}"
    );
}

#[test]
fn an_unreachable_gateway_is_an_error_with_its_cause() {
    // Nothing listens on the first address, and the second does not resolve.
    for (url, why) in [
        ("http://127.0.0.1:1", "refused"),
        ("http://gateway.invalid", "lookup"),
    ] {
        let gateway = PushGateway::new(url, "backup").no_proxy();
        let error = gateway.push().unwrap_err();
        let text = error.to_string();
        let expected = format!("cannot push the metrics of job `backup`: PUT {url}: ");
        assert!(text.starts_with(&expected), "{text}");
        assert!(text.contains(why), "{text}");
        assert!(std::error::Error::source(&error).is_some());
    }
}

#[test]
fn a_gateway_that_disconnects_is_an_error() {
    let receiver = Receiver::new();
    receiver.answer_all(Answer::HangUp);
    let error = failure(&receiver);
    assert!(error.to_string().contains("cannot push"), "{error}");
}

#[test]
fn a_push_times_out_if_the_gateway_does_not_respond() {
    let receiver = Receiver::new();
    receiver.answer([Answer::Hang]);
    let gateway = gateway(&receiver).timeout(Duration::from_millis(50));
    let error = gateway.push().unwrap_err();
    assert!(
        error.to_string().contains("no response within 50ms"),
        "{error}"
    );
}

#[cfg(not(feature = "https"))]
#[test]
fn https_without_the_feature_is_an_error_that_names_it() {
    let error = PushGateway::new("https://127.0.0.1", "backup").push();
    assert!(error.unwrap_err().to_string().contains("`https`"));
}

#[tokio::test]
async fn a_push_works_inside_a_runtime() {
    let receiver = Receiver::new();
    let gateway = gateway(&receiver);
    gateway.push_async().await.unwrap();
    gateway.add_async().await.unwrap();
    gateway.delete_async().await.unwrap();
    gateway.push().unwrap();
    assert_eq!(receiver.requests().len(), 4);
}

/// A waker for a minimal executor.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

#[test]
fn an_async_push_needs_no_runtime() {
    let receiver = Receiver::new();
    let gateway = gateway(&receiver);
    let mut push = pin!(gateway.push_async());
    let waker = Arc::new(Unpark(thread::current())).into();
    let mut context = Context::from_waker(&waker);
    loop {
        if let Poll::Ready(pushed) = push.as_mut().poll(&mut context) {
            break pushed.unwrap();
        }
        thread::park();
    }
    assert_eq!(receiver.requests().len(), 1);
}

#[test]
fn a_guard_pushes_once_when_it_is_dropped() {
    let receiver = Receiver::new();
    let pushed = gateway(&receiver).push_on_drop(|error| panic!("{error}"));
    let pushed = pushed.unwrap();
    assert_eq!(receiver.requests().len(), 0);
    drop(pushed);
    let requests = receiver.requests();
    assert_eq!(requests.len(), 1);
    assert_eq!(requests[0].method, "POST");
}

#[test]
fn a_guard_pushes_if_the_job_panics() {
    let receiver = Receiver::new();
    let gateway = gateway(&receiver);
    let job = AssertUnwindSafe(|| {
        let _pushed = gateway.push_on_drop(|error| panic!("{error}")).unwrap();
        panic!("the job fails");
    });
    panic::catch_unwind(job).unwrap_err();
    assert_eq!(receiver.requests().len(), 1);
}

#[tokio::test]
async fn a_guard_may_be_dropped_inside_a_runtime() {
    let receiver = Receiver::new();
    drop(gateway(&receiver).push_on_drop(|error| panic!("{error}")));
    assert_eq!(receiver.requests().len(), 1);
}

#[test]
fn a_failed_push_of_a_guard_is_reported() {
    let receiver = Receiver::new();
    receiver.answer([Answer::status(500), Answer::status(501)]);
    let (told, errors) = mpsc::channel();
    let at_end = || {
        let told = told.clone();
        let told = move |error| told.send(error).unwrap();
        gateway(&receiver).push_on_drop(told).unwrap()
    };
    drop(at_end());
    assert_eq!(errors.try_recv().unwrap().status(), Some(500));
    assert_eq!(at_end().push().unwrap_err().status(), Some(501));
    assert!(errors.try_recv().is_err());
}

#[test]
fn invalid_settings_are_an_error_before_the_first_push() {
    let wrong = || PushGateway::new("http://127.0.0.1", "");
    assert!(wrong().push_on_drop(drop).is_err());
    assert!(wrong().push_every(Duration::from_secs(1), drop).is_err());
    let right = PushGateway::new("http://127.0.0.1", "backup");
    let error = right.push_every(Duration::ZERO, drop).unwrap_err();
    assert!(error.to_string().contains("zero"), "{error}");
}

#[test]
fn the_pusher_pushes_immediately_and_at_every_interval() {
    let receiver = Receiver::new();
    let pusher = gateway(&receiver)
        .push_every(Duration::from_millis(1), |error| panic!("{error}"))
        .unwrap();
    let requests = receiver.wait_for(5);
    assert!(requests.iter().all(|one| one.method == "PUT"));
    pusher.shutdown().unwrap();
}

#[test]
fn a_pusher_pushes_no_more_after_its_shutdown() {
    let (stopped, running) = (Receiver::new(), Receiver::new());
    let push = |receiver: &Receiver| {
        let pusher = gateway(receiver).push_every(Duration::from_millis(1), drop);
        pusher.unwrap()
    };
    let pusher = push(&stopped);
    stopped.wait_for(2);
    pusher.shutdown().unwrap();
    let at_the_end = stopped.requests().len();
    // As long as another pusher takes for 50 requests at the same interval.
    let other = push(&running);
    running.wait_for(50);
    assert_eq!(stopped.requests().len(), at_the_end);
    other.shutdown().unwrap();
}

#[test]
fn the_pusher_pushes_the_final_values() {
    let receiver = Receiver::new();
    for end in [drop, |pusher| _ = metrics_http::Pusher::shutdown(pusher)] {
        let registry = Registry::new();
        let options = metrics_http::Options::new("files_total", "Files.");
        let files = registry.create::<metrics_http::Counter>(options).unwrap();
        let before = receiver.requests().len();
        let pusher = PushGateway::new(receiver.url(), "backup")
            .registry(registry)
            .push_every(Duration::MAX, |error| panic!("{error}"))
            .unwrap();
        receiver.wait_for(before + 1);
        files.inc_by(7);
        end(pusher);
        let requests = receiver.requests();
        assert_eq!(requests.len(), before + 2);
        let last = requests.last().unwrap().text();
        assert!(last.contains("files_total 7\n"), "{last}");
    }
}

#[test]
fn the_pusher_continues_after_failures_and_counts_them() {
    let receiver = Receiver::new();
    receiver.answer([Answer::status(500), Answer::HangUp, Answer::status(202)]);
    let (told, errors) = mpsc::channel();
    let registry = registry(Shop);
    let pusher = PushGateway::new(receiver.url(), "backup")
        .registry(registry.clone())
        .push_every(Duration::from_millis(1), move |error| _ = told.send(error))
        .unwrap();
    receiver.wait_for(5);
    pusher.shutdown().unwrap();
    assert_eq!(errors.iter().count(), 2);
    let text = registry.encode_to_string(metrics_http::Format::Text);
    let url = receiver.url();
    let failed =
        format!("metrics_pushes_total{{url=\"{url}\",pushed_job=\"backup\",result=\"error\"}} 2\n");
    assert!(text.contains(&failed), "{text}");
    let requests = receiver.requests().len();
    let lasted = format!(
        "metrics_push_duration_seconds_count{{url=\"{url}\",pushed_job=\"backup\"}} {requests}\n"
    );
    assert!(text.contains(&lasted), "{text}");
    let line = format!(
        "metrics_push_last_success_timestamp_seconds{{url=\"{url}\",pushed_job=\"backup\"}} 1"
    );
    assert!(text.contains(&line), "{text}");
}

#[test]
fn shutdown_returns_the_result_of_the_last_push() {
    let receiver = Receiver::new();
    receiver.answer([Answer::status(200), Answer::status(503)]);
    let pusher = gateway(&receiver).push_every(Duration::MAX, drop).unwrap();
    receiver.wait_for(1);
    assert_eq!(pusher.shutdown().unwrap_err().status(), Some(503));
}
